"""MMSS_MKR-G: graph propagation with MMSS_MKR's multi-task training; scores new users too.

Vectors and scores are in `mmss_mkr_g_network`; this module has training tasks and fold-in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from recommender.data.facts import Facts
from recommender.data.negatives import InteractionSampler, NegativesPolicy, make_sampler
from recommender.data.pairs import pair_source
from recommender.data.splits import TrainingSplit
from recommender.layers.propagation import batch_size_for
from recommender.models.base import TripleContributions
from recommender.models.knowledge_task import KnowledgeGraphTask
from recommender.models.mmss_mkr_g_config import GraphMKRConfig
from recommender.models.mmss_mkr_g_network import GraphNetwork
from recommender.models.mmss_mkr_g_newcomers import NewItems, Strangers
from recommender.models.mmss_mkr_g_reasons import contributions
from recommender.scoring import ItemScorer, ItemSets
from recommender.training.column_division import ColumnDivision
from recommender.training.distributed import Group
from recommender.training.division import Division
from recommender.training.tasks import TrainingTask

__all__ = ["GraphMKR", "RankingTask"]

Pairs = tuple[Tensor, Tensor, Tensor, Tensor]

_MIN_STEPS = 8  # minimum steps per epoch
_PART = 16_384  # positives with pairs in memory at a time
_CONTRASTED = 2048  # maximum pairs of a batch in the contrast, whose cost is quadratic


class GraphMKR(GraphNetwork):
    """MMSS_MKR-G: users, items and entities smoothed over interactions, facts and friendships.

    One graph holds the training positives (weight 1), the facts between items and entities
    (`knowledge_weight`) and the facts about users (`social_weight`); each kind is normalised by its
    degrees. With x(0) the nodes' initial vectors, x(k+1) = A x(k) and the final vector is the mean
    of x(0) … x(K), as in LightGCN (He et al., SIGIR 2020, Eq. 7 and 8). The score is a small head
    over the inner product of user and item and features that count paths between them
    (`PairFeatures`). A step removes the edges of its positives from A, and each of their rows from
    the counts, so that targets are never inputs.

    The following parts of MMSS_MKR are each a setting: item and entity vectors joined by cross &
    compress units before the propagation (x(0) of an item is v + e + C(v, e)[v], Eq. 16-19), the
    multiple prediction (Eq. 3), and the KG task with its multiple score and false triples (Eq. 7-15
    and 20), alternating as in Algorithm 1.
    """

    name = "mmss_mkr_g"
    Config = GraphMKRConfig

    def fold_in(self, histories: ItemSets) -> ItemScorer:
        """Score new users: nodes with edges to the items of their histories.

        The initial vector is the mean of the users'; the effect on item vectors is neglected.
        """
        return Strangers(self, histories)

    def fold_in_items(self, facts: Sequence[Facts]) -> ItemScorer:
        """Score new items: nodes with edges to the entities of their facts.

        The initial vector is the mean of the items'; all listener counts are 0.
        """
        return NewItems(self, facts)

    def triple_contributions(self, users: Tensor, items: Tensor) -> TripleContributions:
        """Contributions of item facts: along first-step edges and through shared entities."""
        return contributions(self, users, items)

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The recommendation task, then (every kge_interval epochs) the KG task of MMSS_MKR."""
        tasks: list[TrainingTask] = [RankingTask(self, self._train, samples)]
        if self.config.kge_interval and len(self.graph):
            tasks.append(KnowledgeGraphTask(self, self.config.kge_batch_size))
        return tasks

    def divide(
        self, group: Group, train: TrainingSplit, negatives: NegativesPolicy
    ) -> Division | None:
        """By columns, which propagate independently."""
        if group.size > self.config.dim:
            return None
        tasks = self.tasks(make_sampler(negatives, train))
        return ColumnDivision(self, self.column_axes(), tasks, group)


