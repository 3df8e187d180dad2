"""Rank a mention's candidate entities and NIL: a conditional logit with prior weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax

from kg_builder.fusion.disambiguation.features import FEATURES

Matrix = NDArray[np.float64]
Example = tuple[Matrix, int, float]
"""Features of the candidates, the position of the correct one (-1 for NIL), and the weight."""

PRIOR: Final = {
    "name": 2.5,
    "class": 2.5,
    "cues of the class": 2.5,
    "sentence": 6.0,
    "text": 4.0,
    "company": 2.5,
    "coherence": 3.0,
    "facts": 3.0,
    "fame": 0.7,
    "any candidate": -3.2,
}
"""Prior weights: log-odds against "none of them" per unit of a feature."""


def _prior() -> NDArray[np.float64]:
    return np.array([PRIOR[name] for name in FEATURES])


@dataclass(frozen=True)
class Ranker:
    """A conditional logit: each candidate's log-odds against NIL is a weighted sum.

    Attributes:
        weights: one per feature.
        examples: number of mentions they were learnt from, 0 for the prior weights.
    """

    weights: NDArray[np.float64] = field(default_factory=_prior)
    examples: int = 0

    def probabilities(self, features: Matrix) -> tuple[Matrix, float]:
        """Probability of each candidate, and of NIL; they sum to one."""
        odds = softmax(np.r_[features @ self.weights, 0.0])
        return odds[:-1], float(odds[-1])


def fit(examples: Sequence[Example], *, strength: float = 5.0) -> Ranker:
    """Learn the weights by maximum a posteriori, with the prior weights as the mean.

    Args:
        examples: mentions with their correct candidate.
        strength: approximate number of examples that the prior weights count as.
    """
    centre = _prior()
    if not examples:
        return Ranker(centre, 0)
    # all examples in one matrix, NIL as the last row of each: a call per example would be slow
    nil = np.zeros((1, len(centre)))
    rows = np.concatenate([part for features, _, _ in examples for part in (features, nil)])
    sizes = np.array([len(features) + 1 for features, _, _ in examples])
    start = np.cumsum(sizes) - sizes
    right = start + np.array(
        [index % size for (_, index, _), size in zip(examples, sizes, strict=True)]
    )
    counts = np.array([weight for _, _, weight in examples])
    wanted = counts @ rows[right]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        drift = weights - centre
        odds = rows @ weights
        chance = np.exp(odds - np.repeat(np.maximum.reduceat(odds, start), sizes))
        chance /= np.repeat(np.add.reduceat(chance, start), sizes)
        fit = float(counts @ np.log(np.maximum(chance[right], np.finfo(float).tiny)))
        slope = strength * drift + (np.repeat(counts, sizes) * chance) @ rows - wanted
        return 0.5 * strength * float(drift @ drift) - fit, slope

    found = minimize(loss, centre, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return Ranker(np.asarray(found.x, dtype=np.float64), len(examples))
