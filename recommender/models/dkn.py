"""DKN: text convolution over words and entities of item names, attention over the history.

Wang, Zhang, Xie and Guo, "DKN: deep knowledge-aware network for news recommendation", WWW 2018.
Equation numbers are that paper's.

Adaptations to the data: names of artists, films and books replace news titles, as in the
comparisons of the same authors. Every word of a name belongs to the item's entity. Word and entity
vectors are learnt jointly: names are too short for word2vec, and no external vectors are used. An
item is excluded from the history while it is scored; otherwise attention would only learn to find
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.negatives import InteractionSampler
from recommender.data.splits import TrainingSplit
from recommender.layers.mlp import Dense, mlp
from recommender.layers.names import Names, read_names, windows
from recommender.layers.penalty import squared_norm
from recommender.layers.sampled_products import sampled_products
from recommender.models.base import ModelConfig, Recommender, TrainingTask
from recommender.models.click_task import ClickTask, cross_entropy

__all__ = ["DKN", "DKNConfig"]


class DKNConfig(ModelConfig):
    """Settings of DKN; dimensions and filters as in the authors' comparisons on Last.FM."""

    dim: int = Field(64, ge=1, description="d and k: length of word and entity vectors")
    filters: int = Field(128, ge=1, description="m: filters per window width")
    widths: tuple[int, ...] = Field((1, 2, 3), description="l: widths of the filters, in words")
    words: int = Field(10, ge=1, description="maximum number of words of a name")
    history: int = Field(30, ge=1, description="maximum number of liked items of a user")
    context: bool = Field(
        True, description="third channel: the mean of the entity's neighbours (Eq. 6)"
    )
    transform: Literal["tanh", "linear", "none"] = Field(
        "tanh", description="g of Eq. 8, which maps entities into the word space"
    )
    interaction: Literal["dot", "dnn"] = Field(
        "dot",
        description="attention and score: inner products (public code), or networks with one "
        "hidden layer (Eq. 11 and 13)",
    )
    l2_weight: float = Field(1e-6, ge=0, description="weight of the L2 penalty of all vectors")
    lr: float = Field(1e-3, gt=0, description="learning rate")
    batch_size: int = Field(
        1024, ge=1, description="rows per step; every step passes all names through the KCNN"
    )


