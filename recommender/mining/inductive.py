"""Inductive model: score candidate objects from the subject's features only."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.tables import IntArray
from recommender.mining.features import BUCKETS, EntityFeatures
from recommender.mining.problem import HeldOut, MiningProblem

__all__ = ["InductiveModel", "train_inductive"]

_BATCH = 512
# Share of training subjects shown with text only, and with some of their facts.
_TEXT_ALONE, _PART, _KEPT = 0.2, 0.3, 0.3


class InductiveModel(nn.Module):
    """ln p(t | h, r) = ln softmax(tanh(Σ wᵢ fᵢ + r) · t + bias), over the allowed tails of r.

    The fᵢ are vectors of h's features: n-grams of its name and description, its facts with other
    relations than r, and its neighbours' facts. Similar to fastText (Joulin et al. 2017), and of
    inductive link prediction from text and neighbourhoods (Daza et al. 2021).
    """

    def __init__(self, features: EntityFeatures, problem: MiningProblem, dim: int) -> None:
        super().__init__()
        self.features, self.problem = features, problem
        self.bag = nn.EmbeddingBag(BUCKETS, dim, mode="sum")
        nn.init.normal_(self.bag.weight, std=0.1)
        self.relations = nn.ParameterDict()
        self.tails, self.biases = nn.ParameterDict(), nn.ParameterDict()
        for relation, target in problem.targets.items():
            self.relations[str(relation)] = nn.Parameter(torch.zeros(dim))
            self.tails[str(relation)] = nn.Parameter(torch.randn(len(target.tails), dim) * 0.1)
            self.biases[str(relation)] = nn.Parameter(torch.zeros(len(target.tails)))

    def forward(
        self, heads: IntArray, relation: int, rng: np.random.Generator | None = None
    ) -> Tensor:
        """ln p of every allowed tail; [b, n_tails]. With `rng`, features are dropped at random."""
        f = self.features
        count = f.start[heads + 1] - f.start[heads]
        owner = np.repeat(np.arange(len(heads)), count)
        rows = np.repeat(f.start[heads] - (np.cumsum(count) - count), count) + np.arange(len(owner))
        kept = f.relation[rows] != relation
        if rng is not None:
            chance = np.full(len(heads), 0.9)
            draw = rng.random(len(heads))
            chance[draw < _TEXT_ALONE + _PART] = _KEPT
            chance[draw < _TEXT_ALONE] = 0.0
            text = f.relation[rows] < 0
            kept &= text | (rng.random(len(rows)) < chance[owner])
        rows, owner = rows[kept], owner[kept]
        offsets = np.searchsorted(owner, np.arange(len(heads)))
        summed = self.bag(
            torch.from_numpy(f.feature[rows]),
            torch.from_numpy(offsets),
            per_sample_weights=torch.from_numpy(f.weight[rows]),
        )
        key = str(relation)
        hidden = torch.tanh(summed + self.relations[key])
        logits = functional.linear(hidden, self.tails[key], self.biases[key])
        return functional.log_softmax(logits, dim=1)


def train_inductive(
    problem: MiningProblem,
    held_out: HeldOut,
    features: EntityFeatures,
    *,
    dim: int = 48,
    epochs: int = 12,
    seed: int = 555,
) -> InductiveModel:
    """Train on the visible facts; the loss is the mean of -ln p over a subject's values."""
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
            log_p = model(heads[chosen], relation, rng)
            found = log_p[torch.from_numpy(row), torch.from_numpy(tails[column])]
            weights = torch.from_numpy((1 / count[row]).astype(np.float32))
            loss = -(weights * found).sum() / len(chosen)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()
