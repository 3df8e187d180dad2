"""Which field of which infobox says what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class FieldMap:
    """What a field says of the article's topic."""

    predicate: str
    type: str | None = None
    commas: bool = True
    inverse: bool = False


_AGENT: Final = {
    "genre": FieldMap("genre"),
    "genres": FieldMap("genre"),
    "origin": FieldMap("origin", commas=False),
    "birth_place": FieldMap("birthPlace", commas=False),
    "death_place": FieldMap("deathPlace", commas=False),
    "birth_date": FieldMap("beginDate", commas=False),
    "death_date": FieldMap("endDate", commas=False),
    "instrument": FieldMap("instrument"),
    "instruments": FieldMap("instrument"),
    "occupation": FieldMap("role"),
    "occupations": FieldMap("role"),
    "label": FieldMap("recordLabel"),
    "labels": FieldMap("recordLabel"),
    "associated_acts": FieldMap("associatedWith", type="Artist"),
    "current_members": FieldMap("hasMember"),
    "past_members": FieldMap("hasMember"),
    "members": FieldMap("hasMember"),
    "member_of": FieldMap("memberOf"),
    "current_member_of": FieldMap("memberOf"),
    "past_member_of": FieldMap("memberOf"),
    "awards": FieldMap("award"),
    "website": FieldMap("homepage", commas=False),
    "nationality": FieldMap("country"),
    "country": FieldMap("country"),
}

_WORK: Final = {
    "artist": FieldMap("performer", type="Artist", commas=False),
    "genre": FieldMap("genre"),
    "label": FieldMap("recordLabel"),
    "producer": FieldMap("producer"),
    "writer": FieldMap("writer"),
    "lyricist": FieldMap("writer"),
    "composer": FieldMap("composer"),
    "released": FieldMap("releaseDate", commas=False),
    "recorded": FieldMap("recordDate", commas=False),
    "length": FieldMap("duration", commas=False),
    "language": FieldMap("language"),
    "studio": FieldMap("recordedIn", commas=False),
    "venue": FieldMap("recordedIn", commas=False),
}

_SONG: Final = _WORK | {"album": FieldMap("onAlbum", commas=False)}

_LABEL: Final = {
    "parent": FieldMap("parentLabel"),
    "founded": FieldMap("beginDate", commas=False),
    "defunct": FieldMap("endDate", commas=False),
    "genre": FieldMap("genre"),
    "country": FieldMap("country"),
    "location": FieldMap("origin", commas=False),
    "url": FieldMap("homepage", commas=False),
    "website": FieldMap("homepage", commas=False),
}

_GENRE: Final = {
    "stylistic_origins": FieldMap("subgenreOf"),
    "derivatives": FieldMap("subgenreOf", inverse=True),
    "subgenres": FieldMap("subgenreOf", inverse=True),
    "cultural_origins": FieldMap("description", commas=False),
}

INFOBOXES: Final[dict[str, tuple[str, dict[str, FieldMap]]]] = {
    "musical artist": ("Artist", _AGENT),
    "musical artist 2": ("Artist", _AGENT),
    "band": ("Band", _AGENT),
    "singer": ("SoloArtist", _AGENT),
    "rapper": ("SoloArtist", _AGENT),
    "classical composer": ("SoloArtist", _AGENT),
    "person": ("Person", _AGENT),
    "album": ("Album", _WORK),
    "ep": ("Album", _WORK),
    "song": ("Song", _SONG),
    "single": ("Song", _SONG),
    "musical composition": ("Song", _SONG),
    "record label": ("RecordLabel", _LABEL),
    "music genre": ("Genre", _GENRE),
}
"""Infobox (as in "Infobox musical artist") → class of the topic and its fields."""

BACKGROUNDS: Final = {
    "solo_singer": "SoloArtist",
    "non_vocal_instrumentalist": "SoloArtist",
    "non_performing_personnel": "SoloArtist",
    "person": "SoloArtist",
    "group_or_band": "Band",
    "classical_ensemble": "Band",
    "temporary": "Band",
}
"""The field `background` of an artist's infobox → class."""

NAME_FIELDS: Final = ("name", "title", "band_name")
ALIAS_FIELDS: Final = ("alias", "aliases", "birth_name", "native_name", "also_known_as", "nickname")
PERIOD_FIELDS: Final = ("years_active", "yearsactive", "active", "years")
IGNORED: Final = frozenset(
    {
        "image",
        "image_size",
        "image_upright",
        "alt",
        "caption",
        "background",
        "embed",
        "module",
        "landscape",
        "cover",
        "border",
        "italic title",
        "signature",
        "type",
        "prev_title",
        "prev_year",
        "next_title",
        "next_year",
        "chronology",
        "misc",
        "color",
        "native_name_lang",
    }
)
"""Fields about layout, or about other articles, that say nothing of the topic."""
