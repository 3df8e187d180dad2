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
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)? )?(?:{_MONTHS})(?: \d{{1,2}},)? (?:1[5-9]|20)\d\d\b"
    r"|(?<![\w,.])(?:1[5-9]|20)\d\d(?![\w]|[,.]\d)"
)
CAPITAL: Final = r"[^\W\d_a-zß-öø-ÿ](?:[\w'’&/-]|\.(?=\w))*"
SMALL: Final = (
    r"(?:of|the|and|in|a|an|to|for|on|at|from|with|&|de|del|la|le|les|el|los|du|von|van|der|und|"
    r"my|your|or)"
)
_TITLE: Final = rf"{CAPITAL}(?:(?: {SMALL}){{0,2}} (?:{CAPITAL}|\d[\w'’.-]*))*"
_WORK: Final = r"albums?|LP|EP|singles?|songs?|mixtapes?|soundtracks?|records?|debut"
_WORK_CUE: Final = re.compile(
    rf"\b(?:{_WORK}),? (?:was |is |were |(?:titled|called|named|entitled) )?[“\"‘']?({_TITLE}[!?]?)"
)
_WORK_VERB: Final = re.compile(
    rf"\b(?:released|issued|recorded|put out|published|releases|brought out|(?:came|come) up with|"
    rf"titled|called|entitled) [“\"‘']?({_TITLE}[!?]?)"
)
_WORK_BEFORE: Final = re.compile(
    rf"({_TITLE}[!?]?)[”\"’']?,? (?:a|an|the|her|his|their|its) (?:\d{{4}} )?(?:[\w-]+ ){{0,2}}"
    r"(?:album|record|LP|EP|single|song|soundtrack)\b"
)
_WORK_YEAR: Final = re.compile(rf"({_TITLE}[!?]?)[”\"’']? \((?:19|20)\d\d\)")
_ABOUT_WORKS: Final = re.compile(
    rf"\b(?:{_WORK}|albums|EPs|LPs|release[sd]?|classic|discography|tracks?)\b"
)
_QUOTED: Final = re.compile(r"[“\"]([^”“\"]{2,60})[”“\"]")
_SONGS: Final = re.compile(
    r"(?:song|single|track|hit|tune)s?(?: (?:such as|like|including|called|titled|named|with))?"
    r"[,:]?\s*$"
)
_BETWEEN_QUOTES: Final = re.compile(r"[,.]?[”“\"]?[,;]?(?: and| or| &)? [“\"]?")
_NAMED_BAND: Final = re.compile(
    r"\b(?:band|group|duo|trio|quartet|quintet|outfit|act)s?,? (?:called|named|known as) "
    rf"[“\"‘']?((?:[Tt]he )?{_TITLE})"
)
_NICKNAMED: Final = re.compile(
    rf"{CAPITAL}(?: {CAPITAL})? [“\"‘']{CAPITAL}(?: {CAPITAL})?[”\"’'] {CAPITAL}"
)
_AWARD: Final = re.compile(
    rf"(?:{CAPITAL} (?:(?:of|for|the) )*)*(?:Prize|Awards?|Grammys?|Grammies|Medal|Hall of Fame|"
    rf"Brit Award|Oscar|Order of [A-Z]\w+)(?: for (?:Best )?{_TITLE})?"
)
_LABEL: Final = re.compile(
    rf"{CAPITAL}(?: {CAPITAL})* (?:Records|Recordings|Discos|Disques|Discs|Entertainment)\b"
)
_FUNCTION: Final = re.compile(r"^(?:At|On|In|For|With|From|By|After|When|The|And|But|While|As) ")


def formed_mentions(text: str) -> Iterator[Mention]:
    """Yield mentions whose class their form tells; they may overlap.

    The origin is "quoted" for a title in quotation marks and "pattern" for all others.
    """
    for pattern, type_ in ((_DATE, "Date"), (_AWARD, "Award"), (_NICKNAMED, "Person")):
        for match in pattern.finditer(text):
            yield Mention(match.start(), match.end(), match[0], type_, "pattern")
    for match in _LABEL.finditer(text):
        name = _FUNCTION.sub("", match[0])
        yield Mention(match.end() - len(name), match.end(), name, "RecordLabel", "pattern")
    for match in _NAMED_BAND.finditer(text):
        yield Mention(*match.span(1), match[1], "Band", "pattern")
    yield from _titles(text)
    yield from _quoted(text)


def _titles(text: str) -> Iterator[Mention]:
    for pattern in (_WORK_CUE, _WORK_VERB, _WORK_BEFORE, _WORK_YEAR):
        for match in pattern.finditer(text):
            if pattern is _WORK_YEAR and not _ABOUT_WORKS.search(_sentence_around(text, match)):
                continue
            title = _FUNCTION.sub("", match[1]) if pattern is _WORK_YEAR else match[1]
            end = match.end(1)
            start = end - len(title)
            title = title.rstrip(".,'’-")
            if len(title) > 1:
                yield Mention(start, start + len(title), title, "Album", "pattern")


def _quoted(text: str) -> Iterator[Mention]:
    """Titles in quotation marks; a list of them has the class of its first."""
    end, type_ = -1, "Album"
    for match in _QUOTED.finditer(text):
        title = match[1].rstrip(",;").removesuffix(".") if match[1][-3:-2] != "." else match[1]
        if not title or title[0].islower() or _is_nickname(text, match):
            continue
        if _SONGS.search(text[max(0, match.start() - 40) : match.start()]):
            type_ = "Song"
        elif end < 0 or not _BETWEEN_QUOTES.fullmatch(text[end : match.start() + 1]):
            type_ = "Album"
        end = match.start(1) + len(title)
        yield Mention(match.start(1), end, title, type_, "quoted")


def _is_nickname(text: str, quoted: re.Match[str]) -> bool:
    """Whether a quotation stands within somebody's name: Lee "Scratch" Perry."""
    before, after = text[: quoted.start()], text[quoted.end() :]
    name = re.search(rf"(?<![\w'’-]){CAPITAL} $", before)
    return bool(name) and bool(re.match(rf" {CAPITAL}", after)) and " " not in quoted[1].strip()


def _sentence_around(text: str, match: re.Match[str]) -> str:
    start = max(text.rfind(mark, 0, match.start()) for mark in (". ", "! ", "? "))
    end = text.find(". ", match.end())
    return text[start + 1 : end if end >= 0 else len(text)]
