"""Ids in other databases, recognised by their web addresses and written as CURIEs."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

_RULES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (
        re.compile(r"^https?://(?:[a-z]+\.)?dbpedia\.org/(?:resource|page)/(.+)$"),
        lambda found: "dbpedia:" + unquote(found[1]),
    ),
    (
        re.compile(r"^https?://en\.(?:m\.)?wikipedia\.org/wiki/([^?#]+)$"),
        lambda found: "dbpedia:" + unquote(found[1]).replace(" ", "_"),
    ),
    (
        re.compile(
            r"^https?://(?:www\.|m\.)?wikidata\.org/(?:entity|wiki)/(?:Special:EntityData/)?"
            r"([QP]\d+)"
        ),
        lambda found: "wikidata:" + found[1],
    ),
    (
        re.compile(r"^https?://(?:[a-z]+\.)?musicbrainz\.org/artist/([0-9a-f-]{36})"),
        lambda found: "musicbrainz:" + found[1],
    ),
    (
        re.compile(r"^https?://(?:www\.)?discogs\.com/(?:[a-z]{2}/)?artist/(\d+)"),
        lambda found: "discogs:" + found[1],
    ),
    (
        re.compile(r"^https?://rdf\.freebase\.com/ns/(m\.\w+)"),
        lambda found: "freebase:" + found[1],
    ),
    (
        re.compile(r"^https?://(?:www\.)?freebase\.com/m/(\w+)"),
        lambda found: "freebase:m." + found[1],
    ),
)


@lru_cache(maxsize=65536)
def external_id(iri: str) -> str | None:
    """The CURIE for an address in a database that alignment knows; `None` for any other address.

    An English Wikipedia article counts as its DBpedia resource: both share the article's title.

    >>> external_id("https://en.wikipedia.org/wiki/Sigur_R%C3%B3s")
    'dbpedia:Sigur_Rós'
    """
    iri = iri.strip()
    if not iri.startswith("http"):
        return None
    for pattern, write in _RULES:
        if found := pattern.match(iri):
            return write(found)
    return None
