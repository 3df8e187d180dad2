"""Network of MMSS_MKR-G: LightGCN-like propagation, and a head that scores user–item pairs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recommender.data.associations import Associations
from recommender.data.splits import TrainingSplit
from recommender.kge.semantic_matching import SemanticMatching
from recommender.layers.activations import Mixture
from recommender.layers.columns import Columns
from recommender.layers.cross_compress import UnitStack
from recommender.layers.pair_features import PairFeatures
from recommender.layers.propagation import (
    Propagation,
    interaction_edges,
    joined_pairs,
    knowledge_edges,
    social_edges,
)
from recommender.layers.sampled_products import sampled_products
from recommender.layers.text_embeddings import TextEmbeddings
from recommender.layers.user_counts import Audience
from recommender.models.calibrated import CalibratedRecommender
from recommender.models.mmss_mkr_g_config import GraphMKRConfig

__all__ = ["GraphNetwork", "PairHead"]

Ints = NDArray[np.int64]


class GraphNetwork(CalibratedRecommender):
    """Propagation of users, items and entities over one graph; see `GraphMKR`."""

    config: GraphMKRConfig

    def __init__(self, config: GraphMKRConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self._train = train
        self.graph = train.graph
        self.n_entities = max(train.n_entities, train.n_items)
        self.two_views = bool(config.low_layers or config.kge_interval)
        self.users = self._table(train.n_users)
        self.entities = self._table(self.n_entities)
        user_graph = train.user_graph
        n_attributes = 0 if user_graph is None else max(user_graph.n_entities - train.n_users, 0)
        self.attributes = self._table(n_attributes)
        self.texts = (
            TextEmbeddings(train.catalogue, self.n_entities, config.dim, config.init_scale)
            if config.text_embeddings
            else None
        )
        if self.two_views:
            self.items = self._table(train.n_items)
            self.units = UnitStack(config.unit, config.dim, config.low_layers)
            self.associations = Associations(train.graph, train.n_items, config.associated)
        if config.kge_interval:
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
        self.propagation = Propagation(
            train.n_users + self.n_entities + n_attributes,
            interaction_edges(train),
            knowledge_edges(train, config.knowledge_weight),
            social_edges(train, self.n_entities, config.social_weight),
        )
        graph = train.graph
        ends = joined_pairs(graph.head, graph.tail, self.n_entities)
        self.knowledge_degrees: Ints = np.bincount(np.concatenate(ends), minlength=self.n_entities)
        self.features = PairFeatures(train, config.nearest)
        self.head = PairHead(1 + len(self.features), config.hidden)
        with torch.no_grad():
            self.head.linear.weight[0, 1:] = self.features.prior()
        self.mixture = None if config.prediction == "plain" else Mixture(config.prediction)
        self.columns = Columns()
        self._final: Tensor | None = None
        self._layers: list[Tensor] | None = None

    def _table(self, n: int) -> nn.Embedding:
        """A plain parameter instead of EmbeddingTable: every step updates all rows."""
        table = nn.Embedding(n, self.config.dim)
        nn.init.normal_(table.weight, std=self.config.init_scale)
        return table

    def column_axes(self) -> dict[str, int]:
        """The axis of the embeddings' columns in every parameter that has them, by name."""
        axes = {}
        for name, parameter in self.named_parameters():
            part = name.split(".")[0]
            if part in ("users", "entities", "attributes", "items", "units", "texts"):
                axes[name] = 0 if part == "texts" else parameter.ndim - 1
        return {name: axis for name, axis in axes.items() if not name.endswith(".alpha")}

    # Vectors

    def own_vectors(self) -> Tensor:
        """x(0): users, then entities (items first), then user attributes; [n_nodes, dim]."""
        entities = self.entities.weight
        if self.texts is not None:
            entities = entities + self.texts()
        if self.two_views:
            v, e = self.items.weight, entities[: self.n_items]
            mixed = v + e
            if self.config.low_layers:
                mixed = mixed + self.units.item(v, e)
            entities = torch.cat([mixed, entities[self.n_items :]])
        return torch.cat([self.users.weight, entities, self.attributes.weight])

    def final(self, masked: Tensor | None = None) -> Tensor:
        """The mean of x(0) … x(K), [n_nodes, dim]; cached while scoring.

        `masked`: int64 [b], training positives (by index in `positive_keys`) whose edges are
        removed.
        """
        if self._final is not None and masked is None and not torch.is_grad_enabled():
            return self._final
        final: Tensor = self.propagation(self.own_vectors(), self.config.layers, masked)
        if not self.training and not torch.is_grad_enabled():
            self._final = final
        return final

    def layers(self) -> list[Tensor]:
        """x(0) … x(K), each [n_nodes, dim], without gradients; cached while scoring."""
        if self._layers is not None:
            return self._layers
        layers = self.propagation.layers(self.own_vectors(), self.config.layers)
        if not self.training:
            self._layers = layers
        return layers

    def head_features(self, items: Tensor, heads: Tensor) -> Tensor:
        """h_L = C^L(v, h)[e] for v ~ S(h) (Eq. 7), as in MMSS_MKR; int64 [b] each → [b, dim]."""
        is_item = items >= 0
        v = self.items(items.clamp_min(0)) * is_item[:, None]
        return self.units.entity(v, self.entities(heads))

    # Scoring

    def pair_features(
        self, users: Tensor, items: Tensor, *, left_out: bool, sums: Sequence[Tensor] = ()
    ) -> Tensor:
        """Features of the head besides the inner product, int64 [b] each → [b, n_features].

        Args:
            users, items: the pairs.
            left_out: whether they are training positives, to be excluded from their counts.
            sums: see `PairFeatures.pairs`, [b] each.
        """
        ids = users.cpu().numpy(), items.cpu().numpy()
        known = [part.cpu().numpy() for part in sums]
        return self.used(self.features.pairs(*ids, left_out=left_out, sums=known))

    def products(self, final: Tensor, users: Tensor, items: Tensor) -> Tensor:
        """Inner products of training users and items, int64 [b] each → [b]."""
        return self.columns.sum(sampled_products(final, final, users, self.n_users + items))

    def head_scores(self, products: Tensor, features: Tensor) -> Tensor:
        """Scores of pairs from their inner products [b] and features [b, n_features] → [b]."""
        scores: Tensor = self.head(torch.cat([products[:, None], features], dim=1))
        return scores

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """The head's value for each pair."""
        products, own = self.products(self.final(), users, items), self.columns.share(len(users))
        features = self.pair_features(users[own], items[own], left_out=False)
        return self.columns.together(self.head_scores(products[own], features), len(users))

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One matrix product, and the pair features of a block."""
        final = self.final()
        return self.score_audience(
            self.features.members, users.cpu().numpy(), final[users], start, stop
        )

    def probability(self, scores: Tensor) -> Tensor:
        """ŷ of Eq. 3 with a mixture of activations, else calibrated on validation."""
        if self.mixture is not None:
            return torch.sigmoid(self.mixture(scores))
        return super().probability(scores)

    def score_audience(
        self, audience: Audience, rows: Ints, vectors: Tensor, start: int, stop: int
    ) -> Tensor:
        """Scores of people with the given final vectors, [len(rows), stop - start]."""
        first = self.n_users + start
        items = self.final()[first : first + stop - start]
        features = self.features.block(audience, rows, start, stop)
        return self.head_of_block(vectors @ items.T, *features)

    def head_of_block(self, product: Tensor, pair: Tensor, item: Tensor, user: Tensor) -> Tensor:
        """Scores from inner products [b, m] and features of the pairs, the items, the people."""
        if not self.config.path_features:
            pair = torch.zeros_like(pair)
        return self.head.separate(product[..., None], pair, item, user)

    def used(self, features: Tensor) -> Tensor:
        """Drop path-count features, if so configured."""
        if self.config.path_features:
            return features
        used = features.clone()
        used[..., : self.features.n_pair] = 0
        return used

    def forget(self) -> None:
        """Drop values cached while scoring."""
        self._layers = self._final = None


class PairHead(nn.Module):
    """s = w · x + a · relu(W x + b) over the features x of a pair, the inner product first.

    It starts as the inner product, plus the initial weights `linear` set by the caller.
    """

    def __init__(self, n_features: int, hidden: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_features, 1)
        with warnings.catch_warnings():  # torch warns of a layer without units (a linear head)
            warnings.filterwarnings("ignore", message="Initializing zero-element tensors")
            self.hidden = nn.Linear(n_features, hidden)
            self.out = nn.Linear(hidden, 1, bias=False)
        with torch.no_grad():
            self.linear.weight.zero_()
            self.linear.bias.zero_()
            self.linear.weight[0, 0] = 1.0
            self.out.weight.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """[…, n_features] → […]."""
        return self._sum(self.linear(x), self.hidden(x))

    def separate(self, *parts: Tensor) -> Tensor:
        """`forward` for features given in parts.

        Args:
            parts: of pairs ``[b, m, …]`` twice, of items ``[m, …]``, of people ``[b, …]``; their
                last axes together are the n_features.
        """
        product, pair, item, user = parts
        weight = torch.cat([self.linear.weight, self.hidden.weight])
        bias = torch.cat([self.linear.bias, self.hidden.bias])
        sizes = [part.shape[-1] for part in parts]
        by_part = torch.split(weight, sizes, dim=1)
        value = torch.cat([product, pair], dim=-1) @ torch.cat(by_part[:2], dim=1).T
        value = value + (item @ by_part[2].T + bias) + (user @ by_part[3].T)[:, None]
        return self._sum(value[..., :1], value[..., 1:])

    def _sum(self, linear: Tensor, hidden: Tensor) -> Tensor:
        result: Tensor = (linear + self.out(torch.relu(hidden))).squeeze(-1)
        return result
