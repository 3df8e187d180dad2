"""The held-out pairs of a split, for building the graph without what these very users said."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recommender.data import Dataset, split
from recommender.data.redraw import redraw_negatives
from recommender.training.checkpoint import write_atomically

__all__ = ["write_pairs"]


def write_pairs(dataset: Dataset, seed: int, folder: Path) -> Path:
    """Write `split<seed>.tsv`: the users and items of all validation and test rows.

    Negatives are among them: were positives alone left out, what a listener said of an item would
    be missing where he likes it and there where he does not, and that would give labels away. They
    are those that the seed draws (`recommender.held_out_pairs` writes the positives of a split of
    the rows as they are in the folder).

    Returns:
        The file: a header `user<TAB>item`, then the publisher's ids, one pair per line, in the
        order of users and items. An item that was several things of the publisher gives several.
    """
    parts = split(redraw_negatives(dataset, seed), seed)
    users = np.concatenate([parts.valid.users, parts.test.users])
    items = np.concatenate([parts.valid.items, parts.test.items])
    names = dataset.catalogue
    lines = [
        f"{names.user_raw_id(user)}\t{raw_id}\n"
        for user, item in sorted(zip(users.tolist(), items.tolist(), strict=True))
        for raw_id in names.item_raw_id(item).split("|")
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"split{seed}.tsv"
    write_atomically(path, "".join(["user\titem\n", *lines]).encode())
    return path
