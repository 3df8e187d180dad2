"""Score a model on held-out rows and on the catalogue, during and after training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch

from recommender.data import HeldOut, Split
from recommender.errors import RunError
from recommender.metrics.catalogue import evaluate_catalogue
from recommender.metrics.classification import accuracy, best_threshold
from recommender.metrics.ctr import evaluate_ctr
from recommender.metrics.ranking import DEFAULT_KS, RANKING_METRICS, evaluate_ranking
from recommender.metrics.roc import auc
from recommender.models.base import Recommender
from recommender.training.distributed import Group

__all__ = ["evaluate_split", "rank_split", "score_rows", "score_shared_rows", "validation_value"]

_BLOCK = 65_536


@torch.no_grad()
def score_rows(model: Recommender, rows: HeldOut) -> tuple[np.ndarray, np.ndarray]:
    """Raw scores and ŷ of rows, two float64 arrays [n]; in blocks, in evaluation mode."""
    scores, probabilities = [], []
    with _scoring(model):
        for start in range(0, max(1, len(rows)), _BLOCK):
            users = torch.from_numpy(rows.users[start : start + _BLOCK]).to(model.device)
            items = torch.from_numpy(rows.items[start : start + _BLOCK]).to(model.device)
            raw = model.score(users, items)
            scores.append(raw.double().cpu().numpy())
            probabilities.append(model.probability(raw).double().cpu().numpy())
    return np.concatenate(scores), np.concatenate(probabilities)


def score_shared_rows(
    model: Recommender, rows: HeldOut, *, group: Group
) -> tuple[np.ndarray, np.ndarray]:
    """`score_rows` of a replicated model: each process scores a slice, and all get all scores."""
    bounds = [Group(rank, group.size).slice(len(rows)) for rank in range(group.size)]
    own = bounds[group.rank]
    values = np.stack(
        score_rows(model, HeldOut(rows.users[own], rows.items[own], rows.labels[own]))
    )
    sent = torch.from_numpy(values).to(model.device)
    found = group.gather_columns(sent, [part.stop - part.start for part in bounds])
    scores, probabilities = torch.cat(found, dim=1).cpu().numpy()
    return scores, probabilities


def validation_value(
    model: Recommender,
    split: Split,
    ks: Sequence[int] = (),
    limit: int = 0,
    score: Callable[[HeldOut], tuple[np.ndarray, np.ndarray]] | None = None,
) -> dict[str, float]:
    """Validation metrics of the monitor: `auc` and `acc` (ŷ ≥ 0.5), and ranking metrics.

    Args:
        model: the model, calibrated first if it requires this.
        split: its validation positives are relevant, its training positives excluded.
        ks: list lengths of ranking metrics; without any, the catalogue is not ranked.
        limit: maximum number of users to rank for; 0 for all.
        score: replacement of `score_rows` for several processes.

    Returns:
        Metrics by name (`ndcg@10`); all NaN if scores are not finite.
    """
    rows = split.valid
    undefined = dict.fromkeys(
        ["auc", "acc", *(f"{name}@{k}" for name in RANKING_METRICS for k in ks)], float("nan")
    )
    score = score or partial(score_rows, model)
    scores, probabilities = score(rows)
    if not np.isfinite(scores).all():
        return undefined
    if model.calibrates:  # scores are not on a probability scale: fitted on these rows
        model.calibrate(scores, rows.labels)
        _, probabilities = score(rows)
    values = {
        "auc": float(auc(rows.labels, scores)),
        "acc": float(accuracy(rows.labels, probabilities)),
    }
    if ks:
        try:
            with _scoring(model):
                ranking = evaluate_ranking(model, split.train, rows, ks, limit=limit)
        except RunError:  # NaN scores outside these rows: the epoch must not be chosen
            return undefined
        means = ranking.means().items()
        values |= {name: float("nan") if mean is None else mean for name, mean in means}
    return values


def evaluate_split(
    model: Recommender, split: Split, *, test: bool = True
) -> dict[str, dict[str, Any]]:
    """The full report on the rows of validation and, by default, test.

    The second test accuracy is at the threshold that is best on validation.
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


def rank_split(
    model: Recommender,
    split: Split,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    limit: int = 0,
    test: bool = True,
) -> dict[str, dict[str, Any]]:
    """Ranking of the whole catalogue: `valid_ranking` and, by default, `ranking`.

    Each has the ranking metrics of its part and the list metrics, equal in both
    (`CatalogueResult.report`).

    Args:
        model: the trained model.
        split: relevant and excluded items.
        ks: lengths of the lists.
        limit: maximum number of users to rank for; 0 for all.
        test: whether to evaluate the test rows.
    """
    parts = {"valid_ranking": split.valid, **({"ranking": split.test} if test else {})}
    with _scoring(model):
        results = evaluate_catalogue(model, split.train, parts, ks, limit=limit)
    return {name: result.report() for name, result in results.items()}


@contextmanager
def _scoring(model: Recommender) -> Iterator[None]:
    """Context with the model in evaluation mode."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
