"""Graph controls keep degrees, meet the given shares and have no duplicate triples."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.data.graph import KnowledgeGraph
from recommender.data.graph_variants import (
    corrupt_share,
    keep_triples,
    shuffle_tails,
    without_triples,
)


@st.composite
def graphs(draw: st.DrawFn) -> KnowledgeGraph:
    """Small graphs of distinct triples with various densities."""
    n_entities, n_relations = draw(st.integers(2, 12)), draw(st.integers(1, 3))
    possible = n_entities * n_relations * n_entities
    keys = draw(st.sets(st.integers(0, possible - 1), max_size=60))
    return graph_of(np.array(sorted(keys), dtype=np.int64), n_entities, n_relations)


def graph_of(keys: np.ndarray, n_entities: int, n_relations: int) -> KnowledgeGraph:
    pairs, tail = np.divmod(keys, n_entities)
    head, relation = np.divmod(pairs, n_relations)
    return KnowledgeGraph(head, relation, tail, n_entities, n_relations)


def large_graph(n: int = 3000) -> KnowledgeGraph:
    rng = np.random.default_rng(0)
    keys = np.sort(rng.choice(300 * 4 * 300, size=n, replace=False))
    return graph_of(keys, 300, 4)


def triples(graph: KnowledgeGraph) -> list[tuple[int, int, int]]:
    return list(zip(graph.head.tolist(), graph.relation.tolist(), graph.tail.tolist(), strict=True))


@given(graphs(), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_a_shuffle_keeps_every_degree_and_makes_no_triple_twice(
    graph: KnowledgeGraph, seed: int
) -> None:
    made = shuffle_tails(graph, np.random.default_rng(seed))
    for end in ("head", "tail"):
        ends = [
            Counter(zip(g.relation.tolist(), getattr(g, end).tolist(), strict=True))
            for g in (graph, made)
        ]
        assert ends[0] == ends[1]
    assert len(set(triples(made))) == len(graph)
    loops = [(graph.head == graph.tail).sum(), (made.head == made.tail).sum()]
    assert loops[1] <= loops[0]


def test_a_shuffle_forgets_where_a_tail_was() -> None:
    """All permutations of a small relation without duplicate triples are about equally likely."""
    # Heads 0, 1, 2 with a tail of their own: the six permutations are all allowed.
    graph = KnowledgeGraph(
        np.array([0, 1, 2]), np.zeros(3, dtype=np.int64), np.array([3, 4, 5]), 6, 1
    )
    rng = np.random.default_rng(0)
    seen = Counter(tuple(shuffle_tails(graph, rng).tail.tolist()) for _ in range(1200))
    assert len(seen) == 6
    assert all(140 < count < 260 for count in seen.values())  # 200 ± 13


def test_little_of_a_large_graph_is_left_after_a_shuffle() -> None:
    graph = large_graph()
    made = shuffle_tails(graph, np.random.default_rng(1))
    kept = graph.contains(made.head, made.relation, made.tail).mean()
    assert kept < 0.05  # by chance 3000 / 4 of 90,000 pairs: 0.8%


def test_a_relation_with_one_tail_has_nothing_to_shuffle() -> None:
    graph = KnowledgeGraph(np.arange(5), np.zeros(5, dtype=np.int64), np.full(5, 9), 10, 1)
    assert triples(shuffle_tails(graph, np.random.default_rng(0))) == triples(graph)


@given(st.floats(0, 1), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_as_many_triples_are_false_as_were_asked_for(share: float, seed: int) -> None:
    graph = large_graph(500)
    made, places = corrupt_share(graph, share, np.random.default_rng(seed))
    false = ~graph.contains(made.head, made.relation, made.tail)
    assert false.sum() == round(share * 500)
    assert np.array_equal(np.flatnonzero(false), places)
    assert len(set(triples(made))) == 500
    assert np.array_equal(made.head, graph.head) and np.array_equal(made.relation, graph.relation)
    # A false tail is one of its relation.
    kinds = set(zip(graph.relation.tolist(), graph.tail.tolist(), strict=True))
    assert set(zip(made.relation.tolist(), made.tail.tolist(), strict=True)) <= kinds


@given(graphs(), st.floats(0, 1), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_a_dense_graph_is_corrupted_or_refused(
    graph: KnowledgeGraph, share: float, seed: int
) -> None:
    try:
        made, _ = corrupt_share(graph, share, np.random.default_rng(seed))
    except RuntimeError:
        assert len(graph) > 0.05 * graph.n_entities**2
        return
    assert len(set(triples(made))) == len(graph)
    assert len(set(triples(made)) - set(triples(graph))) == round(share * len(graph))


def test_a_larger_share_corrupts_the_same_triples_and_more() -> None:
    graph = large_graph()
    few, many = (corrupt_share(graph, x, np.random.default_rng(3))[1] for x in (0.1, 0.4))
    assert set(few) < set(many)


@pytest.mark.parametrize("share", [-0.1, 1.01])
def test_a_share_is_from_0_to_1(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        corrupt_share(large_graph(10), share, np.random.default_rng(0))


def test_the_same_generator_gives_the_same_graph() -> None:
    graph = large_graph()
    for make in (shuffle_tails, lambda g, rng: corrupt_share(g, 0.5, rng)[0]):
        first, again, other = (make(graph, np.random.default_rng(s)) for s in (7, 7, 8))
        assert triples(first) == triples(again) != triples(other)


def test_a_graph_without_triples_and_a_part_of_one() -> None:
    graph = large_graph()
    bare = without_triples(graph, 100)
    assert len(bare) == 0 and bare.n_entities == 100 and bare.n_relations == 1
    assert len(shuffle_tails(bare, np.random.default_rng(0))) == 0
    part = keep_triples(graph, graph.relation == 2)
    assert triples(part) == [triple for triple in triples(graph) if triple[1] == 2]
    assert (part.n_entities, part.n_relations) == (graph.n_entities, graph.n_relations)
