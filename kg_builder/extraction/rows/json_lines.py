"""JSON lines: one object per line; columns are paths into it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kg_builder.extraction.rows.chunk import Cell, Chunk, missing_column
from kg_builder.extraction.rows.lines import Complain
from kg_builder.extraction.rows.paths import follow, scalar


def json_rows(
    blocks: Iterable[tuple[int, list[str]]],
    *,
    wanted: Sequence[str] | None,
    nulls: frozenset[str],
    chunk_rows: int,
    counts: Counter[str],
    complain: Complain,
    where: str,
) -> Iterator[Chunk]:
    """Read objects; several values at a path become a tuple.

    Raises:
        DataError: a wanted path is in no object of the file.
    """
    seen: dict[str, None] = {}
    met: set[str] = set()
    batch: list[tuple[int, dict[str, Any]]] = []
    for number, value in _objects(blocks, counts, complain):
        batch.append((number, value))
        seen.update(dict.fromkeys(value))
        if len(batch) >= chunk_rows:
            yield _columnar(batch, wanted or list(seen), nulls, met)
            batch = []
    if batch:
        yield _columnar(batch, wanted or list(seen), nulls, met)
    for path in wanted or ():
        if seen and path not in met:
            raise missing_column(path, list(seen), where)


def _objects(
    blocks: Iterable[tuple[int, list[str]]], counts: Counter[str], complain: Complain
) -> Iterator[tuple[int, dict[str, Any]]]:
    for first, lines in blocks:
        for number, line in enumerate(lines, first):
            if not line or line.isspace():
                continue
            counts["rows read"] += 1
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as fault:
                complain("broken JSON", number, str(fault))
                continue
            if isinstance(value, dict):
                yield number, value
            else:
                complain("not a JSON object", number, type(value).__name__)


def _columnar(
    batch: list[tuple[int, dict[str, Any]]],
    names: Sequence[str],
    nulls: frozenset[str],
    met: set[str],
) -> Chunk:
    columns: dict[str, list[Cell]] = {}
    for name in names:
        cells = []
        for _, value in batch:
            if name in value:
                met.add(name)
            cells.append(_cell(value, name, nulls))
        if any(cell is not None for cell in cells):
            met.add(name)
        columns[name] = cells
    return Chunk(columns, [number for number, _ in batch])


def _cell(value: dict[str, Any], path: str, nulls: frozenset[str]) -> Cell:
    found = [text.strip() for _, leaf in follow(value, path) if (text := scalar(leaf)) is not None]
    kept = [text for text in found if text not in nulls]
    if not kept:
        return None
    return kept[0] if len(kept) == 1 else tuple(kept)
