"""The command line: `python -m pipeline build|fetch|validate|datasets|evaluate|…`."""

from __future__ import annotations

import typer
from rich.markup import escape

from kg_builder.errors import DataError
from pipeline.console import terminal
from pipeline.evaluate import app as evaluate_app
from pipeline.lazy_commands import LazyGroup, add_lazily

app = typer.Typer(
    help="Build knowledge graphs from raw music data.",
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _name, _address, _help in (
    (
        "build",
        "data_set_commands:build_command",
        "Run the construction stages: raw files in, graph and training files out.",
    ),
    (
        "datasets",
        "data_set_commands:datasets_command",
        "List the recipes that ship with the project.",
    ),
    (
        "fetch",
        "data_set_commands:fetch_command",
        "Bring a data set's raw files from their publishers.",
    ),
    (
        "validate",
        "data_set_commands:validate_command",
        "Check a built graph against the SHACL shapes of the data model.",
    ),
    (
        "explain-match",
        "explain_match:explain_match_command",
        "Tell why two records are one entity, or why they are not.",
    ),
    (
        "judge",
        "explain_match:judge_command",
        "Write down whether two records are one thing; the next build follows it.",
    ),
    (
        "train-extractor",
        "train_extractor:train_extractor_command",
        "Fit the model of names and the extractor of relations; same seed, same bytes.",
    ),
    (
        "export-links",
        "export_links:export_links_command",
        "Write which item of the publisher is which thing of a database, a line each.",
    ),
):
    add_lazily(app, _name, f"pipeline.{_address}", _help)
app.add_typer(evaluate_app, name="evaluate")


def main() -> None:
    """Run a command; a user's mistake ends in one line and exit status 2."""
    try:
        app()
    except DataError as fault:
        err = terminal(stderr=True)
        err.print("[red]error:[/]", escape(str(fault)), highlight=False, soft_wrap=True)
        raise SystemExit(2) from None
    except OSError as fault:
        if fault.filename is None or isinstance(fault, BrokenPipeError):
            raise  # no file that somebody named
        name = fault.filename if fault.filename2 is None else fault.filename2
        message = f"{name}: {fault.strerror}; name a path that can be read and written to"
        err = terminal(stderr=True)
        err.print("[red]error:[/]", escape(message), highlight=False, soft_wrap=True)
        raise SystemExit(2) from None
