"""Extract relations by pattern rules (regular expressions over typed slots) read from a file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from kg_builder.errors import DataError
from kg_builder.extraction.text.default_relations import (
    guess_performer,
    read_by_class,
    read_release_dates,
    read_roles,
    read_work,
)
from kg_builder.extraction.text.lexicon import ORCHESTRA
from kg_builder.extraction.text.mentions import (
    ANAPHOR,
    RELATED,
    Entity,
    Mention,
    compile_pattern,
    numbers,
    slot_of,
)
from kg_builder.extraction.text.relations import ReadText, Relation, SentenceReading
from kg_builder.ontology import Schema

RULES: Final = tuple(
    Path(__file__).with_name(name) for name in ("patterns.toml", "patterns_of_works.toml")
)
_CONFIDENCES: Final = Path(__file__).with_name("confidences.toml")
_MAX_LENGTH: Final = 1500
_SHORT: Final = 30
_NOMINATIVE: Final = frozenset({"he", "she", "they"})
_OBJECTS: Final = ("o", "o2", "o3")
_ENUMERATION: Final = compile_pattern("{o:A+}")
_FOUNDING: Final = re.compile(r"\b(?:found|form|start|establish|set up|creat|launch|assembl)")
_ORCHESTRA_BEFORE: Final = re.compile(rf"\b(?:{ORCHESTRA}),?(?: called| named)?(?: the)? [“\"]?$")
_ORCHESTRA_AFTER: Final = re.compile(
    rf"(?:, (?:an?|(?:his|her|their)(?: own)?)(?: [\w-]+){{0,3}}?)? (?:{ORCHESTRA})\b"
)


@dataclass(frozen=True)
class Pattern:
    """A rule of the rule file."""

    name: str
    predicate: str
    match: tuple[re.Pattern[str], ...]
    confidence: float
    subject: str
    object: str
    of_topic: bool
    inverse: bool
    about: str
    known: bool
    unless: re.Pattern[str] | None


@lru_cache(maxsize=4)
def load_patterns(path: Path) -> tuple[Pattern, ...]:
    """Read a rule file.

    Raises:
        DataError: the file is missing or not TOML, a rule lacks a key or has an invalid pattern.
    """
    try:
        rules = tomllib.loads(path.read_text(encoding="utf-8"))["pattern"]
        return tuple(
            Pattern(
                name=rule["name"],
                predicate=rule["predicate"],
                match=tuple(compile_pattern(source) for source in rule["match"]),
                confidence=float(rule["confidence"]),
                subject=rule.get("subject", ""),
                object=rule.get("object", ""),
                of_topic=bool(rule.get("of_topic", False)),
                inverse=bool(rule.get("inverse", False)),
                about=rule.get("about", ""),
                known=bool(rule.get("known", False)),
                unless=compile_pattern(rule["unless"]) if "unless" in rule else None,
            )
            for rule in rules
        )
    except FileNotFoundError:
        raise DataError("no such rule file", where=str(path)) from None
    except (tomllib.TOMLDecodeError, KeyError, ValueError, re.error) as fault:
        raise DataError(f"not a valid rule file: {fault!r}", where=str(path)) from None


@lru_cache(maxsize=1)
def _levels() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Ascending confidences of rules, and the share of their correct statements."""
    levels = tomllib.loads(_CONFIDENCES.read_text(encoding="utf-8"))["levels"]
    return tuple(row[0] for row in levels), tuple(row[1] for row in levels)


def calibrated(confidence: float) -> float:
    """Calibrate a rule's confidence: the share of correct statements on annotated texts."""
    return round(float(np.interp(confidence, *_levels())), 3)


