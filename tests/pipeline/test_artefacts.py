from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from kg_builder.tables import INTERACTIONS
from pipeline import artefacts

ROWS = [
    {
        "user": f"u{number % 3}",
        "item": f"artist:{number % 2}",
        "raw_item": str(number % 2),
        "weight": float(number),
        "liked": number > 2,
        "evidence": f"plays.csv#line={number + 2}",
    }
    for number in range(7)
]


def test_interactions_are_the_same_however_many_rows_are_written_at_a_time(tmp_path, monkeypatch):
    frame = INTERACTIONS.frame(ROWS)
    monkeypatch.setattr(artefacts, "_ROW_GROUP", 2)
    path = tmp_path / "interactions.parquet"
    artefacts.write_table(frame, INTERACTIONS, path)
    assert pq.ParquetFile(path).num_row_groups == 4
    assert pq.read_schema(path).equals(INTERACTIONS.schema)
    again = artefacts.read_table(INTERACTIONS, path)
    assert isinstance(again["user"].dtype, pd.CategoricalDtype)
    assert again["time"].isna().all()
    one, other = (table.drop(columns="time").to_dict("list") for table in (again, frame))
    assert one == other


def test_a_table_without_rows_is_read_back(tmp_path):
    path = tmp_path / "interactions.parquet"
    artefacts.write_table(INTERACTIONS.empty(), INTERACTIONS, path)
    assert list(artefacts.read_table(INTERACTIONS, path).columns) == INTERACTIONS.columns


def test_integers_are_written_row_by_row(tmp_path):
    rows = np.array([[0, 12, 1], [3, 4, 0]], dtype=np.int32)
    artefacts.write_integers(rows, tmp_path / "rows.txt")
    assert (tmp_path / "rows.txt").read_bytes() == b"0\t12\t1\n3\t4\t0\n"
    artefacts.write_integers(rows[:0], tmp_path / "rows.txt")
    assert (tmp_path / "rows.txt").read_bytes() == b""
