"""Texts to read: lines of JSON, or files of plain text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.files import matching_files, open_binary
from kg_builder.extraction.rows import RowsConfig, read_rows
from kg_builder.extraction.semi_structured.adapters.text import decode_page
from kg_builder.extraction.unstructured.config import UnstructuredSource
from kg_builder.extraction.values.text import without_halves


@dataclass(frozen=True)
class TextDocument:
    """A text about one topic."""

    id: str
    title: str
    text: str
    place: str
    """Where the text stands: a sentence adds its offsets."""

    def evidence(self, start: int, end: int) -> str:
        """Where a piece of the text stands, with offsets in code points."""
        return f"{self.place};char={start},{end}"


def read_documents(
    source: UnstructuredSource, root: Path, out: Collector
) -> Iterator[TextDocument]:
    """Read a source's texts in order; unusable ones become rejects.

    Raises:
        DataError: no such file, a field that no object has, damaged compression.
    """
    if source.path.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson")):
        yield from _json_lines(source, root, out)
    else:
        yield from _files(source, root, out)


def _json_lines(source: UnstructuredSource, root: Path, out: Collector) -> Iterator[TextDocument]:
    rows = read_rows(
        RowsConfig(path=source.path, format="jsonl"),
        root,
        columns=[source.id, source.title, source.text],
        chunk_rows=1000,
    )
    for chunk in rows:
        for id_, title, text, number in zip(
            chunk.columns[source.id],
            chunk.columns[source.title],
            chunk.columns[source.text],
            chunk.places,
            strict=True,
        ):
            if not isinstance(text, str) or not isinstance(title, str):
                rows.refuse("text or title missing", number)
            elif len(text) > source.max_chars:
                rows.refuse("text too long", number, f"{len(text)} characters")
            else:
                name = id_ if isinstance(id_, str) else str(number)
                yield TextDocument(
                    name, without_halves(title), without_halves(text), rows.evidence(number)
                )
    out.take_rejects(rows.rejects)
    for what, count in rows.counts.items():
        out.counts[f"documents: {what}"] += count


def _files(source: UnstructuredSource, root: Path, out: Collector) -> Iterator[TextDocument]:
    for path in matching_files(root, source.path):
        name = path.relative_to(root).as_posix()
        with open_binary(path) as stream:
            text = decode_page(stream.read(4 * source.max_chars + 4))
        out.counts["documents: rows read"] += 1
        if len(text) > source.max_chars:
            out.reject("text too long", name, f"more than {source.max_chars} characters")
        elif not text.strip():
            out.reject("text or title missing", name)
        else:
            out.counts["documents: rows used"] += 1
            stem = path.name.removesuffix(".gz").rpartition(".")[0]
            yield TextDocument(stem, stem.replace("_", " "), text, f"{name}#")


def check_titles(source: UnstructuredSource) -> None:
    """Refuse settings that name one field twice.

    Raises:
        DataError: title and text are the same field.
    """
    if source.title == source.text:
        raise DataError("title and text are the same field", where=f"source {source.name!r}")
