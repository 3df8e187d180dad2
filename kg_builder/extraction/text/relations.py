"""What a relation extractor is, and one sentence while its relations are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

from spacy.tokens import Doc, Token

from kg_builder.extraction.text.documents import TextDocument
from kg_builder.extraction.text.mentions import Entity, Mention, Sentence, Slotted, slotted
from kg_builder.ontology import Schema

_SUBJECTS: Final = frozenset({"nsubj", "nsubjpass", "csubj"})
_MODIFIERS: Final = frozenset({"acl", "relcl", "appos"})
_SOMEBODY: Final = frozenset({"Person", "SoloArtist", "Band"})
_DEEPEST: Final = 12

Allowed = Callable[[Entity], bool]


def clause_subject(
    doc: Doc | None,
    mentions: Sequence[Mention],
    sentence: Sentence,
    position: int,
    topic: Entity,
    allowed: Allowed,
    *,
    about_work: bool = False,
) -> Entity | None:
    """The thing that the clause around a position speaks of; `doc` only if it has a parse.

    With a parse: the subject of the governing verb, or the noun that a relative clause or
    participle belongs to; a pronoun or name there that is not allowed means that the clause speaks
    of somebody else (`None`). Without a parse, or where it leads to no mention: the nearest
    allowed mention before the position, the first one after it, the topic of the text. In a text
    about a work nobody else is guessed at: what is said without a subject is said of the work.
    """
    if doc is not None:
        found = _by_parse(doc, mentions, position)
        if found is not None and allowed(found):
            return found
        if found is not None and found.type in _SOMEBODY:
            return _work_before(mentions, sentence, position, allowed) if about_work else None
    if about_work:
        return topic if allowed(topic) else None
    within = [
        item
        for item in mentions
        if sentence.start <= item.start < sentence.end and item.entity and allowed(item.entity)
    ]
    before = [item for item in within if item.end <= position]
    if before:
        named = before[0] if before[0].entity is topic else before[-1]
        return named.entity or topic
    after = [item for item in within if item.start >= position]
    if after and not allowed(topic):
        return after[0].entity or topic
    return topic


def _work_before(
    mentions: Sequence[Mention], sentence: Sentence, position: int, allowed: Allowed
) -> Entity | None:
    """What an artist made: the last allowed thing that the sentence named: "X, which Y put out"."""
    named = [
        item.entity
        for item in mentions
        if sentence.start <= item.start
        and item.end <= position
        and item.entity is not None
        and item.entity.type not in {"Name", *_SOMEBODY}
        and allowed(item.entity)
    ]
    return named[-1] if named else None


def _by_parse(doc: Doc, mentions: Sequence[Mention], position: int) -> Entity | None:
    token: Token | None = _token_at(doc, position)
    for _ in range(_DEEPEST):
        if token is None:
            return None
        for child in token.children:
            if child.dep_ in _SUBJECTS and child.i != token.i:
                found = _mention_of(child, mentions)
                if found is not None:
                    return found
        if token.dep_ in _MODIFIERS:
            found = _mention_of(token.head, mentions)
            if found is not None:
                return found
        if token.dep_ == "poss":
            found = _mention_of(token, mentions)
            if found is not None:
                return found
        token = token.head if token.head.i != token.i else None
    return None


def _mention_of(token: Token, mentions: Sequence[Mention]) -> Entity | None:
    """The mention that holds the token, or that the token's own modifiers name."""
    for item in mentions:
        if item.start <= token.idx < item.end:
            return item.entity
    for child in token.children:
        if child.dep_ in {"appos", "poss", "compound", "nmod"}:
            for item in mentions:
                if item.start <= child.idx < item.end:
                    return item.entity
    return None


def _token_at(doc: Doc, position: int) -> Token | None:
    low, high = 0, len(doc) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if doc[middle].idx <= position:
            low = middle
        else:
            high = middle - 1
    return doc[low] if len(doc) else None


@dataclass(frozen=True)
class ReadText:
    """A text with everything that was found before relations: the extractor's input."""

    document: TextDocument
    doc: Doc
    """spaCy's reading; it has a dependency parse only where a model is installed."""

    sentences: list[Sentence]
    mentions: list[Mention]
    """In order, anaphors included; `mention.entity` says what each one is a mention of."""

    topic: Entity
    """The thing that the text is about; it need not be mentioned by name."""

    @cached_property
    def is_parsed(self) -> bool:
        """Whether the text has a dependency parse."""
        return bool(self.doc.has_annotation("DEP"))


@dataclass(frozen=True)
class Relation:
    """`subject –predicate→ object` as one sentence says it."""

    subject: Entity
    predicate: str
    object: Mention
    sentence: Sentence
    method: str
    confidence: float


@dataclass(frozen=True)
class Reading:
    """What one text says: all that is kept of it, and all that travels between processes."""

    document: TextDocument
    sentences: list[Sentence]
    mentions: list[Mention]
    topic: Entity
    relations: list[Relation]


class RelationExtractor(Protocol):
    """Reads relations out of texts whose mentions are known."""

    def extract(self, text: ReadText) -> Iterable[Relation]:
        """Yield relations whose predicates are the data model's, in the order of the text."""


