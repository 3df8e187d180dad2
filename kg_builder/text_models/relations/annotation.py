"""Texts with the triples that they state: what a trained extractor learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Triple(NamedTuple):
    """`subject –relation→ object`, all three by name."""

    subject: str
    relation: str
    object: str


@dataclass(frozen=True)
class AnnotatedText:
    """A text and what an annotator, or a database, says that it states."""

    id: str
    text: str
    triples: tuple[Triple, ...]

    group: str = ""
    """What the text is about. Texts of one group never stand on both sides of a split."""

    category: str = ""
    """The collection's own class of the text, if it has one."""

    complete: bool = True
    """Whether the triples are all that the text states; if not, silence is no evidence."""

    places: tuple[tuple[str, int, int], ...] | None = None
    """Name, first character and the one behind the last, where the places of names are known"""


class Slot(NamedTuple):
    """One side of a relation: `birthPlace`'s object, for instance."""

    relation: str
    side: str
    """"subject" or "object" """


def slots_of(triple: Triple) -> tuple[tuple[Slot, str], tuple[Slot, str]]:
    """The two slots of a triple with the names that fill them."""
    return (
        (Slot(triple.relation, "subject"), triple.subject),
        (Slot(triple.relation, "object"), triple.object),
    )
