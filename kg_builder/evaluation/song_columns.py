"""Map the columns of a song table to roles (title, artist, …), given or guessed from headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kg_builder.errors import DataError

TITLE: Final = "title"
PREDICATES: Final[Mapping[str, str]] = {
    "artist": "performer",
    "album": "onAlbum",
    "year": "releaseDate",
    "length": "duration",
    "number": "trackNumber",
    "language": "language",
    "genre": "genre",
    "label": "recordLabel",
    "composer": "composer",
    "country": "country",
    "tracks": "~onAlbum",
    "price": "price",
}
"""Role of a column → predicate of the data model for its values."""

ROLES: Final = (TITLE, *PREDICATES)
_NUMBERED_TRACK: Final = re.compile(r"track[ _-]?\d+", re.I)
_HEADINGS: Final[Mapping[str, list[str]]] = {
    role: names.split()
    for role, names in {
        "title": "title song songname songtitle track trackname tracktitle dtitle disctitle name",
        "artist": "artist artistname artists performer singer band artistcredit",
        "album": "album albumname albumtitle release releasename releasetitle",
        "year": "year released releasedate date releaseyear",
        "length": "length duration time runtime durationms lengthms",
        "number": "number tracknumber trackno tracknum position",
        "language": "language lang",
        "genre": "genre genres category style",
        "label": "label recordlabel copyright publisher",
        "composer": "composer composers writer songwriter",
        "country": "country",
        "tracks": "tracks tracklist tracklisting tracktitles songs",
        "price": "price",
    }.items()
}


def read_columns(text: str) -> dict[str, tuple[str, ...]]:
    """Read `title=Song_Name,artist=Artist_Name,tracks=track01+track02`: role → columns.

    Raises:
        DataError: a part without '=', an unknown role, or no title.
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        role, equals, columns = part.partition("=")
        role = role.strip().casefold()
        if not equals or not columns.strip():
            raise DataError(
                f"not a column: {part!r}", where="--columns", remedy="write role=column"
            )
        if role not in ROLES:
            raise DataError(
                f"unknown role {role!r}", where="--columns", remedy=f"one of {', '.join(ROLES)}"
            )
        found[role] = tuple(filter(None, map(str.strip, columns.split("+"))))
    if TITLE not in found:
        raise DataError("no column for the title", where="--columns", remedy="add title=COLUMN")
    return found


def guess_columns(headings: Iterable[str], *, where: str) -> dict[str, tuple[str, ...]]:
    """Guess the roles of columns from their headings; other columns are left out.

    If several columns fit a role, the one with the most usual heading is used. Numbered columns
    (`track01`, `track02`, …) are one list of tracks.

    Raises:
        DataError: no heading is that of a title.
    """
    headings = list(headings)
    found: dict[str, tuple[str, ...]] = {}
    numbered = tuple(name for name in headings if _NUMBERED_TRACK.fullmatch(name.strip()))
    if len(numbered) > 1:
        found["tracks"] = numbered
        headings = [name for name in headings if name not in numbered]
    ranks: dict[str, int] = {}
    for heading in headings:
        plain = re.sub(r"[^a-z]", "", heading.casefold())
        for role, names in _HEADINGS.items():
            if plain not in names:
                continue
            rank = names.index(plain)
            if (role not in found) or rank < ranks.get(role, 0):
                found[role], ranks[role] = (heading,), rank
            break
    if TITLE not in found:
        raise DataError(
            "no column looks like the title of a song",
            where=where,
            remedy="name the columns: --columns title=…,artist=…",
        )
    return found


def kind_of(columns: Mapping[str, Sequence[str]]) -> str:
    """Class of a table's rows: albums if it lists tracks and names no album, else songs.

    >>> kind_of({"title": ["dtitle"], "tracks": ["track1", "track2"]}), kind_of({"title": ["name"]})
    ('Album', 'Song')
    """
    return "Album" if "tracks" in columns and "album" not in columns else "Song"


def described(columns: Mapping[str, Sequence[str]], headings: Sequence[str]) -> str:
    """Format the roles of columns, and the unused columns, as one line."""
    taken = []
    for role, names in columns.items():
        several = f"{names[0]} … {names[-1]} ({len(names)})"
        taken.append(f"{role}={'+'.join(names) if len(names) < 4 else several}")
    used = {name for names in columns.values() for name in names}
    left = [name for name in headings if name not in used]
    return ", ".join(taken) + (f"; not compared: {', '.join(left)}" if left else "")


def require_columns(
    columns: Mapping[str, Sequence[str]], headings: Sequence[str], *, where: str
) -> None:
    """Check that every named column is in the table.

    Raises:
        DataError: a column is missing.
    """
    for role, names in columns.items():
        for name in names:
            if name not in headings:
                raise DataError(
                    f"no column {name!r} (for {role})",
                    where=where,
                    remedy=f"the file has: {', '.join(headings)}",
                )
