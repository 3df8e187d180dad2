"""Registry of external databases (prefix, web address, id pattern), and the parser of ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote

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


def column_id(prefix: str, text: str) -> str | None:
    """The CURIE for a value of a column that holds ids; `None` for what is no such id.

    Args:
        prefix: the database of the column, which need not be registered; '' for web addresses.
        text: the value; in a database that is not registered every spelling is kept.

    >>> column_id("musicbrainz", "Ann & Bob"), column_id("amg", "mn0000")
    (None, 'amg:mn0000')
    """
    if prefix in DATABASES:
        return identify(text, prefix)
    return f"{prefix}:{text}" if prefix and "://" not in text else external_id(text)


def dbpedia_id(page: str) -> str:
    """The DBpedia CURIE for a Wikipedia page title.

    >>> dbpedia_id("What Is This?"), dbpedia_id("Guns N' Roses")
    ('dbpedia:What_Is_This%3F', "dbpedia:Guns_N'_Roses")
    """
    local = _ENCODED.sub(lambda sign: f"%{ord(sign[0]):02X}", "_".join(page.split()))
    return f"dbpedia:{local}"
