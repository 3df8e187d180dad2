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
    """`score_rows` of a model that every process has; each scores a slice, and all get all."""
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
    """What a monitor may ask for: `auc` and `acc` (ŷ ≥ 0.5) of the validation rows, and rankings.

    Args:
        model: calibrated first, if it wants to be.
        split: its validation positives are relevant, its training positives left out of the lists.
        ks: lengths at which the catalogue's ranking is judged; without any it is not ranked.
        limit: rank for so many users at most; 0: for all.
        score: `score_rows` of the model, where several processes share the work.

    Returns:
        By name (`ndcg@10`); all NaN where the model gives no finite score.
    """
    rows = split.valid
    undefined = dict.fromkeys(
        ["auc", "acc", *(f"{name}@{k}" for name in RANKING_METRICS for k in ks)], float("nan")
    )
    score = score or partial(score_rows, model)
    scores, probabilities = score(rows)
    if not np.isfinite(scores).all():
        return undefined
    if model.calibrates:  # scores on no probability's scale: two numbers learnt on these rows
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
        except RunError:  # NaN, though for none of these rows: the epoch is none to choose
            return undefined
        means = ranking.means().items()
        values |= {name: float("nan") if mean is None else mean for name, mean in means}
    return values


def evaluate_split(
    model: Recommender, split: Split, *, test: bool = True
) -> dict[str, dict[str, Any]]:
    """The full report on the rows of validation and, by default, test.

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


def rank_split(
    model: Recommender,
    split: Split,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    limit: int = 0,
    test: bool = True,
) -> dict[str, dict[str, Any]]:
    """Ranking of the whole catalogue: `valid_ranking` and, by default, `ranking`.

    Each holds the ranking metrics of its part and, alike in both, the list metrics
    (`CatalogueResult.report`).

    Args:
        model: the trained model.
        split: what to find, and what to leave out.
        ks: lengths of the lists.
        limit: rank for so many users at most; 0: for all.
        test: whether to look at the test rows.
    """
    parts = {"valid_ranking": split.valid, **({"ranking": split.test} if test else {})}
    with _scoring(model):
        results = evaluate_catalogue(model, split.train, parts, ks, limit=limit)
    return {name: result.report() for name, result in results.items()}


@contextmanager
def _scoring(model: Recommender) -> Iterator[None]:
    """Evaluation mode for as long as it lasts."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
