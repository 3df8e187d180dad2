"""A split of one's own, from a file in the data folder."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from recommender.data import load, split
from recommender.data.given_parts import PARTS_FILE
from recommender.errors import DataError

NAMES = np.array(["train", "valid", "test"])


@pytest.fixture
def folder(named_toy_data, tmp_path):
    shutil.copytree(named_toy_data, tmp_path / "toy")
    return tmp_path / "toy"


def write(folder, parts):
    users, items = load(folder).interactions.positives
    rows = zip(users.tolist(), items.tolist(), NAMES[parts].tolist(), strict=True)
    lines = ["user\titem\tpart", *("\t".join(map(str, row)) for row in rows)]
    (folder / PARTS_FILE).write_text("\n".join(lines) + "\n")
    return lines


def test_positives_are_where_the_file_says_and_negatives_in_proportion(folder):
    users, items = load(folder).interactions.positives
    parts = np.random.default_rng(1).integers(0, 3, len(users))
    write(folder, parts)
    found = split(load(folder), by="given")
    for number, part in enumerate((found.train, found.valid, found.test)):
        positive = part.labels == 1
        pairs = set(zip(part.users[positive].tolist(), part.items[positive].tolist(), strict=True))
        mine = parts == number
        assert pairs == set(zip(users[mine].tolist(), items[mine].tolist(), strict=True))
        assert 0.7 < (~positive).sum() / positive.sum() < 1.4
    assert found.dataset.hashes(split_file=PARTS_FILE).keys() >= {PARTS_FILE}
    again = split(load(folder), by="given")
    assert np.array_equal(again.test.items, found.test.items)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], "1 positive has no part, such as user"),
        (lambda lines: [*lines, lines[-1]], r":\d+: .* occurs earlier"),
        (lambda lines: [*lines, "0\t999\ttrain"], "no positive of ratings_final"),
        (lambda lines: [*lines, "0\t1\tdev"], "no pair of integers with train, valid or test"),
        (lambda lines: [*lines, "0.5\t1\ttrain"], "no pair of integers with train, valid or test"),
        (lambda lines: [*lines[:2], "", *lines[2:]], ":3: .* no pair of integers"),
        (lambda lines: lines[1:], "the heading is not user<TAB>item<TAB>part"),
        (lambda lines: [line.replace("valid", "test") for line in lines], "a part has no row"),
    ],
)
def test_a_wrong_file_is_an_error_with_the_line(folder, change, message):
    lines = write(folder, np.arange(len(load(folder).interactions.positives[0])) % 3)
    (folder / PARTS_FILE).write_text("\n".join(change(lines)) + "\n")
    with pytest.raises(DataError, match=message):
        split(load(folder), by="given")


def test_without_the_file_the_error_names_it(folder):
    with pytest.raises(DataError, match=PARTS_FILE):
        split(load(folder), by="given")
