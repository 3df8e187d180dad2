from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kg_builder.errors import DataError
from kg_builder.tables import LINKS, STATEMENTS, Categories, recoded

FACT = {
    "subject": "catalogue/1",
    "predicate": "genre",
    "object": "catalogue/genre/rock",
    "object_kind": "record",
    "source": "catalogue",
    "method": "mapping",
    "confidence": 1,
    "evidence": "catalogue.csv#row=1",
    "inferred": False,
}


def test_rows_become_a_typed_frame():
    frame = STATEMENTS.frame([FACT])
    assert list(frame.columns) == STATEMENTS.columns
    assert all(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes)
    assert len(STATEMENTS.empty()) == 0


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="missing columns \\['evidence'\\]"):
        STATEMENTS.check(pd.DataFrame([FACT]).drop(columns="evidence"))


def test_an_empty_required_value_is_reported_with_its_row():
    with pytest.raises(DataError, match="'object' is empty in row 1"):
        STATEMENTS.frame([FACT, {**FACT, "object": None}])


def test_values_outside_the_vocabulary_are_refused():
    with pytest.raises(DataError, match=r"object_kind.*thing"):
        STATEMENTS.frame([{**FACT, "object_kind": "thing"}])


def test_a_link_may_abstain():
    link = {
        "subject": "artist:Bush",
        "kind": "external",
        "target": "freebase",
        "object": None,
        "score": 0.4,
        "decision": "unsure",
        "method": "name",
        "candidates": "[]",
    }
    assert LINKS.frame([link])["object"].isna().all()


def test_categories_are_read_piece_by_piece():
    column = Categories()
    column.add(["b", "a", None])
    column.add_arrow(pa.chunked_array([["a", None], ["c", "b"]]).dictionary_encode())
    assert column.whole().tolist() == ["b", "a", np.nan, "a", np.nan, "c", "b"]


def test_recoded_categories_may_become_equal_or_none():
    column = pd.Series(["a", "b", None, "c", "a"], dtype="category", index=[3, 1, 4, 0, 2])
    found = recoded(column, lambda texts: ["x" if text in "ab" else None for text in texts])
    assert found.index.tolist() == [3, 1, 4, 0, 2]
    assert found.isna().tolist() == [False, False, True, True, False]
    assert found.cat.categories.tolist() == ["x"]
