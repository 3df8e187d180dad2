"""Merging the parts of a record at once equals merging them one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.extraction.arrow_batches import PART
from kg_builder.extraction.merging import merged, narrower
from kg_builder.extraction.staging_store import KeyRuns
from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema

_parts = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["s/1", "s/2", "s/3"]),
        "type": st.sampled_from(["Artist", "Person", "SoloArtist", "Band"]),
        "name": st.sampled_from(["Low", "LOW", "Björk"]),
        "aliases": st.lists(st.sampled_from(["Low", "LOW", "A", "B"]), max_size=3, unique=True),
        "external_ids": st.lists(st.sampled_from(["x:1", "x:2"]), max_size=2, unique=True),
        "rows": st.integers(0, 2),
        "optional": st.booleans(),
    }
)


def one_by_one(parts: Sequence[Mapping[str, Any]], schema: Schema) -> dict[str, Any]:
    first, *others = parts
    type_, aliases = first["type"], dict.fromkeys(first["aliases"])
    for part in others:
        type_ = narrower(part["type"], type_, schema)
        if fold(part["name"]) != fold(first["name"]):
            aliases.setdefault(part["name"])
        aliases.update(dict.fromkeys(part["aliases"]))
    aliases.pop(first["name"], None)
    return {
        **first,
        "type": type_,
        "aliases": list(aliases),
        "external_ids": list(dict.fromkeys(i for part in parts for i in part["external_ids"])),
        "rows": sum(part["rows"] for part in parts),
        "optional": any(part["optional"] for part in parts),
    }


@given(st.lists(_parts, min_size=1, max_size=8))
def test_all_things_at_once_give_what_each_gives(
    schema: Schema, parts: list[dict[str, Any]]
) -> None:
    rows = [
        {**part, "seq": seq, "record_id": f"r{seq}", "evidence": f"e{seq}"}
        for seq, part in enumerate(sorted(parts, key=lambda part: part["key"]))
    ]
    found = merged(pa.Table.from_pylist(rows, schema=PART), schema).to_pylist()
    keys = dict.fromkeys(row["key"] for row in rows)
    assert found == [one_by_one([r for r in rows if r["key"] == key], schema) for key in keys]


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_rows_of_one_value_are_not_torn_apart(size: int) -> None:
    table = pa.table({"key": list("aabcccd"), "seq": range(7)})
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(size))
    parts = list(KeyRuns(reader, "key"))
    assert pa.concat_tables(parts).equals(table)
    owners = [key for part in parts for key in set(part["key"].to_pylist())]
    assert len(owners) == len(set(owners))
