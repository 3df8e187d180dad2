"""Registry of external databases (prefix, web address, id pattern), and the parser of ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, Protocol
from urllib.parse import unquote

from kg_builder.errors import DataError

# characters that DBpedia percent-encodes in its IRIs
_ENCODED: Final = re.compile(r'["%<>?\[\\\]^`{|}]')
_NOWHERE: Final = re.compile(rb"(?!)")
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_END: Final = r"(?!\w)"
"""What may follow an id in an address: the end, a slash, a query, but no letter."""


def _unchanged(text: str) -> str:
    return text


def _page_id(page: str) -> str:
    return dbpedia_id(unquote(page)).partition(":")[2]


def _mid(text: str) -> str:
    return text.strip("/").replace("/", ".")


@dataclass(frozen=True)
class Database:
    """An external database.

    Attributes:
        name: its name, which is the CURIE prefix of its ids.
        namespace: prefix of its entities' IRIs.
        ids: pattern of an id in canonical spelling.
        example: an id, for error messages.
        addresses: patterns of its web addresses; the group is the id in some spelling.
        canonical: converts any spelling of an id to the canonical one.
        prefixes: other prefixes in use before an id.
        recognisable: whether an id without prefix can be distinguished from other text.
        wikidata_property: Wikidata property that holds its ids, or ''.
        dump_format: `format` of its dump in a recipe (a `DumpReader` in `alignment`); '' for a
            database that is referred to but not aligned with.
        in_dump: pattern of an id in its dump, to search without parsing; the group is the id.
    """

    name: str
    namespace: str
    ids: re.Pattern[str]
    example: str
    addresses: tuple[re.Pattern[str], ...]
    canonical: Callable[[str], str] = _unchanged
    prefixes: tuple[str, ...] = ()
    recognisable: bool = True
    wikidata_property: str = ""
    dump_format: str = ""
    in_dump: re.Pattern[bytes] = _NOWHERE

    def curie(self, text: str) -> str | None:
        """The CURIE for an id in any spelling, without prefix; `None` if it is not one."""
        key = self.canonical(text)
        return f"{self.name}:{key}" if self.ids.fullmatch(key) else None


FREEBASE: Final = Database(
    name="freebase",
    namespace="http://rdf.freebase.com/ns/",
    ids=re.compile(r"[mg]\.[0-9a-z_]+"),
    example="m.06mj4",
    addresses=(
        re.compile(r"https?://(?:(?:rdf|www)\.)?freebase\.com/(?:ns/)?([mg][./][0-9a-z_]+)" + _END),
    ),
    canonical=_mid,
    prefixes=("fb", "ns"),
    wikidata_property="P646",
    dump_format="freebase-rdf",
    in_dump=re.compile(rb"<(?:http://rdf\.freebase\.com/ns/|ns:)([mg]\.[0-9a-z_]+)>"),
)

DBPEDIA: Final = Database(
    name="dbpedia",
    namespace="http://dbpedia.org/resource/",
    ids=re.compile(r'(?:[^\s#"%<>?\[\\\]^`{|}]|%(?:22|25|3C|3E|3F|5B|5C|5D|5E|60|7B|7C|7D))+'),
    example="Radiohead",
    # English edition only: in another language a title may name another entity
    addresses=(
        re.compile(r"https?://(?:www\.|live\.|en\.)?dbpedia\.org/(?:resource|page)/([^#]+)"),
        re.compile(r"https?://en\.(?:m\.)?wikipedia\.org/wiki/([^?#]+)"),
    ),
    canonical=_page_id,
    prefixes=("dbr",),
    recognisable=False,
    dump_format="dbpedia-nt",
    in_dump=re.compile(rb"<http://dbpedia\.org/resource/([^>\s]+)>"),
)

WIKIDATA: Final = Database(
    name="wikidata",
    namespace="http://www.wikidata.org/entity/",
    ids=re.compile(r"Q[1-9][0-9]*"),
    example="Q44190",
    addresses=(
        re.compile(
            r"https?://(?:www\.|m\.)?wikidata\.org/(?:entity|wiki)/(?:Special:EntityData/)?"
            r"(Q[1-9][0-9]*)" + _END
        ),
    ),
    prefixes=("wd",),
    dump_format="wikidata-json",
    in_dump=re.compile(rb"\"(Q[1-9][0-9]*)\""),
)

MUSICBRAINZ: Final = Database(
    name="musicbrainz",
    namespace="https://musicbrainz.org/artist/",
    ids=re.compile(_UUID),
    example="a74b1b7f-71a5-4011-9441-d0b5e4122711",
    addresses=(
        re.compile(
            rf"https?://(?:[a-z]+\.)?musicbrainz\.org/artist/({_UUID}){_END}", re.IGNORECASE
        ),
    ),
    canonical=str.lower,
    prefixes=("mbid",),
    wikidata_property="P434",
    dump_format="musicbrainz-json",
    in_dump=re.compile(rf'"({_UUID})"'.encode()),
)

DISCOGS: Final = Database(
    name="discogs",
    namespace="https://www.discogs.com/artist/",
    ids=re.compile(r"[0-9]+"),
    example="3840",
    addresses=(
        re.compile(r"https?://(?:www\.)?discogs\.com/(?:[a-z]{2}/)?artist/([0-9]+)" + _END),
    ),
    recognisable=False,
    wikidata_property="P1953",
)

DATABASES: Final = {
    database.name: database for database in (FREEBASE, DBPEDIA, WIKIDATA, MUSICBRAINZ, DISCOGS)
}
"""Registered databases by name."""


class Classes(Protocol):
    """What is asked of the data model."""

    def is_a(self, one: str, other: str) -> bool:
        """Whether a class is another or a subclass of it."""

    def compatible(self, one: str, other: str) -> bool:
        """Whether an entity can be of both classes."""


@dataclass(frozen=True)
class IdKind:
    """Kind of a database's ids, where it numbers artists, albums and songs separately.

    Attributes:
        database: the database; not all of them are in `DATABASES`.
        name: what has such ids, as in the database's addresses.
        classes: classes of the data model whose entities may have such an id.
        namespace: prefix of the ids' IRIs.
        prefix: CURIE prefix of the ids.
    """

    database: str
    name: str
    classes: tuple[str, ...]
    namespace: str
    prefix: str


_ARTISTS: Final = ("Artist", "Person")
_NUMBERED: Final[dict[str, tuple[str, re.Pattern[str], dict[str, tuple[str, ...]]]]] = {
    "musicbrainz": (
        "https://musicbrainz.org/",
        MUSICBRAINZ.ids,
        {
            "artist": _ARTISTS,
            "label": ("RecordLabel",),
            "recording": ("Song",),
            "track": ("Song",),
            "work": ("Work",),
            "release": ("Album",),
            "release-group": ("Album",),
            "genre": ("Genre", "Tag"),
            "instrument": ("Instrument",),
            "event": ("Event",),
        },
    ),
    "discogs": (
        "https://www.discogs.com/",
        DISCOGS.ids,
        {
            "artist": _ARTISTS,
            "label": ("RecordLabel",),
            "master": ("Work",),
            "release": ("Work",),
        },
    ),
    "spotify": (
        "https://open.spotify.com/",
        re.compile(r"[0-9A-Za-z]{22}"),
        {"artist": _ARTISTS, "album": ("Album",), "track": ("Song",)},
    ),
    "isrc": (
        "https://musicbrainz.org/",
        re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}"),
        {"isrc": ("Song",)},
    ),
}
"""Databases with kinds of ids: site, pattern of an id of any kind, kinds and their classes."""


def _kinds() -> Iterator[IdKind]:
    for database, (site, _, kinds) in _NUMBERED.items():
        for name, classes in kinds.items():
            whole = name == database or (name == "artist" and database in DATABASES)
            prefix = database if whole else f"{database}-{name}"
            yield IdKind(database, name, classes, f"{site}{name}/", prefix)


KINDS: Final = {kind.prefix: kind for kind in _kinds()}
"""Kinds of ids by prefix; ids with any other prefix may belong to anything."""

_KIND: Final = {(kind.database, kind.name): kind for kind in KINDS.values()}
_WITH_KIND: Final = (
    (
        "musicbrainz",
        re.compile(rf"https?://(?:[a-z]+\.)?musicbrainz\.org/([a-z-]+)/({_UUID}){_END}", re.I),
    ),
    ("isrc", re.compile(r"https?://musicbrainz\.org/(isrc)/([A-Z0-9]{12})" + _END)),
    (
        "discogs",
        re.compile(
            r"https?://(?:www\.)?discogs\.com/(?:[^/]+/)?(artist|label|master|release)/([0-9]+)"
            + _END
        ),
    ),
    (
        "spotify",
        re.compile(
            r"(?:https?://open\.spotify\.com/(?:intl-[a-z]+/)?|spotify:)([a-z]+)[/:]"
            r"([0-9A-Za-z]{22})" + _END
        ),
    ),
    ("discogs", re.compile(r"\[?([almr])=?([0-9]+)\]?$")),
)
"""Spellings of ids that tell their kind."""

_LETTERS: Final = {"a": "artist", "l": "label", "m": "master", "r": "release"}
_IN_COLUMNS: Final = re.compile(
    r"(?P<artist>artist|performer|singer|songwriter|composer|producer|lyricist|author|member|"
    r"musician|band)|(?P<group>release_?group)|(?P<track>release_?track)|"
    r"(?P<song>recording|track|song)|(?P<release>release)|(?P<album>album)|(?P<master>master)|"
    r"(?P<label>label)|(?P<work>work|composition)"
)
"""Words in a column's name that tell the kind of its ids; Picard's tags write words together."""

_MEANT: Final[dict[str, tuple[tuple[str, ...], dict[str, str]]]] = {
    "artist": (_ARTISTS, dict.fromkeys(_NUMBERED, "artist")),
    "group": (("Album",), {"musicbrainz": "release-group"}),
    "track": (("Song",), {"musicbrainz": "track"}),
    "song": (("Song",), {"musicbrainz": "recording", "spotify": "track"}),
    "release": (
        ("Work",),
        {"musicbrainz": "release", "discogs": "release", "spotify": "album"},
    ),
    "album": (("Album",), {"musicbrainz": "release", "spotify": "album"}),
    "master": (("Work",), {"discogs": "master"}),
    "label": (("RecordLabel",), {"musicbrainz": "label", "discogs": "label"}),
    "work": (("Work",), {"musicbrainz": "work"}),
}
"""Word of a column's name → classes of what it means, and the kind of id in each database."""

