"""Calibration: divergence of a list's genre proportions from those of the history."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, diags_array

from recommender.data import KnowledgeGraph, TrainingSplit
from recommender.data.matrices import item_attributes
from recommender.metrics.lists.base import FloatArray, PerUserMetric, RecommendedLists

__all__ = ["Calibration", "calibration_attributes"]

ALPHA = 0.01


class Calibration(PerUserMetric):
    """Kullback-Leibler divergence KL(p || q̃) of the list's attributes from the history's, in nats.

    Steck, "Calibrated recommendations", RecSys 2018, Eq. 2 to 6, all weights equal: p(g|u) is the
    mean of p(g|i) over the items of the history, q(g|u) over those of the list, where p(g|i) is
    uniform over the attributes of i; q̃ = (1 - α) q + α p with α = 0.01. 0 is a perfectly
    calibrated list, -ln α = 4.6 one that shares no attribute with the history. Items without an
    attribute are left out on both sides.
    """

    name = "calibration"
    title = "miscalibration (KL, nats)"

    def __init__(self, train: TrainingSplit) -> None:
        super().__init__(train)
        self._attributes, self.basis = calibration_attributes(train)

    def per_user(self, lists: RecommendedLists) -> FloatArray:
        """0 or more; NaN if the history has no attribute, or the list is empty."""
        return np.concatenate([np.zeros(0), *(self._block(part) for part in lists.blocks())])

    def _block(self, lists: RecommendedLists) -> FloatArray:
        p = _unit_sums(lists.history_matrix(self.n_items) @ self._attributes)
        q = _unit_sums(lists.matrix(self.n_items) @ self._attributes)
        smoothed = (1 - ALPHA) * q + ALPHA * p
        # KL has terms only for p > 0, where α p > 0: the same positions as p's.
        smoothed = (p > 0).astype(np.float64).multiply(smoothed).tocsr()
        p.sort_indices()
        smoothed.sort_indices()
        terms = p.data * np.log(p.data / smoothed.data)
        rows = np.repeat(np.arange(len(lists)), np.diff(p.indptr))
        divergence = np.bincount(rows, terms, minlength=len(lists))
        defined = (np.diff(p.indptr) > 0) & lists.filled.any(axis=1)
        return np.where(defined, np.maximum(divergence, 0.0), np.nan)


def calibration_attributes(train: TrainingSplit) -> tuple[csr_array, str]:
    """p(g|i) of every item, and the relations of the attributes.

    Attributes are the tails of relations with "genre" in their names, if at least half of the items
    have one; else all neighbouring entities, as genres of a few items would be uninformative.

    Returns:
        ``[n_items, n_entities]``, each row summing to 1 or, without an attribute, empty; and the
        names of the relations, or ``all entities``.
    """
    graph, n_items = train.graph, train.n_items
    genres = _genre_relations(train)
    chosen = np.isin(graph.relation, list(genres))
    matrix = item_attributes(_part(graph, chosen), n_items)
    if 2 * np.count_nonzero(np.diff(matrix.indptr)) < n_items:
        return _unit_sums(item_attributes(graph, n_items)), "all entities"
    at_items = chosen & ((graph.head < n_items) | (graph.tail < n_items))
    used = {genres[int(relation)] for relation in np.unique(graph.relation[at_items])}
    return _unit_sums(matrix), ", ".join(sorted(used))


def _genre_relations(train: TrainingSplit) -> dict[int, str]:
    """Names of the relations whose tails are genres."""
    if train.catalogue is None:
        return {}
    relations = map(int, np.unique(train.graph.relation))
    names = {relation: train.catalogue.relation_name(relation) for relation in relations}
    return {relation: name for relation, name in names.items() if "genre" in name.lower()}


def _part(graph: KnowledgeGraph, chosen: np.ndarray) -> KnowledgeGraph:
    head, relation, tail = graph.head[chosen], graph.relation[chosen], graph.tail[chosen]
    return KnowledgeGraph(head, relation, tail, graph.n_entities, graph.n_relations)


def _unit_sums(matrix: csr_array) -> csr_array:
    """Divide rows by their sums; empty rows are unchanged."""
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    return (diags_array(1.0 / np.where(sums > 0, sums, 1.0)) @ matrix).tocsr()
