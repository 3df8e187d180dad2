"""Vocabularies of RDF: which properties and classes tell names, ids, roles, lists, memberships."""

from __future__ import annotations

from typing import Final

from kg_builder.extraction.semi_structured.markup.nodes import OF_ROLES, ROLES
from kg_builder.ontology import PREFIXES

_FOAF: Final = "http://xmlns.com/foaf/0.1/"
COLUMN_PREFIXES: Final = {
    **PREFIXES,
    "dc": "http://purl.org/dc/elements/1.1/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": _FOAF,
    "wdt": "http://www.wikidata.org/prop/direct/",
}
"""Prefixes that a recipe may use for the property that tells the class."""

TYPES: Final = frozenset({PREFIXES["rdf"] + "type", "http://www.wikidata.org/prop/direct/P31"})
NAMES: Final = frozenset(
    {
        PREFIXES["rdfs"] + "label",
        PREFIXES["skos"] + "prefLabel",
        PREFIXES["schema"] + "name",
        "http://schema.org/name",
        "http://xmlns.com/foaf/0.1/name",
        PREFIXES["freebase"] + "type.object.name",
        "http://purl.org/dc/elements/1.1/title",
        "http://purl.org/dc/terms/title",
        "http://www.holygoat.co.uk/owl/redwood/0.1/tags/tagName",
        PREFIXES["schema"] + "headline",
        PREFIXES["mo"] + "title",
    }
)
PARTS_OF_NAMES: Final = {
    **dict.fromkeys((_FOAF + "givenName", _FOAF + "firstName", _FOAF + "givenname"), 0),
    **dict.fromkeys((_FOAF + "familyName", _FOAF + "surname", _FOAF + "lastName"), 1),
    PREFIXES["schema"] + "givenName": 0,
    PREFIXES["schema"] + "familyName": 1,
}
"""Property → place in the name of a person that has no whole one."""

ALIASES: Final = frozenset(
    {
        PREFIXES["skos"] + "altLabel",
        PREFIXES["schema"] + "alternateName",
        PREFIXES["freebase"] + "common.topic.alias",
        PREFIXES["dbo"] + "alias",
        PREFIXES["dbo"] + "birthName",
        "http://xmlns.com/foaf/0.1/nick",
        "http://schema.org/alternateName",
        "http://purl.org/dc/terms/alternative",
    }
)
SAME: Final = frozenset(
    {
        PREFIXES["owl"] + "sameAs",
        PREFIXES["schema"] + "sameAs",
        "http://schema.org/sameAs",
        *(PREFIXES["mo"] + name for name in ("musicbrainz", "wikipedia", "discogs")),
    }
)
_MO: Final = PREFIXES["mo"]
_WDT: Final = "http://www.wikidata.org/prop/direct/"
IDS: Final = {
    _MO + "musicbrainz_guid": "musicbrainz",
    _MO + "isrc": "isrc",
    PREFIXES["schema"] + "isrcCode": "isrc",
    **{
        _WDT + name: prefix
        for name, prefix in {
            "P434": "musicbrainz",
            "P435": "musicbrainz-work",
            "P436": "musicbrainz-release-group",
            "P646": "freebase",
            "P966": "musicbrainz-label",
            "P1243": "isrc",
            "P1902": "spotify-artist",
            "P1953": "discogs",
            "P1954": "discogs-master",
            "P1955": "discogs-label",
            "P2205": "spotify-album",
            "P2206": "discogs-release",
            "P2207": "spotify-track",
            "P4404": "musicbrainz-recording",
        }.items()
    },
}
"""Property whose texts are ids → the database and kind."""

STANDS_FOR: Final = {
    _MO + "record": False,
    _MO + "published_as": True,
    _MO + "publication_of": False,
    _MO + "recorded_as": True,
    _MO + "records": False,
    _MO + "performance_of": False,
    PREFIXES["schema"] + "albumRelease": False,
    PREFIXES["schema"] + "releaseOf": True,
    PREFIXES["schema"] + "recordingOf": False,
    PREFIXES["schema"] + "aggregateRating": False,
}
"""Property between two descriptions of one album or song, such as a signal and its track → whether
the facts of the subject are said of the object, or else the other way round."""

ALWAYS_FOR: Final = frozenset(
    PREFIXES["schema"] + name for name in ("albumRelease", "releaseOf", "aggregateRating")
)
FIRST: Final = PREFIXES["rdf"] + "first"
REST: Final = PREFIXES["rdf"] + "rest"
ELEMENTS: Final = PREFIXES["schema"] + "itemListElement"
ITEM: Final = PREFIXES["schema"] + "item"
POSITION: Final = PREFIXES["schema"] + "position"
MEMBERSHIP: Final = _MO + "membership"
GROUPS: Final = (_MO + "group",)
AGENTS: Final = (
    *(f"{prefix}{name}" for prefix in (_FOAF, _MO) for name in ("agent", "member")),
    "http://purl.org/NET/c4dm/event.owl#agent",
)
_TIMELINE: Final = "http://purl.org/NET/c4dm/timeline.owl#"
INTERVAL: Final = _TIMELINE + "Interval"
TIME: Final = "http://purl.org/NET/c4dm/event.owl#time"
DETAILS: Final = {
    **{PREFIXES["schema"] + name: detail for name, detail in OF_ROLES.items()},
    **dict.fromkeys((_TIMELINE + n for n in ("start", "beginsAtDateTime")), "beginDate"),
    **dict.fromkeys((_TIMELINE + n for n in ("end", "endsAtDateTime")), "endDate"),
}
"""Property of a role, a membership or its interval → detail of the fact that it leads to."""

BETWEEN: Final = frozenset(
    {
        *(PREFIXES["schema"] + name for name in ROLES),
        *(PREFIXES["schema"] + name for name in ("ItemList", "ListItem")),
        _MO + "Membership",
        INTERVAL,
    }
)
"""Classes of nodes that stand between two entities, or of their intervals."""

DESCRIBING: Final = frozenset(
    {
        *NAMES,
        *ALIASES,
        *SAME,
        *TYPES,
        *PARTS_OF_NAMES,
        *IDS,
        *(
            iri.replace("https://schema.org/", "http://schema.org/")
            for iri in (*NAMES, *PARTS_OF_NAMES)
        ),
    }
)
OF_GROUPS: Final = frozenset(
    PREFIXES["schema"] + name for name in ("foundingDate", "dissolutionDate")
)
OF_PAGES: Final = frozenset(PREFIXES["schema"] + name for name in ("Article", "WebPage"))
ABOUT: Final = PREFIXES["schema"] + "about"
MUSIC_GROUP: Final = PREFIXES["schema"] + "MusicGroup"


def with_https(iri: str) -> str:
    """The address of schema.org by https, as the data model has it; others are unchanged."""
    return iri.replace("http://schema.org/", "https://schema.org/")
