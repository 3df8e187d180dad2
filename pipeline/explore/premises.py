"""Follow an inferred fact down to the stated facts from which rules derived the fact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.explore.cards import Fact, Source
from pipeline.explore.fact_reader import FactReader

__all__ = ["Why", "why"]

_DEEPEST: Final = 6
_SHARED: Final = "both: "


@dataclass(frozen=True)
class Why:
    """A fact with the facts that it rests on.

    Attributes:
        subject, predicate, value: the fact, things by their CURIEs.
        sources: who states or infers it.
        premises: of an inferred one, what it was inferred from.
    """

    subject: str
    predicate: str
    value: str
    sources: tuple[Source, ...]
    premises: tuple[Why, ...] = ()


def why(reader: FactReader, subject: str, fact: Fact, *, depth: int = _DEEPEST) -> Why:
    """A fact with its premises, down to the statements of sources.

    Args:
        reader: the build.
        subject: CURIE of the thing that the fact was read from (its object, if it points there).
        fact: the fact.
        depth: how many inferences are followed.
    """
    one, other = (subject, fact.value) if fact.direction == "out" else (fact.value, subject)
    premises: dict[tuple[str, str, str], Why] = {}
    if depth > 0:
        for source in fact.sources:
            if source.inferred:
                for about, found in _premises(reader, source, (one, other)):
                    key = (about, found.predicate, found.value)
                    if key not in premises:
                        premises[key] = why(reader, about, found, depth=depth - 1)
    return Why(one, fact.predicate, other, fact.sources, tuple(premises.values()))


def _premises(reader: FactReader, source: Source, ends: tuple[str, str]) -> list[tuple[str, Fact]]:
    """The facts that a rule's evidence names, each with its subject."""
    if source.evidence.startswith(_SHARED):  # of two things that have much in common
        shared = set(source.evidence.removeprefix(_SHARED).split(", "))
        return [
            (end, fact)
            for end in ends
            if (number := reader.number(end)) is not None
            for fact in reader.facts(number, incoming=False)
            if fact.value in shared
        ]
    found = []
    for text in source.evidence.split("; "):
        subject, _, triple_end = text.partition(" ")
        predicate, _, value = triple_end.partition(" ")
        fact = reader.statement(subject, predicate, value)
        if fact is not None:
            found.append((subject, fact))
    return found
