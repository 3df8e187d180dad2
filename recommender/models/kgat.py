"""KGAT: attentive propagation over the joint graph of users, items and entities.

Wang, He, Cao, Liu and Chua, "KGAT: knowledge graph attention network for recommendation",
KDD 2019. Equation numbers are that paper's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.graph import KnowledgeGraph
from recommender.data.negatives import InteractionSampler
from recommender.data.pairs import PairSource
from recommender.data.splits import TrainingSplit
from recommender.layers.edges import Neighbourhoods
from recommender.layers.relation_products import relation_products
from recommender.layers.sparse import SparseMatrix
from recommender.models.base import ModelConfig, TrainingTask
from recommender.models.inner_product import InnerProductRecommender, bpr, xavier

__all__ = ["KGAT", "KGATConfig", "collaborative_graph"]

_SLOPE = 0.2  # slope of LeakyReLU for negative values, the default of the authors' library
_ROUNDS = 100


class KGATConfig(ModelConfig):
    """Settings of `KGAT`: the paper's, except learning rates and batch_size (by validation)."""

    dim: int = Field(64, ge=1, description="d: length of the embeddings of all nodes")
    relation_dim: int = Field(64, ge=1, description="k: length of the relations' vectors")
    layer_dims: tuple[int, ...] = Field(
        (64, 32, 16), description="length of the vectors after each propagation layer"
    )
    normalise: bool = Field(
        True,
        description="normalise every layer's output to length 1 in the final vector, as "
        "the authors' code does",
    )
    message_dropout: float = Field(0.1, ge=0, lt=1, description="dropout of a layer's output")
    lr: float = Field(3e-3, gt=0, description="learning rate, recommendation")
    lr_kge: float = Field(1e-3, gt=0, description="learning rate, knowledge graph")
    kge_interval: int = Field(
        1, ge=0, description="epochs between trainings of the graph embedding; 0: never"
    )
    l2_weight: float = Field(1e-5, ge=0, description="lambda: weight of the squared embeddings")
    pairs: PairSource = Field(
        "uniform",
        description="negative of a pair: an item drawn uniformly from those that are not training "
        "positives of the user, as in the paper, or one of the run's own rows",
    )
    batch_size: int = Field(2048, ge=1, description="pairs per step")
    kge_batch_size: int = Field(2048, ge=1, description="triples per step")


