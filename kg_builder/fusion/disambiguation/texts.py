"""Data classes of disambiguation's input: a mention, and a text's mentions with its topic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mention:
    """A name in a text.

    Attributes:
        key: what the decision is reported under.
        name: as the text writes it.
        type: class of the data model, '' where the text leaves it open.
        sentence: the sentence around it, or several.
        facts: facts extracted from the text, as (predicate, name of the other entity).
    """

    key: str
    name: str
    type: str = ""
    sentence: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TextMentions:
    """One text.

    Attributes:
        text: the whole of it.
        mentions: names to link.
        anchors: entities (CURIEs) that it speaks of beyond doubt, such as its topic.
    """

    text: str
    mentions: tuple[Mention, ...]
    anchors: tuple[str, ...] = ()
