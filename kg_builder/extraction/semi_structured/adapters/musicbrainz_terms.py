"""Words of the MusicBrainz web service and what they mean in the data model."""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = "{http://musicbrainz.org/ns/mmd-2.0#}"
THINGS: Final = {
    "artist": "Artist",
    "label": "RecordLabel",
    "place": "Venue",
    "area": "Place",
    "begin-area": "Place",
    "end-area": "Place",
    "event": "Event",
    "instrument": "Instrument",
    "recording": "Song",
    "work": "Song",
    "release": "Album",
    "release-group": "Album",
}
COLLECTIONS: Final = {
    "begin-area": "areas",
    "end-area": "areas",
}
ARTIST_TYPES: Final = {
    "Person": "SoloArtist",
    "Group": "Band",
    "Orchestra": "Band",
    "Choir": "Band",
}
WORK_RELATIONS: Final = {
    "composer": "composer",
    "lyricist": "writer",
    "writer": "writer",
    "librettist": "writer",
    "producer": "producer",
    "main performer": "performer",
    "guest performer": "performer",
    "support act": "performer",
    "performer": "performer",
    "vocal": "performer",
    "performing orchestra": "performer",
    "instrument": "performer",
}
"""Relations between a work, recording, release or event and an artist."""

ARTIST_RELATIONS: Final = {
    "member of band": "memberOf",
    "collaboration": "collaboratedWith",
    "is person": "associatedWith",
    "influenced by": "influencedBy",
}
"""Relations from one artist to another, in MusicBrainz' forward direction."""

LIFE_SPAN: Final = {"Event": ("eventDate", ""), "Venue": ("", ""), "Place": ("", "")}
KNOWN: Final = frozenset(
    {
        "name",
        "title",
        "sort-name",
        "alias-list",
        "life-span",
        "country",
        "area",
        "begin-area",
        "end-area",
        "tag-list",
        "genre-list",
        "artist-credit",
        "relation-list",
        "length",
        "date",
        "label-info-list",
        "medium-list",
        "release-list",
        "release-group",
        "language",
        "first-release-date",
        "description",
        "annotation",
        "text-representation",
        "release-event-list",
        "track-count",
        "target-credit",
    }
)
