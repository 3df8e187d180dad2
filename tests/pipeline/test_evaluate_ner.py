"""`python -m pipeline evaluate ner`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from kg_builder.errors import DataError
from kg_builder.text_models.ner.bio_tags import Span, TaggedWords
from kg_builder.text_models.ner.name_lists import read_name_files
from pipeline.cli import app
from pipeline.evaluate.ner import grouped_folds, look_up

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
_FRAMES = ("songs like W by A", "anything similar to A", "sad songs for a rainy day", "more like A")


def _file(path: Path, seed: int, count: int) -> Path:
    draw = random.Random(seed)
    lines: list[str] = []
    for _ in range(count):
        for word in draw.choice(_FRAMES).split():
            label = {"A": "Artist", "W": "WoA"}.get(word)
            name = ["".join(draw.choices(_SYLLABLES, k=3)) for _ in range(draw.randint(1, 2))]
            for index, part in enumerate(name if label else [word]):
                lines.append(f"{part}\t{'BI'[index > 0]}-{label}" if label else f"{part}\tO")
        lines.append("")
    path.write_text("\n".join(lines), "utf-8")
    return path


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(
        app, ["evaluate", "ner", *map(str, arguments)], catch_exceptions=False
    )


def test_a_hidden_file_is_scored_and_errors_are_written(tmp_path: Path) -> None:
    train, test = _file(tmp_path / "train.bio", 1, 120), _file(tmp_path / "test.bio", 2, 40)
    names = tmp_path / "names.txt"
    names.write_text("Radio Mogwai\tBand\n")
    result = _run(
        "--format", "bio", "--train", train, "--test", test, "--model", "light",
        "--gazetteer", names, "--out", tmp_path / "out",
    )  # fmt: skip
    assert result.exit_code == 0
    rows = {line.split()[0]: line.split() for line in result.output.splitlines() if line.split()}
    assert float(rows["light"][-2]) > 0.9  # the F1 before the interval
    assert "look-up" in rows
    assert {"Artist", "WoA"} <= set(rows)
    assert "40 sentences scored; train has 120" in result.output
    shipped = len(read_name_files([], well_known=True))
    assert f"{shipped + 1:,} names known from elsewhere" in result.output
    errors = (tmp_path / "out" / "errors-light.tsv").read_text("utf-8")
    assert errors.startswith("kind\tgold\tfound\n")


def test_folds_take_the_place_of_a_hidden_file(tmp_path: Path) -> None:
    train = _file(tmp_path / "train.bio", 1, 60)
    result = _run("--train", train, "--folds", "2", "--model", "light", "--seed", "3")
    assert result.exit_code == 0
    assert "60 sentences scored" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either --test FILE or --folds 5"),
        (["--folds", "1"], "one fold leaves nothing"),
        (["--folds", "99"], "99 folds of 12 sentences"),
        (["--test", "none.bio"], "none.bio: no such file"),
        (["--folds", "2", "--gazetteer", "none.txt"], "none.txt: no such file"),
    ],
)
def test_mistakes_are_reported_in_one_line(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    train = _file(tmp_path / "train.bio", 1, 12)
    with pytest.raises(DataError, match=message):
        _run("--train", train, "--model", "light", *arguments)


def test_the_baseline_knows_what_training_marks() -> None:
    gold = [TaggedWords(("air", "by", "kate", "bush"), (Span(0, 1, "WoA"), Span(2, 4, "Artist")))]
    found = look_up(gold, [("more", "kate", "bush"), ("boris",)])
    assert found == [[Span(1, 3, "Artist")], []]


@given(
    st.lists(st.sampled_from(["a b", "A | b", "c", "d e f", "g"]), min_size=3, max_size=30),
    st.integers(2, 3),
)
def test_folds_part_everything_once_and_no_query_twice(texts: list[str], count: int) -> None:
    rows = [TaggedWords(tuple(text.split()), ()) for text in texts]
    folds = grouped_folds(rows, count, seed=1)
    assert sorted(index for fold in folds for index in fold) == list(range(len(rows)))
    sides: dict[str, int] = {}
    for number, fold in enumerate(folds):
        for index in fold:
            key = texts[index].casefold().replace(" |", "")
            assert sides.setdefault(key, number) == number