class PatternExtractor:
    """Rule-based relation extractor: no training, readable rules, modest recall.

    A relation's confidence is not that of the rule file or reader, but the share of correct
    statements with that confidence on annotated texts (`calibrated`).

    A sentence is processed in three steps, each of which skips mentions used by earlier ones: the
    patterns of the rule files; players and roles beside a person; and mentions without a pattern
    that, by their class, most likely are a property of the clause's subject.
    """

    def __init__(self, schema: Schema, *, rules: Sequence[Path] = RULES) -> None:
        self._schema = schema
        self._patterns = [pattern for path in rules for pattern in load_patterns(path)]
        for pattern in self._patterns:
            schema.predicate(pattern.predicate)
        subjects = {pattern.subject for pattern in self._patterns} - {""}
        self._works = frozenset(name for name in subjects if schema.is_a(name, "Work"))
        self._of_works_first = sorted(
            self._patterns, key=lambda item: not (item.about or item.subject in self._works)
        )

    def extract(self, text: ReadText) -> Iterable[Relation]:
        """Extract the relations of a text, sentence by sentence.

        The entity classes implied by the relations are decided here, once for the whole text.
        """
        found: list[Relation] = []
        types: Mapping[Entity, str] = {}
        for sentence in text.sentences:
            if sentence.end - sentence.start > _MAX_LENGTH:
                continue
            reading = self._read(SentenceReading.begin(self._schema, text, sentence, types))
            types = reading.types
            found += reading.kept_relations()
        for entity, type_ in types.items():
            entity.type = type_
        found = [item for item in found if not _is_reversed(item, text)]
        performed = any(_is_performance_of(item, text.topic) for item in found)
        if not performed and self._schema.is_a(text.topic.type, "Work"):
            found += guess_performer(text, self._schema)
        return [replace(item, confidence=calibrated(item.confidence)) for item in found]

    def _read(self, reading: SentenceReading) -> SentenceReading:
        topic = reading.type_of(reading.text.topic)
        names_works = reading.about_work or "⟦W" in reading.slots.text
        for pattern in self._of_works_first if reading.about_work else self._patterns:
            if pattern.about and not self._schema.is_a(topic, pattern.about):
                continue
            if not names_works and pattern.subject in self._works:
                continue
            for expression in pattern.match:
                for match in expression.finditer(reading.slots.text):
                    reading = _apply(pattern, match, reading)
        reading = read_roles(reading)
        reading = read_work(reading) if reading.about_work else read_by_class(reading)
        return read_release_dates(reading)


_REFORMED: Final = re.compile(
    r"\b(?:[Rr]e-?form(?:ed|s)|[Rr]egroup(?:ed|s)|got back together|"
    r"[Rr]e-?unit(?:ed|es)(?! for (?:an?|one|two|the)\b))\b"
)


def _is_reversed(relation: Relation, text: ReadText) -> bool:
    """Whether an end of the band that the text is about is followed by a new beginning."""
    if relation.predicate != "endDate" or relation.subject is not text.topic:
        return False
    if relation.method != "pattern:ended":
        return False
    again = _REFORMED.search(text.document.text, relation.sentence.end)
    return again is not None


def _is_performance_of(relation: Relation, work: Entity) -> bool:
    if relation.predicate == "performer":
        return relation.subject is work
    return relation.predicate == "performed" and relation.object.entity is work


def _apply(pattern: Pattern, found: re.Match[str], reading: SentenceReading) -> SentenceReading:
    earlier = reading
    subjects = [reading.mentions[number] for number in numbers(found.groupdict().get("s") or "")]
    named = subjects[_clause_at(subjects) or 0 :]
    if named:
        for mention in named:
            if mention.entity is not None:
                reading = _relate(pattern, mention.entity, mention, found, reading, earlier)
        return reading
    if pattern.of_topic:
        return _relate(pattern, reading.text.topic, None, found, reading, earlier)
    subject = reading.subject(reading.slots.position(found.start()), pattern.subject)
    if subject is None or reading.type_of(subject) == "Name":  # a guess based on a guess
        return reading
    return _relate(pattern, subject, None, found, reading, earlier)


def _clause_at(listed: Sequence[Mention]) -> int | None:
    """Where in a list of names another clause begins: "by X and she", "by X; he"."""
    return next(
        (at for at, item in enumerate(listed) if at and item.text in _NOMINATIVE),
        None,
    )


