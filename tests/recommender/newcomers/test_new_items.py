"""New items given only by facts."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from recommender import Trainer, create_model
from recommender.cli import main_guard
from recommender.data.facts import Facts
from recommender.errors import ConfigError
from recommender.models.similar_items import NEAREST, AlikeItems, ScoreOfAlikeItems
from recommender.new_item import main
from recommender.newcomers import place_new_item
from recommender.scoring import ItemSets


def facts(*entities: int, relation: int = 0) -> Facts:
    n = len(entities)
    return Facts(np.full(n, relation), np.array(entities, dtype=np.int64), np.ones(n, dtype=bool))


def test_nearest_items_by_cosine_of_tf_idf(parts):
    """Against the definition, one item after another; Label 35 is of the items 3, 12 and 21."""
    graph, n_items = parts.train.graph, 30
    sets = [{item} for item in range(n_items)]
    for head, tail in zip(graph.head.tolist(), graph.tail.tolist(), strict=True):
        if head < n_items:
            sets[head].add(tail)
        if tail < n_items:
            sets[tail].add(head)
    idf = {e: math.log(n_items / sum(e in s for s in sets)) for s in sets for e in s}
    new = {30, 35, 7}

    def cosine(a: set[int], b: set[int]) -> float:
        return sum(idf[e] ** 2 for e in a & b) / math.sqrt(
            sum(idf[e] ** 2 for e in a) * sum(idf[e] ** 2 for e in b)
        )

    values = np.array([cosine(new, own) for own in sets])
    values[np.argsort(-values, kind="stable")[NEAREST:]] = 0.0
    found = AlikeItems(graph, n_items).shares([facts(35, 30, 7, 30), facts(), facts(31)])
    assert found.toarray()[0] == pytest.approx(values / values.sum())
    assert found.toarray()[1] == pytest.approx(np.full(n_items, 1 / n_items))
    assert not found.toarray()[2][::2].any()
    assert found.sum(axis=1) == pytest.approx(1.0)


def test_scores_are_means_of_known_scores(als, parts):
    shares = AlikeItems(parts.train.graph, 30).shares([facts(35, 30), facts(31), facts()])
    users = torch.arange(40)
    known = als.score_items(users, 0, 30).double().numpy()
    scorer = ScoreOfAlikeItems(als, shares)
    assert scorer.n_items == 3
    expected = known @ shares.toarray().T
    assert scorer.score_items(users, 0, 3).numpy() == pytest.approx(expected, abs=1e-6)
    assert scorer.score_items(users[3:5], 1, 2).numpy() == pytest.approx(
        expected[3:5, 1:2], abs=1e-6
    )


def test_a_new_item_finds_the_listeners_of_its_genre(als, parts):
    placements = place_new_item(als, parts, facts(30))  # Trip hop, which even users like
    assert all(user % 2 == 0 for user in placements.audience(20).tolist())
    assert np.median(placements.ranks[::2]) < np.median(placements.ranks[1::2])


def test_ranks_are_places_among_what_is_not_played(als, parts):
    placements = place_new_item(als, parts, facts(30, 33), block=64)
    known = ItemSets.from_pairs(*parts.dataset.interactions.positives, 40)
    scores = als.score_items(torch.arange(40), 0, 30).double().numpy()
    for user in range(40):
        rivals = np.delete(scores[user], known.of(user))
        assert placements.ranks[user] == 1 + (rivals >= np.float32(placements.scores[user])).sum()
    assert placements.users_within(30) == 40
    assert placements.users_within(3) == (placements.ranks <= 3).sum()
    again = place_new_item(als, parts, facts(30, 33))
    assert again.ranks.tolist() == placements.ranks.tolist()


def test_a_model_that_cannot_names_those_that_can(mkr, parts):
    with pytest.raises(
        ConfigError, match=r"model mkr cannot score items .*train one that can: .*als"
    ):
        place_new_item(mkr, parts, facts(30))


@pytest.fixture(scope="module")
def run(parts, tmp_path_factory):
    out = tmp_path_factory.mktemp("als") / "run"
    model = create_model("als", parts.train, dim=2, l2_weight=1.0)
    Trainer(split_seed=1, device="cpu", out=out).fit(model, parts)
    return out


def new_item(*arguments: object) -> int:
    return main_guard(main, [str(argument) for argument in arguments])


def test_who_should_hear_it(run, capsys):
    assert (
        new_item("--run", run, "--facts", "Genre=triphop; record label=Label 35", "--top", 4) == 0
    )
    shown = capsys.readouterr().out
    assert "New item · genre=Trip hop; record label=Label 35" in shown
    assert "in the top 10 of" in shown
    assert "Artist" in shown
    command = ("--run", run, "--facts", "genre=shoegaze", "--top", 5, "--format", "json")
    assert new_item(*command) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["facts"] == ["genre=Shoegaze"]
    assert len(report["audience"]) == 5
    for row in report["audience"]:
        assert int(row["user"]) % 2 == 1
        assert all(int(name.split()[1]) % 2 == 1 for name in row["plays"])
    ranks = [row["rank"] for row in report["audience"]]
    assert ranks == sorted(ranks)


def test_facts_that_say_nothing_or_are_unknown(run, capsys):
    assert new_item("--run", run, "--facts", " ; ") == 2
    assert "--facts is empty" in capsys.readouterr().err
    assert new_item("--run", run, "--facts", "genre=shogaze") == 2
    assert "did you mean Shoegaze" in capsys.readouterr().err
