"""Generate a data folder of any size for training: ratings and graph, with learnable tastes.

    python benchmarks/synthetic_ratings.py FOLDER --users 60000 --items 80000 --rows 5300000

Every user and item has one of 64 tastes. Half of a user's positives are of the same taste, the
others random; popular items are drawn more often (by 1 / rank^0.8), and user activity is log-normal
(σ = 1). Each positive has a negative: a uniform item without a positive of the user. An item has
five triples; half of them have an entity of the item's taste as tail.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from recommender.data.dataset import GRAPH_FILE, RATINGS_FILE

N_TASTES, PER_ITEM, N_RELATIONS = 64, 5, 20


def ratings(n_users: int, n_items: int, n_rows: int, seed: int = 0) -> np.ndarray:
    """Rows user, item, label ``[n_rows, 3]``, by user; half of them are positives."""
    rng = np.random.default_rng(seed)
    n_drawn = int(0.7 * n_rows)  # some pairs are drawn twice
    activity = rng.lognormal(size=n_users)
    users = rng.choice(n_users, n_drawn, p=activity / activity.sum())
    popularity = 1 / np.arange(1, n_items + 1) ** 0.8
    items = rng.choice(n_items, n_drawn, p=popularity / popularity.sum())
    to_own_taste = (users - items) % N_TASTES  # the next item of rank r has taste r mod 64
    items += np.where(rng.random(n_drawn) < 0.5, to_own_taste, 0)
    items[items >= n_items] -= N_TASTES
    positives = np.unique(users * n_items + items)
    positives = np.sort(rng.choice(positives, min(n_rows // 2, len(positives)), replace=False))
    owners = positives // n_items
    negatives = owners * n_items + rng.integers(n_items, size=len(owners))
    again = np.flatnonzero(np.isin(negatives, positives))
    while len(again):
        negatives[again] = owners[again] * n_items + rng.integers(n_items, size=len(again))
        again = again[np.isin(negatives[again], positives)]
    order = np.argsort(np.concatenate([owners, owners]), kind="stable")
    users, items = np.divmod(np.concatenate([positives, negatives])[order], n_items)
    labels = np.repeat([1, 0], len(owners))[order]
    return np.stack([users, items, labels], axis=1)


def triples(n_items: int, seed: int = 0) -> np.ndarray:
    """Rows head, relation, tail ``[5 · n_items, 3]``; half as many other entities as items."""
    rng = np.random.default_rng([seed, 1])
    n_things = max(N_TASTES, n_items // 2)
    heads = np.repeat(np.arange(n_items), PER_ITEM)
    things = rng.integers(n_things // N_TASTES, size=len(heads)) * N_TASTES
    foreign = rng.random(len(heads)) < 0.5
    things += np.where(foreign, rng.integers(N_TASTES, size=len(heads)), heads % N_TASTES)
    relations = rng.integers(N_RELATIONS, size=len(heads))
    return np.stack([heads, relations, n_items + things], axis=1)


def write_folder(folder: Path, n_users: int, n_items: int, n_rows: int) -> None:
    """Write the two files of a data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / RATINGS_FILE, ratings(n_users, n_items, n_rows))
    _write(folder / GRAPH_FILE, triples(n_items))


def _write(path: Path, rows: np.ndarray) -> None:
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t")
    pyarrow.csv.write_csv(pa.table(dict(zip("abc", rows.T, strict=True))), path, options)


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--users", type=int, default=60_000)
    parser.add_argument("--items", type=int, default=80_000)
    parser.add_argument("--rows", type=int, default=5_300_000)
    arguments = parser.parse_args()
    write_folder(arguments.folder, arguments.users, arguments.items, arguments.rows)


if __name__ == "__main__":
    main()
