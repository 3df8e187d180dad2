"""Sentences with typed slots for their mentions: the form that patterns are matched against."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kg_builder.extraction.unstructured import lexicon
from kg_builder.extraction.unstructured.mentions import SLOTS, Mention
from kg_builder.extraction.unstructured.nouns import WORK
from kg_builder.extraction.unstructured.sentences import Sentence
from kg_builder.ontology import Schema

_MACRO: Final = re.compile(r"\{(?:(s|o\d?):)?([A-Z]+)(\+?)\}")
_SEPARATOR: Final = r"(?:,? and |,? & |, | or |,? as well as |/|; |,? then )"
_BEFORE: Final = r"(?:the |his |her |their |an? )?(?:[\w-]+ )?(?:⟦[JRG]\d+⟧ )?"
_WORDS: Final = (r"[\w-]+", r"[\w,-]+")
"""What rules write for any word; a nationality is one too."""

_POSSESSIVE: Final = frozenset({"his", "her", "their", "its"})


@dataclass(frozen=True)
class Slotted:
    """A sentence whose mentions are written ⟦A0⟧, ⟦G1⟧, ... by class and number."""

    text: str
    mentions: list[Mention]
    origins: list[tuple[int, int]]
    """(offset in the slotted text, offset in the document), growing."""

    def position(self, offset: int) -> int:
        """Offset in the document of an offset in the slotted text."""
        here = self.origins[0]
        for pair in self.origins:
            if pair[0] > offset:
                break
            here = pair
        return here[1] + offset - here[0]


def slotted(text: str, sentence: Sentence, mentions: Sequence[Mention], schema: Schema) -> Slotted:
    """Write a sentence with slots; a possessive pronoun reads as a name with 's."""
    within = [item for item in mentions if sentence.start <= item.start < sentence.end]
    written, origins, position = "", [(0, sentence.start)], sentence.start
    for number, mention in enumerate(within):
        written += text[position : mention.start]
        letter = slot_of(mention.type, schema)
        if letter == "I" and lexicon.is_player(mention.text):
            letter = "J"
        elif mention.origin == "demonym":
            letter = "N"
        slot = f"⟦{letter}{number}⟧"
        if mention.text.casefold() in _POSSESSIVE and _modifies(text, mention.end):
            slot += "'s"
        origins.append((len(written), mention.start))
        written += slot
        position = mention.end
        origins.append((len(written), position))
    written += text[position : sentence.end]
    return Slotted(written, within, origins)


def slot_of(type_: str, schema: Schema) -> str:
    """The letter under which patterns know a class."""
    if type_ in SLOTS:
        return SLOTS[type_]
    for ancestor, letter in (("Work", "W"), ("Place", "P"), ("Agent", "A")):
        if schema.is_a(type_, ancestor):
            return letter
    return "X"


def compile_pattern(source: str) -> re.Pattern[str]:
    """A pattern of the rule file as a regular expression.

    >>> bool(compile_pattern("plays {o:I+}").search("plays ⟦I1⟧, ⟦I2⟧ and ⟦I3⟧"))
    True
    """
    source = source.replace("{work}", rf"(?:{WORK})s?")
    for word in _WORDS:
        source = source.replace(f"{word} ", rf"(?:{word}|⟦N\d+⟧) ")
    return re.compile(_MACRO.sub(_expand, source))


def numbers(text: str) -> list[int]:
    """The numbers of the object slots in the text that a pattern took."""
    return [int(number) for kind, number in re.findall(r"⟦([A-Z])(\d+)⟧", text) if kind not in "RJ"]


def _expand(found: re.Match[str]) -> str:
    group, letters, many = found[1], found[2], found[3]
    slot = rf"⟦[{letters}]\d+⟧"
    if many:
        before = _BEFORE if "A" in letters else r"(?:[\w-]+ ){0,1}?"
        slot = rf"{slot}(?:{_SEPARATOR}{before}{slot})*"
    return f"(?P<{group}>{slot})" if group else slot


def _modifies(text: str, end: int) -> bool:
    return text[end : end + 1] == " " and text[end + 1 : end + 2] not in {"", ",", "."}
