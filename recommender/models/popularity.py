"""Popularity baseline: items ranked by training positives, the same for every user."""

from __future__ import annotations

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from recommender.data.splits import TrainingSplit
from recommender.models.base import ModelConfig
from recommender.models.calibrated import CalibratedRecommender
from recommender.scoring import ItemScorer, ItemSets

__all__ = ["Popularity", "PopularityConfig", "expected_recounts"]


class PopularityConfig(ModelConfig):
    """Settings of `Popularity`."""

    leave_one_out: bool = Field(
        False,
        description="score by the expected count of an item with one of its positives held "
        "out, which ranks items without a positive in train among the others",
    )


class Popularity(CalibratedRecommender):
    """Number of training positives of an item: the non-personalised control.

    With `leave_one_out` a count c becomes its expected recount (c + 1) N(c+1) / N(c), where N(c)
    items have c positives: Turing's estimate (Good, "The population frequencies of species and the
    estimation of population parameters", Biometrika 1953). It uses positives only. If every item
    has a positive somewhere, it raises the items without training positives, an artefact of such
    data that makes the variant a yardstick rather than a recommender.
    """

    name = "popularity"
    Config = PopularityConfig
    config: PopularityConfig
    scores: Tensor

    def __init__(self, config: PopularityConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self._liked = train.history[1]
        self.register_buffer("scores", torch.zeros(train.n_items))

    def fit(self) -> None:
        """Count the training positives."""
        counts = np.bincount(self._liked, minlength=self.n_items)
        scores = expected_recounts(counts)[counts] if self.config.leave_one_out else counts
        self.scores.copy_(torch.from_numpy(scores))

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """The count of each item, for any user."""
        return self.scores[items]

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """The same row for every user."""
        return self.scores[start:stop].expand(len(users), -1)

    def fold_in(self, histories: ItemSets) -> ItemScorer:
        """Returns itself, as scores do not depend on users."""
        return self


def expected_recounts(counts: np.ndarray) -> np.ndarray:
    """Turing's estimate for every count from 0 to the largest, [max + 1].

    Above 0 the estimates are made increasing by weighted isotonic regression, since rare counts
    make them noisy; that of 0 is kept, as it may exceed its neighbour's.
    """
    from sklearn.isotonic import IsotonicRegression  # takes seconds to load

    frequency = np.bincount(counts, minlength=2).astype(np.float64)
    following = np.append(frequency[1:], 0.0)
    rank = np.arange(len(frequency))
    raw = np.divide(
        (rank + 1) * following, frequency, out=np.zeros_like(frequency), where=frequency > 0
    )
    seen = rank[1:][frequency[1:] > 0]
    smooth = IsotonicRegression().fit(seen, raw[seen], sample_weight=frequency[seen])
    # The count breaks ties between different counts.
    estimates: np.ndarray = np.interp(rank, seen, smooth.predict(seen)) + rank * 1e-6
    estimates[0] = raw[0]
    return estimates
