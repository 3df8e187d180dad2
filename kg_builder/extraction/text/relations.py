"""Interface of relation extractors, and the state of a sentence while relations are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from kg_builder.extraction.text.documents import TextDocument
from kg_builder.extraction.text.mentions import (
    RELATED,
    SOMEONE,
    Entity,
    Mention,
    Sentence,
    Slotted,
    contrasted_spans,
    slotted,
    unasserted_spans,
)
from kg_builder.ontology import Schema

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_SUBJECTS: Final = frozenset({"nsubj", "nsubjpass", "csubj"})
_MODIFIERS: Final = frozenset({"acl", "relcl", "appos"})
_AGENTS: Final = frozenset({"Person", "SoloArtist", "Band"})
_MAX_DEPTH: Final = 12
_DOES: Final = re.compile(r" (?:(?!and |or )\w+ ){0,2}")


@dataclass(frozen=True)
class ReadText:
    """A text with its parse, mentions and topic: the input of a relation extractor."""

    document: TextDocument
    doc: Doc
    """spaCy's document; it has a dependency parse only if a model is installed."""

    sentences: list[Sentence]
    mentions: list[Mention]
    """In order, anaphors included; `mention.entity` is the entity of each."""

    topic: Entity
    """The entity that the text is about; it need not be mentioned by name."""

    @cached_property
    def is_parsed(self) -> bool:
        """Whether the text has a dependency parse."""
        return bool(self.doc.has_annotation("DEP"))


@dataclass(frozen=True)
class Relation:
    """`subject –predicate→ object` as stated by one sentence."""

    subject: Entity
    predicate: str
    object: Mention
    sentence: Sentence
    method: str
    confidence: float


@dataclass(frozen=True)
class Reading:
    """The results for one text, which are passed between processes."""

    document: TextDocument
    sentences: list[Sentence]
    mentions: list[Mention]
    topic: Entity
    relations: list[Relation]
    unasserted: list[Relation] = field(default_factory=list)
    """Those that a sentence denies or only considers: "was never a member of"."""

    unnamed: int = 0
    """Number of relations left out, as one end is a person without a name: "her father"."""


def divide_unasserted(
    text: ReadText, relations: Iterable[Relation], schema: Schema
) -> tuple[list[Relation], list[Relation]]:
    """Separate what the sentences assert from what they deny or only consider.

    A relation is not asserted if its object is mentioned in one of `unasserted_spans`, or its
    subject only there.
    """
    asserted: list[Relation] = []
    others: list[Relation] = []
    spans: dict[Sentence, list[tuple[int, int]]] = {}
    contrasts: dict[Sentence, list[tuple[int, int]]] = {}
    for relation in relations:
        sentence = relation.sentence
        if sentence not in spans:
            slots = slotted(text.document.text, sentence, text.mentions, schema)
            spans[sentence] = unasserted_spans(slots)
            contrasts[sentence] = contrasted_spans(slots)
        subjects = [
            item
            for item in relation.subject.mentions
            if sentence.start <= item.start < sentence.end
        ]
        within = [
            all(any(start <= item.start < end for start, end in spans[sentence]) for item in side)
            for side in ([relation.object], subjects)
            if side
        ]
        # of "unlike X, she plays Y" the contrary is said of X; what is said within stands
        contrasted = any(
            any(start <= item.start < end for item in subjects)
            != (start <= relation.object.start < end)
            and all(start <= item.start < end for item in subjects or [relation.object])
            for start, end in contrasts[sentence]
        )
        (others if any(within) or contrasted else asserted).append(relation)
    return asserted, others


def between_named(relations: Iterable[Relation]) -> list[Relation]:
    """The relations that have no person without a name at an end: "her father plays the cello"."""
    return [
        item
        for item in relations
        if item.subject.name and (item.object.entity is None or item.object.entity.name)
    ]


class RelationExtractor(Protocol):
    """Interface of a relation extractor for texts with known mentions."""

    def extract(self, text: ReadText) -> Iterable[Relation]:
        """Yield relations with predicates of the data model, in text order."""


_MEMBERSHIP: Final = frozenset({"memberOf", "hasMember"})
_PERFORMANCE: Final = frozenset({"performed", "performer"})
_BETWEEN_AGENTS: Final = frozenset({"collaboratedWith", "associatedWith", "influencedBy"})
_MAKERS: Final = frozenset({"producer", "writer", "composer"})
"""Predicates from a work to a person other than its performer."""


class Claim(NamedTuple):
    """A predicate for which a reader has used a mention of a sentence."""

    predicate: str
    number: int | None
    """Index of the mention; None for a membership, claimable once in either direction."""

    subject: Entity
    object: Entity | None

    @property
    def is_between_agents(self) -> bool:
        """Whether its predicate relates two agents and can be used only once per mention."""
        return self.predicate in _BETWEEN_AGENTS


