"""A processed data folder as one typed value."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recommender.data.catalogue import Catalogue
from recommender.data.graph import KnowledgeGraph, read_graph
from recommender.data.interactions import Interactions, read_interactions
from recommender.data.tables import IntArray
from recommender.errors import DataError

__all__ = ["GRAPH_FILE", "RATINGS_FILE", "Dataset", "load"]

RATINGS_FILE = "ratings_final.txt"
GRAPH_FILE = "kg_final.txt"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions, knowledge graph and names.

    Items are the entities 0 … n_items - 1. Sizes are those of the id ranges.
    """

    folder: Path
    interactions: Interactions
    graph: KnowledgeGraph
    n_users: int
    n_items: int
    catalogue: Catalogue = field(repr=False)

    @property
    def name(self) -> str:
        """The data folder's own name, such as `lastfm`."""
        return self.folder.name

    @property
    def n_entities(self) -> int:
        """Number of entities, items included."""
        return self.graph.n_entities

    @property
    def n_relations(self) -> int:
        """Number of relations."""
        return self.graph.n_relations

    def hashes(self) -> dict[str, str]:
        """SHA-256 of the two files that training depends on, by file name."""
        return {
            name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
            for name in (RATINGS_FILE, GRAPH_FILE)
        }


def load(folder: str | Path) -> Dataset:
    """Read a folder with `ratings_final.txt` and `kg_final.txt` (and names, where there are any).

    The two files have the format of the public MKR and KGCN programs, so their data folders load
    too; only then are the names mere integers.

    Raises:
        DataError: missing folder or file, malformed line; the message says where.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such data folder; build one with `python -m pipeline build --dataset "
            f"{folder.name or 'sample'}`, or name another with --data"
        )
    interactions = read_interactions(folder / RATINGS_FILE)
    for name, ids in (("user", interactions.users), ("item", interactions.items)):
        _check_numbering(folder / RATINGS_FILE, name, ids)
    n_items = _count_items(folder, interactions)
    n_users = int(interactions.users.max()) + 1
    graph = read_graph(folder / GRAPH_FILE, n_items=n_items)
    entities = np.concatenate([graph.head, graph.tail])
    for name, ids in (("entity", entities), ("relation", graph.relation)):
        _check_numbering(folder / GRAPH_FILE, name, ids)
    return Dataset(folder, interactions, graph, n_users, n_items, Catalogue(folder))


def _check_numbering(path: Path, name: str, ids: IntArray) -> None:
    """Refuse ids that are no numbering: every one up to the largest costs a row of a table."""
    largest, distinct = int(ids.max()), len(np.unique(ids))
    if largest > 1_000_000 and largest > 100 * distinct:
        problem = f"{name} ids reach {largest} though only {distinct} differ"
        raise DataError.at(path, None, problem, "number them from 0 without gaps")


def _count_items(folder: Path, interactions: Interactions) -> int:
    """One more than the largest item id in the ratings, or in `items.tsv` if that knows more."""
    n_items = int(interactions.items.max()) + 1
    path = folder / "items.tsv"
    if path.is_file():
        with path.open(encoding="utf-8") as lines:
            listed = sum(1 for line in lines if line.strip()) - 1
        n_items = max(n_items, listed)
    return n_items
