from __future__ import annotations

import pandas as pd
import pytest

from kg_builder.errors import DataError
from kg_builder.tables import LINKS, STATEMENTS

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
