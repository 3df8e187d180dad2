"""Training objective of a KGE model: each query (h, r, ?) against all entities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray
from recommender.kge.all_entities import Precision, cross_entropy
from recommender.kge.base import TripleModel
from recommender.kge.division import DividedTable
from recommender.models.base import TrainingTask
from recommender.training.distributed import Group

__all__ = ["QueryTask"]


class QueryTask(TrainingTask):
    """Cross-entropy of every query's answers among all entities, or among a sample of them.

    Both directions of a triple are queries: its tail answers (h, r, ?), its head (t, r', ?) with
    the reciprocal r'. A batch's loss is the mean over its answers. A query with more than
    `answers_per_row` of them stands in several rows, each with some: in one row its answers would
    fill a batch and give a gradient of a size that Adagrad remembers for the rest of the training.

    With `candidates`, an entity that answers no query of the batch is included with probability
    candidates / n, and the others always. Divided by the inclusion probability, the sum in the
    softmax is unbiased (Horvitz and Thompson 1952): -ln of the probability is added to the scores,
    except for a query's own answers, which are always included.

    If the model's entities are divided over processes, `loss` is this process's part of the sum:
    its entities' part of the softmax, and the terms of the answers among them.

    Args:
        model: an embedding with `queries`.
        graph: the true triples.
        precision: of the products of matrices.
    """

    name = "knowledge_graph"

    def __init__(
        self, model: TripleModel, graph: KnowledgeGraph, precision: Precision = "float32"
    ) -> None:
        self.model, self.precision = model, precision
        self.learning_rate, self.batch_size = model.config.lr, model.config.batch_size
        both = graph.with_inverses()
        order = np.lexsort((both.relation, both.head))
        self._answers = both.tail[order]
        keys = both.head[order] * both.n_relations + both.relation[order]
        queries, start, count = np.unique(keys, return_index=True, return_counts=True)
        query, self._start, self._count = _cut(start, count, model.config.answers_per_row)
        self._head, self._relation = np.divmod(queries[query], both.n_relations)
        self._n = graph.n_entities
        self._share = min(1.0, model.config.candidates / self._n) if model.config.candidates else 1
        answers = np.bincount(self._answers, minlength=self._n) / len(self)
        drawn = min(self.batch_size, len(self))
        chance = 1 - (1 - self._share) * (1 - np.minimum(answers, 1)) ** drawn
        self._offsets = torch.from_numpy(-np.log(chance)).float()
        self._rng = np.random.default_rng(0)
        table = model.entities
        self._group = table.group if isinstance(table, DividedTable) else Group()
        self._own = table.own if isinstance(table, DividedTable) else table

    def __len__(self) -> int:
        return len(self._head)

    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """One column: the indices of all queries."""
        self._rng = np.random.default_rng(rng.integers(2**63))
        return (np.arange(len(self)),)

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """The mean over the batch's answers, with the model's auxiliary terms.

        These are the nuclear 3-norm of Lacroix et al. 2018, and the cross-entropy of each answer's
        relation among all relations: Chen et al., "Relation prediction as an auxiliary training
        objective for improving multi-relational graph representations", AKBC 2021.
        """
        model, device = self.model, columns[0].device
        batch = columns[0].cpu().numpy()
        count = self._count[batch]
        rows, within = _spread(count)
        answers = self._answers[self._start[batch][rows] + within]
        n_answers = len(answers)
        mine = answers % self._group.size == self._group.rank
        taken, places, offsets = self._candidates(answers, answers[mine] // self._group.size)
        rows = rows[mine]
        row, place, heads, relations = (
            torch.from_numpy(ids).to(device)
            for ids in (rows, places, self._head[batch], self._relation[batch])
        )
        entities: Tensor = model.entities.weight[: len(range(self._n)[self._mine])]
        if taken is not None:
            entities = self._own(torch.from_numpy(taken).to(device))
        offsets = None if offsets is None else offsets.to(entities)
        weights = entities.new_full((len(rows),), share / n_answers)
        loss = cross_entropy(
            model.queries(heads, relations),
            entities,
            row,
            place,
            weights,
            model.metric,
            offsets,
            self.precision,
            self._group,
        )
        if model.config.n3 or model.config.relation_weight:
            table = getattr(model, "relations", None)
            asked, answered = model.entities(heads), functional.embedding(place, entities)
            if model.config.relation_weight and table is not None:
                loss = loss + model.config.relation_weight * cross_entropy(
                    model.relation_queries(asked[row], answered),
                    table.weight,
                    torch.arange(len(rows), device=device),
                    relations[row],
                    weights,
                    model.metric,
                    precision=self.precision,
                )
            if model.config.n3:
                some = self._group.slice(len(heads))
                by_query = torch.from_numpy(count[some] / n_answers).to(device, weights.dtype)
                cubes = (by_query * _cubes(asked[some])).sum() + _cubes(answered).sum() / n_answers
                if table is not None:
                    cubes = cubes + (by_query * _cubes(table(relations[some]))).sum()
                loss = loss + model.config.n3 * share * cubes
        return loss

    @property
    def _mine(self) -> slice:
        """The entities of this process."""
        return slice(self._group.rank, None, self._group.size)

    def _candidates(
        self, answers: IntArray, mine: IntArray
    ) -> tuple[IntArray | None, IntArray, Tensor | None]:
        """Rows of this process that take part, its answers' places among them, their offsets."""
        if self._share == 1:
            return None, mine, None
        takes_part = self._rng.random(self._n) < self._share
        takes_part[answers] = True
        takes_part = takes_part[self._mine]
        taken = np.flatnonzero(takes_part)
        offsets = self._offsets[self._mine][torch.from_numpy(taken)]
        return taken, (np.cumsum(takes_part) - 1)[mine], offsets

    def parameters(self) -> Sequence[nn.Parameter]:
        """The embedding's parameters."""
        return list(self.model.parameters())


def _cut(start: IntArray, count: IntArray, most: int) -> tuple[IntArray, IntArray, IntArray]:
    """Cut ranges into ranges of at most `most`, 0 for any: (which it is of, start, count)."""
    most = most or int(count.max())
    whole, piece = _spread(-(-count // most))
    first = start[whole] + piece * most
    return whole, first, np.minimum(most, start[whole] + count[whole] - first)


def _spread(counts: IntArray) -> tuple[IntArray, IntArray]:
    """For every one of the things counted, whose it is, and which of them."""
    whose = np.repeat(np.arange(len(counts)), counts)
    return whose, np.arange(len(whose)) - (np.cumsum(counts) - counts)[whose]


def _cubes(vectors: Tensor) -> Tensor:
    """Σ |x|³ over the complex components of each row; [b, dim] → [b]."""
    real, imaginary = vectors.chunk(2, dim=1)
    squares = (real.square() + imaginary.square()).clamp_min(1e-20)
    return (squares * squares.sqrt()).sum(dim=1)  # several times as fast as a power of 1.5
