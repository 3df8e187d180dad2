"""SHINE: autoencoders of the interaction, social and attribute networks, joined in one score.

Wang, Zhang, Hou, Xie, Guo and Liu, "SHINE: signed heterogeneous information network embedding for
sentiment link prediction", WSDM 2018. Equation numbers are that paper's.

The sentiment network is the user-item network, the profile network of the items their triples, as
in the same authors' comparisons. If there are facts about users, the paper's other two networks are
used as well: the social network (relations between users, taken in both directions) and the users'
profiles (their attributes); a kind of relation missing from the data set has no network. The
sentiment adjacency has only training positives: the paper's signed entries would need the sampled
negatives, whose number per user leaks the held-out rows. The pair to be scored is removed from both
adjacency rows, as the input would otherwise contain the label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.graph import KnowledgeGraph
from recommender.data.negatives import InteractionSampler
from recommender.data.splits import TrainingSplit
from recommender.data.tables import IntArray
from recommender.layers.mlp import Dense
from recommender.layers.penalty import squared_norm
from recommender.layers.sampled_products import sampled_products
from recommender.models.base import ModelConfig, Recommender, TrainingTask
from recommender.models.click_task import ClickTask, cross_entropy

__all__ = ["SHINE", "SHINEConfig"]


class SHINEConfig(ModelConfig):
    """Settings of SHINE."""

    dim: int = Field(32, ge=1, description="d: length of the codes")
    hidden_dim: int = Field(64, ge=1, description="units between an adjacency row and its code")
    activation: Literal["relu", "sigmoid", "tanh"] = Field(
        "relu", description="sigma of Eq. 1, in all layers but the last of a decoder"
    )
    joined: Literal["sum", "max", "concat"] = Field(
        "sum", description="g: combination of the codes of several networks (Section 4.4)"
    )
    user_networks: bool = Field(
        True, description="use facts about users (friends, age), if available"
    )
    similarity: Literal["dot", "euclidean", "logistic"] = Field(
        "dot", description="f: similarity of user and item (Section 4.4)"
    )
    alpha: float = Field(
        10.0,
        ge=1,
        description="alpha of Eq. 2: additional weight of known links in the reconstruction",
    )
    rebuild_weight: float = Field(
        1e-3, ge=0, description="lambda of Eq. 9: weight of the autoencoders' losses"
    )
    l2_weight: float = Field(1e-5, ge=0, description="weight of the L2 penalty of the matrices")
    lr: float = Field(3e-3, gt=0, description="learning rate")
    batch_size: int = Field(1024, ge=1, description="rows per step")


class _Autoencoder(nn.Module):
    """Two layers to a code and two back, over sparse 0/1 rows (Eq. 1).

    The first layer is a sum of the rows of `first`, one per link, without a dense input.
    """

    def __init__(self, n_inputs: int, hidden: int, dim: int, activation: str) -> None:
        super().__init__()
        self.first = nn.Parameter(nn.init.xavier_uniform_(torch.empty(n_inputs, hidden)))
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.second = Dense(hidden, dim, activation)
        self.third = Dense(dim, hidden, activation)
        self.fourth = Dense(hidden, n_inputs, "linear")

    def total(self, links: Tensor, start: Tensor) -> Tensor:
        """Sums of the links' rows, [b, hidden]; the lists are concatenated, from `start` on."""
        return functional.embedding_bag(links, self.first, start, mode="sum")

    def code(self, total: Tensor, left_out: Tensor | None = None) -> Tensor:
        """Codes [b, dim] of sums; `left_out` [b] removes one link from each (-1: none)."""
        if left_out is not None:
            out = functional.embedding(left_out.clamp_min(0), self.first)
            total = total - out * (left_out >= 0).to(out.dtype)[:, None]
        code: Tensor = self.second(self.second.activate(total + self.bias))
        return code

    def rebuild_loss(self, code: Tensor, row: Tensor, column: Tensor, alpha: float) -> Tensor:
        """Σ ‖(x − x̂) ⊙ l‖² of Eq. 2 over the batch; the ones of x are at (row, column).

        l is `alpha` at the ones and 1 elsewhere. The squares of all of x̂ = H Wᵀ + 1 bᵀ are summed
        through HᵀH and WᵀW, so that x̂ is only computed at the ones.
        """
        hidden: Tensor = self.third(code)
        weight, bias = self.fourth.weight, self.fourth.bias
        everywhere = (
            ((hidden.T @ hidden) * (weight.T @ weight)).sum()
            + 2 * hidden.sum(dim=0) @ (bias @ weight)
            + len(code) * (bias @ bias)
        )
        at_ones = sampled_products(hidden, weight, row, column) + bias[column]
        errors = 1 - at_ones
        return everywhere - at_ones @ at_ones + alpha * alpha * (errors @ errors)


