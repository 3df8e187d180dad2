"""Check the probabilities of an unsupervised fit on the data at hand, without labels.

Identifying features (the title, its parts, the numbers in it) agree among matching records about as
often as their prior m-probability, whatever the data. So the pairs are binned by match probability:
if it is calibrated, each such feature agrees in a bin as often as in a mixture of matches and
non-matches with that probability. If highly probable pairs rarely agree in it, the fit has found
something that many entities share, such as their artist. The probabilities were computed with the
feature, so the check finds large errors, not small ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.compare import Comparison
from kg_builder.fusion.measures import MISSING, Feature
from kg_builder.fusion.score import FellegiSunter

_LIKELY: Final = 0.1
_CERTAIN: Final = 0.9
_BINS: Final = (_LIKELY, 0.5, _CERTAIN, 0.99)
"""Edges of the bins of match probability."""
_MIN_PAIRS: Final = 50
"""Minimum number of pairs with a feature for it to be used as a check."""
_MIN_STATED: Final = 0.5
"""Minimum share of the likely pairs with it: few numbered titles are not representative."""
_MIN_DIFFERENCE: Final = 0.3
"""A feature that agrees almost as often among non-matches is not used."""
MAX_ERROR: Final = 0.15
"""Calibration error above which a warning is given."""
_MAX_UNDECIDED: Final = 0.3
"""Share of expected matches from undecided pairs above which a warning is given."""
_RARE_AMONG_MATCHES: Final = 0.2
"""Levels with a total m-probability below this do not count as agreement."""


@dataclass(frozen=True)
class FeatureCheck:
    """Calibration of the probabilities against agreement in one identifying feature.

    Attributes:
        feature: the feature.
        pairs: likely pairs (0.1 and more) with the feature.
        error: their calibration error: mean distance of a bin's probability from the share of
            matches implied by the agreement in the feature.
        claimed: expected matches among them, by the probabilities.
        implied: matches among them implied by the agreement.
    """

    feature: str
    pairs: int
    error: float
    claimed: float
    implied: float


@dataclass(frozen=True)
class FitCheck:
    """Checks of a fit without labels.

    Attributes:
        features: one check per identifying feature with enough pairs.
        expected: sum of the probabilities.
        undecided: share of that sum from pairs between 0.1 and 0.9.
    """

    features: tuple[FeatureCheck, ...]
    expected: float
    undecided: float

    def warnings(self) -> list[str]:
        """One line per suspected problem of the fit."""
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
        """Format the check as one line."""
        errors = ", ".join(f"by '{check.feature}' {check.error:.3f}" for check in self.features)
        return (
            f"checked without labels: {self.expected:,.0f} matches expected,"
            f" {self.undecided:.0%} of them undecided; calibration error {errors or 'not checked'}"
        )


def check_fit(scorer: FellegiSunter, comparison: Comparison) -> FitCheck:
    """Check an unsupervised fit.

    Args:
        scorer: the fitted scorer.
        comparison: all candidate pairs, not only those used for the fit.
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
    """Check by one feature; None if too few pairs have it or it discriminates too little."""
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
    # probability that the feature agrees among matches (m) and non-matches (u)
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
    """The lowest level that counts as agreement."""
    below = np.cumsum(match) / sum(match)
    return int(np.searchsorted(below, _RARE_AMONG_MATCHES, side="right"))
