"""Mentions of things in a text, and the things that they are mentions of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

ANAPHOR: Final = "coreference"
"""Origin of mentions that are no names: "she", "the band" and the like."""


@dataclass
class Entity:
    """A thing that a text speaks of."""

    name: str
    type: str
    is_topic: bool = False
    gender: str = ""
    """"m" or "f" where a pronoun told it."""

    mentions: list[Mention] = field(default_factory=list)


@dataclass
class Mention:
    """A stretch of text that speaks of a thing; `end` is exclusive, offsets count code points."""

    start: int
    end: int
    text: str
    type: str
    origin: str
    """How it was found: title, gazetteer, lexicon, pattern, quoted, ner, demonym, coreference."""

    name: str = ""
    """The thing's name, where the text has a short or inflected form of it."""

    entity: Entity | None = None

    def __post_init__(self) -> None:
        self.name = self.name or self.text

    def overlaps(self, other: Mention) -> bool:
        """Whether two mentions share a character."""
        return self.start < other.end and other.start < self.end


SLOTS: dict[str, str] = {
    "Genre": "G",
    "Tag": "G",
    "Instrument": "I",
    "RecordLabel": "L",
    "Award": "Z",
    "Date": "D",
    "Role": "R",
    "Name": "O",
}
"""Class → letter under which patterns know it; works, places and agents have theirs by ancestry."""
