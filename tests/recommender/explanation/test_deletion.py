"""The deletion test: faithful reasons pass it, and a model without a graph shows no drop."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from recommender import load, split
from recommender.cli import main_guard
from recommender.data import KnowledgeGraph
from recommender.errors import RunError
from recommender.explanation import deletion
from recommender.explanation.deletion import DeletionConfig, Rebuilder, deletion_test
from recommender.faithfulness import REPORT_FILE, main
from recommender.models.base import ModelConfig, Recommender, TripleContributions
from recommender.scoring import ItemSets
from recommender.training.config import TrainConfig
from recommender.training.runs import LoadedRun, RunConfig

_EXTRA_FACTS = 6  # per item


class _Named:  # not in the class itself, so that the registry does not list it
    name = "shared_facts"


class SharedFacts(_Named, Recommender):
    """Score: Σ over the item's triples of the tail's weight times the history's facts about it."""

    Config = ModelConfig

    def __init__(self, config, train):
        super().__init__(config, train)
        graph = train.graph
        self.graph = graph
        facts = torch.zeros(train.n_items, train.n_entities, dtype=torch.float64)
        facts.index_put_(
            (torch.from_numpy(graph.head), torch.from_numpy(graph.tail)),
            torch.ones(len(graph), dtype=torch.float64),
            accumulate=True,
        )
        history = torch.from_numpy(ItemSets(*train.history).matrix(train.n_items).toarray())
        self.register_buffer("facts", facts)  # derived, yet kept in checkpoints
        self.register_buffer("profile", history @ facts, persistent=False)
        self.register_buffer("offset", torch.zeros(1, dtype=torch.float64))  # learned
        self.weight = nn.Parameter(torch.rand(train.n_entities, dtype=torch.float64) + 0.5)

    def score(self, users, items):
        return (self.profile[users] * self.facts[items] * self.weight).sum(1) + self.offset

    def triple_contributions(self, users, items):
        pairs, triples, values = [], [], []
        for n, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
            for triple in np.flatnonzero(self.graph.head == item):
                tail = int(self.graph.tail[triple])
                pairs.append(n)
                triples.append(triple)
                values.append(float(self.profile[user, tail] * self.weight[tail].detach()))
        return TripleContributions(np.array(pairs), np.array(triples), np.array(values))


class Tastes(_Named, Recommender):
    """A model of users and items that does not use the graph."""

    Config = ModelConfig

    def __init__(self, config, train):
        super().__init__(config, train)
        self.table = nn.Parameter(torch.rand(train.n_users, train.n_items))

    def score(self, users, items):
        return self.table[users, items]


