"""Training objective of a KGE model: each query (h, r, ?) against all entities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from recommender.data.graph import KnowledgeGraph
from recommender.kge.all_entities import cross_entropy
from recommender.kge.base import TripleModel
from recommender.models.base import TrainingTask

__all__ = ["QueryTask"]


class QueryTask(TrainingTask):
    """Cross-entropy of every query's answers among all entities, or among a sample of them.

    Both directions of a triple are queries: its tail answers (h, r, ?), its head (t, r', ?) with
    the reciprocal r'. A batch's loss is the mean over its answers.

    With `candidates`, an entity that answers no query of the batch is included with probability
    candidates / n, and the others always. Divided by the inclusion probability, the sum in the
    softmax is unbiased (Horvitz and Thompson 1952): -ln of the probability is added to the scores,
    except for a query's own answers, which are always included.

    Args:
        model: an embedding with `queries`.
        graph: the true triples.
    """

    name = "knowledge_graph"

    def __init__(self, model: TripleModel, graph: KnowledgeGraph) -> None:
        self.model = model
        self.learning_rate, self.batch_size = model.config.lr, model.config.batch_size
        both = graph.with_inverses()
        order = np.lexsort((both.relation, both.head))
        self._answers = both.tail[order]
        keys = both.head[order] * both.n_relations + both.relation[order]
        queries, self._start, self._count = np.unique(keys, return_index=True, return_counts=True)
        self._head, self._relation = np.divmod(queries, both.n_relations)
        self._n = graph.n_entities
        self._share = min(1.0, model.config.candidates / self._n) if model.config.candidates else 1
        answers = np.bincount(self._answers, minlength=self._n) / len(queries)
        drawn = min(self.batch_size, len(queries))
        chance = 1 - (1 - self._share) * (1 - np.minimum(answers, 1)) ** drawn
        self._offsets = torch.from_numpy(-np.log(chance)).float()
        self._rng = np.random.default_rng(0)

    def __len__(self) -> int:
        return len(self._head)

    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """One column: the indices of all queries."""
        self._rng = np.random.default_rng(rng.integers(2**63))
        return (np.arange(len(self)),)

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """The mean over the batch's answers, and the nuclear 3-norm of Lacroix et al. 2018."""
        model, device = self.model, columns[0].device
        batch = columns[0].cpu().numpy()
        count = self._count[batch]
        rows = np.repeat(np.arange(len(batch)), count)
        within = np.arange(len(rows)) - (np.cumsum(count) - count)[rows]
        answers = self._answers[self._start[batch][rows] + within]
        heads = torch.from_numpy(self._head[batch]).to(device)
        relations = torch.from_numpy(self._relation[batch]).to(device)
        entities: Tensor = model.entities.weight
        offsets, places = None, answers
        if self._share < 1:
            taken = self._rng.random(self._n) < self._share
            taken[answers] = True
            candidates = torch.from_numpy(np.flatnonzero(taken))
            places = (np.cumsum(taken) - 1)[answers]
            entities = entities[candidates.to(device)]
            offsets = self._offsets[candidates].to(entities)
        weights = entities.new_full((len(answers),), share / len(answers))
        row = torch.from_numpy(rows).to(device)
        column = torch.from_numpy(places).to(device)
        loss = cross_entropy(
            model.queries(heads, relations), entities, row, column, weights, model.metric, offsets
        )
        if model.config.n3:
            by_query = torch.from_numpy(count / len(answers)).to(device, weights.dtype)
            table = getattr(model, "relations", None)
            cubes = (by_query * _cubes(model.entities(heads))).sum() + (
                _cubes(entities[column]).sum() / len(answers)
            )
            if table is not None:
                cubes = cubes + (by_query * _cubes(table(relations))).sum()
            loss = loss + model.config.n3 * share * cubes
        return loss

    def parameters(self) -> Sequence[nn.Parameter]:
        """The embedding's parameters."""
        return list(self.model.parameters())


def _cubes(vectors: Tensor) -> Tensor:
    """Σ |x|³ over the complex components of each row; [b, dim] → [b]."""
    real, imaginary = vectors.chunk(2, dim=1)
    return (real.square() + imaginary.square()).clamp_min(1e-20).pow(1.5).sum(dim=1)
