"""Aggregate results over seeds into table rows: mean, deviation, gap to the paper, paired tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean, median, stdev
from typing import Any

from scipy.stats import t as student

from recommender.experiments.rows import Row
from recommender.metrics.significance.contrast import Contrast, contrast_seeds, correct
from recommender.models.base import Recommender
from recommender.models.registry import resolve

__all__ = ["COVERAGE", "LISTS", "METRICS", "Figure", "RowResult", "TableResult", "gather"]

METRICS = ("auc", "acc")
LISTS = (
    "ndcg@10", "recall@20", "hit@10", "mrr@10", "distinct_items@10", "popularity_share@10",
    "novelty@10", "diversity@10", "calibration@10",
)  # fmt: skip
"""Metrics of ranking and lists; the first is tested against the reference."""
COVERAGE = 0.99
"""Coverage of the intervals for a new seed: of dozens on a page, 95% would miss several."""
_SPLIT = ("auc_warm", "auc_cold")


@dataclass(frozen=True)
class Figure:
    """A row's values of a metric.

    Attributes:
        values: one per seed, None where undefined.
        paper: the paper's figure.
        contrast: reference against this row over common seeds, p after Holm's correction over the
            whole table.
    """

    values: Sequence[float | None]
    paper: float | None = None
    contrast: Contrast | None = None

    @property
    def mean(self) -> float | None:
        """Mean over seeds; None unless defined on every one."""
        defined = [value for value in self.values if value is not None]
        return mean(defined) if defined and len(defined) == len(self.values) else None

    @property
    def sd(self) -> float | None:
        """Standard deviation over seeds (n - 1); None with fewer than two."""
        defined = [value for value in self.values if value is not None]
        return stdev(defined) if len(defined) == len(self.values) and len(defined) > 1 else None

    @property
    def new_seed(self) -> tuple[float, float] | None:
        """Prediction interval of a new seed, with probability `COVERAGE`.

        Student's prediction interval, mean ± t(n - 1) · sd · √(1 + 1/n), which assumes a normal
        distribution; clipped to [0, 1]. None with fewer than three seeds, as t(1) = 64 is
        uninformative.
        """
        if self.mean is None or self.sd is None or len(self.values) < 3:
            return None
        n = len(self.values)
        reach = float(student.ppf((1 + COVERAGE) / 2, n - 1)) * self.sd * math.sqrt(1 + 1 / n)
        return max(0.0, self.mean - reach), min(1.0, self.mean + reach)

    @property
    def difference(self) -> float | None:
        """Our value minus the paper's."""
        return None if self.mean is None or self.paper is None else self.mean - self.paper


@dataclass(frozen=True)
class RowResult:
    """A row with its results, or the `problem` that prevented them.

    Attributes:
        negatives: negatives in training: `static` or `fresh` rows, `own` negatives, none.
        seconds, cpu_seconds: means of one training; CPU None if not recorded for a seed.
        lists: number of lists, and the attribute of calibration; '' if no seed was ranked.
    """

    row: Row
    seeds: Sequence[int]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    parameters: int | None = None
    seconds: float | None = None
    cpu_seconds: float | None = None
    negatives: str = ""
    epochs: float | None = None
    problem: str = ""
    lists: str = ""

    def value(self, metric: str) -> float | None:
        """Our mean of a metric."""
        return self.figures[metric].mean if metric in self.figures else None

    @property
    def measured(self) -> bool:
        """Whether there are results."""
        return bool(self.seeds)


@dataclass(frozen=True)
class TableResult:
    """A table's rows on one data set; tested against `reference`."""

    table: str
    dataset: str
    rows: Sequence[RowResult]

    @property
    def reference(self) -> RowResult | None:
        """The reference row, if it was measured."""
        return next((r for r in self.rows if r.row.reference and r.measured), None)

    def row(self, label: str) -> RowResult | None:
        """The measured row of that label."""
        return next((r for r in self.rows if r.row.label == label and r.measured), None)


