"""Choose the facts of an explanation: shared with the user's history, or linking to it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress, pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.explanation.co_listening import Listeners
from recommender.explanation.evidence import Basis, Evidence
from recommender.explanation.index import GraphIndex
from recommender.explanation.names import Names
from recommender.explanation.profiles import Profiles
from recommender.explanation.weights import FactWeights

__all__ = ["LEAST_IDF", "Arguments", "Fact", "Valued", "value_of", "values"]

IntArray = NDArray[np.int64]

#: Features of more than half of the catalogue are uninformative about taste.
LEAST_IDF: Final = math.log(2)

_MOST_ARGUMENTS = 2
_MOST_SHARED = 2  # maximum entities in one argument


#: An argument and its value among those of the same pair; see `values`.
Valued = tuple[float, Evidence]


class Fact(NamedTuple):
    """A fact about the recommended item.

    Attributes:
        holding: its id in the index.
        entity: what it says of the item.
        concept: an integer, equal for entities of the same name.
        weight: see `Basis`.
        rank: criterion for choosing facts, see `FactWeights`.
        named: whether the entity has a readable name.
        start, stop: range of the items of the history with the same fact, in `Profiles.items`.
    """

    holding: int
    entity: int
    concept: int
    weight: float
    rank: float
    named: bool
    start: int
    stop: int


class Arguments:
    """Chooses the facts of arguments, without verbalising them."""

    def __init__(self, index: GraphIndex, listeners: Listeners, names: Names | None) -> None:
        self._index = index
        self._listeners = listeners
        self._names = names

    def find(
        self,
        profiles: Profiles,
        rows: IntArray,
        facts: FactWeights,
        others: Mapping[int, Valued] | None = None,
    ) -> Iterator[tuple[int, list[Evidence]]]:
        """Direct links of each pair, and facts shared with items of the history.

        Args:
            profiles: of the users.
            rows: ``[n]`` positions of the pairs' users in the profiles.
            facts: about the pairs' items, with weights.
            others: further arguments of pairs, used if their value is positive and high enough.

        Yields:
            Positions of pairs that have any, and at most two arguments: a direct link (the shortest
            path), then the strongest.
        """
        index = self._index
        pairs, features = facts.pairs, index.features[facts.holdings]
        entity = index.entity[features]
        linked = profiles.contain(rows[pairs], entity)
        telling = (index.idf[features] >= LEAST_IDF) & ~index.common[features]
        supported = (linked | telling) & (facts.values > 0)
        left, right = profiles.with_feature(rows[pairs], features)
        useful = np.flatnonzero(supported & (linked | (left < right)))
        value = values(facts.ranks[useful], (right - left)[useful], facts.from_model[useful])
        useful = useful[np.lexsort((facts.holdings[useful], -value, pairs[useful]))]
        entities = entity[useful]
        named, concepts = np.ones(len(useful), dtype=bool), entities
        if self._names is not None:
            named, concepts = self._names.named(entities), self._names.concepts(entities)
        columns = (
            facts.holdings[useful], entities, concepts, facts.values[useful], facts.ranks[useful],
            named, left[useful], right[useful],
        )  # fmt: skip
        candidates = list(map(Fact, *(column.tolist() for column in columns)))
        is_link = linked[useful]
        changes = np.flatnonzero(np.diff(pairs[useful], prepend=-1))
        for start, stop in pairwise([*changes.tolist(), len(useful)]):
            group, links = candidates[start:stop], is_link[start:stop].tolist()
            basis: Basis = "model" if facts.from_model[useful[start]] else "rarity"
            shared = [fact for fact, link in zip(group, links, strict=True) if not link]
            found = self._in_common(shared, profiles.items, basis)
            pair = int(pairs[useful[start]])
            if others and pair in others and others[pair][0] > 0:
                found.append(others[pair])
            found.sort(key=lambda valued: -valued[0])
            link = self._link(list(compress(group, links)), basis)
            yield pair, [*link, *(argument for _, argument in found)][:_MOST_ARGUMENTS]

    def _link(self, links: Sequence[Fact], basis: Basis) -> list[Evidence]:
        """One argument from all direct links with the best one's meaning, the best-known first."""
        if not links:
            return []
        best = max(links, key=lambda fact: (fact.rank, -fact.holding))
        step = self._index.step(best.holding)
        alike = {}
        for fact in links:
            other = self._index.step(fact.holding, fact.weight)
            if (other.relation, other.forward) == (step.relation, step.forward):
                alike[other.entity] = other
        items = self._listeners.best_known(alike)
        steps = tuple(alike[item] for item in items)
        return [Evidence("link", items, steps, weight=sum(s.weight for s in steps), basis=basis)]

    def _in_common(self, shared: Sequence[Fact], items: IntArray, basis: Basis) -> list[Valued]:
        """Up to two arguments of entities and the items of the history that share all of them.

        Entities without a readable name are mentioned only if nothing else is shared, and two
        entities with the same name (genre *metal*, tag *metal*) only once.
        """
        arguments: list[Valued] = []
        remaining = [fact for fact in shared if fact.named] or list(shared)
        while remaining and len(arguments) < _MOST_ARGUMENTS:
            chosen, sharers = self._strongest(remaining, items, basis)
            concepts = {fact.concept for fact in chosen}
            remaining = [fact for fact in remaining if fact.concept not in concepts]
            if arguments and sharers <= set(arguments[0][1].items):
                continue  # the same items: a further argument about them adds no support
            steps = tuple(self._index.step(fact.holding, fact.weight) for fact in chosen)
            weight = sum(fact.weight for fact in chosen)
            best_known = self._listeners.best_known(sharers)
            evidence = Evidence("shared", best_known, steps, weight=weight, basis=basis)
            arguments.append((_value(chosen, len(sharers), basis), evidence))
        return arguments

    def _strongest(
        self, ranked: Sequence[Fact], items: IntArray, basis: Basis
    ) -> tuple[list[Fact], frozenset[int]]:
        """Facts, and the items of the history with all of them, maximising the value.

        Greedy: start from the best fact and add others while the value grows. Every named item
        shares every named entity.
        """
        best = ranked[0]
        chosen, sharers = [best], frozenset(items[best.start : best.stop].tolist())
        concepts = {best.concept}
        value = _value(chosen, len(sharers), basis)
        for fact in ranked[1:]:
            if len(chosen) == _MOST_SHARED:
                break
            if fact.concept in concepts or self._is_implied(fact, chosen):
                continue
            both = sharers.intersection(items[fact.start : fact.stop].tolist())
            if both and (grown := _value([*chosen, fact], len(both), basis)) > value:
                chosen.append(fact)
                concepts.add(fact.concept)
                sharers, value = both, grown
        return chosen, sharers

    def _is_implied(self, fact: Fact, chosen: Sequence[Fact]) -> bool:
        """Whether a chosen fact already implies it: *plays thrash metal* implies *plays metal*."""
        return self._names is not None and any(
            self._names.implies(other.entity, fact.entity) for other in chosen
        )


