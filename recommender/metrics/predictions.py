"""A model's predictions for labelled rows: CTR report, values per user, bootstrap samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.data import HeldOut, TrainingSplit
from recommender.metrics.ctr import evaluate_ctr, popularity
from recommender.metrics.significance import resampled_auc, resampled_mean

__all__ = ["Predictions"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's predictions for the rows of one split.

    Attributes:
        rows: users, items and labels, ``[n]`` each.
        train: the model's training split.
        scores, probabilities: ``[n]``, raw scores and ŷ.
        threshold: minimum ŷ of a predicted positive.
        valid_threshold: the threshold chosen on validation.
    """

    rows: HeldOut
    train: TrainingSplit
    scores: FloatArray
    probabilities: FloatArray
    threshold: float = 0.5
    valid_threshold: float | None = None

    def report(self) -> dict[str, Any]:
        """`evaluate_ctr` of these rows."""
        return evaluate_ctr(
            self.rows.labels,
            self.scores,
            self.probabilities,
            self.rows.items,
            self.train,
            self.threshold,
            self.valid_threshold,
        )

    @cached_property
    def warm(self) -> NDArray[np.bool_]:
        """Mask of rows whose item has a positive in train, ``[n]``."""
        return popularity(self.rows.items, self.train) > 0

    @cached_property
    def parts(self) -> Mapping[str, NDArray[np.bool_]]:
        """Rows of each reported part, by the suffix of its metrics' names."""
        return {"": np.ones(len(self.rows), dtype=bool), "_warm": self.warm, "_cold": ~self.warm}

    @cached_property
    def owners(self) -> NDArray[np.int64]:
        """Index of each row's user among the users with rows, ``[n]``."""
        return np.unique(self.rows.users, return_inverse=True)[1]

    @property
    def n_users(self) -> int:
        """Number of users with rows."""
        return int(self.owners.max(initial=-1)) + 1

    def per_user(self, values: FloatArray) -> FloatArray:
        """Sum of row values ``[n]`` over each user's rows, ``[n_users]``."""
        return np.asarray(np.bincount(self.owners, values, minlength=self.n_users), np.float64)

    @cached_property
    def row_means(self) -> Mapping[str, tuple[FloatArray, NDArray[np.bool_]]]:
        """Metrics that are means over rows: the value of each row ``[n]``, and the mask of rows."""
        positive = self.rows.labels == 1
        correct = (positive == (self.probabilities >= self.threshold)).astype(np.float64)
        epsilon = np.finfo(np.float64).eps
        clipped = np.clip(self.probabilities, epsilon, 1 - epsilon)
        nats = -np.log(np.where(positive, clipped, 1 - clipped))
        accuracies = {f"acc{ending}": (correct, rows) for ending, rows in self.parts.items()}
        return {**accuracies, "log_loss": (nats, self.parts[""])}

    def resample(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Each metric of the report for each resample of users.

        Args:
            weights: ``[resamples, n_users]`` of `resample_users`.

        Returns:
            Metric to ``[resamples]`` values, NaN if undefined in a resample.
        """
        samples = {}
        for ending, rows in self.parts.items():
            samples[f"auc{ending}"] = resampled_auc(
                self.rows.labels[rows], self.scores[rows], self.owners[rows], weights
            )
        for name, (values, rows) in self.row_means.items():
            samples[name] = resampled_mean(
                self.per_user(values * rows), self.per_user(rows.astype(np.float64)), weights
            )
        positive, called = self.rows.labels == 1, self.probabilities >= self.threshold
        samples["f1"] = resampled_mean(
            self.per_user(2.0 * (positive & called)),
            self.per_user(positive.astype(np.float64) + called),
            weights,
        )
        return samples
