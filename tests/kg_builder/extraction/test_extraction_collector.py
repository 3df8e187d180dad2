"""Tables do not depend on the memory limit, and are the same on disk as in memory."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from kg_builder.extraction import Extraction, SourceConfig, extract, extract_to, read_extraction
from kg_builder.extraction.collector import Collector
from kg_builder.ontology import Schema

KEYS = [f"s/{n}" for n in range(6)]
NAMES = ["Low", "Björk", "椎名林檎", 'The "The"', "A\nB"]
TYPES = ["Artist", "Band", "Person", "SoloArtist"]
_records = st.tuples(
    st.sampled_from(KEYS),
    st.sampled_from(TYPES),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(["Alias", "Other", "Low"]), max_size=2),
    st.lists(st.sampled_from(["discogs:1", "wikidata:Q2"]), max_size=2),
)
_statements = st.tuples(
    st.sampled_from([*KEYS, "s/missing"]),
    st.sampled_from([("memberOf", "record"), ("homepage", "anyURI"), ("beginDate", "gYear")]),
    st.sampled_from([*KEYS, "s/absent"]),
)


def collected(
    schema: Schema, items: list[tuple[str, tuple]], optional: set[str], hold: int
) -> Extraction:
    with Collector("s", schema, hold=hold) as out:
        for number, (what, item) in enumerate(items):
            if what == "record":
                key, type_, name, aliases, ids = item
                out.record(
                    key, type_, name, evidence=f"f#{number}", aliases=aliases, external_ids=ids
                )
                out.row(key, optional=key in optional)
            else:
                subject, (predicate, kind), object_ = item
                object_ = object_ if kind == "record" else f"{number}"
                out.statement(subject, predicate, object_, kind, method="m", evidence=f"f#{number}")
        return out.finish()


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.just("record"), _records) | st.tuples(st.just("statement"), _statements),
        max_size=25,
    ),
    st.sets(st.sampled_from(KEYS), max_size=2),
)
def test_how_much_is_held_changes_nothing(
    schema: Schema, items: list[tuple[str, tuple]], optional: set[str]
) -> None:
    whole, scant = (collected(schema, items, optional, hold) for hold in (10_000, 1))
    pd.testing.assert_frame_equal(whole.statements, scant.statements)
    pd.testing.assert_frame_equal(whole.rejects, scant.rejects)
    assert whole.counts == scant.counts
    ordered = [frame.records.drop(columns="type") for frame in (whole, scant)]
    pd.testing.assert_frame_equal(*ordered)
    _holds_exactly(whole, items, optional)


def _holds_exactly(found: Extraction, items: list[tuple[str, tuple]], optional: set[str]) -> None:
    """The same counted without our code."""
    names: dict[str, str] = {}
    for what, item in items:
        if what == "record":
            names.setdefault(item[0], item[2])
    good = [
        (s, p, o if kind == "record" else str(n))
        for n, (what, item) in enumerate(items)
        if what == "statement"
        for s, (p, kind), o in [item]
        if s in names and (kind != "record" or o in names)
    ]
    table = found.statements
    assert good == list(zip(table["subject"], table["predicate"], table["object"], strict=True))
    used = {s for s, _, _ in good} | {o for _, p, o in good if p == "memberOf"}
    kept = {key: name for key, name in names.items() if key in used or key not in optional}
    assert kept == dict(zip(found.records["record"], found.records["name"], strict=True))
    expected: dict[str, dict[str, list[str]]] = {key: {} for key in kept}
    for s, p, o in good:
        if p != "homepage":
            value = names[o] if p == "memberOf" else o
            expected[s].setdefault(p, []).append(value)
        if p == "memberOf":
            expected[o].setdefault("hasMember", []).append(names[s])
    attributes = {
        key: json.loads(text)
        for key, text in zip(found.records["record"], found.records["attributes"], strict=True)
    }
    assert attributes == {
        key: {p: list(dict.fromkeys(values)) for p, values in item.items()}
        for key, item in expected.items()
    }


def test_tables_on_disk_are_those_in_memory(
    sample_data: Path, tmp_path: Path, schema: Schema
) -> None:
    settings_ = {
        "kind": "structured",
        "name": "catalogue",
        "tables": {
            "artists": {
                "path": "catalogue.csv",
                "id": "artist_id",
                "name": "name",
                "type": "Artist",
                "columns": {"genres": {"predicate": "genre", "split": ";"}},
            }
        },
    }
    source = TypeAdapter(SourceConfig).validate_python(settings_)
    found = extract(source, sample_data, schema=schema)
    for name in ("out", "again"):
        extract_to(tmp_path / name, source=source, root=sample_data)
    written = read_extraction(tmp_path / "out")
    assert written.counts == found.counts
    for table in ("records", "statements", "rejects"):
        pd.testing.assert_frame_equal(getattr(written, table), getattr(found, table))
    one, other = ((tmp_path / name / "records.parquet").read_bytes() for name in ("out", "again"))
    assert one == other


def test_what_a_collector_keeps_on_disk_is_gone_afterwards(
    schema: Schema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Collector("s", schema, hold=1) as out:
        for number in range(5):
            out.record(f"s/{number}", "Artist", "A", evidence="f")
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
