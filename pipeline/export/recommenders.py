"""Write interactions and graph as files of RecBole, KGAT and LensKit.

Ids are the integers of `ratings_final.txt` and `kg_final.txt`: a publisher's id such as `007` or
`NA` would be read as a number or a missing value by these programs. Only positives are written; the
programs sample their own negatives.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from kg_builder.errors import DataError
from pipeline.export.cells import (
    entity_labels,
    one_line,
    one_word,
    relation_labels,
    write_table,
)
from recommender.data import Dataset
from recommender.data.tables import IntArray

__all__ = ["write_kgat", "write_lenskit", "write_recbole"]

_TEST_SHARE: Final = 0.2


def write_recbole(dataset: Dataset, folder: Path, seed: int) -> None:
    """Write the atomic files `NAME/NAME.inter`, `.kg`, `.link`, `.item` of the data set NAME."""
    name, catalogue = dataset.folder.resolve().name, dataset.catalogue
    home = folder / name
    home.mkdir()
    users, items, times = _positives(dataset)
    heading = ["user_id:token", "item_id:token"]
    columns = [users.tolist(), items.tolist()]
    if times is not None:
        heading.append("timestamp:float")
        columns.append(times.tolist())
    write_table(home / f"{name}.inter", heading, zip(*columns, strict=True), delimiter="\t")
    graph = dataset.graph
    write_table(
        home / f"{name}.kg",
        ["head_id:token", "relation_id:token", "tail_id:token"],
        zip(graph.head.tolist(), graph.relation.tolist(), graph.tail.tolist(), strict=True),
        delimiter="\t",
    )
    write_table(
        home / f"{name}.link",
        ["item_id:token", "entity_id:token"],
        ((item, item) for item in range(dataset.n_items)),
        delimiter="\t",
    )
    write_table(
        home / f"{name}.item",
        ["item_id:token", "name:token_seq", "class:token", "raw_id:token"],
        (
            (
                item,
                one_line(catalogue.item_name(item)),
                one_line(catalogue.entity_type(item)),
                one_line(catalogue.item_raw_id(item)),
            )
            for item in range(dataset.n_items)
        ),
        delimiter="\t",
    )


def write_kgat(dataset: Dataset, folder: Path, seed: int) -> None:
    """Write KGAT's files: `train.txt`, `test.txt`, `kg_final.txt` and the lists of original ids.

    A fifth of each user's items, rounded down, is in `test.txt`; each user has an item in
    `train.txt`, since KGAT knows no other users.

    Raises:
        DataError: an item's id exceeds all ids in the triples, from which KGAT takes the number of
            entities.
    """
    graph, catalogue = dataset.graph, dataset.catalogue
    last = int(max(graph.head.max(), graph.tail.max()))
    users, items, _ = _positives(dataset)
    if items.max() > last:
        raise DataError(
            f"item {items.max()} has no triple, and KGAT counts entities by the triples (up to "
            f"{last})",
            where=str(dataset.folder / "kg_final.txt"),
            remedy="give the item a triple, or take --format recbole",
        )
    train, test = _parts_of_users(users, items, seed)
    if not test:
        raise DataError(
            "no user has five items, so that none could be held out in test.txt",
            where=str(dataset.folder / "ratings_final.txt"),
            remedy="take --format recbole or lenskit, whose files are not split",
        )
    for name, part in (("train.txt", train), ("test.txt", test)):
        _write_lines(folder / name, (f"{user} {' '.join(map(str, own))}" for user, own in part))
    triples = zip(graph.head.tolist(), graph.relation.tolist(), graph.tail.tolist(), strict=True)
    _write_lines(folder / "kg_final.txt", (f"{h} {r} {t}" for h, r, t in triples))
    entities = [one_word(label, is_iri=True) for label in entity_labels(dataset)]
    relations = [one_word(label, is_iri=True) for label in relation_labels(dataset)]
    _write_list(folder / "entity_list.txt", "org_id remap_id", entities)
    _write_list(folder / "relation_list.txt", "org_id remap_id", relations)
    raw = [one_word(catalogue.user_raw_id(user)) for user in range(dataset.n_users)]
    _write_list(folder / "user_list.txt", "org_id remap_id", raw)
    raw = [one_word(catalogue.item_raw_id(item)) for item in range(dataset.n_items)]
    numbered = (f"{own} {item} {entities[item]}" for item, own in enumerate(raw))
    _write_lines(folder / "item_list.txt", ["org_id remap_id entity_id", *numbered])


def write_lenskit(dataset: Dataset, folder: Path, seed: int) -> None:
    """Write `interactions.csv`, `items.csv` and `users.csv` for LensKit."""
    catalogue = dataset.catalogue
    users, items, times = _positives(dataset)
    heading = ["user_id", "item_id"]
    columns = [users.tolist(), items.tolist()]
    if times is not None:
        heading.append("timestamp")
        columns.append(times.tolist())
    write_table(folder / "interactions.csv", heading, zip(*columns, strict=True))
    write_table(
        folder / "items.csv",
        ["item_id", "name", "class", "raw_id", "iri"],
        (
            (
                item,
                one_line(catalogue.item_name(item)),
                one_line(catalogue.entity_type(item)),
                one_line(catalogue.item_raw_id(item)),
                one_line(catalogue.entity_iri(item)),
            )
            for item in range(dataset.n_items)
        ),
    )
    raw = ((u, one_line(catalogue.user_raw_id(u))) for u in range(dataset.n_users))
    write_table(folder / "users.csv", ["user_id", "raw_id"], raw)


def _positives(dataset: Dataset) -> tuple[IntArray, IntArray, IntArray | None]:
    """Users, items and times (or None) of the distinct positive pairs, sorted."""
    users, items = dataset.interactions.positives
    users, items = np.divmod(np.unique(users * dataset.n_items + items), dataset.n_items)
    return users, items, None if dataset.times is None else dataset.times.of(users, items)


def _parts_of_users(
    users: IntArray, items: IntArray, seed: int
) -> tuple[list[tuple[int, list[int]]], list[tuple[int, list[int]]]]:
    """Split each user's items for train and test; users sorted."""
    rng = np.random.default_rng(seed)
    train, test = [], []
    owners, first = np.unique(users, return_index=True)
    for user, own in zip(owners.tolist(), np.split(items, first[1:]), strict=True):
        drawn = rng.permutation(own)
        n_test = int(len(own) * _TEST_SHARE)
        train.append((user, sorted(drawn[n_test:].tolist())))
        if n_test:
            test.append((user, sorted(drawn[:n_test].tolist())))
    return train, test


def _write_list(path: Path, heading: str, labels: list[str]) -> None:
    _write_lines(path, [heading, *(f"{label} {number}" for number, label in enumerate(labels))])


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
