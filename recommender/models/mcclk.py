"""MCCLK: contrastive learning across three graph views of users and items.

Zou, Wei, Mao, Wang, Qiu, Zhu and Cao, "Multi-level cross-view contrastive learning for
knowledge-aware recommender system", SIGIR 2022. Equation numbers are that paper's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pydantic import Field
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.matrices import positive_matrix
from recommender.data.pairs import PairSource
from recommender.data.splits import TrainingSplit
from recommender.layers.edges import Edges, Neighbourhoods
from recommender.layers.sparse import SparseMatrix
from recommender.models.base import ModelConfig
from recommender.models.inner_product import InnerProductRecommender, bpr, xavier
from recommender.models.lightgcn import normalised_bipartite

__all__ = ["MCCLK", "MCCLKConfig", "Views"]

_SIMILARITIES = 2**24  # in memory at a time while the item graph is built


class MCCLKConfig(ModelConfig):
    """Settings of `MCCLK`: the published ones, but beta (0.1 there) and lambda, by validation."""

    dim: int = Field(64, ge=1, description="d: length of every embedding")
    collaborative_layers: int = Field(2, ge=1, description="K: depth of the collaborative view")
    semantic_hops: int = Field(2, ge=1, description="K': hops for the items' similarity")
    semantic_layers: int = Field(1, ge=1, description="L: depth of the semantic view")
    structural_layers: int = Field(2, ge=1, description="L': depth of the structural view")
    neighbours: int = Field(10, ge=1, description="k: most similar items kept per item")
    contrast_weight: float = Field(
        0.01, ge=0, description="beta: weight of both contrastive losses"
    )
    local_share: float = Field(0.2, ge=0, le=1, description="alpha: share of the local one")
    temperature: float = Field(0.5, gt=0, description="tau of the contrastive losses")
    contrast_size: int = Field(
        512,
        ge=2,
        description="maximum number of a batch's users, and of its items, in the contrast",
    )
    normalise: bool = Field(
        True,
        description="normalise every graph layer's output to length 1, as the public code does",
    )
    node_dropout: float = Field(0.5, ge=0, lt=1, description="share of triples dropped per step")
    message_dropout: float = Field(0.1, ge=0, lt=1, description="dropout of a layer's output")
    lr: float = Field(3e-3, gt=0, description="learning rate")
    l2_weight: float = Field(0.3, ge=0, description="lambda: weight of the squared embeddings")
    pairs: PairSource = Field(
        "uniform",
        description="negative of a pair: a uniform item without a positive of the user in "
        "train, as in the paper, or one of the run's own rows",
    )
    batch_size: int = Field(2048, ge=1, description="pairs per step")


@dataclass(frozen=True, eq=False)
class Views:
    """z of every view: structural (g) and collaborative (c) ones of both sides, semantic (s).

    Attributes:
        user_structural, user_collaborative: ``[n_users, dim]``.
        item_structural, item_collaborative, item_semantic: ``[n_items, dim]``.
    """

    user_structural: Tensor
    user_collaborative: Tensor
    item_structural: Tensor
    item_collaborative: Tensor
    item_semantic: Tensor


class MCCLK(InnerProductRecommender):
    """MCCLK: contrastive learning across views on a local and on a global level.

    The collaborative view is LightGCN over likes (Eq. 5 and 6); the semantic view LightGCN (Eq. 7
    and 8) over the graph of most similar items (Eq. 1 to 4); the structural view attends over the
    whole graph (Eq. 11 to 13). The local loss contrasts an item's first two (Eq. 9 and 10), the
    global one both of them with the third (Eq. 14 to 16). Scores are inner products of the views
    side by side (Eq. 17 and 18), the loss is BPR's plus β (α local + (1 - α) global) (Eq. 20).

    The graph of similar items is built at the start of each epoch, without gradients.
    """

    name = "mcclk"
    Config = MCCLKConfig
    config: MCCLKConfig
    similar_items: Tensor
    similarities: Tensor

    def __init__(self, config: MCCLKConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        graph = train.graph.with_inverses()
        self.users = xavier(train.n_users, config.dim)
        self.entities = xavier(train.n_entities, config.dim)
        self.relations = xavier(graph.n_relations, config.dim)
        self.local_head, self.global_head = _projection(config.dim), _projection(config.dim)
        self.facts = Neighbourhoods.of_graph(graph)
        positives = positive_matrix(train)
        self.smooth = SparseMatrix(normalised_bipartite(positives))
        self.liked_mean = SparseMatrix(_row_means(positives))
        self._item_graph: SparseMatrix | None = None
        # Buffers, so that a run is scored with its training graph.
        shape = train.n_items, min(config.neighbours, train.n_items)
        self.register_buffer("similar_items", torch.zeros(shape, dtype=torch.int64))
        self.register_buffer("similarities", torch.zeros(shape))
        self.begin_epoch()

    @torch.no_grad()
    def begin_epoch(self) -> None:
        """Eq. 1 to 3: the k most similar items of each, including itself, with similarities."""
        facts = self.facts()
        entities: Tensor = self.entities
        for _ in range(self.config.semantic_hops):
            entities = facts.mean(facts.messages(entities, self.relations))
        items = functional.normalize(entities[: self.n_items])
        rows = max(1, _SIMILARITIES // self.n_items)
        for start in range(0, self.n_items, rows):
            block = slice(start, start + rows)
            nearest = (items[block] @ items.T).topk(self.similarities.shape[1], dim=1)
            self.similar_items[block] = nearest.indices
            self.similarities[block] = nearest.values.clamp_min(0)
        self.forget()

    def item_graph(self) -> SparseMatrix:
        """D^-½ Ŝ D^-½ (Eq. 4): [n_items, n_items]."""
        if self._item_graph is None:
            n, k = self.similarities.shape
            degrees = self.similarities.sum(dim=1)
            scale = degrees.clamp_min(torch.finfo(degrees.dtype).tiny).rsqrt() * (degrees > 0)
            values = self.similarities * scale[:, None] * scale[self.similar_items]
            offsets = torch.arange(0, n * k + 1, k)
            columns = (values.double(), self.similar_items, offsets)
            parts = tuple(column.cpu().numpy().reshape(-1) for column in columns)
            matrix = SparseMatrix(csr_array(parts, shape=(n, n)))
            self._item_graph = matrix.to(self.device, self.similarities.dtype)
        return self._item_graph

    def forget(self) -> None:
        """Drop values cached while scoring, and the item graph as a matrix."""
        super().forget()
        self._item_graph = None

    def collaborative(self) -> tuple[Tensor, Tensor]:
        """z^c of users and items (Eq. 5 and 6)."""
        layer = total = torch.cat([self.users, self.entities[: self.n_items]])
        for _ in range(self.config.collaborative_layers):
            layer = self.smooth(layer)
            total = total + layer
        return total[: self.n_users], total[self.n_users :]

    def semantic(self) -> Tensor:
        """z^s of the items (Eq. 7 and 8)."""
        graph = self.item_graph()
        layer = total = self.entities[: self.n_items]
        for _ in range(self.config.semantic_layers):
            layer = graph(layer)
            total = total + layer
        return total

    def structural(self) -> tuple[Tensor, Tensor]:
        """z^g of users and items (Eq. 11 and 13)."""
        facts = self.facts(self.config.node_dropout)
        user: Tensor = self.users
        entity: Tensor = self.entities
        users, entities = user, entity
        for _ in range(self.config.structural_layers):
            messages = facts.messages(entity, self.relations)
            attended = messages * self.attention(facts, entity)[:, None]
            user = self._output(self.liked_mean(entity[: self.n_items]))
            entity = self._output(facts.mean(attended))
            users, entities = users + user, entities + entity
        return users, entities[: self.n_items]

    def attention(self, facts: Edges, entities: Tensor) -> Tensor:
        """β of every edge (Eq. 12): (e_i ‖ e_r)ᵀ (e_v ‖ e_r) = e_iᵀ e_v + e_rᵀ e_r; [e]."""
        ends = facts.head_vectors(entities) * facts.tail_vectors(entities)
        relation = self.relations.square().sum(dim=1)
        return facts.softmax(ends.sum(dim=1) + relation.index_select(0, facts.relations))

    def _output(self, vectors: Tensor) -> Tensor:
        """Output of a layer of the structural view; [n, dim]."""
        if self.config.normalise:
            vectors = functional.normalize(vectors)
        return functional.dropout(vectors, self.config.message_dropout, self.training)

    def views(self) -> Views:
        """z of all users and items in all views."""
        user_c, item_c = self.collaborative()
        user_g, item_g = self.structural()
        return Views(user_g, user_c, item_g, item_c, self.semantic())

    def propagate(self) -> tuple[Tensor, Tensor]:
        """z* of Eq. 17: [n_users, 2 dim] and [n_items, 2 dim]."""
        return _side_by_side(self.views())

    def loss(self, users: Tensor, positives: Tensor, negatives: Tensor, share: float) -> Tensor:
        """Eq. 20 over a batch: BPR and penalty as means over its pairs."""
        config, views = self.config, self.views()
        user, item = _side_by_side(views)
        items = torch.cat([positives, negatives])
        ranking = bpr(user[users], item[positives], item[negatives])
        used = torch.cat([self.users.index_select(0, users), self.entities.index_select(0, items)])
        total = (ranking + config.l2_weight * used.square().sum()) / len(users)
        if config.contrast_weight:
            some_users, some_items = self._some(users), self._some(items)
            local = self.local_contrast(views, some_items)
            overall = self.global_contrast(views, some_users, some_items)
            mixed = config.local_share * local + (1 - config.local_share) * overall
            total = total + config.contrast_weight * mixed
        return total * share

    def _some(self, ids: Tensor) -> Tensor:
        """The distinct ids of a batch, or a random sample up to the limit of the contrast."""
        different: Tensor = torch.unique(ids)
        if len(different) > self.config.contrast_size:
            drawn = torch.randperm(len(different), device=ids.device)
            different = different[drawn[: self.config.contrast_size]]
        return different

    def local_contrast(self, views: Views, items: Tensor) -> Tensor:
        """L^local (Eq. 9 and 10), the mean over some items; int64 [m] → a scalar."""
        semantic, collaborative = (
            self.local_head(z.index_select(0, items))
            for z in (views.item_semantic, views.item_collaborative)
        )
        return contrast(semantic, collaborative, self.config.temperature).mean()

    def global_contrast(self, views: Views, users: Tensor, items: Tensor) -> Tensor:
        """L^global (Eq. 14 to 16) over some users and some items; a scalar."""
        local_items = views.item_collaborative + views.item_semantic
        sides = (
            (views.item_structural, local_items, items),
            (views.user_structural, views.user_collaborative, users),
        )
        total = views.item_structural.new_zeros(())
        for structural, local, ids in sides:
            a, b = (self.global_head(z.index_select(0, ids)) for z in (structural, local))
            tau = self.config.temperature
            total = total + (contrast(a, b, tau) + contrast(b, a, tau)).mean() / 2
        return total


def _side_by_side(views: Views) -> tuple[Tensor, Tensor]:
    """z^g ‖ z^c of the users, z^g ‖ (z^c + z^s) of the items (Eq. 17)."""
    items = views.item_collaborative + views.item_semantic
    return (
        torch.cat([views.user_structural, views.user_collaborative], dim=1),
        torch.cat([views.item_structural, items], dim=1),
    )


def _projection(dim: int) -> nn.Sequential:
    """W(2) σ(W(1) z + b(1)) + b(2) of Eq. 9 and 14, σ being ELU."""
    return nn.Sequential(nn.Linear(dim, dim), nn.ELU(), nn.Linear(dim, dim))


def _row_means(matrix: csr_array) -> csr_array:
    """Divide the rows of a 0/1 matrix by their sums; returns a copy."""
    counts = matrix.sum(axis=1)
    return csr_array(matrix.multiply(1 / counts.clip(min=1)[:, None]))


def contrast(anchors: Tensor, others: Tensor, temperature: float) -> Tensor:
    """InfoNCE of every anchor with negatives from both views (Eq. 10 and 15 of MCCLK).

    -log(e^{s(a_i, b_i)/τ} / (e^{s(a_i, b_i)/τ} + Σ_{k≠i} e^{s(a_i, a_k)/τ} + Σ_{k≠i}
    e^{s(a_i, b_k)/τ})), s the cosine.

    Args:
        anchors: a, ``[m, d]``.
        others: b, ``[m, d]``, row i paired with row i of `anchors`.
        temperature: τ.

    Returns:
        ``[m]``.
    """
    a, b = functional.normalize(anchors), functional.normalize(others)
    within, across = a @ a.T / temperature, a @ b.T / temperature
    itself = torch.eye(len(a), dtype=torch.bool, device=a.device)
    logits = torch.cat([across, within.masked_fill(itself, -torch.inf)], dim=1)
    return logits.logsumexp(dim=1) - across.diagonal()
