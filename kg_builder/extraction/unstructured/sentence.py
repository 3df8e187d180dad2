"""One sentence while its relations are read: its slots, and what has been said so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from kg_builder.extraction.unstructured.clauses import clause_subject
from kg_builder.extraction.unstructured.mentions import Entity, Mention
from kg_builder.extraction.unstructured.relations import ReadText, Relation
from kg_builder.extraction.unstructured.sentences import Sentence
from kg_builder.extraction.unstructured.slots import Slotted, slotted
from kg_builder.ontology import Schema

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
