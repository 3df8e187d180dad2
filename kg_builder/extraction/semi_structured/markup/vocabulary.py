"""Names of schema.org that need more than the data model's mappings to be understood."""

from __future__ import annotations

import re
from typing import Final

from kg_builder.extraction.semi_structured.markup.nodes import SCHEMA_ORG

NAMES: Final = ("name", "headline", "title")
ALIASES: Final = ("alternateName", "legalName", "additionalName")
DESCRIBING: Final = frozenset(
    SCHEMA_ORG + name for name in (*NAMES, *ALIASES, "sameAs", "mainEntityOfPage", "address")
)
OLD_NAMES: Final = {
    "albums": "album",
    "tracks": "track",
    "members": "member",
    "musicGroupMembers": "musicGroupMember",
    "performers": "performer",
    "homeLocation": "foundingLocation",
    "artist": "byArtist",
    "genres": "genre",
    "awards": "award",
}
"""Properties that schema.org has renamed, or that pages confuse, and what they mean."""

MORE_CLASSES: Final = {
    "State": "Place",
    "AdministrativeArea": "Place",
    "Organization": "Agent",
    "PerformingGroup": "Artist",
    "Occupation": "Role",
    "Festival": "Event",
    "MusicPlaylist": "Work",
}
"""Classes of schema.org that say little by themselves, but fit where they are used."""

WRAPPERS: Final = frozenset(
    {
        "ItemList",
        "ListItem",
        "Role",
        "OrganizationRole",
        "PerformanceRole",
        "BreadcrumbList",
        "WebPage",
        "WebSite",
        "ImageObject",
        "PostalAddress",
        "GeoCoordinates",
    }
)

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
