"""Split rows into train, validation and test; models see only the type `TrainingSplit`.

Models are built from a `TrainingSplit` only, so that no held-out row can reach them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal

import numpy as np

from recommender.data.catalogue import Catalogue
from recommender.data.dataset import Dataset
from recommender.data.given_parts import PARTS_FILE, read_parts
from recommender.data.graph import KnowledgeGraph
from recommender.data.interactions import Interactions
from recommender.data.tables import IntArray, distinct
from recommender.data.time_splits import parts_by_time, parts_in_proportion
from recommender.data.times import TIMES_FILE
from recommender.errors import ConfigError, DataError

__all__ = [
    "LARGEST_SEED",
    "RATIOS",
    "SPLIT_FILES",
    "HeldOut",
    "Split",
    "SplitKind",
    "TrainingSplit",
    "split",
]

RATIOS = (0.6, 0.2, 0.2)
LARGEST_SEED = 2**32 - 1
"""Largest seed of numpy's legacy generator."""

SplitKind = Literal["random", "time", "time-per-user", "given", "all"]
"""Split protocol: random, at cut points in time, by each user's order in time, from a file, or all
rows for training."""

SPLIT_FILES: Final = {"time": TIMES_FILE, "time-per-user": TIMES_FILE, "given": PARTS_FILE}
"""The file that a protocol needs, besides the ratings."""


