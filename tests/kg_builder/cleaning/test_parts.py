"""Cleaning by partition equals cleaning in memory."""

from __future__ import annotations

from unittest.mock import patch

import pandas as pd
import pytest

from kg_builder.cleaning import CleaningConfig, clean, clean_in_parts
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, STATEMENTS
from tests.kg_builder.cleaning.test_clean import TYPES, fact, with_types
from tests.kg_builder.conftest import RunHere

SCHEMA = load_schema()
FACTS = [
    fact("artist:Blur", "genre", "genre:Britpop"),
    fact("artist:Blur", "beginDate", "1988", "gYear"),
    fact("artist:Oasis", "beginDate", "1991", "gYear"),
    fact("artist:Blur", "hasMember", "artist:Albarn", line=2),
    fact("artist:Albarn", "memberOf", "artist:Blur", source="b"),
    fact("artist:Oasis", "genre", "place:London"),
    fact("artist:Blur", "beginDate", "1989", "gYear", source="b", confidence=0.4),
    fact("artist:Oasis", "associatedWith", "artist:Blur"),
    fact("artist:Blur", "associatedWith", "artist:Oasis", line=3),
    fact("artist:Oasis", "endDate", "0009", "gYear"),
    fact("artist:Blur", "genre", "genre:Britpop", line=9),
    fact("artist:Oasis", "endDate", "1990", "gYear"),
    fact("genre:Britpop", "origin", "place:London"),
    fact("artist:Blur", "genre", "genre:Britpop", confidence=0.1),
]


def write_tables(folder, statements):
    statements.to_parquet(folder / "statements.parquet")
    ENTITIES.frame(
        {
            "entity": entity,
            "type": type_,
            "name": entity,
            "aliases": [],
            "external_ids": [],
            "attributes": "{}",
            "records": 1,
        }
        for entity, type_ in TYPES.items()
    ).to_parquet(folder / "entities.parquet")


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("rows_of_part", [1, 5, 100])
def test_the_same_statements_rejects_and_counts(tmp_path, rows_of_part, enabled):
    statements, config = STATEMENTS.frame(FACTS), CleaningConfig(enabled=enabled)
    write_tables(tmp_path, statements)
    trust = {"b": 0.5}
    typed = with_types(statements, pd.Series(TYPES))
    expected = clean(typed, config, schema=SCHEMA, trust=trust)
    run = RunHere(tmp_path)
    with patch("kg_builder.partitions.ROWS_OF_PART", rows_of_part):
        rejects, counts = clean_in_parts(
            tmp_path / "statements.parquet",
            tmp_path / "entities.parquet",
            tmp_path / "clean.parquet",
            config,
            ontology=(),
            trust=trust,
            run_units=run,
        )
    assert run.count == {1: 3, 5: 2, 100: 1}[rows_of_part]
    written = STATEMENTS.check(pd.read_parquet(tmp_path / "clean.parquet", dtype_backend="pyarrow"))
    pd.testing.assert_frame_equal(written, expected.statements)
    pd.testing.assert_frame_equal(rejects, expected.rejects)
    sizes = {"statements": len(written), "rejects": len(rejects)}
    assert counts == {**sizes, **expected.counts}


def test_the_memory_does_not_change_the_bytes(tmp_path):
    write_tables(tmp_path, STATEMENTS.frame(FACTS * 5))
    written = []
    for memory in (2000, 500, 200):
        (tmp_path / str(memory)).mkdir()
        with (
            patch("kg_builder.cleaning.parts._GROUP", 20),
            patch("kg_builder.partitions.ROWS_OF_PART", 10),
        ):
            clean_in_parts(
                tmp_path / "statements.parquet",
                tmp_path / "entities.parquet",
                tmp_path / "clean.parquet",
                CleaningConfig(),
                ontology=(),
                trust={},
                run_units=RunHere(tmp_path / str(memory), memory),
            )
        written.append((tmp_path / "clean.parquet").read_bytes())
    assert written[0] == written[1] == written[2]
