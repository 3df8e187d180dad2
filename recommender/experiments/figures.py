"""Draw bar charts of AUC and ACC per model beside the MMSS_MKR paper's (its Fig. 8 and 9)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from recommender.experiments.results import METRICS, TableResult
from safe_io.atomic import replacing

__all__ = ["FIGURES", "histogram"]

FIGURES = {"table5": "Fig. 8", "table9": "Fig. 9"}

_OURS, _PAPERS, _CONTROL = "#1f5f8b", "#d9a679", "#8fb08c"


def histogram(table: TableResult, path: Path) -> Path:
    """Draw a table's bar chart to a PNG; the same figures give the same bytes.

    Controls are drawn for Table 5, not for the ablations.
    """
    ablation = table.table == "table9"
    rows = [r for r in table.rows if r.measured and not (ablation and r.row.kind == "control")]
    figure = Figure(figsize=(max(6.0, 0.62 * len(rows) + 1.5), 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes: list[Axes] = list(figure.subplots(2, 1, sharex=True))
    positions = np.arange(len(rows))
    for axis, metric in zip(axes, METRICS, strict=True):
        ours = [row.value(metric) or np.nan for row in rows]
        spread = [row.figures[metric].sd or 0.0 for row in rows]
        papers = [row.figures[metric].paper or np.nan for row in rows]
        colours = [_CONTROL if row.row.kind == "control" else _OURS for row in rows]
        axis.bar(positions - 0.2, ours, 0.38, yerr=spread, color=colours, capsize=2)
        axis.bar(positions + 0.2, papers, 0.38, color=_PAPERS)
        values = [v for v in (*ours, *papers) if not np.isnan(v)]
        axis.set_ylim(max(0.0, min(values, default=0.5) - 0.05), max(values, default=1.0) + 0.03)
        axis.set_ylabel(metric.upper())
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
    named = [("here", _OURS), ("paper", _PAPERS)]
    if any(row.row.kind == "control" for row in rows):
        named.insert(1, ("here, control", _CONTROL))
    axes[0].legend(
        handles=[Patch(color=colour, label=label) for label, colour in named],
        edgecolor="white", loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=9,
    )  # fmt: skip
    title = f"{FIGURES.get(table.table, table.table)}, {table.dataset}; axes do not start at 0"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    labels = [row.row.label for row in rows]
    axes[1].set_xticks(positions, labels, rotation=40, ha="right", rotation_mode="anchor")
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=130, metadata={"Software": None})
    return path
