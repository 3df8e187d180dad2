"""RippleNet: user vectors by attention over graph triples expanding from the history.

Wang, Zhang, Wang, Zhao, Li, Xie and Guo, "RippleNet: propagating user preferences on the
knowledge graph for recommender systems", CIKM 2018. Equation numbers are that paper's.
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
from recommender.data.tables import IntArray
from recommender.layers.neighbourhood import draw_fixed
from recommender.models.base import ModelConfig, Recommender, TrainingTask
from recommender.models.click_task import ClickTask, cross_entropy

__all__ = ["RippleNet", "RippleNetConfig", "ripple_sets"]

_BLOCK = 4096  # pairs scored per batch
_USERS = 16  # users scored per batch against many items


class RippleNetConfig(ModelConfig):
    """Settings of RippleNet; the defaults are those that its authors' later papers give it on
    Last.FM, and for the rest those of the public code. One is not: with the published l2_weight of
    1e-5 the penalty is ten times the cross-entropy at first, and one training in seven ended
    with all vectors near zero and an AUC of 0.5; 1e-6 was chosen on validation.
    """

    dim: int = Field(16, ge=1, description="d: length of every embedding")
    hops: int = Field(3, ge=1, description="H: ripple sets per user")
    memories: int = Field(32, ge=1, description="triples per ripple set, sampled once")
    undirected: bool = Field(
        False, description="also follow relations backwards, with separate matrices"
    )
    item_update: Literal["none", "replace", "plus", "replace_transform", "plus_transform"] = Field(
        "plus_transform", description="update of the item after each hop (modes of the public code)"
    )
    using_all_hops: bool = Field(
        True,
        description="represent a user by the sum of all hops' responses (Eq. 5), or by the last",
    )
    kge_weight: float = Field(0.02, ge=0, description="lambda_2 of Eq. 9: weight of the KG term")
    l2_weight: float = Field(
        1e-6, ge=0, description="lambda_1 of Eq. 9: weight of the L2 penalty of a batch's memories"
    )
    lr: float = Field(5e-3, gt=0, description="eta: learning rate")
    batch_size: int = Field(1024, ge=1, description="rows per step")


class RippleNet(Recommender):
    """RippleNet: preferences propagate over ripple sets of triples around a user's history."""

    name = "ripplenet"
    Config = RippleNetConfig
    config: RippleNetConfig
    memories: Tensor
    head: Tensor
    tail: Tensor
    relation: Tensor

    def __init__(self, config: RippleNetConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        graph = train.graph
        head, relation, tail = graph.head, graph.relation, graph.tail
        self.n_relations = graph.n_relations
        if config.undirected:
            head, tail = np.concatenate([head, tail]), np.concatenate([tail, head])
            relation = np.concatenate([relation, relation + self.n_relations])
            self.n_relations *= 2
        order = np.argsort(relation, kind="stable")  # by relation: one matrix product each
        head, relation, tail = head[order], relation[order], tail[order]
        for name, column in (("head", head), ("relation", relation), ("tail", tail)):
            self.register_buffer(name, torch.from_numpy(column), persistent=False)
        # From torch's generator, which the registry seeds; a buffer, so that a run keeps its
        # sample.
        rng = np.random.default_rng(int(torch.randint(2**62, (1,))))
        sets = ripple_sets(train, head, tail, config.hops, config.memories, rng)
        self.register_buffer("memories", torch.from_numpy(sets.astype(np.int32)))
        self.entities = nn.Embedding(train.n_entities, config.dim)
        self.relations = nn.Parameter(torch.empty(self.n_relations, config.dim, config.dim))
        self.transform = nn.Parameter(torch.empty(config.dim, config.dim))
        nn.init.xavier_uniform_(self.entities.weight)
        nn.init.xavier_uniform_(self.transform)
        for matrix in self.relations:
            nn.init.xavier_uniform_(matrix)

    def turned_heads(self, triples: Tensor | None = None) -> Tensor:
        """R h of Eq. 4, for all triples or some (sorted indices); [n, dim].

        Computed once per triple instead of once per memory, relation by relation, so that no matrix
        is copied.
        """
        head, relation = self.head, self.relation
        if triples is not None:
            head, relation = head[triples], relation[triples]
        counts = torch.bincount(relation, minlength=self.n_relations).tolist()
        parts = torch.split(self.entities(head), counts)
        return torch.cat(
            [
                part @ self.relations[r].T
                for r, (part, count) in enumerate(zip(parts, counts, strict=True))
                if count
            ]
        )

    def ripple(self, items: Tensor, memories: Tensor, turned: Tensor, tails: Tensor) -> Tensor:
        """û · v of Eq. 7, [b].

        Args:
            items: int64 [b].
            memories: indices into the next two, [b, hops, memories]; -1 for none.
            turned: R h of triples, [n, dim].
            tails: entities of the same triples, int64 [n].
        """
        some = (memories[:, 0, :1] >= 0).to(turned.dtype)
        memories = memories.clamp_min(0)
        item: Tensor = self.entities(items)
        answers: list[Tensor] = []
        for hop in range(self.config.hops):
            places = memories[:, hop]
            # If no triple starts at the tails, every hop repeats the first.
            if not hop or not torch.equal(places, memories[:, hop - 1]):
                keys = functional.embedding(places, turned)  # [b, memories, dim]
                values = self.entities(tails[places])
            attention = torch.softmax(torch.bmm(keys, item.unsqueeze(2)).squeeze(2), dim=1)  # Eq. 4
            answer = torch.bmm(attention.unsqueeze(1), values).squeeze(1) * some  # Eq. 5
            item = self.updated(item, answer)
            answers.append(answer)
        user = torch.stack(answers).sum(dim=0) if self.config.using_all_hops else answers[-1]
        return (item * user).sum(dim=1)

    def updated(self, item: Tensor, answer: Tensor) -> Tensor:
        """The item after a hop, [b, dim]."""
        mode = self.config.item_update
        if mode == "none":
            return item
        item = answer if mode.startswith("replace") else item + answer
        return item @ self.transform if mode.endswith("transform") else item

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """Eq. 7 before its sigmoid, [b]; 0 for users from whose history no triple starts."""
        turned = self.turned_heads()
        blocks = [slice(start, start + _BLOCK) for start in range(0, max(len(users), 1), _BLOCK)]
        scores = [self.ripple(items[b], self.memories[users[b]], turned, self.tail) for b in blocks]
        return torch.cat(scores)

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """Eq. 7 before its sigmoid for the items start … stop - 1, [b, stop - start].

        A user's memories are the same for all items, so that hops are matrix products.
        """
        turned = self.turned_heads()
        scores = [self._score_block(u, start, stop, turned) for u in users.split(_USERS)]  # type: ignore[no-untyped-call]
        return torch.cat(scores)

    def _score_block(self, users: Tensor, start: int, stop: int, turned: Tensor) -> Tensor:
        memories = self.memories[users]
        some = (memories[:, 0, :1] >= 0).to(turned.dtype)[:, :, None]
        memories = memories.clamp_min(0)
        item = self.entities.weight[start:stop].expand(len(users), -1, -1)
        answers: list[Tensor] = []
        for hop in range(self.config.hops):
            keys = functional.embedding(memories[:, hop], turned)
            values = self.entities(self.tail[memories[:, hop]])
            attention = torch.softmax(item @ keys.transpose(1, 2), dim=2)
            answer = attention @ values * some
            item = self.updated(item, answer)
            answers.append(answer)
        user = torch.stack(answers).sum(dim=0) if self.config.using_all_hops else answers[-1]
        return (item * user).sum(dim=2)

    def loss(self, users: Tensor, items: Tensor, labels: Tensor, share: float) -> Tensor:
        """Eq. 9 as the public code computes it.

        Cross-entropy; less the mean over memories of σ(hᵀ R t), summed over hops; and the squares
        of h, t and R of every memory in the batch, and half of the transform's.
        """
        config = self.config
        memories = self.memories[users]
        triples, memories = self._used(memories)
        turned = self.turned_heads(triples)
        tails = self.tail if triples is None else self.tail[triples]
        scores = self.ripple(items, memories, turned, tails)
        loss = cross_entropy(scores, labels, share)
        # Index -1 becomes the first count, which is dropped.
        counts = torch.bincount(memories.flatten() + 1, minlength=len(tails) + 1)[1:]
        counts = counts.to(self.relations.dtype)  # scores may be bf16, exact only up to 256
        tail: Tensor = self.entities(tails)
        if config.kge_weight:
            truth = torch.sigmoid((turned * tail).sum(dim=1))
            n_memories = len(users) * config.memories
            loss = loss - config.kge_weight * share * (counts @ truth) / n_memories
        if config.l2_weight:
            loss = loss + config.l2_weight * self._penalty(triples, tail, counts, share)
        return loss

    def _used(self, memories: Tensor) -> tuple[Tensor | None, Tensor]:
        """The triples to compute, and the memories' indices among them; None means all."""
        if memories.numel() > len(self.head) // 2:
            return None, memories
        triples, places = torch.unique(memories.long(), return_inverse=True)
        if triples[0] < 0:  # -1 sorts first, and stays -1
            triples, places = triples[1:], places - 1
        return (triples, places) if len(triples) else (None, memories)

    def _penalty(
        self, triples: Tensor | None, tail: Tensor, counts: Tensor, share: float
    ) -> Tensor:
        head, relation = self.head, self.relation
        if triples is not None:
            head, relation = head[triples], relation[triples]
        heads = self.entities(head)
        per_triple = (heads * heads).sum(dim=1) + (tail * tail).sum(dim=1)
        per_relation = torch.zeros_like(self.relations[:, 0, 0]).index_add(0, relation, counts)
        matrices = self.relations * self.relations
        norm: Tensor = counts @ per_triple + per_relation @ matrices.sum(dim=(1, 2))
        if self.config.item_update.endswith("transform"):
            norm = norm + share * (self.transform * self.transform).sum() / 2
        return norm

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The click prediction task, including the KG term."""
        config = self.config
        return [
            ClickTask(
                self, samples, self.loss, learning_rate=config.lr, batch_size=config.batch_size
            )
        ]


def ripple_sets(
    train: TrainingSplit,
    head: IntArray,
    tail: IntArray,
    hops: int,
    size: int,
    rng: np.random.Generator,
) -> IntArray:
    """S_u^1 … S_u^H of RippleNet, `size` triples each, drawn once.

    The seeds are the user's positives in train. Hop k holds triples whose heads are the tails drawn
    for hop k - 1 (a tail drawn twice counts twice, as in the public code); if there are none, hop k
    repeats hop k - 1. Sampling is by `draw_fixed`.

    Args:
        head, tail: of the triples to follow, from head to tail, int64 [n_triples].

    Returns:
        Indices into `head`, int64 [n_users, hops, size]; all -1 for a user from whose positives no
        triple starts.
    """
    by_head = np.argsort(head, kind="stable")
    degree = np.bincount(head, minlength=train.n_entities)
    start = np.cumsum(degree) - degree
    offsets, entities = train.history
    users = np.repeat(np.arange(train.n_users), np.diff(offsets))
    sets: list[IntArray] = []
    for _ in range(hops):
        counts = degree[entities]
        owners = np.repeat(users, counts)
        first = np.repeat(start[entities] - (np.cumsum(counts) - counts), counts)
        triples = by_head[first + np.arange(len(owners))]
        places = draw_fixed(owners, train.n_users, size, rng)
        drawn = np.where(places < 0, -1, triples[places] if len(triples) else -1)
        if sets:
            drawn = np.where(places < 0, sets[-1], drawn)
        sets.append(drawn)
        users, column = np.nonzero(drawn >= 0)
        entities = tail[drawn[users, column]]
    return np.stack(sets, axis=1)
