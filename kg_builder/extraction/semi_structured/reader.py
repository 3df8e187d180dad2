"""A semi-structured source: each of its files handed to the adapter of its format."""

from __future__ import annotations

from pathlib import Path

from kg_builder.extraction.collector import Collector
from kg_builder.extraction.files import matching_files, open_binary
from kg_builder.extraction.semi_structured.adapters import Document, adapter_for, adapter_named
from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.progress import Progress, silent

_HEAD = 8192


def extract_semi_structured(
    source: SemiStructuredSource, root: Path, out: Collector, *, progress: Progress = silent
) -> None:
    """Read all files of a source, in the order of their names.

    Raises:
        DataError: no file matches; a compressed file is damaged; XML declares entities; the recipe
            asks for an unknown adapter. A page that cannot be used is a reject.
    """
    chosen = None if source.format == "auto" else adapter_named(source.format)
    paths = matching_files(root, source.path)
    total, done = sum(path.stat().st_size for path in paths), 0
    for path in paths:
        name = path.relative_to(root).as_posix()
        out.counts["files read"] += 1
        adapter = chosen
        if adapter is None:
            with open_binary(path) as stream:
                adapter = adapter_for(path, stream.read(_HEAD))
        if adapter is None:
            out.reject("unknown format", name, "no adapter recognises the file")
        else:
            adapter.read(Document(path, name, source, out))
        done += path.stat().st_size
        progress(done, total)
