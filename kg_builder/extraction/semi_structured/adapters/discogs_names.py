"""Texts and names in the elements of a Discogs dump."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from kg_builder.extraction.values import clean_text

_NUMBER: Final = re.compile(r"\s+\(\d+\)$")
_ARTICLE: Final = re.compile(r"^(.*), (The|A|An|Die|Der|Das|Los|Las|Les|La|Le|El)$")


def text_of(element: etree._Element, path: str) -> str:
    """The text at a path, empty where there is none."""
    return (element.findtext(path) or "").strip()


def texts_of(element: etree._Element, path: str) -> Iterator[str]:
    """The texts at a path that are not empty."""
    for found in element.iterfind(path):
        if text := (found.text or "").strip():
            yield text


def named_in(element: etree._Element, path: str) -> list[tuple[str, str]]:
    """(id, name) of the artists listed at a path; the id is empty in old dumps."""
    return [
        (item.get("id") or "", (item.text or "").strip())
        for item in element.iterfind(f"{path}/name")
        if (item.text or "").strip()
    ]


def plain_name(text: str) -> str:
    """A name without the number that tells namesakes apart, its article in front.

    >>> plain_name("Beatles, The"), plain_name("Nirvana (2)")
    ('The Beatles', 'Nirvana')
    """
    text = _NUMBER.sub("", clean_text(text))
    found = _ARTICLE.match(text)
    return f"{found[2]} {found[1]}" if found else text
