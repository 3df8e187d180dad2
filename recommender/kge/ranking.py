"""Link prediction metrics: filtered ranks of held-out triples, MRR and hits@k."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray
from recommender.kge.all_entities import scores_of_all
from recommender.kge.base import TripleModel
from recommender.kge.triples import Triples

__all__ = ["filtered_ranks", "ranking_metrics"]

_SCORES = 2**22  # scores in memory at a time


@torch.inference_mode()
def filtered_ranks(model: TripleModel, triples: Triples, known: KnowledgeGraph) -> np.ndarray:
    """Rank of each triple's tail among all entities, then of each triple's head; float64 [2, n].

    Entities that complete another triple of `known` are excluded (filtered setting of Bordes et al.
    2013); `known` is the whole graph. Ties get the mean rank, so that a constant model does not
    rank high.
    """
    ranks = np.empty((2, len(triples)))
    by_pair = _Known(known.head, known.relation, known.tail, known.n_relations)
    by_tail = _Known(known.tail, known.relation, known.head, known.n_relations)
    step = max(1, _SCORES // model.n_entities)
    for relation in np.unique(triples.relation).tolist():
        rows = np.flatnonzero(triples.relation == relation)
        if model.reciprocal:
            _rank_by_queries(model, triples, rows, relation, ranks, by_pair, by_tail)
            continue
        heads, tails = model.views(relation)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            h = torch.from_numpy(triples.head[part]).to(heads.device)
            t = torch.from_numpy(triples.tail[part]).to(heads.device)
            others = by_pair.of(triples.head[part], relation)
            ranks[0, part] = _places(model.compare(heads[h], tails), t, others)
            others = by_tail.of(triples.tail[part], relation)
            ranks[1, part] = _places(model.compare(heads, tails[t]).T, h, others)
    return ranks


def _rank_by_queries(
    model: TripleModel,
    triples: Triples,
    rows: IntArray,
    relation: int,
    ranks: np.ndarray,
    by_pair: _Known,
    by_tail: _Known,
) -> None:
    """Rank tails by (h, r, ?), heads by the reciprocal's (t, r', ?)."""
    step = max(1, _SCORES // model.n_entities)
    entities = model.entities.weight
    sides = ((triples.head, triples.tail, by_pair), (triples.tail, triples.head, by_tail))
    for side, (known, wanted, others) in enumerate(sides):
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            ends = torch.from_numpy(known[part]).to(entities.device)
            asked = torch.full_like(ends, relation + side * model.n_relations)
            scores = scores_of_all(model.queries(ends, asked), entities, model.metric)
            answers = torch.from_numpy(wanted[part]).to(entities.device)
            ranks[side, part] = _places(scores, answers, others.of(known[part], relation))


def ranking_metrics(ranks: np.ndarray, ks: tuple[int, ...] = (1, 3, 10)) -> dict[str, float]:
    """`mrr`, `hits@k` and `mean_rank` over both sides, and `mrr_head`, `mrr_tail`."""
    return {
        "mrr": float((1 / ranks).mean()),
        **{f"hits@{k}": float((ranks <= k).mean()) for k in ks},
        "mean_rank": float(ranks.mean()),
        "mrr_tail": float((1 / ranks[0]).mean()),
        "mrr_head": float((1 / ranks[1]).mean()),
    }


def _places(scores: Tensor, wanted: Tensor, others: tuple[IntArray, IntArray]) -> np.ndarray:
    """1 + number of better + half of equal scores, of [b, n] scores; known answers excluded."""
    own = scores.gather(1, wanted[:, None])
    row, column = (torch.from_numpy(part).to(scores.device) for part in others)
    scores = scores.clone()
    scores[row, column] = -torch.inf
    scores.scatter_(1, wanted[:, None], -torch.inf)
    better, equal = (scores > own).sum(dim=1), (scores == own).sum(dim=1)
    places: np.ndarray = (1 + better + equal / 2).double().cpu().numpy()
    return places


class _Known:
    """Index of the ends of known triples by the other end and the relation."""

    def __init__(
        self, given: IntArray, relation: IntArray, end: IntArray, n_relations: int
    ) -> None:
        keys = given * n_relations + relation
        order = np.argsort(keys, kind="stable")
        self._keys, self._ends, self._n_relations = keys[order], end[order], n_relations

    def of(self, given: IntArray, relation: int) -> tuple[IntArray, IntArray]:
        """`(position in given, end)` of all known triples."""
        wanted = given * self._n_relations + relation
        start = np.searchsorted(self._keys, wanted)
        counts = np.searchsorted(self._keys, wanted, side="right") - start
        row = np.repeat(np.arange(len(given)), counts)
        within = np.arange(len(row)) - (np.cumsum(counts) - counts)[row]
        return row, self._ends[start[row] + within]
