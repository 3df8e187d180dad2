"""Trace an inferred fact back to the stated facts that rules derived it from."""

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
    """A fact with its derivation.

    Attributes:
        subject, predicate, value: the fact, with CURIEs of entities.
        sources: statements of the fact, stated or inferred.
        premises: the facts it was inferred from, if inferred.
    """

    subject: str
    predicate: str
    value: str
    sources: tuple[Source, ...]
    premises: tuple[Why, ...] = ()


def why(reader: FactReader, subject: str, fact: Fact, *, depth: int = _DEEPEST) -> Why:
    """Build the derivation of a fact, down to the statements of sources.

    Args:
        reader: the build.
        subject: CURIE of the entity on whose card the fact is (its object, for an inverse fact).
        fact: the fact.
        depth: maximum number of inference steps.
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
    """The facts listed in a rule's evidence, each with its subject."""
    if source.evidence.startswith(_SHARED):  # of two similar entities
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
