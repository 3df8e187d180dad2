from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.fusion import FusionConfig, match_records
from kg_builder.fusion.compare import SHARED_BY, compare
from kg_builder.fusion.measures import MISSING
from kg_builder.fusion.misplaced_values import restore_misplaced_values
from kg_builder.fusion.pair_measures import core_and_version
from kg_builder.fusion.profiles import profile
from kg_builder.fusion.title_words import Words, album_year, read_words, title_words
from kg_builder.fusion.word_overlap import Wording
from kg_builder.ontology import load_schema
from kg_builder.tables import RECORDS

SCHEMA = load_schema()
ORDER = ("performer", "onAlbum", "genre", "price", "recordLabel", "duration", "releaseDate")


def song(key, name, **stated):
    source, _, record_id = key.partition("/")
    return {
        "record": key,
        "source": source,
        "record_id": record_id,
        "type": "Song",
        "name": name,
        "aliases": [],
        "external_ids": [],
        "attributes": json.dumps({predicate: [value] for predicate, value in stated.items()}),
        "evidence": f"{source}.csv#line={record_id}",
    }


def resolved(rows):
    matching = match_records(RECORDS.frame(rows), FusionConfig(), schema=SCHEMA, traits={})
    label = matching.clustering.label.tolist()
    return dict(zip(matching.profiles.record, label, strict=True))


def album(source, name, titles, title_of, **stated):
    return [
        song(f"{source}/{name}{number}", title_of(title), **stated)
        for number, title in enumerate(titles, start=1)
    ]


def test_a_song_is_found_wherever_a_source_puts_artist_and_album():
    titles = ["Paper Lanterns", "Slow River", "The Glass Harbour", "Copper Sky"]
    artist, name = "Mira Holt", "Northern Line"
    first = album("a", name, titles, f"{artist} - {{}}".format, onAlbum=name)
    second = album("b", name, titles, f"{{}} ({name})".format, performer=artist)
    other = album(
        "b", "Weather", ["Red Kite", "Long Field"], "{} (Weather)".format, performer="Otto Brandt"
    )
    found = resolved([*first, *second, *other])
    for number in range(1, 5):
        assert found[f"a/Northern Line{number}"] == found[f"b/Northern Line{number}"]
    assert len(set(found.values())) == 6


def test_text_in_a_cell_for_numbers_shows_a_shifted_row():
    words = read_words("2", {"performer": ["298"], "duration": ["The Shakes - Baby"]}, SCHEMA)
    assert words.displaced
    assert {"shakes", "baby"} <= set(words.all)
    assert not read_words("Baby", {"duration": ["3:41"]}, SCHEMA).displaced


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("004-Wings of Desire", "wings of desire"),
        ("99 Luftballons", "99 luftballons"),
        ("7. Intro", "intro"),
        ("Closer [feat. Mike Posner] [Explicit]", "closer"),
        ("Autonomy (Lucky Date Mix)", "autonomy lucky date mix"),
        ("(unknown)", ""),
        ("[Explicit]", "explicit"),
    ],
)
def test_a_title_is_what_names_the_work(name, words):
    assert title_words(name) == words.split()


def test_a_year_in_brackets_belongs_to_the_album():
    assert (album_year("Sorcerer (2011)"), album_year("1984"), album_year("X (live)")) == (
        "2011", "", "",
    )  # fmt: skip


def test_versions_are_distinguished_from_guests():
    assert core_and_version("Blame (feat. John Newman) [Burns Remix]") == (
        "blame",
        frozenset({"burns", "remix"}),
    )


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=5), min_size=2, max_size=8))
def test_overlap_has_no_direction_and_is_whole_with_itself(texts):
    words = [Words(tuple(dict.fromkeys(t[:2])), tuple(dict.fromkeys(t)), False) for t in texts]
    wording = Wording(words)
    pairs = np.array([[0, 1], [1, 0], [0, 0]])
    overlap = wording.overlap(pairs)
    for column in (overlap.shared, overlap.share, overlap.title, overlap.left_over):
        np.testing.assert_allclose(column[0], column[1])
    if wording.mass[0] > 0:
        assert overlap.share[2] == pytest.approx(1, abs=1e-5)
        assert overlap.left_over[2] == pytest.approx(0, abs=1e-5)


def test_a_misspelt_performer_is_shared_and_not_left_over():
    """Of a frequent title, the performer is nearly all that the words of a record weigh."""
    others = [read_words("Love", {"performer": [f"Singer{k}"]}, SCHEMA) for k in range(30)]
    names = ("Ratreal Bandpatma", "Ratrea lBandpatma")
    words = [read_words("Love", {"performer": [name]}, SCHEMA) for name in names]
    overlap = Wording([*words, *others]).overlap(np.array([(0, 1), (0, 2)]))
    assert overlap.share[0] > 0.8 > 0.3 > overlap.share[1]
    assert overlap.left_over[0] < 0.3 < 0.8 < overlap.left_over[1]


