"""Platt scaling of asinh-transformed scores: scores to probabilities, fitted on validation."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["PlattScaling"]

_NEWTON_STEPS = 50


class PlattScaling(nn.Module):
    """ŷ = σ(a · asinh(s / c) + b), strictly increasing in the score s.

    Platt, "Probabilistic outputs for support vector machines", 1999, with his smoothed targets.
    asinh, linear near 0 and logarithmic far from it, keeps a few huge scores (the counts of the
    most popular items) from determining where ŷ passes 0.5. c is the median magnitude of non-zero
    scores. Fitted on validation rows; the order of scores is preserved.
    """

    scale: Tensor
    slope: Tensor
    intercept: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, value in (("scale", 1.0), ("slope", 1.0), ("intercept", 0.0)):
            self.register_buffer(name, torch.tensor(value))

    def forward(self, scores: Tensor) -> Tensor:
        """Raw scores → ŷ in (0, 1); same shape."""
        return torch.sigmoid(self.slope * torch.asinh(scores / self.scale) + self.intercept)

    def fit(self, scores: NDArray[np.floating], labels: NDArray[np.int64]) -> None:
        """Fit a, b and c by maximum likelihood; `scores`, `labels`: [n], labels 0 or 1.

        If scores are negatively related to labels, ŷ is constant; the order is never reversed.
        """
        sizes = np.abs(scores[scores != 0])
        scale = float(np.median(sizes)) if len(sizes) else 1.0
        x = np.arcsinh(scores.astype(np.float64) / scale)
        n_positive = int(labels.sum())
        n_negative = len(labels) - n_positive
        high, low = (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2)
        slope, intercept = _logistic_line(x, np.where(labels == 1, high, low))
        self.scale.fill_(scale)
        self.slope.fill_(max(slope, 1e-6))
        self.intercept.fill_(intercept)


def _logistic_line(x: NDArray[np.float64], targets: NDArray[np.float64]) -> tuple[float, float]:
    """a and b that minimise the cross-entropy of σ(a x + b) with `targets` in (0, 1)."""
    design = np.stack([x, np.ones_like(x)], axis=1)
    share = float(targets.mean())
    line = np.array([0.0, np.log(share / (1 - share))])
    ridge = 1e-9 * len(x) * np.eye(2)
    for _ in range(_NEWTON_STEPS):
        predicted = 1 / (1 + np.exp(-design @ line))
        weights = predicted * (1 - predicted)
        step = np.linalg.solve(
            (design * weights[:, None]).T @ design + ridge, design.T @ (targets - predicted)
        )
        line = line + step
        if np.abs(step).max() < 1e-10:
            break
    return float(line[0]), float(line[1])
