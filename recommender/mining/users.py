"""Score candidate objects by the users' other items: artists with one audience are alike."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.tables import IntArray
from recommender.mining.problem import HeldOut, MiningProblem

__all__ = ["UserModel", "train_users"]

_BATCH = 512
_SMOOTHING = 5.0  # items of average values added to each user's
_RANK = 32
_RATE, _DECAY = 2e-2, 1e-4
_CELLS = 50_000_000  # heads × tails to train on, at most


class UserModel(nn.Module):
    """ln p(t | h, r) from what else the users of h chose, over the allowed tails of r.

    With p(t | u) the share of value t among the other items of user u, smoothed by its share q(t)
    among all items, and x(t) = ln (mean of p(t | u) over h's users) / q(t), the score of t is
    (a + b ln(1 + number of users)) x(t) + (x U V)(t) + bias(t): a neighbourhood model
    of collaborative filtering (Sarwar et al. 2001) with learnt similarities of values. p is the
    softmax of the scores, or where h may have further values, their logistic function. The values
    of h itself are not counted.
    """

    def __init__(self, problem: MiningProblem, held_out: HeldOut, seed: int) -> None:
        super().__init__()
        self.problem = problem
        # a single value is no choice
        asked = [r for r, target in problem.targets.items() if len(target.tails) > 1]
        self.shares = {r: _Shares(problem, held_out, r) for r in asked}
        draw = torch.Generator().manual_seed(seed)
        parts = (nn.ParameterDict() for _ in range(4))
        self.levels, self.froms, self.tos, self.biases = parts
        for relation, shares in self.shares.items():
            key, size = str(relation), len(shares.prior)
            rank = min(_RANK, size)
            self.levels[key] = nn.Parameter(torch.tensor([0.7, 0.0]))
            self.froms[key] = nn.Parameter(torch.randn(size, rank, generator=draw) * 0.05)
            self.tos[key] = nn.Parameter(torch.zeros(rank, size))
            self.biases[key] = nn.Parameter(torch.from_numpy(np.log(shares.prior)).float())

    def forward(self, heads: IntArray, relation: int) -> Tensor:
        """ln p of every allowed tail; [b, n_tails]."""
        scores = self.scores(heads, relation)
        if self.problem.targets[relation].further:
            return functional.logsigmoid(scores)
        return functional.log_softmax(scores, dim=1)

    def scores(self, heads: IntArray, relation: int) -> Tensor:
        """Score of every allowed tail; [b, n_tails]."""
        return self.weighted(relation, *self.shares[relation].log_ratios(heads))

    def weighted(self, relation: int, x: np.ndarray, users: np.ndarray) -> Tensor:
        """Scores from x, [b, n_tails], and the number of users, [b]."""
        key, given = str(relation), torch.from_numpy(x)
        level = self.levels[key][0] + self.levels[key][1] * torch.from_numpy(users).log1p()
        shared: Tensor = given @ self.froms[key] @ self.tos[key]
        scores: Tensor = shared + level[:, None] * given + self.biases[key]
        return scores


class _Shares:
    """The values of the items that users chose.

    Attributes:
        prior: q, the share of each tail; [n_tails].
        heads, values: the heads with visible values; the share of each value among those of its
            head, [n_entities, n_tails].
    """

    def __init__(self, problem: MiningProblem, held_out: HeldOut, relation: int) -> None:
        graph, tails = held_out.train, problem.targets[relation].tails
        own = (graph.relation == relation) & np.isin(graph.tail, tails)
        place = np.searchsorted(tails, graph.tail[own])
        shape = (graph.n_entities, len(tails))
        values = sparse.csr_array((np.ones(len(place)), (graph.head[own], place)), shape=shape)
        values.data[:] = 1.0  # stated by several sources
        count = values.sum(axis=1)
        self.heads = np.flatnonzero(count)
        self.values = sparse.diags_array(1 / np.maximum(count, 1)).tocsr() @ values
        total = self.values.sum(axis=0) + 1 / len(tails)
        self.prior = total / total.sum()
        user, item = problem.interactions.T
        n_users = int(user.max(initial=-1)) + 1
        used = sparse.csr_array((np.ones(len(user)), (item, user)), shape=(shape[0], n_users))
        used.data[:] = 1.0
        self._used, self._chosen = used, (used.T @ self.values).tocsr()
        described = used.T @ np.minimum(count, 1)
        # for a head without visible values, and for one whose own value is one of the user's
        self._weights = (
            1 / (described + _SMOOTHING),
            1 / (np.maximum(described - 1, 0) + _SMOOTHING),
        )

    def log_ratios(self, heads: IntArray) -> tuple[np.ndarray, np.ndarray]:
        """x of every tail, [b, n_tails], 0 for heads without users; number of users, [b]."""
        used, own = self._used[heads], self.values[heads].toarray()
        stated = own.any(axis=1)
        users = used.sum(axis=1)
        shares = np.empty_like(own)
        for rows, weight in zip((~stated, stated), self._weights, strict=True):
            weighted = used[rows] @ sparse.diags_array(weight)
            total = weighted.sum(axis=1)[:, None]
            shares[rows] = (weighted @ self._chosen).toarray() + total * (
                _SMOOTHING * self.prior - own[rows]
            )
        shares /= np.maximum(users, 1)[:, None]
        shares[users == 0] = self.prior
        return np.log(shares.clip(1e-12) / self.prior).astype(np.float32), users.astype(np.float32)


def train_users(
    problem: MiningProblem, held_out: HeldOut, *, epochs: int = 20, seed: int = 555
) -> UserModel:
    """Train on the heads with visible values and users.

    The loss is the mean of -ln p over a head's values; for a relation with further values, the
    binary cross-entropy of all tails.
    """
    model = UserModel(problem, held_out, seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=_DECAY, fused=True)
    rng = np.random.default_rng(seed)
    listed = np.unique(problem.interactions[:, 1])
    given = {}
    for relation, shares in model.shares.items():
        target = problem.targets[relation]
        heads = np.intersect1d(np.intersect1d(shares.heads, target.heads), listed)
        heads = rng.permutation(heads)[: max(_BATCH, _CELLS // len(target.tails))]
        true = shares.values[heads].toarray().astype(np.float32)
        given[relation] = *shares.log_ratios(heads), true
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * (1 - epoch / epochs)
        for relation, columns in given.items():
            shuffled = rng.permutation(len(columns[0]))
            for start in range(0, len(shuffled), _BATCH):
                x, users, values = (column[shuffled[start : start + _BATCH]] for column in columns)
                scores, true = model.weighted(relation, x, users), torch.from_numpy(values)
                if problem.targets[relation].further:
                    loss = functional.binary_cross_entropy_with_logits(
                        scores, (true > 0).float(), reduction="sum"
                    )
                else:
                    loss = -(true * functional.log_softmax(scores, dim=1)).sum()
                optimizer.zero_grad()
                (loss / len(x)).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
    return model.eval()