@dataclass(frozen=True, eq=False)
class TrainingSplit:
    """Everything a model may use: training rows, sizes, knowledge graph and names.

    The catalogue (or None) holds names and ids, no interactions. `user_graph` holds facts about
    users (friends, age, occupation), or None: triples as in `graph`, but ids below `n_users` are
    the users.
    """

    interactions: Interactions
    graph: KnowledgeGraph
    n_users: int
    n_items: int
    catalogue: Catalogue | None = field(default=None, repr=False)
    user_graph: KnowledgeGraph | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.interactions)

    @property
    def users(self) -> IntArray:
        """Users of the rows, int64 [n]."""
        return self.interactions.users

    @property
    def items(self) -> IntArray:
        """Items of the rows, int64 [n]."""
        return self.interactions.items

    @property
    def labels(self) -> IntArray:
        """Labels of the rows, int64 [n], 0 or 1."""
        return self.interactions.labels

    @property
    def n_entities(self) -> int:
        """Number of entities, items included."""
        return self.graph.n_entities

    @property
    def n_relations(self) -> int:
        """Number of relations."""
        return self.graph.n_relations

    def share(self, rank: int, size: int) -> TrainingSplit:
        """The rows of every `size`-th user from user `rank` on; ids and sizes are unchanged."""
        mine = np.flatnonzero(self.users % size == rank)
        return replace(self, interactions=self.interactions.rows(mine))

    @cached_property
    def positives(self) -> tuple[IntArray, IntArray]:
        """`(users, items)` of the positive rows, from which features and samplers may be built.

        A user's number of training *negatives* is the complement of the held-out ones (all rows
        together are balanced per user) and would leak test labels.
        """
        return self.interactions.positives

    @cached_property
    def positive_keys(self) -> IntArray:
        """Sorted `user * n_items + item` of the positive rows, for membership tests."""
        users, items = self.positives
        return distinct(users * self.n_items + items)

    def is_positive(self, users: IntArray, items: IntArray) -> np.ndarray:
        """Whether each pair is a positive training row; bool array [n]."""
        keys, positive_keys = users * self.n_items + items, self.positive_keys
        positions = np.minimum(np.searchsorted(positive_keys, keys), len(positive_keys) - 1)
        return np.asarray(positive_keys[positions] == keys)

    @cached_property
    def history(self) -> tuple[IntArray, IntArray]:
        """Items by user as CSR: `(offsets [n_users + 1], items)`, sorted within a user."""
        users, items = np.divmod(self.positive_keys, self.n_items)
        offsets = np.zeros(self.n_users + 1, dtype=np.int64)
        np.cumsum(np.bincount(users, minlength=self.n_users), out=offsets[1:])
        return offsets, items


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Validation or test rows, only for evaluation. No model accepts this type."""

    users: IntArray
    items: IntArray
    labels: IntArray

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True, eq=False)
class Split:
    """The three parts of a data set, with their origin."""

    train: TrainingSplit
    valid: HeldOut
    test: HeldOut
    dataset: Dataset
    seed: int
    ratios: tuple[float, float, float]
    by: SplitKind = "random"


def split(
    dataset: Dataset,
    seed: int = 555,
    ratios: tuple[float, float, float] = RATIOS,
    by: SplitKind = "random",
) -> Split:
    """Split the rows, 6:2:2 by default: at random, as in the public MKR code, or by time.

    At random, given the same rows and the same seed for numpy's legacy generator, validation and
    test are those of the public MKR program: first validation, then test from the remainder. By
    time, see `parts_by_time`; as given, see `read_parts`; ratios are then irrelevant. With
    "all" the validation and test parts are empty.

    Raises:
        ConfigError: a seed out of range, ratios that are not positive or do not sum to 1, or a
            part without rows.
        DataError: a split by time for a folder without times, a given one without the parts.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise ConfigError(f"split seed {seed}: give a number from 0 to {LARGEST_SEED}")
    if not all(ratio > 0 for ratio in ratios) or abs(sum(ratios) - 1) > 1e-9:
        raise ConfigError(f"ratios {ratios}: give three positive numbers that sum to 1")
    rows = dataset.interactions
    if by == "all":
        parts = np.zeros(len(rows), dtype=np.int64)
    elif by == "random":
        parts = _parts_at_random(len(rows), ratios, seed)
    elif by == "given":
        given = read_parts(dataset.folder / PARTS_FILE, rows)
        parts = parts_in_proportion(rows, given, np.random.default_rng(seed))
    elif dataset.times is None:
        raise DataError.at(
            dataset.folder / TIMES_FILE,
            None,
            f"no such file, and --split {by} needs the time of each positive",
            "name the column with the time in the recipe's [[interactions]] and build again, or "
            "take --split random",
        )
    else:
        parts = parts_by_time(
            rows, dataset.times, ratios, per_user=by == "time-per-user", seed=seed
        )
    # Rows stay in file order within a part.
    train, valid, test = (rows.rows(np.flatnonzero(parts == part)) for part in range(3))
    if by == "given" and not all(map(len, (train, valid, test))):
        raise DataError.at(
            dataset.folder / PARTS_FILE,
            None,
            "a part has no row",
            "give some to train, valid, test",
        )
    if by != "all" and not (len(valid) and len(test)):
        raise ConfigError(f"{len(rows)} rows are too few for a {ratios} split")
    if not train.labels.any():
        raise ConfigError("the training part has no positive row; take another --split-seed")
    return Split(
        TrainingSplit(
            train,
            dataset.graph,
            dataset.n_users,
            dataset.n_items,
            dataset.catalogue,
            dataset.user_graph,
        ),
        HeldOut(valid.users, valid.items, valid.labels),
        HeldOut(test.users, test.items, test.labels),
        dataset,
        seed,
        ratios,
        by,
    )


def _parts_at_random(n: int, ratios: tuple[float, float, float], seed: int) -> IntArray:
    """The part of each of n rows: 0 train, 1 validation, 2 test."""
    rng = np.random.RandomState(seed)  # the public code's generator
    in_valid = rng.choice(n, size=int(n * ratios[1]), replace=False)
    parts = np.zeros(n, dtype=np.int64)
    parts[in_valid] = 1
    unassigned = np.flatnonzero(parts == 0)
    parts[rng.choice(unassigned, size=int(n * ratios[2]), replace=False)] = 2
    return parts
