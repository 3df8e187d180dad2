"""RP3beta: three-step random walks on the user–item graph, popular items damped."""

from __future__ import annotations

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_array
from torch import Tensor

from recommender.data.splits import TrainingSplit
from recommender.layers.neighbours import largest_entries
from recommender.layers.sparse import CompressedRows, SparseMatrix, sum_of_rows
from recommender.models.base import ModelConfig
from recommender.models.item_based import ItemBasedRecommender

__all__ = ["RP3Beta", "RP3BetaConfig"]

_NUMBERS = 2**24  # transitions in memory at a time


class RP3BetaConfig(ModelConfig):
    """Settings of `RP3Beta`; the defaults were chosen on validation."""

    alpha: float = Field(0.65, ge=0, description="exponent of every step's probability")
    beta: float = Field(
        0.1, ge=0, description="exponent of the item's count that divides its score"
    )
    k: int = Field(500, ge=1, description="end items kept per item")


class RP3Beta(ItemBasedRecommender):
    """Ranks items by the end points of three-step random walks from the user.

    Christoffel, Paudel, Newell and Bernstein, "Blockbusters and wallflowers: accurate, diverse, and
    scalable recommendations with random walks", RecSys 2015; Paudel, Christoffel, Newell and
    Bernstein, "Updatable, accurate, diverse, and scalable recommendations for interactive
    applications", TiiS 2017. The walk goes user - item - user - item over positives; each step
    takes an edge with probability 1/degree, raised to α (P³α), and the score of an item is divided
    by its degree to the power of β (RP³β). For the last two steps from each item, the k most likely
    ends other than itself are kept, as in Ferrari Dacrema et al., "Are we really making much
    progress?", RecSys 2019.

    The default α and β are the best of 42 trials by AUC + NDCG@10 on the validation rows of Last.FM
    (`lastfm-stock`, seed 555): α from 0.1 to 1.3, β from 0 to 0.7, k from 30 to 3,845. From k = 500
    on, the sum of both metrics changes by less than .001.
    """

    name = "rp3beta"
    Config = RP3BetaConfig
    config: RP3BetaConfig
    ends: Tensor
    transitions: Tensor

    def __init__(self, config: RP3BetaConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self.k = min(config.k, max(1, train.n_items - 1))
        self.register_buffer("ends", torch.zeros(train.n_items, self.k, dtype=torch.int32))
        self.register_buffer("transitions", torch.zeros(train.n_items, self.k))

    def weighted(self, positives: csr_array) -> csr_array:
        """The first step: p(user → item)^α."""
        return _steps(positives, self.config.alpha)

    def fit(self) -> None:
        """Compute the second and third step from every item."""
        by_item, alpha = self._positives.T.tocsr(), self.config.alpha
        backward, forward = _steps(by_item, alpha), _steps(self._positives, alpha)
        degrees = np.diff(by_item.indptr)
        forward.data = forward.data / degrees[forward.indices] ** self.config.beta
        at_a_time = max(1, _NUMBERS // self.n_items)
        for start in range(0, self.n_items, at_a_time):
            stop = min(start + at_a_time, self.n_items)
            ends, values = largest_entries(backward[start:stop] @ forward, self.k, first=start)
            self.ends[start:stop] = torch.from_numpy(ends)
            self.transitions[start:stop] = torch.from_numpy(values)

    def score_histories(
        self, histories: SparseMatrix, rows: Tensor, start: int, stop: int
    ) -> Tensor:
        """Sum the walks from the items of each history."""
        scores = self.transitions.new_zeros(len(rows), self.n_items)
        offsets = torch.arange(0, self.ends.numel() + 1, self.k, device=self.ends.device)
        onward = CompressedRows(offsets, self.ends.view(-1), self.transitions.view(-1))
        row, own, value = histories.entries(rows)
        sum_of_rows(onward, own, value, row, out=scores)
        return scores[:, start:stop]


def _steps(edges: csr_array, alpha: float) -> csr_array:
    """p(row → column)^α of a walk with uniform edge probabilities in each row."""
    degrees = np.diff(edges.indptr)
    probabilities = np.repeat(np.maximum(degrees, 1.0) ** -alpha, degrees)
    return csr_array((probabilities, edges.indices, edges.indptr), shape=edges.shape)
