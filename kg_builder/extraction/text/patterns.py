"""Relations by patterns over typed slots: rules in a file, and the extractor that applies them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from kg_builder.errors import DataError
from kg_builder.extraction.text.default_relations import (
    guess_performer,
    read_release_dates,
    read_roles,
    read_typed,
    read_work,
)
from kg_builder.extraction.text.mentions import Entity, Mention, compile_pattern, numbers
from kg_builder.extraction.text.relations import ReadText, Relation, SentenceReading
from kg_builder.ontology import Schema

RULES: Final = tuple(
    Path(__file__).with_name(name) for name in ("patterns.toml", "patterns_of_works.toml")
)
_LONGEST: Final = 1500
_OBJECTS: Final = ("o", "o2", "o3")
_ENUMERATION: Final = compile_pattern("{o:A+}")


@dataclass(frozen=True)
class Pattern:
    """One rule of the rule file."""

    name: str
    predicate: str
    match: tuple[re.Pattern[str], ...]
    confidence: float
    subject: str
    object: str
    of_topic: bool
    inverse: bool
    about: str


@lru_cache(maxsize=4)
def load_patterns(path: Path) -> tuple[Pattern, ...]:
    """Read a rule file.

    Raises:
        DataError: the file is missing or not TOML, a rule lacks a key or holds no valid pattern.
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
            )
            for rule in rules
        )
    except FileNotFoundError:
        raise DataError("no such rule file", where=str(path)) from None
    except (tomllib.TOMLDecodeError, KeyError, ValueError, re.error) as fault:
        raise DataError(f"not a valid rule file: {fault!r}", where=str(path)) from None


class PatternExtractor:
    """The extractor that ships: no training, readable rules, modest recall.

    A sentence is read three times: by the patterns of the rule files; for players and roles named
    beside a person; and for what is mentioned without any pattern and, by its class, most likely
    speaks of the clause's subject.
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
        """Yield the relations of a text, sentence by sentence."""
        performed = False
        for sentence in text.sentences:
            if sentence.end - sentence.start > _LONGEST:
                continue
            reading = SentenceReading.of(self._schema, text, sentence)
            found = [item for item in self._read(reading) if not _is_said(item, reading)]
            performed |= any(_is_performance_of(item, text.topic) for item in found)
            yield from found
        if not performed and self._schema.is_a(text.topic.type, "Work"):
            yield from guess_performer(text, self._schema)

    def _read(self, reading: SentenceReading) -> list[Relation]:
        found: list[Relation] = []
        topic = reading.text.topic.type
        works = reading.about_work or "⟦W" in reading.slots.text
        for pattern in self._of_works_first if reading.about_work else self._patterns:
            if pattern.about and not self._schema.is_a(topic, pattern.about):
                continue
            if not works and pattern.subject in self._works:
                continue
            for expression in pattern.match:
                for match in expression.finditer(reading.slots.text):
                    found += _apply(pattern, match, reading)
        found += read_roles(reading)
        found += read_work(reading) if reading.about_work else read_typed(reading)
        found += read_release_dates(reading)
        return found


def _is_performance_of(relation: Relation, work: Entity) -> bool:
    if relation.predicate == "performer":
        return relation.subject is work
    return relation.predicate == "performed" and relation.object.entity is work


def _is_said(relation: Relation, reading: SentenceReading) -> bool:
    """Whether "with" says no more than that two are in one band: "he formed X with Y"."""
    if relation.predicate != "collaboratedWith" or relation.object.entity is None:
        return False
    ends = id(relation.subject), id(relation.object.entity)
    bands = [{band for person, band in reading.members if person == end} for end in ends]
    return bool(bands[0] & bands[1])


def _apply(pattern: Pattern, found: re.Match[str], reading: SentenceReading) -> Iterator[Relation]:
    groups = found.groupdict()
    named = [reading.mentions[number] for number in numbers(groups.get("s") or "")]
    if not pattern.inverse:
        named = named[:1]
    if named:
        for mention in named:
            if mention.entity is not None:
                yield from _state(pattern, mention.entity, mention, groups, reading)
    elif pattern.of_topic:
        yield from _state(pattern, reading.text.topic, None, groups, reading)
    else:
        subject = reading.subject(reading.slots.position(found.start()), pattern.subject)
        if subject is not None and subject.type != "Name":  # else a guess about a guess
            yield from _state(pattern, subject, None, groups, reading)


def _state(
    pattern: Pattern,
    subject: Entity,
    named: Mention | None,
    groups: Mapping[str, str | None],
    reading: SentenceReading,
) -> Iterator[Relation]:
    """What a pattern says of a subject, which the sentence names or which is only meant."""
    if not reading.may_be(subject, pattern.subject):
        return
    range_ = reading.schema.predicates[pattern.predicate].range
    for number in (n for group in _OBJECTS for n in numbers(groups.get(group) or "")):
        mention = reading.mentions[number]
        object_ = mention.entity
        if object_ is None or object_ is subject:
            continue
        if pattern.object and not reading.may_be(object_, pattern.object):
            continue
        if not reading.take(pattern.predicate, number, subject, object_):
            continue
        reading.learn(subject, pattern.subject)
        reading.learn(object_, pattern.object or (range_[0] if range_ else ""))
        one, other = subject, mention
        if pattern.inverse:
            one, other = object_, named or reading.mention_of(subject)
        yield reading.relation(one, pattern.predicate, other, pattern.name, pattern.confidence)
        if pattern.predicate == "memberOf":
            yield from _company(subject, mention, pattern, reading)


def _company(
    subject: Entity, band: Mention, pattern: Pattern, reading: SentenceReading
) -> Iterator[Relation]:
    """Those who are named in one breath with the subject: "X and Y left and formed Z"."""
    for found in _ENUMERATION.finditer(reading.slots.text):
        together = [reading.mentions[number].entity for number in numbers(found["o"])]
        if subject not in together or band.entity in together or band.entity is None:
            continue
        for other in together:
            if other is None or other is subject or not reading.may_be(other, pattern.subject):
                continue
            if reading.take_member(other, band.entity):
                reading.learn(other, "Person")
                yield reading.relation(other, "memberOf", band, pattern.name, pattern.confidence)