_USUAL: Final = ("artist", "label", "song", "album")
"""What an id is of if only the entity's class is known."""

ALIGNED: Final = tuple(name for name, database in DATABASES.items() if database.dump_format)
"""Names of the databases whose dumps are read, in the order of the columns of `alignment.tsv`."""

if TYPE_CHECKING:
    AlignedDatabase = str
else:
    AlignedDatabase = Literal[ALIGNED]
"""Type of a setting that names one of `ALIGNED`."""


@lru_cache(maxsize=65536)
def external_id(address: str) -> str | None:
    """The CURIE for a web address in a database; `None` for any other text.

    An English Wikipedia article counts as its DBpedia resource: both share the article's title.

    >>> external_id("https://en.wikipedia.org/wiki/Sigur_R%C3%B3s")
    'dbpedia:Sigur_Rós'
    """
    address = address.strip()
    if not address.startswith("http"):
        return None
    for database in DATABASES.values():
        for pattern in database.addresses:
            if found := pattern.match(address):
                return database.curie(found[1])
    return None


def identify(text: str, database: str = "") -> str | None:
    """The CURIE for an id in any spelling: web address, CURIE, path or bare; `None` for other text.

    Args:
        text: the id; angle brackets around it are ignored.
        database: whose id it is; needed for bare ids of those that are not `recognisable`.

    >>> identify("/m/0c_jw"), identify("<http://dbpedia.org/resource/Who%3F>"), identify("Who?")
    ('freebase:m.0c_jw', 'dbpedia:Who%3F', None)
    """
    text = text.strip().removeprefix("<").removesuffix(">")
    if "://" in text:
        found = external_id(text)
        return found if found and database in {"", found.partition(":")[0]} else None
    prefix, colon, local = text.partition(":")
    for one in DATABASES.values():
        if database not in {"", one.name}:
            continue
        if colon and prefix in {one.name, *one.prefixes}:
            return one.curie(local)
        if (one.recognisable or database) and (found := one.curie(text)):
            return found
    return None


