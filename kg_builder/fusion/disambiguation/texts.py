"""Data classes of disambiguation's input: a mention, and a text's mentions with its topic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mention:
    """A name in a text.

    Attributes:
        key: identifies the decision.
        name: as the text writes it.
        type: class of the data model, or '' if unknown.
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
    """A text with its mentions.

    Attributes:
        text: the full text.
        mentions: names to link.
        anchors: entities (CURIEs) that it certainly is about, such as its topic.
    """

    text: str
    mentions: tuple[Mention, ...]
    anchors: tuple[str, ...] = ()
