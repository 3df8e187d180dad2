"""Match probability of record pairs from agreement levels: Fellegi–Sunter, fitted by EM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from kg_builder.fusion.agreement_levels import MISSING, Feature
from kg_builder.fusion.compare import Comparison
from kg_builder.fusion.title_words import LEFT_OVER, TITLE

CAP: Final = 6.0
"""No single value adds more: members of one band share it without being one person."""

NAME_CAP: Final = 12.0
"""The same for the name, which tells more where many pairs are compared."""


OF_THE_ALBUM: Final = frozenset(
    {"onAlbum", "performer", "creditedTo", "releaseDate", "genre", "recordLabel", "language"}
)
"""Features that the tracks of an album share, each implied by the others."""

OF_THE_ALBUM_CAP: Final = 3.0
"""Together they add no more, in nats, to two records of one source whose titles differ."""


@dataclass(frozen=True)
class Contribution:
    """What one feature adds to the log-odds of a pair."""

    feature: str
    level: str
    weight: float


class Scorer(Protocol):
    """Learns from a comparison (where it learns at all) and gives each pair a probability."""

    def fit(self, comparison: Comparison) -> Scorer:
        """Learn; returns itself."""

    def probability(self, comparison: Comparison) -> NDArray[np.float64]:
        """Probability of being one thing per pair, shape (n,)."""

    def explain(self, comparison: Comparison, row: int) -> list[Contribution]:
        """What each feature contributes to one pair's log-odds, the prior odds first."""


