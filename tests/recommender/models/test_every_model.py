"""Requirements for all registered models: learn the checkerboard, calibrate, no leakage.

A model added to the registry is tested automatically.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from recommender import Recommender, Trainer, create_model, model_names
from recommender.data import HeldOut, Interactions, Split, TrainingSplit
from recommender.models.registry import resolve
from recommender.scoring import top_k
from recommender.training.evaluation import evaluate_split

# Settings for small data: short vectors, small batches, large learning rates.
QUICK: dict[str, Any] = {
    "dim": 8,
    "batch_size": 32,
    "lr_rs": 0.03,
    "lr_kge": 0.03,
    "lr": 0.03,
    "k": 8,
    "min_triples": 1,
    "alpha": 2.0,
    "l2_weight": 1e-4,
}
SINGLE = {
    "als": {"dim": 2, "l2_weight": 0.1},
    "ease": {"l2_weight": 5.0},
    "ensemble": {"n_members": 2, "member_settings": {"dim": 8, "batch_size": 32, "lr": 0.03}},
    "ials": {"dim": 2, "l2_weight": 0.003},
    "rp3beta": {"alpha": 0.5, "k": 23},
}
SAME_FOR_ALL = {"popularity"}
NAMES = [name for name in model_names() if not name.endswith("_for_tests")]
NEEDS_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
BRIEF: dict[str, Any] = {"epochs": 3, "evaluate_every": 3, "negatives": "fresh"}
DEVICES = ["cpu", pytest.param("cuda", marks=NEEDS_GPU)]


def build(name: str, train: TrainingSplit) -> Recommender:
    known = resolve(name).model.Config.model_fields
    settings = {**QUICK, **SINGLE.get(name, {})}
    settings = {key: value for key, value in settings.items() if key in known}
    return create_model(name, train, **settings)


def trained(name: str, split: Split, **training: Any) -> Recommender:
    model = build(name, split.train)
    settings = {"epochs": 40, "patience": 0, "evaluate_every": 10, "threads": 1, "device": "cpu"}
    Trainer(**{**settings, **training}).fit(model, split)
    return model.eval()


def first_scores(model: Recommender) -> torch.Tensor:
    """Scores of the first four users for all items."""
    with torch.inference_mode():
        return model.score_items(torch.arange(4), 0, model.n_items)


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each model in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def brief(name: str, checkerboard: Split) -> Recommender:
    """The model after three epochs with fresh negatives; read-only."""
    return trained(name, checkerboard, **BRIEF)


@pytest.mark.parametrize("device", DEVICES)
def test_learns_the_checkerboard(name: str, device: str, checkerboard: Split) -> None:
    """Held-out items of a user's own colour come before those of the other."""
    test = checkerboard.test
    model = trained(name, checkerboard, negatives="static", device=device)
    with torch.inference_mode():
        users = torch.arange(model.n_users, device=device)
        scores = model.score_items(users, 0, model.n_items).cpu()
        asked = (torch.from_numpy(column).to(device) for column in (test.users, test.items))
        pairs = model.score(*asked).cpu()
    torch.testing.assert_close(pairs, scores[test.users, test.items], rtol=1e-4, atol=1e-5)
    if name in SAME_FOR_ALL:
        assert (scores == scores[0]).all()
        return
    own = np.array([scores[u, i] for u, i in zip(test.users, test.items, strict=True)])
    positive, negative = own[test.labels == 1], own[test.labels == 0]
    assert (positive[:, None] > negative).mean() > 0.9
    by_user = positive.reshape(model.n_users, -1), negative.reshape(model.n_users, -1)
    assert (by_user[0].min(axis=1) > by_user[1].max(axis=1)).mean() > 0.9


@NEEDS_GPU
def test_a_gpu_says_what_the_cpu_says(name: str, checkerboard: Split) -> None:
    """A model trained on a GPU gives the same scores and lists on a CPU."""
    model = trained(name, checkerboard, epochs=3, device="cuda")
    users = np.arange(model.n_users)
    with torch.inference_mode():
        there = model.score_items(torch.from_numpy(users).cuda(), 0, model.n_items).cpu()
        lists = top_k(model, users, 5)
        other = build(name, checkerboard.train).eval()
        other.load_state_dict(model.state_dict())
        here = other.score_items(torch.from_numpy(users), 0, other.n_items)
    torch.testing.assert_close(there, here, rtol=1e-3, atol=1e-4)
    best = np.take_along_axis(there.numpy(), lists.items, axis=1)
    np.testing.assert_allclose(lists.scores, best, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("device", DEVICES)
def test_learns_in_mixed_precision(name: str, device: str, checkerboard: Split) -> None:
    settings = {"negatives": "static", "precision": "bf16", "device": device, "epochs": 20}
    model = trained(name, checkerboard, **settings)
    auc = evaluate_split(model, checkerboard)["test"]["auc"]
    assert auc > 0.9 or name in SAME_FOR_ALL


def test_probabilities_follow_the_scores(brief: Recommender) -> None:
    with torch.inference_mode():
        scores = brief.score_items(torch.arange(brief.n_users), 0, brief.n_items).reshape(-1)
        probabilities = brief.probability(scores).double()
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    order = scores.argsort()
    assert (probabilities[order].diff() >= -1e-7).all()


def test_saved_parameters_are_the_model(name: str, brief: Recommender, checkerboard: Split) -> None:
    """A run folder stores only the state; a new model that loads it gives the same scores."""
    other = build(name, checkerboard.train).eval()
    other.load_state_dict(brief.state_dict())
    users, items = torch.tensor([0, 5, 7]), torch.tensor([3, 8, 8])
    with torch.inference_mode():
        torch.testing.assert_close(other.predict(users, items), brief.predict(users, items))


def test_no_score_depends_on_held_out_rows(
    name: str, brief: Recommender, checkerboard: Split
) -> None:
    """Leak guard: other validation and test labels change calibration at most, never a score."""

    def flipped(rows: HeldOut) -> HeldOut:
        return HeldOut(rows.users[::-1].copy(), rows.items, 1 - rows.labels)

    disturbed = Split(
        checkerboard.train,
        flipped(checkerboard.valid),
        flipped(checkerboard.test),
        checkerboard.dataset,
        checkerboard.seed,
        checkerboard.ratios,
    )
    assert torch.equal(first_scores(brief), first_scores(trained(name, disturbed, **BRIEF)))


def test_no_feature_counts_a_users_negatives(
    name: str, brief: Recommender, checkerboard: Split
) -> None:
    """Leak guard: with fresh negatives, the prepared ones have no effect."""
    train = checkerboard.train
    positives = train.interactions.rows(np.flatnonzero(train.labels == 1))
    assert isinstance(positives, Interactions)
    bare = Split(
        TrainingSplit(positives, train.graph, train.n_users, train.n_items),
        checkerboard.valid,
        checkerboard.test,
        checkerboard.dataset,
        checkerboard.seed,
        checkerboard.ratios,
    )
    assert torch.equal(first_scores(brief), first_scores(trained(name, bare, **BRIEF)))
