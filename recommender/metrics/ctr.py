"""Report click-through prediction: AUC, ACC and more, for all, warm and cold items.

Under the public protocol an item without a positive in train is mostly negative in the test rows
for reasons unrelated to taste, so a total alone is misleading. Every report therefore has separate
figures for **warm** rows (the item has a positive in train), **cold** rows (it has none), and
popularity bands.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.metrics.classification import accuracy, f1, log_loss
from recommender.metrics.roc import auc

__all__ = ["LabelledRows", "evaluate_ctr", "popularity", "popularity_bands"]


class LabelledRows(Protocol):
    """Interface of labelled rows, such as a `TrainingSplit`."""

    @property
    def items(self) -> Any:
        """``[n]`` item ids."""

    @property
    def labels(self) -> Any:
        """``[n]``, 1 for an interaction and 0 for a sampled negative."""


def popularity(items: ArrayLike, train: LabelledRows) -> NDArray[np.int64]:
    """Number of training positives of each of `items`; ``[n]`` → ``[n]``."""
    wanted = np.asarray(items, dtype=np.int64)
    labels = np.asarray(train.labels).astype(bool, copy=False)
    liked = np.asarray(train.items, dtype=np.int64)[labels]
    size = 1 + max(int(wanted.max(initial=-1)), int(liked.max(initial=-1)))
    return np.bincount(liked, minlength=size)[wanted]


def evaluate_ctr(
    labels: ArrayLike,
    scores: ArrayLike,
    probabilities: ArrayLike,
    items: ArrayLike,
    train: LabelledRows,
    threshold: float = 0.5,
    valid_threshold: float | None = None,
) -> dict[str, Any]:
    """Metrics of labelled rows, total, warm and cold, ready for ``json.dumps``.

    Args:
        labels: ``[n]``, 1 for a positive and 0 for a negative.
        scores: ``[n]``, the model's raw scores, used for AUC.
        probabilities: ``[n]``, the model's predictions, used for ACC, F1 and log-loss.
        items: ``[n]``, the item of each row.
        train: the training rows; an item with a positive among them is warm.
        threshold: minimum probability of a predicted positive, for ACC and F1.
        valid_threshold: a threshold chosen on validation
            (`recommender.metrics.classification.best_threshold`); adds ``acc_valid_threshold``.

    Returns:
        ``auc, acc, f1, log_loss``; ``auc_warm, auc_cold, acc_warm, acc_cold``; ``threshold``; with
        a validation threshold that threshold and ``acc_valid_threshold``; ``bands``, the AUC by the
        item's number of training positives; ``counts``. An undefined metric is None, and the counts
        show why: too few rows or positives, or ``not_finite`` predictions (a diverged model), which
        make all metrics undefined.
    """
    truth = np.asarray(labels).astype(bool, copy=False)
    raw = np.asarray(scores)
    predicted = np.asarray(probabilities, dtype=np.float64)
    seen = popularity(items, train)
    if not truth.shape == raw.shape == predicted.shape == seen.shape:
        raise ValueError(
            f"rows differ: {truth.shape} labels, {raw.shape} scores, "
            f"{predicted.shape} probabilities, {seen.shape} items"
        )
    broken = int((~(np.isfinite(raw) & np.isfinite(predicted))).sum())
    if broken:  # a part of the rows would be a different test set: undefined is better
        raw = np.full(raw.shape, np.nan)
    warm = seen > 0
    report: dict[str, Any] = {
        "auc": auc(truth, raw),
        "acc": accuracy(truth, predicted, threshold),
        "f1": f1(truth, predicted, threshold),
        "log_loss": log_loss(truth, predicted),
        "auc_warm": auc(truth[warm], raw[warm]),
        "auc_cold": auc(truth[~warm], raw[~warm]),
        "acc_warm": accuracy(truth[warm], predicted[warm], threshold),
        "acc_cold": accuracy(truth[~warm], predicted[~warm], threshold),
    }
    if valid_threshold is not None:
        report["acc_valid_threshold"] = accuracy(truth, predicted, valid_threshold)
    report = {name: None if broken else _defined(value) for name, value in report.items()}
    report["threshold"] = threshold
    if valid_threshold is not None:
        report["valid_threshold"] = valid_threshold
    report["bands"] = [
        {
            "train_positives": name,
            "rows": int(rows.sum()),
            "positives": int(truth[rows].sum()),
            "auc": _defined(auc(truth[rows], raw[rows])),
        }
        for name, rows in popularity_bands(seen)
    ]
    report["counts"] = {
        "rows": truth.size,
        "positives": int(truth.sum()),
        "warm_rows": int(warm.sum()),
        "warm_positives": int(truth[warm].sum()),
        "cold_rows": int((~warm).sum()),
        "cold_positives": int(truth[~warm].sum()),
        "not_finite": broken,
    }
    return report


def popularity_bands(seen: NDArray[np.int64]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Masks of rows by popularity bands: 0, 1, 2-3, …, 512 and more (factors of two, then four).

    The bands are the same for every data set, so that reports are comparable.

    Args:
        seen: ``[n]``, the training positives of each row's item.

    Returns:
        The name of each band and its ``[n]`` mask of rows; including empty bands.
    """
    starts = [0, 1, 2, 4, 8, 16, 32, 128, 512]
    bands = []
    for start, after in zip(starts, [*starts[1:], None], strict=True):
        inside = seen >= start if after is None else (seen >= start) & (seen < after)
        name = (
            f"{start}+"
            if after is None
            else f"{start}"
            if after == start + 1
            else f"{start}-{after - 1}"
        )
        bands.append((name, inside))
    return bands


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