class RankingTask(TrainingTask):
    """Ranking loss: softmax over negatives, row-wise cross-entropy, and in-batch contrast.

    L = softmax cross-entropy of a positive among its n_negatives
      + row_loss · J(ŷ, y) of Eq. 20, positives and negatives with equal weight
      + contrast · InfoNCE of the final vectors of the batch's pairs, in both directions (van den
        Oord et al. 2018), where other pairs with the same user or item are masked.
    """

    name = "recommendation"

    def __init__(
        self, model: GraphNetwork, train: TrainingSplit, samples: InteractionSampler
    ) -> None:
        config = model.config
        self.model, self._train = model, train
        self._draw = pair_source(config.pairs, train, samples)
        self.learning_rate = config.lr
        # Small batches for small data: an epoch of one step would remove every edge.
        n_positives = len(train.positive_keys)
        most = batch_size_for(n_positives, config.dim, config.batch_size)
        self.batch_size = max(1, -(-n_positives // max(_MIN_STEPS, -(-n_positives // most))))
        self._part = max(config.batch_size, _PART)
        self.epochs = config.schedule

    def learning_rate_at(self, epoch: int) -> float:
        """Half a cosine from `lr` to 0 over the schedule."""
        done = min(epoch / self.model.config.schedule, 1.0)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * done))

    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """The epoch's samples.

        Returns:
            users [n]; items [n, 1 + n_negatives], the positive first; the positives' edges [n];
            and three sums of pair features over the users' histories, of the shape of the items.
        """
        draws = [self._draw(rng) for _ in range(self.model.config.n_negatives)]
        users, positives, _ = draws[0]
        items = np.stack([positives, *(drawn for _, _, drawn in draws)], axis=1)
        edges = np.searchsorted(self._train.positive_keys, users * self._train.n_items + positives)
        own = self.model.columns.share(len(users))
        sums = self.model.features.sums_of_samples(users[own], items[own])
        every = (self.model.columns.together(torch.from_numpy(s), len(users)) for s in sums)
        return users, items, edges, *(each.numpy() for each in every)

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """L over the batch, its mean."""
        users, items, edges, *sums = columns
        model, n = self.model, len(edges)
        final = model.final(masked=edges)
        repeated = users.repeat_interleave(items.shape[1])
        products = model.products(final, repeated, items.reshape(-1)).view_as(items)
        # one propagation for all parts; intermediates of the pairs, except products and counts, are
        # recomputed in the backward pass, so that memory is independent of the batch
        loss = (
            self._loss if n <= self._part else partial(checkpoint, self._loss, use_reentrant=False)
        )
        total = final.new_zeros(())
        for start in range(0, n, self._part):
            size = min(self._part, n - start)
            own = model.columns.share(size, start)
            features = self._features(users[own], items[own], [each[own] for each in sums])
            pairs = self._contrasted(final, users, items, slice(start, start + size))
            total = total + loss(products[own], features, pairs, size) * (size / n)
        return total * share

    def _features(self, users: Tensor, items: Tensor, sums: Sequence[Tensor]) -> Tensor:
        """Pair features of the positives and, one by one, of the negatives; [b, w, n_features]."""
        n, width = items.shape
        repeated, others = users.repeat_interleave(width - 1), items[:, 1:].reshape(-1)
        of_positives = self.model.pair_features(
            users, items[:, 0], left_out=True, sums=[part[:, 0] for part in sums]
        )
        of_negatives = self.model.pair_features(
            repeated, others, left_out=False, sums=[part[:, 1:].reshape(-1) for part in sums]
        )
        return torch.cat([of_positives[:, None], of_negatives.view(n, width - 1, -1)], dim=1)

    def _loss(self, products: Tensor, features: Tensor, pairs: Pairs | None, size: int) -> Tensor:
        """The mean over the `size` rows of a part, of which these rows are this process's."""
        model, config = self.model, self.model.config
        scores = model.head_scores(products.reshape(-1), features.flatten(0, 1)).view_as(products)
        liked, others = scores[:, 0], scores[:, 1:]
        first = torch.zeros(len(scores), dtype=torch.int64, device=scores.device)
        loss = functional.cross_entropy(scores, first, reduction="sum") / size
        if config.row_loss:
            loss = loss + config.row_loss * self._rows(liked, others, size)
        if pairs is not None:
            loss = loss + config.contrast * self._contrast(*pairs)
        return loss

    def _rows(self, liked: Tensor, others: Tensor, size: int) -> Tensor:
        """J of Eq. 20 with ŷ of Eq. 3, the mean over positives plus that over negatives."""
        mixture = self.model.mixture
        if mixture is not None:
            liked, others = mixture(liked), mixture(others)
        positive, negative = functional.softplus(-liked).sum(), functional.softplus(others).sum()
        return positive / size + negative / (size * others.shape[1])

    def _contrasted(self, final: Tensor, users: Tensor, items: Tensor, part: slice) -> Pairs | None:
        """Vectors and ids of the users and items in the contrast of a part."""
        if not self.model.config.contrast:
            return None
        model = self.model
        user, item = users[part][:_CONTRASTED], items[part][:_CONTRASTED, 0]
        left, right = (
            model.columns.whole(final[ids], model.config.dim)
            for ids in (user, model.n_users + item)
        )
        return left, right, user, item

    def _contrast(self, left: Tensor, right: Tensor, users: Tensor, items: Tensor) -> Tensor:
        """The contrast of pairs with these vectors and ids; this process's share of the mean."""
        columns, n = self.model.columns, len(users)
        part = columns.share(n)
        own = torch.arange(n, device=users.device)[part]
        rows = torch.arange(len(own), device=users.device)
        left, right = functional.normalize(left[part], dim=1), functional.normalize(right, dim=1)
        logits = (left @ right.T / self.model.config.temperature).float()
        same = (users[part, None] == users) | (items[part, None] == items)
        same[rows, own] = False
        logits = logits.masked_fill(same, torch.finfo(logits.dtype).min)
        by_user = functional.cross_entropy(logits, own, reduction="sum")
        if columns.size == 1:
            by_item = functional.cross_entropy(logits.T, own, reduction="sum")
        else:  # the users compared with an item are distributed
            parts = columns.whole(torch.logsumexp(logits, dim=0)[:, None], columns.size)
            by_item = (torch.logsumexp(parts, dim=1)[part] - logits[rows, own]).sum()
        return (by_user / n + by_item / n) / 2

    def parameters(self) -> Sequence[nn.Parameter]:
        """All parameters except the KG task's layers."""
        model = self.model
        parts: list[nn.Module] = [model.users, model.entities, model.attributes, model.head]
        if model.texts is not None:
            parts.append(model.texts)
        if model.two_views:
            parts += [model.items, model.units]
        return [parameter for part in parts for parameter in part.parameters()]