class KGAT(InnerProductRecommender):
    """KGAT: attentive propagation over the collaborative knowledge graph.

    Users are entities, and interactions are triples (`collaborative_graph`). TransR's distance g
    (Eq. 1) is trained by Eq. 2; a neighbour's weight π is its TransR attention (Eq. 4) after a
    softmax (Eq. 5); layers combine a node with its neighbourhood by the bi-interaction aggregator
    (Eq. 8); the final vector concatenates all layers (Eq. 11), the score is an inner product (Eq.
    12), the loss BPR's (Eq. 13), alternated with Eq. 2 (Eq. 14).

    π is computed at the start of each epoch, without gradients.
    """

    name = "kgat"
    Config = KGATConfig
    config: KGATConfig
    attention: Tensor

    def __init__(self, config: KGATConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self.n_entities = train.n_entities
        self.graph = collaborative_graph(train)
        shape = self.graph.n_relations, config.relation_dim, config.dim
        self.nodes = xavier(self.graph.n_entities, config.dim)
        self.relations = xavier(*shape[:2])
        self.matrices = nn.Parameter(torch.stack([xavier(*shape[1:]) for _ in range(shape[0])]))
        dims = (config.dim, *config.layer_dims)
        self.sums, self.products = (
            nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(dims))
            for _ in range(2)
        )
        for layer in (*self.sums, *self.products):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.neighbourhoods = Neighbourhoods.of_graph(self.graph)
        self._adjacency: SparseMatrix | None = None
        # A buffer, so that a run is scored with its training weights.
        self.register_buffer("attention", torch.zeros(len(self.graph)))
        self.begin_epoch()

    def distance(self, heads: Tensor, relations: Tensor, tails: Tensor) -> Tensor:
        """g(h, r, t) = ‖W_r e_h + e_r - W_r e_t‖² (Eq. 1); int64 [b] → [b]."""
        gaps = self.nodes.index_select(0, heads) - self.nodes.index_select(0, tails)
        moved = relation_products(gaps, relations, self.matrices)
        return (moved + self.relations.index_select(0, relations)).square().sum(dim=1)

    @torch.no_grad()
    def begin_epoch(self) -> None:
        """Eq. 4 and 5: π of all triples."""
        edges = self.neighbourhoods()
        ends = torch.cat([edges.head_vectors(self.nodes), edges.tail_vectors(self.nodes)])
        seen = relation_products(ends, edges.relations.repeat(2), self.matrices)
        head, tail = seen.chunk(2)
        relation = self.relations.index_select(0, edges.relations)
        scores = (tail * torch.tanh(head + relation)).sum(dim=1)
        self.attention.copy_(edges.softmax(scores))
        self.forget()

    def adjacency(self) -> SparseMatrix:
        """π as a matrix [n_nodes, n_nodes]."""
        if self._adjacency is None:
            edges = self.neighbourhoods()
            n = edges.n_heads
            columns = (self.attention.double(), edges.heads, edges.tails)
            values, heads, tails = (column.cpu().numpy() for column in columns)
            matrix = csr_array((values, (heads, tails)), shape=(n, n))
            self._adjacency = SparseMatrix(matrix).to(self.device, self.nodes.dtype)
        return self._adjacency

    def propagate(self) -> tuple[Tensor, Tensor]:
        """Eq. 8 to 11."""
        config, adjacency = self.config, self.adjacency()
        layer: Tensor = self.nodes
        layers = [layer]
        for of_sum, of_product in zip(self.sums, self.products, strict=True):
            near = adjacency(layer)
            joined = functional.leaky_relu(of_sum(layer + near), _SLOPE)
            met = functional.leaky_relu(of_product(layer * near), _SLOPE)
            layer = functional.dropout(joined + met, config.message_dropout, self.training)
            layers.append(functional.normalize(layer) if config.normalise else layer)
        final = torch.cat(layers, dim=1)
        return final[self.n_entities :], final[: self.n_items]

    def forget(self) -> None:
        """Drop values cached while scoring, and π as a matrix."""
        super().forget()
        self._adjacency = None

    def loss(self, users: Tensor, positives: Tensor, negatives: Tensor, share: float) -> Tensor:
        """Eq. 13 and the penalty on the embeddings in use; the mean over the batch."""
        user, item = self.propagate()
        rows = torch.cat([users + self.n_entities, positives, negatives])
        ranking = bpr(user[users], item[positives], item[negatives])
        penalty = self.nodes.index_select(0, rows).square().sum()
        return (ranking + self.config.l2_weight * penalty) * (share / len(users))

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The ranking task, then the graph embedding (Eq. 14)."""
        tasks = list(super().tasks(samples))
        if self.config.kge_interval:
            tasks.append(_Embedding(self))
        return tasks

    def ranking_parameters(self) -> Sequence[nn.Parameter]:
        """The nodes' vectors and the layers; Eq. 13 has no gradient for Eq. 1's other weights."""
        return [self.nodes, *self.sums.parameters(), *self.products.parameters()]


class _Embedding(TrainingTask):
    """TransR over the collaborative knowledge graph, trained against triples with false tails."""

    name = "knowledge_graph"

    def __init__(self, model: KGAT) -> None:
        config = model.config
        self.model = model
        self.learning_rate, self.batch_size = config.lr_kge, config.kge_batch_size
        self.interval = config.kge_interval

    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Columns heads, relations, tails, false tails; a false tail is any node."""
        graph = self.model.graph
        false = rng.integers(graph.n_entities, size=len(graph))
        again = np.arange(len(graph))
        for _ in range(_ROUNDS):
            again = again[graph.contains(graph.head[again], graph.relation[again], false[again])]
            if not len(again):
                break
            false[again] = rng.integers(graph.n_entities, size=len(again))
        return graph.head, graph.relation, graph.tail, false

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """Eq. 2 and the penalty on the embeddings in use; the mean over the batch."""
        heads, relations, tails, false = columns
        model = self.model
        both = torch.cat([tails, false])
        true, other = model.distance(heads.repeat(2), relations.repeat(2), both).chunk(2)
        used = model.nodes.index_select(0, torch.cat([heads, both]))
        penalty = used.square().sum() + model.relations[relations].square().sum()
        total = functional.softplus(true - other).sum() + model.config.l2_weight * penalty
        return total * (share / len(heads))

    def parameters(self) -> Sequence[nn.Parameter]:
        """Parameters of g."""
        return [self.model.nodes, self.model.relations, self.model.matrices]


def collaborative_graph(train: TrainingSplit) -> KnowledgeGraph:
    """The knowledge graph with its users: (u, Interact, i) of every positive; all with inverses.

    Entities keep their ids, user u is node n_entities + u, Interact follows the other relations.
    """
    graph = train.graph
    users, items = np.divmod(train.positive_keys, train.n_items)
    return KnowledgeGraph(
        np.concatenate([graph.head, users + graph.n_entities]),
        np.concatenate([graph.relation, np.full(len(users), graph.n_relations)]),
        np.concatenate([graph.tail, items]),
        graph.n_entities + train.n_users,
        graph.n_relations + 1,
    ).with_inverses()
