"""Tags that are genres by their words, though no database at hand lists them."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any, Final

from kg_builder.fusion.normalize import name_key, squeeze

_TABLES: Final[dict[str, Any]] = tomllib.loads(
    resources.files("kg_builder.inference").joinpath("genre_words.toml").read_text(encoding="utf-8")
)
_NAMES: Final = frozenset(squeeze(name_key(name)) for name in _TABLES["names"].split(","))
_ENDINGS: Final = frozenset(word.strip() for word in _TABLES["endings"].split(","))
_SUFFIXES: Final = tuple(_TABLES["suffixes"])
_NEVER: Final = frozenset(_TABLES["never"].split())


def is_genre(tag: str) -> bool:
    """Whether a tag is a genre by its words alone.

    >>> is_genre("Brutal Death Metal"), is_genre("emocore"), is_genre("good rock"), is_genre("sad")
    (True, True, False, False)
    """
    key = name_key(tag)
    words = key.split()
    if squeeze(key) in _NAMES:
        return True
    if len(words) < 2:
        return key.isalpha() and key.endswith(_SUFFIXES) and len(key) > 6
    return (
        len(words) <= 3
        and words[-1] in _ENDINGS
        and all(word.isalpha() and word not in _NEVER for word in words)
    )
