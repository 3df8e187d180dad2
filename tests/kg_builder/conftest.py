"""Fixtures that write small raw files and extract from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter

from kg_builder.extraction import Extraction, SourceConfig, extract
from kg_builder.ontology import Schema, load_schema
from kg_builder.units import Unit

Run = Callable[..., Extraction]


@pytest.fixture(scope="session")
def schema() -> Schema:
    return load_schema()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file to the test's raw folder."""

    def _write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return _write


@pytest.fixture
def run(tmp_path: Path, schema: Schema) -> Run:
    """Extract from a source given like a recipe's entry."""

    def _run(root: Path | None = None, gazetteer: Any = None, **source: Any) -> Extraction:
        config = TypeAdapter(SourceConfig).validate_python({"name": "src", **source})
        return extract(config, root or tmp_path, schema=schema, gazetteer=gazetteer)

    return _run


def triples(found: Extraction) -> list[tuple[str, str, str]]:
    """Statements as (subject key, predicate, object)."""
    table = found.statements
    return list(zip(table["subject"], table["predicate"], table["object"], strict=True))


def named(found: Extraction) -> list[tuple[str, str, str]]:
    """Statements with the names of their records."""
    names = dict(zip(found.records["record"], found.records["name"], strict=True))
    return [(names[s], p, names.get(o, o)) for s, p, o in triples(found)]


def record(found: Extraction, key: str) -> pd.Series:
    rows = found.records[found.records["record"] == key]
    assert len(rows) == 1, f"{key} not among {list(found.records['record'])}"
    return rows.iloc[0]


def reasons(found: Extraction) -> list[str]:
    return list(found.rejects["reason"])


class RunHere:
    """Runs units in this process, and counts them."""

    threads = 2

    def __init__(self, folder: Path, memory: int = 2000) -> None:
        self.memory = memory
        self.shared, self.count = folder / "shared", 0
        self.shared.mkdir()
        self._folder = folder

    def __call__(self, units: Iterable[Unit]) -> Iterator[Path]:
        for unit in units:
            self.count += 1
            folder = self._folder / str(self.count)
            folder.mkdir()
            unit.function(folder, **unit.arguments)
            yield folder
