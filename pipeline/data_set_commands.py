"""Commands of `python -m pipeline` for data sets: build, fetch, validate, datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from kg_builder.errors import DataError
from kg_builder.evaluation.shapes import validate
from kg_builder.ontology import curie
from kg_builder.ordered_pool import cores
from kg_builder.sql import megabytes
from pipeline.build import SEED, build
from pipeline.build_options import (
    AllowOutsideOption,
    DatasetOption,
    ForceOption,
    MemoryOption,
    MineOption,
    OutOption,
    RawOption,
    SeedOption,
    StartOption,
    WithoutOption,
    WithoutPairsOption,
    WithUsersOption,
)
from pipeline.console import BuildDisplay, download_bars, summary, terminal
from pipeline.fetch import fetch
from pipeline.folders import PROCESSED_HELP, default_raw, processed_folder
from pipeline.recipe import load_recipe, recipe_names
from safe_io.locks import folder_lock

_out = terminal()
_err = terminal(stderr=True)
_SHOWN = 20


def build_command(
    dataset: DatasetOption = "sample",
    raw: RawOption = None,
    out: OutOption = None,
    start: StartOption = None,
    force: ForceOption = False,
    without: WithoutOption = None,
    mine: MineOption = False,
    without_pairs: WithoutPairsOption = None,
    with_users: WithUsersOption = False,
    seed: SeedOption = SEED,
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            envvar="MUSIC_KG_WORKERS",
            show_default="one per core",
            help="Number of processes; the result does not depend on it.",
        ),
    ] = 0,
    memory: MemoryOption = "2GB",
    allow_outside: AllowOutsideOption = False,
) -> None:
    """Run the construction stages: raw files in, graph and training files out."""
    _out.print(f"Building [bold]{dataset}[/]", highlight=False)
    with BuildDisplay(_out) as display:
        report = build(
            dataset,
            raw=raw,
            out=out,
            start=start,
            force=force,
            without=without or (),
            mine=mine,
            seed=seed,
            workers=workers or cores(),
            memory=megabytes(memory),
            without_pairs=without_pairs,
            with_users=with_users,
            allow_outside=allow_outside,
            on_start=display.started,
            on_end=display.ended,
        )
    summary(report, _out)


def fetch_command(
    name: Annotated[str, typer.Argument(help="Name of a recipe.")],
    raw: Annotated[
        Path | None, typer.Option(help="Folder to download into.  [default: data/raw]")
    ] = None,
    force: Annotated[bool, typer.Option(help="Download even files that exist.")] = False,
) -> None:
    """Download a data set's raw files from their publishers."""
    recipe = load_recipe(name)
    if not recipe.fetch:
        raise DataError(
            "nothing to fetch", where=f"recipe {recipe.name}", remedy=recipe.manual or ""
        )
    folder = raw if raw is not None else default_raw(recipe)
    with folder_lock(folder, "fetch"), download_bars(_err) as bars:
        for fetched in fetch(recipe.fetch, folder, progress=bars, force=force):
            _out.print(f"{fetched.path}  [dim]{fetched.outcome.value}[/]", highlight=False)
    if recipe.manual:
        _out.print(recipe.manual)


def validate_command(
    dataset: Annotated[str, typer.Option(help="Name of a processed data set.")] = "sample",
    data: Annotated[
        Path | None, typer.Option("--data", "--out", metavar="DIR", help=PROCESSED_HELP)
    ] = None,
) -> None:
    """Check a built graph against the SHACL shapes of the data model."""
    graph = processed_folder(dataset, data) / "kg.ttl"
    violations = validate(graph)
    for violation in violations[:_SHOWN]:
        what = f"{curie(violation.focus)} {curie(violation.path)} {curie(violation.value)}"
        _out.print(
            f"{escape(what)}  [dim]{escape(violation.message)}[/]",
            highlight=False,
            soft_wrap=True,
        )
    _out.print(f"{len(violations):,} violations in {graph}", highlight=False, soft_wrap=True)
    raise typer.Exit(1 if violations else 0)


def datasets_command() -> None:
    """List the recipes that ship with the project."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("name", "what", "licence"):
        table.add_column(heading)
    for name in recipe_names():
        recipe = load_recipe(name)
        table.add_row(name, recipe.title, recipe.licence)
    _out.print(table)
