"""Filters on songs and books by the facts of their makers."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.data.items import ItemNames
from recommender.errors import ConfigError
from recommender.lists import GraphVocabulary, filters
from tests.recommender.song_world import ENTITY, SONGS, TRIPLES, make_train, write_catalogue

EXTRA = (
    ("Undertow", "genre", "folk"),  # by Grey Choir, who plays trip hop
    ("Copper", "decade", "1990s"),
    ("Iron Meadow", "award", "Prize"),
)


@pytest.fixture
def vocabulary(tmp_path):
    return GraphVocabulary.of(
        make_train(write_catalogue(tmp_path), {0: ["Salt"]}, [*TRIPLES, *EXTRA])
    )


def passing(condition) -> set[str]:
    return {SONGS[item] for item in np.flatnonzero(condition.allowed)}


def test_the_genre_of_the_performer_counts_for_songs_that_state_none(vocabulary):
    found = passing(filters.only(vocabulary, "genre=trip hop"))
    assert found == {"Slow Harbour", "Salt", "Lantern Street", "Duet"}


def test_a_song_that_states_a_genre_is_judged_by_it(vocabulary):
    assert passing(filters.only(vocabulary, "genre=folk")) == {"Undertow", "Amber"}
    assert passing(filters.only(vocabulary, "genre=folk|doom metal")) == {
        "Undertow", "Amber", "Copper", "Duet"
    }  # fmt: skip


def test_exclusion_is_the_complement(vocabulary, tmp_path):
    items = ItemNames(write_catalogue(tmp_path), len(SONGS), np.zeros(len(SONGS)))
    kept = passing(filters.exclude(vocabulary, items, "genre=trip hop"))
    assert kept == set(SONGS) - {"Slow Harbour", "Salt", "Lantern Street", "Duet"}


def test_countries_of_performers(vocabulary):
    assert passing(filters.country(vocabulary, "SE")) == {"Copper", "Duet"}


def test_facts_of_performers_in_the_other_direction(vocabulary):
    assert passing(filters.only(vocabulary, "^member of=Ann Rowe")) == {"Waltz", "Copper", "Duet"}


def test_decades_and_awards_of_performers_are_not_those_of_songs(vocabulary):
    assert passing(filters.only(vocabulary, "decade=1990s")) == {"Copper"}
    with pytest.raises(ConfigError, match="the award of a maker is not that of its works"):
        filters.only(vocabulary, "award=Prize")


def test_performers_are_facts_of_songs(vocabulary):
    assert passing(filters.only(vocabulary, "performer=Low Tide")) == {"Slow Harbour", "Salt"}


def test_names_are_suggested_from_the_performers_facts(vocabulary):
    with pytest.raises(ConfigError, match="did you mean doom metal"):
        filters.only(vocabulary, "genre=doom metall")
    assert {"genre", "country", "birth place"} <= set(vocabulary.relation_names)


def test_a_new_song_may_have_the_genre_of_a_performer(vocabulary):
    facts = vocabulary.facts([vocabulary.statement("genre=doom metal")])
    assert facts.entity.tolist() == [ENTITY["doom metal"]] and facts.forward.tolist() == [True]


def test_books_follow_their_writers(tmp_path):
    catalogue = write_catalogue(tmp_path, kind="Book", renamed={"performer": "writer"})
    vocabulary = GraphVocabulary.of(make_train(catalogue, {0: ["Salt"]}))
    assert passing(filters.only(vocabulary, "country=Sweden")) == {"Copper", "Duet"}


def test_the_writer_of_a_song_is_not_asked(tmp_path):
    catalogue = write_catalogue(tmp_path, renamed={"performer": "writer"})
    vocabulary = GraphVocabulary.of(make_train(catalogue, {0: ["Salt"]}))
    with pytest.raises(ConfigError, match="no country 'Sweden'"):
        filters.only(vocabulary, "country=Sweden")
