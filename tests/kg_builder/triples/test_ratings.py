from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.errors import DataError
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, INTERACTIONS, LINKS
from kg_builder.triples import RatingsConfig, items_of, ratings, times_of_positives
from kg_builder.triples.ratings import draw_unmet


def interactions(*rows):
    return INTERACTIONS.frame(
        {
            "user": str(user),
            "item": f"artist:{item}",
            "raw_item": str(item),
            "weight": weight,
            "liked": weight >= 4,
            "evidence": "listeners.tsv",
        }
        for user, item, weight in rows
    )


ITEMS = [f"artist:{n}" for n in range(6)]


def test_positives_and_as_many_negatives_never_met():
    result = ratings(
        interactions(("u", 0, 5.0), ("u", 1, 4.0), ("u", 2, 1.0), ("v", 3, 5.0)),
        ITEMS,
        RatingsConfig(),
        seed=1,
    )
    assert result.users == ["u", "v"]
    of_u = result.rows[result.rows[:, 0] == 0]
    assert of_u[of_u[:, 2] == 1][:, 1].tolist() == [0, 1]
    assert set(of_u[of_u[:, 2] == 0][:, 1]) <= {3, 4, 5}
    assert len(of_u) == 4
    assert result.counts["pairs below the threshold"] == 1
    assert result.unliked.tolist() == [[0, 2]]


def test_users_without_a_positive_and_unknown_items_are_counted():
    result = ratings(
        interactions(("u", 0, 1.0), ("v", 1, 5.0), ("v", 1, 5.0), ("v", 99, 5.0)),
        ITEMS,
        RatingsConfig(),
        seed=1,
    )
    assert result.users == ["v"]
    assert result.counts["interactions of users without a positive"] == 1
    assert result.counts["interactions with no item"] == 1
    assert result.counts["repeated user-item pairs"] == 1


