"""Adding statements as columns gives the same tables as adding them one by one."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_builder.extraction import Extraction, staging_store
from kg_builder.extraction.arrow_batches import write_attributes
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.objects import Assertions
from kg_builder.extraction.segments import Batch
from kg_builder.ontology import Schema

_things = st.tuples(
    st.just("thing"),
    st.sampled_from(["s/artists/1", "s/artists/2", "s/artists/3"]),
    st.sampled_from(["Artist", "SoloArtist", "Band"]),
    st.sampled_from(["Low", "LOW", "Björk"]),
)
_values = st.tuples(
    st.sampled_from(["duration", "genre", "link"]),
    st.sampled_from(["s/artists/1", "s/artists/9"]),
    st.sampled_from(["4:33", "trip hop", "Trip  Hop", "\ufeff", " ", "1977"]),
)
Rows = list[tuple[str, ...]]


def one_by_one(out: Collector, assertions: Rows) -> None:
    say = Assertions(out, "m", 0.9)
    for number, (what, key, *rest) in enumerate(assertions):
        if what == "thing":
            out.record(key, *rest, evidence=f"e{number}")
        elif what == "link":
            say.link(key, "memberOf", "s/artists/2", f"e{number}")
        else:
            say.say(key, what, rest[0], f"e{number}")


def as_columns(out: Collector, assertions: Rows) -> None:
    """The same, with all statements of one kind at once."""
    batch = Batch(out.source, out.schema, "m", 0.9)
    for kind in ("duration", "link", "genre", "thing"):
        chosen = [(number, item) for number, item in enumerate(assertions) if item[0] == kind]
        order = np.array([number for number, _ in chosen], np.int64)
        width = 4 if kind == "thing" else 3
        _, keys, *rest = (
            pa.array([item[column] for _, item in chosen], pa.string()) for column in range(width)
        )
        where = pa.array([f"e{number}" for number in order], pa.string())
        if kind == "thing":
            batch.things(order, keys, rest[0], rest[1], where)
        elif kind == "link":
            others = pa.array(["s/artists/2"] * len(order), pa.string())
            batch.links(order, keys, "memberOf", others, where)
        elif kind == "duration":
            batch.literals(order, keys, "duration", rest[0], where)
        else:
            batch.names(order, keys, "genre", "Genre", rest[0], where)
    out.add_segment(batch.close())


def found(schema: Schema, add: Callable[[Collector, Rows], None], *parts: Rows) -> Extraction:
    with Collector("s", schema) as out:
        for part in parts:
            add(out, part)
        return out.finish()


@settings(max_examples=30)
@given(st.lists(_things | _values, max_size=20))
def test_columns_make_the_tables_that_rows_make(schema: Schema, assertions: Rows) -> None:
    expected, columns = found(schema, one_by_one, assertions), found(schema, as_columns, assertions)
    for name in ("records", "statements", "rejects"):
        pd.testing.assert_frame_equal(getattr(expected, name), getattr(columns, name))
    assert expected.counts == columns.counts


@settings(max_examples=30)
@given(st.lists(_things | _values, max_size=20), st.integers(0, 20))
def test_several_batches_make_what_one_makes(schema: Schema, assertions: Rows, size: int) -> None:
    first = [item for item in assertions[:size] if item[0] == "thing"]
    whole = found(schema, as_columns, first + assertions)
    parts = found(schema, as_columns, first, assertions)
    columns = ["record", "type", "name", "aliases", "external_ids", "attributes"]
    pd.testing.assert_frame_equal(whole.records[columns], parts.records[columns])
    assert whole.counts == parts.counts


_attribute_rows = st.tuples(
    st.integers(0, 2), st.integers(0, 1), st.sampled_from(['"', "\\n", "\n", "a", "ä"])
)


@given(
    st.lists(_attribute_rows, max_size=12).map(lambda rows: sorted(rows, key=lambda row: row[:2]))
)
def test_attributes_are_json_with_every_value_once(rows: list[tuple[int, int, str]]) -> None:
    columns = dict(zip(("thing", "predicate", "value"), zip(*rows, strict=True), strict=False))
    layout = {"thing": pa.int64(), "predicate": pa.int64(), "value": pa.string()}
    table = pa.table({name: pa.array(columns.get(name, ()), layout[name]) for name in layout})
    things, texts = write_attributes(table, ["genre", "performer"])
    expected: dict[int, dict[str, list[str]]] = {}
    for thing, predicate, value in rows:
        values = expected.setdefault(thing, {}).setdefault(["genre", "performer"][predicate], [])
        if value not in values:
            values.append(value)
    read = [json.loads(text) for text in texts.to_pylist()]
    assert dict(zip(things.tolist(), read, strict=True)) == expected


def test_few_rows_at_a_time_make_the_tables_that_many_make(
    schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"s/artists/{number}" for number in range(30)]
    assertions: Rows = [("thing", key, "Artist", f"Artist {key}") for key in keys + keys[::3]]
    assertions += [("genre", key, text) for key in keys[::-1] for text in ("trip hop", "rock")]
    assertions += [("link", key, "") for key in keys]
    whole = found(schema, as_columns, assertions, assertions)
    monkeypatch.setattr(staging_store, "_BATCH", 7)
    monkeypatch.setattr(staging_store, "_SORTED", 20)
    monkeypatch.setattr(staging_store, "_FEW", 0)
    parts = found(schema, as_columns, assertions, assertions)
    for name in ("records", "statements", "rejects"):
        pd.testing.assert_frame_equal(getattr(whole, name), getattr(parts, name))
    assert whole.counts == parts.counts
    assert whole.records["attributes"][0].startswith('{"genre": ["trip hop", "rock"]')
