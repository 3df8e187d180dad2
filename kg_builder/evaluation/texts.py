"""Score text extraction on annotated texts: relations, coreference, confidence calibration."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final, NamedTuple

from kg_builder.errors import DataError
from kg_builder.evaluation.extraction import Counts
from kg_builder.extraction.text.mentions import slot_of
from kg_builder.extraction.text.relations import Reading, Relation
from kg_builder.ontology import Schema
from kg_builder.text_models.training.annotated import DATA_MODEL_NAME

Fact = tuple[str, str, str]
Place = tuple[int, int]
"""Start and end offsets of a mention, in code points."""

_TURNED: Final = {"hasMember": "memberOf", "performer": "performed"}
"""Predicate → its inverse."""

_KINDS: Final = {
    "typed": "by class",
    "role": "by role",
    "role-in-band": "by role",
    "date-of-work": "by nearness",
    "first-artist": "by nearness",
}
"""Suffix of a "pattern:" method that is not from a rule file → kind of statement."""

_DATES: Final = frozenset({"beginDate", "endDate", "releaseDate"})
_NAMED: Final = "AWLPZ"
"""Mention types with annotated chains: agents, works, labels, places, awards."""


@dataclass(frozen=True)
class GoldText:
    """Gold annotation of a text: coreference chains and triples."""

    id: str
    chains: tuple[tuple[Place, ...], ...]
    facts: frozenset[Fact]


@dataclass(frozen=True)
class Confidence:
    """Relations extracted with one confidence, and how many of them are correct."""

    stated: float
    found: int
    right: int


class JudgedRelation(NamedTuple):
    """An extracted relation: kind of method, confidence, and whether it is correct."""

    kind: str
    confidence: float
    right: bool


def read_annotated_texts(path: Path) -> list[GoldText]:
    """Read annotated biographies: JSON lines with `id`, `chains` and `triples`.

    Raises:
        DataError: no such file, or a line of another form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as fault:
        raise DataError(f"cannot be read: {fault.strerror}", where=str(path)) from None
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(_annotated(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise DataError(
                f"no annotated text: {fault!r}",
                where=f"{path}, line {number}",
                remedy="JSON lines with id, chains and triples",
            ) from None
    return found


def _annotated(item: Any) -> GoldText:
    return GoldText(
        str(item["id"]),
        tuple(
            tuple((mention["start"], mention["end"]) for mention in chain["mentions"])
            for chain in item["chains"]
        ),
        frozenset(
            _fact(triple["subject"], triple["predicate"], triple["object"])
            for triple in item["triples"]
        ),
    )


def count_relations(texts: Sequence[tuple[GoldText, Reading]]) -> Counts:
    """Count relations of the annotated predicates, each once per text.

    Names are compared ignoring case, articles and hyphens, dates by their year; memberships and
    symmetric relations count in either direction.
    """
    predicates = _predicates(gold for gold, _ in texts)
    right = found = wanted = 0
    for gold, reading in texts:
        extracted = {fact for item in reading.relations if (fact := fact_of(item))[1] in predicates}
        right, found = right + len(gold.facts & extracted), found + len(extracted)
        wanted += len(gold.facts)
    return Counts(right, found, wanted)


def count_coreference(texts: Sequence[tuple[GoldText, Reading]], schema: Schema) -> Counts:
    """Count coreferent pairs of mentions."""
    right = found = wanted = 0
    for gold, reading in texts:
        chains: dict[int, list[Place]] = {}
        for mention in reading.mentions:
            if slot_of(mention.type, schema) in _NAMED:
                chains.setdefault(id(mention.entity), []).append((mention.start, mention.end))
        expected, predicted = _pairs(gold.chains), _pairs(chains.values())
        right, found = right + len(expected & predicted), found + len(predicted)
        wanted += len(expected)
    return Counts(right, found, wanted)


def judged_relations(texts: Sequence[tuple[GoldText, Reading]]) -> list[JudgedRelation]:
    """Relations of the annotated predicates, each once per text with its highest confidence."""
    predicates = _predicates(gold for gold, _ in texts)
    found = []
    for gold, reading in texts:
        best: dict[Fact, Relation] = {}
        for item in reading.relations:
            fact = fact_of(item)
            previous = best.get(fact)
            if fact[1] in predicates and (
                previous is None or previous.confidence < item.confidence
            ):
                best[fact] = item
        found += [
            JudgedRelation(kind_of(item.method), item.confidence, fact in gold.facts)
            for fact, item in best.items()
        ]
    return found


def kind_of(method: str) -> str:
    """Kind of statement by extraction method.

    >>> kind_of("pattern:born-in"), kind_of("pattern:typed"), kind_of("trained")
    ('rule', 'by class', 'trained')
    """
    family, _, name = method.partition(":")
    return _KINDS.get(name, "rule") if family == "pattern" else family


def by_confidence(judged: Sequence[JudgedRelation]) -> list[Confidence]:
    """Group relations by rising confidence, and count the correct ones."""
    counts: dict[float, list[int]] = {}
    for item in judged:
        count = counts.setdefault(round(item.confidence, 2), [0, 0])
        count[0] += 1
        count[1] += item.right
    return [Confidence(stated, *counts[stated]) for stated in sorted(counts)]


def confidence_error(found: Sequence[Confidence]) -> float:
    """Expected calibration error (ECE): mean distance of confidence from the correct share."""
    total = sum(item.found for item in found)
    return sum(abs(item.stated * item.found - item.right) for item in found) / total if total else 0


def fact_of(relation: Relation) -> Fact:
    """Normalise a relation to a comparable fact."""
    mention = relation.object
    name = mention.name if mention.type == "Date" or not mention.entity else mention.entity.name
    return _fact(relation.subject.name, relation.predicate, name)


def _fact(subject: str, predicate: str, object_: str) -> Fact:
    predicate = DATA_MODEL_NAME.get(predicate, predicate)
    one, other = _plain(subject), _plain(object_)
    if predicate in _TURNED:
        one, predicate, other = other, _TURNED[predicate], one
    if predicate == "associatedWith":
        one, other = sorted((one, other))
    return one, predicate, _year(other) if predicate in _DATES else other


def _year(date: str) -> str:
    """The year of a date as written in texts or annotations: "4 March 1974", "1974-03-04"."""
    found = re.search(r"\d{4}", date)
    return found[0] if found else date


def _plain(name: str) -> str:
    return name.casefold().removeprefix("the ").removesuffix(" music").replace("-", " ")


def _predicates(texts: Iterable[GoldText]) -> frozenset[str]:
    return frozenset(fact[1] for text in texts for fact in text.facts)


def _pairs(chains: Iterable[Iterable[Hashable]]) -> set[frozenset[Hashable]]:
    return {frozenset(pair) for chain in chains for pair in combinations(chain, 2)}
