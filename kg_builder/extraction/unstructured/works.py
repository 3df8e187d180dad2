"""What a text about a work says of it without any pattern: genres, labels, makers, songs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kg_builder.extraction.unstructured import lexicon
from kg_builder.extraction.unstructured.mentions import ANAPHOR, Entity, Mention
from kg_builder.extraction.unstructured.relations import ReadText, Relation
from kg_builder.extraction.unstructured.roles import named_after, named_before
from kg_builder.extraction.unstructured.sentence import SentenceReading
from kg_builder.extraction.unstructured.slots import slot_of
from kg_builder.extraction.unstructured.topics import performer_of
from kg_builder.ontology import Schema

_SAYS: Final = {"G": ("genre", 0.6), "L": ("recordLabel", 0.6), "Z": ("award", 0.65)}
"""Slot → predicate, confidence."""

_MAKERS: Final = {
    "producer": ("producer", 0.75),
    "composer": ("composer", 0.75),
    "songwriter": ("writer", 0.6),
}
"""Role → predicate, confidence."""

_SONG: Final = 0.6
"""That a song named in a text about an album is on it"""

_PERFORMER: Final = 0.6
"""That the first artist of a text that tells no performer is the performer"""

_ORIGIN: Final = re.compile(
    r"\b(?:origins?|derive[sd]?|derivative|roots?|rooted|grew|grown|sub-?genre|offshoot)\b[^.;]*$"
)
_AS: Final = re.compile(
    r"(?:,? (?:as|acting as|in the role of)|,? (?:is|was|are|were)(?: [\w-]+){0,3}?) "
    r"(?:(?:its|the|a|an|their) |one of (?:its|the) )?(?:[\w-]+ )?"
)


def read_work(reading: SentenceReading) -> Iterator[Relation]:
    """Relate what a sentence names, and no pattern used, to the work that the text is about."""
    topic = reading.text.topic
    for number, mention in enumerate(reading.mentions):
        if mention.entity is None or mention.entity is topic or mention.origin == ANAPHOR:
            continue
        slot = slot_of(mention.type, reading.schema)
        if mention.type == "Role":
            yield from _maker(reading, number)
        elif slot in _SAYS and not (slot == "G" and _is_no_genre_of_it(reading, mention)):
            predicate, confidence = _SAYS[slot]
            if (predicate, number) not in reading.taken:
                reading.taken.add((predicate, number))
                yield reading.relation(topic, predicate, mention, "typed", confidence)
        elif mention.type == "Song" and _is_free(reading, number):
            yield reading.relation(
                mention.entity, "onAlbum", reading.mention_of(topic), "typed", _SONG
            )


def guess_performer(text: ReadText, schema: Schema) -> Iterator[Relation]:
    """Who most likely performs the work of a text that does not say so in any known way."""
    performer = performer_of(text.topic, text.document.text, text.mentions, schema)
    named = [] if performer is None else [m for m in performer.mentions if m.origin != ANAPHOR]
    for mention in named[:1]:
        for sentence in text.sentences:
            if sentence.start <= mention.start < sentence.end:
                yield Relation(
                    text.topic, "performer", mention, sentence, "pattern:first-artist", _PERFORMER
                )


def _is_no_genre_of_it(reading: SentenceReading, genre: Mention) -> bool:
    """Whether a genre is a plain word here, or told of as where another genre comes from."""
    before = reading.text.document.text[max(0, genre.start - 60) : genre.start]
    return genre.text.casefold() in lexicon.plain_words() or bool(_ORIGIN.search(before))


def _is_free(reading: SentenceReading, number: int) -> bool:
    """Whether a song that the text names can be one of the album that it is about."""
    topic, song = reading.text.topic, reading.mentions[number].entity
    said = ("onAlbum", number) in reading.taken or id(song) in reading.placed
    return topic.type == "Album" and not said


def _maker(reading: SentenceReading, number: int) -> Iterator[Relation]:
    """ "The producer X", "X as its producer": who made the work."""
    role: Mention = reading.mentions[number]
    if role.name not in _MAKERS:
        return
    predicate, confidence = _MAKERS[role.name]
    person = named_after(reading, number) or named_before(reading, number) or _as(reading, number)
    if person is None or not person.mentions or not reading.may_be(person, "Person"):
        return
    place = next((at for at, item in enumerate(reading.mentions) if item.entity is person), number)
    if (predicate, place) in reading.taken:
        return
    reading.taken.add((predicate, place))
    reading.learn(person, "Person")
    yield reading.relation(
        reading.text.topic, predicate, reading.mentions[place], "role", confidence
    )


def _as(reading: SentenceReading, number: int) -> Entity | None:
    """Whoever is told to have a role: "with X as its producer"."""
    role = reading.mentions[number]
    named = [item for item in reading.mentions[:number] if item.origin != ANAPHOR]
    if not named:
        return None
    between = reading.text.document.text[named[-1].end : role.start]
    is_agent = named[-1].type == "Name" or slot_of(named[-1].type, reading.schema) == "A"
    return named[-1].entity if is_agent and _AS.fullmatch(between) else None
