"""Extract relations from the classes and roles of mentions, where no pattern rule applies."""

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
_APPOSITION: Final = re.compile(
    r"(?:, (?:the|a|an|its|their|his|her) | ?[(\[](?:the )?| [–—-] )(?:[\w-]+ )?"
)
_DESCRIBED: Final = re.compile(r", an? (?:[\w-]+ ){1,4}")
_PREDICATE: Final = re.compile(
    r"\b(?:is|was|became|as|being|remains?)(?: (?:also|both|a|an|the|its|their|now))*"
    r"(?: [\w'’-]+){0,3}? ?$"
)


_OUTSIDE: Final = frozenset({"arranger", "conductor", "poet", "producer"})
"""Roles of those who need not be in the band."""
_POSSESSIVE: Final = re.compile(r"['’]s\b")


def read_roles(reading: SentenceReading) -> SentenceReading:
    """Relate players to their instruments and, in a text about a band, members to the band."""
    topic = reading.text.topic
    about_band = reading.schema.is_a(reading.type_of(topic), "Band")
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
                person = _by_predicate(reading, mention)
        last = (number, person)
        if person is None or not reading.may_be(person, "Person"):
            continue
        if player and not reading.is_claimed("instrument", number):
            reading = reading.with_claim("instrument", number, person, mention.entity)
            reading = reading.with_relation(person, "instrument", mention, "role", _INSTRUMENT)
        is_member = (
            about_band
            and person is not topic
            and bool(person.mentions)
            and mention.name not in _OUTSIDE
            and not _POSSESSIVE.match(reading.text.document.text, person.mentions[0].end)
        )
        if is_member and not reading.is_attached(person):
            reading, _ = reading.claim_member(person, topic)
            reading = reading.with_class(person, "Person").with_relation(
                topic, "hasMember", person.mentions[0], "role-in-band", _MEMBER
            )
    return reading


def _between(reading: SentenceReading, number: int) -> str:
    """The text between a mention and the next one."""
    one, other = reading.mentions[number : number + 2]
    return reading.text.document.text[one.end : other.start]


def _is_role(mention: Mention) -> bool:
    return mention.type == "Role" or (
        mention.type == "Instrument" and lexicon.is_player(mention.text)
    )


def named_after(reading: SentenceReading, number: int) -> Entity | None:
    """The person after a role: "the guitarist X", "the singer and guitarist X"."""
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
    """The person before a role: "X, the singer", "X, the singer and guitarist"."""
    if not number:
        return None
    mentions, text = reading.mentions, reading.text.document.text
    before = mentions[number - 1]
    between = text[before.end : mentions[number].start]
    if _is_role(before) and between in _AND:
        return named_before(reading, number - 1)
    is_agent = slot_of(before.type, reading.schema) == "A"
    if is_agent and _APPOSITION.fullmatch(between):
        return before.entity
    # "X, a Chicago blues guitarist"
    first = number - 1
    while first and (
        mentions[first].type == "Genre"
        or mentions[first].origin == "demonym"
        or slot_of(mentions[first].type, reading.schema) == "P"
    ):
        first -= 1
    described = text[mentions[first].end : mentions[number].start]
    is_agent = first < number - 1 and slot_of(mentions[first].type, reading.schema) == "A"
    return mentions[first].entity if is_agent and _DESCRIBED.fullmatch(described) else None


def _by_predicate(reading: SentenceReading, mention: Mention) -> Entity | None:
    """The person of whom a role is predicated: "She is a singer", "he began as a drummer"."""
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
"""Words that make a date the beginning of a period: "from 1964 on"."""

