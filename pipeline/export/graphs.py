"""Write the knowledge graph as files of PyKEEN, NetworkX and Neo4j."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from kg_builder.errors import DataError
from pipeline.export.cells import (
    entity_labels,
    one_line,
    relation_labels,
    write_table,
)
from recommender.data import Dataset
from recommender.data.dataset import GRAPH_FILE
from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray
from recommender.errors import ConfigError
from recommender.kge.triples import Triples, split_triples

__all__ = ["write_neo4j", "write_networkx", "write_pykeen"]

_ITEM: Final = "Item"


def write_pykeen(dataset: Dataset, folder: Path, seed: int) -> None:
    """Write `train.tsv`, `valid.tsv`, `test.tsv` (8:1:1) with IRIs, and `entities.tsv`.

    The split is that of `recommender.train_kge` with the same seed: every entity and relation of
    the triples is in `train.tsv`, because PyKEEN drops triples with entities or relations unseen in
    training.

    Raises:
        DataError: there are too few triples for three parts.
    """
    try:
        parts = split_triples(dataset.graph, seed)
    except ConfigError as fault:
        raise DataError(
            str(fault),
            where=str(dataset.folder / GRAPH_FILE),
            remedy="take --format networkx or neo4j-csv, whose files are not split",
        ) from None
    entities, relations = entity_labels(dataset), relation_labels(dataset)
    for name, part in (("train", parts.train), ("valid", parts.valid), ("test", parts.test)):
        rows = _distinct_triples(part).tolist()
        labelled = ((entities[h], relations[r], entities[t]) for h, r, t in rows)
        write_table(folder / f"{name}.tsv", (), labelled, delimiter="\t")
    catalogue = dataset.catalogue
    names = (
        (
            label,
            one_line(catalogue.entity_name(n)),
            one_line(catalogue.entity_type(n)),
        )
        for n, label in enumerate(entities)
    )
    write_table(folder / "entities.tsv", ("label", "name", "type"), names, delimiter="\t")


def write_networkx(dataset: Dataset, folder: Path, seed: int) -> None:
    """Write `graph.json`: a directed multigraph as node-link data, keyed by relation.

    JSON can represent any name; GraphML, as XML, cannot.
    """
    catalogue, n_items = dataset.catalogue, dataset.n_items
    relations = [
        {"relation": catalogue.relation_name(r), "iri": catalogue.relation_iri(r)}
        for r in range(dataset.n_relations)
    ]
    nodes: Iterator[dict[str, object]] = (
        {
            "id": n,
            "name": catalogue.item_name(n) if n < n_items else catalogue.entity_name(n),
            "type": catalogue.entity_type(n),
            "iri": catalogue.entity_iri(n),
            "item": n < n_items,
        }
        for n in range(dataset.n_entities)
    )
    edges: Iterator[dict[str, object]] = (
        {"source": h, "target": t, "key": r, **relations[r]}
        for h, r, t in _distinct_triples(dataset.graph).tolist()
    )
    with (folder / "graph.json").open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"directed": true, "multigraph": true, "graph": {},\n"nodes": [\n')
        file.writelines(_json_lines(nodes))
        file.write('],\n"edges": [\n')
        file.writelines(_json_lines(edges))
        file.write("]}\n")


def write_neo4j(dataset: Dataset, folder: Path, seed: int) -> None:
    """Write `nodes.csv` and `relationships.csv` for `neo4j-admin database import`.

    A node's labels are its class, and `Item` for an item; a relationship's type is its relation's
    name in capitals (`COMPOSER_OF`).
    """
    catalogue, n_items = dataset.catalogue, dataset.n_items
    nodes = (
        (
            n,
            one_line(catalogue.item_name(n) if n < n_items else catalogue.entity_name(n)),
            one_line(catalogue.entity_iri(n)),
            one_line(catalogue.item_raw_id(n)) if n < n_items else "",
            ";".join(_labels_of_node(catalogue.entity_type(n), is_item=n < n_items)),
        )
        for n in range(dataset.n_entities)
    )
    write_table(folder / "nodes.csv", ("id:ID", "name", "iri", "raw_id", ":LABEL"), nodes)
    types = _relationship_types(catalogue.relation_names(dataset.n_relations))
    iris = [one_line(catalogue.relation_iri(r)) for r in range(dataset.n_relations)]
    edges = ((h, t, types[r], iris[r]) for h, r, t in _distinct_triples(dataset.graph).tolist())
    write_table(folder / "relationships.csv", (":START_ID", ":END_ID", ":TYPE", "iri"), edges)


def _distinct_triples(graph: KnowledgeGraph | Triples) -> IntArray:
    """Distinct triples (head, relation, tail), sorted; int64 [n, 3]."""
    return np.unique(np.column_stack([graph.head, graph.relation, graph.tail]), axis=0)


def _json_lines(values: Iterator[dict[str, object]]) -> Iterator[str]:
    """Format elements of a JSON array, one per line."""
    before = ""
    for value in values:
        yield f"{before}{json.dumps(value, ensure_ascii=False)}"
        before = ",\n"
    yield "\n"


def _labels_of_node(kind: str, *, is_item: bool) -> list[str]:
    word = re.sub(r"\W+", "_", one_line(kind)).strip("_") or "Entity"
    return [word, _ITEM] if is_item and word != _ITEM else [word]


def _relationship_types(names: list[str]) -> list[str]:
    """A unique type for each relation."""
    types = [re.sub(r"\W+", "_", one_line(name)).strip("_").upper() for name in names]
    count = Counter(types)
    return [
        word if word and count[word] == 1 else f"{word or 'RELATION'}_{number}"
        for number, word in enumerate(types)
    ]
