"""Choose the pair scorer (rules, Fellegi–Sunter, supervised), and apply human verdicts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.compare import Comparison
from kg_builder.fusion.config import FusionConfig
from kg_builder.fusion.judgements import Labels, Verdict, pair, read_judgements
from kg_builder.fusion.profiles import Profiles
from kg_builder.fusion.score import Contribution, FellegiSunter, Scorer


class Rules:
    """Scorer with fixed weights: the levels' prior frequencies, and a match rate of 10%.

    A decision does not depend on other records, which suits small or changing collections and
    audits.
    """

    def __init__(self) -> None:
        self._model = FellegiSunter(rounds=0)

    def fit(self, comparison: Comparison) -> Rules:
        """Does nothing."""
        self._model.fit(comparison)
        return self

    def probability(self, comparison: Comparison) -> NDArray[np.float64]:
        """Match probability of each pair, shape (n,)."""
        return self._model.probability(comparison)

    def explain(self, comparison: Comparison, row: int) -> list[Contribution]:
        """The contributions to one pair's log-odds."""
        return self._model.explain(comparison, row)


def make_scorer(config: FusionConfig, profiles: Profiles, labels: Labels | None = None) -> Scorer:
    """Create the configured scorer; labels select the supervised one."""
    if labels is None and config.scorer == "supervised" and config.labels is not None:
        judged = read_judgements(config.labels)

        def labels(left: str, right: str) -> Verdict | None:
            return judged.get(pair(left, right))

    if labels is not None:
        from kg_builder.fusion.supervised import Supervised  # slow to import, needed only here

        return Supervised(labels, profiles, seed=config.seed)
    return Rules() if config.scorer == "rules" else FellegiSunter()


def overrule(
    probability: NDArray[np.float64],
    comparison: Comparison,
    profiles: Profiles,
    judgements: Mapping[tuple[str, str], Verdict],
) -> NDArray[np.float64]:
    """Replace probabilities by a person's decisions."""
    if not judgements:
        return probability
    certain = {"same": 1.0, "different": 0.0}
    found = probability.copy()
    for row, (i, j) in enumerate(comparison.pairs.tolist()):
        verdict = judgements.get(pair(profiles.record[i], profiles.record[j]))
        if verdict in certain:
            found[row] = certain[verdict]
    return found
