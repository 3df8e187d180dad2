"""Splits by time: training rows precede test rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender import ConfigError, DataError, load, load_run, split
from recommender.data import Dataset, Interactions, KnowledgeGraph
from recommender.data.catalogue import Catalogue
from recommender.data.resampled_negatives import redraw_negatives
from recommender.data.splits import SplitKind
from recommender.data.times import PositiveTimes
from recommender.errors import RunError
from recommender.evaluate import main as evaluate
from recommender.train import main

N_ITEMS = 200


@st.composite
def dated(draw: st.DrawFn, most_times: int = 30) -> Dataset:
    """Up to eight users with 0 to 12 positives each, ties among their times, and negatives."""
    sizes = draw(st.lists(st.integers(0, 12), min_size=1, max_size=8))
    ratio = draw(st.integers(0, 3))
    pairs = [(user, item) for user, size in enumerate(sizes) for item in range(size)]
    pairs += [(len(sizes), item) for item in range(10)]  # never too few rows
    when = draw(st.lists(st.integers(-5, most_times), min_size=len(pairs), max_size=len(pairs)))
    rows = [
        row
        for user, item in pairs
        for row in ((user, item, 1), *((user, 20 + ratio * item + n, 0) for n in range(ratio)))
    ]
    none = np.zeros(0, dtype=np.int64)
    keys = np.array([user * N_ITEMS + item for user, item in pairs])
    return Dataset(
        Path("dated"),
        Interactions(*np.array(rows, dtype=np.int64).T.copy()),
        KnowledgeGraph(none, none, none, N_ITEMS, 0),
        len(sizes) + 1,
        N_ITEMS,
        Catalogue(Path("dated")),
        times=PositiveTimes(keys, np.array(when, dtype=np.int64), N_ITEMS),
    )


def times_of(data: Dataset, part) -> np.ndarray:
    positive = part.labels == 1
    assert data.times is not None
    return data.times.of(part.users[positive], part.items[positive])


def table(part) -> list[tuple[int, int, int]]:
    return list(zip(part.users.tolist(), part.items.tolist(), part.labels.tolist(), strict=True))


@settings(max_examples=200, deadline=None)
@given(dated(), st.integers(0, 5))
def test_no_training_positive_is_later_than_a_tested_one(data: Dataset, seed: int) -> None:
    assert data.times is not None
    if len(np.unique(data.times.times)) < 3:
        with pytest.raises(ConfigError, match="time-per-user"):
            split(data, seed, by="time")
        return
    parts = split(data, seed, by="time")
    train, valid, test = (times_of(data, part) for part in (parts.train, parts.valid, parts.test))
    # strictly: equal times are never parted
    assert train.max() < valid.min() and valid.max() < test.min()


@settings(max_examples=100, deadline=None)
@given(dated(), st.sampled_from(["time", "time-per-user"]), st.integers(0, 5))
def test_every_row_is_in_one_part_and_seeds_decide(data: Dataset, by: SplitKind, seed: int) -> None:
    try:
        parts = split(data, seed, by=by)
    except ConfigError:
        return
    rows = [row for part in (parts.train, parts.valid, parts.test) for row in table(part)]
    assert sorted(rows) == sorted(table(data.interactions))
    again = split(data, seed, by=by)
    assert table(parts.train) == table(again.train) and table(parts.test) == table(again.test)


@settings(max_examples=100, deadline=None)
@given(dated(), st.sampled_from(["time", "time-per-user"]), st.integers(0, 5))
def test_a_user_has_negatives_where_he_has_positives(
    data: Dataset, by: SplitKind, seed: int
) -> None:
    try:
        parts = split(data, seed, by=by)
    except ConfigError:
        return
    per_positive = np.count_nonzero(data.interactions.labels == 0) // len(
        data.interactions.positives[0]
    )
    for part in (parts.train, parts.valid, parts.test):
        positives = np.bincount(part.users[part.labels == 1], minlength=data.n_users)
        negatives = np.bincount(part.users[part.labels == 0], minlength=data.n_users)
        assert (negatives == per_positive * positives).all()


@settings(max_examples=100, deadline=None)
@given(dated(), st.integers(0, 5))
def test_the_last_fifth_of_each_user_is_tested(data: Dataset, seed: int) -> None:
    parts = split(data, seed, by="time-per-user")
    for user in range(data.n_users):
        mine = [rows_of_user(part, user) for part in (parts.train, parts.valid, parts.test)]
        train, valid, test = (times_of(data, part) for part in mine)
        n = len(train) + len(valid) + len(test)
        assert (len(valid), len(test)) == (n // 5, n // 5)
        if len(test):
            assert max(train.max(), valid.max()) <= test.min()
            assert train.max() <= valid.min()


def rows_of_user(part, user: int) -> Interactions:
    of_user = part.users == user
    return Interactions(part.users[of_user], part.items[of_user], part.labels[of_user])


def test_cuts_lie_as_near_to_the_ratios_as_ties_allow() -> None:
    """Ten positives on the days 1 1 1 1 1 2 2 2 3 3: 5, 3 and 2 of them."""
    items = np.arange(10)
    none = np.zeros(0, dtype=np.int64)
    days = np.array([1, 1, 1, 1, 1, 2, 2, 2, 3, 3])
    data = Dataset(
        Path("days"),
        Interactions(np.zeros(10, np.int64), items, np.ones(10, np.int64)),
        KnowledgeGraph(none, none, none, 10, 0),
        1,
        10,
        Catalogue(Path("days")),
        times=PositiveTimes(items, days, 10),
    )
    parts = split(data, by="time")
    assert [len(part) for part in (parts.train, parts.valid, parts.test)] == [5, 3, 2]


@pytest.fixture
def dated_folder(toy_data: Path, tmp_path: Path) -> Path:
    """The toy data with a time for each positive: the later, the larger the item's number."""
    folder = tmp_path / "toy"
    shutil.copytree(toy_data, folder, ignore=shutil.ignore_patterns("models"))
    users, items = load(folder).interactions.positives
    rows = [f"{u}\t{i}\t{1000 + 7 * i}" for u, i in zip(users, items, strict=True)]
    (folder / "ratings_times.tsv").write_text("\n".join(["user\titem\ttime", *rows]) + "\n")
    return folder


