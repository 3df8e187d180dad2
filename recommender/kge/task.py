"""Training objective of a KGE model: true against corrupted triples; alone or in a recommender."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from recommender.data.graph import KnowledgeGraph
from recommender.kge.base import TripleModel
from recommender.kge.triples import corrupt
from recommender.models.base import TrainingTask

__all__ = ["TripleTask"]


class TripleTask(TrainingTask):
    """Objective of every true triple against one false one.

    Args:
        model: the embedding.
        graph: the true triples.
        learning_rate, batch_size, interval: see `TrainingTask`.
        loss: loss of scores of true and false triples; by default the embedding's.
    """

    name = "knowledge_graph"

    def __init__(
        self,
        model: TripleModel,
        graph: KnowledgeGraph,
        *,
        learning_rate: float,
        batch_size: int,
        interval: int = 1,
        loss: Callable[[Tensor, Tensor], Tensor] | None = None,
    ) -> None:
        self.model, self.graph = model, graph
        self.learning_rate, self.batch_size, self.interval = learning_rate, batch_size, interval
        self._loss = model.loss if loss is None else loss

    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Columns heads, relations, tails, false heads, false tails."""
        graph = self.graph
        return graph.head, graph.relation, graph.tail, *corrupt(graph, rng)

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """The mean over the batch."""
        heads, relations, tails, false_heads, false_tails = columns
        both = torch.cat([heads, false_heads]), torch.cat([tails, false_tails])
        true, false = self.model.score(both[0], relations.repeat(2), both[1]).chunk(2)
        return self._loss(true, false) * (share / len(heads))

    def parameters(self) -> Sequence[nn.Parameter]:
        """The embedding's parameters."""
        return list(self.model.parameters())
