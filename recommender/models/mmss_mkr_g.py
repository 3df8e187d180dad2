"""MMSS_MKR-G: graph propagation with MMSS_MKR's multi-task training; scores new users too.

Vectors and scores are those of `mmss_mkr_g_network`; here is what the model learns from and offers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from recommender.data.facts import Facts
from recommender.data.negatives import InteractionSampler
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
from recommender.training.tasks import TrainingTask

__all__ = ["GraphMKR", "RankingTask"]

_MIN_STEPS = 8  # of an epoch
_PART = 16_384  # positives whose pairs are in memory at a time
_CONTRASTED = 2048  # pairs of a batch at most; the contrast costs their number squared


class GraphMKR(GraphNetwork):
    """MMSS_MKR-G: users, items and entities smoothed over interactions, facts and friendships.

    One graph holds the training positives (weight 1), the facts between items and entities
    (`knowledge_weight`) and what is known of the users (`social_weight`); each kind is normalised
    by its own degrees. With x(0) the nodes' own vectors, x(k+1) = A x(k) and the final vector is
    the mean of x(0) … x(K), as in LightGCN (He et al., SIGIR 2020, Eq. 7 and 8). The score is a
    small head over the inner product of user and item and what counts of paths between them say
    (`PairFeatures`). A step leaves the edges of its own positives out of A, and each of their
    rows out of the counts: what is to be predicted is never an input.

    Of MMSS_MKR there are, each as a setting: item and entity vectors joined by cross & compress
    units before the propagation (x(0) of an item is v + e + C(v, e)[v], Eq. 16-19), the
    multiple prediction (Eq. 3), and the KG task with its multiple score and false triples (Eq.
    7-15 and 20), alternating as in Algorithm 1.
    """

    name = "mmss_mkr_g"
    Config = GraphMKRConfig

    def fold_in(self, histories: ItemSets) -> ItemScorer:
        """A stranger is a user node whose edges lead to the items he likes.

        His own vector is the mean of the users'; what he adds to the items is neglected.
        """
        return Strangers(self, histories)

    def fold_in_items(self, facts: Sequence[Facts]) -> ItemScorer:
        """A new item is a node whose edges lead to the entities of its facts.

        Its own vector is the mean of the items'; nobody has it, so all counts of listeners are 0.
        """
        return NewItems(self, facts)

    def triple_contributions(self, users: Tensor, items: Tensor) -> TripleContributions:
        """Contributions of item facts: along first-step edges and through shared entities."""
        return contributions(self, users, items)

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """Recommendation, then (every kge_interval epochs) the KG task of MMSS_MKR."""
        tasks: list[TrainingTask] = [RankingTask(self, self._train, samples)]
        if self.config.kge_interval and len(self.graph):
            tasks.append(KnowledgeGraphTask(self, self.config.kge_batch_size))
        return tasks


class RankingTask(TrainingTask):
    """A positive among its negatives, each row by itself, and the batch's users among its items.

    L = softmax cross-entropy of a positive among its n_negatives
      + row_loss · J(ŷ, y) of Eq. 20, positives and negatives weighing the same
      + contrast · InfoNCE of the final vectors of the batch's pairs, in both directions (van den
        Oord et al. 2018), where other pairs with the same user or item count as nothing.
    """

    name = "recommendation"

    def __init__(
        self, model: GraphNetwork, train: TrainingSplit, samples: InteractionSampler
    ) -> None:
        config = model.config
        self.model, self._train = model, train
        self._draw = pair_source(config.pairs, train, samples)
        self.learning_rate = config.lr
        # Small data get small batches: an epoch of one step would leave out every edge.
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
        """Columns users [n], positives [n], negatives [n, n_negatives], positives' edges [n]."""
        draws = [self._draw(rng) for _ in range(self.model.config.n_negatives)]
        users, positives, _ = draws[0]
        negatives = np.stack([drawn for _, _, drawn in draws], axis=1)
        keys = users * self._train.n_items + positives
        return users, positives, negatives, np.searchsorted(self._train.positive_keys, keys)

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """L over the batch, its mean."""
        users, positives, negatives, edges = columns
        final, n = self.model.final(masked=edges), len(edges)
        if n <= self._part:
            features = self._features(users, positives, negatives)
            return self._loss(final, users, positives, negatives, *features) * share
        # one propagation for all parts; what the pairs of a part need but their counts is computed
        # again on the way back, so that memory does not grow with the batch
        total = final.new_zeros(())
        for start in range(0, n, self._part):
            part = [column[start : start + self._part] for column in columns[:3]]
            features = self._features(*part)
            loss = checkpoint(self._loss, final, *part, *features, use_reentrant=False)
            total = total + loss * (len(part[0]) / n)
        return total * share

    def _features(
        self, users: Tensor, positives: Tensor, negatives: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Of the positives, and of the negatives one by one."""
        repeated = users.repeat_interleave(negatives.shape[1])
        return (
            self.model.pair_features(users, positives, left_out=True),
            self.model.pair_features(repeated, negatives.reshape(-1), left_out=False),
        )

    def _loss(
        self,
        final: Tensor,
        users: Tensor,
        positives: Tensor,
        negatives: Tensor,
        of_positives: Tensor,
        of_negatives: Tensor,
    ) -> Tensor:
        model, config = self.model, self.model.config
        repeated = users.repeat_interleave(negatives.shape[1])
        liked = model.pair_scores(final, users, positives, of_positives)
        others = model.pair_scores(final, repeated, negatives.reshape(-1), of_negatives)
        others = others.view_as(negatives)
        loss = functional.cross_entropy(
            torch.cat([liked[:, None], others], dim=1), torch.zeros_like(users)
        )
        if config.row_loss:
            loss = loss + config.row_loss * self._rows(liked, others)
        if config.contrast:
            first = slice(_CONTRASTED)
            pairs = users[first], positives[first]
            loss = loss + config.contrast * self._contrast(final, *pairs)
        return loss

    def _rows(self, liked: Tensor, others: Tensor) -> Tensor:
        """J of Eq. 20 with ŷ of Eq. 3, the mean over positives plus that over negatives."""
        mixture = self.model.mixture
        if mixture is not None:
            liked, others = mixture(liked), mixture(others)
        return functional.softplus(-liked).mean() + functional.softplus(others).mean()

    def _contrast(self, final: Tensor, users: Tensor, items: Tensor) -> Tensor:
        left = functional.normalize(final[users], dim=1)
        right = functional.normalize(final[self.model.n_users + items], dim=1)
        logits = left @ right.T / self.model.config.temperature
        same = (users[:, None] == users) | (items[:, None] == items)
        same.fill_diagonal_(False)
        logits = logits.float().masked_fill(same, -torch.inf)
        own = torch.arange(len(users), device=users.device)
        both = functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)
        return both / 2

    def parameters(self) -> Sequence[nn.Parameter]:
        """Everything but the KG task's own layers."""
        model = self.model
        parts: list[nn.Module] = [model.users, model.entities, model.attributes, model.head]
        if model.texts is not None:
            parts.append(model.texts)
        if model.two_views:
            parts += [model.items, model.units]
        return [parameter for part in parts for parameter in part.parameters()]
