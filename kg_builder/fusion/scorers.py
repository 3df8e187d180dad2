"""The two scorers beside the default: fixed rules, and a model trained on judged pairs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from kg_builder.errors import DataError
from kg_builder.fusion.compare import Comparison
from kg_builder.fusion.config import FusionConfig
from kg_builder.fusion.features import MISSING
from kg_builder.fusion.judgements import Judgements, Verdict, pair, read_judgements
from kg_builder.fusion.profiles import Profiles
from kg_builder.fusion.score import Contribution, FellegiSunter, Scorer


class Rules:
    """Fixed weights: the levels' prior frequencies, and one pair in ten a match.

    The same data give the same decision whatever else is in the table, which suits small or
    changing collections and audits.
    """

    def __init__(self) -> None:
        self._model = FellegiSunter(rounds=0)

    def fit(self, comparison: Comparison) -> Rules:
        """Nothing to learn."""
        self._model.fit(comparison)
        return self

    def probability(self, comparison: Comparison) -> NDArray[np.float64]:
        """Probability of being one thing per pair."""
        return self._model.probability(comparison)

    def explain(self, comparison: Comparison, row: int) -> list[Contribution]:
        """The fixed weights that make up one pair's log-odds."""
        return self._model.explain(comparison, row)


class Supervised:
    """Logistic regression over the levels, trained on judged pairs.

    Its outputs are calibrated by construction (proper scoring loss, mild ridge penalty); the
    features are the levels one by one and whether a value is missing.

    Args:
        labels: judged pairs by record key.
        profiles: the records that the labels speak of.
        penalty: inverse strength of the ridge penalty.
    """

    def __init__(self, labels: Judgements, profiles: Profiles, *, penalty: float = 1.0) -> None:
        self.labels, self.profiles = labels, profiles
        self._model = LogisticRegression(C=penalty, max_iter=1000)

    def fit(self, comparison: Comparison) -> Supervised:
        """Train on those pairs of the comparison that are judged.

        Raises:
            DataError: no pair of one of the two kinds is among the compared ones.
        """
        record = self.profiles.record
        verdicts: list[Verdict | None] = [
            self.labels.get(pair(record[i], record[j])) for i, j in comparison.pairs.tolist()
        ]
        rows = np.array([v in {"same", "different"} for v in verdicts], dtype=bool)
        truth = np.array([v == "same" for v in verdicts], dtype=bool)[rows]
        if not truth.any() or truth.all():
            raise DataError(
                "the labels hold no compared pair that is "
                + ("different" if truth.any() else "the same"),
                where="supervised scorer",
                remedy="label pairs of both kinds, by the record keys of records.parquet",
            )
        self._model.fit(_one_hot(comparison)[rows], truth)
        return self

    def probability(self, comparison: Comparison) -> NDArray[np.float64]:
        """Calibrated probability per pair."""
        if not len(comparison):
            return np.empty(0)
        found: NDArray[np.float64] = self._model.predict_proba(_one_hot(comparison))[:, 1]
        return found

    def explain(self, comparison: Comparison, row: int) -> list[Contribution]:
        """The coefficients that make up one pair's log-odds."""
        weights = self._model.coef_[0] * _one_hot(comparison.take(np.array([row])))[0]
        found = [Contribution("prior", "", float(self._model.intercept_[0]))]
        start = 0
        for column, feature in enumerate(comparison.features):
            level = int(comparison.levels[row, column])
            size = len(feature.levels)
            if level != MISSING:
                weight = float(weights[start + level])
                found.append(Contribution(feature.name, feature.levels[level], weight))
            start += size
        found.append(Contribution("similarity of the names", "", float(weights[start:].sum())))
        return found


def make_scorer(config: FusionConfig, profiles: Profiles) -> Scorer:
    """The scorer that the configuration asks for."""
    if config.scorer == "rules":
        return Rules()
    if config.scorer == "supervised" and config.labels is not None:
        return Supervised(read_judgements(config.labels), profiles)
    return FellegiSunter()


def overrule(
    probability: NDArray[np.float64],
    comparison: Comparison,
    profiles: Profiles,
    judgements: Mapping[tuple[str, str], Verdict],
) -> NDArray[np.float64]:
    """Probabilities with a person's decisions in place of the scorer's."""
    if not judgements:
        return probability
    certain = {"same": 1.0, "different": 0.0}
    found = probability.copy()
    for row, (i, j) in enumerate(comparison.pairs.tolist()):
        verdict = judgements.get(pair(profiles.record[i], profiles.record[j]))
        if verdict in certain:
            found[row] = certain[verdict]
    return found


def _one_hot(comparison: Comparison) -> NDArray[np.float64]:
    blocks = [
        (comparison.levels[:, [column]] == np.arange(len(feature.levels))).astype(np.float64)
        for column, feature in enumerate(comparison.features)
    ]
    name = np.clip(comparison.similarity, 0.001, 0.999)
    extra = np.column_stack((comparison.similarity, logit(name) / 7, expit(comparison.rarity)))
    return np.hstack([*blocks, extra])
