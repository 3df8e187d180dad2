"""Load the word lists of text extraction: genres, instruments and players, roles, demonyms."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent

LABEL: Final = "(?:sub-?)?labels?|imprints?|record(?:s|ing)? compan(?:y|ies)"
STUDIO: Final = "studios?"
EVENT: Final = "festivals?|concert series|club nights?|competitions?|contests?|radio shows?"
ORGANISATION: Final = (
    "compan(?:y|ies)|publish(?:er|ing house)s?|firms?|business|agenc(?:y|ies)|charit(?:y|ies)|"
    "foundations?|non-profits?|trust|(?:maga|fan)?zines?|journal|newspaper|website|blog|podcast|"
    "radio station|(?:pre)?schools?|academ(?:y|ies)|conservator(?:y|ies)|conservatoires?|institute|"
    "colleges?|universit(?:y|ies)|workshop|(?:night)?clubs?|venues?|shops?|stores?|brand|"
    "clothing line|society|association|organi[sz]ations?"
)
ORCHESTRA: Final = "(?:orchestra|choir|chorus|philharmonic|sinfonietta)s?"
"""Nouns for what people found, as alternatives of a pattern."""

FOUNDED: Final = (
    r"(?: (?:an?|the|his|her|their|its|⟦A\d+⟧'s)"
    r"(?: (?:(?!(?:and|as|at|by|for|from|in|of|on|to|with)\b)[\w'’-]+|⟦[GNPOALX]\d+⟧)){0,4}? "
    rf"(?:{LABEL}|{STUDIO}|{EVENT}|{ORGANISATION}|{ORCHESTRA})\b|"
    r" (?:the )?⟦[LX]\d+⟧)"
)
"""What follows "founded" if it is no band: "a label", "the X festival", "her own school"."""

_ITSELF: Final = (
    r"(?:(?:[\w'’-]+|⟦[GN]\d+⟧) ){0,3}?"
    r"(?:band|group|duo|trio|quartet|quintet|collective|ensemble|life|lives|career|existence|"
    r"journey|year|summer|autumn|fall|winter|spring)s?\b"
)
_MADE: Final = r"(?:[Ss]et up|[Ee]stablished|[Aa]ssembled|[Pp]ut together|[Cc]reated)"
BEGUN: Final = (
    r"\b(?:(?:[Ff]ormed|[Ff]ounded|[Ss]tarted(?: out)?|start|began|begun)\b"
    rf"(?! (?:an?|another|the|its|their|⟦A\d+⟧'s) (?!{_ITSELF}))"
    r"(?! (?:to )?(?:record|tour|work|writ|releas|sell|us|gain|attract)(?:e|ing)?\b)|"
    r"got together|came together|come together|emerged|grew out|convened|rehearsed?|"
    rf"(?:was|were|been|being|is|are) (?:[\w'’-]+ )?{_MADE}|{_MADE} by|"
    rf"(?:^|(?<=, )|(?<=\()){_MADE})"
)
"""How a band begins: "formed", "was set up"; not what it does: "formed a choir", "began a tour"."""

_PLAYERS: Final = ("player", "players")
_NO_PLAYERS: Final = ("dulcimer", "recorder", "sampler", "synthesiser", "synthesizer", "zither")
"""Instruments whose names end like those of players."""

OTHER: Final = "Organisation"
"""Pseudo-class of organisations for which the data model has no class: schools, magazines, ..."""


@lru_cache(maxsize=1)
def genres() -> frozenset[str]:
    """Genre names in lower case."""
    return frozenset(line.partition("\t")[0] for line in _lines("genres.tsv"))


@lru_cache(maxsize=1)
def plain_words() -> frozenset[str]:
    """Genre names that are also common words: "house", "world"."""
    return frozenset(
        line.partition("\t")[0] for line in _lines("genres.tsv") if line.endswith("\tplain")
    )


@lru_cache(maxsize=1)
def instruments() -> dict[str, str]:
    """Instrument (singular or plural) or player → the instrument: "guitarist" → "guitar"."""
    found = _table("instruments.tsv")
    played = [word for word in found if not is_player(word)]
    # of many instruments there is no other word for the player: "oud player"
    return {**{f"{word} {who}": found[word] for word in played for who in _PLAYERS}, **found}


@lru_cache(maxsize=1)
def roles() -> dict[str, str]:
    """Word for a person's role → its canonical form."""
    return _table("roles.tsv")


@lru_cache(maxsize=1)
def demonyms() -> dict[str, str]:
    """Demonym, singular or plural, in lower case → country."""
    found = {}
    for line in _lines("demonyms.tsv"):
        country, _, words = line.partition("\t")
        for word in words.split("|"):
            found[word.casefold()] = found[word.casefold() + "s"] = country
    return found


def is_player(word: str) -> bool:
    """Whether a word of the instrument table denotes the player rather than the instrument."""
    word = word.casefold()
    if word.removesuffix("s").endswith(_NO_PLAYERS):
        return False
    return word.endswith(("ist", "ists", "er", "ers", "guero"))


def _table(name: str) -> dict[str, str]:
    found = {}
    for line in _lines(name):
        word, _, others = line.partition("\t")
        found[word.casefold()] = word
        found.update({other.casefold(): word for other in others.split("|") if other})
    return found


def _lines(name: str) -> list[str]:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return [line.rstrip("\n") for line in text.splitlines() if line and not line.startswith("#")]
