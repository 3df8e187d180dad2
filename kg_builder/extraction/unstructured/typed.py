"""What a sentence mentions without any pattern: its class tells what it most likely says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kg_builder.extraction.unstructured import lexicon
from kg_builder.extraction.unstructured.mentions import ANAPHOR, Entity, Mention
from kg_builder.extraction.unstructured.relations import Relation
from kg_builder.extraction.unstructured.sentence import SentenceReading
from kg_builder.extraction.unstructured.slots import slot_of

_SAYS: Final = {
    "G": ("genre", "Artist", 0.55),
    "L": ("recordLabel", "Artist", 0.65),
    "W": ("performed", "Artist", 0.7),
    "Z": ("award", "Agent", 0.7),
}
"""Slot → predicate, class of the subject, confidence."""

_RELEASE_DATE: Final = 0.7
_FAR: Final = 60
_BRACKET: Final = re.compile(r"[”\"’']? \((?:[\w ]{1,20},? )?")
_RELEASE: Final = re.compile(
    r"\b(?:releas|issu|publish|record|album|LP|EP|came out|appear|follow|debut|put out|single)",
    re.IGNORECASE,
)
_SINCE: Final = re.compile(r" (?:on|onwards?)\b(?! [A-Z])")
"""What makes a date the beginning of a time: "from 1964 on"."""

_OTHER_CLAUSE: Final = re.compile(
    r"\b(?:whose|but|while|after|before|when|until|and \w+ \w+|and (?:in|on)|won|awards?|prize|"
    r"nominated)\b|;",
    re.IGNORECASE,
)
_NOMINATED: Final = re.compile(r"\b(?:nominat|shortlist|longlist)[^.;]{0,60}$", re.IGNORECASE)


def read_typed(reading: SentenceReading) -> Iterator[Relation]:
    """Relate every genre, label, work and award that no pattern used to its clause's subject."""
    for number, mention in enumerate(reading.mentions):
        slot = slot_of(mention.type, reading.schema)
        if slot not in _SAYS or mention.origin == ANAPHOR or mention.entity is None:
            continue
        predicate, class_, confidence = _SAYS[slot]
        if (predicate, number) in reading.taken:
            continue
        if slot == "W" and reading.has_performer(mention.entity):
            continue
        if slot == "G" and mention.text.casefold() in lexicon.plain_words():
            continue
        if slot == "Z" and _NOMINATED.search(
            reading.text.document.text, reading.sentence.start, mention.start
        ):
            continue
        subject = _subject(reading, mention, slot, class_)
        if subject is None or subject is mention.entity:
            continue
        if slot != "Z" and not reading.may_be(subject, class_):
            continue
        reading.taken.add((predicate, number))
        yield reading.relation(subject, predicate, mention, "typed", confidence)


def _subject(reading: SentenceReading, mention: Mention, slot: str, class_: str) -> Entity | None:
    if slot == "Z":
        winner = _winning_work(reading, mention)
        if winner is not None:
            return winner
    if id(mention.entity) in reading.made:
        return reading.text.topic  # whoever produced it is not its performer
    return reading.subject(mention.start, class_)


def _winning_work(reading: SentenceReading, award: Mention) -> Entity | None:
    """The work that stands as the subject of an award's clause."""
    works = [
        item.entity
        for item in reading.mentions
        if slot_of(item.type, reading.schema) == "W" and item.end <= award.start
    ]
    subject = reading.subject(award.start, "Work") if works else None
    return subject if subject in works else None


def read_release_dates(reading: SentenceReading) -> Iterator[Relation]:
    """Relate works to the date in brackets after them, or to one close by in talk of records."""
    text = reading.text.document.text
    dates = [
        item
        for number, item in enumerate(reading.mentions)
        if item.type == "Date" and number not in reading.dates and not _SINCE.match(text, item.end)
    ]
    works = [
        item
        for item in reading.mentions
        if slot_of(item.type, reading.schema) == "W" and item.origin != ANAPHOR
    ]
    bracketed = {
        id(work): date
        for work in works
        for date in dates
        if _BRACKET.fullmatch(text[work.end : date.start])
    }
    own = {id(date) for date in bracketed.values()}
    free = [date for date in dates if id(date) not in own]
    talks = bool(_RELEASE.search(reading.slots.text))
    for work in works:
        if work.entity is None:
            continue
        date = bracketed.get(id(work)) or (_close(work, free, text) if talks else None)
        if date is not None:
            yield reading.relation(work.entity, "releaseDate", date, "date-of-work", _RELEASE_DATE)


def _close(work: Mention, dates: list[Mention], text: str) -> Mention | None:
    """The nearest date, if nothing but a few words of the same clause stands between."""
    if not dates:
        return None
    date = min(dates, key=lambda item: abs(item.start - work.start))
    first, last = sorted((date, work), key=lambda item: item.start)
    between = text[first.end : last.start]
    return date if len(between) <= _FAR and not _OTHER_CLAUSE.search(between) else None
