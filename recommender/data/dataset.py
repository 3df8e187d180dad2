"""Load a processed data folder into one object: interactions, knowledge graph, names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from recommender.data.catalogue import Catalogue
from recommender.data.given_parts import PARTS_FILE
from recommender.data.graph import KnowledgeGraph, read_graph
from recommender.data.interactions import (
    UNLIKED_FILE,
    Interactions,
    read_interactions,
    read_unliked,
)
from recommender.data.tables import IntArray
from recommender.data.times import TIMES_FILE, PositiveTimes, read_times
from recommender.errors import DataError

__all__ = ["GRAPH_FILE", "RATINGS_FILE", "USER_GRAPH_FILE", "Dataset", "has_interactions", "load"]

RATINGS_FILE = "ratings_final.txt"
GRAPH_FILE = "kg_final.txt"
USER_GRAPH_FILE = "user_kg_final.txt"

_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions, knowledge graph and names.

    Items are the entities 0 … n_items - 1. Sizes are those of the id ranges. `user_graph` holds
    facts about users in a separate id range, in which ids below `n_users` are the users; None if
    there are none. `times` are the times of the positives, None if unknown. `unliked` are the users
    and items of pairs rated below the threshold, int64 [n] each: training does not see them, lists
    leave them out.
    """

    folder: Path
    interactions: Interactions
    graph: KnowledgeGraph
    n_users: int
    n_items: int
    catalogue: Catalogue = field(repr=False)
    user_graph: KnowledgeGraph | None = None
    times: PositiveTimes | None = field(default=None, repr=False)
    unliked: tuple[IntArray, IntArray] = field(default=(_NONE, _NONE), repr=False)
    stamps: Mapping[str, tuple[int, int, int]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The data folder's name, such as `lastfm`."""
        return self.folder.name

    @property
    def n_entities(self) -> int:
        """Number of entities, items included."""
        return self.graph.n_entities

    @property
    def n_relations(self) -> int:
        """Number of relations."""
        return self.graph.n_relations

    @property
    def known(self) -> tuple[IntArray, IntArray]:
        """Users and items of all pairs that a user has rated or liked, int64 [n] each."""
        users, items = self.interactions.positives
        return (
            np.concatenate([users, self.unliked[0]]),
            np.concatenate([items, self.unliked[1]]),
        )

    def hashes(self, *, split_file: str | None = None) -> dict[str, str]:
        """SHA-256 of the files that training depends on, by file name.

        Args:
            split_file: the file that the split depends on, besides the ratings.
        """
        names = [RATINGS_FILE, GRAPH_FILE]
        if self.user_graph is not None:
            names.append(USER_GRAPH_FILE)
        if split_file is not None and (self.folder / split_file).is_file():
            names.append(split_file)
        for name in names:
            self._refuse_changed(name)
        found = {name: _sha256(self.folder / name) for name in names}
        for name in names:
            self._refuse_changed(name)
        return found

    def _refuse_changed(self, name: str) -> None:
        """Check that a file was not replaced since it was read, so that its hash is valid."""
        path = self.folder / name
        if name in self.stamps and _stamp(path) != self.stamps[name]:
            raise DataError.at(
                path, None, "has changed since it was read", "start again when its build has ended"
            )

    def as_trained_on(self, hashes: Mapping[str, str]) -> Dataset | None:
        """The data set as seen by a training with these `hashes`; None if its files differ.

        A training from before the user graph was added gets none.
        """
        seen = self if USER_GRAPH_FILE in hashes else replace(self, user_graph=None)
        split_file = next((name for name in (TIMES_FILE, PARTS_FILE) if name in hashes), None)
        found = seen.hashes(split_file=split_file)
        return seen if found == dict(hashes) else None


def load(folder: str | Path, *, graph_alone: bool = False) -> Dataset:
    """Read a folder with `ratings_final.txt` and `kg_final.txt`.

    Names, `user_kg_final.txt`, `ratings_times.tsv` and `ratings_unliked.tsv` are read if present.
    The two files have the format of the public MKR and KGCN programs, whose data folders load too,
    with integers as names.

    Args:
        folder: the processed folder.
        graph_alone: whether a missing or empty `ratings_final.txt` counts as no interactions, for
            uses of the graph only; such a data set cannot be used for training.

    Raises:
        DataError: missing folder or file, or malformed line; the message has the location.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such data folder; build one with `python -m pipeline build --dataset "
            f"{folder.name or 'sample'}`, or name another with --data"
        )
    stamps = {
        name: _stamp(folder / name)
        for name in (RATINGS_FILE, GRAPH_FILE, USER_GRAPH_FILE, TIMES_FILE, PARTS_FILE)
        if (folder / name).is_file()
    }
    if graph_alone and not has_interactions(folder):
        interactions = Interactions(_NONE, _NONE, _NONE)
    else:
        interactions = read_interactions(folder / RATINGS_FILE)
        for name, ids in (("user", interactions.users), ("item", interactions.items)):
            _check_numbering(folder / RATINGS_FILE, name, ids)
    n_items = _count_items(folder, interactions)
    n_users = int(interactions.users.max(initial=-1)) + 1
    graph = _read_checked_graph(folder / GRAPH_FILE, n_items)
    user_graph = None
    if n_users and (folder / USER_GRAPH_FILE).is_file():
        user_graph = _read_checked_graph(folder / USER_GRAPH_FILE, n_users)
        _check_heads(folder / USER_GRAPH_FILE, user_graph, n_users)
    times = None
    if n_users and (folder / TIMES_FILE).is_file():
        times = read_times(folder / TIMES_FILE, interactions, n_items)
    unliked = (_NONE, _NONE)
    if n_users and (folder / UNLIKED_FILE).is_file():
        unliked = read_unliked(folder / UNLIKED_FILE, n_users, n_items)
    sizes = {
        "users.tsv": n_users,
        "items.tsv": n_items,
        "entities.tsv": graph.n_entities,
        "relations.tsv": graph.n_relations,
    }
    names = Catalogue(folder, sizes)
    return Dataset(
        folder, interactions, graph, n_users, n_items, names, user_graph, times, unliked, stamps
    )


def has_interactions(folder: Path) -> bool:
    """Whether the folder's `ratings_final.txt` exists and is not empty."""
    path = folder / RATINGS_FILE
    return path.is_file() and path.stat().st_size > 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(path: Path) -> tuple[int, int, int]:
    """File identity: changes if the file is replaced."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read_checked_graph(path: Path, n_first: int) -> KnowledgeGraph:
    """A graph whose first `n_first` entities exist even without a triple."""
    graph = read_graph(path, n_first=n_first)
    entities = np.concatenate([graph.head, graph.tail])
    for name, ids in (("entity", entities), ("relation", graph.relation)):
        _check_numbering(path, name, ids)
    return graph


def _check_heads(path: Path, graph: KnowledgeGraph, n_users: int) -> None:
    """Check that the user graph's heads are users of the ratings it was built for."""
    strange = graph.head >= n_users
    if strange.any():
        line = int(strange.argmax())
        problem = f"head {graph.head[line]} is no user: the ratings have {n_users}"
        raise DataError.at(path, line + 1, problem, "build the data set again")


def _check_numbering(path: Path, name: str, ids: IntArray) -> None:
    """Check that ids are nearly consecutive, as each id up to the largest costs a table row."""
    largest = int(ids.max())
    if largest <= 1_000_000:  # small enough: no need to count
        return
    distinct = len(np.unique(ids))
    if largest > 100 * distinct:
        problem = f"{name} ids reach {largest} though only {distinct} differ"
        raise DataError.at(path, None, problem, "number them from 0 without gaps")


def _count_items(folder: Path, interactions: Interactions) -> int:
    """One more than the largest item id in the ratings, or in `items.tsv` if larger."""
    n_items = int(interactions.items.max(initial=-1)) + 1
    path = folder / "items.tsv"
    if path.is_file():
        with path.open("rb") as lines:  # its text is read and validated by the catalogue
            listed = sum(1 for line in lines if line.strip()) - 1
        n_items = max(n_items, listed)
    return n_items