def _relate(
    pattern: Pattern,
    subject: Entity,
    named: Mention | None,
    found: re.Match[str],
    reading: SentenceReading,
    earlier: SentenceReading,
) -> SentenceReading:
    """Relate an explicit or implied subject to the objects of a match."""
    if not reading.may_be(subject, pattern.subject):
        return reading
    if pattern.known and not reading.schema.is_a(reading.type_of(subject), pattern.subject):
        return reading
    if pattern.unless and pattern.unless.search(reading.slots.text, 0, found.start("o")):
        return reading
    range_ = reading.schema.predicates[pattern.predicate].range
    objects = list(_objects(found.groupdict(), reading))
    for number in objects:
        mention = reading.mentions[number]
        object_ = mention.entity
        if object_ is None or object_ is subject:
            continue
        if pattern.object and not reading.may_be(object_, pattern.object):
            continue
        if _founds_orchestra(pattern, found, [named, mention], reading):
            continue
        reading, is_new = reading.claim(pattern.predicate, number, subject, object_, earlier)
        if not is_new:
            continue
        reading = reading.with_class(subject, pattern.subject)
        reading = reading.with_class(object_, pattern.object or (range_[0] if range_ else ""))
        if pattern.object == "Agent":
            reading = reading.with_class(object_, _class_of_agents(objects, reading))
        one, other = subject, mention
        if pattern.inverse:
            one, other = object_, named or reading.mention_of(subject)
        reading = reading.with_relation(
            one, pattern.predicate, other, pattern.name, pattern.confidence
        )
        if pattern.predicate == "memberOf":
            reading = _relate_company(subject, mention, pattern, reading)
    return reading


def _founds_orchestra(
    pattern: Pattern,
    found: re.Match[str],
    ends: Sequence[Mention | None],
    reading: SentenceReading,
) -> bool:
    """Whether a membership is that of the founder of what the text calls an orchestra or choir."""
    if pattern.predicate not in {"memberOf", "hasMember"} or not _FOUNDING.search(found[0]):
        return False
    text = reading.text.document.text
    return any(
        _ORCHESTRA_BEFORE.search(text, max(0, end.start - _SHORT), end.start)
        or _ORCHESTRA_AFTER.match(text, end.end)
        for end in ends
        if end is not None
    )


def _objects(groups: Mapping[str, str | None], reading: SentenceReading) -> Iterator[int]:
    for group in _OBJECTS:
        listed = numbers(groups.get(group) or "")
        for number in listed[: _clause_at([reading.mentions[number] for number in listed])]:
            person = _possessed(number, reading)
            if person is not None:
                yield person


def _possessed(number: int, reading: SentenceReading) -> int | None:
    """Whom a mention stands for: itself, or a person of its own, "X's drummer Y".

    None for one who is not named.
    """
    text = reading.text.document.text
    owned = RELATED.match(text, reading.mentions[number].end)
    if owned is None:
        return number
    if reading.mentions[number].origin == ANAPHOR:  # "her drummer, X": a guess based on a guess
        return None
    for other in range(number + 1, len(reading.mentions)):
        mention = reading.mentions[other]
        if mention.origin == ANAPHOR and mention.start < owned.end():
            return None
        if mention.start >= owned.end():
            named = slot_of(mention.type, reading.schema) in {"A", "O"}
            gap = text[owned.end() : mention.start]
            return other if named and gap in {" ", ", ", ", the "} else None
    return None


def _class_of_agents(listed: Sequence[int], reading: SentenceReading) -> str:
    """The class of coordinated agents, as far as one is known; conjuncts are alike."""
    entities = [reading.mentions[number].entity for number in listed]
    types = [reading.type_of(entity) for entity in entities if entity is not None]
    known = [name for name in types if name != "Name"]
    if not known or len(known) == len(types):
        return ""
    return "Person" if reading.schema.is_a(known[0], "Person") else "Artist"


def _relate_company(
    subject: Entity, band: Mention, pattern: Pattern, reading: SentenceReading
) -> SentenceReading:
    """Relate the persons listed with the subject: "X and Y left and formed Z"."""
    for found in _ENUMERATION.finditer(reading.slots.text):
        together = [reading.mentions[number].entity for number in numbers(found["o"])]
        if subject not in together or band.entity in together or band.entity is None:
            continue
        for other in together:
            if other is None or other is subject or not reading.may_be(other, pattern.subject):
                continue
            reading, is_new = reading.claim_member(other, band.entity)
            if is_new:
                reading = reading.with_class(other, "Person").with_relation(
                    other, "memberOf", band, pattern.name, pattern.confidence
                )
    return reading
