"""Scores of held-out rows and the metrics made from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from recommender.data import HeldOut, Split
from recommender.metrics.classification import accuracy, best_threshold
from recommender.metrics.ctr import evaluate_ctr
from recommender.metrics.roc import auc
from recommender.models.base import Recommender

__all__ = ["evaluate_split", "score_rows", "validation_value"]

_BLOCK = 65_536


@torch.no_grad()
def score_rows(model: Recommender, rows: HeldOut) -> tuple[np.ndarray, np.ndarray]:
    """Raw scores and ŷ of rows, two float64 arrays [n]; in blocks, in evaluation mode."""
    was_training = model.training
    model.eval()
    scores, probabilities = [], []
    for start in range(0, len(rows), _BLOCK):
        users = torch.from_numpy(rows.users[start : start + _BLOCK]).to(model.device)
        items = torch.from_numpy(rows.items[start : start + _BLOCK]).to(model.device)
        raw = model.score(users, items)
        scores.append(raw.double().cpu().numpy())
        probabilities.append(model.probability(raw).double().cpu().numpy())
    model.train(was_training)
    return np.concatenate(scores), np.concatenate(probabilities)


def validation_value(model: Recommender, rows: HeldOut) -> dict[str, float]:
    """`auc` and `acc` (ŷ ≥ 0.5) of rows; NaN where the model gives no finite score."""
    scores, probabilities = score_rows(model, rows)
    if not np.isfinite(scores).all():
        return {"auc": float("nan"), "acc": float("nan")}
    if model.calibrates:  # scores on no probability's scale: two numbers learnt on these rows
        model.calibrate(scores, rows.labels)
        _, probabilities = score_rows(model, rows)
    return {
        "auc": float(auc(rows.labels, scores)),
        "acc": float(accuracy(rows.labels, probabilities)),
    }


def evaluate_split(
    model: Recommender, split: Split, *, test: bool = True
) -> dict[str, dict[str, Any]]:
    """The full report on validation and, unless told not to look, test.

    Test's second accuracy is at the threshold that is best on validation.
    """
    scores, probabilities = score_rows(model, split.valid)
    threshold = float(best_threshold(split.valid.labels, probabilities))
    report = {
        "valid": evaluate_ctr(
            split.valid.labels, scores, probabilities, split.valid.items, split.train
        )
    }
    if not test:
        return report
    scores, probabilities = score_rows(model, split.test)
    report["test"] = evaluate_ctr(
        split.test.labels,
        scores,
        probabilities,
        split.test.items,
        split.train,
        valid_threshold=threshold,
    )
    return report