def address_id(address: str) -> str | None:
    """The CURIE for a web address of an artist, album, song or label in a database.

    >>> address_id("https://www.discogs.com/Ann-Leaf/release/42")
    'discogs-release:42'
    """
    address = address.strip()
    if not address.startswith("http"):
        return None
    return external_id(address) or _with_kind(address)


def _with_kind(text: str, database: str = "") -> str | None:
    """The CURIE for an id in a spelling that tells its kind."""
    for name, pattern in _WITH_KIND:
        found = pattern.match(text) if database in {"", name} else None
        if found:
            kind = _KIND.get((name, _LETTERS.get(found[1], found[1].lower())))
            key = found[2].lower() if name == "musicbrainz" else found[2]
            return f"{kind.prefix}:{key}" if kind else None
    return None


class NoIdError(ValueError):
    """A value that is no id of its row's entity; the text is the reason."""


NO_ID: Final = "not a known external id"
OTHER_KIND: Final = "id of another kind of thing"


def check_prefix(prefix: str, where: str) -> None:
    """Check the database of a column; one that is not registered may have any other name.

    Raises:
        DataError: the name is nearly that of a registered one.
    """
    known = [*DATABASES, *_NUMBERED, *KINDS]
    if prefix in known:
        return
    if near := get_close_matches(prefix, known, n=1, cutoff=0.8):
        raise DataError(f"no database {prefix!r}", where=where, remedy=f"did you mean {near[0]!r}?")


