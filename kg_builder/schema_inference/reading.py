"""Sample a file of rows, whatever its format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from kg_builder.errors import DataError
from kg_builder.extraction.tabular import RowsConfig, read_rows
from kg_builder.extraction.tabular.config import layout_by_name
from kg_builder.extraction.tabular.nested_json import decoded
from kg_builder.extraction.xml_elements import Elements, elements_at, leaves_by_path
from kg_builder.packed_files import open_binary
from kg_builder.schema_inference.nested_samples import (
    columns_of,
    is_part,
    json_samples,
    parquet_sample,
)
from kg_builder.schema_inference.samples import COLUMNS, ENCODINGS, ROWS, Column, Sample
from kg_builder.schema_inference.text_samples import lines_with_zeros, text_layout
from kg_builder.schema_inference.words import CLASSES, meaning

_BYTES: Final = 1 << 20
_SQLITE: Final = b"SQLite format 3\0"

_SHOWN: Final = 8
"""Lines to list in a note."""

_ELEMENTS: Final = 200_000
"""Elements of an XML file to look at."""

_SCORES: Final = frozenset({"score-partwise", "score-timewise"})
_NOTES: Final = ("part.", "measure.", "part-list.", "defaults.", "credit.")
"""Parts of a score that are about notes and pages."""

_KNOWN_ROWS: Final = {root: root for root in _SCORES} | {"plist": "plist.dict.dict.dict"}
"""Root elements of formats whose rows are known."""


Note = Callable[[str, str], None]
"""Called with a file (or a table in it), and why it, or the rest of it, is not read."""

_NO_ROWS: Final = "it has no rows"


def read_samples(file: Path, raw: Path, note: Note) -> list[Sample]:
    """Sample the first rows of a file, and rows in lists within these; none if it has no rows.

    Raises:
        DataError: the file cannot be read, or is not text, JSON, XML, Parquet, Excel, HTML
            with a table, or SQLite.
    """
    path = file.relative_to(raw).as_posix()
    layout = layout_by_name(path)
    if layout == "parquet":
        return _all(parquet_sample(file, path), path, note)
    if layout in {"excel", "html"}:
        return _all(_taken(path, {}, raw), path, note)
    with open_binary(file) as stream:
        head = stream.read(_BYTES)
        whole = len(head) < _BYTES
    if head.startswith(_SQLITE):
        return _tables(file, path, raw, note)
    first = decoded(head, ENCODINGS).lstrip()[:1]
    if first == "<":
        sample = xml_sample(file, path, note)
        return _all(sample, path, note, "none of its elements has a name or title")
    if first in {"{", "["} or (first and layout in {"json", "jsonl"}):
        samples = json_samples(file, path, head, whole=whole)
        if not samples:
            note(path, "it has no objects with values")
        return samples
    keys = text_layout(path, head, whole=whole)
    if keys is None:
        note(path, "it is empty")
        return []
    if zeros := lines_with_zeros(head):
        several = "lines" if len(zeros) > 1 else "line"
        shown = ", ".join(f"{number:,}" for number in zeros[:_SHOWN])
        note(path, f"zero bytes in {len(zeros):,} {several} looked at ({shown}): rejects")
    return _all(_taken(path, keys, raw), path, note, "it has no row below its heading")


def _tables(file: Path, path: str, raw: Path, note: Note) -> list[Sample]:
    """Sample the tables of an SQLite file that have rows.

    Raises:
        DataError: the file is compressed, or damaged.
    """
    with file.open("rb") as stream:
        if stream.read(len(_SQLITE)) != _SQLITE:
            raise DataError(
                "a compressed SQLite file", where=path, remedy="decompress it: a build cannot"
            )
    from kg_builder.extraction.tabular.sql import sqlite_tables  # lazy: loads SQLAlchemy

    found = []
    names = sqlite_tables(file)
    if not names:
        note(path, "it has no tables")
    for name in names:
        quoted = name.replace('"', '""')
        sql = {"query": f'SELECT * FROM "{quoted}"'} if "." in name else {"table": name}
        found += _all(_taken(path, {"sql": sql}, raw), f"{path}, table {name}", note)
    return found


def _all(sample: Sample | None, what: str, note: Note, why: str = _NO_ROWS) -> list[Sample]:
    if sample is None:
        note(what, why)
        return []
    return [sample]


def _taken(path: str, layout: dict[str, Any], raw: Path) -> Sample | None:
    """Sample rows of cells."""
    reader = read_rows(RowsConfig(path=path, **layout), raw, chunk_rows=ROWS)
    chunk = next(iter(reader), None)
    if chunk is None or not len(chunk):
        return None
    names = list(filter(None, chunk.columns))
    columns = {name: Column(name, tuple(chunk.columns[name][:ROWS])) for name in names[:COLUMNS]}
    is_text = layout.get("format", layout_by_name(path)) in {"csv", "tsv", "dat"}
    return Sample(
        path,
        layout,
        columns,
        min(len(chunk), ROWS),
        len(names) - len(columns),
        renamed=reader.renamed,
        places=[f"{'line' if is_text else 'row'} {number:,}" for number in chunk.places[:ROWS]],
    )


# ------------------------------------------------------------------------------ XML


def xml_sample(file: Path, path: str, note: Note) -> Sample | None:
    """Sample XML: its rows are the elements that occur most often and have names.

    Args:
        file: the file.
        path: below the raw folder.
        note: called if the XML is malformed among the sampled rows.

    Returns:
        `None` if no element has a name or title below it.
    """
    with open_binary(file) as stream:
        elements = leaves_by_path(stream, most=_ELEMENTS)
    root = next(iter(elements), "")
    best = _KNOWN_ROWS.get(root) or _rows_among(elements)

    def broken(reason: str, line: int, fault: str) -> None:
        note(path, f"{reason} in line {line:,} ({fault}): a build does not read what follows")

    with open_binary(file) as stream:
        found = elements_at(stream, best.split("."), broken, {})
        rows = [value for _, value in islice(found, ROWS)]
    if best not in elements:
        return None
    layout = {"rows": best}
    if layout_by_name(path) != "xml":
        layout["format"] = "xml"
    columns, number, further = columns_of(rows)
    if root in _SCORES:
        columns = {name: one for name, one in columns.items() if not name.startswith(_NOTES)}
    return Sample(path, layout, columns, number, further)


def _rows_among(elements: Mapping[str, Elements]) -> str:
    """The path of the elements that look most like rows; empty if none has names."""
    own = {path: one.leaves for path, one in elements.items()}
    if not any(any(_worth(leaves)) for leaves in own.values()):
        own = {path: Counter(dict(_around(elements, path))) for path in elements}
    best = max(own, key=lambda path: _worth(own[path]), default="")
    if not best or not any(_worth(own[best])):
        return ""
    while outer := _thing_around(elements, best):
        best = outer
    return best


def _worth(leaves: Counter[str]) -> tuple[int, int]:
    """How much elements look like rows: how often named leaves occur below, how many leaves."""
    named = [
        times
        for name, times in leaves.items()
        if (about := meaning(name))[1] == "name" or (about[0] in CLASSES and not about[1])
    ]
    return (max(named), len(leaves)) if named and len(leaves) > 1 else (0, 0)


def _around(
    elements: Mapping[str, Elements], outer: str, inner: str = ""
) -> Iterator[tuple[str, int]]:
    """Yield (path, number) of what elements have at most once each, outside those within."""
    for path, one in elements.items():
        within = f"{path}.".startswith(f"{outer}.") and one.number <= elements[outer].number
        if within and not (inner and f"{path}.".startswith(f"{inner}.")):
            below = path[len(outer) + 1 :]
            yield from ((f"{below}.{name}".lstrip("."), n) for name, n in one.leaves.items())


def _thing_around(elements: Mapping[str, Elements], inner: str) -> str:
    """The path of the things of which elements tell only a part; empty if they are things."""
    steps = inner.split(".")
    for end in range(len(steps) - 1, 1, -1):
        outer = ".".join(steps[:end])
        around = [name for name, _ in _around(elements, outer, inner)]
        per_thing = elements[inner].number / elements[outer].number
        if elements[outer].number > 1 and is_part(
            steps[end:], elements[inner].leaves, steps[end - 1], around, per_thing
        ):
            return outer
    return ""
