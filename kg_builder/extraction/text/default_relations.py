"""Relations read without a pattern: from classes of mentions, from roles, in texts on works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kg_builder.extraction.text import lexicon
from kg_builder.extraction.text.documents import performer_of
from kg_builder.extraction.text.mentions import ANAPHOR, Entity, Mention, slot_of
from kg_builder.extraction.text.relations import ReadText, Relation, SentenceReading
from kg_builder.ontology import Schema

_INSTRUMENT: Final = 0.85
_MEMBER: Final = 0.65
_BESIDE: Final = frozenset({" ", ", ", " was ", " is ", " were ", " are "})
_AND: Final = frozenset({" and ", ", ", " and the ", ", and ", " & ", "/", " and a "})
_APPOSITION: Final = re.compile(r", (?:the|a|an|its|their|his|her) (?:[\w-]+ )?")
_PREDICATE: Final = re.compile(
    r"\b(?:is|was|became|as|being|remains?)(?: (?:also|both|a|an|the|its|their|now))*"
    r"(?: [\w'’-]+){0,3}? ?$"
)


def read_roles(reading: SentenceReading) -> Iterator[Relation]:
    """A player's instrument; and in a text about a band, that whoever has a role is its member."""
    topic = reading.text.topic
    about_band = reading.schema.is_a(topic.type, "Band")
    last: tuple[int, Entity | None] = (-2, None)
    for number, mention in enumerate(reading.mentions):
        if not _is_role(mention):
            continue
        person = named_after(reading, number) or named_before(reading, number)
        player = mention.type == "Instrument"
        if person is None and not mention.text.casefold().endswith("s"):
            if last[0] == number - 1 and _between(reading, number - 1) in _AND:
                person = last[1]  # "an alto saxophonist, trumpeter and composer"
            elif player or mention.type == "Role":
                person = _said_of(reading, mention)
        last = (number, person)
        if person is None or not reading.may_be(person, "Person"):
            continue
        if player and ("instrument", number) not in reading.taken:
            reading.taken.add(("instrument", number))
            yield reading.relation(person, "instrument", mention, "role", _INSTRUMENT)
        if about_band and person is not topic and person.mentions and _unattached(reading, person):
            reading.take_member(person, topic)
            reading.learn(person, "Person")
            yield reading.relation(topic, "hasMember", person.mentions[0], "role-in-band", _MEMBER)


def _between(reading: SentenceReading, number: int) -> str:
    """The text between a mention and the next one."""
    one, other = reading.mentions[number : number + 2]
    return reading.text.document.text[one.end : other.start]


def _is_role(mention: Mention) -> bool:
    return mention.type == "Role" or (
        mention.type == "Instrument" and lexicon.is_player(mention.text)
    )


def _unattached(reading: SentenceReading, person: Entity) -> bool:
    """Whether the sentence ties a person to nobody yet."""
    return not any(id(person) in pair for pair in reading.members) and not any(
        predicate == "" and reading.mentions[number].entity is person
        for predicate, number in reading.taken
    )


def named_after(reading: SentenceReading, number: int) -> Entity | None:
    """Whom a role stands before: "the guitarist X", "the singer and guitarist X"."""
    mentions, text = reading.mentions, reading.text.document.text
    if number + 1 >= len(mentions):
        return None
    after = mentions[number + 1]
    between = text[mentions[number].end : after.start]
    if _is_role(after) and between in _AND:
        return named_after(reading, number + 1)
    is_agent = slot_of(after.type, reading.schema) == "A" and after.origin != ANAPHOR
    return after.entity if is_agent and between in _BESIDE else None


def named_before(reading: SentenceReading, number: int) -> Entity | None:
    """Whom a role stands after: "X, the singer", "X, the singer and guitarist"."""
    if not number:
        return None
    mentions, text = reading.mentions, reading.text.document.text
    before = mentions[number - 1]
    between = text[before.end : mentions[number].start]
    if _is_role(before) and between in _AND:
        return named_before(reading, number - 1)
    is_agent = slot_of(before.type, reading.schema) == "A"
    return before.entity if is_agent and _APPOSITION.fullmatch(between) else None


def _said_of(reading: SentenceReading, mention: Mention) -> Entity | None:
    """ "She is a singer", "he began as a drummer"."""
    before = reading.text.document.text[max(0, mention.start - 60) : mention.start]
    return reading.subject(mention.start, "Person") if _PREDICATE.search(before) else None


_BY_SLOT: Final = {
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
        if slot not in _BY_SLOT or mention.origin == ANAPHOR or mention.entity is None:
            continue
        predicate, class_, confidence = _BY_SLOT[slot]
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


_OF_WORKS: Final = {"G": ("genre", 0.6), "L": ("recordLabel", 0.6), "Z": ("award", 0.65)}
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
        elif slot in _OF_WORKS and not (slot == "G" and _is_no_genre_of_it(reading, mention)):
            predicate, confidence = _OF_WORKS[slot]
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