def may_identify(short: str, type_: str, classes: Classes) -> bool:
    """Whether an id may be that of an entity of a class: an album's is none of an artist."""
    kind = KINDS.get(short.partition(":")[0])
    return kind is None or any(classes.compatible(type_, name) for name in kind.classes)


def column_id(prefix: str, text: str, *, column: str, type_: str, classes: Classes) -> str:
    """The CURIE for a value of a column that holds ids.

    The kind of an id (an artist's, a song's) is told by `prefix`, by its own spelling, by the
    column's name, or else by the class of the entity. If the database has several kinds for a
    class and none is told, the id gets an IRI of our own, which is no address in the database.

    Args:
        prefix: the database of the column, which need not be registered, or a kind of its ids
            ("discogs-master"); '' for web addresses.
        text: the value; in a database that is not registered every spelling is kept.
        column: the column's name, or the path of a field.
        type_: class of the entity.
        classes: the data model.

    Raises:
        NoIdError: it is no id of the database, or one of another kind than the entity.
    """
    text = text.strip()
    kind = KINDS.get(prefix) if prefix not in _NUMBERED else None
    database = kind.database if kind else prefix
    if database in _NUMBERED:
        found = _with_kind(text, database)
        if found is None and (key := _bare(database, text)):
            found = f"{kind.prefix if kind else _prefix(database, column, type_, classes)}:{key}"
        if found and kind and not found.startswith(f"{prefix}:"):
            raise NoIdError(OTHER_KIND)
    elif prefix in DATABASES:
        found = identify(text, prefix)
    else:
        found = f"{prefix}:{text}" if prefix and "://" not in text else address_id(text)
    if found is None:
        raise NoIdError(NO_ID)
    if not may_identify(found, type_, classes):
        raise NoIdError(OTHER_KIND)
    return found


def is_id(database: str, text: str) -> bool:
    """Whether a text is an id in a database with kinds of ids, in any spelling.

    >>> is_id("isrc", "us-rc1-76-07839"), is_id("spotify", "spotify:track:1")
    (True, False)
    """
    return bool(_with_kind(text, database) or _bare(database, text))


def _bare(database: str, text: str) -> str:
    """An id whose spelling does not tell its kind; '' if it is none of the database."""
    if database in DATABASES:
        return (identify(text, database) or "").partition(":")[2]
    if database == "isrc":
        text = re.sub(r"[\s-]", "", re.sub(r"(?i)^isrc:?", "", text)).upper()
    return text if _NUMBERED[database][1].fullmatch(text) else ""


def _prefix(database: str, column: str, type_: str, classes: Classes) -> str:
    """The prefix of a bare id, from the column's name or the entity's class."""
    if database == "isrc":
        return database
    word = _word_in(column)
    if word and not any(classes.compatible(type_, name) for name in _MEANT[word][0]):
        raise NoIdError(OTHER_KIND)
    if not word:
        words = (
            word for word in _USUAL if any(classes.is_a(type_, name) for name in _MEANT[word][0])
        )
        word = next(words, "")
        if word == "album" and database != "spotify":
            word = ""  # of a release or of all of them
    kind = _KIND.get((database, _MEANT[word][1].get(database, ""))) if word else None
    return kind.prefix if kind else f"{database}-id"


@lru_cache(maxsize=1024)
def _word_in(column: str) -> str:
    """The last telling word in a column's name; of a path, in its innermost telling part."""
    for part in reversed(column.split(".")):
        found = list(_IN_COLUMNS.finditer(re.sub(r"[\W_]+", "_", part.casefold())))
        if found:
            return found[-1].lastgroup or ""
    return ""


def dbpedia_id(page: str) -> str:
    """The DBpedia CURIE for a Wikipedia page title.

    >>> dbpedia_id("What Is This?"), dbpedia_id("Guns N' Roses")
    ('dbpedia:What_Is_This%3F', "dbpedia:Guns_N'_Roses")
    """
    local = _ENCODED.sub(lambda sign: f"%{ord(sign[0]):02X}", "_".join(page.split()))
    return f"dbpedia:{local}"