def test_times_survive_negatives_drawn_anew(dated_folder: Path) -> None:
    parts = split(redraw_negatives(load(dated_folder), 1), 1, by="time")
    train, test = (part.items[part.labels == 1] for part in (parts.train, parts.test))
    assert train.max() < test.min()


def test_a_folder_without_times_says_what_to_do(toy_data: Path) -> None:
    with pytest.raises(DataError, match=r"ratings_times.tsv: no such file.*\[\[interactions\]\]"):
        split(load(toy_data), by="time")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user\titem\ttime\n0\t0\tsoon\n", "no table of integers"),
        ("who\twhat\twhen\n0\t0\t1\n", "heading"),
        ("user\titem\ttime\n0\t0\t1\n", "not the positives of the ratings"),
    ],
)
def test_a_damaged_file_is_refused(dated_folder: Path, text: str, message: str) -> None:
    (dated_folder / "ratings_times.tsv").write_text(text)
    with pytest.raises(DataError, match=f"{message}.*build the data set again"):
        load(dated_folder)


def test_a_run_is_measured_on_the_split_that_it_was_trained_on(
    dated_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    words = ["--data", str(dated_folder), "--model", "popularity", "--split", "time"]
    assert main([*words, "--out", str(run), "--device", "cpu"]) == 0
    loaded = load_run(run)
    assert loaded.config.training.split == "time"
    assert loaded.split.test.items[loaded.split.test.labels == 1].min() > 15
    assert evaluate(["--run", str(run)]) == 0
    # other times are another split
    path = dated_folder / "ratings_times.tsv"
    path.write_text(path.read_text().replace("\t1000\n", "\t1001\n"))
    with pytest.raises(RunError, match="not the data"):
        load_run(run)


def test_a_run_on_a_random_split_does_not_depend_on_times(
    dated_folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    words = ["--data", str(dated_folder), "--model", "popularity", "--out", str(run)]
    assert main([*words, "--device", "cpu"]) == 0
    (dated_folder / "ratings_times.tsv").unlink()
    assert load_run(run).config.training.split == "random"


def test_a_pair_with_two_times_is_refused(dated_folder: Path) -> None:
    path = dated_folder / "ratings_times.tsv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[1]]))
    with pytest.raises(
        DataError, match=rf"ratings_times\.tsv:{len(lines) + 1}: a pair that occurs"
    ):
        load(dated_folder)
