"""Times of interactions: numbers, dates, dates in several columns, and rows without one."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kg_builder.extraction.interactions import InteractionTable, read_interactions, read_times


def interactions(root, text, **settings):
    (root / "plays.tsv").write_text(text)
    table = {"path": "plays.tsv", "user": "user", "item": "item", "records": "shop", **settings}
    return read_interactions(InteractionTable.model_validate(table), root)


def test_numbers_stay_in_the_unit_of_the_publisher(tmp_path):
    found = interactions(tmp_path, "user\titem\tt\na\t1\t978300760\nb\t1\t-5\n", time="t")
    assert found.interactions["time"].tolist() == [978300760, -5]


def test_dates_become_seconds(tmp_path):
    text = "user\titem\tt\na\t1\t2009-04-01\nb\t1\t2009-04-01T00:01:00+01:00\n"
    found = interactions(tmp_path, text, time="t")
    assert found.interactions["time"].tolist() == [1238544000, 1238544000 - 3600 + 60]


def test_a_date_may_lie_in_several_columns(tmp_path):
    text = "user\titem\tday\tmonth\tyear\na\t1\t1\t4\t2009\n"
    found = interactions(tmp_path, text, time=["year", "month", "day"])
    assert found.interactions["time"].tolist() == [1238544000]


def test_a_row_without_a_time_is_a_reject_with_its_place(tmp_path):
    text = "user\titem\tt\na\t1\t5\nb\t1\t\nc\t1\tsoon\n"
    found = interactions(tmp_path, text, time="t")
    assert found.interactions["user"].tolist() == ["a"]
    rejects = found.rejects[["reason", "evidence"]].to_numpy().tolist()
    assert rejects == [["time is no number or date", f"plays.tsv#line={n}"] for n in (3, 4)]


def test_a_small_number_among_dates_is_no_year(tmp_path):
    text = (
        "user\titem\tt\na\t1\t2009-04-01\nb\t1\t-1\nc\t1\t0\nd\t1\t2009-04-01\ne\t1\t2009-04-01\n"
    )
    found = interactions(tmp_path, text, time="t")
    assert found.interactions["time"].tolist() == [1238544000] * 3
    assert found.rejects["detail"].tolist() == ["b 1: t=-1", "c 1: t=0"]


def test_milliseconds_among_seconds_become_seconds(tmp_path):
    text = "user\titem\tt\na\t1\t1238544000\nb\t1\t1238544060000\nc\t1\t-1\n"
    found = interactions(tmp_path, text, time="t")
    assert found.interactions["time"].tolist() == [1238544000, 1238544060]
    assert found.rejects["reason"].tolist() == ["time in another notation than most"]


def test_without_a_column_nothing_has_a_time(tmp_path):
    assert interactions(tmp_path, "user\titem\na\t1\n").interactions["time"].isna().all()


def test_year_and_month_alone_are_refused():
    with pytest.raises(ValidationError, match="time"):
        InteractionTable.model_validate(
            {"path": "p", "user": "u", "item": "i", "records": "s", "time": ["year", "month"]}
        )


@given(st.lists(st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)), min_size=1))
def test_all_ways_of_writing_a_time_agree(moments):
    moments = [moment.replace(microsecond=0) for moment in moments]
    seconds = [int(moment.replace(tzinfo=UTC).timestamp()) for moment in moments]
    parts = [moment.timetuple()[:6] for moment in moments]
    ways = [
        pd.DataFrame({"t": list(map(str, seconds))}),
        pd.DataFrame({"t": [moment.isoformat() for moment in moments]}),
        pd.DataFrame([list(map(str, row)) for row in parts], columns=list("abcdef")),
    ]
    for cells in ways:
        assert read_times(cells.astype("string[pyarrow]")).tolist() == seconds


@pytest.mark.parametrize(
    ("text", "day_first", "seconds"),
    [
        ("05 Nov 2023, 13:37", None, 1699191420),  # Last.fm's exports
        ("Sat Nov 04 12:33:20 +0000 2023", None, 1699101200),
        ("Mon, 06 Nov 2023 10:00:00 GMT", None, 1699264800),
        ("Nov 5, 2023, 1:37:12 PM CET", None, 1699187832),  # Google Takeout
        ("2023-11-05 13:37:00 UTC", None, 1699191420),
        ("2023-11-05T13:37:00 -05:00", None, 1699209420),
        ("Nov 05 2023 at 12:05 AM", None, 1699142700),
        ("5. November 2023 um 13:37 Uhr", None, 1699191420),
        ("5 nov. 2023 à 13:37", None, 1699191420),
        ("05.11.2023 13:37", True, 1699191420),
        ("11/05/2023 1:37 PM", False, 1699191420),
        ("11/05/2023 1:37 PM", None, None),
        ("Nov 2023", None, None),
        ("1.5.82 10:00", True, None),
        ("5 Nov 2023 25:99", None, None),
        ("13:37", None, None),
    ],
)
def test_notations_of_moments(text, day_first, seconds):
    frame = pd.DataFrame({"t": [text]}, dtype="string[pyarrow]")
    assert read_times(frame, day_first).tolist() == [pd.NA if seconds is None else seconds]


def test_the_order_of_day_and_month_is_that_of_the_table(tmp_path):
    text = "user\titem\tt\na\t1\t03/04/2023 10:00\n"
    found = interactions(tmp_path, text, time="t", day_first=True)
    assert found.interactions["time"].tolist() == [1680516000]


@given(st.lists(st.text(max_size=12) | st.none()))
def test_no_text_is_too_strange(cells):
    frame = pd.DataFrame({"t": pd.Series(cells, dtype="string[pyarrow]")})
    assert len(read_times(frame)) == len(cells)


@pytest.mark.parametrize("unix", ["1704067200", "1704067200000", "1704067200.9"])
@pytest.mark.parametrize("most", [["{unix}"] * 3, ["2024-01-02T00:00:00Z"] * 3])
def test_unix_times_and_dates_in_one_column_are_both_read(tmp_path, unix, most):
    cells = [unix, "2024-01-02T00:00:00Z", *(cell.format(unix=unix) for cell in most)]
    rows = "".join(f"u{n}\t1\t{cell}\n" for n, cell in enumerate(cells))
    found = interactions(tmp_path, f"user\titem\tt\n{rows}", time="t")
    assert found.interactions["time"].tolist()[:2] == [1704067200, 1704067200 + 86400]
    assert found.rejects.empty


def test_a_date_among_other_numbers_is_a_reject_that_says_so(tmp_path):
    text = "user\titem\tt\na\t1\t3\nb\t1\t4\nc\t1\t2024-01-02\nd\t1\tx\n"
    found = interactions(tmp_path, text, time="t")
    assert found.interactions["time"].tolist() == [3, 4]
    assert found.rejects["reason"].tolist() == [
        "time in another notation than most",
        "time is no number or date",
    ]


def test_only_rows_that_are_used_are_counted(tmp_path):
    text = "user\titem\tt\nann\ts1\t2024-01-01\nann\ts1\t2024-01-02\nann\ts1\tyesterday\n"
    found = interactions(tmp_path, text, time="t", weight="@count", threshold=3)
    assert found.interactions["weight"].tolist() == [2, 2]
    assert not found.interactions["liked"].any()


def test_a_reject_says_that_the_order_of_day_and_month_is_unknown(tmp_path):
    rows = [("u1", "2021-05-13"), ("u2", "03/04/2021"), ("u3", "yesterday")]
    text = "user\titem\tt\n" + "".join(f"{user}\t1\t{time}\n" for user, time in rows)
    found = interactions(tmp_path, text, time="t")
    assert found.interactions["user"].tolist() == ["u1"]
    assert dict(found.rejects[["detail", "reason"]].to_numpy().tolist()) == {
        "u2 1: t=03/04/2021": "time whose day may be its month (day_first tells)",
        "u3 1: t=yesterday": "time is no number or date",
    }