def values(
    ranks: NDArray[np.float64], sharers: IntArray, from_model: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Values of arguments of one fact each, ``[n]``.

    By rarity: weight² · (1 + ½ ln items), which balances a rare label shared with one artist and a
    common genre shared with twelve; the square keeps several generic facts from outweighing a
    specific one. The model's weights already include the history.

    Args:
        ranks: criterion for choosing each fact.
        sharers: number of items of the history with it.
        from_model: whether the weights are the model's.
    """
    by_rarity = ranks**2 * (1 + np.log(np.maximum(sharers, 1)) / 2)
    return np.where(from_model, ranks, by_rarity)


def value_of(argument: Evidence) -> float:
    """The same for an argument by rarity; of several direct links, the best one counts."""
    weights = [step.weight for step in argument.steps]
    used = [max(weights)] if argument.kind == "link" else weights
    return _by_rarity(used, len(argument.items))


def _value(facts: Sequence[Fact], sharers: int, basis: Basis) -> float:
    """The same for an argument of several facts: their weights, or squares of these, are summed."""
    ranks = [fact.rank for fact in facts]
    return sum(ranks) if basis == "model" else _by_rarity(ranks, sharers)


def _by_rarity(ranks: Sequence[float], sharers: int) -> float:
    return sum(rank**2 for rank in ranks) * (1 + math.log(sharers) / 2)
