"""Report cold-start results: means over splits, a Markdown table and a plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from recommender.newcomers.protocols import Point
from safe_io.atomic import replacing

__all__ = ["averaged", "draw", "markdown"]

Curves = Mapping[str, Sequence[Point]]

_TITLES = {
    "users": ("Users left out", "likes"),
    "items": ("Items left out", "facts"),
}
_COLOURS = ("#1f5f8b", "#c8641b", "#3f7f4f", "#8b3f6f", "#555555", "#b59b2b", "#6f5f9f")


def averaged(runs: Sequence[Sequence[Point]]) -> list[Point]:
    """The means over splits, point by point."""
    return [
        Point(
            same[0].given,
            float(np.mean([point.mean_given for point in same])),
            same[0].retrained,
            {
                name: float(np.mean([point.values[name] for point in same]))
                for name in same[0].values
            },
        )
        for same in zip(*runs, strict=True)
    ]


def markdown(kind: str, curves: Curves) -> str:
    """Format the table of one protocol, `users` or `items`: a row per model and amount."""
    title, unit = _TITLES[kind]
    metrics = list(next(iter(curves.values()))[0].values)
    header = ["model", f"{unit} given", "on average", *metrics, "NDCG@10 of retrained"]
    lines = [
        f"## {title}",
        "",
        f"| {' | '.join(header)} |",
        f"|{'---|' * len(header)}",
    ]
    for model, points in curves.items():
        best = next(point for point in points if point.retrained).values["ndcg@10"]
        for point in points:
            given = "retrained" if point.retrained else _amount(point.given)
            values = [f"{point.values[name]:.4f}" for name in metrics]
            part = f"{point.values['ndcg@10'] / best:.0%}" if best else "–"
            cells = [model, given, f"{point.mean_given:.1f}", *values, part]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def draw(protocols: Mapping[str, Curves], path: Path) -> None:
    """Plot NDCG@10 by revealed amount, a panel per protocol; dashed: the retrained model."""
    figure = Figure(figsize=(5.2 * len(protocols), 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    panels: list[Axes] = list(figure.subplots(1, len(protocols), squeeze=False)[0])
    for axis, (kind, curves) in zip(panels, protocols.items(), strict=True):
        title, unit = _TITLES[kind]
        amounts = [_amount(p.given) for p in next(iter(curves.values())) if not p.retrained]
        for colour, (model, points) in zip(_repeat(len(curves)), curves.items(), strict=True):
            values = [p.values["ndcg@10"] for p in points if not p.retrained]
            axis.plot(range(len(values)), values, "o-", color=colour, markersize=4, label=model)
            retrained = next(p for p in points if p.retrained).values["ndcg@10"]
            axis.axhline(retrained, color=colour, linestyle="--", linewidth=1, alpha=0.7)
        axis.set_title(title, fontsize=10, loc="left")
        axis.set_xticks(range(len(amounts)), amounts)
        axis.set_xlabel(f"{unit} given (dashed: trained again with them)")
        axis.set_ylabel("NDCG@10")
        axis.set_ylim(bottom=0)
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=9)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})


def _amount(given: int | None) -> str:
    return "all" if given is None else str(given)


def _repeat(n: int) -> list[str]:
    return [_COLOURS[k % len(_COLOURS)] for k in range(n)]
