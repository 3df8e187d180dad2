"""The command line: `python -m pipeline build|fetch|validate|datasets|evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from kg_builder.errors import DataError
from kg_builder.evaluation.validation import validate
from pipeline.build import DATA, SEED, build, default_raw
from pipeline.console import BuildDisplay, download_bars, summary, terminal
from pipeline.evaluate import app as evaluate_app
from pipeline.explain_match import explain_match_command, judge_command
from pipeline.export_links import export_links_command
from pipeline.fetch import fetch
from pipeline.recipe import load_recipe, recipe_names
from pipeline.train_extractor import train_extractor_command

app = typer.Typer(
    help="Build knowledge graphs from raw music data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(evaluate_app, name="evaluate")
app.command("explain-match")(explain_match_command)
app.command("judge")(judge_command)
app.command("train-extractor")(train_extractor_command)
app.command("export-links")(export_links_command)
_out = terminal()
_err = terminal(stderr=True)
_SHOWN = 20


@app.command("build")
def build_command(
    dataset: Annotated[
        str, typer.Option(help="Name of a recipe, or path of a recipe file.")
    ] = "sample",
    raw: Annotated[
        Path | None, typer.Option(help="Folder of the raw files.  [default: data/raw]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Processed folder.  [default: data/processed/<dataset>]")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Run this stage and those after it.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Run even what has not changed.")] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Leave out a source or database of the recipe; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sampled negatives.")] = SEED,
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
            seed=seed,
            on_start=display.started,
            on_end=display.ended,
        )
    summary(report, _out)


@app.command("fetch")
def fetch_command(
    name: Annotated[str, typer.Argument(help="Name of a recipe.")],
    raw: Annotated[
        Path | None, typer.Option(help="Folder to fetch into.  [default: data/raw]")
    ] = None,
    force: Annotated[bool, typer.Option(help="Fetch again what is there.")] = False,
) -> None:
    """Bring a data set's raw files from their publishers."""
    recipe = load_recipe(name)
    if not recipe.fetch:
        raise DataError(
            "nothing to fetch", where=f"recipe {recipe.name}", remedy=recipe.manual or ""
        )
    folder = raw if raw is not None else default_raw(recipe)
    with download_bars(_err) as bars:
        for fetched in fetch(recipe.fetch, folder, progress=bars, force=force):
            _out.print(f"{fetched.path}  [dim]{fetched.outcome.value}[/]", highlight=False)
    if recipe.manual:
        _out.print(recipe.manual)


@app.command("validate")
def validate_command(
    dataset: Annotated[str, typer.Option(help="Name of a processed data set.")] = "sample",
    out: Annotated[
        Path | None, typer.Option(help="Processed folder.  [default: data/processed/<dataset>]")
    ] = None,
) -> None:
    """Check a built graph against the SHACL shapes of the data model."""
    graph = (out if out is not None else DATA / "processed" / dataset) / "kg.ttl"
    violations = validate(graph)
    for violation in violations[:_SHOWN]:
        _out.print(
            f"{violation.focus}  {violation.path}  {violation.value}  [dim]{violation.message}[/]",
            highlight=False,
            soft_wrap=True,
        )
    _out.print(f"{len(violations):,} violations in {graph}", highlight=False, soft_wrap=True)
    raise typer.Exit(1 if violations else 0)


@app.command("datasets")
def datasets_command() -> None:
    """List the recipes that ship with the project."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("name", "what", "licence"):
        table.add_column(heading)
    for name in recipe_names():
        recipe = load_recipe(name)
        table.add_row(name, recipe.title, recipe.licence)
    _out.print(table)


def main() -> None:
    """Run a command; a user's mistake ends in one line and exit status 2."""
    try:
        app()
    except DataError as fault:
        _err.print("[red]error:[/]", escape(str(fault)), highlight=False, soft_wrap=True)
        raise SystemExit(2) from None
