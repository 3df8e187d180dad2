"""Names as encyclopaedias write them: without the words that only tell two articles apart."""

from __future__ import annotations

import re
from typing import Final

_KINDS: Final = (
    "album albums animator actor actress artist band bassist cellist comedian company composer "
    "conductor country disambiguation dj drummer duo electronic entertainer ep film flautist "
    "genre group guitarist instrument label magazine mixtape movie music musical musician "
    "novel organist percussionist pianist producer rapper record saxophonist single singer "
    "singer-songwriter song songwriter soundtrack style trio trumpeter violinist vocalist writer"
)
_DISAMBIGUATOR: Final = re.compile(
    rf"\s+\((?:[^()]*\b)?(?:{'|'.join(_KINDS.split())})\)$", re.IGNORECASE
)


_ARTICLE: Final = re.compile(r"^([^,]+), (The|A|An|Die|Der|Das|Los|Las|Les|La|Le|El|Il|I|Os|De)$")
_BEFORE: Final = re.compile(
    r"^(?:(?:sir|dame|professor|prof\.?|reverend|rev\.?|the right honourable|maestro|pandit|pt\.|"
    r"ustad)\s+)+(?=\S+\s+\S)",
    re.IGNORECASE,
)
_AFTER: Final = re.compile(r"(?:,?\s+(?:[OMCK]BE|DBE|CH|FRSA|PhD|Ph\.D\.|Esq\.?))+$")


def article_in_front(name: str) -> str:
    """Put an article back that a catalogue has moved behind the name for sorting.

    >>> article_in_front("Beatles, The"), article_in_front("Hello, Goodbye")
    ('The Beatles', 'Hello, Goodbye')
    """
    found = _ARTICLE.match(name) if ", " in name else None
    return f"{found[2]} {found[1]}" if found else name


def without_honorific(name: str) -> str:
    """A person's name without titles of honour before it and letters after it.

    Titles stay that are part of a stage name: those in front of a single word ("Sir Mix-a-Lot"),
    and "Dr.", "Lady" or "MC", which musicians give themselves.

    >>> without_honorific("Sir Elton John CBE"), without_honorific("Dr. Dre")
    ('Elton John', 'Dr. Dre')
    """
    return _BEFORE.sub("", _AFTER.sub("", name)) or name


def without_disambiguator(name: str) -> str:
    """Cut a closing parenthesis that says what kind of thing it is.

    >>> without_disambiguator("Subhumans (British band)"), without_disambiguator("Help! (song)")
    ('Subhumans', 'Help!')
    >>> without_disambiguator("(I Can't Get No) Satisfaction (Live)")
    "(I Can't Get No) Satisfaction (Live)"
    """
    return (_DISAMBIGUATOR.sub("", name) or name) if name.endswith(")") else name
