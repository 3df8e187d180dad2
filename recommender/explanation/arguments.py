"""Choose the facts of an explanation: shared with the user's history, or linking to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.explanation.co_listening import Listeners
from recommender.explanation.evidence import Basis, Evidence
from recommender.explanation.index import GraphIndex
from recommender.explanation.names import Names

__all__ = ["LEAST_IDF", "Arguments", "Fact", "values"]

IntArray = NDArray[np.int64]

#: Features of more than half of the catalogue are uninformative about taste.
LEAST_IDF: Final = math.log(2)

_MOST_ARGUMENTS = 2
_MOST_SHARED = 2  # maximum entities in one argument


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

    def best(
        self, links: Sequence[Fact], shared: Sequence[Fact], items: IntArray, basis: Basis
    ) -> list[Evidence]:
        """At most two arguments: a direct link (the shortest path), then the strongest.

        Args:
            links: facts whose entity is an item of the history.
            shared: facts that items of the history have too, sorted by falling `values`.
            items: of the histories, see `Fact`.
            basis: of the weights.
        """
        arguments = [*self._link(links, basis), *self._in_common(shared, items, basis)]
        return arguments[:_MOST_ARGUMENTS]

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

    def _in_common(self, shared: Sequence[Fact], items: IntArray, basis: Basis) -> list[Evidence]:
        """Up to two arguments of entities and the items of the history that share all of them.

        Entities without a readable name are mentioned only if nothing else is shared, and two
        entities with the same name (genre *metal*, tag *metal*) only once.
        """
        arguments: list[tuple[float, Evidence]] = []
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
        return [evidence for _, evidence in sorted(arguments, key=lambda pair: -pair[0])]

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


def _value(facts: Sequence[Fact], sharers: int, basis: Basis) -> float:
    """The same for an argument of several facts: their weights, or squares of these, are summed."""
    if basis == "model":
        return sum(fact.rank for fact in facts)
    return sum(fact.rank**2 for fact in facts) * (1 + math.log(sharers) / 2)
