from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.evaluation.judged_facts import (
    calibration,
    precision_by_source,
    sampled,
    wilson,
)


def test_the_interval_is_that_of_a_worked_example():
    # 8 of 10: centre 0.8 and 1.96² in Wilson's formula
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_narrows_with_more_judgements(pair):
    right, judged = pair
    low, high = wilson(right, judged)
    assert 0 <= low <= right / judged + 1e-12
    assert right / judged - 1e-12 <= high <= 1
    tighter = wilson(4 * right, 4 * judged)
    assert tighter[1] - tighter[0] < high - low


def table():
    return pd.DataFrame(
        {
            "subject": [f"a:{n}" for n in range(30)] + ["a:0"],
            "predicate": "genre",
            "object": "g:x",
            "source": ["big"] * 25 + ["small"] * 5 + ["other"],
            "confidence": [0.55] * 15 + [0.97] * 15 + [0.9],
        }
    )


def test_every_source_is_drawn_from_and_the_draw_repeats():
    one, other = sampled(table(), 7, 3), sampled(table(), 7, 3)
    assert one["source"].value_counts().to_dict() == {"big": 7, "small": 5, "other": 1}
    assert one.equals(other)
    assert not one.equals(sampled(table(), 7, 4))


def test_precision_is_per_source():
    judged = pd.DataFrame({"source": ["a", "a", "b"], "right": [True, False, True]})
    rows = precision_by_source(judged).to_dict("records")
    assert [(r["source"], r["judged"], r["right"], r["precision"]) for r in rows] == [
        ("a", 2, 1, 0.5),
        ("b", 1, 1, 1.0),
    ]


def test_confidence_is_compared_with_other_sources_and_with_judgements():
    judged = pd.DataFrame({"confidence": [0.55, 0.55, 0.97], "right": [True, False, True]})
    rows = {(r["low"], r["high"]): r for r in calibration(table(), judged).to_dict("records")}
    assert rows[0.5, 0.6]["statements"] == 15
    assert rows[0.5, 0.6]["confirmed"] == pytest.approx(1 / 15)  # a:0 is in another source too
    assert (rows[0.5, 0.6]["judged"], rows[0.5, 0.6]["right"]) == (2, 1)
    assert rows[0.8, 0.9]["confirmed"] == 1.0  # 0.9 lies on the edge, in the range below it
    assert rows[0.95, 1.0]["judged"] == 1
