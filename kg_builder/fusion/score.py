"""Match probability of record pairs from agreement levels: Fellegi–Sunter, fitted by EM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from kg_builder.fusion.compare import SHARED_BY, SOURCES, Comparison
from kg_builder.fusion.measures import MISSING, Feature
from kg_builder.fusion.nearest import best_of_each
from kg_builder.fusion.word_overlap import LEFT_OVER, TITLE

CAP: Final = 6.0
"""Cap on the weight of a feature: members of one band share it without being the same person."""

NAME_CAP: Final = 12.0
"""The same for the name, which is more informative if many pairs are compared."""


OF_THE_ALBUM: Final = frozenset(
    {"onAlbum", "performer", "creditedTo", "releaseDate", "genre", "recordLabel", "language"}
)
"""Features shared by the tracks of an album, hence mutually dependent."""

OF_THE_ALBUM_CAP: Final = 3.0
"""Cap on their total, in nats, for two records of one source with different titles."""


PARENTS: Final = ("performer", "creditedTo")
"""The creators of a work. Two works of one performer share genre, country, label, language and
often the year, so these are weighted relative to other pairs with the same performer."""

_PARENT_AGREES: Final = "close"
_MORE_THAN_KNOWN: Final = 3.0
"""Disagreement in an anchored feature among matches is at most this many times its prior
probability."""


_EQUAL_BY_CHANCE: Final = 5.0
"""Equal names among non-matches are at most this many times their prior probability: records of one
name that share nothing else are not evidence that names say little. Pairs with a name of more
records than `_FEW_RECORDS`, or with a disagreement that is `_RARE_AMONG_MATCHES`, are exempt."""

_FEW_RECORDS: Final = "up to 8"
_RARE_AMONG_MATCHES: Final = 0.15

MUTUAL: Final = 3
"""A pair is used for fitting if each record is among this many best candidates of the other."""

_ROUGHLY: Final = 15
"""Rounds of the first fit, which only counts matches."""

ENOUGH: Final = 200_000
"""Maximum number of mutual best pairs used for fitting."""


@dataclass(frozen=True)
class Contribution:
    """Contribution of one feature to the log-odds of a pair."""

    feature: str
    level: str
    weight: float


class Scorer(Protocol):
    """Interface of a pair scorer: fits to a comparison, and gives each pair a probability."""

    def fit(self, comparison: Comparison) -> Scorer:
        """Fit to the comparison; returns itself."""

    def probability(self, comparison: Comparison) -> NDArray[np.float64]:
        """Match probability of each pair, shape (n,)."""

    def explain(self, comparison: Comparison, row: int) -> list[Contribution]:
        """Contribution of each feature to one pair's log-odds, the prior odds first."""

    def of_one_source(self) -> float:
        """Contribution to the log-odds of being of one source, for records with ids."""


