"""Columns that describe the artist, tracks as sets, numbers in titles, and the check of a fit."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.evaluation.matching import pairwise
from kg_builder.fusion import FusionConfig, match_records
from kg_builder.fusion.compare import NAME, SHARED_BY, Comparison
from kg_builder.fusion.fit_check import check_fit
from kg_builder.fusion.measures import MISSING, Contents, Feature
from kg_builder.fusion.score import FellegiSunter
from kg_builder.fusion.title_words import read_words
from kg_builder.fusion.volume_marks import NUMBERS, number_levels, numbers_in_title
from kg_builder.fusion.word_overlap import Wording
from kg_builder.ontology import load_schema
from kg_builder.tables import RECORDS

SYLLABLES = ("ba", "ko", "ri", "lu", "men", "tas", "vor", "shi", "dal", "quen", "zop", "fyr")


def word(rng):
    return "".join(SYLLABLES[i] for i in rng.integers(len(SYLLABLES), size=3))


def discs(*, misleading, tracks=True, artists=90, doubles=25, seed=3):
    """Records of discs, six per artist, few duplicated; true clusters by record key."""
    rng = np.random.default_rng(seed)
    rows, truth = [], {}

    def add(thing, title, stated):
        key = f"discs/{len(rows)}"
        truth[key] = thing
        rows.append(
            {
                "record": key, "source": "discs", "record_id": str(len(rows)), "type": "Album",
                "name": title, "aliases": [], "external_ids": [],
                "attributes": json.dumps(stated), "evidence": f"discs.csv#line={len(rows)}",
            }
        )  # fmt: skip

    things = []
    for _ in range(artists):
        artist = f"{word(rng)} {word(rng)}"
        own = {name: [f"{name} {rng.integers(4)}"] for name in misleading}
        for disc in range(6):
            title = f"{word(rng)} {word(rng)}"
            names = [f"{title} vol 1", f"{title} vol 2"] if disc == 0 else [title]
            for name in names:
                songs = [f"{word(rng)} {word(rng)}" for _ in range(8)]
                things.append((len(things), name, {"performer": [artist], **own}, songs))
    for thing, title, stated, songs in things:
        add(thing, title, stated | ({"~onAlbum": songs} if tracks else {}))
    for place in rng.choice(len(things), size=doubles, replace=False).tolist():
        thing, title, stated, songs = things[place]
        copied = {**stated, "~onAlbum": songs[:-1]} if tracks else stated
        add(thing, title[:4] + title[5:], copied)
    return RECORDS.frame(rows), truth


def resolved(records, truth):
    matching = match_records(records, FusionConfig(), schema=load_schema(), traits={})
    of = [str(truth[key]) for key in matching.profiles.record]
    return pairwise(matching.clustering.label.tolist(), of), matching


@pytest.mark.parametrize("misleading", [(), ("genre",), ("genre", "recordLabel", "language")])
def test_columns_about_the_artist_do_not_merge_his_discs(misleading: tuple[str, ...]) -> None:
    records, truth = discs(misleading=misleading)
    score, _ = resolved(records, truth)
    assert score.f1 >= 0.9


def test_the_volumes_of_a_set_stay_apart_without_tracks() -> None:
    records, truth = discs(misleading=("genre",), tracks=False)
    score, _ = resolved(records, truth)
    assert score.precision >= 0.9


def test_a_wrong_fit_is_noticed_without_labels() -> None:
    records, truth = discs(misleading=("genre", "recordLabel"), doubles=80)
    _, matching = resolved(records, truth)
    assert isinstance(matching.scorer, FellegiSunter)
    assert check_fit(matching.scorer, matching.comparison).warnings() == []
    wrong = FellegiSunter().fit(matching.comparison)
    agreeing = {"performer", "genre", "recordLabel"}
    wrong.weights = {
        name: np.linspace(-6, 6, weights.size // 2) * np.full((2, 1), float(name in agreeing))
        for name, weights in wrong.weights.items()
    }
    apart = np.zeros(len(matching.comparison), dtype=bool)  # without the cap within one source
    warnings = check_fit(wrong, replace(matching.comparison, one_source=apart)).warnings()
    assert any("'~onAlbum'" in line and "looks wrong" in line for line in warnings)


def test_a_level_that_no_pair_shows_lends_its_weight_to_no_other() -> None:
    """Frequent agreement among both kinds of pairs weighs little, whatever lies below it."""
    genre = Feature(
        "genre", ("disjoint", "alike", "same"), match=(0.3, 0.2, 0.5), other=(0.6, 0.2, 0.2)
    )
    name = Feature("name", ("other", "equal"), match=(0.1, 0.9), other=(0.9, 0.1), anchored=True)
    count = 4000
    equal = np.arange(count) < 40
    levels = np.column_stack((equal, np.where(np.arange(count) % 2, 2, 0))).astype(np.int8)
    comparison = Comparison(
        np.column_stack((np.arange(count), np.arange(count) + count)), (name, genre), levels,
        np.zeros(count), np.zeros(count), np.zeros(count, dtype=bool), (),
        np.empty((count, 0), dtype=np.float32),
    )  # fmt: skip
    scorer = FellegiSunter().fit(comparison)
    assert scorer.weights["genre"][0, 2] < 1.0


@pytest.mark.parametrize(
    ("records", "disjoint", "matches"),
    [("up to 2", 0.3, True), ("up to 256", 0.02, False)],
)
def test_equal_names_that_share_nothing_else(records: str, disjoint: float, matches: bool) -> None:
    """They stay telling where nothing contradicts them, but not the names of many records."""
    works = Feature(
        "works", ("disjoint", "same"), match=(disjoint, 1 - disjoint), other=(0.9, 0.1),
        strength=12.0, anchored=True,
    )  # fmt: skip
    often = SHARED_BY.levels.index(records)
    levels = np.array(
        [(6, 0, often)] * 400 + [(6, 1, often)] * 40 + [(1, 0, MISSING)] * 100, dtype=np.int8
    )
    n = len(levels)
    comparison = Comparison(
        np.column_stack((np.arange(n), np.arange(n) + n)), (NAME, works, SHARED_BY), levels,
        np.zeros(n), np.zeros(n), np.zeros(n, dtype=bool), (), np.empty((n, 0), dtype=np.float32),
    )  # fmt: skip
    assert (FellegiSunter().fit(comparison).probability(comparison)[0] > 0.9) == matches


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (["intro", "blue sky", "red river"], ["intro", "cold war", "long road"], 0),
        (["blue sky", "red river", "long road"], ["blue skye", "long road", "red river"], 4),
        (["1 blue sky", "2 red river"], ["blue sky", "red river"], 4),
        (["abc blue sky", "abc red river", "abc long road"], ["blue sky", "red river"], 3),
        (["track 1", "track 2"], ["blue sky"], -1),
        ([], ["blue sky"], -1),
        (["blue sky"], ["red river"], -1),
        (["blue sky"], ["red river", "blue sky", "cold war"], 4),
    ],
)
def test_tracks_are_compared_as_sets(one: list[str], other: list[str], level: int) -> None:
    assert Contents().level(one, other) == level


NAMES = st.lists(st.text("ab c12", max_size=12), max_size=6)


@given(NAMES, NAMES)
def test_the_order_of_lists_and_sides_does_not_matter(one: list[str], other: list[str]) -> None:
    measure = Contents()
    assert measure.level(one, other) == measure.level(other, one)
    assert measure.level(one[::-1], other) == measure.level(one, other)


@pytest.mark.parametrize(
    ("title", "numbers"),
    [
        ("hits vol 2", ["2"]),
        ("hits cd1", ["1"]),
        ("hits iii", ["3"]),
        ("singles i", ["1"]),
        ("live v", ["5"]),
        ("hits volume two", ["2"]),
        ("two of us", []),
        ("i want you", []),
        ("disc 01 of 2", ["1", "2"]),
        ("session 10 0", ["10", "0"]),
        ("side b", ["b"]),
        ("best of r e m", []),
    ],
)
def test_numbers_in_titles(title: str, numbers: list[str]) -> None:
    assert numbers_in_title(title.split()) == numbers


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Session 10-0", "Session 10-1", "differ"),
        ("Session 07", "Session 7", "agree"),
        ("Live I", "Live II", "differ"),
        ("Live V", "Live 5", "agree"),
        ("Side A", "Side B", "differ"),
        ("Etude Op. 2 No. 3", "Etude Op. 3 No. 2", "differ"),
        ("Etude Op. 2 5", "Etude Op. 25", "agree"),
        ("1/2", "2/1", "differ"),
        ("2/2", "2/1", "differ"),
        ("Session 1-1", "Session 1-2", "differ"),
        ("Live 2", "Live", "on one side"),
        ("Vitamin C", "Vitamin", None),
        ("Live", "Alive", None),
    ],
)
def test_numbers_of_two_albums(one: str, other: str, level: str | None) -> None:
    """The digit of the performer's name, which both have, explains no number of a title."""
    stated = {"performer": ["Band C2"]}
    schema = load_schema()
    wording = Wording([read_words(title, stated, schema) for title in (one, other)])
    pairs = np.array([[0, 1], [1, 0]])
    expected = MISSING if level is None else NUMBERS.levels.index(level)
    assert number_levels(wording, pairs, np.zeros(2, dtype=bool)).tolist() == [expected] * 2


@pytest.mark.parametrize("title", ["Session {band}-{mark}", "Live {roman}", "Take {letter}"])
def test_a_regular_catalogue_without_duplicates_keeps_its_albums_apart(title: str) -> None:
    """Pairs of one band's albums are the most similar of all, but differ in a number or letter."""
    rng, rows = np.random.default_rng(5), []
    for band in range(40):
        performer = f"{word(rng)} {word(rng)} Quartet"
        for mark in range(2):
            name = title.format(band=band, mark=mark, roman="I" * (mark + 1), letter="AB"[mark])
            stated = {"performer": [performer], "releaseDate": [str(1970 + band)]}
            rows.append(
                {
                    "record": f"pages/{band}-{mark}", "source": "pages", "record_id": name,
                    "type": "Album", "name": name, "aliases": [], "external_ids": [],
                    "attributes": json.dumps(stated), "evidence": f"{band}.html#{mark}",
                }
            )  # fmt: skip
    records = RECORDS.frame(rows)
    _, matching = resolved(records, {key: key for key in records["record"]})
    assert len(set(matching.clustering.label.tolist())) == len(records)
