"""Command `export-links`: write the items' ids in an external database (KB4Rec or RecBole file)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from kg_builder.alignment.link_files import FORMATS, Format, format_links
from kg_builder.databases import ALIGNED
from kg_builder.errors import DataError
from pipeline.folders import DataFolder, processed_folder
from safe_io.atomic import write_atomically


def export_links_command(
    dataset: Annotated[str, typer.Option(help="Name of a processed data set.")] = "sample",
    style: Annotated[
        str, typer.Option("--format", help="kb4rec, or recbole for .link files.")
    ] = "kb4rec",
    out: Annotated[
        Path | None, typer.Option(help="Output file.  [default: standard output]")
    ] = None,
    database: Annotated[str, typer.Option(help=f"Whose ids: {', '.join(ALIGNED)}.")] = "freebase",
    data: DataFolder = None,
) -> None:
    """Write a link file: an item's id and its id in a database per line."""
    for value, allowed, what in ((style, FORMATS, "format"), (database, ALIGNED, "database")):
        if value not in allowed:
            raise DataError(f"no {what} named {value!r}", remedy=f"one of: {', '.join(allowed)}")
    table = processed_folder(dataset, data) / "alignment.tsv"
    pairs = linked_items(table, database)
    text = format_links(pairs, cast(Format, style))
    if out is None:
        typer.echo(text, nl=False)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, text)
    Console(stderr=True).print(f"{len(pairs):,} links in {out}", highlight=False, soft_wrap=True)


def linked_items(table: Path, database: str) -> list[tuple[str, str]]:
    """(publisher's id, database id) of each linked item.

    Raises:
        DataError: the data set has not been built.
    """
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except FileNotFoundError:
        raise DataError(
            "no such file",
            where=str(table),
            remedy="build the data set: `python -m pipeline build`",
        ) from None
    return [(row["raw_id"], key) for row in rows for key in row[database].split("|") if key]
