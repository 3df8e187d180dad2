"""Guess the mapping of a table of entities: id and name columns, predicates of the others."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from kg_builder.databases import is_id
from kg_builder.extraction.values import without_accents
from kg_builder.extraction.values.dates import is_open_end, parse_date, parse_duration
from kg_builder.extraction.values.text import LONGEST_NAME
from kg_builder.schema_inference.columns import (
    Guess,
    external_id_of,
    is_day,
    mostly,
    numbers,
    split_of,
    subject_of,
    unreadable,
)
from kg_builder.schema_inference.samples import Sample, is_number
from kg_builder.schema_inference.words import CLASSES, OF_VALUES, WORKS, plain_words

FINEST: Final = ("song", "album", "movie", "book", "artist", "label", "genre", "tag", "release")
"""Kinds of entities, those that are named by most columns of others last."""

_IDS: Final = (
    "id", "mbid", "isrc", "isbn", "catalog", "discogs", "wikidata", "spotify", "dbpedia", "address",
)  # fmt: skip
_FILLED: Final = 0.8
_BARE_IDS: Final = frozenset({"id", "mbid", "catalog", "address", "wikidata"})
_DATABASES: Final = {
    "mbid": "musicbrainz",
    **{name: name for name in ("wikidata", "discogs", "dbpedia", "spotify", "freebase")},
    **{name: name for name in ("isrc", "iswc", "upc", "isni")},
}
EXTERNAL_ROLES: Final = frozenset(_DATABASES)
"""Roles of columns of ids in public databases, or of standards."""

RELATIONS: Final[dict[str, tuple[str, str | None]]] = {
    "genre": ("genre", None), "tag": ("tag", None), "label": ("recordLabel", None),
    "country": ("country", None), "language": ("language", None), "award": ("award", None),
    "composer": ("composer", "Artist"), "writer": ("writer", "Artist"),
    "producer": ("producer", "Artist"), "instrument": ("instrument", None),
    "similar": ("similarTo", "Artist"), "influence": ("influencedBy", "Artist"),
}  # fmt: skip
_KINDS: Final = {
    "SoloArtist": "person|solo|soloist|solo artist|singer|vocalist|musician|solokünstler|"
    "solokünstlerin|solist|solistin|sänger|sängerin|musiker|musikerin|soliste|artiste solo|"
    "chanteur|chanteuse|musicien|musicienne|solista|artista solista|cantante|cantor|cantora|"
    "músico|musicista|zanger|zangeres|muzikant|personne|persona|pessoa|persoon",
    "Band": "group|band|duo|orchestra|choir|ensemble|trio|gruppe|groupe|grupo|gruppo|groep|"
    "banda|conjunto|orchester|orchestre|orquesta|orquestra|chor|chœur|coro|zespół",
}
KINDS_OF_ARTISTS: Final = {
    without_accents(word): kind for kind, words in _KINDS.items() for word in words.split("|")
}
"""Classes of artists by how files call them, without accents."""

_ZEROS: Final = re.compile(r"0+(?:[-/.]0+)*(?:[ T]00:00(?::00)?)?")
"""What databases write in the place of a date."""

_OF_WORKS: Final = frozenset({"composer", "writer", "producer"})
_OF_ARTISTS: Final = frozenset({"instrument", "similar", "influence"})


@dataclass
class Mapped:
    """A mapped column of a table: its recipe settings, and the reason."""

    name: str
    settings: dict[str, Any]
    why: str


@dataclass
class Things:
    """A table of entities.

    Attributes:
        about: the kind of entity.
        id: column of the id; none if the line number is used.
        class_: the class of the entities, if it is not that of their kind.
        kinds: the class by a column's value, as in the recipe; empty if it is always the same.
        is_derived: whether the rows are about something else, which names these entities.
        is_fact: whether the rows are facts with details, whose name composes columns.
        is_of_log: whether the rows are acts of listening, with the listener's country, date, …
        where, why_where: conditions of the rows that it has, as in the recipe, and the reason.
        taken: columns that the table uses, or that others tell.
        left_out: why columns about the rows are not used.
    """

    key: str
    sample: Sample
    about: str
    why: str
    id: str | None
    name: str
    name_pattern: str = ""
    aliases: list[str] = field(default_factory=list)
    aliases_split: str | None = None
    external: dict[str, str] = field(default_factory=dict)
    columns: list[Mapped] = field(default_factory=list)
    class_: str = ""
    kinds: dict[str, Any] = field(default_factory=dict)
    where: list[dict[str, Any]] = field(default_factory=list)
    why_where: str = ""
    is_derived: bool = False
    is_fact: bool = False
    is_of_log: bool = False
    taken: set[str] = field(default_factory=set)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """Class of the entities."""
        return self.class_ or CLASSES[self.about]

    @property
    def called(self) -> str:
        """The kind of entity as columns of other files call it."""
        return "album" if self.about == "release" else self.about


def main_subject(sample: Sample, found: list[Guess]) -> tuple[str, str]:
    """Guess the kind of entity that a row describes, with the reason; empty if none."""
    named = {g.about for g in found if g.about in CLASSES and g.role in {"", "name", *_IDS}}
    bare = any(not g.about and g.role == "name" for g in found)
    of_file = subject_of(sample.stem)
    if of_file and (of_file in named or bare):
        return of_file, f"the file's name {sample.stem!r}"
    if bare and any(not g.about and g.role in _BARE_IDS for g in found):
        return _of_bare_name(found, named)
    keyed = {g.about for g in found if g.about in named and g.role in _IDS and g.column.is_unique}
    for about in FINEST:
        if about in keyed:
            return about, f"the ids of {about}s, no two of which are the same"
    if bare:
        return _of_bare_name(found, named)
    for about in FINEST[:6]:
        if about in named:
            return about, f"the columns about {about}s"
    return "", ""


def _of_bare_name(found: list[Guess], named: set[str]) -> tuple[str, str]:
    if any(one.about in _OF_WORKS for one in found):
        return "song", "titles beside composers or writers"
    measures = [g for g in found if not g.name.endswith(OF_VALUES)]
    features = sum(g.role in {"other", "duration", "tracknumber"} for g in measures)
    for about in ("song", "album", "movie", "book"):
        own = any(g.about == about and g.role in _IDS for g in found)
        if own:
            return about, f"the ids of {about}s and a title"
    if "album" in named or features >= 2:
        return "song", "titles beside albums, durations or measures of sound"
    if "artist" in named:
        kind = "album" if "label" in named or any(g.role == "catalog" for g in found) else "song"
        return kind, "titles beside artists" + (" and labels" if kind == "album" else "")
    return "artist", "names of nothing else"


def things_table(
    key: str, sample: Sample, found: list[Guess], about: str, why: str
) -> Things | None:
    """Guess the table of the entities that the rows (or some of their columns) describe."""
    alike = {about, "", *({"album"} if about == "release" else ())}
    of_main = [g for g in found if g.about in {about, ""} or (g.about in alike and g.role == "upc")]
    id_ = _id_column(of_main, about)
    name = _name_column(of_main, about) or id_
    if name is None:
        return None
    table = Things(key, sample, about, why, id_.name if id_ else None, name.name, name.pattern)
    if name.performer:
        settings = {"predicate": "performer", "type": "Artist", "pattern": name.performer}
        table.columns.append(Mapped(name.name, settings, name.why))
    table.taken |= {name.name} | ({id_.name} if id_ else set())
    for one in of_main:
        _external(table, one)
        if one.role == "type" and not one.about and about == "artist":
            table.kinds = kinds_of(one)
            table.taken |= {one.name} if table.kinds else set()
        if one.role == "alias":
            table.aliases.append(one.name)
            table.aliases_split = split_of(one)[0] or table.aliases_split
            table.taken.add(one.name)
    return table


def kinds_of(one: Guess) -> dict[str, Any]:
    """The classes of artists by the values of a column, if it tells any."""
    values = {
        text: type_
        for text in sorted(one.column.distinct)
        if (type_ := KINDS_OF_ARTISTS.get(without_accents(text)))
    }
    return {"column": one.name, "values": values, "default": "Artist"} if values else {}


def _id_column(of_main: list[Guess], about: str) -> Guess | None:
    """The column of ids: of those that say it alike, one without repeated values."""
    for role in _IDS:
        found = [
            one
            for own in (about, "")
            for one in of_main
            if (one.about, one.role) == (own, role)
            and len(one.column.values) >= _FILLED * len(one.column.cells)
            and (own or role in _BARE_IDS)
            and (role != "catalog" or one.column.is_unique)
        ]
        if found:
            return next((one for one in found if one.column.is_unique), found[0])
    return None


def _name_column(of_main: list[Guess], about: str) -> Guess | None:
    keys = ((about, "name"), (about, ""), ("", "name"))
    filled = [one for one in of_main if one.column.values and (one.about, one.role) in keys]
    filled = [
        one for one in filled if not mostly(one.column, lambda text: len(text) > LONGEST_NAME)
    ]
    worded = [one for one in filled if not mostly(one.column, is_number)]

    def rank(one: Guess) -> int:
        vague = one.about == about and not one.role and len(plain_words(one.name)) > 1
        return len(keys) if vague else keys.index((one.about, one.role))

    return min(worded or filled, key=rank, default=None)


def _external(table: Things, one: Guess) -> None:
    """Add a column whose values are ids or addresses of a public database."""
    prefix = _DATABASES.get(one.role)
    if one.role == "id" and one.why.endswith("MBIDs"):
        prefix = "musicbrainz"
    if one.role == "id" and one.why.startswith("its values: "):
        prefix = one.why.removeprefix("its values: ").removesuffix(" ids")
    of_spotify = mostly(one.column, lambda text: is_id("spotify", text))
    if one.role in {"spotify", "address"}:
        prefix = "spotify" if of_spotify else None
    if mostly(one.column, external_id_of):
        prefix = ""
    if prefix is not None and one.column.values:
        table.external[one.name] = prefix
        table.taken.add(one.name)


def add_columns(table: Things, found: list[Guess]) -> None:
    """Map every unused column to a predicate of the table's entities.

    Of a table that other rows derive, these are the columns that tell of its entities by name.
    """
    if table.is_fact:
        return
    undated = _undated(table, found)
    for one in found:
        if one.name in table.taken or not one.column.values:
            continue
        if table.is_of_log and _is_of_act(table, one, found):
            continue
        bare = not one.about and not table.is_derived
        own = bare or (one.about == table.about and one.role not in {"", "name", *_IDS})
        if table.is_derived and not own and one.of != table.about:
            continue
        if one.of and one.of != table.called:
            table.left_out[one.name] = f"of the {one.of}s, not of the {table.called}s"
            continue
        if one is undated:
            settings: dict[str, Any] | None = {"predicate": "releaseDate"}
        else:
            settings = _literal(table, one, found) if own else relation(table, one, found)
        if settings is None:
            continue
        if "labels" in settings:
            table.taken.add(settings["labels"])
        separator, seen = split_of(one) if "split" not in settings else (None, "")
        if one.pattern:
            settings["pattern"] = one.pattern
        several = one.about and separator and not one.pattern
        if several:
            settings["split"] = separator
        why = one.why if one is not undated else "dates, and no other column is the release's"
        why += f"; {seen}" if seen and (several or separator is None) else ""
        why += _unreadable(one, settings["predicate"])
        table.columns.append(Mapped(one.name, settings, why))
        table.taken.add(one.name)


def _undated(table: Things, found: list[Guess]) -> Guess | None:
    """The only column of days, if no other has release dates and its name does not tell of what."""
    if table.about not in WORKS or table.is_of_log or table.is_derived:
        return None
    told = {"released", "published", "date"}
    named = any(g.role in told and g.about in {"", table.about} for g in found)
    days = [g for g in found if (g.about, g.role) == ("", "") and mostly(g.column, is_day)]
    return days[0] if len(days) == 1 and not named else None


def _is_of_act(table: Things, one: Guess, found: list[Guess]) -> bool:
    """Whether a column of a log is about the listening, or about something finer than the items."""
    if one.about in {"country", "language", "city"}:
        return True
    titled = any((g.about, g.role) == ("", "name") for g in found)
    finer = titled or any(g.about == "song" and g.role in {"", "name", *_IDS} for g in found)
    return not one.about and table.about != "song" and finer


def relation(table: Things, one: Guess, found: list[Guess]) -> dict[str, Any] | None:
    """The recipe settings of a column of other entities, if there is a predicate to these."""
    about, is_work, artist = one.about, table.about in WORKS, table.about == "artist"
    if one.role == "address" and about in RELATIONS:
        label = next((g for g in found if (g.about, g.role) == (about, "name")), None)
        named = {"labels": label.name} if label else {}
        return {"predicate": RELATIONS[about][0], "iri": True, **named} if label else None
    if one.role not in {"", "name"} or mostly(one.column, is_number) or about == table.about:
        return None
    if about in RELATIONS:
        unfit = (about in _OF_WORKS and not is_work) or (about in _OF_ARTISTS and not artist)
        predicate, type_ = RELATIONS[about]
        return None if unfit else {"predicate": predicate} | ({"type": type_} if type_ else {})
    if about == "artist" and is_work:
        return {"predicate": "performer", "type": "Artist"}
    if about == "album" and table.type == "Song":
        return {"predicate": "onAlbum"}
    if about == "song" and table.about == "album":
        return {"predicate": "onAlbum", "type": "Song", "inverse": True}
    if about in {"song", "album"} and artist:
        return {"predicate": "performed", "type": CLASSES[about]}
    if about == "member" and artist:
        return {"predicate": "hasMember"}
    return {"predicate": "origin"} if about == "city" and artist else None


def _literal(table: Things, one: Guess, found: list[Guess]) -> dict[str, Any] | None:
    role, is_work = one.role, table.about in WORKS
    dates = mostly(one.column, is_date)
    if role == "published" and not is_work:
        return None
    if (
        role in {"released", "published", "begin", "date"}
        and dates
        and (is_work or table.about == "artist")
    ):
        return {"predicate": "releaseDate" if is_work else "beginDate", **_zeros(one)}
    if role == "medium" and is_work:
        return {"predicate": "medium"}
    if role == "last name" and is_work:
        first = next((g.name for g in found if g.role == "first name"), None)
        before = {"before": first} if first else {}
        return {"predicate": "performer", "type": "Artist", **before}
    if role == "end" and table.about == "artist" and mostly(one.column, is_end):
        return {"predicate": "endDate", **_zeros(one)}
    if role == "catalog" and table.about in {"album", "release"}:
        return {"predicate": "catalogueNumber"}
    if role == "duration" and is_work:
        return _duration(one)
    if role == "tracknumber" and table.about == "song" and mostly(one.column, str.isdigit):
        return {"predicate": "trackNumber"}
    if role == "homepage" and one.why == "web addresses":
        return {"predicate": "homepage"}
    if role == "image" and one.why == "web addresses":
        return {"predicate": "image"}
    return {"predicate": "description"} if role == "description" else None


def is_date(text: str) -> bool:
    """Whether a text is a date, or zeros in its place."""
    return parse_date(text) is not None or _ZEROS.fullmatch(text) is not None


def is_end(text: str) -> bool:
    """Whether a text is a date, zeros in its place, or says that something goes on."""
    return is_date(text) or is_open_end(text)


def _zeros(one: Guess) -> dict[str, Any]:
    """The setting that reads zeros in the place of dates as nothing, if there are any."""
    zeros = sorted(filter(_ZEROS.fullmatch, one.column.distinct))
    return {"values": dict.fromkeys(zeros, "")} if zeros else {}


def is_duration(text: str) -> bool:
    """Whether a text is a duration, or a number."""
    return is_number(text) or parse_duration(text) is not None


def is_web_address(text: str) -> bool:
    """Whether a text is the address of a page."""
    return text.startswith(("http://", "https://"))


def _duration(one: Guess) -> dict[str, Any] | None:
    if not mostly(one.column, is_number):
        readable = mostly(one.column, lambda text: parse_duration(text) is not None)
        return {"predicate": "duration"} if readable else None
    values = sorted(numbers(one.column))
    middle = values[len(values) // 2]
    unit = "milliseconds" if middle > 10_000 else "seconds" if middle > 15 else "minutes"
    return {"predicate": "duration", "unit": unit}


_FORMS: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "releaseDate": (is_date, "date"),
    "beginDate": (is_date, "date"),
    "endDate": (is_end, "date"),
    "duration": (is_duration, "duration"),
    "trackNumber": (str.isdigit, "whole number"),
}
"""Tests of the values of predicates, and what they are."""


def _unreadable(one: Guess, predicate: str) -> str:
    if predicate not in _FORMS or one.pattern:
        return ""
    test, what = _FORMS[predicate]
    return unreadable(one.column, [value for value in one.column.values if not test(value)], what)
