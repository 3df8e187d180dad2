from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from zipfile import ZipFile

import pytest

PROJECT = Path(__file__).resolve().parents[1]
PREFECT = ("prefect", "fastapi", "pydantic_settings")
TEXT = ("spacy", "wordfreq", "pycrfsuite", "transformers", "tokenizers", "safetensors")
CONSTRUCTION = (
    "duckdb", "ftfy", "httpx", "isal", "lxml", "mwparserfromhell", "openpyxl",
    "pyoxigraph", "pyshacl", "rdflib", "sqlalchemy", "typer",
)  # fmt: skip
"""What the extra `kg` brings."""


Ended = subprocess.CompletedProcess[str]


def run(code: str, *missing: str, folder: Path) -> Ended:
    """Run Python code where some packages cannot be imported, as if they were not installed."""
    blocked = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""
    return subprocess.run(
        [sys.executable, "-c", blocked + code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )


BUILDS = """
from pipeline.cli import app
app(["build", "--dataset", "small.toml", "--raw", ".", "--out", "out"], standalone_mode=False)
print("built")
import runpy, sys
sys.argv = ["pipeline", "build", "--dataset", "texts.toml", "--raw", ".", "--out", "texts"]
runpy.run_module("pipeline", run_name="__main__")
"""
TABLE = """
name = "small"
title = "Two artists"
licence = "none"
[[sources]]
kind = "structured"
name = "table"
[sources.tables.artists]
path = "artists.csv"
type = "Artist"
id = "id"
name = "name"
[sources.tables.artists.columns]
genre = { predicate = "genre" }
[[interactions]]
path = "plays.tsv"
user = "user"
item = "item"
records = "table"
"""
TEXTS = """
[[sources]]
kind = "unstructured"
name = "texts"
path = "texts.jsonl"
"""


@pytest.fixture(scope="module")
def without_text(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """A folder where a table was built, then a text, without torch, Prefect and the text extra."""
    raw = tmp_path_factory.mktemp("raw")
    (raw / "small.toml").write_text(TABLE, encoding="utf-8")
    (raw / "texts.toml").write_text(TABLE + TEXTS, encoding="utf-8")
    (raw / "artists.csv").write_text("id,name,genre\n1,Can,krautrock\n2,Air,pop\n")
    (raw / "plays.tsv").write_text("user\titem\nu\t1\nu\t2\nv\t1\n")
    (raw / "texts.jsonl").write_text('{"id": "1", "title": "Can", "text": "A band."}\n')
    return raw, run(BUILDS, "torch", *PREFECT, *TEXT, folder=raw)


def test_graphs_are_built_without_torch_spacy_and_prefect(without_text: tuple[Path, Ended]) -> None:
    raw, ended = without_text
    assert "built" in ended.stdout, ended.stderr
    assert "krautrock" in (raw / "out" / "kg.ttl").read_text(encoding="utf-8")


def test_texts_without_spacy_end_in_one_line_that_names_the_extra(
    without_text: tuple[Path, Ended],
) -> None:
    _, ended = without_text
    assert ended.returncode == 2
    assert "music-kg-recommender[text]" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_commands_without_their_extra_end_in_one_line(tmp_path: Path) -> None:
    code = (
        "import sys, runpy; sys.argv = ['pipeline', 'datasets']; "
        "runpy.run_module('pipeline', run_name='__main__')"
    )
    ended = run(code, *CONSTRUCTION, folder=tmp_path)
    assert ended.returncode != 0
    assert "music-kg-recommender[kg]" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_recommenders_need_nothing_that_builds_graphs(tmp_path: Path) -> None:
    code = (
        "import pkgutil, importlib, recommender\n"
        "for found in pkgutil.walk_packages(recommender.__path__, 'recommender.'):\n"
        "    if not found.name.endswith('__main__'):\n"
        "        importlib.import_module(found.name)\n"
        "print('imported')\n"
    )
    ended = run(code, *PREFECT, *TEXT, *CONSTRUCTION, "optuna", "mlflow", folder=tmp_path)
    assert ended.stdout.strip() == "imported", ended.stderr


STAND_IN_FOR_SPLINK = """#!{python}
import csv, json, sys
assert sys.argv[1].startswith({site!r}), "the script of the checkout, not of the wheel"
rows = list(csv.DictReader(open(sys.argv[2])))
clusters = {{row["unique_id"]: row["title"] for row in rows}}
json.dump(
    {{"clusters": clusters, "seconds": 1, "processor_seconds": 1}}, open(sys.argv[3], "w")
)
"""


@pytest.mark.slow
def test_a_wheel_brings_the_sample_and_builds_it(tmp_path: Path) -> None:
    """Installed into a separate folder, where files of the checkout are not found."""
    source, wheels, site, work = (tmp_path / name for name in ("source", "wheels", "site", "work"))
    work.mkdir()
    # A copy, since building leaves a folder `build` behind, from which the next wheel would take.
    for name in ("safe_io", "kg_builder", "recommender", "pipeline", "flows", "service"):
        copytree(PROJECT / name, source / name, ignore=ignore_patterns("__pycache__"))
    copytree(PROJECT / "data" / "raw" / "sample", source / "data" / "raw" / "sample")
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        copy(PROJECT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [
            *pip,
            "wheel",
            str(source),
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            str(wheels),
        ],
        check=True,
    )
    [wheel] = wheels.glob("*.whl")
    ZipFile(wheel).extractall(site)  # what an installation does, without pip's two seconds
    environment = os.environ | {"PYTHONPATH": str(site)}

    def command(*words: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=work, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    command("pipeline", "build", "--dataset", "sample")
    built = work / "data" / "processed" / "sample"
    assert (built / "kg_final.txt").stat().st_size > 0
    listed = command(
        "recommender.train", "--data", str(built), "--model", "item_knn", "--out", "run"
    )
    assert "auc+acc" in listed

    # Splink needs its own environment, which CI lacks; its Python is replaced by a stub here.
    songs, peer = work / "songs.csv", work / "python"
    songs.write_text("id,song,title,artist\n1,a,Blue,Joni\n2,a,blue,JONI\n3,b,Vitamin C,Can\n")
    peer.write_text(STAND_IN_FOR_SPLINK.format(python=sys.executable, site=str(site)))
    peer.chmod(0o755)
    measured = command(
        *("pipeline", "evaluate", "matching", "--format", "csv", "--data", str(songs)),
        *("--truth", "song", "--against", "splink", "--peer-python", str(peer)),
    )
    assert "splink" in measured
