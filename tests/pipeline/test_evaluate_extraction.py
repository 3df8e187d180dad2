"""The command `evaluate extraction`, from files to tables and errors."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kg_builder.errors import DataError
from pipeline.cli import app

_NAMES = ["Mira Holt", "Tomas Lind", "Ilse Marek", "Ravi Okoro", "Oda Weiss", "Karel Novak"]
_PLACES = ["Lund", "Porto", "Graz", "Brno", "Leeds", "Ghent"]


def _entry(name: str, place: str, genre: str) -> str:
    subject = name.replace(" ", "_")
    return (
        f'<entry category="Artist"><modifiedtripleset><mtriple>{subject} | birthPlace | {place}'
        f"</mtriple><mtriple>{subject} | genre | {genre}</mtriple></modifiedtripleset>"
        f"<lex>{name} was born in {place} and sings {genre}.</lex>"
        f"<lex>The {genre} singer {name} was born in {place}.</lex></entry>"
    )


@pytest.fixture
def webnlg(tmp_path: Path) -> Path:
    entries = [
        _entry(name, _PLACES[(n + k) % 6], ["jazz", "folk", "pop"][(n + k) % 3])
        for n, name in enumerate(_NAMES)
        for k in range(3)
    ]
    path = tmp_path / "train"
    path.mkdir()
    content = "".join(entries)
    (path / "a.xml").write_text(f"<benchmark><entries>{content}</entries></benchmark>")
    return path


def _run(*arguments: object, model: str = "light") -> str:
    command = ["evaluate", "extraction", "--model", model, *map(str, arguments)]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_folds_are_scored_beside_the_look_up(webnlg: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    printed = _run("--format", "webnlg", "--train", webnlg, "--folds", 2, "--by", "subject",
                   "--out", out)  # fmt: skip
    assert "2 folds: 36 texts" in printed
    assert "look-up" in printed
    assert "±" in printed
    assert "birthplace" in printed
    header = (out / "errors-light.tsv").read_text(encoding="utf-8").splitlines()[0]
    assert header.split("\t")[:3] == ["text_id", "text", "right"]


def test_a_test_file_is_scored_with_the_benchmarks_own_figure(tmp_path: Path) -> None:
    ontology, train, test = (tmp_path / name for name in ("o.json", "train.jsonl", "test.jsonl"))
    ontology.write_text(
        json.dumps({"id": "m", "concepts": [], "relations": [{"label": "composer"}]})
    )
    rows = [
        {"id": f"{n}-{k}", "sent": f"{work} was written by {name}.", "sub_label": work,
         "rel_label": "composer", "obj_label": name}
        for n, name in enumerate(_NAMES)
        for k, work in enumerate([f"Night {_PLACES[n]}", f"Old {_PLACES[n]}"])
    ]  # fmt: skip
    train.write_text("\n".join(map(json.dumps, rows)))
    # a known sentence, tokenised: once the gold names are as the sentence has them, once not
    again = {**rows[0], "sent": "Moon ( Do n't ) was written by Mira Holt."}
    train.write_text("\n".join(map(json.dumps, [*rows, {**again, "sub_label": "Moon (Don't)"}])))
    for name, strict in (("Moon ( Do n't )", "1.000"), ("Moon (Don't)", "0.000")):
        gold = [{"sub": name, "rel": "composer", "obj": "Mira Holt"}]
        test.write_text(json.dumps({"id": "t", "sent": again["sent"], "triples": gold}))
        printed = _run("--format", "text2kgbench", "--ontology", ontology, "--train", train,
                       "--test", test)  # fmt: skip
        assert "own script" in printed
        assert "test: 1 texts" in printed
        look_up = next(line for line in printed.splitlines() if line.startswith("look-up"))
        # precision, recall and F1 as written; without diacritics; however spelt
        assert look_up.split()[1:] == [*[strict] * 4, "1.000"]


def test_sentences_about_one_thing_each_are_read_subject_first(tmp_path: Path) -> None:
    ontology, train, test = (tmp_path / name for name in ("o.json", "train", "test.jsonl"))
    relations = [{"label": "composer"}, {"label": "part of"}]
    ontology.write_text(json.dumps({"id": "m", "concepts": [], "relations": relations}))
    rows = [
        {"id": f"{n}-{k}-{relation}", "sub_label": work, "rel_label": relation, "obj_label": thing,
         "sent": f"{work} was written by {name} for Old {_PLACES[k]}."}
        for n, name in enumerate(_NAMES)
        for k in range(6)
        for work in [f"{['Night', 'Blue', 'Old', 'Far', 'Last', 'First'][k]} {_PLACES[n]}"]
        for relation, thing in (("composer", name), ("part of", f"Old {_PLACES[k]}"))
    ]  # fmt: skip
    train.mkdir()
    (train / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    gold = [{"sub": "Red Sea", "rel": "composer", "obj": "Nuno Castel"}]
    row = {"id": "t", "sent": "Red Sea was written by Nuno Castel.", "triples": gold}
    test.write_text(json.dumps(row))
    printed = _run("--format", "text2kgbench", "--ontology", ontology, "--train", train,
                   "--test", test, "--curve", "--out", tmp_path, model="auto")  # fmt: skip
    assert "subject-first" in printed
    assert "light" not in printed  # a tenth of the texts is read in the same way
    assert (tmp_path / "curve.png").is_file()
    with pytest.raises(DataError, match="finds the subject itself"):
        _run("--format", "text2kgbench", "--ontology", ontology, "--train", train,
             "--test", test, "--gold-spans", model="subject-first")  # fmt: skip


def test_all_stated_triples_are_wanted_where_the_test_is_completely_annotated(
    tmp_path: Path,
) -> None:
    ontology, train, test = (tmp_path / name for name in ("o.json", "train.jsonl", "test.jsonl"))
    relations = [{"label": "composer"}, {"label": "part of"}]
    ontology.write_text(json.dumps({"id": "m", "concepts": [], "relations": relations}))
    rows = [
        # of the two triples that each sentence states, one is annotated
        {"id": f"{n}-{k}", "sub_label": work, "rel_label": relation, "obj_label": thing,
         "sent": f"{work} was written by {name} for Old {_PLACES[k]}."}
        for n, name in enumerate(_NAMES)
        for k in range(6)
        for work in [f"{['Night', 'Blue', 'Old', 'Far', 'Last', 'First'][k]} {_PLACES[n]}"]
        for relation, thing in [[("composer", name), ("part of", f"Old {_PLACES[k]}")][(n + k) % 2]]
    ]  # fmt: skip
    train.write_text("\n".join(map(json.dumps, rows)))
    sentence = "Red Sea was written by Nuno Castel for Old Turin."
    named = {"sub_label": "Red Sea", "rel_label": "composer", "obj_label": "Nuno Castel"}
    both = [("composer", "Nuno Castel"), ("part of", "Old Turin")]
    triples = [{"sub": "Red Sea", "rel": relation, "obj": name} for relation, name in both]
    numbers = []
    for row in ({"sent": sentence, **named}, {"sent": sentence, "triples": triples}):
        test.write_text(json.dumps(row))
        printed = _run("--format", "text2kgbench", "--ontology", ontology, "--train", train,
                       "--test", test, model="subject-first")  # fmt: skip
        stated = re.findall(r"^(?:composer|part of) +\d+ +(\d+)", printed, re.MULTILINE)
        numbers.append(sum(map(int, stated)))
    assert numbers[0] < numbers[1] == 2


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "what to score"),
        (["--folds", "1"], "one fold"),
        (["--folds", "2", "--format", "text2kgbench"], "which ontology"),
        (["--test", "nowhere"], "no such file"),
        (["--folds", "2", "--category", "Food"], "no text of category"),
        (["--folds", "9"], "6 groups of texts cannot make 9 folds"),
    ],
)
def test_mistakes_are_one_line(webnlg: Path, arguments: list[str], fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        _run("--train", webnlg, *arguments)
