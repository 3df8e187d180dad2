"""Dispatch each file of a semi-structured source to the adapter of its format."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.semi_structured.adapters.base import Adapter, Document
from kg_builder.extraction.semi_structured.adapters.discogs import DiscogsDumps
from kg_builder.extraction.semi_structured.adapters.html import HtmlPages, JsonLdFiles
from kg_builder.extraction.semi_structured.adapters.json_paths import JsonFiles, XmlFiles
from kg_builder.extraction.semi_structured.adapters.musicbrainz import MusicBrainzAnswers
from kg_builder.extraction.semi_structured.adapters.wikitext import WikitextArticles
from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.packed_files import matching_files, open_binary
from kg_builder.progress import Progress, silent

ADAPTERS: Final[tuple[Adapter, ...]] = (
    MusicBrainzAnswers(),
    DiscogsDumps(),
    WikitextArticles(),
    JsonLdFiles(),
    JsonFiles(),
    XmlFiles(),
    HtmlPages(),
)


def adapter_named(name: str) -> Adapter:
    """Look up the adapter named in a recipe.

    Raises:
        DataError: there is no adapter of that name.
    """
    for adapter in ADAPTERS:
        if adapter.name == name:
            return adapter
    raise DataError(
        f"no adapter {name!r}",
        where="recipe",
        remedy=f"one of: auto, {', '.join(adapter.name for adapter in ADAPTERS)}",
    )


def adapter_for(path: Path, head: bytes) -> Adapter | None:
    """The first adapter that recognises a file."""
    return next((adapter for adapter in ADAPTERS if adapter.recognises(path, head)), None)


_HEAD = 8192


def extract_semi_structured(
    source: SemiStructuredSource, root: Path, out: Collector, *, progress: Progress = silent
) -> None:
    """Read all files of a source, in the order of their names.

    Raises:
        DataError: no file matches; a compressed file is damaged; XML declares entities; the recipe
            names an unknown adapter. An unusable page becomes a reject.
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