class FellegiSunter:
    """Unsupervised scorer: two latent classes of pairs, estimated by expectation–maximisation.

    The log-odds of a pair are the sum of one weight per feature, log P(level | match) / P(level |
    non-match) (Fellegi & Sunter 1969); a missing value has weight 0. The levels' frequencies have
    Dirichlet priors, so that the estimate stays sensible with a handful of pairs or with sources
    that share nothing; weights never fall as agreement grows.

    Two measures keep the latent class that of true matches, even if many columns describe something
    that many entities share. Among non-matches, the features that depend on the performer
    (`OF_THE_ALBUM`) have separate frequencies for pairs with the same performer: naive Bayes
    augmented by one parent (Friedman, Geiger & Goldszmidt 1997). And among matches, disagreement in
    identifying features (`Feature.anchored`) stays rare.

    Args:
        strength: number of pairs that each feature's prior counts as.
        rounds: maximum rounds of EM.
    """

    def __init__(self, *, strength: float = 40.0, rounds: int = 60) -> None:
        self.strength, self.rounds = strength, rounds
        self.prior_odds = float(logit(0.1))
        self.weights: dict[str, NDArray[np.float64]] = {}

    def fit(self, comparison: Comparison) -> FellegiSunter:
        """Estimate the share of matches and the weight of every level."""
        features = comparison.features
        match = [np.asarray(f.match) / sum(f.match) for f in features]
        # frequencies among non-matches: different (or unknown) performers, same performer
        other = [np.tile(np.asarray(f.other) / sum(f.other), (2, 1)) for f in features]
        share = 0.1
        self._set(features, share, match, other)
        if not len(comparison):
            return self
        parent, unbound = _one_performer(comparison), _no_bound(comparison)
        for _ in range(self.rounds):
            belief = self.probability(comparison)
            # a Beta(1, 9) prior, five pairs strong, on the share of matches
            updated = float((belief.sum() + 0.5) / (len(belief) + 5))
            for column, feature in enumerate(features):
                levels = comparison.levels[:, column]
                seen = levels != MISSING
                size = len(feature.levels)
                strength = self.strength * feature.strength
                ones = _counts(levels[seen], belief[seen], size)
                match[column] = _posterior(ones, feature.match, strength)
                if feature.anchored:
                    match[column] = _anchored(match[column], feature.match)
                others = _counts(levels[seen], 1 - belief[seen], size)
                marginal = _posterior(others, feature.other, strength)
                if column == 0:
                    by_name = (1 - belief[unbound]).sum() / (others.sum() + strength)
                    marginal = _rarely_equal(marginal, feature.other, by_name)
                other[column] = np.tile(marginal, (2, 1))
                if feature.name in OF_THE_ALBUM and feature.name not in PARENTS:
                    for group in (0, 1):
                        rows = seen & (parent == group)
                        counts = _counts(levels[rows], 1 - belief[rows], size)
                        other[column][group] = _posterior(counts, marginal, strength)
            done = abs(updated - share) < 1e-5
            share = updated
            self._set(features, share, match, other)
            if done:
                break
        return self

    def probability(self, comparison: Comparison) -> NDArray[np.float64]:
        """Match probability of each pair, shape (n,)."""
        return np.asarray(expit(self.log_odds(comparison)), dtype=np.float64)

    def log_odds(self, comparison: Comparison) -> NDArray[np.float64]:
        """Log-odds of a match for each pair, shape (n,)."""
        odds = np.full(len(comparison), self.prior_odds)
        together = np.zeros(len(comparison))
        parent = _one_performer(comparison)
        for column, feature in enumerate(comparison.features):
            weights = self._contribution(comparison, column, parent)
            odds += weights
            if feature.name in OF_THE_ALBUM:
                together += np.maximum(weights, 0.0)
        odds += _rarity(comparison) + _beyond_the_album(comparison, together)
        return odds

    def _contribution(
        self, comparison: Comparison, column: int, parent: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Contribution of one feature to the log-odds of each pair, shape (n,).

        `parent` is the result of `_one_performer`.
        """
        levels = comparison.levels[:, column]
        weights = self._of(comparison.features[column])
        # a missing level, the last by its index -1, weighs nothing
        weights = np.column_stack((weights, np.zeros(len(weights))))
        found: NDArray[np.float64] = weights[parent, levels]
        return found

    def explain(self, comparison: Comparison, row: int) -> list[Contribution]:
        """The contributions to one pair's log-odds."""
        found = [Contribution("prior", "", self.prior_odds)]
        one = comparison.take(np.array([row]))
        parent, together = _one_performer(one), np.zeros(1)
        for column, feature in enumerate(comparison.features):
            level = int(comparison.levels[row, column])
            if level != MISSING:
                weight = float(self._contribution(one, column, parent)[0])
                found.append(Contribution(feature.name, feature.levels[level], weight))
                if feature.name in OF_THE_ALBUM:
                    together += max(weight, 0.0)
        if beyond := float(_beyond_the_album(one, together)[0]):
            found.append(Contribution("shared by an album's tracks", "", beyond))
        if rarity := float(_rarity(one)[0]):
            found.append(Contribution("rarity of the name", "", rarity))
        return found

    def of_one_source(self) -> float:
        """Contribution to the log-odds of being of one source, for records with ids."""
        weights = self.weights.get(SOURCES.name)
        return 0.0 if weights is None else float(weights[0, 0])

    def _of(self, feature: Feature) -> NDArray[np.float64]:
        """Weights by performer (different or unknown; same) and level, shape (2, levels)."""
        weights = self.weights.get(feature.name)
        if weights is None:
            prior = np.tile(np.asarray(feature.other), (2, 1))
            return _weights(np.asarray(feature.match), prior)
        return weights

    def _set(
        self,
        features: Sequence[Feature],
        share: float,
        match: list[NDArray[np.float64]],
        other: list[NDArray[np.float64]],
    ) -> None:
        self.prior_odds = float(logit(np.clip(share, 1e-4, 0.9)))
        self.weights = {
            feature.name: _weights(m, u, NAME_CAP if column == 0 or feature.anchored else CAP)
            for column, (feature, m, u) in enumerate(zip(features, match, other, strict=True))
        }


def _beyond_the_album(comparison: Comparison, together: NDArray[np.float64]) -> NDArray[np.float64]:
    """Deduction for pairs of one source with different titles, for shared album features.

    Another source may write the title in another script or with letters dropped; in one source
    the tracks of an album are listed under their titles.

    Args:
        comparison: the pairs.
        together: the positive contributions of the features `OF_THE_ALBUM` to each pair.
    """
    columns = {feature.name: k for k, feature in enumerate(comparison.features)}
    if TITLE.name not in columns:
        return np.zeros(len(comparison))
    titles_differ = np.zeros(len(comparison), dtype=bool)
    for feature, least in ((TITLE, "mostly"), (LEFT_OVER, "few")):
        levels = comparison.levels[:, columns[feature.name]]
        titles_differ |= (levels != MISSING) & (levels < feature.levels.index(least))
    excess = np.maximum(together - OF_THE_ALBUM_CAP, 0.0)
    return np.where(titles_differ & comparison.one_source, -excess, 0.0)


def _one_performer(comparison: Comparison) -> NDArray[np.int64]:
    """1 for each pair whose performers agree, else 0."""
    found = np.zeros(len(comparison), dtype=np.int64)
    for column, feature in enumerate(comparison.features):
        if feature.name in PARENTS:
            found |= comparison.levels[:, column] >= feature.levels.index(_PARENT_AGREES)
    return found


def _anchored(found: NDArray[np.float64], prior: tuple[float, ...]) -> NDArray[np.float64]:
    """Bound all frequencies but the highest level's by a multiple of their priors."""
    known = np.asarray(prior) / sum(prior)
    below = np.minimum(found[:-1], _MORE_THAN_KNOWN * known[:-1])
    return np.append(below, 1 - below.sum())


def _no_bound(comparison: Comparison) -> NDArray[np.bool_]:
    """Mask of the equal names that many records bear or that another value contradicts."""
    found = np.zeros(len(comparison), dtype=bool)
    for column, feature in enumerate(comparison.features[1:], start=1):
        levels = comparison.levels[:, column]
        if feature.name == SHARED_BY.name:
            found |= (levels != MISSING) & (levels < SHARED_BY.levels.index(_FEW_RECORDS))
        elif feature.match[0] <= _RARE_AMONG_MATCHES * sum(feature.match):
            found |= levels == 0
    found &= comparison.levels[:, 0] == len(comparison.features[0].levels) - 1
    return found


def _rarely_equal(
    found: NDArray[np.float64], prior: tuple[float, ...], common: float
) -> NDArray[np.float64]:
    """Bound the frequency of the highest level among non-matches by a multiple of its prior.

    Args:
        found: the frequencies of the levels.
        prior: their priors.
        common: the part of the highest level's frequency that is exempt.
    """
    most = _EQUAL_BY_CHANCE * prior[-1] / sum(prior) + common
    if found[-1] <= most:
        return found
    return np.append(found[:-1] * (1 - most) / found[:-1].sum(), most)


def _counts(
    levels: NDArray[np.int8], weights: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    return np.bincount(levels, weights=weights, minlength=size).astype(np.float64)


def _posterior(
    counts: NDArray[np.float64], prior: Sequence[float] | NDArray[np.float64], strength: float
) -> NDArray[np.float64]:
    known = np.asarray(prior, dtype=np.float64)
    pseudo = known / known.sum() * strength
    found: NDArray[np.float64] = (counts + pseudo) / (counts.sum() + strength)
    return found


def _weights(
    match: NDArray[np.float64], other: NDArray[np.float64], cap: float = CAP
) -> NDArray[np.float64]:
    """Log-ratios that never fall from level to level, shape (2, levels), at most `cap`.

    Neighbouring levels whose ratios fall are pooled (pool adjacent violators: Ayer et al. 1955): a
    running maximum would propagate the ratio of a rare level to all above.
    """
    return np.minimum([_pooled(match, row) for row in other], cap)


def _pooled(match: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    groups: list[tuple[float, float, int]] = []
    for m, u in zip(match.tolist(), other.tolist(), strict=True):
        group = (max(m, 1e-6), max(u, 1e-6), 1)
        while groups and groups[-1][0] * group[1] > group[0] * groups[-1][1]:
            before = groups.pop()
            group = (before[0] + group[0], before[1] + group[1], before[2] + group[2])
        groups.append(group)
    logs = [np.log(m / u) for m, u, _ in groups]
    return np.repeat(logs, [size for _, _, size in groups])


def _rarity(comparison: Comparison) -> NDArray[np.float64]:
    """The name's rarity, for pairs whose names agree fully."""
    agree = comparison.levels[:, 0] >= len(comparison.features[0].levels) - 2
    return np.where(agree, comparison.rarity, 0.0)


def fitting_pairs(comparison: Comparison, *, seed: int = 0) -> NDArray[np.int64]:
    """Select the pairs to fit to; returns their rows in order.

    They are the mutual best pairs, and as many others, drawn at random, as there are matches among
    these. A record with a match rarely has a non-match among its best pairs, so the best pairs
    alone would show too few non-matches, all of them unusually similar. Where most of the best
    pairs are non-matches, hardly any are added: those are the ones to be told from matches.

    Args:
        comparison: all candidate pairs.
        seed: for the samples.
    """
    best = mutual_best_pairs(comparison, seed=seed)
    among = comparison.take(best)
    matches = FellegiSunter(rounds=_ROUGHLY).fit(among).probability(among).sum()
    others = np.ones(len(comparison), dtype=bool)
    others[best] = False
    rest = np.flatnonzero(others)
    if len(rest) > (size := round(float(matches))):
        rest = np.random.default_rng(seed).choice(rest, size, replace=False)
    return np.sort(np.concatenate((best, rest)))


def mutual_best_pairs(comparison: Comparison, *, seed: int = 0) -> NDArray[np.int64]:
    """Select the pairs of records that are among each other's best; returns their rows in order.

    Among all candidates, pairs of naturally similar entities (the tracks of an album share
    performer, album and year) can outnumber true matches, so that expectation–maximisation finds
    the classes "same album" and "others". Few such pairs are mutually best by the prior weights.

    Args:
        comparison: all candidate pairs.
        seed: for the sample taken if there are too many.
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
