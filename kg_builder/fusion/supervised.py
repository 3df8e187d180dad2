"""Supervised pair scorer: calibrated mean of logistic regression, boosted trees, random forest."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, logit
from sklearn.base import ClassifierMixin, clone
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from kg_builder.errors import DataError
from kg_builder.fusion.compare import Comparison
from kg_builder.fusion.judgements import Labels
from kg_builder.fusion.measures import MISSING
from kg_builder.fusion.profiles import Profiles
from kg_builder.fusion.score import Contribution, FellegiSunter, mutual_best_pairs

_FOLDS: Final = 4
_MIN_TO_CALIBRATE: Final = 100
_CLIP: Final = 1e-6
_SHARES: Final = (1.0, 0.75, 0.5, 0.25)
"""Candidate weights of the trained log-odds; the unsupervised ones get the complement."""
_FAR: Final = 8.0
"""The unsupervised log-odds are clipped to ± this."""
_UNSUPERVISED_MATCH: Final = 0.9
"""Match threshold of the unsupervised scorer."""


class Supervised:
    """Supervised scorer, trained on the levels and fine measures of judged pairs.

    A ridge logistic regression, gradient-boosted trees and randomised trees make different errors
    on a few hundred pairs; their mean makes fewer. It is calibrated (Platt 1999) on out-of-fold
    predictions with no shared records, and its log-odds are averaged with those of the unsupervised
    scorer (a logarithmic opinion pool), which is fitted to all pairs and so reflects the actual
    frequency of matches. The weights of the two are chosen by the likelihood of the judged pairs.
    If the unsupervised scorer alone is significantly better on these, it decides.

    Args:
        labels: judged pairs by record key.
        profiles: the records of the labels.
        seed: of the trees and folds.
    """

    def __init__(self, labels: Labels, profiles: Profiles, *, seed: int = 0) -> None:
        self.labels, self.profiles, self.seed = labels, profiles, seed
        self._models: list[ClassifierMixin] = []
        self._unsupervised = FellegiSunter()
        self._slope, self._shift, self._trained_share = 1.0, 0.0, 1.0
        self.falls_back = False
        self._columns: NDArray[np.bool_] = np.empty(0, dtype=bool)
        self._names: list[str] = []

    def fit(self, comparison: Comparison) -> Supervised:
        """Train on the judged pairs of the comparison.

        Raises:
            DataError: the compared pairs lack matches or non-matches.
        """
        record = self.profiles.record
        verdicts = [self.labels(record[i], record[j]) for i, j in comparison.pairs.tolist()]
        rows = np.array([v in {"same", "different"} for v in verdicts], dtype=bool)
        truth = np.array([v == "same" for v in verdicts], dtype=bool)[rows]
        if not truth.any() or truth.all():
            raise DataError(
                "the labels hold no compared pair that is "
                + ("different" if truth.any() else "the same"),
                where="supervised scorer",
                remedy="label pairs of both kinds, by the record keys of records.parquet",
            )
        learnt = mutual_best_pairs(comparison, seed=self.seed)
        self._unsupervised.fit(comparison.take(learnt))
        self._names, every = _inputs(comparison)
        inputs = every[rows]
        self._columns = np.array([_varies(column) for column in inputs.T], dtype=bool)
        inputs = inputs[:, self._columns]
        with threadpool_limits(limits=1):
            self._models = [model.fit(inputs, truth) for model in _models(len(inputs), self.seed)]
            self._calibrate(inputs, truth, comparison.take(rows))
        return self

    def probability(self, comparison: Comparison) -> NDArray[np.float64]:
        """Calibrated probability per pair."""
        if not len(comparison):
            return np.empty(0)
        return np.asarray(expit(self._odds(comparison)), dtype=np.float64)

    def explain(self, comparison: Comparison, row: int) -> list[Contribution]:
        """The regression's contributions to one pair's log-odds, and the trees' adjustment.

        If the unsupervised scorer decides, its contributions and the shift of its threshold.
        """
        if self.falls_back:
            shift = Contribution("threshold", "", -float(logit(_UNSUPERVISED_MATCH)))
            return [*self._unsupervised.explain(comparison, row), shift]
        one = comparison.take(np.array([row]))
        inputs = _inputs(one)[1][:, self._columns]
        impute, scale, regression = (step for _, step in self._models[0].steps)
        names = [name for name, kept in zip(self._names, self._columns, strict=True) if kept]
        names += [f"no {names[column]}" for column in impute.indicator_.features_]
        values = scale.transform(impute.transform(inputs))[0]
        shares = {"prior": float(regression.intercept_[0])}
        for name, weight in zip(names, regression.coef_[0] * values, strict=True):
            feature = name.partition(":")[0]
            shares[feature] = shares.get(feature, 0.0) + float(weight)
        shares["trees and calibration"] = float(self._odds(one)[0]) - sum(shares.values())
        levels = {
            feature.name: feature.levels[level]
            for feature, level in zip(comparison.features, one.levels[0].tolist(), strict=True)
            if level != MISSING
        }
        return [Contribution(name, levels.get(name, ""), weight) for name, weight in shares.items()]

    def of_one_source(self) -> float:
        """Contribution to the log-odds of being of one source, by the unsupervised scorer."""
        return self._unsupervised.of_one_source()

    def _calibrate(
        self, inputs: NDArray[np.float64], truth: NDArray[np.bool_], judged: Comparison
    ) -> None:
        group = _connected(judged.pairs)
        enough = min(truth.sum(), (~truth).sum(), len(np.unique(group[truth]))) >= 2 * _FOLDS
        if len(inputs) < _MIN_TO_CALIBRATE or not enough:
            return
        folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=self.seed)
        parts = list(folds.split(inputs, truth, group))
        unseen = np.empty(len(inputs))
        for learn, check in parts:
            models = [clone(model).fit(inputs[learn], truth[learn]) for model in self._models]
            unseen[check] = _mean(models, inputs[check])
        odds = _bounded_logit(np.clip(unseen, 1e-3, 1 - 1e-3))
        platt = LogisticRegression(C=1.0).fit(odds.reshape(-1, 1), truth)
        self._slope = max(float(platt.coef_[0, 0]), 0.1)
        self._shift = float(platt.intercept_[0])
        trained = self._slope * odds + self._shift
        unsupervised = self._unsupervised.log_odds(judged)
        pools = {share: _pool(trained, unsupervised, share) for share in _SHARES}
        self._trained_share = min(_SHARES, key=lambda share: _log_loss(pools[share], truth))
        wrong = (pools[self._trained_share] >= 0) != truth
        wrong_alone = (unsupervised >= logit(_UNSUPERVISED_MATCH)) != truth
        differ = int((wrong != wrong_alone).sum())  # McNemar (1947): by more than chance?
        self.falls_back = int(wrong.sum()) - int(wrong_alone.sum()) > 2 * np.sqrt(differ)

    def _odds(self, comparison: Comparison) -> NDArray[np.float64]:
        """Calibrated log-odds, and the unsupervised ones shifted so that their threshold is 0."""
        unsupervised = self._unsupervised.log_odds(comparison)
        if self.falls_back:
            return np.asarray(unsupervised - logit(_UNSUPERVISED_MATCH), dtype=np.float64)
        with threadpool_limits(limits=1):
            mean = _mean(self._models, _inputs(comparison)[1][:, self._columns])
        trained = self._slope * _bounded_logit(mean) + self._shift
        return _pool(trained, unsupervised, self._trained_share)


def _pool(
    trained: NDArray[np.float64], unsupervised: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Weighted mean of both log-odds, the unsupervised ones clipped to ± `_FAR`."""
    bounded = np.clip(unsupervised, -_FAR, _FAR)
    return np.asarray(share * trained + (1 - share) * bounded, dtype=np.float64)


