"""Commands are imported when they run; their help needs no import."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.evaluate import app as evaluate_app


@pytest.mark.parametrize("group", [app, evaluate_app])
def test_the_help_says_what_the_commands_say_themselves(group: typer.Typer) -> None:
    assert group.registered_commands
    for command in group.registered_commands:
        module, _, name = command.callback.address.partition(":")
        docstring = inspect.getdoc(getattr(import_module(module), name)) or ""
        assert " ".join(docstring.partition("\n\n")[0].split()) == command.help


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from pipeline.cli import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
        "print({'torch', 'spacy', 'pandas', 'sklearn'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "set()"


def test_a_recipe_is_read_without_the_libraries_that_load_slowly() -> None:
    slow = {"torch", "spacy", "sklearn", "scipy.stats", "numba", "sqlalchemy", "openpyxl"}
    code = f"import sys, pipeline.recipe; print({slow} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "set()"


@pytest.mark.parametrize("module", ["pipeline.explore.places", "pipeline.report.collect"])
def test_a_card_and_a_report_need_no_model(module: str) -> None:
    code = f"import sys, {module}; print({{'torch', 'spacy', 'sklearn'}} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "set()"


def test_a_command_has_its_own_options_and_names_are_suggested() -> None:
    shown = CliRunner().invoke(app, ["evaluate", "graph", "--help"]).output
    assert "--stock" in shown
    mistyped = CliRunner().invoke(app, ["buld"])
    assert mistyped.exit_code == 2
    assert "'build'" in mistyped.output
