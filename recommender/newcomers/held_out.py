"""Make cold-start splits: hold out whole users or items, reveal a few likes or facts of each."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recommender.data import HeldOut, KnowledgeGraph, Split
from recommender.data.facts import Facts
from recommender.scoring import ItemSets

__all__ = [
    "choose_items",
    "choose_users",
    "facts_of",
    "first_likes",
    "without_items",
    "without_users",
]

IntArray = NDArray[np.int64]


def choose_users(split: Split, share: float, seed: int) -> IntArray:
    """Choose users to hold out: a share of those with positives in train and test; ascending."""
    liked = np.bincount(split.train.positives[0], minlength=split.train.n_users) > 0
    judged = np.zeros(split.train.n_users, dtype=bool)
    judged[split.test.users[split.test.labels == 1]] = True
    return _draw(np.flatnonzero(liked & judged), share, seed)


def choose_items(split: Split, share: float, seed: int) -> IntArray:
    """Choose items to hold out: a share of those with a fact and a positive in test.

    In random order, since ids may follow popularity and ties are ranked in order.
    """
    n_items, graph = split.train.n_items, split.train.graph
    has_facts = np.zeros(n_items, dtype=bool)
    for ends in (graph.head, graph.tail):
        has_facts[ends[ends < n_items]] = True
    judged = np.zeros(n_items, dtype=bool)
    judged[split.test.items[split.test.labels == 1]] = True
    chosen = _draw(np.flatnonzero(has_facts & judged), share, seed)
    return np.random.default_rng(seed).permutation(chosen)


def _draw(candidates: IntArray, share: float, seed: int) -> IntArray:
    wanted = max(1, round(share * len(candidates)))
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(candidates, size=min(wanted, len(candidates)), replace=False))


def without_users(split: Split, users: IntArray) -> Split:
    """Remove the users' rows and facts about them from the split.

    The id range is unchanged, so that all other ids are kept.
    """
    train = split.train
    gone = np.zeros(train.n_users, dtype=bool)
    gone[users] = True
    rows = train.interactions.rows(np.flatnonzero(~gone[train.users]))
    user_graph = train.user_graph
    if user_graph is not None:
        user_graph = _without(user_graph, gone)
    return replace(
        split,
        train=replace(train, interactions=rows, user_graph=user_graph),
        valid=_rows(split.valid, ~gone[split.valid.users]),
        test=_rows(split.test, ~gone[split.test.users]),
    )


def without_items(split: Split, items: IntArray) -> Split:
    """Remove the items' rows and triples from the split."""
    train = split.train
    gone = np.zeros(train.n_items, dtype=bool)
    gone[items] = True
    rows = train.interactions.rows(np.flatnonzero(~gone[train.items]))
    return replace(
        split,
        train=replace(train, interactions=rows, graph=_without(train.graph, gone)),
        valid=_rows(split.valid, ~gone[split.valid.items]),
        test=_rows(split.test, ~gone[split.test.items]),
    )


def first_likes(histories: ItemSets, most: int | None, seed: int) -> ItemSets:
    """Sample at most `most` items of each history; larger samples of a seed include smaller ones.

    None for all.
    """
    if most is None:
        return histories
    order = np.random.default_rng(seed).permutation(len(histories.items))
    users = np.repeat(np.arange(histories.n_users), histories.sizes)
    chosen = _first_of_each(users, order, most)
    return ItemSets.from_pairs(users[chosen], histories.items[chosen], histories.n_users)


def facts_of(split: Split, items: IntArray, most: int | None, seed: int) -> list[Facts]:
    """Sample a limited number of facts of each item, excluding facts about other given items."""
    graph, n_items = split.train.graph, split.train.n_items
    index_of = np.full(graph.n_entities, -1)
    index_of[items] = np.arange(len(items))
    near = np.concatenate([graph.head, graph.tail])
    far = np.concatenate([graph.tail, graph.head])
    relation = np.concatenate([graph.relation, graph.relation])
    forward = np.repeat([True, False], len(graph))
    kept = (near < n_items) & (index_of[near] >= 0) & (index_of[far] < 0)
    owner, far, relation, forward = index_of[near][kept], far[kept], relation[kept], forward[kept]
    order = np.random.default_rng(seed).permutation(len(owner))
    chosen = _first_of_each(owner, order, len(owner) if most is None else most)
    by_owner = chosen[np.argsort(owner[chosen], kind="stable")]
    bounds = np.searchsorted(owner[by_owner], np.arange(len(items) + 1))
    parts = [by_owner[start:stop] for start, stop in pairwise(bounds.tolist())]
    return [Facts(relation[part], far[part], forward[part]) for part in parts]


def _first_of_each(owners: IntArray, order: IntArray, most: int) -> IntArray:
    """Positions of each owner's first entries in `order`, up to a limit; sorted."""
    by_owner = order[np.argsort(owners[order], kind="stable")]
    sorted_owners = owners[by_owner]
    starts = np.searchsorted(sorted_owners, sorted_owners)
    return np.sort(by_owner[np.arange(len(by_owner)) - starts < most])


def _rows(rows: HeldOut, kept: NDArray[np.bool_]) -> HeldOut:
    return HeldOut(rows.users[kept], rows.items[kept], rows.labels[kept])


def _without(graph: KnowledgeGraph, gone: NDArray[np.bool_]) -> KnowledgeGraph:
    """Remove the triples of the removed entities, which have the first ids."""
    is_gone = np.zeros(graph.n_entities, dtype=bool)
    is_gone[: len(gone)] = gone
    kept = ~(is_gone[graph.head] | is_gone[graph.tail])
    return replace(
        graph, head=graph.head[kept], relation=graph.relation[kept], tail=graph.tail[kept]
    )
