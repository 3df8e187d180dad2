"""MKR and MMSS_MKR: recommendation and knowledge-graph embedding, joined by cross & compress.

MKR: Wang et al., "Multi-task feature learning for knowledge graph enhanced recommendation", WWW
2019. MMSS_MKR adds several activations in the prediction and in the triple score, and false
triples. Equation numbers are those of the MMSS_MKR paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.associations import Associations
from recommender.data.negatives import InteractionSampler, NegativesPolicy, make_sampler
from recommender.data.splits import TrainingSplit
from recommender.kge.semantic_matching import SemanticMatching
from recommender.layers.activations import Mixture
from recommender.layers.columns import Columns
from recommender.layers.cross_compress import UnitStack
from recommender.layers.embedding import EmbeddingTable
from recommender.layers.mlp import Dense, mlp
from recommender.models.base import Recommender
from recommender.models.knowledge_task import KnowledgeGraphTask, squared_norm
from recommender.models.mkr_config import PRESETS, MKRConfig
from recommender.models.mkr_divided import DividedMKR
from recommender.models.mkr_native import NativeRecommendationSteps, RecommendationLayers
from recommender.training.adam import Adam
from recommender.training.distributed import Group
from recommender.training.division import Division
from recommender.training.tasks import Steps, TrainingTask

__all__ = ["MKR", "MKRConfig", "RecommendationTask"]

# A step on an H200 takes 3 ms up to some 4,096 samples, as long as launching its kernels; one CPU
# thread takes some 0.016 µs per sample and dimension, and that of 25 dimensions besides
# (docs/recommender.md, Speed).
_STEP_ON_GPU, _PER_NUMBER, _FIXED = 3e-3, 0.016e-6, 25


class MKR(Recommender):
    """Multi-task feature learning for KG-enhanced recommendation, MMSS_MKR included."""

    name = "mmss_mkr"
    Config = MKRConfig
    config: MKRConfig

    def __init__(self, config: MKRConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self.associations = Associations(train.graph, train.n_items, config.associated)
        self.graph = train.graph
        low = [config.dim] * (config.low_layers + 1)
        self.users = EmbeddingTable(train.n_users, config.dim, config.embedding_gain)
        self.items = EmbeddingTable(train.n_items, config.dim, config.embedding_gain)
        self.entities = EmbeddingTable(train.n_entities, config.dim, config.embedding_gain)
        self.columns = Columns()
        self.user_layers = mlp(low, hidden=config.activation)
        self.units = UnitStack(config.unit, config.dim, config.low_layers)
        if config.f_rs == "mlp":
            high = [2 * config.dim] * config.high_layers + [1]
            self.rs_layers = mlp(high, hidden=config.activation, last="linear")
        self.kge = SemanticMatching(
            n_relations=train.n_relations,
            dim=config.dim,
            low_layers=config.low_layers,
            high_layers=config.high_layers,
            relation_mlp=config.relation_mlp,
            activation=config.activation,
            tail_activation=config.tail_activation,
            score=config.triple_score,
        )
        self.prediction = None if config.prediction == "plain" else Mixture(config.prediction)
        self._item_side: Tensor | None = None

    @classmethod
    def presets(cls) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
        """MMSS_MKR, Table 9's ablations and the variants of the MKR paper."""
        return PRESETS

    # The recommendation module

    def user_features(self, users: Tensor) -> Tensor:
        """u_L = M^L(u) (Eq. 1); int64 [b] → [b, dim]."""
        features: Tensor = self.user_layers(self.users(users))
        return features

    def item_features(self, items: Tensor, entities: Tensor) -> Tensor:
        """C^L(v, e)[v] of Eq. 2 for e ~ S(v); both int64 [b] → [b, dim]."""
        return self.units.item(self.items(items), self.entities(entities))

    def interaction(self, user: Tensor, item: Tensor) -> Tensor:
        """f_RS(u_L, v_L) of Eq. 3, the raw score; both [b, dim] → [b]."""
        if self.config.f_rs == "dot":
            return (user * item).sum(dim=1)
        score: Tensor = self.rs_layers(torch.cat([user, item], dim=1))
        return score.squeeze(1)

    def logit(self, scores: Tensor) -> Tensor:
        """What the outer sigmoid of Eq. 3 is taken of: (σ + α + β)(f_RS) / 3 (Eq. 4–6)."""
        return scores if self.prediction is None else self.prediction(scores)

    def probability(self, scores: Tensor) -> Tensor:
        """ŷ of Eq. 3. With S1 + T + S2 it lies in (0.339, 0.731) and is 0.54 at score 0."""
        return torch.sigmoid(self.logit(scores))

    # The knowledge-graph module

    def head_features(self, items: Tensor, heads: Tensor) -> Tensor:
        """h_L = C^L(v, h)[e] for v ~ S(h) (Eq. 7); both int64 [b] → [b, dim].

        Items of -1 (a head with empty S(h)) are zero vectors.
        """
        is_item = items >= 0
        v = self.items(items.clamp_min(0)) * is_item[:, None]
        return self.units.entity(v, self.entities(heads))

    # Scoring

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """f_RS of the pairs, [b]; the expectation of Eq. 2 is over all of S(v)."""
        return self.interaction(self.user_features(users), self._catalogue()[items])

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """f_RS of each user with the items start … stop - 1, [b, stop - start]."""
        if self.config.f_rs != "dot":
            return super().score_items(users, start, stop)
        return self.user_features(users) @ self._catalogue()[start:stop].T

    def _catalogue(self) -> Tensor:
        """v_L of all items, [n_items, dim]; computed once while the model is in eval mode."""
        if self._item_side is not None:
            return self._item_side
        offsets, members = self.associations.entity_lists()
        device = self.items.weight.device
        entities = functional.embedding_bag(
            torch.as_tensor(members, device=device),
            self.entities.weight,
            torch.as_tensor(offsets[:-1], device=device),
            mode="mean",
        )
        item_side = self.units.item(self.items.weight, entities)
        if not self.training and not torch.is_grad_enabled():
            self._item_side = item_side
        return item_side

    def forget(self) -> None:
        """Drop values cached while scoring."""
        self._item_side = None

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The tasks of Algorithm 1: recommendation, then (every kge_interval epochs) the KG."""
        tasks: list[TrainingTask] = [RecommendationTask(self, samples)]
        if self.config.kge_interval and len(self.graph):
            tasks.append(KnowledgeGraphTask(self))
        for task in tasks:
            task.recordable = True
        return tasks

    def divide(
        self, group: Group, train: TrainingSplit, negatives: NegativesPolicy
    ) -> Division | None:
        """Divide by users and item blocks, if the native kernel is usable and S(v) is `own`."""
        rank, size = group.rank, group.size
        if self.config.associated != "own" or not NativeRecommendationSteps.computes(self.layers()):
            return None
        task = RecommendationTask(self, make_sampler(negatives, train.share(rank, size)))
        knowledge = None
        if self.config.kge_interval and len(self.graph):
            knowledge = KnowledgeGraphTask(self)
            knowledge.graph = self.graph.share(rank, size)
        return DividedMKR(self, self.layers(), task, knowledge, group)

    def faster_on_cpu(self) -> bool:
        """Whether the native kernel takes a step in less time than a GPU needs to launch it."""
        config = self.config
        seconds = config.batch_size * (config.dim + _FIXED) * _PER_NUMBER
        return seconds < _STEP_ON_GPU and NativeRecommendationSteps.computes(self.layers())

    def layers(self) -> RecommendationLayers:
        """The layers trained by the recommendation task, for the kernel."""
        return RecommendationLayers(
            self.config, self.users, self.items, self.entities, self.user_layers, self.units
        )


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
        """The matrices in L_REG."""
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
        layers = self.model.layers()
        if not optimizer.tables or not NativeRecommendationSteps.computes(layers):
            return None
        return NativeRecommendationSteps(layers, optimizer)

    def parameters(self) -> Sequence[nn.Parameter]:
        """Users, items, entities, and the layers between them and ŷ."""
        others = list(self.model.rs_layers.parameters()) if self.model.config.f_rs == "mlp" else []
        return [*self.model.layers().parameters(), *others]