def gather(
    rows: Sequence[Row],
    results: Mapping[str, Mapping[int, Mapping[str, Any]]],
    problems: Mapping[str, str],
) -> list[TableResult]:
    """Build one table per data set.

    Args:
        rows: of one table.
        results: results of `run_cell`, by row name, then by seed.
        problems: reasons for missing or incomplete rows, by row name.
    """
    tables = []
    for dataset in dict.fromkeys(row.dataset for row in rows):
        mine = [row for row in rows if row.dataset == dataset]
        plain = [_row(row, results.get(row.name, {}), problems) for row in mine]
        tables.append(TableResult(mine[0].table, dataset, _tested(plain)))
    return tables


def _row(
    row: Row, by_seed: Mapping[int, Mapping[str, Any]], problems: Mapping[str, str]
) -> RowResult:
    problem = problems.get(row.name, "")
    if not by_seed:
        return RowResult(row, [], problem=problem or "not run")
    seeds = list(by_seed)
    tests = [by_seed[seed]["test"] for seed in seeds]
    paper = {"auc": row.auc, "acc": row.acc}
    figures = {
        name: Figure([test[name] for test in tests], paper.get(name))
        for name in (*METRICS, *_SPLIT)
    }
    rankings = [by_seed[seed].get("ranking") or {} for seed in seeds]
    figures |= {name: Figure([ranking.get(name) for ranking in rankings]) for name in LISTS}
    cells = list(by_seed.values())
    return RowResult(
        row,
        seeds,
        figures,
        parameters=int(median(cell["parameters"] for cell in cells)),
        seconds=mean(cell["seconds"] for cell in cells),
        cpu_seconds=_mean([cell.get("cpu_seconds") for cell in cells]),
        negatives=_negatives(row, cells[0]),
        epochs=mean(cell["best_epoch"] for cell in cells),
        problem=problem,
        lists=_describe_lists([ranking for ranking in rankings if ranking]),
    )


def _describe_lists(rankings: Sequence[Mapping[str, Any]]) -> str:
    """Describe the lists of a seed on average; '' if only ranking metrics were kept."""
    counted = [ranking for ranking in rankings if "lists" in ranking]
    if not counted:
        return ""
    text = f"the lists of {median(r['lists'] for r in counted):,.0f} users"
    everybody = counted[0]["all_users"]
    if counted[0]["ranked_users"] < everybody:
        text += f" (drawn from {everybody:,}; what all lists hold together grows with their number)"
    return f"{text}, calibration by {counted[0]['basis'].get('calibration', 'nothing')}"


def _mean(values: Sequence[float | None]) -> float | None:
    measured = [value for value in values if value is not None]
    return mean(measured) if measured and len(measured) == len(values) else None


def _negatives(row: Row, cell: Mapping[str, Any]) -> str:
    """Negatives of a row's training; counting models and least squares use only positives."""
    if resolve(row.model).model.tasks is Recommender.tasks:
        return "none"
    if cell.get("settings", {}).get("pairs") == "uniform":
        return "own"
    return str(cell.get("training", {}).get("negatives", ""))


def _tested(rows: list[RowResult]) -> list[RowResult]:
    """Compare each row with the reference, over common seeds."""
    reference = next((r for r in rows if r.row.reference and r.measured), None)
    if reference is None:
        return rows
    others = [r for r in rows if r.measured and r is not reference]
    tested = (*METRICS, LISTS[0])
    contrasts = []
    for other in others:
        shared = [seed for seed in reference.seeds if seed in other.seeds]
        first, second = (
            {m: [r.figures[m].values[r.seeds.index(seed)] for seed in shared] for m in tested}
            for r in (reference, other)
        )
        families = {LISTS[0]: "lists"}
        contrasts.append(contrast_seeds(first, second, families) if shared else [])
    corrected = dict(zip(map(id, others), correct(contrasts), strict=True))
    return [row if id(row) not in corrected else _with(row, corrected[id(row)]) for row in rows]


def _with(row: RowResult, contrasts: Sequence[Contrast]) -> RowResult:
    by_metric = {contrast.metric: contrast for contrast in contrasts}
    figures = {
        name: Figure(figure.values, figure.paper, _sound(by_metric.get(name)))
        for name, figure in row.figures.items()
    }
    return replace(row, figures=figures)


def _sound(contrast: Contrast | None) -> Contrast | None:
    """Drop contrasts with undefined values of a seed."""
    if contrast is None or contrast.difference is None or math.isnan(contrast.difference):
        return None
    return contrast
