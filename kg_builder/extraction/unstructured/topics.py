"""What a text is about: an artist or a work, by the recipe or by how the text opens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from kg_builder.extraction.unstructured.forms import FUNCTION, TITLE
from kg_builder.extraction.unstructured.mentions import Entity, Mention
from kg_builder.extraction.unstructured.nouns import ALBUM, GROUP, PERSON, SONG, WORK
from kg_builder.ontology import Schema

_KIND: Final = re.compile(
    rf"\b(?:(?P<album>{ALBUM})|(?P<song>{SONG})|(?P<agent>{GROUP}|{PERSON}))s?\b(?![-'’])"
)
_OPENING: Final = 90
"""Characters after "is" within which a text says what its topic is"""

_NAMED: Final = rf"[“\"‘']?(?P<title>{TITLE}[!?]?)[”\"’']?"
_MADE: Final = (
    "released|recorded|produced|written|composed|issued|put out|published|followed|preceded|"
    "performed|sung"
)
_IS: Final = re.compile(rf"{_NAMED}(?: \([^)]*\))?,? (?:is|was) (?=(?:an?|the|one of)\b)")
_UNTITLED: Final = (
    re.compile(
        rf"(?<!\bby ){_NAMED}"
        rf"(?: (?:was|is) (?:\w+ )?(?:{_MADE})\b|, (?:\w+ )?(?:{_MADE}) (?:by|in|at|on)\b)"
    ),
    _IS,
    re.compile(rf"{_NAMED} (?:runs (?:for|to)|lasts|came out (?:in|on))\b"),
    re.compile(rf"\b(?:{WORK}),? (?:titled |called |entitled |named )?{_NAMED}"),
    re.compile(rf"{_NAMED}, (?:an?|the) (?:[\w'’-]+ ){{0,5}}?(?:{WORK})\b"),
)
"""How a text names the work that it is about"""

_BY: Final = re.compile(r"(?P<word>[\w'’-]+)[”\"’']?,? by (?:the )?(?:[\w-]+ ){0,4}$")
_MAKING: Final = frozenset({"recorded", "performed", "sung", "made"})
_OWNED: Final = re.compile(
    rf"['’]s? (?:[\w,'’-]+ ){{0,5}}(?:{WORK})s?\b|['’]s? [“\"‘']?(?=[^\W\d_a-z])"
)
_AFTER_BY: Final = re.compile(r"\bby (?:the )?$")


def topic_type(
    title: str, text: str, *, declared: str, known: Iterable[str], schema: Schema
) -> str:
    """The class of a text's topic.

    Args:
        title: the topic's name.
        text: the text, which may say "X is an album by Y".
        declared: the class that the recipe gives topics.
        known: classes under which the title is known from other sources.
        schema: the data model.
    """
    told = _told(title, text)
    if schema.is_a(declared, "Work"):
        told = told or _called(title, text)
        return told if told and schema.is_a(told, declared) else declared
    if told:
        return told
    agents = [name for name in known if schema.is_a(name, "Agent")]
    return schema.most_specific(agents) if agents else "Artist"


def _told(title: str, text: str) -> str:
    """Album or Song, if the text says that its topic is one before it says anything else of it."""
    is_a = _is_a(title).search(text)
    return "" if is_a is None else _kind(text, is_a.end())


def _kind(text: str, start: int) -> str:
    """Album or Song, if the first noun of a kind in the rest of the sentence says so."""
    kind = _KIND.search(text, start, start + _OPENING)
    if kind is None or kind["agent"] or "." in text[start : kind.start()]:
        return ""
    return "Album" if kind["album"] else "Song"


def _called(title: str, text: str) -> str:
    """Album or Song, by what stands before the title of a work: "the album Exodus"."""
    before = rf"\b(?:(?P<album>{ALBUM})|(?P<song>{SONG})),? [“\"‘']?(?={re.escape(title)}(?!\w))"
    found = re.search(before, text)
    return "" if found is None else "Album" if found["album"] else "Song"


@lru_cache(maxsize=256)
def _is_a(title: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<!\w){re.escape(title)}[”\"’']?(?: \([^)]*\))?(?:,[^,.]{{0,40}},)? (?:is|was) "
        r"(?=an?\b|the\b|one of\b|[^\W\d_a-z][^.]{0,40}['’]s? )"
    )


def work_named(text: str) -> str:
    """The title of the work that a text without a title is about, empty if it seems about none.

    >>> work_named("Steely Dan's Aja is a jazz album."), work_named("Steely Dan are a band.")
    ('Aja', '')
    """
    named = [
        (found.start("title"), FUNCTION.sub("", found["title"]))
        for pattern in _UNTITLED
        for found in pattern.finditer(text)
        if pattern is not _IS or _kind(text, found.end())
    ]
    titles = (re.split(r"['’]s? ", title)[-1].partition(" with ")[0] for _, title in sorted(named))
    return next((title for title in titles if len(title) > 1), "")


def performer_of(
    topic: Entity, text: str, mentions: Sequence[Mention], schema: Schema
) -> Entity | None:
    """Who most likely performs the work that a text is about.

    Whoever stands after "by" or before "'s album"; else the first artist that the text names.
    """
    named = [
        item
        for item in mentions
        if item.entity is not None
        and item.entity is not topic
        and (item.type == "Name" or schema.is_a(item.type, "Agent"))
        and item.type != "RecordLabel"
    ]
    ends = {item.end for item in topic.mentions}
    for item in named:
        before = text[max(0, item.start - 80) : item.start]
        if by := _BY.search(before):
            begun = item.start - len(before) + by.end("word")
            work = re.fullmatch(rf"(?:{WORK})s?", by["word"], re.IGNORECASE)
            if work or by["word"] in _MAKING or not ends.isdisjoint((begun, begun - 1)):
                return item.entity
        elif _OWNED.match(text, item.end):
            return item.entity
    sure = [item for item in named if item.type != "Name" and item.type != "Person"]
    return sure[0].entity if sure else None


def is_of_performer(text: str, start: int, end: int) -> bool:
    """Whether the name of a work stands for its performer here: "Portishead by Portishead"."""
    if _AFTER_BY.search(text, max(0, start - 10), start):
        return True
    return bool(re.match(rf"['’]s? (?:[\w,-]+ ){{0,4}}(?:{WORK})\b", text[end : end + 60]))
