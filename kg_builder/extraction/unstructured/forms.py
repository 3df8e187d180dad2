"""Names that their form or the words around them give away: dates, awards, labels, titles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kg_builder.extraction.unstructured.mentions import Mention

_MONTHS: Final = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?"
)
_DATE: Final = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)? )?(?:{_MONTHS})"
    r"(?: \d{1,2}(?:st|nd|rd|th)?,)? (?:1[5-9]|20)\d\d\b"
    r"|(?<![\w,.])(?:1[5-9]|20)\d\d(?![\w]|[,.]\d)"
)
CAPITAL: Final = r"(?:[dl]['’])?[^\W\d_a-zß-öø-ÿ](?:[\w'’&/-]|\.(?=\w)){0,40}"
SMALL: Final = (
    r"(?:of|the|and|in|a|an|to|for|on|at|from|with|&|de|del|la|le|les|el|los|du|von|van|der|und|"
    r"my|your|or)"
)
_NUMBER: Final = r"\d(?:[\w'’-]|\.(?=\w)){0,20}"
TITLE: Final = rf"{CAPITAL}(?:(?: {SMALL}){{0,2}} (?:{CAPITAL}|{_NUMBER})){{0,12}}"
_NAMED_BAND: Final = re.compile(
    r"\b(?:band|group|duo|trio|quartet|quintet|outfit|act)s?,? (?:called|named|known as) "
    rf"[“\"‘']?((?:[Tt]he )?{TITLE})"
)
_NICKNAMED: Final = re.compile(
    rf"{CAPITAL}(?: {CAPITAL})? [“\"‘']{CAPITAL}(?: {CAPITAL})?[”\"’'] {CAPITAL}"
)
_AWARD: Final = re.compile(
    rf"(?:{CAPITAL} (?:(?:of|for|the) ){{0,2}}){{0,8}}(?:Prize|Awards?|Grammys?|Grammies|Medal|"
    rf"Hall of Fame|Brit Award|Oscar|Order of [A-Z]\w+)(?: for (?:Best )?{TITLE})?"
)
_LABEL: Final = re.compile(
    rf"{CAPITAL}(?: {CAPITAL}){{0,6}} (?:Records|Recordings|Discos|Disques|Discs|Entertainment)\b"
)
_STUDIO: Final = re.compile(
    rf"{CAPITAL}\.?(?: (?:{CAPITAL}\.?|{_NUMBER})){{0,5}} Studios?\b(?! (?:album|version))"
)
_LABEL_BY_PLACE: Final = re.compile(
    r"\b(?:released|issued|published|put out|came out|appeared|signed)\b[^.;]{0,40}?"
    rf"\b(?:on|by|through|via|to|with) (?:the )?((?:{CAPITAL} ){{1,4}}Music)\b"
)
FUNCTION: Final = re.compile(
    r"^(?:At|On|In|For|With|From|By|After|Before|When|The|And|But|While|As) "
)
"""A word that begins a sentence rather than a name."""

_YEAR_OF_AWARD: Final = re.compile(r" (?:in|of|for) (?:19|20)\d\d\b.*$")
_SEVERAL: Final = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|\d+|several|many) $"
)


def formed_mentions(text: str) -> Iterator[Mention]:
    """Yield mentions whose class their form tells; they may overlap."""
    for pattern, type_ in ((_DATE, "Date"), (_NICKNAMED, "Person")):
        for match in pattern.finditer(text):
            yield Mention(match.start(), match.end(), match[0], type_, "pattern")
    for match in _AWARD.finditer(text):
        start, award = match.start(), _YEAR_OF_AWARD.sub("", match[0])
        several = _SEVERAL.search(text, max(0, start - 10), start)
        name = _one_of(award) if several else award
        yield Mention(start, start + len(award), award, "Award", "pattern", name)
    for match in _LABEL.finditer(text):
        name = FUNCTION.sub("", match[0])
        yield Mention(match.end() - len(name), match.end(), name, "RecordLabel", "pattern")
    for match in _STUDIO.finditer(text):
        name = FUNCTION.sub("", match[0])
        yield Mention(match.end() - len(name), match.end(), name, "Place", "pattern")
    for match in _LABEL_BY_PLACE.finditer(text):
        yield Mention(*match.span(1), match[1], "RecordLabel", "pattern")
    for match in _NAMED_BAND.finditer(text):
        yield Mention(*match.span(1), match[1], "Band", "pattern")


def _one_of(awards: str) -> str:
    """The award that somebody has several of."""
    if awards in {"Grammys", "Grammies"}:
        return "Grammy Award"
    return re.sub(r"\b(Award|Prize|Grammy|Oscar|Medal)s(?= for |$)", r"\1", awards)
