"""`python -m recommender.held_out_pairs`: pairs to exclude from a split's graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from recommender import DataError, load, split
from recommender.held_out_pairs import held_out_pairs, main


def test_all_held_out_positives_in_raw_ids_and_no_training_row(
    named_toy_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "pairs.tsv"
    assert main(["--data", str(named_toy_data), "--split-seed", "3", "--out", str(out)]) == 0
    heading, *lines = out.read_text().splitlines()
    assert heading == "user\titem"
    parts = split(load(named_toy_data), 3)
    expected = {
        f"{100 + user}\ta{item}"
        for part in (parts.valid, parts.test)
        for user, item, label in zip(part.users, part.items, part.labels, strict=True)
        if label
    }
    assert set(lines) == expected
    assert len(lines) == len(expected)
    users, items = parts.train.positives
    assert not expected & {f"{100 + u}\ta{v}" for u, v in zip(users, items, strict=True)}


def test_the_split_is_the_one_that_is_asked_for(named_toy_data: Path, tmp_path: Path) -> None:
    written = []
    for flags in (["--split-seed", "1"], ["--split-seed", "2"], ["--ratios", ".8", ".1", ".1"]):
        out = tmp_path / "pairs.tsv"
        main(["--data", str(named_toy_data), "--out", str(out), *flags])
        written.append(out.read_text().splitlines())
    assert written[0] != written[1]
    assert len(written[2]) < len(written[0])


def test_an_item_of_several_raw_ids_gives_a_pair_for_each(
    named_toy_data: Path, tmp_path: Path
) -> None:
    for path in named_toy_data.glob("*.t*"):
        text = path.read_text()
        if path.name == "items.tsv":
            text = "\n".join(line.replace("\ta", "\tb|") for line in text.splitlines()) + "\n"
        (tmp_path / path.name).write_text(text)
    pairs = list(held_out_pairs(split(load(tmp_path), 1)))
    assert len(pairs) == 2 * len(list(held_out_pairs(split(load(named_toy_data), 1))))
    assert {raw for _, raw in pairs[::2]} == {"b"}


def test_integers_are_not_passed_off_as_raw_ids(toy_data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"users\.tsv: no such file; it has the publisher's ids"):
        main(["--data", str(toy_data), "--out", str(tmp_path / "pairs.tsv")])
