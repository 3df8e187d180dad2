"""What counts say of a user and an item: co-listening, shared facts, friends, degrees.

Nothing here is learnt. Every feature of a training positive is computed as if that row were not
there ("left out"), so that a head trained on them meets the same quantities when it scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, sparray
from torch import Tensor, nn

from recommender.data.facts import Facts
from recommender.data.graph import KnowledgeGraph
from recommender.data.matrices import (
    inverse_frequencies,
    item_attributes,
    normalized_rows,
    positive_matrix,
)
from recommender.data.splits import TrainingSplit
from recommender.kernels.history_sums import history_blocks, history_pairs
from recommender.scoring import ItemSets

__all__ = ["Audience", "PairFeatures", "fact_vectors", "nearest_by_facts", "nearest_of_facts"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

SHRINKAGE = 5.0
_BLOCK = 512
_POPULARITY_NEIGHBOURS = 30
_DEGREE_BANDS = np.array([1, 2, 3, 4, 6, 8, 12, 16, 32, 64])
_SAMPLED_PAIRS = 20_000


@dataclass(frozen=True, eq=False)
class Audience:
    """The people whom items are scored for.

    Attributes:
        histories: the items of each.
        friends: ``[n]`` number of friends of each.
        plays: ``[n, n_items]`` how many of the friends have an item; None where there are none.
    """

    histories: ItemSets
    friends: Floats
    plays: csr_array | None

    @classmethod
    def strangers(cls, histories: ItemSets) -> Audience:
        """People of whom nothing but the history is known."""
        return cls(histories, np.zeros(histories.n_users, dtype=np.float32), None)

    def friends_with(self, people: Ints, items: Ints) -> Floats:
        """How many friends of each person have the item; int64 [b] each → [b]."""
        if self.plays is None or not self.plays.nnz:
            return np.zeros(len(people), dtype=np.float32)
        keys = self._keys
        wanted = people * self.plays.shape[1] + items
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, self.plays.data[place], np.float32(0))

    @cached_property
    def _keys(self) -> Ints:
        assert self.plays is not None
        rows = np.repeat(np.arange(self.plays.shape[0]), np.diff(self.plays.indptr))
        return rows * self.plays.shape[1] + self.plays.indices.astype(np.int64)


class PairFeatures(nn.Module):
    """Features of (user, item) pairs, standardised.

    Of the pair: the shrunk cosine of the item's listeners with those of the history (summed over
    it, the user himself left out) and the logarithm of the same without the item's own degree;
    the mean cosine of the item's facts with the history's, and the length of that vector of
    cosines; the friends who have the item, and their share. Of the item: its degree in train, its
    facts, how popular and how near the items nearest by facts are, the log odds of a positive at
    its degree (Turing's estimate, see `degree_log_odds`) and its degree's band. Of the user: the
    length of the history.

    Args:
        train: the training positives, the graph, and who is friends with whom.
        nearest: items that count as alike by facts, for each item.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, train: TrainingSplit, nearest: int = 100) -> None:
        super().__init__()
        self.n_items = train.n_items
        positives = positive_matrix(train).astype(np.float32)
        self.degree = np.bincount(positives.indices, minlength=train.n_items).astype(np.float32)
        self._damping: Floats = 1 / np.sqrt(self.degree + np.float32(SHRINKAGE))
        self._together = _without_diagonal(positives.T @ positives)
        self._together.data *= self._damping[self._together.indices]
        self._together_by_history = _compact(self._together.T)
        self.vectors = fact_vectors(train.graph, train.n_items)
        self.alike = nearest_by_facts(self.vectors, nearest)
        self._alike_by_history = _compact(self.alike.T)
        self._log_odds = degree_log_odds(self.degree)
        self._item_constants = self._constants(train.graph)
        self.members = Audience(ItemSets(*train.history), *_friends(train, positives))
        size = len(self._pair_part(self.members, np.zeros(1, int), np.zeros(1, int), False)[0])
        self.n_pair, self.n_item, self.n_user = size, self._item_part(self.degree).shape[1], 1
        self.register_buffer("mean", torch.zeros(len(self)))
        self.register_buffer("scale", torch.ones(len(self)))
        self._standardise(train)

    def __len__(self) -> int:
        return self.n_pair + self.n_item + self.n_user

    def pairs(self, users: Ints, items: Ints, *, left_out: bool) -> Tensor:
        """Features of training users and items, int64 [b] each: [b, n_features].

        `left_out`: the pairs are training positives, each seen as if it were not one.
        """
        own = np.float32(left_out)
        length = self.members.histories.sizes[users].astype(np.float32) - own
        parts = (
            self._pair_part(self.members, users, items, left_out),
            self._item_part(self.degree[items] - own, items),
            np.log1p(length)[:, None],
        )
        return self._scaled(torch.from_numpy(np.concatenate(parts, axis=1)), 0, len(self))

    def block(
        self, audience: Audience, rows: Ints, start: int, stop: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Features of some people with the items start … stop - 1.

        Returns:
            of the pairs ``[len(rows), stop - start, n_pair]``, of the items
            ``[stop - start, n_item]``, of the people ``[len(rows), n_user]``.
        """
        items = np.arange(start, stop)
        pair = self._pair_block(audience, rows, start, stop)
        item = self._item_part(self.degree[start:stop], items)
        user = np.log1p(audience.histories.sizes[rows].astype(np.float32))[:, None]
        ends = self.n_pair, self.n_pair + self.n_item, len(self)
        return (
            self._scaled(torch.from_numpy(pair), 0, ends[0]),
            self._scaled(torch.from_numpy(item), ends[0], ends[1]),
            self._scaled(torch.from_numpy(user), ends[1], ends[2]),
        )

    def new_items(
        self, audience: Audience, rows: Ints, alike: csr_array, n_facts: Floats
    ) -> Tensor:
        """Features of people with items that nobody has, ``[len(rows), m, n_features]``.

        Args:
            audience, rows: the people.
            alike: ``[m, n_items]`` cosines of the new items' facts with those of the catalogue.
            n_facts: ``[m]`` number of facts of each.
        """
        sums, squares = self._block_sums(audience, rows, _compact(alike.T), 0, alike.shape[0])
        nothing = np.zeros_like(sums)
        pair = self._assemble(audience, rows, nothing, nothing, sums, squares, nothing)
        constants = _neighbourhood(alike, self.degree, n_facts)
        item = self._item_columns(np.zeros(alike.shape[0], dtype=np.float32), constants)
        user = np.log1p(audience.histories.sizes[rows].astype(np.float32))[:, None]
        shape = (*sums.shape, 1)
        parts = (
            pair,
            np.broadcast_to(item, (len(rows), *item.shape)),
            np.broadcast_to(user[:, None], shape),
        )
        return self._scaled(torch.from_numpy(np.concatenate(parts, axis=2)), 0, len(self))

    def prior(self) -> Tensor:
        """Weights of the features that make their sum the log odds at the item's degree."""
        place = self.n_pair + 1 + self._item_constants.shape[1]
        weights = torch.zeros_like(self.mean)
        weights[place] = self.scale[place]
        return weights

    def _scaled(self, features: Tensor, first: int, last: int) -> Tensor:
        device = self.mean.device
        values = features.to(device, self.mean.dtype)
        return (values - self.mean[first:last]) / self.scale[first:last]

    def _standardise(self, train: TrainingSplit) -> None:
        """Mean and spread over the positives, left out, and as many uniform pairs; seeded."""
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
        self.mean.copy_(sample.mean(dim=0))
        self.scale.copy_(sample.std(dim=0).clamp_min(1e-3))

    def _pair_part(self, audience: Audience, users: Ints, items: Ints, left_out: bool) -> Floats:
        own = np.float32(left_out)
        together, _ = self._pair_sums(audience, users, items, self._together)
        if left_out:  # the user is one of the listeners of both, for every item of his history
            together -= self._damping_of(audience)[users] - self._damping[items]
        facts, squares = self._pair_sums(audience, users, items, self.alike)
        plays = audience.friends_with(users, items)
        length = audience.histories.sizes[users].astype(np.float32) - own
        cosine = together / np.sqrt(self.degree[items] - own + np.float32(SHRINKAGE))
        return _columns(cosine, together, facts, squares, length, plays, audience.friends[users])

    def _pair_block(self, audience: Audience, rows: Ints, start: int, stop: int) -> Floats:
        together, _ = self._block_sums(audience, rows, self._together_by_history, start, stop)
        facts, squares = self._block_sums(audience, rows, self._alike_by_history, start, stop)
        plays = np.zeros_like(facts)
        if audience.plays is not None:
            plays = audience.plays[rows][:, start:stop].toarray().astype(np.float32)
        cosine = together * self._damping[start:stop]
        return self._assemble(audience, rows, cosine, together, facts, squares, plays)

    def _assemble(
        self,
        audience: Audience,
        rows: Ints,
        cosine: Floats,
        together: Floats,
        facts: Floats,
        squares: Floats,
        plays: Floats,
    ) -> Floats:
        length = audience.histories.sizes[rows].astype(np.float32)[:, None]
        return _columns(
            cosine, together, facts, squares, length, plays, audience.friends[rows][:, None]
        )

    def _item_part(self, degree: Floats, items: Ints | None = None) -> Floats:
        constants = self._item_constants if items is None else self._item_constants[items]
        return self._item_columns(degree, constants)

    def _item_columns(self, degree: Floats, constants: Floats) -> Floats:
        band = np.digitize(degree, _DEGREE_BANDS)
        one_hot = np.eye(len(_DEGREE_BANDS) + 1, dtype=np.float32)[band]
        return np.concatenate(
            [np.log1p(degree)[:, None], constants, self._log_odds[band][:, None], one_hot], axis=1
        )

    def _constants(self, graph: KnowledgeGraph) -> Floats:
        n_facts = np.diff(item_attributes(graph, self.n_items).indptr).astype(np.float32)
        return _neighbourhood(self.alike, self.degree, n_facts)

    def _damping_of(self, audience: Audience) -> Floats:
        """Σ over each history of 1 / √(listeners of the item + shrinkage)."""
        sums: Floats = audience.histories.matrix(self.n_items).astype(np.float32) @ self._damping
        return sums

    def _pair_sums(
        self, audience: Audience, users: Ints, items: Ints, matrix: csr_array
    ) -> tuple[Floats, Floats]:
        sums = np.zeros(len(users), dtype=np.float32)
        squares = np.zeros_like(sums)
        sets = audience.histories
        history_pairs(
            sets.starts, sets.items, users, items,
            matrix.indptr, matrix.indices, matrix.data, sums, squares,
        )  # fmt: skip
        return sums, squares

    def _block_sums(
        self, audience: Audience, rows: Ints, transposed: csr_array, start: int, stop: int
    ) -> tuple[Floats, Floats]:
        sums = np.zeros((len(rows), stop - start), dtype=np.float32)
        squares = np.zeros_like(sums)
        sets = audience.histories
        history_blocks(
            sets.starts, sets.items, rows,
            transposed.indptr, transposed.indices, transposed.data, start, sums, squares,
        )  # fmt: skip
        return sums, squares


def fact_vectors(graph: KnowledgeGraph, n_items: int) -> csr_array:
    """Entities of each item by tf-idf, rows of length 1: [n_items, n_entities], float32.

    An item counts among its own entities, so that two items that a triple joins are alike.
    """
    itself = eye_array(n_items, graph.n_entities, format="csr")
    attributes = csr_array(item_attributes(graph, n_items) + itself)
    attributes.data = inverse_frequencies(attributes)[attributes.indices]
    return normalized_rows(attributes).astype(np.float32)


def nearest_by_facts(vectors: csr_array, nearest: int) -> csr_array:
    """Cosines of each item with the `nearest` items most alike, itself not among them.

    [n_items, n_entities] → [n_items, n_items]; of equal ones the lower id is nearer.
    """
    return _nearest(vectors, vectors, nearest, same=True)


def nearest_of_facts(vectors: csr_array, facts: Sequence[Facts], nearest: int) -> csr_array:
    """The same of items that are not in the catalogue: [len(facts), n_items].

    A fact that no item of the catalogue has says nothing of likeness; among the others, those of
    few items say more.
    """
    n_items, n_entities = vectors.shape
    idf = np.log(n_items / np.maximum(np.bincount(vectors.indices, minlength=n_entities), 1))
    rows = np.repeat(np.arange(len(facts)), [len(fact) for fact in facts])
    entities = np.concatenate([np.zeros(0, np.int64), *(fact.entity for fact in facts)])
    keys = np.unique(rows * n_entities + entities)
    rows, entities = np.divmod(keys, n_entities)
    shape = (len(facts), n_entities)
    own = csr_array((idf[entities].astype(np.float32), (rows, entities)), shape=shape)
    return _nearest(normalized_rows(own), vectors, nearest, same=False)


def _nearest(rows: csr_array, items: csr_array, nearest: int, *, same: bool) -> csr_array:
    n_items = items.shape[0]
    by_entity = items.T.tocsr()
    kept = min(nearest, n_items - same)
    columns, values, counts = [], [], [np.zeros(1, dtype=np.int64)]
    for start in range(0, rows.shape[0], _BLOCK):
        cosines = (rows[start : start + _BLOCK] @ by_entity).toarray()
        if same:
            within = np.arange(len(cosines))
            cosines[within, start + within] = 0
        best = np.sort(_largest(cosines, kept), axis=1)
        found = np.take_along_axis(cosines, best, axis=1)
        columns.append(best[found > 0])
        values.append(found[found > 0])
        counts.append((found > 0).sum(axis=1))
    shape = (rows.shape[0], n_items)
    if not columns:
        return _compact(csr_array(shape, dtype=np.float32))
    offsets = np.cumsum(np.concatenate(counts))
    return _compact(csr_array((np.concatenate(values), np.concatenate(columns), offsets), shape))


def _largest(values: Floats, k: int) -> Ints:
    """Columns of the k largest of each row; of equal ones, at the cut too, the lower column."""
    if k < 1:
        return np.zeros((len(values), 0), dtype=np.int64)
    least = np.partition(values, -k, axis=1)[:, [-k]]
    above = values > least
    tied = values == least
    room = k - above.sum(axis=1, keepdims=True)
    chosen = above | (tied & (np.cumsum(tied, axis=1) <= room))
    return np.nonzero(chosen)[1].reshape(len(values), k)


def degree_log_odds(degree: Floats) -> Floats:
    """Log odds of a positive against a uniform negative, by band of the item's degree; [bands].

    Leaving one positive out, an item of degree d is met d times at degree d - 1: Turing's
    estimate (Good, Biometrika 1953) of how often the next positive falls on an item seen d - 1
    times. It needs the training positives alone.
    """
    bands = len(_DEGREE_BANDS) + 1
    seen = degree > 0
    left_out = np.digitize(degree[seen] - 1, _DEGREE_BANDS)
    positives = np.bincount(left_out, weights=degree[seen], minlength=bands)
    share = degree.sum() / max(len(degree), 1)
    negatives = np.bincount(np.digitize(degree, _DEGREE_BANDS), minlength=bands) * share
    return np.log((positives + 1) / (negatives + 1)).astype(np.float32)


def _columns(
    cosine: Floats,
    together: Floats,
    facts: Floats,
    squares: Floats,
    length: Floats,
    plays: Floats,
    friends: Floats,
) -> Floats:
    """The features of pairs, in their order, along a new last axis."""
    columns = (
        cosine,
        np.log1p(np.maximum(together, 0)),
        facts / np.sqrt(length + 1),
        np.sqrt(squares),
        np.log1p(plays),
        plays / (friends + 1),
    )
    return np.stack(np.broadcast_arrays(*columns), axis=-1).astype(np.float32)


def _neighbourhood(alike: csr_array, degree: Floats, n_facts: Floats) -> Floats:
    """Mean log popularity and cosine of the nearest items, and the number of facts; [n, 3]."""
    popularity = np.zeros(alike.shape[0], dtype=np.float32)
    closeness = np.zeros_like(popularity)
    logarithm = np.log1p(degree)
    for item in np.flatnonzero(np.diff(alike.indptr)):
        part = slice(alike.indptr[item], alike.indptr[item + 1])
        cosines, near = alike.data[part], alike.indices[part]
        best = np.argsort(-cosines, kind="stable")[:_POPULARITY_NEIGHBOURS]
        popularity[item] = cosines[best] @ logarithm[near[best]] / (cosines[best].sum() + 1e-6)
        closeness[item] = cosines[best[0]]
    return np.stack([popularity, closeness, np.log1p(n_facts)], axis=1).astype(np.float32)


def _without_diagonal(matrix: csr_array) -> csr_array:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    kept = rows != matrix.indices
    entries = matrix.data[kept], (rows[kept], matrix.indices[kept])
    return _compact(csr_array(entries, shape=matrix.shape))


def _compact(matrix: sparray) -> csr_array:
    """In compressed rows, sorted, with 32-bit indices: one type for the compiled kernels."""
    result = csr_array(matrix)
    result.sort_indices()
    offsets, columns = result.indptr.astype(np.int64), result.indices.astype(np.int32)
    result.indptr, result.indices = offsets, columns
    result.data = np.ascontiguousarray(result.data, dtype=np.float32)
    return result


def _friends(train: TrainingSplit, positives: csr_array) -> tuple[Floats, csr_array | None]:
    """Number of friends of each user, and how many of them have each item."""
    graph = train.user_graph
    nobody = np.zeros(train.n_users, dtype=np.float32)
    if graph is None:
        return nobody, None
    between = (graph.head < train.n_users) & (graph.tail < train.n_users)
    between &= graph.head != graph.tail
    left, right = graph.head[between], graph.tail[between]
    if not len(left):
        return nobody, None
    ends = np.concatenate([left, right]), np.concatenate([right, left])
    shape = (train.n_users, train.n_users)
    network = csr_array((np.ones(len(ends[0]), dtype=np.float32), ends), shape=shape)
    network.sum_duplicates()
    network.data[:] = 1
    plays = csr_array(network @ positives)
    plays.sort_indices()
    return np.diff(network.indptr).astype(np.float32), plays
