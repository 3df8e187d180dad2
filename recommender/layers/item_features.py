"""Fixed features of items: popularity, log odds by popularity, facts, nearest items."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

__all__ = ["BANDS", "ItemFeatures", "degree_log_odds"]

Floats = NDArray[np.float32]

_BOUNDS = np.array([1, 2, 3, 4, 6, 8, 12, 16, 32, 64])
BANDS = len(_BOUNDS) + 1  # degree bands: 0, 1, 2, 3, 4-5, 6-7, …, 64 and more
_NEIGHBOURS = 30


class ItemFeatures:
    """Features: log(1 + degree); `neighbourhood`; the log odds at the degree; the degree's band.

    Args:
        degree: ``[n_items]`` training positives of each item.
    """

    size = 5 + BANDS
    log_odds = 4  # their column

    def __init__(self, degree: Floats) -> None:
        self.degree = degree
        self._log_odds = degree_log_odds(degree)

    def __call__(self, degree: Floats, neighbourhood: Floats) -> Floats:
        """Features of items with the given degrees and neighbourhoods: [n], [n, 3] → [n, size]."""
        band = np.digitize(degree, _BOUNDS)
        one_hot = np.eye(BANDS, dtype=np.float32)[band]
        columns = np.log1p(degree)[:, None], neighbourhood, self._log_odds[band][:, None], one_hot
        return np.concatenate(columns, axis=1)

    def neighbourhood(self, alike: csr_array, n_facts: np.ndarray) -> Floats:
        """Mean log popularity of the items nearest by facts (cosine-weighted), and the best cosine.

        Args:
            alike: ``[n, n_items]`` cosines with the nearest items of the catalogue.
            n_facts: ``[n]`` number of facts of each, whose logarithm is the third column.

        Returns:
            ``[n, 3]``.
        """
        popularity = np.zeros(alike.shape[0], dtype=np.float32)
        closeness = np.zeros_like(popularity)
        logarithm = np.log1p(self.degree)
        for item in np.flatnonzero(np.diff(alike.indptr)):
            part = slice(alike.indptr[item], alike.indptr[item + 1])
            cosines, near = alike.data[part], alike.indices[part]
            best = np.argsort(-cosines, kind="stable")[:_NEIGHBOURS]
            popularity[item] = cosines[best] @ logarithm[near[best]] / (cosines[best].sum() + 1e-6)
            closeness[item] = cosines[best[0]]
        facts = np.log1p(n_facts.astype(np.float32))
        return np.stack([popularity, closeness, facts], axis=1)


def degree_log_odds(degree: Floats) -> Floats:
    """Log odds of a positive against a uniform negative, by band of the item's degree; [BANDS].

    With leave-one-out, an item of degree d occurs d times at degree d - 1: the Good–Turing estimate
    (Good, Biometrika 1953) of how often the next positive is an item seen d - 1 times. It needs
    only the training positives.
    """
    seen = degree > 0
    left_out = np.digitize(degree[seen] - 1, _BOUNDS)
    positives = np.bincount(left_out, weights=degree[seen], minlength=BANDS)
    share = degree.sum() / max(len(degree), 1)
    negatives = np.bincount(np.digitize(degree, _BOUNDS), minlength=BANDS) * share
    odds: Floats = np.log((positives + 1) / (negatives + 1)).astype(np.float32)
    return odds
