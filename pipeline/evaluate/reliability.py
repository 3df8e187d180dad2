"""Draw a reliability diagram: the share of right statements at each level of confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from safe_io.atomic import replacing

_BINS: Final = 10
_MIN_IN_BIN: Final = 5


def draw_reliability(kinds: Mapping[str, Sequence[tuple[float, bool]]], path: Path) -> None:
    """Draw a reliability diagram, one line for each kind of statement.

    Niculescu-Mizil & Caruana, "Predicting good probabilities with supervised learning" (2005).
    Points are means over bins of equal counts; on the diagonal, confidences are calibrated.

    Args:
        kinds: kind → (confidence in 0..1, whether correct) of each statement.
        path: the PNG file.
    """
    from matplotlib.figure import Figure  # slow to import

    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--", linewidth=1)
    for kind, rows in kinds.items():
        stated, right = reliability(rows)
        axes.plot(stated, right, marker="o", markersize=4, label=f"{kind} ({len(rows):,})")
    axes.set_xlabel("confidence")
    axes.set_ylabel("share that is right")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    if kinds:
        axes.legend(fontsize="small")
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110, metadata={"Software": ""})


def reliability(rows: Sequence[tuple[float, bool]]) -> tuple[list[float], list[float]]:
    """Mean confidence and share of correct statements, in bins of equal counts.

    >>> reliability([(0.5, True), (0.5, False)])
    ([0.5], [0.5])
    """
    ordered = np.array(sorted(rows), dtype=float).reshape(-1, 2)
    number = max(1, min(_BINS, len(ordered) // _MIN_IN_BIN))
    parts = [part for part in np.array_split(ordered, number) if len(part)]
    return [float(part[:, 0].mean()) for part in parts], [
        float(part[:, 1].mean()) for part in parts
    ]
