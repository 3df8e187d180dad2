"""Split a graph's triples into train, validation and test, and sample corrupted ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray
from recommender.errors import ConfigError

__all__ = ["TripleData", "TripleSplit", "Triples", "corrupt", "hold_out_unlinked", "split_triples"]

_ROUNDS = 100


@dataclass(frozen=True, eq=False)
class Triples:
    """Aligned int64 columns [n]."""

    head: IntArray
    relation: IntArray
    tail: IntArray

    def __len__(self) -> int:
        return len(self.head)


@dataclass(frozen=True)
class TripleData:
    """Triples for training, validation and test of an embedding.

    Attributes:
        train: the training triples.
        valid, test: triples to choose the epoch, and for the final evaluation; None for none.
        known: all true triples, excluded as candidates in rankings.
        folder: their data folder.
        hashes: hashes of their files, by name.
    """

    train: KnowledgeGraph
    valid: Triples | None
    test: Triples | None
    known: KnowledgeGraph
    folder: Path
    hashes: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class TripleSplit:
    """The graph of the training triples, and the triples held out."""

    train: KnowledgeGraph
    valid: Triples
    test: Triples


def split_triples(
    graph: KnowledgeGraph, seed: int, held_out: tuple[float, float] = (0.1, 0.1)
) -> TripleSplit:
    """Hold out random triples for validation and test; duplicates in the graph count once.

    A drawn triple is kept in train if one of its entities or its relation would otherwise not occur
    there, as nothing could be learnt about it. The held-out parts may therefore be smaller than
    requested.

    Raises:
        ConfigError: invalid shares, or nothing to hold out.
    """
    if min(held_out) <= 0 or sum(held_out) >= 1:
        raise ConfigError(f"held-out shares {held_out}: give two positive ones below 1 together")
    _, first = np.unique(graph.keys(graph.head, graph.relation, graph.tail), return_index=True)
    order = np.random.default_rng(seed).permutation(np.sort(first))
    n_valid, n_test = (int(len(order) * share) for share in held_out)
    kept = order[n_valid + n_test :]
    entities = np.union1d(graph.head[kept], graph.tail[kept])
    relations = np.unique(graph.relation[kept])

    def known(index: IntArray) -> np.ndarray:
        return (
            np.isin(graph.head[index], entities)
            & np.isin(graph.tail[index], entities)
            & np.isin(graph.relation[index], relations)
        )

    valid, test = order[:n_valid], order[n_valid : n_valid + n_test]
    unknown = [part[~known(part)] for part in (valid, test)]
    train = np.sort(np.concatenate([kept, *unknown]))
    valid, test = (np.sort(part[known(part)]) for part in (valid, test))
    if not len(valid) or not len(test):
        raise ConfigError(f"{len(order)} triples are too few to hold some out for measuring")
    return TripleSplit(
        KnowledgeGraph(
            graph.head[train],
            graph.relation[train],
            graph.tail[train],
            graph.n_entities,
            graph.n_relations,
        ),
        _rows(graph, valid),
        _rows(graph, test),
    )


def hold_out_unlinked(
    graph: KnowledgeGraph, seed: int, share: float
) -> tuple[KnowledgeGraph, Triples]:
    """Training and validation triples; no entity pair of the latter is linked in the former.

    FB15k-237's validation and test triples were chosen in this way (Toutanova and Chen 2015), as
    another relation between the same entities leaks information. Triples whose entities or relation
    would not occur in training are kept there.

    Raises:
        ConfigError: no such triples.
    """
    _, first = np.unique(graph.keys(graph.head, graph.relation, graph.tail), return_index=True)
    low, high = np.minimum(graph.head, graph.tail), np.maximum(graph.head, graph.tail)
    pairs = low[first] * graph.n_entities + high[first]
    _, pair, count = np.unique(pairs, return_inverse=True, return_counts=True)
    alone = np.sort(first[count[pair] == 1])
    order = np.random.default_rng(seed).permutation(alone)[: int(len(first) * share)]
    kept = np.setdiff1d(first, order)
    entities = np.union1d(graph.head[kept], graph.tail[kept])
    valid = np.sort(order)
    known = (
        np.isin(graph.head[valid], entities)
        & np.isin(graph.tail[valid], entities)
        & np.isin(graph.relation[valid], graph.relation[kept])
    )
    train, valid = np.sort(np.concatenate([kept, valid[~known]])), valid[known]
    if not len(valid):
        raise ConfigError(
            f"{len(first)} triples leave none to hold out whose entities nothing else links"
        )
    left = _rows(graph, train)
    return (
        KnowledgeGraph(left.head, left.relation, left.tail, graph.n_entities, graph.n_relations),
        _rows(graph, valid),
    )


def corrupt(graph: KnowledgeGraph, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Corrupt each triple of the graph by a different head or tail; the result is not in the graph.

    The end to replace is drawn per relation, the head with probability tph / (tph + hpt), where tph
    is the mean number of tails per head and hpt that of heads per tail (TransH's Bernoulli
    sampling): this reduces false negatives.

    Returns:
        Heads and tails, int64 [n_triples] each; relations are unchanged.
    """
    n, size = graph.n_entities, graph.n_relations
    counts = np.bincount(graph.relation, minlength=size)
    heads = np.bincount(np.unique(graph.relation * n + graph.head) // n, minlength=size)
    tails = np.bincount(np.unique(graph.relation * n + graph.tail) // n, minlength=size)
    tph, hpt = counts / np.maximum(heads, 1), counts / np.maximum(tails, 1)
    share = tph / np.maximum(tph + hpt, 1e-12)
    at_head = rng.random(len(graph)) < share[graph.relation]
    head, tail = graph.head.copy(), graph.tail.copy()
    again = np.arange(len(graph))
    for _ in range(_ROUNDS):
        drawn = rng.integers(n, size=len(again))
        head[again] = np.where(at_head[again], drawn, graph.head[again])
        tail[again] = np.where(at_head[again], graph.tail[again], drawn)
        again = again[graph.contains(head[again], graph.relation[again], tail[again])]
        if not len(again):
            break
    return head, tail


def _rows(graph: KnowledgeGraph, index: IntArray) -> Triples:
    return Triples(graph.head[index], graph.relation[index], graph.tail[index])
