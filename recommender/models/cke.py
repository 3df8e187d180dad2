"""CKE: matrix factorisation whose item vectors include a knowledge-graph embedding (TransR)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.negatives import InteractionSampler
from recommender.data.pairs import PairSource, pair_source
from recommender.data.splits import TrainingSplit
from recommender.kge.task import TripleTask
from recommender.kge.transr import TransR, TransRConfig
from recommender.layers.embedding import EmbeddingTable
from recommender.models.base import ModelConfig, TrainingTask
from recommender.models.calibrated import CalibratedRecommender
from recommender.models.pair_task import PairTask

__all__ = ["CKE", "CKEConfig"]


class CKEConfig(ModelConfig):
    """Settings of `CKE`; dimension and l2_weight are the paper's, the rest chosen on validation."""

    dim: int = Field(64, ge=1, description="length of the vectors of users, items and entities")
    relation_dim: int = Field(32, ge=1, description="length of the relations' vectors in TransR")
    lr_rs: float = Field(2e-3, gt=0, description="learning rate, recommendation")
    lr_kge: float = Field(2e-3, gt=0, description="learning rate, knowledge graph")
    kge_interval: int = Field(
        1, ge=0, description="epochs between trainings of the structural part; 0: never"
    )
    l2_weight: float = Field(3e-2, ge=0, description="lambda: weight of the squared parameters")
    pairs: PairSource = Field(
        "uniform",
        description="negative of a pair: a uniform item without a positive of the user in "
        "train, as in the paper, or one of the run's own rows",
    )
    batch_size: int = Field(256, ge=1, description="pairs per step")
    kge_batch_size: int = Field(1024, ge=1, description="triples per step")


class CKE(CalibratedRecommender):
    """Collaborative knowledge base embedding, structural part.

    Zhang et al., "Collaborative knowledge base embedding for recommender systems", KDD 2016:
    the item's vector is e_j = η_j + v_j (Eq. 7 without text and images), v_j its entity's in
    TransR, trained by -ln σ(f(h, r, t) - f(h, r, t')) (Eq. 2 and 3); preferences by
    -ln σ(u_iᵀ e_j - u_iᵀ e_j') (Eq. 8 and 9). The textual and visual parts (Eq. 4 to 6) need
    descriptions and pictures, which none of the three data sets has.
    """

    name = "cke"
    Config = CKEConfig
    config: CKEConfig

    def __init__(self, config: CKEConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self._train = train
        self.users = EmbeddingTable(train.n_users, config.dim)
        self.items = EmbeddingTable(train.n_items, config.dim)
        structure = TransRConfig(dim=config.dim, relation_dim=config.relation_dim)
        self.structure = TransR(structure, train.n_entities, train.n_relations)

    def item_vectors(self, items: Tensor) -> Tensor:
        """e_j = η_j + v_j; int64 [b] → [b, dim]."""
        vectors: Tensor = self.items(items) + self.structure.vectors(items)
        return vectors

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """u_iᵀ e_j."""
        scores: Tensor = (self.users(users) * self.item_vectors(items)).sum(dim=1)
        return scores

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One matrix product."""
        items = torch.arange(start, stop, device=users.device)
        product: Tensor = self.users(users) @ self.item_vectors(items).T
        return product

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The preference task, then the structural part."""
        config = self.config
        tasks: list[TrainingTask] = [_Preferences(self, samples)]
        if config.kge_interval and len(self._train.graph):
            tasks.append(
                TripleTask(
                    self.structure,
                    self._train.graph,
                    learning_rate=config.lr_kge,
                    batch_size=config.kge_batch_size,
                    interval=config.kge_interval,
                    loss=lambda true, false: functional.softplus(false - true).sum(),
                )
            )
        return tasks


class _Preferences(PairTask):
    """Ranking loss over pairs of a user's positive and negative."""

    def __init__(self, model: CKE, samples: InteractionSampler) -> None:
        config = model.config
        super().__init__(
            pair_source(config.pairs, model._train, samples),
            learning_rate=config.lr_rs,
            batch_size=config.batch_size,
        )
        self.model = model

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """Eq. 9's first sum plus λ over users and offsets in use; the mean over the batch."""
        users, positives, negatives = columns
        model = self.model
        both = torch.cat([positives, negatives])
        user, offsets = model.users(users), model.items(both)
        liked, other = (offsets + model.structure.vectors(both)).chunk(2)
        loss = functional.softplus((user * (other - liked)).sum(dim=1)).sum()
        penalty = user.square().sum() + offsets.square().sum()
        total: Tensor = (loss + model.config.l2_weight * penalty) * (share / len(users))
        return total

    def parameters(self) -> Sequence[nn.Parameter]:
        """Users, offsets, and the entities' vectors."""
        model = self.model
        return [model.users.weight, model.items.weight, model.structure.entities.weight]
