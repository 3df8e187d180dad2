"""The command line: `python -m pipeline build|fetch|validate|datasets|evaluate|export|…`."""

from __future__ import annotations

import sys

import typer

from kg_builder.errors import DataError
from pipeline.evaluate import app as evaluate_app
from pipeline.lazy_commands import LazyGroup, add_lazily
from safe_io.guard import exit_status

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
        "new-recipe",
        "new_recipe.command:new_recipe_command",
        "Look at files and write a commented recipe with a guess for every column.",
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
        "query",
        "explore.commands:query_command",
        "Ask a built graph in SPARQL: read-only, within a time.",
    ),
    (
        "show",
        "explore.commands:show_command",
        "Show what a built graph knows of one thing, and where each fact was read.",
    ),
    (
        "diff",
        "explore.commands:diff_command",
        "Count the facts that a build gained and lost against another, with the reasons.",
    ),
    (
        "report",
        "report.command:report_command",
        "Write what a build holds and how far to trust it: report.html and report.json.",
    ),
    (
        "judge-facts",
        "report.judge:judge_facts_command",
        "Mark sampled facts right or wrong; precision by source with its 95% interval.",
    ),
    (
        "data-model",
        "data_model:data_model_command",
        "Draw the data model: classes, relations, and the same things in other models.",
    ),
    (
        "export",
        "export.command:export_command",
        "Write a built graph and its interactions as another program reads them.",
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
    """Run a command; a user's mistake or a fault of the machine ends in one line and status 2."""
    sys.exit(exit_status(app, faults=[DataError]))