def make_run(monkeypatch, folder, kind=SharedFacts) -> LoadedRun:
    """A run of the toy model on the toy data, with more facts about every item."""
    dataset = load(folder)
    rng = np.random.default_rng(3)
    head = np.repeat(np.arange(dataset.n_items), _EXTRA_FACTS)
    low = dataset.n_items + 2
    tail = np.concatenate(
        [rng.choice(np.arange(low, dataset.n_entities), _EXTRA_FACTS, replace=False)
         for _ in range(dataset.n_items)]
    )  # fmt: skip
    old = dataset.graph
    graph = KnowledgeGraph(
        np.concatenate([old.head[old.head < dataset.n_items], head]),
        np.concatenate([old.relation[old.head < dataset.n_items], np.ones_like(head)]),
        np.concatenate([old.tail[old.head < dataset.n_items], tail]),
        old.n_entities,
        old.n_relations,
    )
    parts = split(dataset, 1)
    parts = replace(parts, train=replace(parts.train, graph=graph))

    def create(name, train, *, seed, **settings):
        torch.manual_seed(seed)
        model = kind(ModelConfig(), train)
        return model

    monkeypatch.setattr(deletion, "create_model", create)
    model = create("", parts.train, seed=1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.25  # as if it had been trained
        if kind is SharedFacts:
            model.offset += 3.0
    config = RunConfig(
        model="toy",
        model_settings={},
        training=TrainConfig(),
        ratios=(0.6, 0.2, 0.2),
        data=folder,
        data_hashes={},
        versions={},
    )
    return LoadedRun(model.eval(), dataset, parts, config)


def test_what_is_rebuilt_keeps_what_was_learned(monkeypatch, named_toy_data):
    run = make_run(monkeypatch, named_toy_data)
    users, items = torch.tensor([0, 1, 2]), torch.tensor([3, 4, 5])
    same = Rebuilder(run).without_triples([])
    assert torch.equal(same.score(users, items), run.model.score(users, items))
    assert float(same.offset) == 3.0


def test_a_deleted_triple_takes_its_contribution_with_it(monkeypatch, named_toy_data):
    run = make_run(monkeypatch, named_toy_data)
    known = ItemSets(*run.split.train.history)
    user = 0
    item = next(i for i in range(run.dataset.n_items) if i not in known.of(user))
    pair = torch.tensor([user]), torch.tensor([item])
    found = run.model.triple_contributions(*pair)
    for triple, value in zip(found.triples[:5].tolist(), found.values[:5], strict=True):
        without = Rebuilder(run).without_triples([triple])
        assert len(without.graph) == len(run.split.train.graph) - 1
        with torch.no_grad():
            drop = float(run.model.score(*pair) - without.score(*pair))
        assert drop == pytest.approx(value, abs=1e-12)


def test_an_interaction_is_forgotten(monkeypatch, named_toy_data):
    run = make_run(monkeypatch, named_toy_data)
    train = run.split.train
    row = int(np.flatnonzero(train.labels == 1)[0])
    user, item = int(train.users[row]), int(train.items[row])
    without = Rebuilder(run).without_interactions([row])
    expected = run.model.profile[user] - run.model.facts[item]
    assert torch.allclose(without.profile[user], expected)


def test_faithful_reasons_pass(monkeypatch, named_toy_data):
    run = make_run(monkeypatch, named_toy_data)
    report = deletion_test(run, DeletionConfig(users=40, seed=1))
    facts = report["facts"]
    assert facts["pairs"] + sum(report["skipped"].values()) == report["sampled"] == 40
    assert facts["weights_from_model"] == facts["pairs"]
    assert facts["named_drop"] > facts["random_drop"] > 0
    assert facts["named_positive"] == 1.0
    assert facts["p_sign_flip"] < 0.01
    assert facts["p_wilcoxon"] < 0.01
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_the_test_can_be_failed(monkeypatch, named_toy_data):
    """Reasons naming the least contributing facts score below random facts."""
    run = make_run(monkeypatch, named_toy_data)
    honest = SharedFacts.triple_contributions

    def perverse(self, users, items):
        found = honest(self, users, items)
        values = np.where(found.values > 0, 1 / np.maximum(found.values, 1e-9), 0.0)
        return replace(found, values=values)

    monkeypatch.setattr(SharedFacts, "triple_contributions", perverse)
    facts = deletion_test(run, DeletionConfig(users=40, seed=1))["facts"]
    monkeypatch.setattr(SharedFacts, "triple_contributions", honest)
    passed = deletion_test(run, DeletionConfig(users=40, seed=1))["facts"]
    gap = facts["named_drop"] - facts["random_drop"]
    assert gap < 0.5 * (passed["named_drop"] - passed["random_drop"])


def test_a_model_without_the_graph_shows_no_drop(monkeypatch, named_toy_data):
    run = make_run(monkeypatch, named_toy_data, Tastes)
    facts = deletion_test(run, DeletionConfig(users=40, seed=1))["facts"]
    assert not facts["moved"]
    assert facts["pairs"] < 40  # it need not try them all
    assert facts["named_drop"] == facts["random_drop"] == 0.0
    assert facts["p_sign_flip"] is None


def test_deleting_for_several_at_once_tells_how_they_interfere(monkeypatch, named_toy_data):
    run = make_run(monkeypatch, named_toy_data)
    one = deletion_test(run, DeletionConfig(users=12, seed=1))["facts"]
    many = deletion_test(run, DeletionConfig(users=12, seed=1, together=6))["facts"]
    assert "interference" not in one
    assert many["interference"] >= 0
    assert many["named_drop"] == pytest.approx(one["named_drop"], rel=0.5)


def test_a_model_whose_sizes_follow_the_graph_is_refused(monkeypatch, named_toy_data):
    run = make_run(monkeypatch, named_toy_data)

    class Sized(SharedFacts):
        def __init__(self, config, train):
            super().__init__(config, train)
            self.per_triple = nn.Parameter(torch.rand(len(train.graph)))

    sized = make_run(monkeypatch, named_toy_data, Sized)
    assert run.dataset is not sized.dataset
    with pytest.raises(RunError, match="cannot be rebuilt"):
        Rebuilder(sized).without_triples([0])


def test_the_command_writes_a_table_and_a_file(toy_runs, capsys):
    folders = [toy_runs["mkr", 1], toy_runs["mmss_mkr", 1]]
    arguments = ["--run", *map(str, folders), "--users", "12", "--device", "cpu"]
    assert main_guard(main, arguments) == 0
    shown = capsys.readouterr().out
    assert "facts of the graph" in shown
    for folder in folders:
        report = json.loads((folder / REPORT_FILE).read_text())
        assert report["sampled"] == 12
        assert f"{report['model']} does not use facts of the graph when it scores" in shown


def test_too_few_users_leave_one_line(toy_runs, capsys):
    assert main_guard(main, ["--run", str(toy_runs["mkr", 1]), "--users", "1"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "users" in error
