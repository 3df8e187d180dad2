"""Dispatch each file of a semi-structured source to the adapter of its format."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator
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


_HEAD: Final = 8192
_FILES_OF_UNIT: Final = 16
"""Approximate number of files per unit."""

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
    paths = matching_files(root, source.path)
    total, done = sum(path.stat().st_size for path in paths), 0
    if run_units is None or not is_divisible(source, root):
        for path in paths:
            _read_file(path, source, root, out)
            done += path.stat().st_size
            progress(done, total)
        return
    groups = list(_groups(paths))
    units = [_unit(source, root, group, ontology) for group in groups]
    for group, folder in zip(groups, run_units(units), strict=True):
        out.add_segment(read_segment(folder))
        done += sum(path.stat().st_size for path in group)
        progress(done, total)


def is_divisible(source: SemiStructuredSource, root: Path) -> bool:
    """Whether a source has several small files, each of which is read independently of the others.

    Raises:
        DataError: no file matches; the recipe names an unknown adapter.
    """
    paths = matching_files(root, source.path)
    return (
        len(paths) > 1
        and all(path.stat().st_size <= _LARGEST for path in paths)
        and all(
            adapter is None or adapter.independent
            for adapter in (_adapter_of(path, source) for path in paths)
        )
    )


def read_files(
    folder: Path,
    *,
    source: SemiStructuredSource,
    root: Path,
    names: tuple[str, ...],
    ontology: tuple[Path, ...],
    progress: Progress = silent,
) -> None:
    """Read some files into a segment of the source (the function of a unit).

    Args:
        folder: output folder of `arrow_batches.write_segment`.
        source, root: as for `extract_semi_structured`.
        names: the files, relative to `root`.
        ontology: Turtle files with the recipe's additions to the data model.
        progress: called with the number of files read and their total.
    """
    # a hold that large: a segment is never staged
    out = Collector(source.name, load_schema(*ontology), hold=sys.maxsize)
    for done, name in enumerate(names, 1):
        _read_file(root / name, source, root, out)
        progress(done, len(names))
    write_segment(out.segment(), folder)


def _read_file(path: Path, source: SemiStructuredSource, root: Path, out: Collector) -> None:
    name = path.relative_to(root).as_posix()
    out.counts["files read"] += 1
    adapter = _adapter_of(path, source)
    if adapter is None:
        out.reject("unknown format", name, "no adapter recognises the file")
    else:
        adapter.read(Document(path, name, source, out))


def _adapter_of(path: Path, source: SemiStructuredSource) -> Adapter | None:
    if source.format != "auto":
        return adapter_named(source.format)
    with open_binary(path) as stream:
        return adapter_for(path, stream.read(_HEAD))


def _groups(paths: Iterable[Path]) -> Iterator[list[Path]]:
    """Cut groups by a hash of file names, so that an added file changes one group only."""
    group: list[Path] = []
    for path in paths:
        begins = zlib.crc32(path.name.encode("utf-8", "surrogateescape")) % _FILES_OF_UNIT == 0
        if group and (begins or len(group) == 4 * _FILES_OF_UNIT):
            yield group
            group = []
        group.append(path)
    if group:
        yield group


def _unit(
    source: SemiStructuredSource, root: Path, paths: list[Path], ontology: tuple[Path, ...]
) -> Unit:
    names = tuple(path.relative_to(root).as_posix() for path in paths)
    arguments = {"source": source, "root": root, "names": names, "ontology": ontology}
    label = f"{source.name}, {Path(names[0]).name} to {Path(names[-1]).name}"
    return Unit(label, read_files, arguments, (*paths, *ontology))
