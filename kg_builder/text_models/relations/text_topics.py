"""Find what a text without a title is about: a work's title, or the first name of a person.

Its patterns of names and titles are shared with the relation rules (`dbpedia_patterns`).
"""

from __future__ import annotations

import re
from typing import Final

from kg_builder.extraction.text.mentions import sentences_of
from kg_builder.text_models.relations.surface_forms import dates_in, whole_date

_WORD: Final = (
    r"(?:[^\W\d_a-zß-öø-ÿ](?:[\w'’&!?*/-]|\.(?=[\w.]))*\.?(?<!['’]s)|\d[\w'’-]*|&|"
    r"[^\W\d_a-zß-öø-ÿ]\.)"
)
_TITLE_WORD: Final = _WORD.replace(r"(?<!['’]s)", "")
"""In titles a genitive does not end a name: "Mira's Song" """

_SMALL: Final = r"(?:of|the|de|la|le|del|da|do|du|von|van|der|den|y|e|af|al|bin)"
_TITLE_SMALL: Final = (
    r"(?:of|the|a|an|in|on|at|to|for|from|with|and|or|de|la|le|les|el|del|du|my|your|me|is|it|n)"
)
_TITLE_WORDS: Final = rf"{_TITLE_WORD}(?::? (?:{_TITLE_SMALL} ){{0,3}}{_TITLE_WORD}){{0,10}}"
_BRACKET: Final = r"(?: \([^()]{1,40}\))?"
NAME: Final = rf"(?:{_WORD}(?: (?:{_SMALL} ){{0,2}}{_WORD}){{0,7}}{_BRACKET})"
TITLE: Final = rf"(?:[\"“]([^\"“”]{{1,80}})[\"”]{_BRACKET}|{_TITLE_WORDS}[!?]?{_BRACKET})"
_FIRST_NAME: Final = re.compile(rf"{_WORD}(?: (?:{_SMALL} ){{0,2}}{_WORD}){{1,4}}")

_KIND: Final = r"[^()]*\b(?:song|album|single|EP|soundtrack|mixtape|musical|opera|suite|record)"
_WORK: Final = r"(?:song|album|single|EP|record(?! (?:label|company|deal))|track|compilation)"
_MADE: Final = (
    r"(?:released|written|recorded|produced|composed|performed|sung|issued|followed|preceded|"
    r"succeeded|published|put out)"
)
_OF: Final = (
    r"(?:run ?time|running time|length|duration|release date|producers?|(?:song)?writers?|"
    r"predecessor|successor|follow-up)"
)
_Y: Final = rf"(?P<y>{TITLE})"
_TITLES: Final = tuple(
    (re.compile(source), is_sure)
    for source, is_sure in (
        (rf"(?P<y>{_TITLE_WORDS}[!?]? \({_KIND}\))", True),
        (rf"\b{_WORK},? (?:called |titled |entitled |named )?{_Y}", True),
        (rf"\b{_OF} (?:of|for|to) (?:the )?(?:{_WORK},? )?{_Y}", True),
        (rf"(?:^|[.!?] ){_Y},? (?:(?:which|that) )?(?:was|is|were) (?:\w+ )?{_MADE}\b", True),
        (rf"(?:^|[.!?] ){_Y},? (?:is|was),? (?:an?|the) (?:[\w&'’-]+ ){{0,6}}?{_WORK}\b", True),
        (rf"(?:^|[.!?] ){_Y},? (?:an?|the) (?:[\w&'’-]+ ){{0,6}}?{_WORK}\b", True),
        (rf"(?:^|[.!?] ){_Y} (?:runs|lasts|has a (?:run|total|length|duration))\b", True),
        (rf"(?:^|[.!?] ){_Y},? (?:which |that )?(?:follows|followed|precedes|preceded) ", True),
        (rf"\b(?:genres?|(?:record )?label) (?:of|for|that released) (?:the )?{_Y}", False),
        (rf"(?:^|[.!?,] ){_Y},? (?:by\b|was|is) ", False),
        (rf"(?:^|[.!?,] ){_Y}[\"”]?,? (?:lasting|by|with a (?:run|total|length))\b", False),
        (rf"\b(?:recorded|performed|produced|wrote|sang|released) {_Y}", False),
    )
)
_OF_WORKS: Final = re.compile(
    r"\b(?:songs?|albums?|singles?|EPs?|lasting|runtime|runs for|predecessor|successor|"
    r"(?:produced|written|preceded|followed) by)\b"
)
_NO_TITLES: Final = frozenset(["It", "The", "A", "An", "He", "She", "They", "His", "Her", "Its"])


def title_of_work(text: str) -> str:
    """Find the title of the song or record that a text is about; '' if there is none.

    >>> title_of_work("The runtime of Blue: One (Mira Holt song) is 3.16.")
    'Blue: One (Mira Holt song)'
    >>> title_of_work("Tin Roof, which was released in May 2012, is a song.")
    'Tin Roof'
    >>> title_of_work("Ada sings.")
    ''
    """
    sentences = [text[sentence.start : sentence.end] for sentence in sentences_of(text)]
    has_kind = _OF_WORKS.search(text) is not None
    for pattern, is_sure in _TITLES:
        for sentence in sentences if is_sure or has_kind else ():
            for found in pattern.finditer(sentence):
                title = _bare_title(found["y"])
                if title and not has_date(title):
                    return title
    return ""


def _bare_title(surface: str) -> str:
    title = re.sub(r"[\"“”]", "", surface).strip(" ,.;:")
    title = re.sub(rf"^(?:[Tt]he |[Aa]n? )?{_WORK},? (?:called |titled )?(?=\S)", "", title)
    title = re.sub(r"^(?:In|On|After|Before|With|By|For|And|But|At) ", "", title)
    is_name = title not in _NO_TITLES and any(map(str.isalpha, title))
    return title if is_name else ""


def first_name(text: str) -> str:
    """The first capitalised span of a text, which usually is the topic of a text about a person."""
    found = _FIRST_NAME.search(text)
    return found[0] if found else ""


def has_date(name: str) -> bool:
    """Whether a capitalised span is a month or contains a date."""
    return whole_date(f"{name} 2000") is not None or any(True for _ in dates_in(name))