@dataclass(frozen=True)
class _Rows:
    """Adjacency rows of a batch.

    Attributes:
        total: sums over the links of each distinct row, [n, hidden].
        inverse: index of the distinct row of each batch element, [b].
        row, links: the ones of the rows, as coordinates.
    """

    total: Tensor
    inverse: Tensor
    row: Tensor
    links: Tensor

    def each(self) -> Tensor:
        """`total` for every element of the batch, [b, hidden]."""
        return functional.embedding(self.inverse, self.total)


class SHINE(Recommender):
    """SHINE: autoencoders over the interaction, profile and social networks.

    Attributes:
        of_users, of_items: names of the networks from which user and item codes are built.
    """

    name = "shine"
    Config = SHINEConfig
    config: SHINEConfig
    known: Tensor

    def __init__(self, config: SHINEConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        shape = (config.hidden_dim, config.dim, config.activation)
        self.user_coder = _Autoencoder(train.n_items, *shape)
        self.item_coder = _Autoencoder(train.n_users, *shape)
        self.profile_coder = _Autoencoder(train.n_entities, *shape)
        users, items = np.divmod(train.positive_keys, train.n_items)
        self._lists("user", users, items, train.n_users)
        self._lists("item", items, users, train.n_items)
        offsets, neighbours = train.graph.adjacency
        self._keep("profile", offsets[: train.n_items + 1], neighbours)
        self.of_items: tuple[str, ...] = ("item", "profile")
        self.of_users: tuple[str, ...] = ("user",)
        if config.user_networks and train.user_graph is not None:
            self._add_user_networks(train.user_graph, shape)
        size = config.dim * (len(self.of_items) if config.joined == "concat" else 1)
        if config.joined == "concat" and len(self.of_users) != len(self.of_items):
            self.widen = Dense(len(self.of_users) * config.dim, size, "linear")
        if config.similarity == "logistic":
            self.logistic = Dense(2 * size, 1, "linear")
        self.similarity_bias = nn.Parameter(torch.zeros(()))
        self.register_buffer("known", torch.from_numpy(train.positive_keys), persistent=False)

    def _add_user_networks(self, graph: KnowledgeGraph, shape: tuple[int, int, str]) -> None:
        """Add the social network and the users' profiles, if the graph has them."""
        offsets, neighbours = graph.adjacency
        owners = np.repeat(np.arange(graph.n_entities), np.diff(offsets))
        of_user = owners < self.n_users
        social = of_user & (neighbours < self.n_users)
        for name, chosen, first, last in (
            ("social", social, 0, self.n_users),
            ("attribute", of_user & ~social, self.n_users, graph.n_entities),
        ):
            if chosen.any():
                self.add_module(f"{name}_coder", _Autoencoder(last - first, *shape))
                self._lists(name, owners[chosen], neighbours[chosen] - first, self.n_users)
                self.of_users = (*self.of_users, name)

    def _lists(self, name: str, owners: IntArray, members: IntArray, n: int) -> None:
        order = np.lexsort((members, owners))
        offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=n))])
        self._keep(name, offsets, members[order])

    def _keep(self, name: str, offsets: IntArray, members: IntArray) -> None:
        start = torch.from_numpy(np.asarray(offsets, dtype=np.int64).copy())
        self.register_buffer(f"{name}_start", start, persistent=False)
        links = torch.from_numpy(members[: offsets[-1]].copy())
        self.register_buffer(f"{name}_links", links, persistent=False)

    def links(self, name: str, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Adjacency rows of `ids` [b]: columns of the ones, row starts, and row indices."""
        offsets, members = getattr(self, f"{name}_start"), getattr(self, f"{name}_links")
        first, count = offsets[ids], offsets[ids + 1] - offsets[ids]
        row = torch.repeat_interleave(torch.arange(len(ids), device=ids.device), count)
        start = torch.cumsum(count, 0) - count
        positions = torch.arange(len(row), device=ids.device) - start[row] + first[row]
        return members[positions], start, row

    def read(self, name: str, ids: Tensor) -> _Rows:
        """The adjacency rows of `ids` [b], each distinct one read once."""
        unique, inverse = torch.unique(ids, return_inverse=True)
        links, start, row = self.links(name, unique)
        return _Rows(self._coder(name).total(links, start), inverse, row, links)

    def _coder(self, name: str) -> _Autoencoder:
        coder: _Autoencoder = getattr(self, f"{name}_coder")
        return coder

    def user_code(self, networks: Mapping[str, _Rows], left_out: Tensor | None = None) -> Tensor:
        """Codes of users from their networks, joined, [b, size]."""
        code = self._joined(self.of_users, networks, left_out)
        return self.widen(code) if hasattr(self, "widen") else code

    def item_code(self, networks: Mapping[str, _Rows], left_out: Tensor | None = None) -> Tensor:
        """Codes of items from their networks, joined, [b, size]."""
        return self._joined(self.of_items, networks, left_out)

    def _joined(
        self, names: Sequence[str], networks: Mapping[str, _Rows], left_out: Tensor | None
    ) -> Tensor:
        """g of Section 4.4; the first network is that of the interactions."""
        codes = [
            self._coder(name).code(networks[name].each(), None if number else left_out)
            for number, name in enumerate(names)
        ]
        if self.config.joined == "concat":
            return torch.cat(codes, dim=1)
        together = torch.stack(codes)
        return together.sum(dim=0) if self.config.joined == "sum" else together.amax(dim=0)

    def similarity(self, user: Tensor, item: Tensor) -> Tensor:
        """f of Section 4.4, [b]."""
        if self.config.similarity == "dot":
            value = (user * item).sum(dim=1)
        elif self.config.similarity == "euclidean":
            value = -((user - item) * (user - item)).sum(dim=1)
        else:
            value = self.logistic(torch.cat([user, item], dim=1)).squeeze(1)
        return value + self.similarity_bias

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """Similarity of the pairs, [b]; each pair is removed from its adjacency rows."""
        return self._score(users, items, self._read(users, items))

    def _read(self, users: Tensor, items: Tensor) -> dict[str, _Rows]:
        """The adjacency rows in every network, by its name."""
        return {
            **{name: self.read(name, users) for name in self.of_users},
            **{name: self.read(name, items) for name in self.of_items},
        }

    def _score(self, users: Tensor, items: Tensor, networks: Mapping[str, _Rows]) -> Tensor:
        liked = self._liked(users, items)
        user = self.user_code(networks, torch.where(liked, items, -1))
        item = self.item_code(networks, torch.where(liked, users, -1))
        return self.similarity(user, item)

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """Scores of the items start … stop - 1 for each user, [b, stop - start].

        Codes are computed once per user and item; only pairs with links to remove are computed
        individually.
        """
        if self.config.similarity != "dot":
            return super().score_items(users, start, stop)
        items = torch.arange(start, stop, device=users.device)
        networks = self._read(users, items)
        user, item = self.user_code(networks), self.item_code(networks)
        scores = user @ item.T + self.similarity_bias
        liked, _, row = self.links("user", users)
        inside = (liked >= start) & (liked < stop)
        row, liked = row[inside], liked[inside]
        scores[row, liked - start] = self.score(users[row], liked)
        return scores

    def _liked(self, users: Tensor, items: Tensor) -> Tensor:
        keys = users * self.n_items + items
        positions = torch.searchsorted(self.known, keys).clamp_max(len(self.known) - 1)
        return self.known[positions] == keys

    def loss(self, users: Tensor, items: Tensor, labels: Tensor, share: float) -> Tensor:
        """Eq. 9: cross-entropy of the pairs, the autoencoders' losses, the L2 penalty.

        A batch rebuilds the adjacency rows of its users and items, each once, whole.
        """
        config = self.config
        networks = self._read(users, items)
        loss = cross_entropy(self._score(users, items, networks), labels, share)
        if config.rebuild_weight:
            for name, rows in networks.items():
                coder = self._coder(name)
                rebuilt = coder.rebuild_loss(
                    coder.code(rows.total), rows.row, rows.links, config.alpha
                )
                loss = loss + config.rebuild_weight * share / len(rows.total) * rebuilt
        if config.l2_weight:
            weights = [p for p in self.parameters() if p.dim() > 1]
            norm = torch.stack([squared_norm(weight) for weight in weights]).sum()
            loss = loss + config.l2_weight / 2 * share * norm
        return loss

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The task of the networks and the pairs together."""
        config = self.config
        return [
            ClickTask(
                self, samples, self.loss, learning_rate=config.lr, batch_size=config.batch_size
            )
        ]
