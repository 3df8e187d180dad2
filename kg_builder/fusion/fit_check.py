"""Check the probabilities of an unsupervised fit on the data at hand, without labels.

What names a thing (its title, its parts, the numbers in its title) agrees among records of one
thing about as often as is known beforehand, whatever the data. So the pairs are grouped by their
probability: if it is right, each such feature agrees in a group as often as the mixture of both
kinds of pairs would. Where pairs that are taken for certain hardly ever agree in it, the fit has
found something that many things share, such as their artist. The probabilities have seen the
feature, so the check finds large errors, not small ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.agreement_levels import MISSING, Feature
from kg_builder.fusion.compare import Comparison
from kg_builder.fusion.score import FellegiSunter

_BINS: Final = (0.1, 0.5, 0.9, 0.99)
_ENOUGH: Final = 50
"""Pairs that must speak of a feature before it is a check."""
_OFTEN: Final = 0.5
"""Share of the likely pairs that must speak of it: few numbered titles say little of all."""
_TELLING: Final = 0.3
"""A feature whose agreement is hardly rarer among pairs of two things checks nothing."""
MAX_ERROR: Final = 0.15
"""Calibration error from which on a fit looks wrong."""


@dataclass(frozen=True)
class Confirmed:
    """How the probabilities fare against one feature that names a thing.

    Attributes:
        feature: the feature.
        pairs: likely pairs (0.1 and more) that speak of it.
        error: mean distance of the probabilities of those from what the feature's agreement says.
        claimed: matches that the probabilities expect among them.
        found: matches that the feature's agreement makes of them.
    """

    feature: str
    pairs: int
    error: float
    claimed: float
    found: float


@dataclass(frozen=True)
class FitCheck:
    """What is known of a fit without labels.

    Attributes:
        features: one check per feature that names a thing and is stated often enough.
        expected: sum of the probabilities.
        undecided: share of that sum from pairs between 0.1 and 0.9.
    """

    features: tuple[Confirmed, ...]
    expected: float
    undecided: float

    def warnings(self) -> list[str]:
        """One line for everything about the fit that looks wrong."""
        found = [
            f"the fit looks wrong: of {one.claimed:,.0f} matches among {one.pairs:,} pairs,"
            f" agreement in '{one.feature}' confirms {one.found:,.0f}: do the columns describe the"
            " records, or something that many of them share? Name fewer of them, or raise 'match'"
            for one in self.features
            if one.error > MAX_ERROR and one.found < one.claimed
        ]
        if self.undecided > 0.3 and self.expected >= _ENOUGH:
            found.append(
                f"{self.undecided:.0%} of the expected matches are undecided (0.1 to 0.9): the"
                " columns tell too little; name more of them"
            )
        return found

    def line(self) -> str:
        """The check in one line."""
        errors = ", ".join(f"by '{one.feature}' {one.error:.3f}" for one in self.features)
        return (
            f"checked without labels: {self.expected:,.0f} matches expected,"
            f" {self.undecided:.0%} of them undecided; calibration error {errors or 'not checked'}"
        )


def check_fit(scorer: FellegiSunter, comparison: Comparison) -> FitCheck:
    """Check an unsupervised fit on all candidate pairs."""
    probability = scorer.probability(comparison)
    checks = []
    for column, feature in enumerate(comparison.features):
        levels = comparison.levels[:, column]
        if feature.anchored and (one := _confirmed(feature, levels, probability)):
            checks.append(one)
    total = float(probability.sum())
    between = float(probability[(probability > _BINS[0]) & (probability < _BINS[2])].sum())
    return FitCheck(tuple(checks), total, between / max(total, 1e-9))


def _confirmed(
    feature: Feature, levels: NDArray[np.int8], probability: NDArray[np.float64]
) -> Confirmed | None:
    seen = levels != MISSING
    likely = seen & (probability >= _BINS[0])
    if likely.sum() < _ENOUGH or (seen & ~likely).sum() < _ENOUGH:
        return None
    if likely.sum() < _OFTEN * (probability >= _BINS[0]).sum():
        return None
    least = _agreement(feature.match)
    agrees = levels >= least
    ones = sum(feature.match[least:]) / sum(feature.match)
    others = float(agrees[seen & ~likely].mean())
    if ones - others < _TELLING:
        return None
    group = np.digitize(probability[likely], _BINS)
    claimed, found, error = 0.0, 0.0, 0.0
    for one in np.unique(group).tolist():
        rows = group == one
        share = float(probability[likely][rows].mean())
        rate = float(agrees[likely][rows].mean())
        implied = float(np.clip((rate - others) / (ones - others), 0, 1))
        claimed += share * rows.sum()
        found += implied * rows.sum()
        error += abs(share - implied) * rows.sum()
    return Confirmed(
        feature.name, int(likely.sum()), float(error / likely.sum()), float(claimed), float(found)
    )


def _agreement(match: Sequence[float]) -> int:
    """The first of the levels that records of one thing mostly show."""
    below = np.cumsum(match) / sum(match)
    return int(np.searchsorted(below, 0.2, side="right"))
