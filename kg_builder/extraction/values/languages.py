"""One English name for a language, however it is written."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from babel import Locale
from babel.core import get_global

_OWN_NAMES: Final = (
    *("ar", "ca", "cs", "da", "de", "el", "es", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id"),
    *("is", "it", "ja", "ko", "nb", "nl", "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "zh"),
)
"""Languages that are also known by the name that their speakers give them."""


@lru_cache(maxsize=4096)
def language_name(text: str) -> str | None:
    """The English name for a code (en, eng, en-GB) or a name ("English language", "Deutsch").

    >>> language_name("eng"), language_name("French language"), language_name("Vulcanian")
    ('English', 'French', None)
    """
    key = text.strip().casefold().removesuffix(" language")
    found = _names().get(key)
    if found is None and "-" in key and len(key.partition("-")[0]) in {2, 3}:
        found = _names().get(key.partition("-")[0])
    return found


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    english = dict(Locale("en").languages)
    found: dict[str, str] = {}
    for code in _OWN_NAMES:
        own = Locale(code).get_language_name(code)
        if own:
            found[own.casefold()] = english[code]
    found.update({name.casefold(): name for name in english.values()})
    found.update({code.casefold(): name for code, name in english.items()})
    for alias, code in get_global("language_aliases").items():
        if code in english and len(alias) == 3:
            found.setdefault(alias.casefold(), english[code])
    return found
