"""What a person is called beside the name: "the guitarist Adrian Utley", "Y, the singer"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kg_builder.extraction.unstructured import lexicon
from kg_builder.extraction.unstructured.mentions import ANAPHOR, Entity, Mention
from kg_builder.extraction.unstructured.relations import Relation
from kg_builder.extraction.unstructured.sentence import SentenceReading
from kg_builder.extraction.unstructured.slots import slot_of

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
