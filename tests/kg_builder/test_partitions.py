from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.partitions import part_numbers, parts_for, split

SCHEMA = pa.schema([("name", pa.string()), ("value", pa.int64())])


def table(names: list[str]) -> pa.Table:
    return pa.table({"name": names, "value": range(len(names))}, schema=SCHEMA)


def divided(names: list[str], parts: int, folder: Path, step: int = 3):
    rows = table(names)
    pieces = [rows.slice(first, step) for first in range(0, len(rows), step)]
    return split(
        pieces, lambda piece: part_numbers(piece["name"].combine_chunks(), parts), parts, folder
    )


@given(st.lists(st.text("abcdé", max_size=2), max_size=40), st.integers(1, 5), st.integers(1, 7))
def test_parts_hold_all_rows_of_a_value_and_together_are_the_table(names, parts, held):
    with tempfile.TemporaryDirectory() as name, patch("kg_builder.partitions._ROW_GROUP", 2):
        made = divided(names, parts, Path(name), held)
        own = [pq.read_table(part.path) for part in made]
        found = [set(rows["name"].to_pylist()) for rows in own]
        assert sum(map(len, found)) == len(set(names)), "no value is in two parts"
        for part, rows in zip(made, own, strict=True):
            assert rows["value"].to_pylist() == part.rows.tolist()
        rows = np.concatenate([np.empty(0, np.int64), *(part.rows for part in made)])
        assert sorted(rows.tolist()) == list(range(len(names)))


def test_a_row_more_leaves_the_other_parts_as_they_were(tmp_path):
    names = [f"artist {number}" for number in range(200)]
    for folder, rows in (("one", names), ("other", ["new", *names])):
        (tmp_path / folder).mkdir()
        with patch("kg_builder.partitions._ROW_GROUP", 4):
            made = split(
                [pa.table({"name": rows})],
                lambda piece: part_numbers(piece["name"].combine_chunks(), 8),
                8,
                tmp_path / folder,
            )
        assert len(made) == 8
    same = [
        path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()
        for path in sorted((tmp_path / "one").iterdir())
    ]
    assert sum(same) == 7


@pytest.mark.parametrize(("rows", "parts"), [(0, 1), (24_999, 1), (250_000, 10), (10**9, 256)])
def test_the_number_of_parts_goes_by_the_rows(rows, parts):
    assert parts_for(rows) == parts


def test_the_part_of_a_value_is_the_same_everywhere():
    values = pa.array(["artist:Björk", "artist:Blur", "artist:Björk"])
    assert part_numbers(values, 16).dtype == np.int64
    assert part_numbers(values, 16).tolist() == [10, 15, 10]