def test_the_seed_decides_the_negatives():
    listening = interactions(*[(user, item, 4.0) for user in range(9) for item in range(2)])
    many = [f"artist:{n}" for n in range(500)]
    one, same, other = (
        ratings(listening, many, RatingsConfig(), seed=seed).rows for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_blocks_of_users_do_not_change_the_rows(monkeypatch):
    listening = interactions(
        *[(user, item, 4.0 - user % 2) for user in range(9) for item in (user % 6, 3)]
    )
    whole = ratings(listening, ITEMS, RatingsConfig(), seed=1)
    monkeypatch.setattr(sys.modules[ratings.__module__], "_ROWS_AT_A_TIME", 3)
    parts = ratings(listening, ITEMS, RatingsConfig(), seed=1)
    assert np.array_equal(whole.rows, parts.rows)
    assert whole.counts == parts.counts


def test_a_user_who_met_nearly_everything_gets_what_is_left():
    result = ratings(
        interactions(*[("u", item, 4.0) for item in range(5)]), ITEMS, RatingsConfig(), seed=0
    )
    assert result.rows[result.rows[:, 2] == 0].tolist() == [[0, 5, 0]]
    assert result.counts["negatives not available"] == 4


@given(st.sets(st.integers(0, 30)), st.integers(0, 40), st.integers(0, 9))
def test_drawn_items_are_distinct_and_unmet(met, wanted, seed):
    wanted = min(wanted, 31 - len(met))
    # the second of three users; the others met nothing and everything
    pairs = np.array([*(31 + item for item in sorted(met)), *range(62, 93)], dtype=np.int64)
    drawn = draw_unmet(
        pairs,
        np.array([0, len(met), 31]),
        np.array([5, wanted, 0]),
        31,
        np.random.default_rng(seed),
    )
    assert drawn.tolist() == sorted(set(drawn.tolist()))
    users, items = np.divmod(drawn, 31)
    assert np.bincount(users, minlength=2).tolist() == [5, wanted]
    assert not set(items[users == 1].tolist()) & met


def test_every_unmet_item_is_drawn_equally_often():
    users = 5000
    met = (np.arange(users)[:, None] * 8 + [1, 2, 5]).ravel()
    drawn = draw_unmet(met, np.full(users, 3), np.ones(users, int), 8, np.random.default_rng(0))
    hits = np.bincount(drawn % 8, minlength=8)
    assert hits[[1, 2, 5]].sum() == 0
    assert hits[[0, 3, 4, 6, 7]] == pytest.approx(1000, rel=0.15)


def test_items_are_those_somebody_likes_unless_all_are_wanted():
    entities = ENTITIES.frame(
        {
            "entity": f"artist:{n}",
            "type": "Artist",
            "name": str(n),
            "aliases": [],
            "external_ids": [],
            "attributes": "{}",
            "records": 1,
        }
        for n in (2, 0, 1)
    )
    listening = interactions(("u", 2, 5.0), ("u", 1, 1.0), ("u", 0, 5.0))

    def found(config, order):
        return items_of(
            listening,
            entities,
            LINKS.empty(),
            config,
            order=order,
            root=Path("unread"),
            schema=load_schema(),
        )

    liked = RatingsConfig()
    assert found(liked, order="name") == ["artist:0", "artist:2"]
    assert found(liked, order="source") == ["artist:2", "artist:0"]
    every = RatingsConfig(items="all")
    assert found(every, order="source") == ["artist:2", "artist:0", "artist:1"]


def _things(*classes):
    return ENTITIES.frame(
        {
            "entity": f"artist:{n}",
            "type": type_,
            "name": str(n),
            "aliases": [],
            "external_ids": [],
            "attributes": "{}",
            "records": 1,
        }
        for n, type_ in enumerate(classes)
    )


@pytest.mark.parametrize(
    ("wanted", "items"),
    [
        (None, [0, 1, 2, 3]),  # an artist by default
        ("Artist", [0, 1, 2, 3]),
        ("Band", [1]),
        ("Work", [4, 5]),
        ("Album", [4]),
    ],
)
def test_all_things_of_a_class_are_those_of_its_subclasses_too(wanted, items):
    entities = _things("Artist", "Band", "SoloArtist", "Collaboration", "Album", "Song", "Genre")
    config = RatingsConfig(items="all", item_type=wanted)
    found = items_of(
        interactions(),
        entities,
        LINKS.empty(),
        config,
        order="name",
        root=Path("unread"),
        schema=load_schema(),
    )
    assert found == [f"artist:{n}" for n in items]


def test_a_class_restricts_the_items_that_are_interacted_with():
    entities = _things("Band", "Album", "Song")
    listening = interactions(("u", 0, 5.0), ("u", 1, 5.0), ("u", 2, 1.0))
    config = RatingsConfig(item_type="Work")
    found = items_of(
        listening,
        entities,
        LINKS.empty(),
        config,
        order="name",
        root=Path("unread"),
        schema=load_schema(),
    )
    assert found == ["artist:1"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [("Artst", ["no class 'Artst'", "'Artist'"]), ("Song", ["no entity", "'Song'", "1 Band"])],
)
def test_a_class_without_items_is_refused_with_those_that_there_are(wanted, words):
    with pytest.raises(DataError) as refused:
        items_of(
            interactions(),
            _things("Band"),
            LINKS.empty(),
            RatingsConfig(items="all", item_type=wanted),
            order="name",
            root=Path("unread"),
            schema=load_schema(),
        )
    assert all(word in str(refused.value) for word in words)


def test_a_pair_has_the_time_of_its_first_positive_interaction():
    frame = interactions(
        ("v", 3, 5.0), ("u", 1, 4.0), ("u", 0, 5.0), ("u", 0, 1.0), ("u", 0, 4.0), ("w", 2, 1.0)
    )
    assert times_of_positives(frame, ITEMS, ratings(frame, ITEMS, RatingsConfig(), seed=1)) is None
    frame["time"] = pd.array([9, 8, 7, 1, 6, 5], dtype=frame["time"].dtype)
    rated = ratings(frame, ITEMS, RatingsConfig(), seed=1)
    found = times_of_positives(frame, ITEMS, rated)
    assert found is not None
    # v is user 0: the first to appear; the play below the threshold at time 1 does not count
    assert found.to_numpy().tolist() == [[0, 3, 9], [1, 0, 6], [1, 1, 8]]
