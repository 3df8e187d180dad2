"""Choose the facts of an explanation: shared with the user's history, or linking to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from recommender.explanation.co_listening import Listeners
from recommender.explanation.evidence import Basis, Evidence
from recommender.explanation.index import GraphIndex
from recommender.explanation.names import Names

__all__ = ["LEAST_IDF", "Arguments", "Fact"]

#: Features of more than half of the catalogue are uninformative about taste.
LEAST_IDF: Final = math.log(2)

_MOST_ARGUMENTS = 2
_MOST_SHARED = 2  # maximum entities in one argument


@dataclass(frozen=True)
class Fact:
    """A fact about the recommended item.

    Attributes:
        holding: its id in the index.
        entity: what it says of the item.
        weight: see `Basis`.
        rank: criterion for choosing facts, see `FactWeights`.
        named: whether the entity has a readable name.
        sharers: items of the history with the same fact; empty for a link to one of them.
    """

    holding: int
    entity: int
    weight: float
    rank: float
    named: bool
    sharers: frozenset[int]


class Arguments:
    """Chooses the facts of arguments, without verbalising them."""

    def __init__(self, index: GraphIndex, listeners: Listeners, names: Names | None) -> None:
        self._index = index
        self._listeners = listeners
        self._names = names

    def best(self, links: Sequence[Fact], shared: Sequence[Fact], basis: Basis) -> list[Evidence]:
        """At most two arguments: a direct link (the shortest path), then the strongest."""
        arguments = [*self._link(links, basis), *self._in_common(shared, basis)]
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

    def _in_common(self, shared: Sequence[Fact], basis: Basis) -> list[Evidence]:
        """Up to two arguments of entities and the items of the history that share all of them.

        Entities without a readable name are mentioned only if nothing else is shared, and two
        entities with the same name (genre *metal*, tag *metal*) only once.
        """
        arguments: list[tuple[float, Evidence]] = []
        remaining = [fact for fact in shared if fact.named] or list(shared)
        while remaining and len(arguments) < _MOST_ARGUMENTS:
            chosen, sharers = self._strongest(remaining, basis)
            concepts = {self._concept(fact) for fact in chosen}
            remaining = [fact for fact in remaining if self._concept(fact) not in concepts]
            if arguments and sharers <= set(arguments[0][1].items):
                continue  # the same items: a further argument about them adds no support
            steps = tuple(self._index.step(fact.holding, fact.weight) for fact in chosen)
            weight = sum(fact.weight for fact in chosen)
            items = self._listeners.best_known(sharers)
            evidence = Evidence("shared", items, steps, weight=weight, basis=basis)
            arguments.append((_value(chosen, sharers, basis), evidence))
        return [evidence for _, evidence in sorted(arguments, key=lambda pair: -pair[0])]

    def _strongest(self, shared: Sequence[Fact], basis: Basis) -> tuple[list[Fact], frozenset[int]]:
        """Facts, and the items of the history with all of them, maximising the value.

        Greedy: start from the best fact and add others while the value grows. Every named item
        shares every named entity.
        """
        ranked = sorted(
            shared, key=lambda fact: (-_value([fact], fact.sharers, basis), fact.holding)
        )
        chosen, sharers = ranked[:1], ranked[0].sharers
        concepts = {self._concept(ranked[0])}
        for fact in ranked[1:]:
            if len(chosen) == _MOST_SHARED:
                break
            both = sharers & fact.sharers
            if not both or self._concept(fact) in concepts or self._is_implied(fact, chosen):
                continue
            if _value([*chosen, fact], both, basis) > _value(chosen, sharers, basis):
                chosen.append(fact)
                concepts.add(self._concept(fact))
                sharers = both
        return chosen, sharers

    def _is_implied(self, fact: Fact, chosen: Sequence[Fact]) -> bool:
        """Whether a chosen fact already implies it: *plays thrash metal* implies *plays metal*."""
        return self._names is not None and any(
            self._names.implies(other.entity, fact.entity) for other in chosen
        )

    def _concept(self, fact: Fact) -> int:
        return fact.entity if self._names is None else self._names.concept(fact.entity)


def _value(facts: Sequence[Fact], sharers: frozenset[int], basis: Basis) -> float:
    """Value of an argument.

    By rarity: Σ weight² · (1 + ½ ln items), which balances a rare label shared with one artist and
    a common genre shared with twelve; the square keeps several generic facts from outweighing a
    specific one. The model's weights already include the history and are summed.
    """
    if basis == "model":
        return sum(fact.rank for fact in facts)
    return sum(fact.rank**2 for fact in facts) * (1 + math.log(len(sharers)) / 2)
