"""Held-out users and items: no leakage, and correct metrics."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from recommender.cli import main_guard
from recommender.metrics.ranking import ndcg
from recommender.newcomers.__main__ import main
from recommender.newcomers.held_out import (
    choose_items,
    choose_users,
    facts_of,
    first_likes,
    without_items,
    without_users,
)
from recommender.newcomers.protocols import items_left_out, users_left_out
from recommender.scoring import ItemSets


def test_nothing_of_the_users_is_left(parts):
    social = replace(
        parts.train.graph,
        head=np.array([0, 5, 6]),
        relation=np.zeros(3, int),
        tail=np.array([5, 6, 7]),
    )
    with_friends = replace(parts, train=replace(parts.train, user_graph=social))
    users = np.array([5, 9])
    left = without_users(with_friends, users)
    for rows in (left.train, left.valid, left.test):
        assert not np.isin(rows.users, users).any()
    assert left.train.n_users == 40
    assert left.train.user_graph.head.tolist() == [6]
    before = sum(len(rows) for rows in (parts.train, parts.valid, parts.test))
    after = sum(len(rows) for rows in (left.train, left.valid, left.test))
    assert before - after == np.isin(parts.dataset.interactions.users, users).sum()


def test_nothing_of_the_items_is_left(parts):
    items = np.array([3, 12])
    left = without_items(parts, items)
    for rows in (left.train, left.valid, left.test):
        assert not np.isin(rows.items, items).any()
    graph = left.train.graph
    assert not np.isin(graph.head, items).any()
    assert not np.isin(graph.tail, items).any()
    assert (graph.n_entities, graph.n_relations) == (50, 3)
    assert len(graph) == len(parts.train.graph) - 4


def test_the_choice_is_of_those_who_can_be_judged_and_repeats_by_seed(parts):
    users = choose_users(parts, 0.25, 7)
    assert users.tolist() == sorted(set(users.tolist()))
    assert users.tolist() == choose_users(parts, 0.25, 7).tolist()
    assert users.tolist() != choose_users(parts, 0.25, 8).tolist()
    liked = parts.test.labels == 1
    assert np.isin(users, parts.test.users[liked]).all()
    items = choose_items(parts, 0.25, 7)
    assert items.tolist() == choose_items(parts, 0.25, 7).tolist()
    assert len(set(items.tolist())) == len(items)
    assert items.tolist() != sorted(items.tolist())  # equal scores must not follow the ids
    assert np.isin(items, parts.test.items[liked]).all()


def test_more_likes_hold_those_of_fewer():
    histories = ItemSets.of_lists([list(range(9)), [3], [], [5, 6, 7]])
    smaller = ItemSets.empty(4)
    for most in (0, 1, 3, 5):
        given = first_likes(histories, most, 2)
        assert given.sizes.tolist() == [min(most, n) for n in (9, 1, 0, 3)]
        for user in range(4):
            assert set(smaller.of(user)) <= set(given.of(user)) <= set(histories.of(user))
        smaller = given
    assert first_likes(histories, None, 2) is histories


def test_facts_are_the_graphs_own(parts):
    items = np.array([3, 12, 20])
    everything = facts_of(parts, items, None, 1)
    for item, own in zip(items.tolist(), everything, strict=True):
        found = set(zip(own.relation.tolist(), own.entity.tolist(), strict=True))
        assert found == {(0, 30 + item % 2), (1, 32 + item % 9)}
        assert own.forward.all()
    assert [len(own) for own in facts_of(parts, items, 1, 1)] == [1, 1, 1]
    assert [len(own) for own in facts_of(parts, items, 0, 1)] == [0, 0, 0]


def test_users_are_judged_as_by_the_definition(als, parts):
    users = np.array([2, 3, 10])
    points = users_left_out(als, als, parts, users, amounts=(0, None), seed=1)
    assert [(p.given, p.retrained) for p in points] == [(0, False), (None, False), (None, True)]
    history = ItemSets(*parts.train.history)
    scores = als.score_items(torch.from_numpy(users), 0, 30).numpy()
    values = []
    for row, user in enumerate(users.tolist()):
        liked = parts.test.items[(parts.test.users == user) & (parts.test.labels == 1)]
        order = [i for i in np.argsort(-scores[row], kind="stable") if i not in history.of(user)]
        hits = np.isin(order[:20], liked)[None]
        values.append(ndcg(hits, np.array([len(liked)]), 10)[0])
    assert points[-1].values["ndcg@10"] == pytest.approx(np.mean(values))
    # the model knows these people: folding all of their likes in gives their own lists
    assert points[1].values["ndcg@10"] == pytest.approx(points[-1].values["ndcg@10"])
    assert points[1].mean_given == pytest.approx(history.sizes[users].mean())


def test_items_are_judged_as_by_the_definition(als, parts):
    items = choose_items(parts, 0.5, 1)
    points = items_left_out(als, als, parts, items, amounts=(0, None), seed=1)
    scores = als.score_items(torch.arange(40), 0, 30).double().numpy()
    known = ItemSets(*parts.train.history)
    values = []
    for item in items.tolist():
        asked = np.array([user for user in range(40) if item not in known.of(user)])
        liking = parts.test.users[(parts.test.items == item) & (parts.test.labels == 1)]
        labels = np.isin(asked, liking)
        if 0 < labels.sum() < len(labels):
            values.append(roc_auc_score(labels, scores[asked, item]))
    assert points[-1].values["auc"] == pytest.approx(np.mean(values))
    assert points[1].values["auc"] > points[0].values["auc"] > 0


def test_the_command_writes_table_numbers_and_picture(named_toy_data, tmp_path, capsys):
    command = ["--data", str(named_toy_data), "--models", "als", "--seeds", "1", "2"]
    command += ["--out", str(tmp_path / "out"), "--share", "0.3", "--device", "cpu"]
    assert main_guard(main, command) == 0
    table, progress = capsys.readouterr()
    assert re.search(r"als: \d+\.\d ms to fold in one person with 5 likes", progress)
    assert (tmp_path / "out" / "newcomers.md").read_text() == table
    assert "| als | retrained |" in table
    assert "## Users left out" in table
    assert "## Items left out" in table
    report = json.loads((tmp_path / "out" / "newcomers.json").read_text())
    assert [len(run) for run in report["users"]["als"]] == [7, 7]
    picture = (tmp_path / "out" / "newcomers.png").read_bytes()
    numbers = (tmp_path / "out" / "newcomers.json").read_bytes()
    assert main_guard(main, command) == 0
    assert (tmp_path / "out" / "newcomers.json").read_bytes() == numbers
    assert (tmp_path / "out" / "newcomers.png").read_bytes() == picture


def test_a_model_that_can_do_neither_is_refused_before_any_training(named_toy_data, capsys):
    assert main_guard(main, ["--data", str(named_toy_data), "--models", "mkr"]) == 2
    error = capsys.readouterr().err
    assert "model mkr cannot serve newcomers; those that can serve new users: " in error
    assert "als" in error


@pytest.mark.parametrize(
    "flags", [["--models", "als", "als"], ["--models", "als", "--seeds", "1", "1"]]
)
def test_what_is_given_twice_would_count_twice(named_toy_data, capsys, flags):
    assert main_guard(main, ["--data", str(named_toy_data), *flags]) == 2
    assert "give each once" in capsys.readouterr().err


def test_a_settings_file_is_a_row_beside_its_model(named_toy_data, tmp_path, capsys):
    (tmp_path / "small.toml").write_text('model = "als"\n[settings]\ndim = 2\n')
    words = ["--data", str(named_toy_data), "--models", "als", str(tmp_path / "small.toml")]
    assert main_guard(main, [*words, "--protocols", "users", "--out", str(tmp_path / "out")]) == 0
    report = json.loads((tmp_path / "out" / "newcomers.json").read_text())
    assert {name: len(runs) for name, runs in report["users"].items()} == {
        "als": 1,
        "als (small.toml)": 1,
    }
