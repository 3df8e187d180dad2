"""Command `export`: convert a processed folder to the format of another program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from kg_builder.errors import DataError
from pipeline.artefacts import Staging
from pipeline.build import SEED
from pipeline.console import terminal
from pipeline.export.cells import rewrite_for_spreadsheets
from pipeline.export.graphs import write_neo4j, write_networkx, write_pykeen
from pipeline.export.recommenders import write_kgat, write_lenskit, write_recbole
from pipeline.folders import DataFolder, processed_folder
from recommender.data import Dataset, load
from recommender.data.dataset import GRAPH_FILE, RATINGS_FILE, has_interactions
from recommender.errors import RecommenderError
from safe_io.locks import folder_lock

__all__ = ["FORMATS", "export", "export_command"]

_out = terminal()


@dataclass(frozen=True)
class Format:
    """Export format of a program.

    Attributes:
        write: writes the files of a data set into an empty folder, with splits by a seed.
        needs_interactions: whether the program requires interactions.
    """

    write: Callable[[Dataset, Path, int], None]
    needs_interactions: bool


FORMATS: Final = {
    "recbole": Format(write_recbole, needs_interactions=True),
    "kgat": Format(write_kgat, needs_interactions=True),
    "pykeen": Format(write_pykeen, needs_interactions=False),
    "lenskit": Format(write_lenskit, needs_interactions=True),
    "networkx": Format(write_networkx, needs_interactions=False),
    "neo4j-csv": Format(write_neo4j, needs_interactions=False),
}


def export_command(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write into.")],
    style: Annotated[str, typer.Option("--format", help=f"One of: {', '.join(FORMATS)}.")],
    dataset: Annotated[str, typer.Option(help="Name of a processed data set.")] = "sample",
    data: DataFolder = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split (kgat, pykeen).")] = SEED,
    spreadsheets: Annotated[
        bool,
        typer.Option(
            help="Prefix cells such as '=1' with an apostrophe, for tables to be "
            "opened in a spreadsheet."
        ),
    ] = False,
) -> None:
    """Convert a built graph and its interactions to another program's format."""
    source = processed_folder(dataset, data)
    for path in export(source, target, style, seed=seed, spreadsheets=spreadsheets):
        _out.print(str(path), highlight=False, soft_wrap=True, markup=False)


def export(
    data: Path, target: Path, style: str, *, seed: int = SEED, spreadsheets: bool = False
) -> list[Path]:
    """Write a processed folder in a format of `FORMATS`; returns the files written.

    With `spreadsheets`, an apostrophe is put before each cell of a table that a spreadsheet would
    take for a formula, which changes names.

    Files of an earlier export in that format are replaced, other files are kept. A killed run
    leaves the earlier files, or all or some of the new ones; never a mixture.

    Raises:
        DataError: an unknown format, a folder that cannot be read, a data set that the format
            cannot represent, or `target` is the processed folder.
        InUseError: another export is writing to the same folder.
        OSError: the files cannot be written.
    """
    if style not in FORMATS:
        raise DataError(f"no format named {style!r}", remedy=f"one of: {', '.join(FORMATS)}")
    kind = FORMATS[style]
    if target.resolve() == data.resolve():
        raise DataError(
            "is the processed folder itself, whose files would be overwritten",
            where=str(target),
            remedy="name another folder",
        )
    try:
        dataset = _read(data, style)
        with folder_lock(target, "export"):
            staging = Staging(target, "export")
            try:
                kind.write(dataset, staging.path("."), seed)
                if spreadsheets:
                    rewrite_for_spreadsheets(staging.path("."))
                if len(dataset.interactions):
                    dataset.hashes()  # fails if a build has replaced files in the meantime
                return _publish(staging, target)
            except BaseException:
                staging.discard()
                raise
    except RecommenderError as fault:
        raise DataError(str(fault)) from None


def _read(data: Path, style: str) -> Dataset:
    """Load the data set, with interactions if the format needs them."""
    needed = FORMATS[style].needs_interactions
    if needed and (data / GRAPH_FILE).is_file() and not has_interactions(data):
        free = [name for name, kind in FORMATS.items() if not kind.needs_interactions]
        raise DataError(
            f"there are no interactions, and --format {style} needs them",
            where=str(data / RATINGS_FILE),
            remedy=f"give the recipe [[interactions]] and build again, or take {', '.join(free)}",
        )
    return load(data, graph_alone=not needed)


def _publish(staging: Staging, target: Path) -> list[Path]:
    """Move the new files to their final paths, after removing old ones."""
    home = staging.path(".")
    names = sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())
    for name in names:
        (target / name).unlink(missing_ok=True)
    return [target / name for name in staging.publish(names)]
