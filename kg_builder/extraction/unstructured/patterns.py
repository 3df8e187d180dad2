"""Relations by patterns over typed slots, and by the classes of what a sentence mentions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from kg_builder.errors import DataError
from kg_builder.extraction.unstructured import lexicon
from kg_builder.extraction.unstructured.clauses import clause_subject
from kg_builder.extraction.unstructured.coreference import Sentence
from kg_builder.extraction.unstructured.mentions import Entity, Mention
from kg_builder.extraction.unstructured.relations import ReadText, Relation
from kg_builder.extraction.unstructured.slots import (
    Slotted,
    compile_pattern,
    numbers,
    slot_of,
    slotted,
)
from kg_builder.ontology import Schema

RULES: Final = Path(__file__).with_name("patterns.toml")
_LONGEST: Final = 1500
_RELEASE: Final = re.compile(
    r"\b(?:releas|issu|publish|record|album|LP|EP|came out|appear|follow|debut|put out|single)",
    re.IGNORECASE,
)
_TYPED: Final = {
    "G": ("genre", "Artist", 0.55),
    "L": ("recordLabel", "Artist", 0.65),
    "W": ("performed", "Artist", 0.7),
    "Z": ("award", "Agent", 0.7),
}
"""Slot → what a mention of it most likely says of the subject of its clause."""

_FAR: Final = 60
_OTHER_CLAUSE: Final = re.compile(r"\b(?:whose|but|while|after|before|when|until|and \w+ \w+)\b|;")
_RELEASE_DATE: Final = 0.7
_ROLE_INSTRUMENT: Final = 0.85
_ROLE_MEMBER: Final = 0.65


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


@lru_cache(maxsize=4)
def load_patterns(path: Path = RULES) -> tuple[Pattern, ...]:
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
            )
            for rule in rules
        )
    except FileNotFoundError:
        raise DataError("no such rule file", where=str(path)) from None
    except (tomllib.TOMLDecodeError, KeyError, ValueError, re.error) as fault:
        raise DataError(f"not a valid rule file: {fault!r}", where=str(path)) from None


class PatternExtractor:
    """The extractor that ships: no training, readable rules, modest recall."""

    def __init__(self, schema: Schema, *, rules: Path = RULES) -> None:
        self._schema = schema
        self._patterns = load_patterns(rules)
        for pattern in self._patterns:
            schema.predicate(pattern.predicate)

    def extract(self, text: ReadText) -> Iterable[Relation]:
        """Yield the relations of a text, sentence by sentence."""
        for sentence in text.sentences:
            if sentence.end - sentence.start <= _LONGEST:
                yield from _SentenceReader(self._schema, self._patterns, text, sentence).read()


class _SentenceReader:
    def __init__(
        self, schema: Schema, patterns: tuple[Pattern, ...], text: ReadText, sentence: Sentence
    ) -> None:
        self._schema, self._patterns = schema, patterns
        self._text, self._sentence = text, sentence
        self._slots: Slotted = slotted(text.document.text, sentence, text.mentions, schema)
        self._taken: set[tuple[str, int]] = set()
        self._members: set[tuple[int, int]] = set()
        self._used_dates: set[int] = set()

    def read(self) -> Iterator[Relation]:
        for pattern in self._patterns:
            for expression in pattern.match:
                for found in expression.finditer(self._slots.text):
                    yield from self._by_pattern(pattern, found)
        yield from self._roles()
        yield from self._typed()
        yield from self._dates_of_works()

    # ------------------------------------------------------------------------------ patterns

    def _by_pattern(self, pattern: Pattern, found: re.Match[str]) -> Iterator[Relation]:
        groups = found.groupdict()
        objects = [
            number
            for name in ("o", "o2")
            if groups.get(name)
            for number in numbers(groups[name] or "")
        ]
        if groups.get("s"):
            subject = self._slots.mentions[numbers(groups["s"] or "")[0]].entity
        else:
            subject = self._subject(
                self._slots.position(found.start()),
                pattern.subject,
                topic_only=pattern.of_topic,
            )
        if subject is None or not self._may_be(subject, pattern.subject):
            return
        for number in objects:
            mention = self._slots.mentions[number]
            if mention.entity is None or mention.entity is subject:
                continue
            if pattern.object and not self._may_be(mention.entity, pattern.object):
                continue
            if self._take(pattern.predicate, number, subject, mention.entity):
                self._cast(subject, pattern.subject)
                self._cast(mention.entity, pattern.object or self._range(pattern.predicate))
                yield self._relation(
                    subject,
                    pattern.predicate,
                    mention,
                    f"pattern:{pattern.name}",
                    pattern.confidence,
                )

    def _subject(self, position: int, class_: str, *, topic_only: bool = False) -> Entity | None:
        if topic_only:
            return self._text.topic
        return clause_subject(
            self._text.doc,
            self._slots.mentions,
            self._sentence,
            position,
            self._text.topic,
            lambda entity: self._may_be(entity, class_ or "Artist"),
        )

    def _take(self, predicate: str, number: int, subject: Entity, object_: Entity) -> bool:
        """Whether this is the first to say so."""
        if predicate in {"memberOf", "hasMember"}:
            person, band = (subject, object_) if predicate == "memberOf" else (object_, subject)
            pair = (id(person), id(band))
            if pair in self._members or (pair[1], pair[0]) in self._members:
                return False
            self._members.add(pair)
            return True
        if predicate in {"collaboratedWith", "associatedWith", "influencedBy"}:
            ends = {id(subject), id(object_)}
            if any(ends == set(pair) for pair in self._members):
                return False
            key = ("", number)
        else:
            key = (predicate, number)
        if self._slots.mentions[number].type == "Date":
            if number in self._used_dates:
                return False
            self._used_dates.add(number)
        if key in self._taken:
            return False
        self._taken.add(key)
        return True

    # -------------------------------------------------------------------------- typed mentions

    def _roles(self) -> Iterator[Relation]:
        """ "The guitarist Adrian Utley": his instrument, and that he belongs to the band."""
        topic = self._text.topic
        for number, mention in enumerate(self._slots.mentions):
            player = mention.type == "Instrument" and lexicon.is_player(mention.text)
            if not player and mention.type != "Role":
                continue
            person = self._named_beside(number)
            if person is None and player:
                holder = self._subject(mention.start, "Person")
                plural = mention.text.casefold().endswith("s")
                person = None if plural or holder is None else holder
                if person is not None and not self._predicative(mention):
                    person = None
            if person is None or not self._may_be(person, "Person"):
                continue
            if player and ("instrument", number) not in self._taken:
                self._taken.add(("instrument", number))
                yield self._relation(
                    person, "instrument", mention, "pattern:role", _ROLE_INSTRUMENT
                )
            band = self._schema.is_a(topic.type, "Band") and person is not topic
            free = not any(id(person) in pair for pair in self._members)
            linked = any(
                key[0] == "" and self._slots.mentions[key[1]].entity is person
                for key in self._taken
            )
            if band and free and not linked and person.mentions:
                self._members.add((id(person), id(topic)))
                self._cast(person, "Person")
                yield self._relation(
                    topic, "hasMember", person.mentions[0], "pattern:role-in-band", _ROLE_MEMBER
                )

    def _named_beside(self, number: int) -> Entity | None:
        """The person that a role stands before, or behind a comma: "X, the singer"."""
        mentions, text = self._slots.mentions, self._text.document.text
        mention = mentions[number]
        if number + 1 < len(mentions):
            after = mentions[number + 1]
            if (
                text[mention.end : after.start] in {" ", ", "}
                and slot_of(after.type, self._schema) == "A"
                and after.origin != "coreference"
            ):
                return after.entity
        if number:
            before = mentions[number - 1]
            between = text[before.end : mention.start]
            if (
                slot_of(before.type, self._schema) == "A"
                and re.fullmatch(r",? (?:(?:the|a|an|its|their|his|her) )(?:[\w-]+ )?", between)
                and between.startswith(",")
            ):
                return before.entity
        return None

    def _predicative(self, mention: Mention) -> bool:
        """Whether a role is said of the subject: "she is a singer", "as a drummer"."""
        before = self._text.document.text[max(0, mention.start - 60) : mention.start]
        return bool(
            re.search(
                r"\b(?:is|was|became|as|being|remains?)(?: (?:also|both|a|an|the|its|their|now))*"
                r"(?: [\w'’-]+){0,3}? ?$",
                before,
            )
        )

    def _typed(self) -> Iterator[Relation]:
        """What is mentioned in a sentence and no pattern used speaks of the clause's subject."""
        for number, mention in enumerate(self._slots.mentions):
            slot = slot_of(mention.type, self._schema)
            if slot not in _TYPED or mention.origin == "coreference" or mention.entity is None:
                continue
            predicate, class_, confidence = _TYPED[slot]
            if (predicate, number) in self._taken:
                continue
            if slot == "G" and mention.text.casefold() in lexicon.plain_words():
                continue
            subject: Entity | None = None
            if slot == "Z":
                subject = self._winner(mention)
            subject = subject or self._subject(mention.start, class_)
            if subject is None or subject is mention.entity:
                continue
            if not self._may_be(subject, class_) and slot != "Z":
                continue
            self._taken.add((predicate, number))
            yield self._relation(subject, predicate, mention, "pattern:typed", confidence)

    def _winner(self, award: Mention) -> Entity | None:
        """A work that stands as the subject of the clause of an award."""
        works = [
            item
            for item in self._slots.mentions
            if slot_of(item.type, self._schema) == "W" and item.end <= award.start
        ]
        if not works:
            return None
        return clause_subject(
            self._text.doc,
            self._slots.mentions,
            self._sentence,
            award.start,
            self._text.topic,
            lambda entity: slot_of(entity.type, self._schema) in {"W", "A"},
        )

    def _dates_of_works(self) -> Iterator[Relation]:
        if not _RELEASE.search(self._slots.text):
            return
        dates = [
            (number, item)
            for number, item in enumerate(self._slots.mentions)
            if item.type == "Date" and number not in self._used_dates
        ]
        for _, work in enumerate(self._slots.mentions):
            if slot_of(work.type, self._schema) != "W" or work.origin == "coreference":
                continue
            if not dates or work.entity is None:
                return
            _, date = min(dates, key=lambda pair: abs(pair[1].start - work.start))
            first, last = sorted((date, work), key=lambda item: item.start)
            between = self._text.document.text[first.end : last.start]
            if len(between) > _FAR or _OTHER_CLAUSE.search(between):
                continue
            yield self._relation(
                work.entity, "releaseDate", date, "pattern:date-of-work", _RELEASE_DATE
            )

    # ------------------------------------------------------------------------------- classes

    def _may_be(self, entity: Entity, class_: str) -> bool:
        if not class_ or entity.type == "Name":
            return True
        return entity.type == class_ or self._schema.compatible(entity.type, class_)

    def _cast(self, entity: Entity, class_: str) -> None:
        """What a relation tells of the class of its ends."""
        if not class_ or class_ in {"Agent", "Work"}:
            return
        if entity.type == "Name":
            entity.type = class_
        elif entity.type in {"Artist", "Agent"} and class_ in {"Band", "Person"}:
            entity.type = {"Band": "Band", "Person": "SoloArtist"}[class_]

    def _range(self, predicate: str) -> str:
        allowed = self._schema.predicates[predicate].range
        return allowed[0] if allowed else ""

    def _relation(
        self, subject: Entity, predicate: str, mention: Mention, method: str, confidence: float
    ) -> Relation:
        return Relation(subject, predicate, mention, self._sentence, method, confidence)
