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
        "Inspect files and write a commented recipe with a guess for every column.",
    ),
    (
        "recipe-keys",
        "recipe_reference:recipe_keys_command",
        "Print the reference of all recipe keys, as Markdown.",
    ),
    (
        "fetch",
        "data_set_commands:fetch_command",
        "Download a data set's raw files from their publishers.",
    ),
    (
        "validate",
        "data_set_commands:validate_command",
        "Check a built graph against the SHACL shapes of the data model.",
    ),
    (
        "explain-match",
        "explain_match:explain_match_command",
        "Explain why two records were merged into one entity, or why not.",
    ),
    (
        "judge",
        "explain_match:judge_command",
        "Record whether two records are the same entity; the next build uses it.",
    ),
    (
        "train-extractor",
        "train_extractor:train_extractor_command",
        "Train the NER model and the relation extractor; same seed, same bytes.",
    ),
    (
        "query",
        "explore.commands:query_command",
        "Query a built graph in SPARQL: read-only, with a time limit.",
    ),
    (
        "show",
        "explore.commands:show_command",
        "Show a built graph's facts about one entity, with the evidence of each.",
    ),
    (
        "diff",
        "explore.commands:diff_command",
        "Count the facts that a build gained and lost relative to another, with reasons.",
    ),
    (
        "report",
        "report.command:report_command",
        "Report a build's content and quality: report.html and report.json.",
    ),
    (
        "judge-facts",
        "report.judge:judge_facts_command",
        "Mark sampled facts right or wrong; precision by source with its 95% interval.",
    ),
    (
        "data-model",
        "data_model:data_model_command",
        "Draw the data model: classes, relations, and their equivalents in other models.",
    ),
    (
        "export",
        "export.command:export_command",
        "Convert a built graph and its interactions to another program's format.",
    ),
    (
        "export-links",
        "export_links:export_links_command",
        "Write a link file: an item's id and its id in a database per line.",
    ),
):
    add_lazily(app, _name, f"pipeline.{_address}", _help)
app.add_typer(evaluate_app, name="evaluate")


def main() -> None:
    """Run a command; user errors and system faults end in one line and status 2."""
    sys.exit(exit_status(app, faults=[DataError]))
