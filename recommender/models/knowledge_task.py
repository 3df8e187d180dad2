"""Knowledge-graph embedding objective of MKR and MMSS_MKR (Eq. 7–18 and 20 of MMSS_MKR)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from recommender.data.associations import Associations
from recommender.data.graph import KnowledgeGraph
from recommender.data.negatives import corrupt_tails
from recommender.kge.semantic_matching import SemanticMatching
from recommender.layers.columns import Columns
from recommender.layers.cross_compress import UnitStack
from recommender.models.mkr_config import MKRConfig
from recommender.models.mmss_mkr_g_config import GraphMKRConfig
from recommender.training.tasks import TrainingTask

__all__ = ["KnowledgeGraphModel", "KnowledgeGraphTask", "squared_norm"]


class KnowledgeGraphModel(Protocol):
    """Interface of a model that also embeds the knowledge graph.

    Attributes:
        graph: the triples to embed.
        associations: S(h) of every head.
        units: units that combine item and entity vectors.
        kge: relation vectors and triple scores.
        items, entities: the tables of vectors; int64 [b] → [b, dim].
    """

    graph: KnowledgeGraph
    associations: Associations
    units: UnitStack
    kge: SemanticMatching

    @property
    def config(self) -> MKRConfig | GraphMKRConfig:
        """The settings, including the KG task's."""

    @property
    def items(self) -> nn.Module:
        """The items' vectors v."""

    @property
    def entities(self) -> nn.Module:
        """The entities' vectors e."""

    @property
    def columns(self) -> Columns:
        """This process's columns of the tables."""

    def head_features(self, items: Tensor, heads: Tensor) -> Tensor:
        """h_L for v ~ S(h) (Eq. 7); both int64 [b] → [b, dim]."""


def squared_norm(tensors: Iterable[Tensor]) -> Tensor:
    """‖w‖² of all tensors together, as Eq. 20 writes it."""
    return torch.stack([(tensor * tensor).sum() for tensor in tensors]).sum()


class KnowledgeGraphTask(TrainingTask):
    """Lines 8–10 of Algorithm 1: Eq. 7–18, the triple scores of Eq. 20.

    L_REG covers the batch's features h_L and t and the matrices of the layers in use.
    """

    name = "knowledge_graph"

    def __init__(self, model: KnowledgeGraphModel, batch_size: int | None = None) -> None:
        self.model, self.graph = model, model.graph
        self.interval = model.config.kge_interval
        self.learning_rate = model.config.lr_kge
        self.batch_size = batch_size or model.config.batch_size

    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Columns heads, items v ~ S(h), relations, tails and, if asked for, false tails."""
        graph = self.graph
        items = self.model.associations.items_of(graph.head, rng)
        columns = (graph.head, items, graph.relation, graph.tail)
        if not self.model.config.false_triples:
            return columns
        return (*columns, corrupt_tails(graph, rng))

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """-λ₁ (Σ score(h, r, t) - Σ score(h', r', t')) over the batch, plus λ₂‖w‖² (Eq. 20)."""
        heads, items, relations, tails, *false_tails = columns
        model, kge, config = self.model, self.model.kge, self.model.config
        by, own = model.columns, model.columns.share(len(heads))
        head = by.rows(model.head_features(items, heads), config.dim)
        predicted = kge.predicted_tail(head, kge.relation(relations[own]))
        tail = kge.tail(by.rows(model.entities(tails), config.dim))
        scores = kge(kge.match(tail, predicted))
        penalised = [head, tail]
        if false_tails:
            false_tail = kge.tail(by.rows(model.entities(false_tails[0]), config.dim))
            scores = scores - kge(kge.match(false_tail, predicted))
            penalised.append(false_tail)
        loss = -config.lambda1 * scores.sum()
        if config.kg_reduction == "mean":
            loss = loss * (share / len(heads))
        if config.lambda2:
            weights = [by.fraction(w) * squared_norm([w]) for w in self.weights()]
            penalty = squared_norm(penalised) + share * torch.stack(weights).sum()
            loss = loss + config.lambda2 * penalty
        return torch.as_tensor(loss)

    def weights(self) -> list[nn.Parameter]:
        """The matrices in L_REG."""
        return [*self.model.kge.weights(), *self.model.units.weights()]

    def parameters(self) -> Sequence[nn.Parameter]:
        """Items, entities, relations, and the layers between them and the triple score."""
        model = self.model
        parts = (model.items, model.entities, model.units, model.kge)
        return [parameter for part in parts for parameter in part.parameters()]
