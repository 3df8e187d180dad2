"""Fields, texts and names in the elements of a Discogs dump."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from kg_builder.extraction.values import article_in_front, clean_text

Fields = dict[str, etree._Element]
"""The children of an element by their tags, which are different ones."""

_NUMBER: Final = re.compile(r"\s+\(\d+\)$")


def fields_of(element: etree._Element) -> Fields:
    """An element's children, found in one pass."""
    return {str(child.tag): child for child in element}


def text_in(fields: Fields, field: str) -> str:
    """The text of a field, empty where there is none."""
    found = fields.get(field)
    return "" if found is None else (found.text or "").strip()


def texts_in(fields: Fields, field: str) -> list[str]:
    """The texts of a field's children that are not empty."""
    return [text for child in fields.get(field, ()) if (text := (child.text or "").strip())]


def names_in(fields: Fields, field: str) -> list[tuple[str, str]]:
    """(id, name) of the artists or labels listed in a field; the id is empty in old dumps."""
    return [
        (child.get("id") or "", text)
        for child in fields.get(field, ())
        if child.tag != "id" and (text := (child.text or "").strip())
    ]


def plain_name(text: str) -> str:
    """A name without the number that tells namesakes apart, its article in front.

    >>> plain_name("Beatles, The"), plain_name("Nirvana (2)")
    ('The Beatles', 'Nirvana')
    """
    text = clean_text(text)
    if text.endswith(")"):
        text = _NUMBER.sub("", text)
    return article_in_front(text)
