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


def without_disambiguator(name: str) -> str:
    """Cut a closing parenthesis that says what kind of thing it is.

    >>> without_disambiguator("Subhumans (British band)"), without_disambiguator("Help! (song)")
    ('Subhumans', 'Help!')
    >>> without_disambiguator("(I Can't Get No) Satisfaction (Live)")
    "(I Can't Get No) Satisfaction (Live)"
    """
    return _DISAMBIGUATOR.sub("", name) or name
