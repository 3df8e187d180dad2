"""Inductive model: score candidate objects from the subject's features only."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.tables import IntArray
from recommender.mining.features import DESCRIPTION, NAME, EntityFeatures
from recommender.mining.problem import HeldOut, MiningProblem

__all__ = ["InductiveModel", "train_inductive"]

_BATCH = 512
# Share of training subjects shown without facts, and with some of them; without description.
_TEXT_ALONE, _PART, _KEPT = 0.2, 0.3, 0.3
_UNDESCRIBED = 0.5


class InductiveModel(nn.Module):
    """ln p(t | h, r) from tanh(Σ wᵢ fᵢ + r) · t + bias, over the allowed tails of r.

    The fᵢ are vectors of h's features: n-grams of its name and description, its facts, and its
    neighbours' facts. Values of r itself are features only where h may have further ones; then p is
    the logistic function of the score, otherwise the softmax over the tails. Similar to fastText
    (Joulin et al. 2017), and to inductive link prediction from text and neighbourhoods (Daza et al.
    2021).
    """

    def __init__(self, features: EntityFeatures, problem: MiningProblem, dim: int) -> None:
        super().__init__()
        self.features, self.problem = features, problem
        self.bag = nn.EmbeddingBag(max(features.size, 1), dim, mode="sum")
        nn.init.normal_(self.bag.weight, std=0.1)
        self.relations = nn.ParameterDict()
        self.tails, self.biases = nn.ParameterDict(), nn.ParameterDict()
        for relation, target in problem.targets.items():
            self.relations[str(relation)] = nn.Parameter(torch.zeros(dim))
            self.tails[str(relation)] = nn.Parameter(torch.randn(len(target.tails), dim) * 0.1)
            self.biases[str(relation)] = nn.Parameter(torch.zeros(len(target.tails)))

    def forward(self, heads: IntArray, relation: int) -> Tensor:
        """ln p of every allowed tail; [b, n_tails]."""
        owner, rows = self._rows(heads, relation)
        scores = self.scores(heads, relation, owner, rows)
        if self.problem.targets[relation].further:
            return functional.logsigmoid(scores)
        return functional.log_softmax(scores, dim=1)

    def scores(self, heads: IntArray, relation: int, owner: IntArray, rows: IntArray) -> Tensor:
        """Scores of all tails by the given rows of the features; [b, n_tails]."""
        f = self.features
        offsets = np.searchsorted(owner, np.arange(len(heads)))
        summed = self.bag(
            torch.from_numpy(f.feature[rows]),
            torch.from_numpy(offsets),
            per_sample_weights=torch.from_numpy(f.weight[rows]),
        )
        key = str(relation)
        hidden = torch.tanh(summed + self.relations[key])
        return functional.linear(hidden, self.tails[key], self.biases[key])

    def dropped(
        self, heads: IntArray, relation: int, rng: np.random.Generator
    ) -> tuple[IntArray, IntArray]:
        """A random part of the heads' rows, as (head's position, row)."""
        f = self.features
        owner, rows = self._rows(heads, relation)
        chance = np.full(len(heads), 0.9)
        draw = rng.random(len(heads))
        chance[draw < _TEXT_ALONE + _PART] = _KEPT
        chance[draw < _TEXT_ALONE] = 0.0
        described = rng.random(len(heads)) >= _UNDESCRIBED
        kept = (f.relation[rows] == NAME) | (rng.random(len(rows)) < chance[owner])
        description = f.relation[rows] == DESCRIPTION
        kept[description] = described[owner[description]]
        return owner[kept], rows[kept]

    def _rows(self, heads: IntArray, relation: int) -> tuple[IntArray, IntArray]:
        f = self.features
        count = f.start[heads + 1] - f.start[heads]
        owner = np.repeat(np.arange(len(heads)), count)
        rows = np.repeat(f.start[heads] - (np.cumsum(count) - count), count) + np.arange(len(owner))
        kept = f.relation[rows] != relation
        if self.problem.targets[relation].further:
            kept |= f.value[rows] >= 0
        return owner[kept], rows[kept]


def train_inductive(
    problem: MiningProblem,
    held_out: HeldOut,
    features: EntityFeatures,
    *,
    dim: int = 48,
    epochs: int = 12,
    seed: int = 555,
) -> InductiveModel:
    """Train on the visible facts.

    The loss is the mean of -ln p over a subject's values; for a relation with further values, the
    binary cross-entropy of all tails but those among the features.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = InductiveModel(features, problem, dim)
    rng = np.random.default_rng(seed)
    batches = []
    graph = held_out.train
    for relation, target in problem.targets.items():
        rows = np.flatnonzero(
            (graph.relation == relation)
            & np.isin(graph.head, target.heads)
            & np.isin(graph.tail, target.tails)
        )
        heads, owner = np.unique(graph.head[rows], return_inverse=True)
        places = np.searchsorted(target.tails, graph.tail[rows])
        order = np.argsort(owner, kind="stable")
        batches.append((relation, heads, places[order], np.bincount(owner, minlength=len(heads))))
        often = np.bincount(places, minlength=len(target.tails)) + 1.0
        with torch.no_grad():
            model.biases[str(relation)].copy_(torch.from_numpy(np.log(often / often.sum())))
    # torch's fused dense step is still the fastest for these sizes
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, fused=True)
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = 5e-3 * (1 - epoch / epochs)
        steps = []
        for batch_number, (_, heads, _, _) in enumerate(batches):
            shuffled = rng.permutation(len(heads))
            steps += [
                (batch_number, shuffled[i : i + _BATCH]) for i in range(0, len(heads), _BATCH)
            ]
        for step in rng.permutation(len(steps)).tolist():
            batch_number, chosen = steps[step]
            relation, heads, tails, counts = batches[batch_number]
            start, count = (np.cumsum(counts) - counts)[chosen], counts[chosen]
            row = np.repeat(np.arange(len(chosen)), count)
            column = np.repeat(start - (np.cumsum(count) - count), count) + np.arange(len(row))
            owner, rows = model.dropped(heads[chosen], relation, rng)
            target = problem.targets[relation]
            if target.further:  # a random value at least is not shown
                asked = start + (rng.random(len(count)) * count).astype(np.int64)
                asked_tail = target.tails[tails[asked]]
                own = features.relation[rows] == relation
                shown = ~(own & (features.value[rows] == asked_tail[owner]))
                owner, rows, own = owner[shown], rows[shown], own[shown]
            scores = model.scores(heads[chosen], relation, owner, rows)
            if target.further:
                true, counted = torch.zeros_like(scores), torch.ones_like(scores)
                true[row, tails[column]] = 1.0
                own &= np.isin(features.value[rows], target.tails)
                place = np.searchsorted(target.tails, features.value[rows[own]])
                counted[owner[own], place] = 0.0
                loss = functional.binary_cross_entropy_with_logits(
                    scores, true, weight=counted, reduction="sum"
                ) / len(chosen)
            else:
                found = functional.log_softmax(scores, dim=1)[row, tails[column]]
                weights = torch.from_numpy((1 / count[row]).astype(np.float32))
                loss = -(weights * found).sum() / len(chosen)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return model.eval()
