"""Choose the antecedent of an anaphor (a pronoun, "the band"), by one rule per kind of anaphor."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Literal, NamedTuple

from kg_builder.extraction.text.mentions import GROUP, PERSON, SONG, WORK, Entity, Mention
from kg_builder.ontology import Schema

MALE: Final = frozenset({"he", "him", "his", "himself"})
FEMALE: Final = frozenset({"she", "her", "hers", "herself"})
PLURAL: Final = frozenset({"they", "them", "their", "themselves"})

NOMINAL: Final = re.compile(
    rf"\b(?:[Tt]he|[Tt]his|[Tt]hat) (?:(?:same|young|old|late|new|future|former|veteran|"
    rf"[A-Z]?[\w-]*(?:an|ese|ish|ic|born)) )?(?:(?P<group>{GROUP})|(?P<person>{PERSON})|"
    rf"(?P<work>{WORK})|(?P<label>label|company|imprint))(?![\w-])",
)


class Antecedent(NamedTuple):
    """The antecedent of an anaphor, with the class and gender implied by the anaphor's form."""

    entity: Entity | None
    gender: str = ""
    type: str = ""


Form = Literal["he", "she", "they", "it", "person", "group", "song", "album", "label"]
"""Form of an anaphor: a pronoun, or the kind of entity denoted by its noun."""


def form_of(anaphor: str) -> Form:
    """Classify the form of an anaphor.

    >>> form_of("His"), form_of("the band"), form_of("This single")
    ('he', 'group', 'song')
    """
    nominal = NOMINAL.match(anaphor)
    if nominal:
        if nominal["person"]:
            return "person"
        if nominal["group"]:
            return "group"
        if nominal["label"]:
            return "label"
        return "song" if re.fullmatch(SONG, nominal["work"]) else "album"
    if re.fullmatch(GROUP, anaphor):  # without its article: "the Denver quintet"
        return "group"
    if re.fullmatch(PERSON, anaphor):
        return "person"
    word = anaphor.casefold()
    if word in MALE:
        return "he"
    if word in FEMALE:
        return "she"
    return "they" if word in PLURAL else "it"


_GENDERS: Final = {"he": "m", "she": "f"}


class Choice(ABC):
    """Choose the antecedent of an anaphor, with one method per form.

    `near` are the mentions shortly before the anaphor.
    """

    def __init__(self, schema: Schema, topic: Entity) -> None:
        self._schema, self._topic = schema, topic

    def antecedent(self, form: Form, near: Sequence[Mention]) -> Antecedent:
        """The chosen antecedent; without an entity if none agrees with the anaphor."""
        if form in ("he", "she"):
            return self._by_gender(_GENDERS[form], near)
        if form == "person":
            return self._person(near)
        if form in ("they", "group"):
            return self._group(near, is_pronoun=form == "they")
        if form in ("song", "album"):
            return self._work(near, is_song=form == "song")
        return self._label(near) if form == "label" else self._it(near)

    @abstractmethod
    def _by_gender(self, gender: str, near: Sequence[Mention]) -> Antecedent:
        """ "He", "her"."""

    @abstractmethod
    def _person(self, near: Sequence[Mention]) -> Antecedent:
        """ "The singer"."""

    @abstractmethod
    def _group(self, near: Sequence[Mention], *, is_pronoun: bool) -> Antecedent:
        """ "They", "the band"."""

    @abstractmethod
    def _work(self, near: Sequence[Mention], *, is_song: bool) -> Antecedent:
        """ "The album", "this song"."""

    @abstractmethod
    def _label(self, near: Sequence[Mention]) -> Antecedent:
        """ "The label"."""

    @abstractmethod
    def _it(self, near: Sequence[Mention]) -> Antecedent:
        """ "It"."""

    def _is_person(self, entity: Entity) -> bool:
        return self._schema.is_a(entity.type, "Person") or (
            entity.type == "Artist" and not entity.is_topic
        )

    def _persons(self, near: Sequence[Mention]) -> list[Entity]:
        return [item for item in _entities(near) if self._is_person(item)]

    def _bands(self, near: Sequence[Mention]) -> list[Entity]:
        return [item for item in _entities(near) if self._schema.is_a(item.type, "Band")]


