"""Filters on items by their facts in the graph."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from recommender.data import load, split
from recommender.data.items import ItemNames
from recommender.errors import ConfigError, DataError
from recommender.lists import GraphVocabulary, filters
from recommender.lists.conditions import conditions_in
from recommender.lists.countries import country_names
from recommender.lists.filters import OnlyAllowed, allowed_items
from recommender.scoring import ItemSets, top_k


@pytest.fixture(scope="module")
def parts(named_toy_data):
    return split(load(named_toy_data), 1)


@pytest.fixture(scope="module")
def vocabulary(parts):
    return GraphVocabulary.of(parts.train)


@pytest.fixture(scope="module")
def items(parts):
    return ItemNames(parts.dataset.catalogue, parts.train.n_items, np.zeros(parts.train.n_items))


def passing(condition) -> list[int]:
    return np.flatnonzero(condition.allowed).tolist()


@pytest.mark.parametrize("text", ["genre=Trip hop", "GENRE = trip-hop", "genre=triphop"])
def test_a_genre_in_any_spelling(vocabulary, text):
    assert passing(filters.only(vocabulary, text)) == list(range(0, 30, 2))


def test_relations_go_by_their_words(vocabulary):
    expected = [item for item in range(30) if item % 9 == 3]
    assert passing(filters.only(vocabulary, "record label=label 35")) == expected
    assert passing(filters.only(vocabulary, "recordLabel=Label 35")) == expected


def test_alternatives_and_exclusion(vocabulary, items):
    either = filters.only(vocabulary, "record label=Label 32|Label 33")
    assert passing(either) == [i for i in range(30) if i % 9 in (0, 1)]
    assert passing(filters.exclude(vocabulary, items, "genre=shoegaze")) == list(range(0, 30, 2))
    assert passing(filters.exclude(vocabulary, items, "artist 7")) == [
        i for i in range(30) if i != 7
    ]


def test_a_name_with_the_signs_of_lists_is_one_value(named_toy_data, tmp_path):
    folder = tmp_path / "signs"
    shutil.copytree(named_toy_data, folder)
    names = (folder / "entities.tsv").read_text(encoding="utf-8")
    names = names.replace("\tLabel 32\t", "\tM|A|R|S\t").replace("\tLabel 33\t", "\tFar; Out\t")
    (folder / "entities.tsv").write_text(names, encoding="utf-8")
    vocabulary = GraphVocabulary.of(split(load(folder), 1).train)
    assert passing(filters.only(vocabulary, "record label=M|A|R|S")) == [0, 9, 18, 27]
    assert passing(filters.only(vocabulary, "record label=Far; Out|Label 34")) == [
        i for i in range(30) if i % 9 in (1, 2)
    ]
    several = conditions_in("record label=Far; Out; genre=Shoegaze;")
    assert several == ["record label=Far; Out", "genre=Shoegaze"]


def test_unknown_names_are_answered_with_what_there_is(vocabulary):
    with pytest.raises(ConfigError, match=r"no genre 'shoegazing' .*did you mean Shoegaze"):
        vocabulary.statement("genre=shoegazing")
    with pytest.raises(
        ConfigError, match=r"no relation 'gender' of items .*did you mean genre.*record label"
    ):
        vocabulary.statement("gender=Shoegaze")
    for text in ("genre", "=Shoegaze", "genre=", "genre=|"):
        with pytest.raises(
            ConfigError, match=r"is not a condition; write relation=value, such as \w+"
        ):
            vocabulary.statement(text)


def test_a_caret_turns_a_relation_round(parts):
    """Item 3 was influenced by item 5."""
    graph = parts.train.graph
    changed = graph.__class__(
        np.append(graph.head, 3),
        np.append(graph.relation, 2),
        np.append(graph.tail, 5),
        graph.n_entities,
        graph.n_relations,
    )
    vocabulary = GraphVocabulary(changed, 30, parts.dataset.catalogue)
    assert passing(filters.only(vocabulary, "located in=Artist 5")) == [3]
    assert passing(filters.only(vocabulary, "^located in=Artist 3")) == [5]
    with pytest.raises(ConfigError, match="no located in 'Artist 3'"):
        filters.only(vocabulary, "located in=Artist 3")


def test_all_filters_must_hold_and_the_one_that_empties_the_list_is_named(vocabulary):
    trip_hop = filters.only(vocabulary, "genre=Trip hop")
    label = filters.only(vocabulary, "record label=Label 32")
    both = allowed_items([trip_hop, label], 30)
    assert np.flatnonzero(both).tolist() == [0, 18]
    assert allowed_items([], 30) is None
    shoegaze = filters.only(vocabulary, "genre=Shoegaze")
    with pytest.raises(ConfigError) as error:
        allowed_items([trip_hop, label, shoegaze], 30)
    message = str(error.value)
    assert message.startswith("--only genre=Shoegaze: none of its 15 items passes")
    assert "--only genre=Trip hop (15), --only record label=Label 32 (4)" in message


def test_the_filtered_list_is_the_whole_ranking_without_the_rest():
    rng = np.random.default_rng(3)
    scores = torch.from_numpy(rng.integers(0, 9, size=(6, 50)).astype(np.float32))
    allowed = rng.random(50) < 0.3
    excluded = ItemSets.from_pairs([0, 0, 3], [1, 2, 3], 6)

    class Table:
        n_items, device = 50, torch.device("cpu")

        def score_items(self, users, start, stop):
            return scores[users, start:stop]

    lists = top_k(OnlyAllowed(Table(), allowed), range(6), 8, excluded, block=40)
    for user in range(6):
        left = [i for i in range(50) if allowed[i] and i not in excluded.of(user)]
        best = sorted(left, key=lambda i: (-float(scores[user, i]), i))[:8]
        assert lists.items[user].tolist() == best + [-1] * (8 - len(best))


def test_countries_go_by_code_and_by_name(named_toy_data, tmp_path):
    folder = tmp_path / "countries"
    shutil.copytree(named_toy_data, folder)
    text = (folder / "relations.tsv").read_text().replace("genre", "country")
    (folder / "relations.tsv").write_text(text)
    names = (folder / "entities.tsv").read_text(encoding="utf-8")
    names = names.replace("\tTrip hop\t", "\tIceland\t").replace(
        "\tShoegaze\t", "\tUnited States of America\t"
    )
    (folder / "entities.tsv").write_text(names, encoding="utf-8")
    vocabulary = GraphVocabulary.of(split(load(folder), 1).train)
    for text in ("IS", "is", "ISL", "Iceland", "iceland"):
        assert passing(filters.country(vocabulary, text)) == list(range(0, 30, 2)), text
    for text in ("US", "USA", "United States", "united states of america"):
        assert passing(filters.country(vocabulary, text)) == list(range(1, 30, 2)), text
    with pytest.raises(ConfigError, match="no country 'France'"):
        filters.country(vocabulary, "FR")
    with pytest.raises(ConfigError, match=r"no country 'Icelandd' .*did you mean Iceland"):
        filters.country(vocabulary, "Icelandd")


def test_a_graph_without_countries_says_so(vocabulary):
    with pytest.raises(ConfigError, match="has no countries of items"):
        filters.country(vocabulary, "IS")


def test_country_codes():
    assert country_names("UK") == country_names("GB")
    assert country_names("gb") == ("Great Britain", "United Kingdom")
    assert "Netherlands" in country_names("NL")
    assert country_names("Czech Republic") == ("Czech Republic", "Czechia")
    assert country_names("Atlantis") == ()


def test_data_without_names_cannot_be_filtered(toy_data):
    with pytest.raises(DataError, match=r"entities\.tsv"):
        GraphVocabulary.of(split(load(toy_data), 1).train)


def test_facts_of_a_new_item(vocabulary):
    statements = [vocabulary.statement(t) for t in ("genre=Trip hop", "record label=Label 35")]
    facts = vocabulary.facts(statements)
    assert facts.relation.tolist() == [0, 1]
    assert facts.entity.tolist() == [30, 35]
    assert facts.forward.tolist() == [True, True]
    assert len(vocabulary.facts([])) == 0


def test_a_relation_with_nothing_at_that_end_tells_of_the_other(vocabulary):
    with pytest.raises(ConfigError, match=r"no \^genre .* in the other direction, genre="):
        vocabulary.statement("^genre=Artist 1")
    with pytest.raises(ConfigError, match="not a condition"):
        vocabulary.statement("^^genre=trip hop")


def test_a_country_without_a_name_is_no_country(vocabulary):
    with pytest.raises(ConfigError, match="--country names nothing"):
        filters.country(vocabulary, " ")
