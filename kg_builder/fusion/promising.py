"""Which pairs the unsupervised scorer learns from: those that are each other's best candidates."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.compare import Comparison
from kg_builder.fusion.nearest import best_of_each
from kg_builder.fusion.score import FellegiSunter

MUTUAL: Final = 3
"""A pair is learnt from if each record is among so many best candidates of the other."""

ENOUGH: Final = 300_000
"""More pairs than this add nothing to the estimate."""


def promising(comparison: Comparison, *, seed: int = 0) -> NDArray[np.int64]:
    """Rows of the pairs to learn from, in order.

    Among all candidates, pairs of things that resemble each other by nature (the tracks of an
    album share performer, album and year) can outnumber pairs of the same thing, and the two
    classes that expectation-maximisation finds are then "one album" and "the rest". Hardly any of
    them are each other's best by the weights known beforehand.

    Args:
        comparison: all candidate pairs.
        seed: draws the sample where there are more than enough.
    """
    score = FellegiSunter(rounds=0).fit(comparison).probability(comparison)
    pairs = comparison.pairs
    owner, other = pairs.ravel("F"), pairs[:, ::-1].ravel("F")
    best = best_of_each(owner, np.tile(score.astype(np.float32), 2), other, MUTUAL) % max(
        len(pairs), 1
    )
    rows = np.flatnonzero(np.bincount(best, minlength=len(pairs)) == 2)
    if len(rows) > ENOUGH:
        rows = np.sort(np.random.default_rng(seed).choice(rows, ENOUGH, replace=False))
    return rows
