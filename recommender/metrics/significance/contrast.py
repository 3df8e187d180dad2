"""Compare two models metric by metric, on the same rows or seeds: differences and p values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recommender.metrics.significance.bootstrap import (
    bootstrap_p_value,
    percentile_interval,
    resample_users,
    resampled_mean,
)
from recommender.metrics.significance.delong import delong_test
from recommender.metrics.significance.paired import (
    holm,
    paired_t_test,
    sign_flip_test,
    wilcoxon_test,
)

if TYPE_CHECKING:
    from recommender.metrics.catalogue import CatalogueResult
    from recommender.metrics.lists import ListResult
    from recommender.metrics.predictions import Predictions
    from recommender.metrics.ranking import RankingResult

__all__ = ["Contrast", "contrast_catalogues", "contrast_predictions", "contrast_seeds", "correct"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Contrast:
    """A metric of two models; None for undefined values.

    Attributes:
        metric: its name.
        first, second: its value for each model (over seeds: the mean).
        difference: second minus first.
        low, high: 95% interval of the difference.
        p_value: two-sided, of `test`.
        test: name of the test behind it.
        p_holm: the p value after Holm's correction.
        p_other: p of another test on the same differences, if any.
        spread: over seeds, the standard deviations of both models.
        family: metric family: `rows` (classification), `ranking`, or `lists`.
    """

    metric: str
    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    test: str
    p_holm: float | None = None
    p_other: float | None = None
    spread: tuple[float, float] | None = None
    family: str = "rows"

    def as_dict(self) -> dict[str, Any]:
        """For ``json.dumps``."""
        return asdict(self)


def contrast_predictions(
    first: Predictions, second: Predictions, *, n_resamples: int = 1000, seed: int = 0
) -> list[Contrast]:
    """Compare predictions of the same rows.

    The interval is from a bootstrap over users, paired between the models. The p value is DeLong's
    for AUCs; of sign flips by user for accuracy and log-loss; and the bootstrap's for F1, which is
    also given besides the others.

    Raises:
        ValueError: the rows differ.
    """
    for name in ("users", "items", "labels"):
        if not np.array_equal(getattr(first.rows, name), getattr(second.rows, name)):
            raise ValueError(f"the {name} of the two models' rows differ")
    weights = resample_users(first.n_users, n_resamples, seed)
    samples = [model.resample(weights) for model in (first, second)]
    values = [model.report() for model in (first, second)]
    flips = sign_flip_test(
        {
            name: first.per_user((second.row_means[name][0] - row_values) * rows)
            for name, (row_values, rows) in first.row_means.items()
        },
        seed=seed,
    )
    contrasts = []
    for name in values[0]:
        if name not in samples[0]:
            continue
        gaps = samples[1][name] - samples[0][name]
        by_bootstrap = bootstrap_p_value(gaps)
        if name.startswith("auc"):
            rows = first.parts[name.removeprefix("auc")]
            tested = delong_test(first.rows.labels[rows], first.scores[rows], second.scores[rows])
            p_value, test = (math.nan if tested is None else tested.p_value), "DeLong"
        elif name in flips:
            p_value, test = flips[name], "sign flips by user"
        else:
            p_value, test = by_bootstrap, "bootstrap by user"
        contrasts.append(
            _contrast(name, values[0][name], values[1][name], gaps, p_value, test, by_bootstrap)
        )
    return contrasts


def contrast_catalogues(
    first: CatalogueResult, second: CatalogueResult, *, n_resamples: int = 1000, seed: int = 0
) -> list[Contrast]:
    """Compare the lists of the same users: ranking metrics, then list metrics.

    For means over users, p is from sign flips by user and the interval from the bootstrap; users
    for whom a metric is undefined with either model are left out. Aggregate metrics have no test,
    as there is only one value.

    Raises:
        ValueError: the users differ.
    """
    settings = {"n_resamples": n_resamples, "seed": seed}
    contrasts = _contrast_users(first.ranking, second.ranking, "ranking", **settings)
    about = _contrast_users(first.lists, second.lists, "lists", **settings)
    for name, value in first.lists.aggregates.items():
        other = second.lists.aggregates[name]
        about.append(
            Contrast(
                metric=name,
                first=_defined(value),
                second=_defined(other),
                difference=_defined(other - value),
                low=None,
                high=None,
                p_value=None,
                test="none",
                family="lists",
            )
        )
    return contrasts + sorted(about, key=lambda contrast: contrast.metric)


def _contrast_users(
    first: RankingResult | ListResult,
    second: RankingResult | ListResult,
    family: str,
    *,
    n_resamples: int,
    seed: int,
) -> list[Contrast]:
    if not np.array_equal(first.users, second.users):
        raise ValueError("the two rankings judge different users")
    weights = resample_users(len(first.users), n_resamples, seed)
    gaps = {name: second.per_user[name] - values for name, values in first.per_user.items()}
    defined = {name: ~np.isnan(gap) for name, gap in gaps.items()}
    gaps = {name: np.where(defined[name], gap, 0.0) for name, gap in gaps.items()}
    p_values = sign_flip_test(gaps, seed=seed)
    means, others = first.means(), second.means()
    contrasts = []
    for name, gap in gaps.items():
        samples = resampled_mean(gap, defined[name], weights)
        contrast = _contrast(
            name,
            means[name],
            others[name],
            samples,
            p_values[name],
            "sign flips by user",
            bootstrap_p_value(samples),
        )
        contrasts.append(replace(contrast, family=family))
    return contrasts


def contrast_seeds(
    first: Mapping[str, Sequence[float | None]],
    second: Mapping[str, Sequence[float | None]],
    families: Mapping[str, str] | None = None,
) -> list[Contrast]:
    """Compare two models over paired seeds: Student's t, and Wilcoxon besides.

    Args:
        first, second: metric to its value for each seed, in the same order of seeds.
        families: metric to its family, if not `rows`.
    """
    contrasts = []
    for name, values in first.items():
        pair = [np.array([np.nan if v is None else v for v in x]) for x in (values, second[name])]
        gaps = pair[1] - pair[0]
        defined = gaps[np.isfinite(gaps)]
        tested = paired_t_test(defined) if len(defined) == len(gaps) else None
        other = wilcoxon_test(defined) if tested is not None else None
        p_value, low, high = tested if tested is not None else (None, None, None)
        contrasts.append(
            Contrast(
                metric=name,
                first=_defined(float(pair[0].mean())),
                second=_defined(float(pair[1].mean())),
                difference=_defined(float(gaps.mean())),
                low=low,
                high=high,
                p_value=p_value,
                test="paired t over seeds",
                p_other=other,
                spread=None
                if tested is None
                else (float(pair[0].std(ddof=1)), float(pair[1].std(ddof=1))),
                family=(families or {}).get(name, "rows"),
            )
        )
    return contrasts


def correct(tables: Sequence[Sequence[Contrast]]) -> list[list[Contrast]]:
    """Apply Holm's correction to the p values of all tables, separately for each family.

    So results on classified rows do not depend on the number of list metrics.
    """
    adjusted: dict[str, float] = {}
    for family in {contrast.family for table in tables for contrast in table}:
        adjusted |= holm(
            {
                f"{n}/{contrast.metric}": math.nan if contrast.p_value is None else contrast.p_value
                for n, table in enumerate(tables)
                for contrast in table
                if contrast.family == family
            }
        )
    return [
        [replace(c, p_holm=_defined(adjusted[f"{n}/{c.metric}"])) for c in table]
        for n, table in enumerate(tables)
    ]


def _contrast(
    name: str,
    first: float | None,
    second: float | None,
    gaps: FloatArray,
    p_value: float,
    test: str,
    p_other: float,
) -> Contrast:
    if first is None or second is None:
        return Contrast(name, first, second, None, None, None, None, test)
    low, high = percentile_interval(gaps) or (None, None)
    return Contrast(
        metric=name,
        first=first,
        second=second,
        difference=second - first,
        low=low,
        high=high,
        p_value=_defined(p_value),
        test=test,
        p_other=_defined(p_other),
    )


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
