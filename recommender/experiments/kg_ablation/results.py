"""Collect the ablation's metrics by model, graph and seed, with paired tests between graphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean, stdev
from typing import Any

from recommender.experiments.kg_ablation.graphs import Graph
from recommender.experiments.rows import Row
from recommender.metrics.significance.contrast import Contrast, contrast_seeds, correct

__all__ = ["METRICS", "Ablation"]

METRICS = {
    "auc": "AUC",
    "auc_warm": "AUC warm",
    "auc_cold": "AUC cold",
    "acc": "ACC",
    "ndcg@10": "NDCG@10",
    "recall@20": "Recall@20",
}

# Comparisons of graphs besides "ours against each other one".
_FURTHER = (
    ("stock-shuffled", "stock"),
    ("stock", "without-pairs"),
    ("ours-shuffled", "without-pairs"),
)

Cells = Mapping[tuple[str, str], Mapping[int, Mapping[str, Any]]]


@dataclass(frozen=True, eq=False)
class Ablation:
    """All results of the ablation.

    Attributes:
        models: the rows, in the order of the page.
        graphs: likewise.
        cells: results of `run_cell`, by names of model and graph, then by seed.
        lead: name of the model whose figures are drawn graph by graph.
    """

    models: Sequence[Row]
    graphs: Sequence[Graph]
    cells: Cells
    lead: str

    @property
    def measured(self) -> list[Row]:
        """The models with results."""
        return [
            row for row in self.models if any(self.seeds(row.model, g.name) for g in self.graphs)
        ]

    @property
    def shown(self) -> Row | None:
        """The model to draw graph by graph: `lead`, or the first one with results."""
        measured = self.measured
        return next((row for row in measured if row.model == self.lead), next(iter(measured), None))

    def graph(self, name: str) -> Graph | None:
        """Look up a graph by name."""
        return next((graph for graph in self.graphs if graph.name == name), None)

    def seeds(self, model: str, graph: str) -> list[int]:
        """The seeds with results."""
        return list(self.cells.get((model, graph), {}))

    def values(self, model: str, graph: str, metric: str) -> dict[int, float]:
        """A metric by seed, if defined."""
        found = {
            seed: _metric(cell, metric) for seed, cell in self.cells.get((model, graph), {}).items()
        }
        return {seed: value for seed, value in found.items() if value is not None}

    def mean(self, model: str, graph: str, metric: str) -> float | None:
        """The mean over the seeds."""
        values = self.values(model, graph, metric)
        return mean(values.values()) if values else None

    def sd(self, model: str, graph: str, metric: str) -> float | None:
        """The standard deviation over the seeds (n - 1); None with fewer than two."""
        values = self.values(model, graph, metric)
        return stdev(values.values()) if len(values) > 1 else None

    def contrast(self, model: str, first: str, second: str, metric: str) -> Contrast | None:
        """Difference `second` − `first` between graphs for a model, over common seeds.

        p is corrected by Holm's method over all comparisons of this model in this metric.
        """
        return self._contrasts.get((model, metric), {}).get((first, second))

    @cached_property
    def _contrasts(self) -> dict[tuple[str, str], dict[tuple[str, str], Contrast]]:
        names = [graph.name for graph in self.graphs]
        asked = [(name, "ours") for name in names if name != "ours"]
        asked += [pair for pair in _FURTHER if set(pair) <= set(names)]
        return {
            (row.model, metric): self._family(row.model, asked, metric)
            for row in self.models
            for metric in METRICS
        }

    def _family(
        self, model: str, asked: Sequence[tuple[str, str]], metric: str
    ) -> dict[tuple[str, str], Contrast]:
        plain: dict[tuple[str, str], list[Contrast]] = {}
        for pair in asked:
            first, second = (self.values(model, graph, metric) for graph in pair)
            shared = [seed for seed in first if seed in second]
            if shared:
                plain[pair] = contrast_seeds(
                    {metric: [first[seed] for seed in shared]},
                    {metric: [second[seed] for seed in shared]},
                )
        corrected = correct(list(plain.values()))
        return {pair: family[0] for pair, family in zip(plain, corrected, strict=True)}


def _metric(cell: Mapping[str, Any], metric: str) -> float | None:
    """A metric of the test rows or of the ranking of the catalogue."""
    value = cell["test"].get(metric, cell.get("ranking", {}).get(metric))
    return None if value is None else float(value)
