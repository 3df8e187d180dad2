"""Estimate a graph's precision from judged facts: sampling, Wilson intervals, calibration."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["BINS", "calibration", "precision_by_source", "sampled", "wilson"]

BINS: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Edges of the confidence bins; a value on an edge belongs to the lower bin."""

FACT: Final = ["subject", "predicate", "object"]
_Z: Final = 1.959964  # 95% interval


def wilson(right: int, judged: int, z: float = _Z) -> tuple[float, float]:
    """The score interval of a proportion (Wilson, 1927, JASA 22:209-212); (0, 1) for no trials."""
    if judged == 0:
        return 0.0, 1.0
    share, squared = right / judged, z * z
    centre = share + squared / (2 * judged)
    spread = z * math.sqrt(share * (1 - share) / judged + squared / (4 * judged * judged))
    scale = 1 + squared / judged
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def sampled(statements: pd.DataFrame, per_source: int, seed: int) -> pd.DataFrame:
    """Sample statements of every source without replacement, reproducibly.

    Args:
        statements: `tables.STATEMENTS`.
        per_source: maximum statements per source.
        seed: of the sampling.
    """
    parts = [
        rows.sample(min(per_source, len(rows)), random_state=seed)
        for _, rows in statements.groupby("source", sort=True)
    ]
    return pd.concat(parts, ignore_index=True) if parts else statements.iloc[:0]


def precision_by_source(judged: pd.DataFrame) -> pd.DataFrame:
    """Precision by source, with its 95% interval.

    Args:
        judged: columns source and right (bool), one row per judged statement.
    """
    rows = []
    for source, group in judged.groupby("source", sort=True):
        right, count = int(group["right"].sum()), len(group)
        rows.append((source, count, right, right / count, *wilson(right, count)))
    return pd.DataFrame(rows, columns=["source", "judged", "right", "precision", "low", "high"])


def calibration(statements: pd.DataFrame, judged: pd.DataFrame | None = None) -> pd.DataFrame:
    """Calibration table: statements by confidence bin, compared with observed correctness.

    Columns: low, high (edges), statements, mean confidence, confirmed (share also stated by another
    source, a proxy for precision that needs no judgements), judged, right.

    Args:
        statements: `tables.STATEMENTS`.
        judged: columns confidence and right, from a person's judgements.
    """
    sources = statements.groupby(FACT)["source"].transform("nunique").to_numpy() > 1
    bin_of = _ranges(statements["confidence"].to_numpy(dtype=float))
    marked = pd.DataFrame(columns=["confidence", "right"]) if judged is None else judged
    own = _ranges(marked["confidence"].to_numpy(dtype=float))
    rows = []
    for number, (low, high) in enumerate(pairwise(BINS)):
        here = bin_of == number
        if not here.any():
            continue
        mine = marked[own == number]
        rows.append(
            {
                "low": low,
                "high": high,
                "statements": int(here.sum()),
                "mean confidence": float(statements["confidence"][here].mean()),
                "confirmed": float(sources[here].mean()),
                "judged": len(mine),
                "right": int(mine["right"].sum()),
            }
        )
    return pd.DataFrame(rows)


def _ranges(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.clip(np.searchsorted(BINS, values, side="left") - 1, 0, len(BINS) - 2)
