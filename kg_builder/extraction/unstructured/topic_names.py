"""Where a text calls its topic by name: by the title, another spelling of it, or the full name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kg_builder.extraction.values import without_disambiguator

_WORD: Final = r"[^\W\d_a-zß-öø-ÿ](?:[\w'’-]|\.(?=\w))*\.?"
_NICKNAME: Final = r"(?: [“\"‘'(][^”\"’')]{2,25}[”\"’')])?"
_OPENING: Final = re.compile(
    rf"\s*((?:{_WORD}{_NICKNAME} (?:(?:de|da|do|la|van|von|der|al|bin) )?){{1,4}}{_WORD})"
    r"(?=,? \(|,? (?:was|is|were|are)\b|,? (?:better |best |also |professionally |mostly )?known|"
    r", born\b|, [A-Z]{2,4}\b)"
)
_BORN_AS: Final = re.compile(
    rf"(?:\(|, |\b)(?:born|né|née|real name:?) ((?:{_WORD} ){{1,4}}{_WORD})(?=[),.;]| (?:on|in)\b)"
)
_NEAR: Final = 40


def topic_spans(text: str, title: str) -> Iterator[tuple[int, int]]:
    """Yield the places where a text names its topic; they may overlap.

    Besides the title itself: the title in other capitals or with other punctuation ("Jay Z" for
    "Jay-Z"), the full name that opens a text where it ends like the title ("Bennett Lester Carter"
    in a text about Benny Carter), and the name that somebody was born with, told right after it.

    >>> text = "Jay Z (born Shawn Carter) raps."
    >>> [text[start:end] for start, end in topic_spans(text, "Jay-Z")]
    ['Jay Z', 'Shawn Carter']
    """
    named = [
        match.span()
        for match in _spelled(title).finditer(text)
        if match[0] == title or match[0][0].isupper()
    ]
    opening = _OPENING.match(text)
    if opening and _is_full(opening[1].split(), without_disambiguator(title).split()):
        named.append(opening.span(1))
    yield from named
    for match in _BORN_AS.finditer(text):
        if any(end <= match.start() < end + _NEAR for _, end in named):
            yield match.span(1)


def _is_full(name: list[str], title: list[str]) -> bool:
    """Whether a name is a longer form of the title: the same last name, or the same only name."""
    if len(title) == 1:
        return len(name) > 1 and name[0] == title[0]
    return bool(title) and name[-1] == title[-1]


def _spelled(title: str) -> re.Pattern[str]:
    """The title as it stands, or its words in any capitals with any punctuation between them."""
    forms = [re.escape(title)]
    words = re.findall(r"\w+", title)
    if len("".join(words)) > 2:
        loose = r"[-.&'’/\s]{0,2}".join(map(re.escape, words))
        forms.append(f"(?i:{loose})")
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)")
