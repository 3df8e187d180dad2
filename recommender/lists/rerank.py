"""Re-rank candidates greedily by relevance and weighted criteria such as diversity."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from recommender.data import TrainingSplit
from recommender.lists.criteria import Candidates, Criterion, FloatArray, criterion_named
from recommender.scoring import ItemSets, TopK

__all__ = ["Reranker", "relevance_of"]


class Reranker:
    """Selects lists from pools of candidates.

    Deterministic: ties by score.

    Args:
        train: graph and training positives, from which the criteria are computed.
        weights: weight of each criterion by name.
    """

    def __init__(self, train: TrainingSplit, weights: Mapping[str, float]) -> None:
        self._criteria: list[tuple[Criterion, float]] = [
            (criterion_named(name)(train), weight) for name, weight in weights.items() if weight
        ]
        taken = sum(weight for c, weight in self._criteria if c.takes_from_relevance)
        self._of_relevance = 1.0 - taken

    def choose(
        self,
        pools: TopK,
        users: ArrayLike,
        histories: ItemSets,
        k: int,
        progress: Callable[[int], None] | None = None,
    ) -> TopK:
        """Select the best k of each pool, in the order of selection.

        Args:
            pools: ``[n, p]`` the best items by score, padded with -1.
            users: ``[n]`` user of each pool, as index into `histories`.
            histories: the users' histories.
            k: length of the lists.
            progress: called with the number of users done since its last call.

        Returns:
            ``[n, k]`` items and their scores, as in the pools; padded with -1 and -inf.
        """
        asked = np.asarray(users, dtype=np.int64)
        items = np.full((len(asked), k), -1, dtype=np.int64)
        scores = np.full((len(asked), k), -np.inf, dtype=pools.scores.dtype)
        for row, user in enumerate(asked.tolist()):
            real = pools.items[row] >= 0
            pool, values = pools.items[row][real], pools.scores[row][real]
            places = self._places(Candidates(pool, relevance_of(values), histories.of(user)), k)
            items[row, : len(places)], scores[row, : len(places)] = pool[places], values[places]
            if progress is not None:
                progress(1)
        return TopK(items, scores)

    def _places(self, candidates: Candidates, k: int) -> list[int]:
        """Positions in the pool, in list order."""
        states = [(criterion.start(candidates), weight) for criterion, weight in self._criteria]
        relevance = self._of_relevance * candidates.relevance
        left = np.ones(len(candidates.items), dtype=bool)
        places: list[int] = []
        while len(places) < k and left.any():
            values = relevance.copy()
            for state, weight in states:
                values += weight * state.values()
            best = int(np.argmax(np.where(left, values, -np.inf)))
            left[best] = False
            places.append(best)
            for state, _ in states:
                state.add(best)
        return places


def relevance_of(scores: np.ndarray) -> FloatArray:
    """Scale the scores of a pool to 0 … 1; all 1 if they are equal."""
    values = np.asarray(scores, dtype=np.float64)
    if not len(values):
        return values
    low, high = values.min(), values.max()
    return np.ones(len(values)) if high == low else np.asarray((values - low) / (high - low))