_MADE_ON: Final = re.compile(
    r"\b(?:[Rr]ecord(?:ed|ing)|[Cc]ompos(?:ed|ing)|[Ww]ritten|wrote|[Tt]aped|[Tt]racked|[Mm]ixed|"
    r"[Mm]astered|[Ff]ilmed|[Cc]onceived|[Dd]emoed|[Ss]igned|[Ff]ounded|[Ff]ormed|[Ee]stablished|"
    r"[Jj]oined|[Bb]orn|died|[Mm]oved)\b"
    r"(?:(?! (?:and|but|was|is|were|has|had|came|appeared|which) |"
    r"\b(?:releas|issu|publish|put out|out on))[^.;(]){0,80}$"
)
"""Before the date of a recording or another event, which is not that of a release."""
_RECORDING: Final = re.compile(
    r" (?:[\w-]+ ){0,2}(?:recordings?|sessions?|performances?|concerts?)\b"
)

_OTHER_CLAUSE: Final = re.compile(
    r"\b(?:whose|but|while|after|before|when|until|and \w+ \w+|and (?:in|on)|won|awards?|prize|"
    r"nominated|because|although|though|then|joined|left|moved|remixed|reissued|toured)\b|;",
    re.IGNORECASE,
)
_NOMINATED: Final = re.compile(r"\b(?:nominat|shortlist|longlist)[^.;]{0,60}$", re.IGNORECASE)


def read_by_class(reading: SentenceReading) -> SentenceReading:
    """Relate every genre, label, work and award not used by a pattern to its clause's subject."""
    for number, mention in enumerate(reading.mentions):
        slot = slot_of(mention.type, reading.schema)
        if slot not in _BY_SLOT or mention.origin == ANAPHOR or mention.entity is None:
            continue
        predicate, class_, confidence = _BY_SLOT[slot]
        if reading.is_claimed(predicate, number):
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
        reading = reading.with_claim(predicate, number, subject, mention.entity)
        reading = reading.with_relation(subject, predicate, mention, "typed", confidence)
    return reading


def _subject(reading: SentenceReading, mention: Mention, slot: str, class_: str) -> Entity | None:
    if slot == "Z":
        winner = _winning_work(reading, mention)
        if winner is not None:
            return winner
    if mention.entity is not None and reading.has_maker(mention.entity):
        return reading.text.topic  # a producer is not its performer
    return reading.subject(mention.start, class_)


def _winning_work(reading: SentenceReading, award: Mention) -> Entity | None:
    """The work that is the subject of an award's clause."""
    text = reading.text.document.text
    works = [
        item.entity
        for item in reading.mentions
        if slot_of(item.type, reading.schema) == "W"
        and item.end <= award.start
        and not text.endswith((" for ", ' for "', " for “"), 0, item.start)
    ]
    subject = reading.subject(award.start, "Work") if works else None
    return subject if subject in works else None


def read_release_dates(reading: SentenceReading) -> SentenceReading:
    """Relate works to the date in brackets after them, or to a near date in a release context."""
    text = reading.text.document.text
    dates = [
        item
        for number, item in enumerate(reading.mentions)
        if item.type == "Date" and not reading.is_used(number) and not _SINCE.match(text, item.end)
    ]
    works = [
        item
        for item in reading.mentions
        if slot_of(item.type, reading.schema) == "W" and item.origin != ANAPHOR
    ]
    bracketed = {
        work.start: date
        for work in works
        for date in dates
        if _BRACKET.fullmatch(text[work.end : date.start])
    }
    own = {date.start for date in bracketed.values()}
    free = [
        date
        for date in dates
        if date.start not in own
        and not _MADE_ON.search(text, reading.sentence.start, date.start)
        and not _RECORDING.match(text, date.end)
    ]
    about_releases = bool(_RELEASE.search(reading.slots.text))
    dated = {item.subject for item in reading.relations if item.predicate == "releaseDate"}
    for work in works:
        if work.entity is None or work.entity in dated:
            continue
        date = bracketed.get(work.start) or (_close(work, free, text) if about_releases else None)
        if date is not None:
            reading = reading.with_relation(
                work.entity, "releaseDate", date, "date-of-work", _RELEASE_DATE
            )
    return reading


def _close(work: Mention, dates: list[Mention], text: str) -> Mention | None:
    """The nearest date, if at most a few words of the same clause are in between."""
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
"""Confidence that a song named in a text about an album is on it"""

_PERFORMER: Final = 0.6
"""Confidence that the first artist is the performer, if the text states none"""

