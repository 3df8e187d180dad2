"""Find names in text by rules on capitals, quotes and cue words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from kg_builder.extraction.text.mentions import Mention
from kg_builder.ontology import Schema

SIGNED: Final = re.compile(
    r"\b(?:sign(?:s|ed|ing)?\b[^.]{0,30}\b(?:to|with|for)|(?:deal|contract) with|labels?|imprint|"
    r"(?:released|issued) (?:by|through))\s+(?:the )?$",
    re.IGNORECASE,
)


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
"""Words that begin a sentence rather than a name."""

_YEAR_OF_AWARD: Final = re.compile(r" (?:in|of|for) (?:19|20)\d\d\b.*$")
_SEVERAL: Final = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|\d+|several|many) $"
)


def formed_mentions(text: str) -> Iterator[Mention]:
    """Yield mentions whose form implies their class; they may overlap."""
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
    """The singular of an award mentioned in the plural."""
    if awards in {"Grammys", "Grammies"}:
        return "Grammy Award"
    return re.sub(r"\b(Award|Prize|Grammy|Oscar|Medal)s(?= for |$)", r"\1", awards)


_WORK: Final = r"albums?|LP|EP|singles?|songs?|mixtapes?|soundtracks?|records?|debut"
_CUE: Final = re.compile(
    rf"\b(?P<cue>{_WORK}),? (?:was |is |were |(?:titled|called|named|entitled) )?"
    rf"[“\"‘']?(?P<title>{TITLE}[!?]?)"
)
_VERB: Final = re.compile(
    rf"\b(?:released|issued|recorded|put out|published|releases|brought out|(?:came|come) up with|"
    rf"titled|called|entitled) [“\"‘']?(?P<title>{TITLE}[!?]?)"
)
_BEFORE: Final = re.compile(
    rf"(?P<title>{TITLE}[!?]?)[”\"’']?,? (?:a|an|the|her|his|their|its) (?:\d{{4}} )?"
    r"(?:[\w-]+ ){0,2}(?P<cue>album|record|LP|EP|single|song|soundtrack|debut|successor|"
    r"predecessor|follow-up)\b"
)
_APPOSED: Final = re.compile(
    r"\b(?P<cue>album|LP|EP|single|song)(?: (?:for|on|of|with) (?:[\w'’-]+ ?){1,4})?, "
    r"(?P<title>[^\W\d_a-zß-öø-ÿ](?:(?!['’]s [a-z])[^,.;:()“”\"]){1,60}),"
    r" (?:was|is|came|appeared|followed|reached|sold|topped|won|became|which)\b"
)
"""A title between commas may have lower-case words, as in most languages."""

_YEAR: Final = re.compile(rf"(?P<title>{TITLE}[!?]?)[”\"’']? \((?:19|20)\d\d\)")
_ABOUT_WORKS: Final = re.compile(
    rf"\b(?:{_WORK}|albums|EPs|LPs|release[sd]?|classic|discography|tracks?)\b"
)
_LIST: Final = re.compile(
    r"\b(?P<cue>albums|LPs|EPs|singles|songs|hits|records)(?: \w+)? "
    r"(?:include[ds]?|including|such as|like|are|were) "
    rf"(?P<titles>{TITLE}(?:, {TITLE}){{0,20}}(?:,? and {TITLE})?)"
)
_COMMA: Final = re.compile(r", and |, | and ")
_IS_SONG: Final = re.compile(r"songs?|singles?|hits")

_QUOTED: Final = re.compile(r"[“\"]([^”“\"]{2,60})[”“\"]")
_BETWEEN_QUOTES: Final = re.compile(r"[,.]?[”“\"]?[,;]?(?: and| or| &)? [“\"]?")
_IN_LIST: Final = re.compile(r"[”\"]?(?:, |,? and )[“\"]?")
_PERSONS_FOLLOW: Final = re.compile(r"\b(?:by|with|featuring|from) $")
_UNSURE: Final = frozenset({("ner", "Person"), ("ner", "Name"), ("capitals", "Name")})
"""Origins and classes that a list may correct"""

_KIND: Final = re.compile(
    r"\b(?:(?P<album>albums?|LPs?|EPs?|records?|mixtapes?|soundtracks?|debut|released|issued)|"
    r"songs?|singles?|tracks?|hits?|tunes?|duets?|ballads?|anthems?|writes|wrote|written|sings|sang)\b"
)
_NAME_BEFORE: Final = re.compile(rf"(?<![\w'’-]){CAPITAL} $")
_THEN_NAME: Final = re.compile(rf" {CAPITAL}")
_NEAR: Final = 60
_ALBUM_AFTER: Final = re.compile(
    r",?[”“\"],? (?:was |is )?(?:an?|the|her|his|their|its) (?:[\w-]+ ){0,3}"
    r"(?:album|LP|EP|record)\b"
)


def titles(text: str) -> Iterator[Mention]:
    """Yield titles of works; they may overlap.

    The origin is "quoted" for a title in quotation marks and "pattern" for all others.
    """
    for pattern in (_CUE, _VERB, _BEFORE, _APPOSED):
        for match in pattern.finditer(text):
            yield from _title(text, *match.span("title"), match.groupdict().get("cue") or "")
    for match in _YEAR.finditer(text):
        if _ABOUT_WORKS.search(text, *_sentence(text, match.start(), match.end())):
            end = match.end("title")
            yield from _title(text, end - len(FUNCTION.sub("", match["title"])), end)
    for match in _LIST.finditer(text):
        start, end = match.span("titles")
        commas = [comma.span() for comma in _COMMA.finditer(text, start, end)]
        for (_, first), (last, _) in pairwise([(start, start), *commas, (end, end)]):
            yield from _title(text, first, last, match["cue"])
    yield from _quoted(text)


def listed_with_works(text: str, mentions: Sequence[Mention], schema: Schema) -> Iterator[Mention]:
    """Yield mentions found by statistics or capitals in a list whose other members are works.

    A list ends with "and"; a list after "by" or "with" names persons.
    """
    chain: list[Mention] = []
    ended = False
    for mention in [*mentions, None]:
        gap = text[chain[-1].end : mention.start] if chain and mention else ""
        if mention and not ended and _IN_LIST.fullmatch(gap):
            chain.append(mention)
            ended = "and" in gap
            continue
        if ended and not _PERSONS_FOLLOW.search(text, max(0, chain[0].start - 12), chain[0].start):
            works = [item for item in chain if schema.is_a(item.type, "Work")]
            if works:
                yield from (item for item in chain if (item.origin, item.type) in _UNSURE)
        chain, ended = [mention] if mention else [], False


def _title(text: str, start: int, end: int, cue: str = "") -> Iterator[Mention]:
    title = text[start:end].rstrip(".,'’-")
    if len(title) > 1 and not FUNCTION.fullmatch(f"{title} ") and title[-2:] not in {"'s", "’s"}:
        type_ = "Song" if _IS_SONG.fullmatch(cue) else "Album"
        yield Mention(start, start + len(title), title, type_, "pattern")


def _quoted(text: str) -> Iterator[Mention]:
    """Yield titles in quotation marks; a list of titles has the class of its first."""
    end, type_ = -1, ""
    for match in _QUOTED.finditer(text):
        title = match[1].rstrip(",;").removesuffix(".") if match[1][-3:-2] != "." else match[1]
        if not title or title[0].islower() or _is_nickname(text, match):
            continue
        if end < 0 or not _BETWEEN_QUOTES.fullmatch(text[end : match.start() + 1]):
            type_ = _kind(text, match.start(), match.end())
        end = match.start(1) + len(title)
        yield Mention(match.start(1), end, title, type_, "quoted")


def _kind(text: str, start: int, end: int) -> str:
    """The class of a quoted title: an album or, by default, a song."""
    if _ALBUM_AFTER.match(text, end - 2) or _ALBUM_AFTER.match(text, end - 1):
        return "Album"
    first, _ = _sentence(text, start, end)
    kinds = list(_KIND.finditer(text, max(first, start - _NEAR), start))
    return "Album" if kinds and kinds[-1]["album"] else "Song"


def _is_nickname(text: str, quoted: re.Match[str]) -> bool:
    """Whether a quotation is part of a person's name: Lee "Scratch" Perry."""
    if " " in quoted[1].strip() or not _THEN_NAME.match(text, quoted.end()):
        return False
    return bool(_NAME_BEFORE.search(text, max(0, quoted.start() - 50), quoted.start()))


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The bounds of the sentence around a span, by punctuation."""
    first = max(text.rfind(mark, 0, start) for mark in (". ", "! ", "? ", ".” ", '." '))
    last = text.find(". ", end)
    return first + 1, last if last >= 0 else len(text)
