from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import code_version as module
from pipeline.code_version import code_version, reached_files
from pipeline.stages.registry import STAGES

Edit = Callable[[str, str], None]


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """Writes a file of two fake packages that replace the project's."""

    def forget() -> None:
        module.code_version.cache_clear()
        module._imports.cache_clear()
        module._file.cache_clear()

    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        forget()

    monkeypatch.setattr(module, "_PACKAGES", {"lib": tmp_path / "lib", "app": tmp_path / "app"})
    for name, text in {
        "lib/__init__.py": "",
        "lib/names/__init__.py": "",
        "lib/names/read.py": "from lib import tables",
        "lib/names/words.toml": "a = 1",
        "lib/tables.py": "",
        "lib/scores.py": "",
        "lib/recipes.py": "",
        "app/__init__.py": "",
        "app/stage.py": "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from lib.recipes import Recipe\n"
        "def run():\n    from lib.names.read import names\n",
        "app/evaluate.py": "from lib.scores import score",
        "app/templates/page.html": "<p>",
        "app/recipes/sample.toml": "name = 'sample'",
    }.items():
        write(name, text)
    yield write
    forget()


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("lib/names/read.py", True),  # imported within a function
        ("lib/tables.py", True),  # imported by what is imported
        ("lib/names/__init__.py", True),  # the package of what is imported
        ("lib/names/words.toml", True),  # data beside it
        ("app/templates/page.html", True),  # data in a folder of its own
        ("lib/recipes.py", False),  # imported for type checking alone
        ("lib/scores.py", False),  # imported by nothing that the stage reaches
        ("app/evaluate.py", False),
        ("app/recipes/sample.toml", False),  # the stage's settings are hashed in its place
    ],
)
def test_a_stage_depends_on_what_it_reaches_and_on_nothing_else(
    edit: Edit, file: str, changes: bool
) -> None:
    before = code_version("app.stage")
    edit(file, "# another line\n")
    assert (code_version("app.stage") != before) == changes


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_no_stage_depends_on_commands_or_on_how_recipes_are_read(stage) -> None:  # type: ignore[no-untyped-def]
    files = reached_files(stage.run.__module__)
    assert f"pipeline/stages/{stage.name}.py" in files
    assert "kg_builder/ontology/music.ttl" in files
    strangers = ("pipeline/evaluate", "pipeline/cli", "pipeline/recipe", "pipeline/build")
    assert [file for file in files if file.startswith(strangers)] == []


def test_cleaning_does_not_depend_on_the_readers_of_sources() -> None:
    files = reached_files("pipeline.stages.cleaning")
    assert "kg_builder/cleaning/conflicts.py" in files
    assert [file for file in files if file.startswith("kg_builder/extraction")] == []
