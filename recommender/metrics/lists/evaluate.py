"""Compute all list metrics of the users' recommended lists, at several lengths K."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.data import TrainingSplit
from recommender.metrics.lists.base import AggregateMetric, PerUserMetric, RecommendedLists
from recommender.metrics.lists.registry import list_metrics

__all__ = ["ListResult", "evaluate_lists"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ListResult:
    """List metrics, each under its name with the length: ``novelty@10``.

    Attributes:
        users: ``[u]`` users of the lists.
        per_user: metric to its ``[u]`` values, NaN if undefined.
        aggregates: aggregate metric to its value, NaN if undefined.
        basis: metric, without length, to its basis in these data.
    """

    users: NDArray[np.int64]
    per_user: Mapping[str, FloatArray]
    aggregates: Mapping[str, float]
    basis: Mapping[str, str]

    def means(self) -> dict[str, float | None]:
        """Value of each metric: the mean over users with a defined value, or None."""
        values = dict(self.aggregates)
        for name, each in self.per_user.items():
            defined = each[~np.isnan(each)]
            values[name] = float(defined.mean()) if len(defined) else float("nan")
        return {name: None if np.isnan(value) else value for name, value in sorted(values.items())}


def evaluate_lists(
    lists: RecommendedLists, train: TrainingSplit, ks: Sequence[int] = (10, 20)
) -> ListResult:
    """Compute list metrics for all users with a history.

    Users without a history all get the same list, which is uninformative about the model.

    Args:
        lists: at least as long as the longest of `ks`, or as the catalogue.
        train: data for popularity, novelty, diversity and calibration.
        ks: lengths of the lists.
    """
    with_history = lists.of(lists.histories.sizes[lists.users] > 0)
    per_user: dict[str, FloatArray] = {}
    aggregates: dict[str, float] = {}
    basis: dict[str, str] = {}
    for name, kind in list_metrics().items():
        metric = kind(train)
        if metric.basis:
            basis[name] = metric.basis
        for k in sorted(set(ks)):
            cut = with_history.first(k)
            if isinstance(metric, PerUserMetric):
                per_user[f"{name}@{k}"] = metric.per_user(cut)
            elif isinstance(metric, AggregateMetric):
                aggregates[f"{name}@{k}"] = metric.value(cut)
    return ListResult(with_history.users, per_user, aggregates, basis)