_ORIGIN: Final = re.compile(
    r"\b(?:origins?|derive[sd]?|derivative|roots?|rooted|grew|grown|sub-?genre|offshoot)\b[^.;]*$"
)
_AS: Final = re.compile(
    r"(?:,? (?:as|acting as|in the role of)|,? (?:is|was|are|were)(?: [\w-]+){0,3}?) "
    r"(?:(?:its|the|a|an|their) |one of (?:its|the) )?(?:[\w-]+ )?"
)


def read_work(reading: SentenceReading) -> SentenceReading:
    """Relate mentions not used by a pattern to the work that the text is about."""
    topic = reading.text.topic
    for number, mention in enumerate(reading.mentions):
        if mention.entity is None or mention.entity is topic or mention.origin == ANAPHOR:
            continue
        slot = slot_of(mention.type, reading.schema)
        if mention.type == "Role":
            reading = _maker(reading, number)
        elif slot in _OF_WORKS and not (slot == "G" and _is_no_genre_of_it(reading, mention)):
            predicate, confidence = _OF_WORKS[slot]
            if not reading.is_claimed(predicate, number):
                reading = reading.with_claim(predicate, number, topic, mention.entity)
                reading = reading.with_relation(topic, predicate, mention, "typed", confidence)
        elif mention.type == "Song" and _may_be_on_topic(reading, number, mention.entity):
            album = reading.mention_of(topic)
            reading = reading.with_relation(mention.entity, "onAlbum", album, "typed", _SONG)
    return reading


def guess_performer(text: ReadText, schema: Schema) -> Iterator[Relation]:
    """The most likely performer of the work, if the text does not state it in a known form."""
    performer = performer_of(text.topic, text.document.text, text.mentions, schema)
    named = [] if performer is None else [m for m in performer.mentions if m.origin != ANAPHOR]
    for mention in named[:1]:
        for sentence in text.sentences:
            if sentence.start <= mention.start < sentence.end:
                yield Relation(
                    text.topic, "performer", mention, sentence, "pattern:first-artist", _PERFORMER
                )


def _is_no_genre_of_it(reading: SentenceReading, genre: Mention) -> bool:
    """Whether a genre mention is a common word here, or a genre's origin."""
    before = reading.text.document.text[max(0, genre.start - 60) : genre.start]
    return genre.text.casefold() in lexicon.plain_words() or bool(_ORIGIN.search(before))


def _may_be_on_topic(reading: SentenceReading, number: int, song: Entity) -> bool:
    """Whether a mentioned song can be on the album that the text is about."""
    has_album = reading.is_claimed("onAlbum", number) or reading.has_album(song)
    return reading.type_of(reading.text.topic) == "Album" and not has_album


def _maker(reading: SentenceReading, number: int) -> SentenceReading:
    """ "The producer X", "X as its producer": who made the work."""
    role: Mention = reading.mentions[number]
    if role.name not in _MAKERS:
        return reading
    predicate, confidence = _MAKERS[role.name]
    person = named_after(reading, number) or named_before(reading, number) or _as(reading, number)
    if person is None or not person.mentions or not reading.may_be(person, "Person"):
        return reading
    own = next((at for at, item in enumerate(reading.mentions) if item.entity is person), number)
    if reading.is_claimed(predicate, own):
        return reading
    topic = reading.text.topic
    reading = reading.with_claim(predicate, own, topic, person).with_class(person, "Person")
    return reading.with_relation(topic, predicate, reading.mentions[own], "role", confidence)


def _as(reading: SentenceReading, number: int) -> Entity | None:
    """The person with a role in this construction: "with X as its producer"."""
    role = reading.mentions[number]
    named = [item for item in reading.mentions[:number] if item.origin != ANAPHOR]
    if not named:
        return None
    between = reading.text.document.text[named[-1].end : role.start]
    is_agent = named[-1].type == "Name" or slot_of(named[-1].type, reading.schema) == "A"
    return named[-1].entity if is_agent and _AS.fullmatch(between) else None
