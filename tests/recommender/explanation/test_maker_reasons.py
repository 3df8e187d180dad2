"""Reasons for songs and books by what the graph says of their makers."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.data import Catalogue
from recommender.explanation import Explainer, Narrator, ReasonPaths, Vocabulary
from recommender.models.base import TripleContributions
from recommender.scoring import ItemSets
from tests.recommender.song_world import (
    BANDS,
    ENTITY,
    OTHERS,
    RELATIONS,
    SONGS,
    TRIPLES,
    make_train,
    write_catalogue,
)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return write_catalogue(tmp_path)


def explained(catalogue, item, likes, triples=TRIPLES, contributions=None, others=()):
    """Reason and paths of an item for somebody with these likes."""
    histories = {0: likes, **dict(enumerate(others, start=1))}
    train = make_train(catalogue, histories, triples)
    vocabulary = Vocabulary.of(catalogue, len(RELATIONS))
    explainer = Explainer(train, vocabulary, contributions)
    ((reason,),) = explainer.explain([0], [[ENTITY[item]]])
    paths = ReasonPaths(
        train.graph, explainer.index, catalogue, makers=explainer.index_of_makers
    ).of(ENTITY[item], reason)
    return reason, paths


def told(catalogue, *arguments, **options) -> str:
    return Narrator(catalogue).tell(explained(catalogue, *arguments, **options)[0])


def test_a_genre_of_both_performers(catalogue):
    assert told(catalogue, "Slow Harbour", ["Lantern Street"]) == (
        "was performed by Low Tide, who plays trip hop, like Mira Okafor, whose Lantern Street is "
        "in your library"
    )


def test_several_facts_and_several_songs_of_one_performer(catalogue):
    assert told(catalogue, "Undertow", ["Slow Harbour", "Salt"]) == (
        "was performed by Grey Choir, who plays trip hop and is on Saltmarsh, like Low Tide, whose "
        "Slow Harbour and Salt are in your library"
    )


def test_several_performers_with_a_song_of_each(catalogue):
    likes = ["Slow Harbour", "Salt", "Undertow"]
    others = [["Undertow", "Slow Harbour"], ["Undertow"]]
    text = told(catalogue, "Lantern Street", likes, others=others)
    assert text == (
        "was performed by Mira Okafor, who plays trip hop, like Grey Choir and Low Tide, whose "
        "Undertow, Slow Harbour and 1 more are in your library"
    )


def test_the_same_performer_is_reason_enough(catalogue):
    assert told(catalogue, "Slow Harbour", ["Salt", "Lantern Street"]) == (
        "was performed by Low Tide, like Salt in your library"
    )


def test_a_performer_linked_to_another(catalogue):
    triples = [*TRIPLES, ("Low Tide", "memberOf", "Iron Meadow")]
    assert told(catalogue, "Salt", ["Copper"], triples) == (
        "was performed by Low Tide, who is a member of Iron Meadow, whose Copper is in your library"
    )
    assert told(catalogue, "Copper", ["Salt"], triples) == (
        "was performed by Iron Meadow, who has Low Tide, whose Salt is in your library, among its "
        "members"
    )


def test_one_person_in_both_bands(catalogue):
    assert told(catalogue, "Waltz", ["Copper"]) == (
        "was performed by Old Mill, who has Ann Rowe among its members, like Iron Meadow, whose "
        "Copper is in your library"
    )


def test_one_place_by_different_relations_is_supported_by_listeners(catalogue):
    others = [["Waltz", "Lantern Street"], ["Lantern Street"]]
    assert told(catalogue, "Waltz", ["Lantern Street"], others=others) == (
        "was performed by Old Mill, who comes from Leeds; Mira Okafor, whose Lantern Street is in "
        "your library, was born in Leeds; 1 of the 2 other listeners of Lantern Street plays it "
        "too"
    )


def test_a_song_by_two_is_like_the_songs_of_either(catalogue):
    text = told(catalogue, "Duet", ["Salt"])
    assert text.startswith("was performed by Grey Choir, who plays trip hop and is on Saltmarsh")


def test_a_song_by_two_in_the_library_counts_once(catalogue):
    triples = [*TRIPLES, ("Duet", "performer", "Low Tide")]
    assert told(catalogue, "Lantern Street", ["Duet"], triples) == (
        "was performed by Mira Okafor, who plays trip hop, like Low Tide and Grey Choir, whose "
        "Duet is in your library"
    )


def test_what_has_no_name_is_described(tmp_path):
    catalogue = write_catalogue(tmp_path, unnamed={"Low Tide", "Mira Okafor"})
    assert told(catalogue, "Salt", ["Lantern Street"]) == (
        "has a performer who plays trip hop, like the performer of Lantern Street in your library"
    )


def test_the_more_specific_of_own_facts_and_those_of_the_performer_comes_first(catalogue):
    decade = [(song, "decade", "1990s") for song in ("Slow Harbour", "Lantern Street", "Copper")]
    text = told(catalogue, "Slow Harbour", ["Lantern Street"], [*TRIPLES, *decade])
    assert text == (
        "was performed by Low Tide, who plays trip hop, like Mira Okafor, whose Lantern Street is "
        "in your library; also belongs to the 1990s, like Lantern Street"
    )


def test_a_genre_of_the_song_that_the_other_performer_plays(catalogue):
    triples = [*TRIPLES, ("Amber", "genre", "trip hop")]
    assert told(catalogue, "Salt", ["Amber"], triples) == (
        "was performed by Low Tide, who plays trip hop; Amber in your library belongs to the genre "
        "trip hop"
    )


def test_the_decades_of_a_performer_are_not_those_of_a_song(catalogue):
    triples = [*TRIPLES, ("Copper", "decade", "1990s"), ("Iron Meadow", "award", "Prize")]
    triples += [("Mira Okafor", "decade", "1990s"), ("Old Mill", "award", "Prize")]
    assert explained(catalogue, "Waltz", ["Lantern Street"], triples)[0].evidence[
        0
    ].makers.kind == ("through")
    assert explained(catalogue, "Copper", ["Lantern Street"], triples)[0].kind == "model"
    assert explained(catalogue, "Lantern Street", ["Copper"], triples)[0].kind == "model"
    text = told(catalogue, "Waltz", ["Copper"], triples)
    assert "1990s" not in text and "Prize" not in text


def test_books_have_authors(tmp_path):
    catalogue = write_catalogue(
        tmp_path, kind="Book", maker="Person", renamed={"performer": "writer"}
    )
    assert told(catalogue, "Waltz", ["Copper"]) == (
        "was written by Old Mill, who has Ann Rowe among its members, like Iron Meadow, whose "
        "Copper you read"
    )


def test_the_writer_of_a_song_did_not_make_it(tmp_path):
    catalogue = write_catalogue(tmp_path, renamed={"performer": "writer", "performed": "wrote"})
    assert explained(catalogue, "Slow Harbour", ["Lantern Street"])[0].kind == "model"


ALONE = (
    "the model's score alone: no other user ties it to your history, nor any specific fact that "
    "speaks for it"
)


def test_nothing_in_common_is_said_truly(catalogue):
    assert told(catalogue, "Quartz", ["Copper"]) == ALONE


def test_a_link_that_lowers_the_score_is_not_denied(catalogue):
    """The sentence must not claim that the graph has no link where the model only rates it low."""
    triples = [*TRIPLES, ("Quartz", "genre", "folk"), ("Quartz", "memberOf", "Basalt")]

    def contributions(users, items):
        at = np.array([len(TRIPLES), len(TRIPLES) + 1])
        return TripleContributions(np.zeros(2, dtype=int), at, np.array([1.0, -1.0]))

    assert told(catalogue, "Quartz", ["Basalt"], triples, contributions) == ALONE


def test_the_path_leads_over_both_performers(catalogue):
    _, paths = explained(catalogue, "Undertow", ["Slow Harbour"])
    assert [path["kind"] for path in paths] == ["makers", "makers"]
    steps = [(s["head"]["name"], s["relation"], s["tail"]["name"]) for s in paths[0]["steps"]]
    assert (
        steps
        == [
            ("Slow Harbour", "performer", "Low Tide"),
            ("Low Tide", "recordLabel", "Saltmarsh"),
            ("Grey Choir", "recordLabel", "Saltmarsh"),
            ("Undertow", "performer", "Grey Choir"),
        ]
        or steps[1][1] == "genre"
    )
    assert [step["along"] for step in paths[0]["steps"]] == [True, True, False, False]


def test_the_model_weighs_who_performed_it(catalogue):
    decade = [(song, "decade", "1990s") for song in ("Slow Harbour", "Lantern Street", "Copper")]
    triples = [*TRIPLES, *decade]

    def owing(**values):
        """Contributions of the item's facts by their entities' names."""

        def contributions(users, items):
            at = [n for n, (h, r, t) in enumerate(triples) if h == "Slow Harbour"]
            worth = [values.get(triples[n][1], 0.0) for n in at]
            return TripleContributions(np.zeros(len(at), int), np.array(at), np.array(worth))

        return contributions

    def kinds(**values):
        found, _ = explained(
            catalogue, "Slow Harbour", ["Lantern Street"], triples, owing(**values)
        )
        return [(argument.kind, argument.basis, argument.weight) for argument in found.evidence]

    assert kinds(decade=5.0, performer=1.0) == [("shared", "model", 5.0), ("makers", "model", 1.0)]
    assert kinds(decade=1.0, performer=5.0) == [("makers", "model", 5.0), ("shared", "model", 1.0)]
    assert kinds(decade=1.0, performer=-1.0) == [("shared", "model", 1.0)]


def test_newcomers_get_the_reasons_of_a_user_with_their_history(catalogue):
    train = make_train(catalogue, {0: ["Lantern Street"], 1: ["Copper"]})
    explainer = Explainer(train, Vocabulary.of(catalogue, len(RELATIONS)))
    likes = ItemSets.of_lists([[ENTITY["Lantern Street"]]])
    items = [[ENTITY["Slow Harbour"]]]
    assert explainer.joined_by(likes).explain([2], items) == explainer.explain([0], items)


def test_idf_counts_items():
    with tempfile.TemporaryDirectory() as folder:
        train = make_train(write_catalogue(Path(folder)), {0: ["Salt"]})
        index = Explainer(train).index_of_makers
    assert index is not None
    feature = np.flatnonzero(index.entity == ENTITY["trip hop"])
    # two songs by Low Tide, Undertow and half of the duet by Grey Choir, one by Mira Okafor
    assert index.idf[feature] == pytest.approx(np.log(12 / 4.5))


makers_and_things = st.sampled_from([*BANDS, *OTHERS])
worlds = st.tuples(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(SONGS), st.just("performer"), st.sampled_from(BANDS)),
            st.tuples(st.sampled_from(BANDS), st.just("performed"), st.sampled_from(SONGS)),
            st.tuples(
                st.sampled_from([*BANDS, *SONGS]), st.sampled_from(RELATIONS[2:]), makers_and_things
            ),
        ),
        min_size=1,
        max_size=60,
    ),
    st.dictionaries(
        st.integers(0, 4), st.lists(st.sampled_from(SONGS), max_size=5, unique=True), min_size=1
    ),
)


@given(worlds)
@settings(max_examples=150, deadline=None)
def test_every_path_is_one_of_the_graph_from_the_history_to_the_item(world):
    triples, histories = world
    with tempfile.TemporaryDirectory() as folder:
        catalogue = write_catalogue(Path(folder))
        train = make_train(catalogue, histories, triples)
        explainer = Explainer(train, Vocabulary.of(catalogue, len(RELATIONS)))
        paths = ReasonPaths(
            train.graph, explainer.index, catalogue, makers=explainer.index_of_makers
        )
        narrator = Narrator(catalogue)
        known = {(ENTITY[h], r, ENTITY[t]) for h, r, t in triples}
        for user in range(train.n_users):
            played = {ENTITY[name] for name in histories.get(user, [])}
            items = [item for item in range(len(SONGS)) if item not in played]
            (reasons,) = explainer.explain([user], [items])
            for item, reason in zip(items, reasons, strict=True):
                assert reason is not None and narrator.tell(reason)
                found = paths.of(item, reason)
                assert found or reason.kind in ("listeners", "model")
                for path in found:
                    node = path["from"]["id"]
                    assert node in played
                    for step in path["steps"]:
                        ends = step["head"]["id"], step["tail"]["id"]
                        assert (ends[0], step["relation"], ends[1]) in known
                        near, far = ends if step["along"] else ends[::-1]
                        assert near == node
                        node = far
                    assert node == item
                for argument in reason.evidence:
                    assert set(argument.items) <= played
                    if argument.kind == "makers":
                        made = {(s, b) for s, r, b in known if r == RELATIONS[0]} | {
                            (s, b) for b, r, s in known if r == RELATIONS[1]
                        }
                        assert (item, argument.steps[0].entity) in made
                        for work, end in zip(argument.items, argument.ends, strict=True):
                            assert (work, end.entity) in made
                        assert argument.steps[0].triples
                        assert not {b for s, b in made if s == item} & {
                            b for s, b in made if s in played
                        }