class ChoiceInArtistText(Choice):
    """Choice in a text about an artist, who is always a candidate.

    Args:
        starts: offsets of the text's sentences.
    """

    def __init__(self, schema: Schema, topic: Entity, starts: Collection[int]) -> None:
        super().__init__(schema, topic)
        self._starts = starts

    def _by_gender(self, gender: str, near: Sequence[Mention]) -> Antecedent:
        topic, persons = self._topic, self._persons(near)
        if self._is_person(topic) and topic.gender in {"", gender}:
            last = _last(persons)
            is_of_last = last is not None and last is not topic and last.gender == gender
            return Antecedent(last if is_of_last else topic)
        chosen = _last(item for item in persons if item.gender in {"", gender})
        return Antecedent(chosen, gender=gender)

    def _person(self, near: Sequence[Mention]) -> Antecedent:
        is_topic = self._is_person(self._topic)
        return Antecedent(self._topic if is_topic else _last(self._persons(near)))

    def _group(self, near: Sequence[Mention], *, is_pronoun: bool) -> Antecedent:
        topic = self._topic
        unclassified = topic.type == "Artist"
        if self._schema.is_a(topic.type, "Band") or (is_pronoun and unclassified):
            return Antecedent(topic)
        band = _last(self._bands(near))
        if band is None and is_pronoun and self._is_person(topic):
            others = [person for person in self._persons(near) if person is not topic]
            return Antecedent(None if others else topic)  # a singular "they"
        return Antecedent(band or (topic if unclassified else None))

    def _work(self, near: Sequence[Mention], *, is_song: bool) -> Antecedent:
        return Antecedent(
            _last(item.entity for item in near if self._schema.is_a(item.type, "Work"))
        )

    def _label(self, near: Sequence[Mention]) -> Antecedent:
        return Antecedent(_last(item.entity for item in near if item.type == "RecordLabel"))

    def _it(self, near: Sequence[Mention]) -> Antecedent:
        """A band, or a work if one opens this sentence or the previous one."""
        is_a = self._schema.is_a
        if is_a(self._topic.type, "Band"):
            opening = near[-1] if near and near[-1].start in self._starts else None
            work = opening.entity if opening and is_a(opening.type, "Work") else None
            return Antecedent(work or self._topic)
        return Antecedent(
            _last(
                item.entity for item in near if is_a(item.type, "Work") or is_a(item.type, "Band")
            )
        )


class ChoiceInWorkText(Choice):
    """Choice in a text about a work: the work, its performer, or the last mention."""

    def __init__(self, schema: Schema, topic: Entity, performer: Entity | None) -> None:
        super().__init__(schema, topic)
        self._performer = performer

    def _by_gender(self, gender: str, near: Sequence[Mention]) -> Antecedent:
        performer = self._performer
        is_band = performer is not None and self._schema.is_a(performer.type, "Band")
        if performer is not None and not is_band and performer.gender in {"", gender}:
            return Antecedent(performer, gender=gender)
        persons = [item for item in self._persons(near) if item is not performer]
        return Antecedent(
            _last(item for item in persons if not gender or item.gender in {"", gender})
        )

    def _person(self, near: Sequence[Mention]) -> Antecedent:
        return self._by_gender("", near)

    def _group(self, near: Sequence[Mention], *, is_pronoun: bool) -> Antecedent:
        performer = self._performer
        if performer is not None and not self._schema.is_a(performer.type, "Person"):
            return Antecedent(performer, type="Band")
        return Antecedent(_last(self._bands(near)))

    def _work(self, near: Sequence[Mention], *, is_song: bool) -> Antecedent:
        if not is_song or self._schema.is_a(self._topic.type, "Song"):
            return Antecedent(self._topic)
        return Antecedent(_last(item for item in _entities(near) if item.type == "Song"))

    def _label(self, near: Sequence[Mention]) -> Antecedent:
        return Antecedent(_last(item for item in _entities(near) if item.type == "RecordLabel"))

    def _it(self, near: Sequence[Mention]) -> Antecedent:
        return Antecedent(self._topic)


def _entities(mentions: Sequence[Mention]) -> list[Entity]:
    return [item.entity for item in mentions if item.entity is not None]


def _last(entities: Iterable[Entity | None]) -> Entity | None:
    found = [item for item in entities if item is not None]
    return found[-1] if found else None