_BETWEEN_AGENTS = frozenset({"collaboratedWith", "associatedWith", "influencedBy"})
MAKERS = frozenset({"producer", "writer", "composer"})
"""Predicates from a work to somebody who is not its performer."""


@dataclass
class SentenceReading:
    """What the readers of a sentence share, so that nothing is said twice.

    Readers that are surer come first: an object that one of them used for a predicate is taken.
    """

    schema: Schema
    text: ReadText
    sentence: Sentence
    slots: Slotted
    taken: set[tuple[str, int]] = field(default_factory=set)
    """(predicate, number of the object's mention)"""

    members: set[tuple[int, int]] = field(default_factory=set)
    """(person, band), by the identity of their entities"""

    dates: set[int] = field(default_factory=set)
    """Numbers of the dates that were used"""

    made: set[int] = field(default_factory=set)
    """Works that somebody else than their performer is said to have made"""

    performances: set[tuple[int, int]] = field(default_factory=set)
    """(work, performer)"""

    makers: set[tuple[str, int, int]] = field(default_factory=set)
    """(predicate, work, maker)"""

    placed: set[int] = field(default_factory=set)
    """Songs that were related to an album"""

    @classmethod
    def of(cls, schema: Schema, text: ReadText, sentence: Sentence) -> SentenceReading:
        """Begin with a sentence of a text."""
        return cls(
            schema,
            text,
            sentence,
            slotted(text.document.text, sentence, text.mentions, schema),
        )

    @property
    def mentions(self) -> list[Mention]:
        """The sentence's mentions; their numbers are those of the slots."""
        return self.slots.mentions

    def subject(self, position: int, class_: str) -> Entity | None:
        """Whom the clause around a position of the text speaks of, if it can be of the class."""
        return clause_subject(
            self.text.doc if self.text.is_parsed else None,
            self.mentions,
            self.sentence,
            position,
            self.text.topic,
            lambda entity: self.may_be(entity, class_ or "Artist"),
            about_work=self.about_work,
        )

    @property
    def about_work(self) -> bool:
        """Whether the text is about a work rather than an artist."""
        return self.schema.is_a(self.text.topic.type, "Work")

    def may_be(self, entity: Entity, class_: str) -> bool:
        """Whether a thing can be of a class, as far as is known."""
        if not class_ or entity.type == "Name":
            return True
        return entity.type == class_ or self.schema.compatible(entity.type, class_)

    def learn(self, entity: Entity, class_: str) -> None:
        """Note what a relation tells of the class of its ends."""
        if not class_ or class_ in {"Agent", "Work"}:
            return
        if entity.type == "Name":
            entity.type = class_
        elif entity.type in {"Artist", "Agent"} and class_ in {"Band", "Person"}:
            entity.type = {"Band": "Band", "Person": "SoloArtist"}[class_]

    def take(self, predicate: str, number: int, subject: Entity, object_: Entity) -> bool:
        """Claim an object for a predicate; false where that was said before."""
        if predicate in {"memberOf", "hasMember"}:
            person, band = (subject, object_) if predicate == "memberOf" else (object_, subject)
            return self.take_member(person, band)
        if predicate in {"performed", "performer"}:
            work, artist = (subject, object_) if predicate == "performer" else (object_, subject)
            if (id(work), id(artist)) in self.performances:
                return False
            self.performances.add((id(work), id(artist)))
        key = (predicate, number)
        if predicate in _BETWEEN_AGENTS:
            ends = {id(subject), id(object_)}
            if any(ends == set(pair) for pair in self.members):
                return False
            key = ("", number)
        if self.mentions[number].type == "Date":
            if number in self.dates:
                return False
            self.dates.add(number)
        if predicate in MAKERS:
            work, maker = subject, object_
            if not self.schema.is_a(subject.type, "Work"):
                work, maker = object_, subject
            if (predicate, id(work), id(maker)) in self.makers:
                return False
            self.makers.add((predicate, id(work), id(maker)))
            self.made.add(id(work))
            self.taken.add(key)
            return True
        if key in self.taken:
            return False
        self.taken.add(key)
        if predicate == "onAlbum":
            self.placed.add(id(subject))
        return True

    def take_member(self, person: Entity, band: Entity) -> bool:
        """Claim a membership, whichever way round it is said."""
        pair = (id(person), id(band))
        if pair in self.members or (pair[1], pair[0]) in self.members:
            return False
        self.members.add(pair)
        return True

    def mention_of(self, entity: Entity) -> Mention:
        """A mention of a thing; of a topic that the text never names, an empty one."""
        if entity.mentions:
            return entity.mentions[0]
        start = self.sentence.start
        return Mention(start, start, "", entity.type, "title", entity.name, entity)

    def has_performer(self, work: Entity) -> bool:
        """Whether the sentence says who performs a work."""
        return any(id(work) == one for one, _ in self.performances)

    def relation(
        self, subject: Entity, predicate: str, object_: Mention, method: str, confidence: float
    ) -> Relation:
        """A relation that this sentence says."""
        return Relation(subject, predicate, object_, self.sentence, f"pattern:{method}", confidence)
