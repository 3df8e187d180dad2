"""Hashed sparse features of all entities: their text, their facts, their neighbours' facts."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray

__all__ = ["BUCKETS", "EntityFeatures", "entity_features"]

BUCKETS = 2**17
"""Number of hash buckets of features."""

_TEXT = -1
_HUB = 100  # facts of neighbours with more facts than this are uninformative


@dataclass(frozen=True, eq=False)
class EntityFeatures:
    """Sparse features of entities.

    Attributes:
        start: start of each entity's rows; int64 [n_entities + 1].
        feature: index below `BUCKETS`.
        relation: relation of the feature; -1 for text features.
        weight: float32; normalised to unit length per entity and kind (text, facts, facts of
            neighbours).
    """

    start: IntArray
    feature: IntArray
    relation: IntArray
    weight: np.ndarray


def entity_features(graph: KnowledgeGraph, texts: Sequence[str]) -> EntityFeatures:
    """Compute the features of all entities.

    Args:
        graph: the facts; each is a feature of both entities.
        texts: names and descriptions, one per entity.
    """
    n, r = graph.n_entities, graph.n_relations
    source = np.concatenate([graph.head, graph.tail])
    relation = np.concatenate([graph.relation, graph.relation + r])
    target = np.concatenate([graph.tail, graph.head])
    order = np.argsort(source, kind="stable")
    source, relation, target = source[order], relation[order], target[order]
    begin = np.searchsorted(source, np.arange(n + 1))
    degree = np.diff(begin)
    kinds = [
        _text_rows(texts),
        (source, _mixed(1, relation, target), relation % r),
    ]
    near = np.flatnonzero(degree[target] <= _HUB)
    count = degree[target[near]]
    row = np.repeat(near, count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    step = begin[target[row]] + within
    forward = (relation[step] < r) & (target[step] != source[row])
    row, step = row[forward], step[forward]
    kinds.append(
        (
            source[row],
            _mixed(2, relation[row] * 2 * r + relation[step], target[step]),
            relation[row] % r,
        )
    )
    owners, features, relations, weights = [], [], [], []
    for owner, feature, over in kinds:
        keys, times = np.unique(
            np.stack([owner, over, feature], axis=1), axis=0, return_counts=True
        )
        value = np.sqrt(times)
        length = np.sqrt(np.bincount(keys[:, 0], weights=times, minlength=n))
        owners.append(keys[:, 0])
        relations.append(keys[:, 1])
        features.append(keys[:, 2])
        weights.append(value / length[keys[:, 0]])
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return EntityFeatures(
        np.searchsorted(owner[order], np.arange(n + 1)),
        np.concatenate(features)[order],
        np.concatenate(relations)[order],
        np.concatenate(weights)[order].astype(np.float32),
    )


def _mixed(kind: int, one: IntArray, other: IntArray) -> IntArray:
    """Hash pairs of integers to `BUCKETS` (multiplication modulo 2^64, high bits)."""
    value = (one.astype(np.uint64) * np.uint64(2654435761) + other.astype(np.uint64)) * np.uint64(4)
    value = (value + np.uint64(kind)) * np.uint64(0x9E3779B97F4A7C15)
    return (value >> np.uint64(64 - (BUCKETS.bit_length() - 1))).astype(np.int64)


def _text_rows(texts: Sequence[str]) -> tuple[IntArray, IntArray, IntArray]:
    owners, features = [], []
    for entity, text in enumerate(texts):
        found = [zlib.crc32(piece.encode()) % BUCKETS for piece in _pieces(text)]
        owners += [entity] * len(found)
        features += found
    owner = np.array(owners, dtype=np.int64)
    return owner, np.array(features, dtype=np.int64), np.full(len(owner), _TEXT, dtype=np.int64)


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
