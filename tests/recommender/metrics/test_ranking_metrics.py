"""Ranking metrics against trec_eval and a naive count, and their protocol."""

from __future__ import annotations

import math
from types import SimpleNamespace

import ir_measures
import numpy as np
import pytest
import torch
from ir_measures import RR, P, R, Success, nDCG

from recommender.data import HeldOut, Interactions, KnowledgeGraph, TrainingSplit
from recommender.metrics.lists.base import RecommendedLists
from recommender.metrics.ranking import (
    RANKING_METRICS,
    evaluate_ranking,
    judge_lists,
    precision,
    rank_users,
    sample_users,
)
from recommender.scoring import ItemSets

KS = (1, 3, 10)
N_USERS, N_ITEMS = 40, 60


class Table(SimpleNamespace):
    """A model whose scores are a table."""

    device = torch.device("cpu")
    n_items = N_ITEMS

    def score_items(self, users, start, stop):
        return self.scores[users, start:stop]


@pytest.fixture(scope="module")
def world():
    random = np.random.default_rng(7)
    scores = random.permutation(N_USERS * N_ITEMS).reshape(N_USERS, N_ITEMS).astype(np.float64)
    part = random.choice(4, size=(N_USERS, N_ITEMS), p=[0.1, 0.1, 0.4, 0.4])
    part[5] = 3  # a user without any row
    part[6][part[6] == 1] = 3  # a user without a test positive
    users, items = np.nonzero(part == 0)
    train = TrainingSplit(
        Interactions(users, items, np.ones_like(users)), _no_graph(), N_USERS, N_ITEMS
    )
    positives, negatives = np.nonzero(part == 1), np.nonzero(part == 2)
    held_out = HeldOut(
        np.concatenate([positives[0], negatives[0]]),
        np.concatenate([positives[1], negatives[1]]),
        np.repeat([1, 0], [len(positives[0]), len(negatives[0])]),
    )
    return SimpleNamespace(scores=scores, part=part, train=train, held_out=held_out)


def _no_graph():
    none = np.zeros(0, dtype=np.int64)
    return KnowledgeGraph(none, none, none, N_ITEMS, 1)


def evaluate(world, **settings):
    model = Table(scores=torch.as_tensor(world.scores))
    return evaluate_ranking(model, world.train, world.held_out, KS, **settings)


def test_per_user_values_are_trec_evals(world):
    result = evaluate(world)
    qrels = {str(u): {str(i): 1 for i in np.flatnonzero(world.part[u] == 1)} for u in result.users}
    run = {
        str(u): {str(i): float(world.scores[u, i]) for i in np.flatnonzero(world.part[u] != 0)}
        for u in result.users
    }
    ours = {"precision": P, "recall": R, "ndcg": nDCG, "hit": Success, "mrr": RR}
    measures = {m @ k: f"{name}@{k}" for name, m in ours.items() for k in KS}
    row_of = {str(u): n for n, u in enumerate(result.users)}
    compared = 0
    for value in ir_measures.iter_calc(list(measures), qrels, run):
        mine = result.per_user[measures[value.measure]][row_of[value.query_id]]
        assert mine == pytest.approx(value.value, abs=1e-6), value
        compared += 1
    assert compared == len(measures) * len(result.users)


def test_per_user_values_are_a_naive_count(world):
    result = evaluate(world)
    for row, user in enumerate(result.users):
        candidates = [i for i in range(N_ITEMS) if world.part[user, i] != 0]
        ranked = sorted(candidates, key=lambda i: -world.scores[user, i])
        relevant = {i for i in candidates if world.part[user, i] == 1}
        for k in KS:
            found = [i in relevant for i in ranked[:k]]
            gain = sum(1 / math.log2(2 + r) for r, yes in enumerate(found) if yes)
            best = sum(1 / math.log2(2 + r) for r in range(min(k, len(relevant))))
            first = found.index(True) + 1 if any(found) else None
            expected = {
                "precision": sum(found) / k,
                "recall": sum(found) / len(relevant),
                "ndcg": gain / best,
                "mrr": 1 / first if first else 0.0,
                "hit": float(any(found)),
            }
            for name, value in expected.items():
                assert result.per_user[f"{name}@{k}"][row] == pytest.approx(value, abs=1e-12)


def test_users_without_a_relevant_item_are_not_judged(world):
    result = evaluate(world)
    assert 5 not in result.users
    assert 6 not in result.users
    assert result.n_relevant == (world.part == 1).sum()


def test_blocks_change_nothing(world):
    whole, pieces = evaluate(world), evaluate(world, block=7)
    for name, values in whole.per_user.items():
        np.testing.assert_array_equal(values, pieces.per_user[name])


