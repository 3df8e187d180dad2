"""Scores against the papers' formulas, ranks against plain loops, and the training command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch

from recommender import ConfigError, RunError, load
from recommender.data.graph import KnowledgeGraph
from recommender.kge.base import TripleModel
from recommender.kge.ranking import filtered_ranks, ranking_metrics
from recommender.kge.registry import EMBEDDINGS, create_embedding
from recommender.kge.runs import load_embedding
from recommender.kge.training import KGETrainConfig, train_embedding
from recommender.kge.triples import Triples, corrupt, split_triples
from recommender.train_kge import main

N_ENTITIES, N_RELATIONS = 12, 3
TRIPLES = torch.tensor([[0, 1, 2, 5, 5], [2, 0, 1, 1, 0], [11, 3, 2, 7, 0]])


def build(name: str, **settings: object) -> TripleModel:
    dim = 6 if name in ("complex", "rotate") else 5
    model = create_embedding(name, N_ENTITIES, N_RELATIONS, seed=4, dim=dim, **settings).double()
    with torch.no_grad():
        generator = torch.Generator().manual_seed(0)
        for weight in model.parameters():  # long and short vectors, so that constraints bite
            weight.add_(torch.randn(weight.shape, generator=generator, dtype=torch.float64) * 0.4)
    return model


def weights(model: TripleModel) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in model.state_dict().items()}


def scored(model: TripleModel) -> np.ndarray:
    with torch.inference_mode():
        return model.score(*TRIPLES).numpy()


def ball(vector: np.ndarray) -> np.ndarray:
    return vector / max(1.0, np.linalg.norm(vector))


@pytest.mark.parametrize("norm", [1, 2])
def test_transe(norm: int) -> None:
    """-‖h + r - t‖₁ or -‖h + r - t‖₂², entities of length 1."""
    model = build("transe", norm=norm)
    w = weights(model)
    entity = w["entities.weight"] / np.linalg.norm(w["entities.weight"], axis=1, keepdims=True)
    expected = []
    for h, r, t in TRIPLES.T.tolist():
        gap = entity[h] + w["relations.weight"][r] - entity[t]
        expected.append(-np.abs(gap).sum() if norm == 1 else -(gap**2).sum())
    np.testing.assert_allclose(scored(model), expected)


def test_transh() -> None:
    """-‖h⊥ + d - t⊥‖², e⊥ = e - wᵀe w, ‖w‖ = 1, d in the hyperplane."""
    model = build("transh")
    w = weights(model)
    expected = []
    for h, r, t in TRIPLES.T.tolist():
        normal = w["normals.weight"][r] / np.linalg.norm(w["normals.weight"][r])
        onto = np.eye(5) - np.outer(normal, normal)
        d = onto @ w["relations.weight"][r]
        assert abs(normal @ d) < 1e-12
        head, tail = (ball(w["entities.weight"][e]) for e in (h, t))
        expected.append(-(np.linalg.norm(onto @ head + d - onto @ tail) ** 2))
    np.testing.assert_allclose(scored(model), expected)


def test_transr() -> None:
    """-‖M_r h + r - M_r t‖², every vector inside the unit ball."""
    model = build("transr", relation_dim=4)
    w = weights(model)
    assert w["matrices"].shape == (N_RELATIONS, 4, 5)
    expected = []
    for h, r, t in TRIPLES.T.tolist():
        head, tail = (ball(w["matrices"][r] @ ball(w["entities.weight"][e])) for e in (h, t))
        expected.append(-(np.linalg.norm(head + ball(w["relations.weight"][r]) - tail) ** 2))
    np.testing.assert_allclose(scored(model), expected)


@pytest.mark.parametrize("objective", ["logistic", "eq20"])
def test_semantic_matching(objective: str) -> None:
    """Eq. 8 to 11 written out, and the four activations of Eq. 12 to 15."""
    model = build("semantic_matching", objective=objective, low_layers=1)
    w = weights(model)

    def layer(name: str, x: np.ndarray) -> np.ndarray:
        prefix = f"matching.{name}_layers.0"
        return w[f"{prefix}.weight"] @ x + w[f"{prefix}.bias"]

    expected = []
    for h, r, t in TRIPLES.T.tolist():
        relation = np.maximum(layer("relation", w["matching.relations.weight"][r]), 0)
        predicted = layer("prediction", np.concatenate([w["entities.weight"][h], relation]))
        match = np.maximum(layer("tail", w["entities.weight"][t]), 0) @ predicted
        parts = (1 / (1 + np.exp(-match)), np.tanh(match), match / (1 + abs(match)))
        mixture = np.mean([*parts, np.log1p(np.exp(match))])
        expected.append(match if objective == "logistic" else mixture)
    np.testing.assert_allclose(scored(model), expected)


def test_complex_and_rotate() -> None:
    """Re(Σ h r t̄), and -‖h ∘ r - t‖₂ with r on the unit circle."""
    for name in ("complex", "rotate"):
        model = build(name, against="one")
        w = weights(model)
        entity = w["entities.weight"][:, :3] + 1j * w["entities.weight"][:, 3:]
        expected = []
        for h, r, t in TRIPLES.T.tolist():
            if name == "complex":
                relation = w["relations.weight"][r, :3] + 1j * w["relations.weight"][r, 3:]
                expected.append((entity[h] * relation * entity[t].conj()).sum().real)
            else:
                turned = entity[h] * np.exp(1j * w["phases.weight"][r])
                expected.append(-np.linalg.norm(turned - entity[t]))
        np.testing.assert_allclose(scored(model), expected)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *((name, {"against": "one"}) for name in EMBEDDINGS),
        ("complex", {}),
        ("rotate", {}),
        ("transe", {"against": "all", "norm": 2}),
        ("semantic_matching", {"against": "all"}),
    ],
)
def test_ranks_by_definition(name: str, settings: dict[str, object]) -> None:
    """Candidates one by one, by `score`; other true triples are filtered.

    With reciprocal relations the candidates for the head answer the reverse question.
    """
    rng = np.random.default_rng(5)
    head, relation, tail = rng.integers((N_ENTITIES, N_RELATIONS, N_ENTITIES), size=(40, 3)).T
    known = KnowledgeGraph(head, relation, tail, N_ENTITIES, N_RELATIONS)
    model, held_out = build(name, **settings), Triples(head[:9], relation[:9], tail[:9])
    true = set(zip(head.tolist(), relation.tolist(), tail.tolist(), strict=True))
    ranks = filtered_ranks(model, held_out, known)

    def f(h: int, r: int, t: int) -> float:
        with torch.inference_mode():
            return float(model.score(torch.tensor([h]), torch.tensor([r]), torch.tensor([t])))

    everyone = range(N_ENTITIES)
    for n in range(9):
        h, r, t = int(head[n]), int(relation[n]), int(tail[n])
        own = f(h, r, t)
        better = [e for e in everyone if (h, r, e) not in true and f(h, r, e) > own + 1e-9]
        assert ranks[0, n] == 1 + len(better)

        def g(e: int, r: int = r, t: int = t) -> float:
            return f(t, r + N_RELATIONS, e) if model.reciprocal else f(e, r, t)

        better = [e for e in everyone if (e, r, t) not in true and g(e) > g(h) + 1e-9]
        assert ranks[1, n] == 1 + len(better)


def test_who_says_nothing_is_in_the_middle() -> None:
    model = build("semantic_matching")
    with torch.no_grad():
        model.entities.weight.zero_()
    one = np.array([1])
    graph = KnowledgeGraph(one, one, one, N_ENTITIES, N_RELATIONS)
    ranks = filtered_ranks(model, Triples(one, one, one), graph)
    np.testing.assert_array_equal(ranks, 1 + (N_ENTITIES - 1) / 2)


def test_metrics_of_ranks() -> None:
    metrics = ranking_metrics(np.array([[1.0, 4.0], [2.0, 20.0]]))
    assert metrics["mrr"] == pytest.approx((1 + 1 / 4 + 1 / 2 + 1 / 20) / 4)
    assert [metrics[f"hits@{k}"] for k in (1, 3, 10)] == [0.25, 0.5, 0.75]


def test_held_out_triples_are_others_of_known_things(toy_data: Path) -> None:
    graph = load(toy_data).graph
    parts = split_triples(graph, 1)
    train = parts.train
    total = len(train) + len(parts.valid) + len(parts.test)
    assert total == len(np.unique(graph.keys(graph.head, graph.relation, graph.tail)))
    for part in (parts.valid, parts.test):
        assert not train.contains(part.head, part.relation, part.tail).any()
        assert np.isin(part.head, np.union1d(train.head, train.tail)).all()
        assert np.isin(part.tail, np.union1d(train.head, train.tail)).all()
        assert np.isin(part.relation, train.relation).all()


def test_false_triples_are_false_at_one_end(toy_data: Path) -> None:
    graph = load(toy_data).graph
    head, tail = corrupt(graph, np.random.default_rng(0))
    assert not graph.contains(head, graph.relation, tail).any()
    changed = (head != graph.head).astype(int) + (tail != graph.tail)
    assert (changed == 1).all()
    # genre: 30 items and 2 tails, so heads are the end with many right answers
    genre = graph.relation == 0
    assert (tail[genre] != graph.tail[genre]).mean() > 0.8


@pytest.mark.parametrize("name", sorted(set(EMBEDDINGS) - {"rotate"}))
def test_training_beats_chance(name: str, toy_data: Path, tmp_path: Path) -> None:
    """Chance: an MRR of about 0.09 among 50 entities. The heads of a genre are many.

    A run folder gives the same model back.
    """
    dataset = load(toy_data)
    config = KGETrainConfig(epochs=60, patience=0, device="cpu", threads=1)
    settings = {"dim": 8, "lr": 0.03, "batch_size": 16, "relation_dim": 8}
    settings = {
        key: settings[key] for key in settings if key in EMBEDDINGS[name].Config.model_fields
    }
    if EMBEDDINGS[name].Config().optimizer == "adagrad":
        settings["lr"] = 0.3
    run = train_embedding(name, dataset, config, settings=settings, out=tmp_path)
    assert run.metrics["test"]["mrr_tail"] > 0.2
    again = load_embedding(tmp_path, dataset)
    ids = torch.tensor([3, 4]), torch.tensor([0, 1]), torch.tensor([30, 34])
    torch.testing.assert_close(again.score(*ids), run.model.score(*ids))
    assert json.loads((tmp_path / "metrics.json").read_text()) == run.metrics
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 60


def test_same_seed_same_embedding(toy_data: Path) -> None:
    config = KGETrainConfig(epochs=3, evaluate_every=3, device="cpu", threads=1)
    first, second = (train_embedding("transh", load(toy_data), config).model for _ in range(2))
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))


def test_a_stopped_training_goes_on_as_if_unbroken(
    toy_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit-identical parameters, a log without gaps or duplicates; other settings are refused."""
    monkeypatch.setattr("recommender.kge.runs.SECONDS", 0.0)
    settings = {"epochs": 6, "evaluate_every": 2, "device": "cpu", "threads": 1}
    config, dataset = KGETrainConfig.model_validate(settings), load(toy_data)
    whole = train_embedding("transr", dataset, config, out=tmp_path / "whole")

    def stop(record: Mapping[str, float]) -> None:
        if record["epoch"] == 3:
            raise KeyboardInterrupt

    parts = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        train_embedding("transr", dataset, config, out=parts, progress=stop)
    with pytest.raises(RunError, match="no finished run"):
        load_embedding(parts, dataset)
    other = config.model_copy(update={"seed": 9})
    with pytest.raises(RunError, match="other settings"):
        train_embedding("transr", dataset, other, out=parts, resume=True)
    flags = ["--epochs", "6", "--evaluate-every", "2", "--device", "cpu", "--threads", "1"]
    where = ["--data", str(toy_data), "--model", "transr", "--out", str(parts)]
    assert main([*where, *flags, "--resume"]) == 0
    again = load_embedding(parts, dataset)
    ours, theirs = again.state_dict(), whole.model.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    lines = [json.loads(line) for line in (parts / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5, 6]
    measured = json.loads((parts / "metrics.json").read_text())
    assert measured["test"] == whole.metrics["test"]
    # Torch stores the file's name, which was temporary.
    assert {name.split("/")[0] for name in ZipFile(parts / "model.pt").namelist()} == {"archive"}


def test_a_damaged_embedding_or_checkpoint_has_a_remedy(toy_data: Path, tmp_path: Path) -> None:
    dataset = load(toy_data)
    config = KGETrainConfig(epochs=2, evaluate_every=2, device="cpu", threads=1)
    train_embedding("transe", dataset, config, out=tmp_path)
    for name in ("model.pt", "checkpoint.pt"):
        for content in (b"", b"no tensors", (tmp_path / name).read_bytes()[:900]):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(RunError, match=rf"{name}: damaged, .* train again"):
                if name == "model.pt":
                    load_embedding(tmp_path, dataset)
                else:
                    train_embedding("transe", dataset, config, out=tmp_path, resume=True)


def test_command(toy_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--epochs", "4", "--evaluate-every", "2", "--dim", "4", "--device", "cpu"]
    assert main(["--data", str(toy_data), "--model", "transe", "--out", str(tmp_path), *flags]) == 0
    printed = capsys.readouterr().out
    assert "hits@10" in printed
    assert str(tmp_path) in printed.replace("\n", "")


def test_mistakes_are_reported(toy_data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="transe"):
        main(["--data", str(toy_data), "--model", "transx"])
    with pytest.raises(ConfigError, match="dim"):
        main(["--data", str(toy_data), "--model", "transr", "--dim", "0"])
    with pytest.raises(RunError, match="no finished run"):
        load_embedding(tmp_path, load(toy_data))
