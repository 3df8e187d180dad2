"""Dispatch each file of a semi-structured source to the adapter of its format."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from kg_builder.errors import DataError
from kg_builder.extraction.arrow_batches import read_segment, write_segment
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.semi_structured.adapters.base import Adapter, Document
from kg_builder.extraction.semi_structured.adapters.discogs import DiscogsDumps
from kg_builder.extraction.semi_structured.adapters.html import HtmlPages, JsonLdFiles
from kg_builder.extraction.semi_structured.adapters.json_paths import JsonFiles, XmlFiles
from kg_builder.extraction.semi_structured.adapters.musicbrainz import MusicBrainzAnswers
from kg_builder.extraction.semi_structured.adapters.wikitext import WikitextArticles
from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.ontology import load_schema
from kg_builder.packed_files import matching_files, open_binary
from kg_builder.progress import Progress, silent
from kg_builder.units import RunUnits, Unit

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


_File = tuple[Path, Adapter | None]
"""A file of a source, and the adapter that reads it, if any."""

_HEAD: Final = 8192
_UNIT: Final = 1 << 21
"""Approximate bytes of the files of a unit; a smaller file counts as `_LEAST`."""

_LEAST: Final = 1 << 11

_LARGEST: Final = 1 << 22
"""Bytes of a file of a divided source: a unit keeps what it reads in memory."""


def extract_semi_structured(
    source: SemiStructuredSource,
    root: Path,
    out: Collector,
    *,
    ontology: tuple[Path, ...] = (),
    run_units: RunUnits | None = None,
    progress: Progress = silent,
) -> None:
    """Read all files of a source, in the order of their names.

    Args:
        source: the source's settings.
        root: folder of the raw files.
        out: collects records and statements.
        ontology: Turtle files that `out.schema` was read from besides the built-in data model.
        run_units: executes groups of files of a source that `is_divisible`; by default all files
            are read in this process.
        progress: called with the number of bytes read and their total.

    Raises:
        DataError: no file matches; a compressed file is damaged; XML declares entities; the recipe
            names an unknown adapter. An unusable page becomes a reject.
    """
    files = _files(source, root)
    total, done = sum(path.stat().st_size for path, _ in files), 0
    if run_units is None or not _are_independent(files):
        for path, adapter in files:
            _read_file(path, adapter, source, root, out)
            done += path.stat().st_size
            progress(done, total)
        return
    groups = list(_groups(files))
    units = [_unit(source, root, group, ontology) for group in groups]
    for group, folder in zip(groups, run_units(units), strict=True):
        out.add_segment(read_segment(folder))
        done += sum(path.stat().st_size for path, _ in group)
        progress(done, total)


def is_divisible(source: SemiStructuredSource, root: Path) -> bool:
    """Whether a source has several small files, each of which is read independently of the others.

    Raises:
        DataError: no file matches; the recipe names an unknown adapter.
    """
    return _are_independent(_files(source, root))


def read_files(
    folder: Path,
    *,
    source: SemiStructuredSource,
    root: Path,
    names: tuple[str, ...],
    formats: tuple[str, ...],
    ontology: tuple[Path, ...],
    progress: Progress = silent,
) -> None:
    """Read some files into a segment of the source (the function of a unit).

    Args:
        folder: output folder of `arrow_batches.write_segment`.
        source, root: as for `extract_semi_structured`.
        names: the files, relative to `root`.
        formats: the names of their adapters; "" if no adapter recognises a file.
        ontology: Turtle files with the recipe's additions to the data model.
        progress: called with the number of files read and their total.
    """
    # an unlimited buffer: the result of a unit is written as one segment, without staging
    out = Collector(source.name, load_schema(*ontology), hold=sys.maxsize)
    for done, (name, form) in enumerate(zip(names, formats, strict=True), 1):
        _read_file(root / name, adapter_named(form) if form else None, source, root, out)
        progress(done, len(names))
    write_segment(out.segment(), folder)


def _read_file(
    path: Path, adapter: Adapter | None, source: SemiStructuredSource, root: Path, out: Collector
) -> None:
    name = path.relative_to(root).as_posix()
    out.counts["files read"] += 1
    if adapter is None:
        out.reject("unknown format", name, "no adapter recognises the file")
    else:
        adapter.read(Document(path, name, source, out))


def _files(source: SemiStructuredSource, root: Path) -> list[_File]:
    """The files of a source, in the order of their names, with their adapters."""
    paths = matching_files(root, source.path)
    if source.format != "auto":
        return [(path, adapter_named(source.format)) for path in paths]
    found: list[_File] = []
    for path in paths:
        with open_binary(path) as stream:
            found.append((path, adapter_for(path, stream.read(_HEAD))))
    return found


def _are_independent(files: Sequence[_File]) -> bool:
    return len(files) > 1 and all(
        (adapter is None or adapter.independent) and path.stat().st_size <= _LARGEST
        for path, adapter in files
    )


def _groups(files: Iterable[_File]) -> Iterator[list[_File]]:
    """Cut groups by a hash of file names, so that an added file changes one group only.

    The larger a file, the more probably it begins a group.
    """
    group: list[_File] = []
    held = 0
    for path, adapter in files:
        size = max(path.stat().st_size, _LEAST)
        number = zlib.crc32(path.name.encode("utf-8", "surrogateescape"))
        if group and (number % max(1, _UNIT // size) == 0 or held >= 4 * _UNIT):
            yield group
            group, held = [], 0
        group.append((path, adapter))
        held += size
    if group:
        yield group


def _unit(
    source: SemiStructuredSource, root: Path, files: list[_File], ontology: tuple[Path, ...]
) -> Unit:
    names = tuple(path.relative_to(root).as_posix() for path, _ in files)
    arguments = {
        "source": source,
        "root": root,
        "names": names,
        "formats": tuple(adapter.name if adapter else "" for _, adapter in files),
        "ontology": ontology,
    }
    label = f"{source.name}, {Path(names[0]).name} to {Path(names[-1]).name}"
    return Unit(label, read_files, arguments, (*(path for path, _ in files), *ontology))