def compared_names(names):
    rows = [song(f"a/{index}", name) for index, name in enumerate(names)]
    profiles = profile(RECORDS.frame(rows), schema=SCHEMA, traits={})
    index = profiles.position
    pairs = np.array([(index["a/0"], index["a/1"]), (index["a/2"], index["a/3"])])
    return compare(profiles, pairs, {}, SCHEMA)


def test_a_name_of_many_records_is_told_from_one_of_few():
    found = compared_names(["Love", "Love", "Gloria", "Gloriah", *["Love"] * 14])
    column = found.features.index(SHARED_BY)
    levels = [SHARED_BY.levels[level] for level in found.levels[:, column].tolist()]
    assert levels == ["up to 16", "up to 2"]
    many = compared_names(["Love", "Love", "Gloria", "Beirut", *["Love"] * 5000])
    column = many.features.index(SHARED_BY)
    assert SHARED_BY.levels[many.levels[0, column]] == "more than 2,048"
    assert many.levels[1, column] == MISSING  # of different names it says nothing


def test_values_in_the_title_go_back_to_their_cells():
    rows = [
        song("a/1", "Silver and Gold Little Big Town Country $ 1.29 3:33", onAlbum="Pain Killer"),
        song("a/2", "Live Forward", performer="Little Big Town", genre="Country"),
        song("a/3", "Country Road (Live in 1999)", performer="Otto Brandt", genre="Folk"),
    ]
    records, moved = restore_misplaced_values(RECORDS.frame(rows), ORDER)
    assert records["name"].tolist() == ["Silver and Gold", "Live Forward", rows[2]["name"]]
    assert moved == 4
    assert json.loads(records["attributes"][0]) == {
        "onAlbum": ["Pain Killer"],
        "performer": ["Little Big Town"],
        "genre": ["Country"],
        "price": ["$ 1.29"],
        "duration": ["3:33"],
    }


def test_works_without_words_meet_where_chance_is_no_explanation():
    rows = [
        song(
            f"{source}/{number}", f"{title} of day {number}" if source == "a" else f"{number:03}-",
            duration=f"{2 + number // 60}:{number % 60:02}", releaseDate=str(1960 + number % 47),
            trackNumber=str(number % 13 + 1), language="Japanese",
        )
        for number, title in enumerate(["Rain", "Snow", "Wind"] * 20)
        for source in "ab"
    ]  # fmt: skip
    found = resolved(rows)
    right = sum(found[f"a/{number}"] == found[f"b/{number}"] for number in range(60))
    assert right >= 50
    assert len(set(found.values())) >= 60


def test_equal_length_and_track_number_do_not_make_different_titles_one_song():
    titles = (
        *("Angel", "Teardrop", "Exchange", "Risingson", "Roads", "Numb", "Glory", "Mysterons"),
        *("Strangers", "Army", "Creep", "Bones", "Sulk", "Nude", "Videotape", "Reckoner"),
        *("Bloom", "Codex", "Feral", "Separator"),
    )
    only_in_b = ("Pagan", "Crying", "Anchor", "Wolf")
    lengths = {title: f"3:{7 * k % 60:02}" for k, title in enumerate(titles)}
    lengths |= {title: lengths[other] for title, other in zip(only_in_b, titles, strict=False)}
    numbers = {title: str(list(lengths.values()).index(lengths[title]) % 12) for title in lengths}
    found = resolved(
        song(f"{source}/{title}", title, duration=lengths[title], trackNumber=numbers[title])
        for source, several in (("a", titles), ("b", titles[6:] + only_in_b))
        for title in several
    )
    assert all(found[f"a/{title}"] == found[f"b/{title}"] for title in titles[6:])
    assert len(set(found.values())) == len(titles + only_in_b)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hurt", "Hurt (Live)", False),
        ("Hurt (Acoustic)", "Hurt (Live)", False),
        ("Hurt (Live)", "Hurt [live]", True),
        ("Hurt", "Hurt", True),
    ],
)
def test_a_live_version_is_another_song(one: str, other: str, same: bool) -> None:
    titles = ["Paper Lanterns", "Slow River", "The Glass Harbour", "Copper Sky", "Red Kite"]
    label = resolved(
        [
            song(
                f"{source}/{n}",
                version.replace("Hurt", title),
                performer=f"Mira {title}",
                duration=f"PT3M{length}S",
            )
            for source, version, length in (("a", one, 20), ("b", other, 20 + 9 * (not same)))
            for n, title in enumerate(titles)
        ]
    )
    assert {label[f"a/{n}"] == label[f"b/{n}"] for n in range(5)} == {same}
