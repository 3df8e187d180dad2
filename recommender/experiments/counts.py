"""Count the sizes of data sets for Table 3 of the MMSS_MKR paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recommender.data import load
from recommender.experiments.rows import CountRow

__all__ = ["SIZES", "Counted", "count"]

SIZES = ("users", "items", "interactions", "triples")


@dataclass(frozen=True)
class Counted:
    """A row of Table 3: sizes by name, None if the folder is missing."""

    row: CountRow
    sizes: dict[str, int] | None


def count(rows: Sequence[CountRow], root: Path) -> list[Counted]:
    """Count the available data sets.

    Users are those with a row, items the ids 0 … n - 1 of the graph's items; "interactions" are
    rows, positives and sampled negatives together, as the paper counts them.

    Raises:
        DataError: a malformed folder.
    """
    counted = []
    for row in rows:
        folder = root / row.dataset
        if not folder.is_dir():
            counted.append(Counted(row, None))
            continue
        data = load(folder)
        sizes = {
            "users": len(np.unique(data.interactions.users)),
            "items": data.n_items,
            "interactions": len(data.interactions),
            "triples": len(data.graph),
        }
        counted.append(Counted(row, sizes))
    return counted
