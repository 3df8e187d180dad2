"""The two objectives of Eq. 20, L = L_RS + L_KG + L_REG, as Algorithm 1 alternates them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.corruption import corrupt_tails
from recommender.data.negatives import InteractionSampler
from recommender.layers.mlp import Dense
from recommender.models.base import TrainingTask

if TYPE_CHECKING:
    from recommender.models.mkr import MKR
    from recommender.models.mmss_mkr_g import GraphMKR
    from recommender.training.adam import Adam
    from recommender.training.steps import Steps

__all__ = ["KnowledgeGraphTask", "RecommendationTask"]


def squared_norm(tensors: Iterable[Tensor]) -> Tensor:
    """‖w‖² of all tensors together, as Eq. 20 writes it."""
    return torch.stack([(tensor * tensor).sum() for tensor in tensors]).sum()


class RecommendationTask(TrainingTask):
    """Lines 3–7 of Algorithm 1: Eq. 1–6 and 16–18, cross-entropy J of Eq. 20.

    L_REG covers, as in the public MKR code, the batch's features u_L and v_L and the matrices of
    the layers in use.
    """

    name = "recommendation"

    def __init__(self, model: MKR, samples: InteractionSampler) -> None:
        self.model = model
        self.draw = samples.draw
        self.learning_rate = model.config.lr_rs
        self.batch_size = model.config.batch_size

    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Columns users, items, entities e ~ S(v), labels (lines 4 and 5)."""
        rows = self.draw(rng)
        entities = self.model.associations.entities_of(rows.items, rng)
        return rows.users, rows.items, entities, rows.labels

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """J(ŷ, y) over the batch plus λ₂‖w‖² (Eq. 20)."""
        users, items, entities, labels = columns
        model, config = self.model, self.model.config
        user = model.user_features(users)
        item = model.item_features(items, entities)
        scores = model.interaction(user, item)
        logits = scores if config.rs_loss == "score" else model.logit(scores)
        # J of ŷ = σ(logit), in the form that cannot overflow
        loss = functional.binary_cross_entropy_with_logits(
            logits, labels.to(logits.dtype), reduction="sum"
        )
        if config.rs_reduction == "mean":
            loss = loss * (share / len(labels))
        if config.lambda2:
            penalty = squared_norm((user, item)) + share * squared_norm(self.weights())
            loss = loss + config.lambda2 * penalty
        return loss

    def weights(self) -> list[nn.Parameter]:
        """The matrices that L_REG covers."""
        model = self.model
        layers = [*model.user_layers]
        if model.config.f_rs == "mlp":
            layers += [*model.rs_layers]
        return [
            *(layer.weight for layer in layers if isinstance(layer, Dense)),
            *model.units.weights(),
        ]

    def native_steps(self, optimizer: Adam) -> Steps | None:
        """The fused kernel, for cross & compress units, ReLU layers and the inner product."""
        from recommender.models.mkr_native import NativeRecommendationSteps

        if not NativeRecommendationSteps.supports(self, optimizer):
            return None
        return NativeRecommendationSteps(self, optimizer)

    def parameters(self) -> Sequence[nn.Parameter]:
        """Users, items, entities, and the layers between them and ŷ."""
        model = self.model
        parts: list[nn.Module] = [
            model.users,
            model.items,
            model.entities,
            model.user_layers,
            model.units,
        ]
        if model.config.f_rs == "mlp":
            parts.append(model.rs_layers)
        return [parameter for part in parts for parameter in part.parameters()]


class KnowledgeGraphTask(TrainingTask):
    """Lines 8–10 of Algorithm 1: Eq. 7–18, the triple scores of Eq. 20.

    L_REG covers the batch's features h_L and t and the matrices of the layers in use.
    """

    name = "knowledge_graph"

    def __init__(self, model: MKR | GraphMKR, batch_size: int | None = None) -> None:
        self.model = model
        self.interval = model.config.kge_interval
        self.learning_rate = model.config.lr_kge
        self.batch_size = batch_size or model.config.batch_size

    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Columns heads, items v ~ S(h), relations, tails and, if asked for, false tails."""
        graph = self.model.graph
        items = self.model.associations.items_of(graph.head, rng)
        columns = (graph.head, items, graph.relation, graph.tail)
        if not self.model.config.false_triples:
            return columns
        return (*columns, corrupt_tails(graph, rng))

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """-λ₁ (Σ score(h, r, t) - Σ score(h', r', t')) over the batch, plus λ₂‖w‖² (Eq. 20)."""
        heads, items, relations, tails, *false_tails = columns
        model, kge, config = self.model, self.model.kge, self.model.config
        head = model.head_features(items, heads)
        predicted = kge.predicted_tail(head, kge.relation(relations))
        tail = kge.tail(model.entities(tails))
        scores = kge(kge.match(tail, predicted))
        penalised = [head, tail]
        if false_tails:
            false_tail = kge.tail(model.entities(false_tails[0]))
            scores = scores - kge(kge.match(false_tail, predicted))
            penalised.append(false_tail)
        loss = -config.lambda1 * scores.sum()
        if config.kg_reduction == "mean":
            loss = loss * (share / len(heads))
        if config.lambda2:
            penalty = squared_norm(penalised) + share * squared_norm(self.weights())
            loss = loss + config.lambda2 * penalty
        return torch.as_tensor(loss)

    def weights(self) -> list[nn.Parameter]:
        """The matrices that L_REG covers."""
        return [*self.model.kge.weights(), *self.model.units.weights()]

    def parameters(self) -> Sequence[nn.Parameter]:
        """Items, entities, relations, and the layers between them and the triple score."""
        model = self.model
        parts = (model.items, model.entities, model.units, model.kge)
        return [parameter for part in parts for parameter in part.parameters()]
