"""`python -m pipeline train-extractor` on a built folder."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kg_builder.errors import DataError
from kg_builder.extraction import UnstructuredSource
from kg_builder.extraction.text.documents import TextDocument
from kg_builder.extraction.text.reader import TextReader
from kg_builder.ontology import load_schema
from kg_builder.tables import RECORDS, STATEMENTS
from kg_builder.text_models.load import load_models
from pipeline.artefacts import write_table
from pipeline.cli import app

_SYLLABLES = [
    "ra",
    "dio",
    "mog",
    "wai",
    "por",
    "tis",
    "kra",
    "ter",
    "zu",
    "lem",
    "bo",
    "nik",
    "sha",
]
_FRAMES = (
    "{band} formed in {city} in 1991.",
    "{band} are a group from {city}.",
    "The members of {band} grew up in {city}.",
)


def _name(draw: random.Random) -> str:
    return "".join(draw.choices(_SYLLABLES, k=3)).capitalize()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A processed folder with thirty bands and their cities, and texts about them."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "stages/extraction").mkdir(parents=True)
    draw = random.Random(5)
    records, statements, texts = [], [], []
    for number in range(30):
        band, city = f"{_name(draw)} {_name(draw)}", _name(draw)
        for key, name, type_ in ((f"c/b{number}", band, "Band"), (f"c/p{number}", city, "Place")):
            records.append(
                {
                    "record": key, "source": "c", "record_id": key, "type": type_, "name": name,
                    "aliases": [], "external_ids": [], "attributes": "{}", "evidence": "c.csv",
                }
            )  # fmt: skip
        statements.append(
            {
                "subject": f"c/b{number}", "predicate": "origin", "object": f"c/p{number}",
                "object_kind": "record", "source": "c", "method": "mapping", "confidence": 1.0,
                "evidence": "c.csv", "inferred": False,
            }
        )  # fmt: skip
        text = draw.choice(_FRAMES).format(band=band, city=city)
        texts.append(json.dumps({"id": f"B{number}", "title": band, "text": text}))
    write_table(RECORDS.frame(records), RECORDS, folder / "records.parquet")
    write_table(
        STATEMENTS.frame(statements), STATEMENTS, folder / "stages/extraction/statements.parquet"
    )
    (folder / "texts.jsonl").write_text("\n".join(texts) + "\n", "utf-8")
    return folder


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(
        app, ["train-extractor", *map(str, arguments)], catch_exceptions=False
    )


def test_facts_and_texts_make_an_extractor_that_a_build_can_use(
    built: Path, tmp_path: Path
) -> None:
    learnt = ("--data", built, "--texts", built / "texts.jsonl", "--seed", 4)
    result = _run(*learnt, "--out", tmp_path / "one")
    assert result.exit_code == 0
    for words in ("origin", "Band", "Place", "30 facts of structured sources; 30 texts"):
        assert words in " ".join(result.output.split())
    rows = {line.split()[0]: line.split() for line in result.output.splitlines() if line.split()}
    assert float(rows["names"][-1]) > 0.8  # held-out F1

    assert _run(*learnt, "--no-measure", "--out", tmp_path / "two").exit_code == 0
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert {path.parts[0] for path in files} == {"names", "relations"}
    for path in files:
        same = (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()
        assert same, path

    source = UnstructuredSource.model_validate(
        {"kind": "unstructured", "name": "b", "path": "x", "model": None,
         "trained": {"path": "one"}}
    )  # fmt: skip
    text = "Zulem Nikra are a group from Boshater."
    reader = TextReader(source, load_schema(), models=load_models(source, tmp_path))
    ((read, relations),) = reader.read([TextDocument("1", "Zulem Nikra", text, "x")])
    assert ("Boshater", "Place") in {(item.text, item.type) for item in read.mentions}
    assert {item.predicate for item in relations} == {"origin"}


def test_nothing_to_learn_from_is_reported(built: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing to learn from"):
        _run("--out", tmp_path / "x")
    with pytest.raises(DataError, match="no such file"):
        _run("--data", tmp_path, "--texts", built / "texts.jsonl", "--out", tmp_path / "x")
    with pytest.raises(DataError, match=r"none\.jsonl: no such file"):
        _run("--data", built, "--texts", tmp_path / "none.jsonl", "--out", tmp_path / "x")
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join((built / "texts.jsonl").read_text().splitlines()[:3]) + "\n")
    with pytest.raises(DataError, match="sentences to train names on"):
        _run("--data", built, "--texts", few, "--no-measure", "--out", tmp_path / "x")