def test_training_positives_take_no_place_in_the_list(world):
    best = world.scores.copy()
    best[world.part == 0] += 10_000  # the model loves what it was trained on
    raised = SimpleNamespace(**{**vars(world), "scores": best})
    assert evaluate(raised).means() == evaluate(world).means()


def test_a_perfect_model_is_perfect(world):
    known = SimpleNamespace(**{**vars(world), "scores": (world.part == 1).astype(float)})
    means = evaluate(known).means()
    assert means["ndcg@10"] == means["mrr@3"] == means["hit@1"] == means["precision@1"] == 1.0


def test_a_list_longer_than_the_catalogue_is_judged_as_it_is(world):
    model = Table(scores=torch.as_tensor(world.scores))
    means = evaluate_ranking(model, world.train, world.held_out, (100,)).means()
    assert means["recall@100"] == 1.0
    assert means["precision@100"] == pytest.approx(
        (world.part == 1).sum(1)[(world.part == 1).any(1)].mean() / 100
    )


def test_nobody_to_judge_is_undefined_and_no_crash(world):
    negatives = world.held_out.labels == 0
    nobody = HeldOut(*(getattr(world.held_out, n)[negatives] for n in ("users", "items", "labels")))
    model = Table(scores=torch.as_tensor(world.scores))
    result = evaluate_ranking(model, world.train, nobody, KS)
    assert set(result.means().values()) == {None}


def test_a_list_of_no_items_is_refused(world):
    with pytest.raises(ValueError, match="at least 1"):
        evaluate_ranking(
            Table(scores=torch.as_tensor(world.scores)), world.train, world.held_out, (0, 5)
        )


def test_k_may_be_any_number():
    hits, n_relevant = np.array([[True, False, True]]), np.array([2])
    for metric in RANKING_METRICS.values():
        few, many = metric(hits, n_relevant, 3), metric(hits, n_relevant, 10**20)
        assert np.allclose(many, few * (3 / 10**20 if metric is precision else 1), atol=0)


def test_every_metric_is_a_real_number_for_each_user():
    hits, n_relevant = np.array([[True, False], [False, False]]), np.array([2, 1])
    for metric in RANKING_METRICS.values():
        assert metric(hits, n_relevant, 2).dtype == np.float64


def test_a_single_relevant_item_is_enough_to_be_judged(world):
    one = np.flatnonzero(world.part[3] == 1)[:1]
    held_out = HeldOut(np.array([3]), one, np.array([1]))
    model = Table(scores=torch.as_tensor(world.scores))
    assert evaluate_ranking(model, world.train, held_out, KS).users.tolist() == [3]


def test_lists_of_users_without_a_relevant_item_are_left_out(world):
    users = np.array([1, 2])
    relevant = ItemSets.from_pairs([2], [7], N_USERS)
    lists = RecommendedLists(users, np.array([[7, 8], [8, 7]]), ItemSets.empty(N_USERS))
    result = judge_lists(lists, relevant, (2,))
    assert result.users.tolist() == [2]
    assert result.per_user["mrr@2"].tolist() == [0.5]
    assert result.n_relevant == 1


def test_a_limit_judges_the_same_users_every_time(world):
    """A run's figures depend on the sampled users: another sample would change published ones."""
    assert sample_users(10, 4).tolist() == [2, 4, 5, 7]
    assert sample_users(10, 9).tolist() == sorted(set(sample_users(10, 9).tolist()))
    assert sample_users(10, 0).tolist() == sample_users(10, 10).tolist() == list(range(10))
    assert sample_users(10, 11).tolist() == sample_users(10).tolist() == list(range(10))
    drawn = set(sample_users(N_USERS, 8).tolist())
    assert set(evaluate(world, limit=8).users.tolist()) == drawn - {5, 6}


def test_the_block_bounds_the_scores_that_are_held_at_a_time(world):
    asked = []

    class Watched(Table):
        def score_items(self, users, start, stop):
            asked.append(len(users) * (stop - start))
            return super().score_items(users, start, stop)

    model = Watched(scores=torch.as_tensor(world.scores))
    evaluate_ranking(model, world.train, world.held_out, KS, block=7)
    assert max(asked) <= 7


def test_progress_counts_the_users_that_are_judged(world):
    done = []
    result = evaluate(world, block=10, progress=done.append)
    assert len(done) > 1
    assert sum(done) == len(result.users)


def test_lists_keep_what_their_users_liked_in_training(world):
    lists = rank_users(Table(scores=torch.as_tensor(world.scores)), world.train, np.array([3]), 5)
    _, liked = lists.histories.pairs(np.array([3]))
    assert liked.tolist() == np.flatnonzero(world.part[3] == 0).tolist()
    assert lists.items.shape == (1, 5)
