"""Column-wise text operations equal those on single texts, in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
from ftfy.badness import is_bad
from hypothesis import example, given
from hypothesis import strategies as st

from kg_builder.extraction.arrow_batches import first_of_equals
from kg_builder.extraction.semi_structured.adapters.discogs_records import (
    cleaned,
    plain_name,
    plain_names,
)
from kg_builder.extraction.values import clean_text
from kg_builder.extraction.values.text import _is_bad
from kg_builder.ordered_pool import in_order

_pieces = st.sampled_from(
    ["a", "Z", " ", "  ", "&amp;", "&", ", The", " (2)", "\n", "\x7f", "é", "Ã©", "â€™", "\u3000"]
)
_texts = st.lists(st.lists(_pieces, max_size=5).map("".join), max_size=6)


@given(_texts)
@example(["Beatles, The", " a", "a ", "a\n", "~!", ""])
def test_names_and_texts_are_cleaned_as_one_by_one(texts: list[str]) -> None:
    column = pa.array(texts, pa.string())
    assert plain_names(column).to_pylist() == [plain_name(text) for text in texts]
    assert cleaned(column).to_pylist() == [clean_text(text) for text in texts]


_MOJIBAKE = "ÃÂ©™â€œŸ \xa0²™°вЂГўВΒΞœ√±×³Ø١à¹Ð│▀\ufffd"


@given(st.text(st.sampled_from(_MOJIBAKE + "aZ .,\n") | st.characters(max_codepoint=0x500)))
@example("long " * 20 + "a Â b" + " text" * 20)
@example("Â b")
@example("text Â b")
def test_mojibake_is_found_as_ftfy_finds_it(text: str) -> None:
    assert _is_bad(text) == is_bad(text)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc")), max_size=12))
def test_the_first_of_equal_texts_in_a_group(pairs: list[tuple[int, str]]) -> None:
    groups = np.array([group for group, _ in pairs], np.int64)
    first = first_of_equals(groups, pa.array([text for _, text in pairs], pa.string()))
    assert first.tolist() == [pair not in pairs[:index] for index, pair in enumerate(pairs)]


def test_results_come_in_order_and_input_is_not_read_far_ahead() -> None:
    taken: list[int] = []
    items = (taken.append(number) or number for number in range(20))
    with ThreadPoolExecutor(3) as pool:
        for index, result in enumerate(in_order(pool, lambda item: item * 2, items, ahead=2)):
            assert result == index * 2
            assert len(taken) <= index + 3
