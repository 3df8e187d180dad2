"""Score new users (by likes) and new items (by facts) with MMSS_MKR-G, without retraining."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from recommender.data.fact_vectors import nearest_rows
from recommender.data.facts import Facts
from recommender.layers.user_counts import Audience
from recommender.models.mmss_mkr_g_network import GraphNetwork
from recommender.scoring import ItemSets

__all__ = ["NewItems", "Strangers"]


class Strangers:
    """Scores the catalogue for new users with given histories (an `ItemScorer`)."""

    def __init__(self, model: GraphNetwork, histories: ItemSets) -> None:
        self._model, self.n_items = model, model.n_items
        self._audience = Audience.strangers(histories)
        self._vectors = self._fold(histories)

    @property
    def device(self) -> torch.device:
        """Device of the model."""
        return self._model.device

    @torch.no_grad()
    def _fold(self, histories: ItemSets) -> Tensor:
        """x(0) is the users' mean; x(k+1) = Σ x(k) of the items / √(likes · the item's users)."""
        model = self._model
        layers = model.layers()
        rows, items = histories.pairs(np.arange(histories.n_users))
        listeners = np.maximum(model.features.degree[items], 1)
        weights = 1 / np.sqrt(histories.sizes[rows] * listeners)
        index = torch.as_tensor(rows, device=self.device)
        places = torch.as_tensor(items + model.n_users, device=self.device)
        scale = torch.as_tensor(weights, device=self.device, dtype=layers[0].dtype)[:, None]
        total = layers[0][: model.n_users].mean(dim=0).repeat(histories.n_users, 1)
        for layer in layers[:-1]:
            total = total.index_add(0, index, layer[places] * scale)
        return total / len(layers)

    @torch.no_grad()
    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """Scores ``[len(users), stop - start]``, users numbered as in the histories."""
        rows = users.cpu().numpy()
        return self._model.score_audience(self._audience, rows, self._vectors[users], start, stop)


class NewItems:
    """Scores new items from their facts (an `ItemScorer`)."""

    def __init__(self, model: GraphNetwork, facts: Sequence[Facts]) -> None:
        self._model, self.n_items = model, len(facts)
        vectors = model.features.facts.of_new_items(facts).astype(np.float32)
        self._alike = nearest_rows(vectors, model.features.vectors, model.config.nearest)
        self._n_facts = np.array([len(np.unique(fact.entity)) for fact in facts], dtype=np.int64)
        self._vectors = self._fold(facts)

    @property
    def device(self) -> torch.device:
        """Device of the model."""
        return self._model.device

    @torch.no_grad()
    def _fold(self, facts: Sequence[Facts]) -> Tensor:
        """x(0) is the items' mean; x(k+1) = w Σ x(k) of the entities / √(facts · their facts)."""
        model = self._model
        layers = model.layers()
        items = layers[0][model.n_users : model.n_users + model.n_items]
        total = items.mean(dim=0).repeat(len(facts), 1)
        degrees = np.maximum(model.knowledge_degrees, 1)
        for row, fact in enumerate(facts):
            entities = np.unique(fact.entity)
            weights = model.config.knowledge_weight / np.sqrt(len(entities) * degrees[entities])
            scale = torch.as_tensor(weights, device=self.device, dtype=total.dtype)
            places = torch.as_tensor(entities + model.n_users, device=self.device)
            for layer in layers[:-1]:
                total[row] += scale @ layer[places]
        return total / len(layers)

    @torch.no_grad()
    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """Scores ``[len(users), stop - start]`` of the new items start … stop - 1."""
        model = self._model
        rows = users.cpu().numpy()
        features = model.features.new_items(
            model.features.members, rows, self._alike[start:stop], self._n_facts[start:stop]
        )
        product = model.final()[users] @ self._vectors[start:stop].T
        return model.head_of_block(product, *features)