class DKN(Recommender):
    """DKN: KCNN over the words and entities of item names, attention over a user's history."""

    name = "dkn"
    Config = DKNConfig
    config: DKNConfig
    history: Tensor
    near: Tensor
    near_from: Tensor

    def __init__(self, config: DKNConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        names = self._names(train)
        self.words = nn.Embedding(names.n_words + 1, config.dim, padding_idx=0)
        self.entities = nn.Embedding(train.n_entities, config.dim)
        for table in (self.words, self.entities):
            nn.init.xavier_uniform_(table.weight)
        with torch.no_grad():
            self.words.weight[0] = 0
        self.channels = 3 if config.context else 2
        self.maps = nn.ModuleList(
            Dense(config.dim, config.dim, config.transform)
            for _ in range(self.channels - 1)
            if config.transform != "none"
        )
        self.filters = nn.ModuleList()
        for width in config.widths:
            found = windows(names, width)
            self.register_buffer(f"words_{width}", torch.from_numpy(found.words), persistent=False)
            self.register_buffer(f"items_{width}", torch.from_numpy(found.items), persistent=False)
            self.filters.append(Dense(width * self.channels * config.dim, config.filters, "relu"))
        offsets, neighbours = train.graph.adjacency
        end = offsets[train.n_items]
        self.register_buffer("near", torch.from_numpy(neighbours[:end].copy()), persistent=False)
        self.register_buffer(
            "near_from", torch.from_numpy(offsets[: train.n_items].copy()), persistent=False
        )
        size = config.filters * len(config.widths)
        if config.interaction == "dnn":
            self.attention_network = mlp([2 * size, config.dim, 1], hidden="relu", last="linear")
            self.score_network = mlp([2 * size, config.dim, 1], hidden="relu", last="linear")
        # Products of ReLU features are non-negative: without a bias ŷ would be at least 0.5.
        self.bias = nn.Parameter(torch.zeros(()))
        # From torch's generator, which the registry seeds; a buffer, so that a run keeps its
        # sample.
        rng = np.random.default_rng(int(torch.randint(2**62, (1,))))
        self.register_buffer("history", torch.from_numpy(_histories(train, config.history, rng)))
        self._features: Tensor | None = None

    def _names(self, train: TrainingSplit) -> Names:
        catalogue = train.catalogue
        names = [
            f"item {item}" if catalogue is None else catalogue.item_name(item)
            for item in range(train.n_items)
        ]
        return read_names(names, self.config.words)

    def item_features(self, wanted: Tensor | None = None) -> Tensor:
        """e(t) of Eq. 10 for all items: [n_items, filters · widths].

        With `wanted` (bool, [n_items]) other items are zero. Only windows within a name are
        computed. ReLU before max-pooling makes 0 the minimum, so that zeros are a valid initial
        value.
        """
        channels = [self.entities.weight[: self.n_items]]
        if self.config.context:
            channels.append(self._contexts())
        for n, module in enumerate(self.maps):
            channels[n] = module(channels[n])
        aligned = torch.cat(channels, dim=1)  # [n_items, (channels - 1) · dim]
        pooled = []
        for width, layer in zip(self.config.widths, self.filters, strict=True):
            words, items = getattr(self, f"words_{width}"), getattr(self, f"items_{width}")
            if wanted is not None:
                words, items = words[wanted[items]], items[wanted[items]]
            present = (words > 0).to(aligned.dtype)[:, :, None]
            places = torch.cat(
                [self.words(words), functional.embedding(items, aligned)[:, None, :] * present],
                dim=2,
            )
            values = layer(places.flatten(1))
            start = values.new_zeros(self.n_items, values.shape[1])
            index = items[:, None].expand_as(values)
            pooled.append(start.scatter_reduce(0, index, values, "amax"))
        return torch.cat(pooled, dim=1)

    def _contexts(self) -> Tensor:
        """ē of Eq. 6: the mean of each item's neighbours in G, zero without any; [n_items, dim]."""
        return functional.embedding_bag(
            self.near, self.entities.weight, self.near_from, mode="mean"
        )

    def match(self, features: Tensor, users: Tensor, items: Tensor) -> Tensor:
        """Scores of pairs from the features of all items: Eq. 11 to 13, [b]."""
        liked = self.history[users]
        liked = liked.masked_fill(liked == items[:, None], -1)
        mask = liked >= 0
        candidate = functional.embedding(items, features)
        if self.config.interaction == "dot":
            # The score is a sum of the products used in the attention.
            own = torch.arange(len(items), device=items.device)[:, None].expand_as(liked)
            products = sampled_products(candidate, features, own.reshape(-1), liked.reshape(-1))
            products = products.view_as(liked)
            return (_masked_softmax(products, mask) * products).sum(dim=1) + self.bias
        clicked = functional.embedding(liked.clamp_min(0), features)  # [b, history, size]
        pair = torch.cat([clicked, candidate[:, None].expand_as(clicked)], dim=2)
        weights = _masked_softmax(self.attention_network(pair).squeeze(2), mask)
        user = torch.bmm(weights.unsqueeze(1), clicked).squeeze(1)
        score: Tensor = self.score_network(torch.cat([user, candidate], dim=1)).squeeze(1)
        return score + self.bias

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """Eq. 13 before its sigmoid, [b]."""
        features = self._catalogue()
        blocks = [slice(start, start + 2048) for start in range(0, max(len(users), 1), 2048)]
        return torch.cat([self.match(features, users[b], items[b]) for b in blocks])

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """Scores of the items start … stop - 1 for each user, [b, stop - start]."""
        if self.config.interaction != "dot":
            return super().score_items(users, start, stop)
        features = self._catalogue()
        items = torch.arange(start, stop, device=users.device)
        rows = []
        for liked in self.history[users]:
            mask = (liked >= 0)[None, :] & (liked[None, :] != items[:, None])
            products = features[start:stop] @ features[liked.clamp_min(0)].T
            rows.append((_masked_softmax(products, mask) * products).sum(dim=1))
        return torch.stack(rows) + self.bias if rows else features.new_zeros(0, len(items))

    def _catalogue(self) -> Tensor:
        """`item_features`, computed once while the model is in eval mode."""
        if self._features is not None:
            return self._features
        features = self.item_features()
        if not self.training and not torch.is_grad_enabled():
            self._features = features
        return features

    def forget(self) -> None:
        """Drop values cached while scoring."""
        self._features = None

    def loss(self, users: Tensor, items: Tensor, labels: Tensor, share: float) -> Tensor:
        """Cross-entropy, and half of the squares of all vectors and filters."""
        wanted = torch.zeros(self.n_items + 1, dtype=torch.bool, device=users.device)
        wanted[self.history[users].flatten()] = True  # -1 maps to the last, which is dropped
        wanted[items] = True
        features = self.item_features(wanted[:-1])
        loss = cross_entropy(self.match(features, users, items), labels, share)
        if self.config.l2_weight:
            weights = [p for p in self.parameters() if p.dim() > 1]
            norm = torch.stack([squared_norm(weight) for weight in weights]).sum()
            loss = loss + self.config.l2_weight / 2 * share * norm
        return loss

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The click prediction task."""
        config = self.config
        return [
            ClickTask(
                self, samples, self.loss, learning_rate=config.lr, batch_size=config.batch_size
            )
        ]


def _masked_softmax(values: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the last axis where `mask` is set; zero in rows without any."""
    weights = torch.softmax(values.masked_fill(~mask, -1e9), dim=-1)
    return weights * mask


def _histories(train: TrainingSplit, size: int, rng: np.random.Generator) -> np.ndarray:
    """At most `size` random training positives of each user, padded with -1; [n_users, size]."""
    offsets, items = train.history
    counts = np.diff(offsets)
    owners = np.repeat(np.arange(train.n_users), counts)
    order = np.lexsort((rng.random(len(items)), owners))
    column = np.arange(len(items)) - np.repeat(offsets[:-1], counts)
    kept = column < size
    table = np.full((train.n_users, size), -1, dtype=np.int64)
    table[owners[kept], column[kept]] = items[order][kept]
    return table