class FellegiSunter:
    """Unsupervised: two latent classes of pairs, estimated by expectation-maximisation.

    The log-odds of a pair are the sum of one weight per feature, log P(level | one thing) /
    P(level | two things) (Fellegi & Sunter 1969); a missing value weighs nothing. The levels'
    frequencies carry Dirichlet priors, so that a handful of pairs, or sources that share
    nothing, leave the estimate at sensible values; weights never fall as agreement grows.

    Args:
        strength: how many pairs the prior on each feature counts as.
        rounds: at most so many rounds of EM.
    """

    def __init__(self, *, strength: float = 40.0, rounds: int = 60) -> None:
        self.strength, self.rounds = strength, rounds
        self.prior_odds = float(logit(0.1))
        self.weights: dict[str, NDArray[np.float64]] = {}

    def fit(self, comparison: Comparison) -> FellegiSunter:
        """Estimate the share of matches and the weight of every level."""
        match = [np.asarray(f.match) / sum(f.match) for f in comparison.features]
        other = [np.asarray(f.other) / sum(f.other) for f in comparison.features]
        names = [feature.name for feature in comparison.features]
        share = 0.1
        self._set(names, share, match, other)
        if not len(comparison):
            return self
        for _ in range(self.rounds):
            belief = self.probability(comparison)
            # a Beta(1, 9) prior, five pairs strong, on the share of matches
            updated = float((belief.sum() + 0.5) / (len(belief) + 5))
            for column, feature in enumerate(comparison.features):
                levels = comparison.levels[:, column]
                seen = levels != MISSING
                size = len(feature.levels)
                ones = _counts(levels[seen], belief[seen], size)
                others = _counts(levels[seen], 1 - belief[seen], size)
                strength = self.strength * feature.strength
                match[column] = _posterior(ones, feature.match, strength)
                other[column] = _posterior(others, feature.other, strength)
            done = abs(updated - share) < 1e-5
            share = updated
            self._set(names, share, match, other)
            if done:
                break
        return self

    def settle(self, comparison: Comparison) -> None:
        """Estimate the share of matches anew, with the weights as they are.

        Weights may be learnt from the more promising pairs, among which matches are frequent;
        the share must be that among the pairs to decide on.
        """
        if not len(comparison):
            return
        evidence = self._odds(comparison) - self.prior_odds
        share = float(expit(self.prior_odds))
        for _ in range(self.rounds):
            belief = expit(evidence + logit(share))
            updated = float(np.clip((belief.sum() + 0.5) / (len(belief) + 5), 1e-4, 0.9))
            done = abs(updated - share) < 1e-5
            share = updated
            if done:
                break
        self.prior_odds = float(logit(share))

    def probability(self, comparison: Comparison) -> NDArray[np.float64]:
        """Probability of being one thing per pair."""
        return np.asarray(expit(self._odds(comparison)), dtype=np.float64)

    def _odds(self, comparison: Comparison) -> NDArray[np.float64]:
        odds = np.full(len(comparison), self.prior_odds)
        for column, feature in enumerate(comparison.features):
            weights = self._of(feature)
            levels = comparison.levels[:, column]
            odds += np.where(levels == MISSING, 0.0, weights[levels])
        odds += _rarity(comparison) + self._beyond_the_album(comparison)
        return odds

    def _beyond_the_album(self, comparison: Comparison) -> NDArray[np.float64]:
        """What is taken off pairs of one source whose titles differ, for all that an album shares.

        Another source may write the title in another script or with letters dropped; in one source
        the tracks of an album are listed under their titles.
        """
        columns = {feature.name: k for k, feature in enumerate(comparison.features)}
        if TITLE.name not in columns:
            return np.zeros(len(comparison))
        together = np.zeros(len(comparison))
        for name in sorted(OF_THE_ALBUM & columns.keys()):
            weights = np.maximum(self._of(comparison.features[columns[name]]), 0.0)
            levels = comparison.levels[:, columns[name]]
            together += np.where(levels == MISSING, 0.0, weights[levels])
        titles_differ = np.zeros(len(comparison), dtype=bool)
        for feature, least in ((TITLE, "mostly"), (LEFT_OVER, "few")):
            levels = comparison.levels[:, columns[feature.name]]
            titles_differ |= (levels != MISSING) & (levels < feature.levels.index(least))
        excess = np.maximum(together - OF_THE_ALBUM_CAP, 0.0)
        return np.where(titles_differ & comparison.one_source, -excess, 0.0)

    def explain(self, comparison: Comparison, row: int) -> list[Contribution]:
        """The weights that make up one pair's log-odds."""
        found = [Contribution("prior", "", self.prior_odds)]
        for column, feature in enumerate(comparison.features):
            level = int(comparison.levels[row, column])
            if level != MISSING:
                weight = float(self._of(feature)[level])
                found.append(Contribution(feature.name, feature.levels[level], weight))
        one = comparison.take(np.array([row]))
        if beyond := float(self._beyond_the_album(one)[0]):
            found.append(Contribution("shared by an album's tracks", "", beyond))
        if rarity := float(_rarity(one)[0]):
            found.append(Contribution("rarity of the name", "", rarity))
        return found

    def _of(self, feature: Feature) -> NDArray[np.float64]:
        weights = self.weights.get(feature.name)
        return (
            _weights(np.asarray(feature.match), np.asarray(feature.other))
            if (weights is None)
            else weights
        )

    def _set(
        self,
        names: list[str],
        share: float,
        match: list[NDArray[np.float64]],
        other: list[NDArray[np.float64]],
    ) -> None:
        self.prior_odds = float(logit(np.clip(share, 1e-4, 0.9)))
        self.weights = {
            name: _weights(m, u, NAME_CAP if column == 0 else CAP)
            for column, (name, m, u) in enumerate(zip(names, match, other, strict=True))
        }


def _counts(
    levels: NDArray[np.int8], weights: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    return np.bincount(levels, weights=weights, minlength=size).astype(np.float64)


def _posterior(
    counts: NDArray[np.float64], prior: tuple[float, ...], strength: float
) -> NDArray[np.float64]:
    pseudo = np.asarray(prior) / sum(prior) * strength
    found: NDArray[np.float64] = (counts + pseudo) / (counts.sum() + strength)
    return found


def _weights(
    match: NDArray[np.float64], other: NDArray[np.float64], cap: float = CAP
) -> NDArray[np.float64]:
    raw = np.log(np.maximum(match, 1e-6) / np.maximum(other, 1e-6))
    return np.asarray(np.minimum(np.maximum.accumulate(raw), cap), dtype=np.float64)


def _rarity(comparison: Comparison) -> NDArray[np.float64]:
    """The name's rarity counts where the names agree in full."""
    agree = comparison.levels[:, 0] >= len(comparison.features[0].levels) - 2
    return np.where(agree, comparison.rarity, 0.0)
