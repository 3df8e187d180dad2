"""Sums, means and softmaxes over neighbourhoods, and products by relation, against loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recommender.data import KnowledgeGraph
from recommender.layers.edges import Neighbourhoods
from recommender.layers.relation_products import relation_products

HEADS, RELATIONS, TAILS = [2, 0, 2, 2, 0], [0, 1, 1, 0, 0], [1, 3, 0, 3, 2]


@pytest.fixture
def neighbourhoods() -> Neighbourhoods:
    """Node 1 has no neighbour."""
    columns = (np.array(column) for column in (HEADS, RELATIONS, TAILS))
    return Neighbourhoods(*columns, n_heads=3)


def test_means_of_messages_by_definition(neighbourhoods: Neighbourhoods) -> None:
    x, relation = torch.randn(4, 3), torch.randn(2, 3)
    edges = neighbourhoods()
    means = edges.mean(edges.messages(x, relation))
    for head in range(3):
        own = [n for n, h in enumerate(HEADS) if h == head]
        expected = sum((x[TAILS[n]] * relation[RELATIONS[n]] for n in own), torch.zeros(3))
        torch.testing.assert_close(means[head], expected / max(len(own), 1))


def test_softmax_sums_to_one_however_large_the_scores(neighbourhoods: Neighbourhoods) -> None:
    edges = neighbourhoods()
    scores = torch.tensor([1000.0, 1001.0, -5000.0, -5000.0, -5001.0])  # heads 0, 0, 2, 2, 2
    weights = edges.softmax(scores)
    expected = torch.cat([scores[:2].softmax(0), scores[2:].softmax(0)])
    torch.testing.assert_close(weights, expected)
    torch.testing.assert_close(edges.total(weights), torch.tensor([1.0, 0.0, 1.0]))


def test_dropout_leaves_the_mean_right_on_average(neighbourhoods: Neighbourhoods) -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 3)
    whole = neighbourhoods()
    expected = whole.mean(whole.tail_vectors(x))
    total = torch.zeros(3, 3)
    for _ in range(4000):
        edges = neighbourhoods(0.4)
        total += edges.mean(edges.tail_vectors(x))
    torch.testing.assert_close(total / 4000, expected, atol=0.08, rtol=0)


def test_nothing_is_dropped_while_scoring(neighbourhoods: Neighbourhoods) -> None:
    assert len(neighbourhoods.eval()(0.9).heads) == len(HEADS)


def test_every_row_meets_the_matrix_of_its_relation() -> None:
    x, matrices = torch.randn(6, 3), torch.randn(4, 2, 3, requires_grad=True)
    for relations in (torch.tensor([3, 0, 3, 1, 0, 3]), torch.full((6,), 2)):
        expected = torch.stack([matrices[r] @ row for r, row in zip(relations, x, strict=True)])
        torch.testing.assert_close(relation_products(x, relations, matrices), expected)
    assert relation_products(x[:0], relations[:0], matrices).shape == (0, 2)


def test_inverses_stand_beside_every_triple_once() -> None:
    columns = np.array([(0, 0, 2), (0, 0, 2), (1, 1, 0)]).T
    both = KnowledgeGraph(*columns, n_entities=3, n_relations=2).with_inverses()
    triples = list(zip(both.head.tolist(), both.relation.tolist(), both.tail.tolist(), strict=True))
    assert sorted(triples) == [(0, 0, 2), (0, 3, 1), (1, 1, 0), (2, 2, 0)]
    assert (both.n_entities, both.n_relations) == (3, 4)
