"""Sparse features of entities: their texts, their facts, their neighbours' facts."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray

__all__ = ["EntityFeatures", "entity_features"]

NAME, DESCRIPTION = -1, -2
"""Stand for the relation of features that are not facts."""

_FEWEST = 2  # entities that share a feature; a rarer one says nothing about others
_HUB = 100  # facts of neighbours with more facts than this are uninformative


@dataclass(frozen=True, eq=False)
class EntityFeatures:
    """Sparse features of entities.

    Attributes:
        start: start of each entity's rows; int64 [n_entities + 1].
        feature: index below `size`.
        relation: relation of the feature; `NAME` or `DESCRIPTION` for those of texts.
        value: the tail of a fact of the entity itself; -1 for other features.
        weight: float32; normalised to unit length per entity and kind (name, description, facts,
            facts of neighbours).
        size: number of distinct features.
    """

    start: IntArray
    feature: IntArray
    relation: IntArray
    value: IntArray
    weight: np.ndarray
    size: int


def entity_features(
    graph: KnowledgeGraph,
    names: Sequence[str],
    descriptions: Sequence[str],
    entities: IntArray,
) -> EntityFeatures:
    """Compute features, without those that only one entity has.

    Args:
        graph: the facts; each is a feature of both entities.
        names, descriptions: one per entity of the graph.
        entities: the entities to describe, sorted; others get no features.
    """
    n, r = graph.n_entities, graph.n_relations
    source = np.concatenate([graph.head, graph.tail])
    relation = np.concatenate([graph.relation, graph.relation + r])
    target = np.concatenate([graph.tail, graph.head])
    order = np.argsort(source, kind="stable")
    source, relation, target = source[order], relation[order], target[order]
    begin = np.searchsorted(source, np.arange(n + 1))
    degree = np.diff(begin)
    wanted = np.isin(source, entities)
    own = np.flatnonzero(wanted)
    near = np.flatnonzero(wanted & (degree[target] <= _HUB))
    count = degree[target[near]]
    row = np.repeat(near, count)
    step = begin[target[row]] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    forward = (relation[step] < r) & (target[step] != source[row])
    row, step = row[forward], step[forward]
    over = relation[row] * 2 * r + relation[step]
    parts, weights = [], []
    for owner, feature, along, value in (
        _text_rows(names, NAME, entities),
        _text_rows(descriptions, DESCRIPTION, entities),
        (
            source[own],
            _mixed(1, relation[own], target[own]),
            relation[own] % r,
            np.where(relation[own] < r, target[own], -1),
        ),
        (source[row], _mixed(2, over, target[step]), relation[row] % r, np.full(len(row), -1)),
    ):
        columns = np.stack([owner, along, feature, value], axis=1)
        keys, times = np.unique(columns, axis=0, return_counts=True)
        length = np.sqrt(np.bincount(keys[:, 0], weights=times, minlength=n))
        parts.append(keys)
        weights.append(np.sqrt(times) / length[keys[:, 0]])
    owner, along, hashed, value = np.concatenate(parts).astype(np.int64).T
    _, index, shared = np.unique(hashed, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(shared[index] >= _FEWEST)
    kept = kept[np.argsort(owner[kept], kind="stable")]
    _, feature = np.unique(index[kept], return_inverse=True)
    return EntityFeatures(
        np.searchsorted(owner[kept], np.arange(n + 1)),
        feature.astype(np.int64),
        along[kept],
        value[kept],
        np.concatenate(weights)[kept].astype(np.float32),
        int((shared >= _FEWEST).sum()),
    )


def _mixed(kind: int, one: IntArray, other: IntArray) -> IntArray:
    """Hash pairs of integers to 62 bits (multiplication modulo 2^64)."""
    value = (one.astype(np.uint64) * np.uint64(2654435761) + other.astype(np.uint64)) * np.uint64(4)
    value = (value + np.uint64(kind)) * np.uint64(0x9E3779B97F4A7C15)
    return (value >> np.uint64(2)).astype(np.int64)


def _text_rows(
    texts: Sequence[str], kind: int, entities: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    owners, features = [], []
    for entity in entities.tolist():
        found = [zlib.crc32(piece.encode()) for piece in _pieces(texts[entity])]
        owners += [entity] * len(found)
        features += found
    kinds = np.full(len(owners), kind, dtype=np.int64)
    return np.array(owners, dtype=np.int64), np.array(features, dtype=np.int64), kinds, kinds


def _pieces(text: str) -> Iterator[str]:
    """Yield words, character 3- and 4-grams within words, and scripts.

    >>> sorted(set(_pieces("Ab")))
    ['#ab', '#ab#', 'LATIN', '_ab', 'ab#']
    """
    for word in text.casefold().split():
        yield f"_{word}"
        marked = f"#{word}#"
        for size in (3, 4):
            for start in range(len(marked) - size + 1):
                yield marked[start : start + size]
    yield from {unicodedata.name(c, "?").split()[0] for c in text[:80] if c.isalpha()}