@dataclass(frozen=True, eq=False)
class SentenceReading:
    """A sentence with the relations read so far.

    Immutable: each reader takes one and returns a new one with its relations added. More reliable
    readers run first, as a mention claimed for a predicate is skipped by later readers.
    """

    schema: Schema
    text: ReadText
    sentence: Sentence
    slots: Slotted
    types: Mapping[Entity, str]
    """Classes implied by the relations of this and earlier sentences."""

    relations: tuple[Relation, ...] = ()
    claims: tuple[Claim, ...] = ()
    performances: tuple[tuple[Entity, Entity], ...] = ()
    """(work, performer), including refused claims."""

    @classmethod
    def begin(
        cls, schema: Schema, text: ReadText, sentence: Sentence, types: Mapping[Entity, str]
    ) -> SentenceReading:
        """The initial state: nothing of the sentence has been read yet."""
        slots = slotted(text.document.text, sentence, text.mentions, schema)
        return cls(schema, text, sentence, slots, types)

    @property
    def mentions(self) -> list[Mention]:
        """The sentence's mentions; their indices are the slot numbers."""
        return self.slots.mentions

    # --------------------------------------------------------------------------------- classes

    def type_of(self, entity: Entity) -> str:
        """The entity's class as decided so far."""
        return self.types.get(entity, entity.type)

    @property
    def about_work(self) -> bool:
        """Whether the text is about a work rather than an artist."""
        return self.schema.is_a(self.type_of(self.text.topic), "Work")

    def may_be(self, entity: Entity, class_: str) -> bool:
        """Whether a class is compatible with the class decided so far."""
        type_ = self.type_of(entity)
        if not class_ or type_ == "Name":
            return True
        return type_ == class_ or self.schema.compatible(type_, class_)

    def with_class(self, entity: Entity, class_: str) -> SentenceReading:
        """Add the class that a relation implies for one of its ends."""
        if not class_ or class_ in {"Agent", "Work"}:
            return self
        type_ = self.type_of(entity)
        if type_ == "Name":
            type_ = class_
        elif type_ in {"Artist", "Agent"} and class_ in {"Band", "Person"}:
            type_ = {"Band": "Band", "Person": "SoloArtist"}[class_]
        else:
            return self
        return replace(self, types={**self.types, entity: type_})

    # ---------------------------------------------------------------------- what has been read

    def with_relation(
        self, subject: Entity, predicate: str, object_: Mention, method: str, confidence: float
    ) -> SentenceReading:
        """Add a relation stated by this sentence."""
        relation = Relation(
            subject, predicate, object_, self.sentence, f"pattern:{method}", confidence
        )
        return replace(self, relations=(*self.relations, relation))

    def with_claim(
        self, predicate: str, number: int | None, subject: Entity, object_: Entity | None
    ) -> SentenceReading:
        """Add a claim of a mention for a predicate, even if claimed before."""
        claim = Claim(predicate, number, subject, object_)
        return replace(self, claims=(*self.claims, claim))

    def is_claimed(self, predicate: str, number: int) -> bool:
        """Whether a mention was claimed for a predicate, or for another one of its kind."""
        between = predicate in _BETWEEN_AGENTS
        return any(
            claim.number == number
            and (claim.is_between_agents if between else claim.predicate == predicate)
            for claim in self.claims
        )

    def claim(
        self,
        predicate: str,
        number: int,
        subject: Entity,
        object_: Entity,
        earlier: SentenceReading,
    ) -> tuple[SentenceReading, bool]:
        """Claim a mention for a pattern's predicate; False if it repeats an earlier claim.

        `earlier` is the state before the pattern, which relates several subjects to one mention.
        """
        if predicate in _MEMBERSHIP:
            ends = (subject, object_) if predicate == "memberOf" else (object_, subject)
            return self.claim_member(*ends)
        reading = self
        if predicate in _PERFORMANCE:
            pair = (subject, object_) if predicate == "performer" else (object_, subject)
            if pair in self.performances:
                return self, False
            reading = replace(self, performances=(*self.performances, pair))
        if predicate in _BETWEEN_AGENTS and self.are_related(subject, object_):
            return reading, False
        if self.mentions[number].type == "Date" and self.is_used(number):
            return reading, False
        if predicate in _MAKERS:
            work, maker = subject, object_
            if not self.schema.is_a(self.type_of(subject), "Work"):
                work, maker = object_, subject
            if any(
                (claim.predicate, claim.subject, claim.object) == (predicate, work, maker)
                for claim in self.claims
            ):
                return reading, False
            return reading.with_claim(predicate, number, work, maker), True
        if earlier.is_claimed(predicate, number):
            return reading, False
        return reading.with_claim(predicate, number, subject, object_), True

    def claim_member(self, person: Entity, band: Entity) -> tuple[SentenceReading, bool]:
        """Add a membership; False if it was stated before, in either direction."""
        if self.are_related(person, band):
            return self, False
        return self.with_claim("memberOf", None, person, band), True

    def memberships(self) -> Iterator[tuple[Entity, Entity | None]]:
        """Yield (person, band) for the memberships stated by the sentence."""
        for claim in self.claims:
            if claim.number is None:
                yield claim.subject, claim.object

    def are_related(self, one: Entity, other: Entity) -> bool:
        """Whether one is a member of the other."""
        return any(pair in ((one, other), (other, one)) for pair in self.memberships())

    def is_used(self, number: int) -> bool:
        """Whether a mention has been used for anything."""
        return any(claim.number == number for claim in self.claims)

    def is_attached(self, person: Entity) -> bool:
        """Whether the sentence relates a person to a band or another person."""
        return any(person in pair for pair in self.memberships()) or any(
            claim.is_between_agents and claim.object is person for claim in self.claims
        )

    def has_performer(self, work: Entity) -> bool:
        """Whether the sentence states who performs a work."""
        return any(work is one for one, _ in self.performances)

    def has_maker(self, work: Entity) -> bool:
        """Whether the sentence states that a person other than the performer made a work."""
        return any(claim.predicate in _MAKERS and claim.subject is work for claim in self.claims)

    def has_album(self, song: Entity) -> bool:
        """Whether the sentence states which album a song is on."""
        return any(claim.predicate == "onAlbum" and claim.subject is song for claim in self.claims)

    def kept_relations(self) -> list[Relation]:
        """The relations, without collaborations of members of one band: "he formed X with Y".

        The companions of whom the text is about are kept.
        """
        return [item for item in self.relations if not self._is_of_members(item)]

    def _is_of_members(self, relation: Relation) -> bool:
        other = relation.object.entity
        if relation.predicate != "collaboratedWith" or other is None:
            return False
        if relation.subject is self.text.topic:
            return False
        bands = [
            {band for person, band in self.memberships() if person is end}
            for end in (relation.subject, other)
        ]
        return bool(bands[0] & bands[1])

    # ---------------------------------------------------------------------------- subjects

    def mention_of(self, entity: Entity) -> Mention:
        """A mention of an entity; an empty one for a topic that the text never names."""
        if entity.mentions:
            return entity.mentions[0]
        start = self.sentence.start
        return Mention(start, start, "", self.type_of(entity), "title", entity.name, entity)

    def subject(self, position: int, class_: str) -> Entity | None:
        """The subject of the clause around a position, if compatible with the class.

        With a parse: the subject of the governing verb, or the noun that a relative clause or
        participle modifies; an incompatible pronoun or name there means that the clause is about
        another entity (`None`). Without a parse, or if it leads to no mention: the nearest
        compatible mention before the position that is no label, the first one after it, the topic.
        In a text about a work there is no such guess: a clause without a subject is about the work.
        """
        class_, topic = class_ or "Artist", self.text.topic
        if self.text.is_parsed:
            found = _by_parse(self.text.doc, self.mentions, position)
            if found is not None and self.may_be(found, class_):
                return found
            if found is not None and self.type_of(found) in _AGENTS:
                return self._work_before(position, class_) if self.about_work else None
        if self.about_work:
            return topic if self.may_be(topic, class_) else None
        within = [
            item
            for item in self.mentions
            if item.entity is not None
            and self.may_be(item.entity, class_)
            and self.type_of(item.entity) != "RecordLabel"
            and not self._is_related_to(item)
        ]
        before = [item for item in within if item.end <= position]
        if before:
            last = before[-1]
            verb = self.text.document.text[last.end : position]
            if last.entity is not None and not last.entity.name and _DOES.fullmatch(verb):
                return last.entity  # "her father played …"
            named = before[0] if before[0].entity is topic else before[-1]
            return named.entity or topic
        after = [item for item in within if item.start >= position]
        if after and not self.may_be(topic, class_):
            return after[0].entity or topic
        return topic

    def _is_related_to(self, mention: Mention) -> bool:
        """Whether the text is about a relative or friend of the mentioned one: "his father"."""
        text = self.text.document.text
        return any(RELATED.match(text, at) for at in (mention.start, mention.end))

    def _work_before(self, position: int, class_: str) -> Entity | None:
        """The last compatible work before the artist who made it: "X, which Y put out"."""
        named = [
            item.entity
            for item in self.mentions
            if item.end <= position
            and item.entity is not None
            and self.type_of(item.entity) not in {"Name", *_AGENTS}
            and self.may_be(item.entity, class_)
        ]
        return named[-1] if named else None


def _by_parse(doc: Doc, mentions: Sequence[Mention], position: int) -> Entity | None:
    token: Token | None = _token_at(doc, position)
    for _ in range(_MAX_DEPTH):
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
    """The entity mentioned by the token or one of its modifiers.

    The possessor of a person's role is not that person: "his father", "her manager, X".
    """
    possessors = [child for child in token.children if child.dep_ == "poss"]
    modifiers = [child for child in token.children if child.dep_ in {"appos", "compound", "nmod"}]
    is_related = bool(possessors) and SOMEONE.fullmatch(token.text) is not None
    for part in (token, *modifiers, *(() if is_related else possessors)):
        for item in mentions:
            if item.start <= part.idx < item.end:
                return item.entity
    if is_related:  # the name follows, after what the person does: "her father, the cellist X"
        after = (item for item in mentions if item.start > token.idx)
        return next(
            (item.entity for item in after if item.type not in {"Role", "Instrument", "Genre"}),
            None,
        )
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
