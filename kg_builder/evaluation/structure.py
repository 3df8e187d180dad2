"""Measure a finished graph: completeness by class, degrees, components, suspicious entities."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema

__all__ = ["completeness", "connectivity", "suspects"]

_FACT: Final = ["subject", "predicate", "object"]
_PARTS: Final = ("locatedIn", "onAlbum", "parentLabel", "subgenreOf", "memberOf", "previousWork")
_EXTREME: Final = 12.0  # robust standard deviations of the logarithm of the degree


def completeness(statements: pd.DataFrame, entities: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """For each class and predicate, count the entities with such a fact.

    Columns class, entities, predicate, filled (entities with such a fact, as subject), share. Of
    each class the predicates that an entity of it has, and those that the data model expects.
    """
    types = entities.set_index("entity")["type"]
    pairs = statements[["subject", "predicate"]].drop_duplicates()
    counts = pairs.assign(type=pairs["subject"].map(types)).groupby(["type", "predicate"]).size()
    rows = []
    for class_, size in types.value_counts().sort_index().items():
        expected = schema.expected(str(class_))
        for name in schema.predicates:
            filled = int(counts.get((class_, name), 0))
            if filled or name in expected:
                rows.append((class_, int(size), name, filled, filled / int(size)))
    return pd.DataFrame(rows, columns=["class", "entities", "predicate", "filled", "share"])


def connectivity(statements: pd.DataFrame, entities: pd.DataFrame) -> dict[str, Any]:
    """Degree distribution and components of the relations between entities.

    Returns:
        `degrees`: (from, to, entities) by powers of two; `orphans`: entities without a relation;
        `components`: their number, orphans included; `largest`: share of entities in the largest;
        `hubs`: the entities of highest degree, with class.
    """
    names = entities["entity"].tolist()
    index_of = {name: number for number, name in enumerate(names)}
    linking = statements.loc[statements["object_kind"] == "entity", _FACT].drop_duplicates()
    head = linking["subject"].map(index_of).to_numpy(dtype=float)
    tail = linking["object"].map(index_of).to_numpy(dtype=float)
    resolved = ~(np.isnan(head) | np.isnan(tail))
    ends = np.column_stack([head[resolved], tail[resolved]]).astype(np.int64)
    degree = np.bincount(ends.ravel(), minlength=len(names))
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(names),) * 2)
    count, label = connected_components(graph, directed=False)
    edges = [0, 1, *(2**power for power in range(1, int(np.log2(max(degree.max(), 1))) + 2))]
    best = np.lexsort((np.array(names), -degree))[:15]
    types, labels = entities["type"].tolist(), entities["name"].tolist()
    return {
        "degrees": [
            {"from": low, "to": high - 1, "things": int(((degree >= low) & (degree < high)).sum())}
            for low, high in pairwise(edges)
        ],
        "orphans": int((degree == 0).sum()),
        "components": int(count),
        "largest": float(np.bincount(label).max() / len(names)) if names else 0.0,
        "hubs": [
            {"id": names[n], "name": labels[n], "class": types[n], "degree": int(degree[n])}
            for n in best.tolist()
        ],
    }


def suspects(statements: pd.DataFrame, entities: pd.DataFrame) -> list[dict[str, str]]:
    """Find suspicious facts for a person to review; nothing is dropped.

    Cycles in part–whole relations, works released before their performer was born, literals of an
    entity that differ only in spelling, and persons or works of outlying degree.
    """
    return [
        *_cycles(statements),
        *_before_birth(statements),
        *_near_duplicates(statements),
        *_hubs(statements, entities),
    ]


def _suspect(what: str, thing: str, detail: str) -> dict[str, str]:
    return {"what": what, "thing": thing, "detail": detail}


def _cycles(statements: pd.DataFrame) -> list[dict[str, str]]:
    found = []
    for predicate in _PARTS:
        rows = statements.loc[statements["predicate"] == predicate, ["subject", "object"]]
        names, codes = np.unique(rows.to_numpy(dtype=str), return_inverse=True)
        codes = codes.reshape(-1, 2)
        size = len(names)
        graph = coo_matrix((np.ones(len(codes)), (codes[:, 0], codes[:, 1])), shape=(size, size))
        _, label = connected_components(graph, directed=True, connection="strong")
        for number in np.flatnonzero(np.bincount(label, minlength=1) > 1).tolist():
            members = names[label == number].tolist()
            found.append(_suspect(f"cycle of {predicate}", members[0], ", ".join(members[1:6])))
    return found


def _before_birth(statements: pd.DataFrame) -> list[dict[str, str]]:
    def first(predicate: str) -> pd.Series[int]:
        rows = statements[statements["predicate"] == predicate]
        return rows["object"].str[:4].astype(int).groupby(rows["subject"]).min()

    performed = statements.loc[statements["predicate"] == "performer", ["subject", "object"]]
    table = performed.drop_duplicates().assign(
        out=performed["subject"].map(first("releaseDate")),
        born=performed["object"].map(first("beginDate")),
    )
    wrong = table[table["out"] < table["born"]]
    return [
        _suspect("released before its performer began", work, f"{out:.0f}; {who}: {born:.0f}")
        for work, who, out, born in wrong.itertuples(index=False, name=None)
    ]


def _near_duplicates(statements: pd.DataFrame) -> list[dict[str, str]]:
    rows = statements.loc[statements["object_kind"] == "string", _FACT].drop_duplicates()
    keys = rows["object"].map(fold)
    several = (
        rows.assign(key=keys)
        .groupby(["subject", "predicate", "key"], as_index=False)
        .agg(count=("object", "size"), one=("object", "min"), other=("object", "max"))
    )
    return [
        _suspect(
            "literals that differ in spelling only",
            row["subject"],
            f"{row['predicate']}: {row['one']} | {row['other']}",
        )
        for row in several[several["count"] > 1].to_dict("records")
    ]


def _hubs(statements: pd.DataFrame, entities: pd.DataFrame) -> list[dict[str, str]]:
    """Degree outliers within each class, by median and median deviation of log degrees."""
    linking = statements.loc[statements["object_kind"] == "entity", _FACT].drop_duplicates()
    degree = pd.concat([linking["subject"], linking["object"]]).value_counts()
    table = entities[["entity", "type"]].assign(degree=entities["entity"].map(degree))
    table = table.dropna()
    table = table.assign(log=np.log1p(table["degree"].astype(float)))
    middle = table.groupby("type")["log"].transform("median")
    spread = (table["log"] - middle).abs().groupby(table["type"]).transform("median")
    far = table[(table["log"] - middle) / spread.clip(lower=0.2) > _EXTREME]
    return [
        _suspect(f"connected far beyond its class ({type_})", entity, f"{degree:.0f} relations")
        for entity, type_, degree in far[["entity", "type", "degree"]].itertuples(
            index=False, name=None
        )
    ]