def _log_loss(odds: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Mean negative log-likelihood."""
    return float(np.logaddexp(0, np.where(truth, -odds, odds)).mean())


def _bounded_logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(logit(np.clip(probability, _CLIP, 1 - _CLIP)), dtype=np.float64)


def _models(size: int, seed: int) -> list[ClassifierMixin]:
    """Create the models, larger for more judged pairs."""
    return [
        make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(C=0.05 if size < 2000 else 1.0, max_iter=2000),
        ),
        make_pipeline(
            _below_all(),
            HistGradientBoostingClassifier(
                max_iter=80 if size < 2000 else 150,
                max_leaf_nodes=6 if size < 2000 else 16,
                min_samples_leaf=8 if size < 2000 else 15,
                l2_regularization=3.0,
                max_features=0.4,
                early_stopping=False,
                random_state=seed,
            ),
        ),
        make_pipeline(
            _below_all(),
            ExtraTreesClassifier(
                300 if size < 2000 else 80, min_samples_leaf=2, max_features=0.4, random_state=seed
            ),
        ),
    ]


def _below_all() -> SimpleImputer:
    """Replace missing values by one below all others, which trees can split off."""
    return SimpleImputer(strategy="constant", fill_value=-1.0, keep_empty_features=True)


def _mean(models: list[ClassifierMixin], inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    each = [model.predict_proba(inputs)[:, 1] for model in models]
    return np.asarray(np.mean(each, axis=0), dtype=np.float64)


def _inputs(comparison: Comparison) -> tuple[list[str], NDArray[np.float64]]:
    """Names and values of the model's inputs: one-hot levels and the fine measures."""
    names: list[str] = []
    blocks: list[NDArray[np.float64]] = []
    for column, feature in enumerate(comparison.features):
        names += [f"{feature.name}:{level}" for level in feature.levels]
        reached = comparison.levels[:, [column]] == np.arange(len(feature.levels))
        blocks.append(reached.astype(np.float64))
    names += ["similarity of the names", "rarity of the name", *comparison.measures]
    blocks += [
        np.column_stack((comparison.similarity, expit(comparison.rarity))),
        comparison.details.astype(np.float64),
    ]
    return names, np.hstack(blocks)


def _varies(column: NDArray[np.float64]) -> bool:
    present = column[~np.isnan(column)]
    return len(present) > 0 and bool((present != present[0]).any())


def _connected(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Group pairs connected by shared records, for cross-validation."""
    size = int(pairs.max()) + 1
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    found: NDArray[np.int64] = connected_components(graph, directed=False)[1][pairs[:, 0]]
    return found
