"""The native recommendation step against autograd and torch's Adam."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recommender import create_model, load, split
from recommender.data import make_sampler
from recommender.layers.embedding import EmbeddingTable
from recommender.models.mkr import RecommendationTask
from recommender.models.mkr_native import NativeRecommendationSteps
from recommender.training.adam import Adam
from recommender.training.steps import TorchSteps

SETTINGS = [
    {},
    {"low_layers": 2},
    {"low_layers": 3, "prediction": "plain", "lambda2": 0.0},
    {"prediction": "S1", "rs_reduction": "sum"},
    {"prediction": "T+S2", "associated": "neighbour"},
    {"rs_loss": "score", "batch_size": 100_000},
]


def trained(
    toy_data: Path, native: bool, dtype: torch.dtype, settings: dict[str, Any], epochs: int = 2
) -> tuple[list[float], dict[str, torch.Tensor], Adam]:
    train = split(load(toy_data), 1).train
    settings = {"dim": 6, "lr_rs": 0.01, "batch_size": 64, "lambda2": 0.01, **settings}
    model = create_model("mmss_mkr", train, seed=2, **settings).to(dtype)
    task = model.tasks(make_sampler("fresh", train))[0]
    assert isinstance(task, RecommendationTask)
    tables = [m for m in model.modules() if isinstance(m, EmbeddingTable)]
    optimizer = Adam(task.parameters(), tables, learning_rate=0.01, rowwise=True)
    steps = task.native_steps(optimizer) if native else TorchSteps(task, optimizer)
    assert isinstance(steps, NativeRecommendationSteps if native else TorchSteps)
    losses = []
    for epoch in range(epochs):
        columns = task.samples(np.random.default_rng(epoch))
        with optimizer.stepping():
            losses.append(steps.run(tuple(map(torch.from_numpy, columns))))
    return losses, model.state_dict(), optimizer


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_same_steps_as_autograd(settings: dict[str, Any], toy_data: Path) -> None:
    losses, parameters, optimizer = trained(toy_data, True, torch.float64, settings)
    expected_losses, expected, reference = trained(toy_data, False, torch.float64, settings)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)  # torch adds up in float32
    for name, value in expected.items():
        torch.testing.assert_close(parameters[name], value, rtol=0, atol=1e-9, msg=name)
    torch.testing.assert_close(optimizer.exp_avg, reference.exp_avg, rtol=0, atol=1e-10)
    assert optimizer.steps == reference.steps


def test_close_in_single_precision(toy_data: Path) -> None:
    """Adam amplifies rounding of gradients near zero, so not every entry agrees."""
    losses, parameters, _ = trained(toy_data, True, torch.float32, {}, epochs=1)
    expected_losses, expected, _ = trained(toy_data, False, torch.float32, {}, epochs=1)
    assert losses == pytest.approx(expected_losses, rel=1e-5)
    for name, value in expected.items():
        apart = (parameters[name] - value).abs() > 1e-5
        assert apart.double().mean() < 0.02, name


@pytest.mark.parametrize(
    "settings",
    [{"f_rs": "mlp"}, {"unit": "cross_stitch"}, {"activation": "sigmoid"}, {"low_layers": 0}],
    ids=str,
)
def test_declines_what_it_cannot_do(settings: dict[str, Any], toy_data: Path) -> None:
    train = split(load(toy_data), 1).train
    model = create_model("mmss_mkr", train, dim=4, **settings)
    task = model.tasks(make_sampler("static", train))[0]
    tables = [m for m in model.modules() if isinstance(m, EmbeddingTable)]
    optimizer = Adam(task.parameters(), tables, learning_rate=0.01, rowwise=True)
    assert task.native_steps(optimizer) is None


def test_native_and_autograd_may_alternate(toy_data: Path) -> None:
    """Step counts agree after a native epoch."""
    _, _, optimizer = trained(toy_data, True, torch.float64, {})
    moments = optimizer.state_dict()["moments"]
    assert [taken for _, _, taken in moments] == [optimizer.steps] * len(moments)
