"""Data classes of a node parsed from page markup: types, id, and properties by IRI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin

from kg_builder.ontology import PREFIXES

SCHEMA_ORG = "https://schema.org/"


_SAME_IN_SCHEMA_ORG: Final = {
    iri: SCHEMA_ORG + name
    for name, iris in {
        "name": (
            PREFIXES["rdfs"] + "label",
            PREFIXES["skos"] + "prefLabel",
            "http://xmlns.com/foaf/0.1/name",
            "http://purl.org/dc/elements/1.1/title",
            "http://purl.org/dc/terms/title",
        ),
        "alternateName": (PREFIXES["skos"] + "altLabel", "http://xmlns.com/foaf/0.1/nick"),
        "sameAs": (PREFIXES["owl"] + "sameAs", PREFIXES["mo"] + "musicbrainz"),
        "isrcCode": (PREFIXES["mo"] + "isrc",),
    }.items()
    for iri in iris
}


@dataclass(frozen=True)
class Text:
    """A literal or an address, with its location."""

    value: str
    pointer: str


@dataclass
class Node:
    """A node with types, an id and properties; property names are IRIs."""

    pointer: str
    types: list[str] = field(default_factory=list)
    id: str = ""
    properties: dict[str, list[Node | Text]] = field(default_factory=dict)

    def add(self, name: str, value: Node | Text) -> None:
        """Add one value of a property; names in other vocabularies are taken for schema.org's."""
        name = _SAME_IN_SCHEMA_ORG.get(name, name)
        self.properties.setdefault(name, []).append(value)

    def texts(self, *names: str) -> Iterator[Text]:
        """The literal values of schema.org properties."""
        for name in names:
            for value in self.properties.get(SCHEMA_ORG + name, []):
                if isinstance(value, Text):
                    yield value
                else:
                    yield from value.texts("name")

    def first(self, *names: str) -> str:
        """The first literal value, or ''."""
        return next((text.value.strip() for text in self.texts(*names) if text.value.strip()), "")


def term(name: str, vocabulary: str = SCHEMA_ORG) -> str:
    """Convert a property or class to an IRI; http and https schema.org are the same."""
    if name.startswith(("http://schema.org/", "http://www.schema.org/")):
        return SCHEMA_ORG + name.partition("schema.org/")[2]
    if "://" in name:
        return name
    if name.startswith("schema:"):
        return SCHEMA_ORG + name.removeprefix("schema:")
    return vocabulary + name


def absolute(page: str, address: str) -> str:
    """Resolve an address against the page's; unchanged if that is unknown."""
    address = address.strip()
    if not address or "://" in address or not page:
        return f"https:{address}" if address.startswith("//") else address
    try:
        return urljoin(page, address)
    except ValueError:
        return address


NAMES: Final = ("name", "headline", "title")
ALIASES: Final = ("alternateName", "legalName", "additionalName")
DESCRIBING: Final = frozenset(
    SCHEMA_ORG + name
    for name in (*NAMES, *ALIASES, "sameAs", "mainEntityOfPage", "address", "isrcCode")
)
OLD_NAMES: Final = {
    "albums": "album",
    "tracks": "track",
    "members": "member",
    "musicGroupMembers": "musicGroupMember",
    "performers": "performer",
    "homeLocation": "foundingLocation",
    "artist": "byArtist",
    "creditedTo": "byArtist",
    "tracklist": "track",
    "genres": "genre",
    "awards": "award",
    "catalogueNumber": "catalogNumber",
}
"""Renamed or often confused schema.org properties → the intended ones."""

MORE_CLASSES: Final = {
    "State": "Place",
    "AdministrativeArea": "Place",
    "Organization": "Agent",
    "PerformingGroup": "Artist",
    "Occupation": "Role",
    "Festival": "Event",
    "MusicPlaylist": "Work",
}
"""Generic schema.org classes, compatible with any class expected by the context."""

ROLES: Final = frozenset({"Role", "OrganizationRole", "PerformanceRole", "EmployeeRole"})
"""Classes of nodes that stand between an entity and another to tell more of their relation."""

OF_ROLES: Final = {
    "startDate": "beginDate",
    "endDate": "endDate",
    "roleName": "role",
    "namedPosition": "role",
}
"""Property of a role in schema.org → detail of the fact that the role leads to."""

WRAPPERS: Final = frozenset(
    {
        "ItemList",
        "ListItem",
        *ROLES,
        "BreadcrumbList",
        "WebPage",
        "WebSite",
        "ImageObject",
        "PostalAddress",
        "GeoCoordinates",
    }
)

MERGED: Final = {
    "albumRelease": (
        "recordLabel", "publisher", "datePublished", "musicReleaseFormat", "catalogNumber",
        "byArtist", "producer", "genre", "keywords", "duration", "track",
    ),
    "recordingOf": ("composer", "lyricist", "author", "inLanguage", "genre", "keywords"),
    "aggregateRating": ("ratingValue",),
    "recordedAs": (
        "byArtist", "producer", "recordedAt", "duration", "inAlbum", "datePublished", "genre",
        "keywords",
    ),
}  # fmt: skip
"""Property → what is said of the nodes that it names is said of the entity itself: of an album its
releases (LP, download), of a song the composition and the recordings."""

PARTS: Final = {
    "isPartOf": {"Song": "inAlbum"},
    "hasPart": {"Album": "track"},
}
"""Property → class of the entity → what it says of music: a song is part of an album."""

BACK: Final = ("albumRelease", "releaseOf", "recordingOf", "recordedAs", "inAlbum")
"""Properties of such a node that lead back to the entity or are read elsewhere."""

CONTAINERS: Final = (
    "mainEntity",
    "about",
    "itemListElement",
    "item",
    "event",
    "events",
    "hasPart",
)
GROUP_ONLY: Final = (
    "member",
    "members",
    "musicGroupMember",
    "musicGroupMembers",
    "foundingDate",
    "dissolutionDate",
    "foundingLocation",
)
MUSIC_ONLY: Final = ("genre", "album", "albums", "track", "tracks", "recordLabel")
MANY: Final = frozenset({"genre", "tag", "role", "instrument"})
PAGE: Final = re.compile(r"^[\w./-]+\.html?$")
MAX_DEPTH: Final = 32


_FORMAT: Final = re.compile(r"(?:https?://schema\.org/)([A-Z]\w*?)Format")
_WORD_BEGINS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def without_vocabulary(text: str) -> str:
    """The words of one of schema.org's formats of releases; other texts as they are.

    >>> without_vocabulary("https://schema.org/DigitalAudioTapeFormat"), without_vocabulary("CD")
    ('Digital Audio Tape', 'CD')
    """
    found = _FORMAT.fullmatch(text.strip())
    return _WORD_BEGINS.sub(" ", found[1]) if found else text
