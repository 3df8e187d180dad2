"""Plot the ablation: AUC by graph, gain of the built graph by model, effect of corruption."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from recommender.experiments.kg_ablation.graphs import Graph
from recommender.experiments.kg_ablation.results import METRICS, Ablation
from safe_io.atomic import replacing

__all__ = ["draw_corruption", "draw_gains", "draw_graphs"]

_OURS, _STOCK, _CONTROL, _PART = "#1f5f8b", "#c9762f", "#8a8a8a", "#7fb0d0"
_PANELS = ("auc", "auc_cold")
_GAINS = (
    ("stock", "our graph less the stock graph"),
    ("ours-shuffled", "our graph less its shuffle"),
)


def draw_graphs(ablation: Ablation, path: Path) -> Path | None:
    """AUC and AUC on cold items of one model, a line per graph; None if nothing was measured."""
    model = ablation.shown
    if model is None:
        return None
    graphs = [g for g in ablation.graphs if ablation.values(model.model, g.name, "auc")][::-1]
    figure, axes = _panels((10.5, 1.3 + 0.33 * len(graphs)), share_y=True)
    for axis, metric in zip(axes, _PANELS, strict=True):
        for y, graph in enumerate(graphs):
            values = ablation.values(model.model, graph.name, metric).values()
            if not values:
                continue
            average, colour = float(np.mean(list(values))), _colour(graph)
            axis.plot(list(values), [y] * len(values), "|", color=colour, alpha=0.6, ms=9)
            axis.plot([average], [y], "o", color=colour, ms=7)
            axis.annotate(
                f"{average:.3f}", (average, y), xytext=(0, 6), textcoords="offset points",
                ha="center", fontsize=8, color=colour,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )  # fmt: skip
        ours = ablation.mean(model.model, "ours", metric)
        if ours is not None:
            axis.axvline(ours, color=_OURS, linewidth=0.8, linestyle=":")
        axis.set_title(f"{METRICS[metric]} of {model.label}", loc="left", fontsize=10)
        axis.margins(x=0.08)
    axes[0].set_yticks(range(len(graphs)), [graph.label for graph in graphs])
    axes[0].set_ylim(-0.6, len(graphs) - 0.3)
    _foot(figure, "dot: mean over seeds; ticks: the seeds; axes do not start at 0")
    return _save(figure, path)


def draw_gains(ablation: Ablation, path: Path) -> Path | None:
    """Gain of our graph by model, with 95% intervals; None if no pair was measured."""
    models = [
        row
        for row in ablation.models
        if any(ablation.contrast(row.model, graph, "ours", "auc") for graph, _ in _GAINS)
    ][::-1]
    if not models:
        return None
    figure, axes = _panels((10.5, 1.6 + 0.5 * len(models)), share_y=True)
    for axis, (graph, title) in zip(axes, _GAINS, strict=True):
        for metric, colour, shift in (("auc", _OURS, 0.13), ("auc_cold", _STOCK, -0.13)):
            for y, row in enumerate(models):
                contrast = ablation.contrast(row.model, graph, "ours", metric)
                if contrast is None or contrast.difference is None:
                    continue
                gain = contrast.difference
                bars = [[0.0], [0.0]]
                if contrast.low is not None and contrast.high is not None:
                    bars = [[gain - contrast.low], [contrast.high - gain]]
                axis.errorbar([gain], [y + shift], xerr=bars, fmt="o", color=colour, capsize=3)
            axis.plot([], [], "o", color=colour, label=METRICS[metric])
        axis.axvline(0, color="black", linewidth=0.8)
        axis.set_title(title, loc="left", fontsize=10)
    axes[0].set_yticks(range(len(models)), [row.label for row in models])
    axes[0].set_ylim(-0.6, len(models) - 0.4)
    axes[1].legend(fontsize=9, edgecolor="white")
    _foot(figure, "right of the line: our graph is better; bars: 95% intervals, paired by seed")
    return _save(figure, path)


def draw_corruption(ablation: Ablation, path: Path) -> Path | None:
    """Decline of one model as triples are corrupted; None if it was not measured."""
    model = ablation.shown
    if model is None:
        return None
    curve = [g for g in ablation.graphs if g.name == "ours" or g.change == "corrupted"]
    curve = [g for g in curve if ablation.values(model.model, g.name, "auc")]
    if len(curve) < 2:
        return None
    figure, axes = _panels((10.5, 3.8), share_y=False)
    for axis, metric in zip(axes, _PANELS, strict=True):
        shares = [100 * graph.share for graph in curve]
        means = [ablation.mean(model.model, graph.name, metric) or np.nan for graph in curve]
        spreads = [ablation.sd(model.model, graph.name, metric) or 0.0 for graph in curve]
        axis.errorbar(shares, means, yerr=spreads, fmt="o-", color=_OURS, capsize=3)
        lines = [("stock", _STOCK, "-"), ("ours-shuffled", _OURS, ":"), ("none", _CONTROL, "--")]
        for name, colour, style in lines:
            level, graph = ablation.mean(model.model, name, metric), ablation.graph(name)
            if level is not None and graph is not None:
                axis.axhline(level, color=colour, linestyle=style, label=graph.label)
        axis.set_xticks(shares, [f"{share:g}%" for share in shares])
        axis.set_xlabel("share of our graph's triples that are false")
        axis.set_title(f"{METRICS[metric]} of {model.label}", loc="left", fontsize=10)
    if axes[0].get_legend_handles_labels()[0]:
        axes[0].legend(fontsize=9, edgecolor="white")
    _foot(figure, "bars: standard deviation over seeds; axes do not start at 0")
    return _save(figure, path)


def _colour(graph: Graph) -> str:
    if graph.change in ("none", "shuffled"):
        return _CONTROL
    if graph.name in ("stock", "ours"):
        return _STOCK if graph.name == "stock" else _OURS
    return _PART


def _panels(size: tuple[float, float], *, share_y: bool) -> tuple[Figure, Sequence[Axes]]:
    """A figure with two panels side by side."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes: list[Axes] = list(figure.subplots(1, 2, sharey=share_y))
    for axis in axes:
        axis.grid(color="#e4e4e4", linewidth=0.6)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _foot(figure: Figure, text: str) -> None:
    figure.supxlabel(text, fontsize=8.5, color="#555555", x=0.01, ha="left")


def _save(figure: Figure, path: Path) -> Path:
    """Write a PNG atomically; the same figures give the same bytes."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=130, metadata={"Software": None})
    return path
