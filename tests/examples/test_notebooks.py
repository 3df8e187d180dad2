"""The notebooks run, with the outputs checked here."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
import pytest

from tests.conftest import REPOSITORY

NOTEBOOKS = sorted((REPOSITORY / "examples").glob("*.ipynb"))


@pytest.fixture
def workplace(
    built_sample: Path, sample_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A copy of `examples/` in a project layout, with a copy of the built sample.

    Notebooks build it again; in the shared folder they would get in each other's way.
    """
    matplotlib.use("Agg")
    (tmp_path / "examples").mkdir()
    (tmp_path / "data" / "processed").mkdir(parents=True)
    (tmp_path / "data" / "raw").symlink_to(sample_data.parent)
    shutil.copytree(built_sample, tmp_path / "data" / "processed" / "sample")
    monkeypatch.chdir(tmp_path / "examples")
    # as in Jupyter; settings changed by a notebook are restored at the end
    with pd.option_context(
        "display.max_columns", 20, "display.width", 80, "display.max_colwidth", 50
    ):
        yield tmp_path


def run(source: str, names: dict[str, Any]) -> str:
    """Run a cell; returns its printed output and its last value in Jupyter's plain text."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
    return printed.getvalue() + ("" if value is None else repr(value))


def shown(cell: dict[str, Any]) -> str:
    """The output stored in the notebook."""
    texts = []
    for output in cell["outputs"]:
        assert output["output_type"] != "error"
        texts += output.get("text") or output["data"]["text/plain"]
    return "".join(texts)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_shows(path: Path, workplace: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {"__name__": "__main__"}
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) > 3
    for cell in code:
        found = run("".join(cell["source"]), names)
        if "model" in names:  # trained figures and lists differ between processors
            assert bool(found) == bool(shown(cell))
        else:
            assert found.split() == shown(cell).split()


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "asking-the-graph",
        "comparing-models",
        "explaining-a-match",
        "files-to-graph",
        "mining-and-judging",
        "recommending",
    ]
