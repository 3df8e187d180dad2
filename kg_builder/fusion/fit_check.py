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

_LIKELY: Final = 0.1
_CERTAIN: Final = 0.9
_BINS: Final = (_LIKELY, 0.5, _CERTAIN, 0.99)
"""Bounds of the groups of pairs by their probability."""
_MIN_PAIRS: Final = 50
"""Pairs that must state a feature before it is a check."""
_MIN_STATED: Final = 0.5
"""Share of the likely pairs that must state it: few numbered titles say little of all."""
_MIN_DIFFERENCE: Final = 0.3
"""A feature whose agreement is hardly rarer among pairs of two things checks nothing."""
MAX_ERROR: Final = 0.15
"""Calibration error from which on a fit looks wrong."""
_MAX_UNDECIDED: Final = 0.3
"""Share of the expected matches from undecided pairs above which the columns tell too little."""
_RARE_AMONG_MATCHES: Final = 0.2
"""Levels that together so few pairs of one thing show are no agreement."""


@dataclass(frozen=True)
class FeatureCheck:
    """The probabilities compared with the agreement in one feature that names a thing.

    Attributes:
        feature: the feature.
        pairs: likely pairs (0.1 and more) that state it.
        error: their calibration error: mean distance of a group's probability from the share of
            matches that its agreement implies.
        claimed: matches that the probabilities expect among them.
        implied: matches that the agreement implies among them.
    """

    feature: str
    pairs: int
    error: float
    claimed: float
    implied: float


@dataclass(frozen=True)
class FitCheck:
    """The checks of a fit that need no labels.

    Attributes:
        features: one check per feature that names a thing and is stated often enough.
        expected: sum of the probabilities.
        undecided: share of that sum from pairs between 0.1 and 0.9.
    """

    features: tuple[FeatureCheck, ...]
    expected: float
    undecided: float

    def warnings(self) -> list[str]:
        """One line for everything about the fit that looks wrong."""
        found = [
            f"the fit looks wrong: of {check.claimed:,.0f} matches among {check.pairs:,} pairs,"
            f" agreement in '{check.feature}' confirms {check.implied:,.0f}: do the columns"
            " describe the records, or something that many of them share? Name fewer of them, or"
            " raise 'match'"
            for check in self.features
            if check.error > MAX_ERROR and check.implied < check.claimed
        ]
        if self.undecided > _MAX_UNDECIDED and self.expected >= _MIN_PAIRS:
            found.append(
                f"{self.undecided:.0%} of the expected matches are undecided (0.1 to 0.9): the"
                " columns tell too little; name more of them"
            )
        return found

    def line(self) -> str:
        """The check in one line."""
        errors = ", ".join(f"by '{check.feature}' {check.error:.3f}" for check in self.features)
        return (
            f"checked without labels: {self.expected:,.0f} matches expected,"
            f" {self.undecided:.0%} of them undecided; calibration error {errors or 'not checked'}"
        )


def check_fit(scorer: FellegiSunter, comparison: Comparison) -> FitCheck:
    """Check an unsupervised fit.

    Args:
        scorer: as it was fitted.
        comparison: all candidate pairs, not only those that it was fitted to.
    """
    probability = scorer.probability(comparison)
    checks = [
        _check_feature(feature, comparison.levels[:, column], probability)
        for column, feature in enumerate(comparison.features)
        if feature.anchored
    ]
    expected = float(probability.sum())
    undecided = probability[(probability > _LIKELY) & (probability < _CERTAIN)]
    return FitCheck(
        tuple(filter(None, checks)), expected, float(undecided.sum()) / max(expected, 1e-9)
    )


def _check_feature(
    feature: Feature, levels: NDArray[np.int8], probability: NDArray[np.float64]
) -> FeatureCheck | None:
    """The check by one feature; None where too few pairs state it or it tells too little."""
    stated = levels != MISSING
    likely = stated & (probability >= _LIKELY)
    unlikely = stated & ~likely
    pairs = int(likely.sum())
    if min(pairs, unlikely.sum()) < _MIN_PAIRS:
        return None
    if pairs < _MIN_STATED * (probability >= _LIKELY).sum():
        return None
    lowest = _lowest_agreement(feature.match)
    agrees = levels >= lowest
    # how often the feature agrees among pairs of one thing (m) and of two (u)
    m = sum(feature.match[lowest:]) / sum(feature.match)
    u = float(agrees[unlikely].mean())
    if m - u < _MIN_DIFFERENCE:
        return None
    group = np.digitize(probability[likely], _BINS)
    claimed, implied, error = 0.0, 0.0, 0.0
    for number in np.unique(group).tolist():
        rows = group == number
        share = float(probability[likely][rows].mean())
        rate = float(agrees[likely][rows].mean())
        implied_share = float(np.clip((rate - u) / (m - u), 0, 1))
        claimed += share * rows.sum()
        implied += implied_share * rows.sum()
        error += abs(share - implied_share) * rows.sum()
    return FeatureCheck(feature.name, pairs, float(error) / pairs, float(claimed), float(implied))


def _lowest_agreement(match: Sequence[float]) -> int:
    """The first of the levels that records of one thing mostly show."""
    below = np.cumsum(match) / sum(match)
    return int(np.searchsorted(below, _RARE_AMONG_MATCHES, side="right"))
