"""Fixed features of a user–item pair: co-listening, shared facts, friends, degrees.

Nothing here is learnt. Features of a training positive are computed without that row
(leave-one-out), so that a head trained on them gets the same distribution when scoring.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, sparray
from torch import Tensor, nn

from recommender.data.fact_vectors import FactVectors, nearest_rows
from recommender.data.matrices import positive_matrix
from recommender.data.splits import TrainingSplit
from recommender.kernels.co_occurrences import co_occurrences
from recommender.kernels.csr_product import in_row_blocks
from recommender.kernels.history_sums import (
    by_item,
    history_blocks,
    history_pairs,
    history_samples,
)
from recommender.layers.item_features import ItemFeatures
from recommender.layers.user_counts import Audience

__all__ = ["PairFeatures"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

SHRINKAGE = np.float32(5)
_SAMPLED_PAIRS = 20_000
_NUMBERS_PER_PAIR = 256  # touched per pair, approximately
_SAMPLES = 2**18  # whose histories stay in a processor's cache, if sorted by user
_CONSTANT, _MUTED = 1e-3, 1e6
_LEAST_PLAYED = 0.05  # quantile of the catalogue whose degree a new item gets


class PairFeatures(nn.Module):
    """Features of (user, item) pairs, standardised.

    Of the pair: the shrunk cosine of the item's listeners with those of the history (summed over
    it, excluding the user) and its logarithm without the item's degree; the mean cosine of the
    item's facts with the history's, and the length of that vector of cosines; the number and share
    of friends with the item. Of the item: its degree in train, popularity and similarity of its
    nearest items by facts, its number of facts, the log odds of a positive at its degree and the
    degree's band (`ItemFeatures`). Of the user: the length of the history.

    Args:
        train: the training positives, the graph, and friendships.
        nearest: number of nearest items by facts, for each item.

    Attributes:
        facts: the items' facts as vectors.
        vectors: ``[n_items, n_entities]`` the facts in single precision.
        alike: ``[n_items, n_items]`` cosines of each item with the nearest ones.
        degree: ``[n_items]`` training positives of each item.
        members: the training users.
    """

    mean: Tensor
    scale: Tensor
    low: Tensor
    high: Tensor
    n_pair, n_item, n_user = 6, ItemFeatures.size, 1

    def __init__(self, train: TrainingSplit, nearest: int = 100) -> None:
        super().__init__()
        self.n_items = train.n_items
        self.members = Audience.of_training(train)
        positives = positive_matrix(train).astype(np.float32)
        self.degree = np.bincount(positives.indices, minlength=train.n_items).astype(np.float32)
        self._damping: Floats = 1 / np.sqrt(self.degree + SHRINKAGE)
        self._together = co_occurrences(positives)
        self._alone: Floats = np.ones_like(self._damping)
        self.facts = FactVectors(train.graph, train.n_items)
        self.vectors = self.facts.matrix.astype(np.float32)
        self.alike = _compact(nearest_rows(self.vectors, self.vectors, nearest, itself=False))
        self._alike_by_history = _compact(self.alike.T)
        self._of_items = ItemFeatures(self.degree)
        self._neighbourhood = self._of_items.neighbourhood(self.alike, self.facts.counts)
        self.register_buffer("mean", torch.zeros(len(self)))
        self.register_buffer("scale", torch.ones(len(self)))
        self.register_buffer("low", torch.full((len(self),), -torch.inf))
        self.register_buffer("high", torch.full((len(self),), torch.inf))
        self._standardise(train)

    def __len__(self) -> int:
        return self.n_pair + self.n_item + self.n_user

    def pairs(
        self, users: Ints, items: Ints, *, left_out: bool, sums: Sequence[Floats] = ()
    ) -> Tensor:
        """Features of training users and items, int64 [b] each: [b, n_features].

        Args:
            users, items: the pairs.
            left_out: whether they are training positives, to be computed leave-one-out.
            sums: the pairs' values of `sums_of_samples`, if known.
        """
        own = np.float32(left_out)
        audience, degree = self.members, self.degree[items] - own
        length = audience.lengths[users] - own
        together, facts, squares = sums or (
            self._pair_sums(users, items, self._together, self._damping)[0],
            *self._pair_sums(users, items, self.alike, self._alone),
        )
        if left_out:  # subtract the user, a listener of both, for every item of the history
            together = together - (self._damping_of_history[users] - self._damping[items])
        pair = _pair_columns(
            together / np.sqrt(degree + SHRINKAGE),
            together,
            facts,
            squares,
            length,
            audience.friends_with(users, items),
            audience.friends[users],
        )
        item = self._of_items(degree, self._neighbourhood[items])
        features = np.concatenate([pair, item, np.log1p(length)[:, None]], axis=1)
        return self._scaled(features, 0)

    def sums_of_samples(self, users: Ints, items: Ints) -> tuple[Floats, ...]:
        """Sums over histories for an epoch's samples, much faster than pair by pair.

        Args:
            users: training users, int64 [n]; fastest if sorted.
            items: items of each sample, int64 [n, w].

        Returns:
            The weighted co-listening counts, the cosines of facts and their squares, each summed
            over the user's history; [n, w] each.
        """
        sets, width = self.members.histories, items.shape[1]
        found = tuple(np.empty(items.shape, dtype=np.float32) for _ in range(3))
        for start in range(0, len(users), _SAMPLES):
            some = slice(start, start + _SAMPLES)
            pairs = np.ascontiguousarray(items[some]).reshape(-1)
            bounds, order = by_item(pairs, self.n_items)
            together, facts, squares = (sums[some].reshape(-1) for sums in found)
            for matrix, weights, sums, of_squares in (
                (self._together, self._damping, together, squares[:0]),
                (self.alike, self._alone, facts, squares),
            ):
                work = partial(
                    history_samples, sets.starts, sets.items, users[some], width, bounds, order,
                    matrix.indptr, matrix.indices, matrix.data, weights, sums, of_squares,
                )  # fmt: skip
                in_row_blocks(work, bounds, _NUMBERS_PER_PAIR)
        return found

    def block(
        self, audience: Audience, rows: Ints, start: int, stop: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Features of some people with the items start … stop - 1.

        Returns:
            Of the pairs ``[len(rows), stop - start, n_pair]``, of the items ``[stop - start,
            n_item]``, of the people ``[len(rows), n_user]``.
        """
        block = slice(start, stop)
        together, _ = _block_sums(audience, rows, self._together, self._damping, start, stop)
        pair = _pair_columns(
            together * self._damping[block],
            together,
            *_block_sums(audience, rows, self._alike_by_history, self._alone, start, stop),
            audience.lengths[rows, None],
            audience.friends_with_block(rows, start, stop),
            audience.friends[rows, None],
        )
        item = self._of_items(self.degree[block], self._neighbourhood[block])
        return self._all_scaled(pair, item, audience.lengths[rows])

    def new_items(
        self, audience: Audience, rows: Ints, alike: csr_array, n_facts: Ints
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Features of people with m new items, limited to the range seen in training.

        If every item of the catalogue is popular, an item without listeners is out of distribution:
        it gets the degree of the 5% quantile, so that the head need not extrapolate.

        Args:
            audience, rows: the people.
            alike: ``[m, n_items]`` cosines of the new items' facts with those of the catalogue.
            n_facts: ``[m]`` number of facts of each.
        """
        n_new = alike.shape[0]
        facts, squares = _block_sums(audience, rows, _compact(alike.T), self._alone, 0, n_new)
        nobody = np.zeros_like(facts)
        lengths, friends = audience.lengths[rows, None], audience.friends[rows, None]
        pair = _pair_columns(nobody, nobody, facts, squares, lengths, nobody, friends)
        neighbourhood = self._of_items.neighbourhood(alike, n_facts)
        least = np.quantile(self.degree, _LEAST_PLAYED, method="lower")
        item = self._of_items(np.full(n_new, least, dtype=np.float32), neighbourhood)
        pair = np.clip(pair, *self._range(0, self.n_pair))
        item = np.clip(item, *self._range(self.n_pair, self.n_pair + self.n_item))
        return self._all_scaled(pair, item, audience.lengths[rows])

    def _range(self, first: int, last: int) -> tuple[Floats, Floats]:
        return self.low[first:last].cpu().numpy(), self.high[first:last].cpu().numpy()

    def prior(self) -> Tensor:
        """Weights of the features with which their sum is the log odds at the item's degree."""
        index = self.n_pair + ItemFeatures.log_odds
        weights = torch.zeros_like(self.mean)
        weights[index] = self.scale[index]
        return weights

    def _all_scaled(
        self, pair: Floats, item: Floats, length: Floats
    ) -> tuple[Tensor, Tensor, Tensor]:
        user = np.log1p(length)[:, None]
        after_pair, after_item = self.n_pair, self.n_pair + self.n_item
        return self._scaled(pair, 0), self._scaled(item, after_pair), self._scaled(user, after_item)

    def _scaled(self, features: Floats, first: int) -> Tensor:
        """Standardised columns `first`, `first` + 1, … along the last axis."""
        part = slice(first, first + features.shape[-1])
        values = torch.from_numpy(features).to(self.mean.device, self.mean.dtype)
        return (values - self.mean[part]) / self.scale[part]

    def _standardise(self, train: TrainingSplit) -> None:
        """Mean and deviation over leave-one-out positives and as many uniform pairs; seeded."""
        rng = np.random.default_rng(0)
        users, items = np.divmod(train.positive_keys, train.n_items)
        some = rng.permutation(len(users))[:_SAMPLED_PAIRS]
        drawn = rng.integers((train.n_users, train.n_items), size=(len(some), 2))
        sample = torch.cat(
            [
                self.pairs(users[some], items[some], left_out=True),
                self.pairs(drawn[:, 0], drawn[:, 1], left_out=False),
            ]
        )
        if len(sample):
            self.low.copy_(sample.amin(dim=0))
            self.high.copy_(sample.amax(dim=0))
            self.mean.copy_(sample.mean(dim=0))
            # A feature constant in training has no meaningful weight: it is set to 0, so that it
            # does not affect new items with an unseen degree.
            spread = sample.std(dim=0)
            self.scale.copy_(torch.where(spread > _CONSTANT, spread, _MUTED))

    @cached_property
    def _damping_of_history(self) -> Floats:
        """Σ over each training user's history of 1 / √(listeners of the item + shrinkage)."""
        histories = self.members.histories.matrix(self.n_items).astype(np.float32)
        sums: Floats = histories @ self._damping
        return sums

    def _pair_sums(
        self, users: Ints, items: Ints, matrix: csr_array, weights: Floats
    ) -> tuple[Floats, Floats]:
        """Sum and sum of squares of an item's weighted entries over a history; [b] each."""
        sums = np.zeros(len(users), dtype=np.float32)
        squares = np.zeros_like(sums)
        sets = self.members.histories

        def some(first: int, last: int) -> None:
            part = slice(first, last)
            history_pairs(
                sets.starts, sets.items, users[part], items[part],
                matrix.indptr, matrix.indices, matrix.data, weights, sums[part], squares[part],
            )  # fmt: skip

        in_row_blocks(some, np.arange(len(users) + 1), _NUMBERS_PER_PAIR)
        return sums, squares


def _block_sums(
    audience: Audience, rows: Ints, transposed: csr_array, weights: Floats, start: int, stop: int
) -> tuple[Floats, Floats]:
    """`_pair_sums` of people with the items start … stop - 1; [len(rows), stop - start] each."""
    sums = np.zeros((len(rows), stop - start), dtype=np.float32)
    squares = np.zeros_like(sums)
    sets = audience.histories
    history_blocks(
        sets.starts, sets.items, rows,
        transposed.indptr, transposed.indices, transposed.data, weights, start, sums, squares,
    )  # fmt: skip
    return sums, squares


def _pair_columns(
    cosine: Floats,
    together: Floats,
    facts: Floats,
    squares: Floats,
    length: Floats,
    plays: Floats,
    friends: Floats,
) -> Floats:
    """Stack the pair features along a new last axis."""
    columns = (
        cosine,
        np.log1p(np.maximum(together, 0)),
        facts / np.sqrt(length + 1),
        np.sqrt(squares),
        np.log1p(plays),
        plays / (friends + 1),
    )
    return np.stack(np.broadcast_arrays(*columns), axis=-1).astype(np.float32)


def _compact(matrix: sparray) -> csr_array:
    """Convert to sorted CSR with 32-bit indices: one dtype for the compiled kernels."""
    result = csr_array(matrix)
    result.sort_indices()
    offsets, columns = result.indptr.astype(np.int64), result.indices.astype(np.int32)
    result.indptr, result.indices = offsets, columns
    result.data = np.ascontiguousarray(result.data, dtype=np.float32)
    return result
