"""Read `ratings_final.txt`: user–item rows labelled as positive or sampled negative."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from recommender.data.mapped_tables import mapped_table
from recommender.data.tables import IntArray, read_headed_integers, read_integer_columns
from recommender.errors import DataError

__all__ = ["UNLIKED_FILE", "Interactions", "read_interactions", "read_unliked"]

UNLIKED_FILE = "ratings_unliked.tsv"


@dataclass(frozen=True, eq=False)
class Interactions:
    """Aligned int64 arrays [n]: user, item, and label 1 (observed) or 0 (sampled as unobserved)."""

    users: IntArray
    items: IntArray
    labels: IntArray

    def __len__(self) -> int:
        return len(self.users)

    def rows(self, index: np.ndarray) -> Interactions:
        """The rows at `index`, in that order."""
        return Interactions(self.users[index], self.items[index], self.labels[index])

    @property
    def positives(self) -> tuple[IntArray, IntArray]:
        """`(users, items)` of the rows labelled 1, in file order."""
        mask = self.labels == 1
        return self.users[mask], self.items[mask]


def read_interactions(path: Path) -> Interactions:
    """Read `ratings_final.txt`.

    Raises:
        DataError: missing, empty or malformed file, a label other than 0 and 1, no positive row,
            two rows of one user and item.
    """
    if path.is_file() and not path.stat().st_size:
        problem = "the file is empty: there are no interactions to train on"
        raise DataError.at(path, None, problem, "give the recipe [[interactions]] and build again")
    columns = ("user", "item", "label")
    users, items, labels = read_integer_columns(path, columns, check=partial(_refuse_pairs, path))
    wrong = np.flatnonzero(labels > 1)
    if len(wrong):
        line = int(wrong[0]) + 1
        problem = f"label {labels[wrong[0]]} is neither 0 nor 1"
        raise DataError.at(path, line, problem, "write 1 for a positive, 0 for a sampled negative")
    if not labels.any():
        raise DataError.at(path, None, "no row has label 1", "nothing can be learnt without one")
    return Interactions(users, items, labels)


def read_unliked(path: Path, n_users: int, n_items: int) -> tuple[IntArray, IntArray]:
    """Read the pairs rated below the threshold: a heading, then user<TAB>item, integers.

    Returns:
        Users and items, int64 [n] each.

    Raises:
        DataError: a damaged file, or one made for other ratings.
    """
    remedy = "build the data set again"
    users, items = mapped_table(path, lambda: read_headed_integers(path, ("user", "item"), remedy))
    for name, ids, size in (("user", users, n_users), ("item", items, n_items)):
        strange = (ids < 0) | (ids >= size)
        if strange.any():
            line = int(strange.argmax())
            problem = f"{name} {ids[line]} is not in the ratings, which have {size}"
            raise DataError.at(path, line + 2, problem, remedy)
    return users, items


def _refuse_pairs(path: Path, table: IntArray) -> None:
    """Refuse repeated pairs, which a random split would put into both train and test."""
    rows = pd.DataFrame({"user": table[0], "item": table[1]})
    repeated = rows.duplicated().to_numpy()
    if not repeated.any():
        return
    last = int(repeated.argmax())
    user, item, label = table[:, last].tolist()
    first = int(((table[0] == user) & (table[1] == item)).argmax())
    other = "" if table[2, first] == label else f", with label {table[2, first]}"
    raise DataError.at(
        path,
        last + 1,
        f"user {user} and item {item} are already in line {first + 1}{other} "
        f"({repeated.sum():,} rows repeat a pair)",
        "keep one row per pair, or both train and test would contain it",
    )
