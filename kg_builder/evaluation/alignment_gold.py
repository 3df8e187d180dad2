"""Read gold links to an external database from a table, and check which ones a dump holds."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from kg_builder.alignment.dump_lines import unescape
from kg_builder.databases import DATABASES, DBPEDIA, FREEBASE, identify
from kg_builder.errors import DataError
from kg_builder.packed_files import CutOffError, open_dump

_BLOCK: Final = 1 << 22
_NAME: Final = re.compile(
    FREEBASE.in_dump.pattern + rb"\t<[^>]*type\.object\.name>\t" + rb'"((?:[^"\\]|\\.)*)"@en\t'
)
NONE: Final = frozenset({"", "-", "nil", "none", "null", "na", "n/a"})
"""Marker in a gold table for an item that is known not to be in the database."""

_HEADING = re.compile(r"^[A-Za-z][A-Za-z _-]*$")


@dataclass(frozen=True)
class GoldLinks:
    """Annotated gold links from a data set's items to one database.

    Attributes:
        database: its name in `kg_builder.databases`.
        links: the publisher's id → the correct ids, in the spelling of `alignment.tsv` except that
            DBpedia's are titles; no id if the database has no such entry.
    """

    database: str
    links: dict[str, frozenset[str]]


def recognise(text: str, database: str = "") -> tuple[str, str]:
    """Recognise the database of an id and normalise the id; `('', '')` for any other text.

    Args:
        text: the id in any spelling.
        database: the database of the id, if known.

    >>> recognise("/m/0c_jw"), recognise("<http://dbpedia.org/resource/Who%3F>")
    (('freebase', 'm.0c_jw'), ('dbpedia', 'Who?'))
    """
    return _without_variants(identify(text, database) or "")


def _without_variants(curie: str) -> tuple[str, str]:
    database, _, key = curie.partition(":")
    return database, page_title(key) if database == DBPEDIA.name else key


def page_title(text: str) -> str:
    """Normalise an encyclopedia title: unescaped, '_' for spaces, first letter a capital.

    >>> page_title("the Who"), page_title("Bj%C3%B6rk")
    ('The_Who', 'Björk')
    """
    title = unicodedata.normalize("NFC", unquote(text)).strip().replace(" ", "_")
    return title[:1].upper() + title[1:]


def read_gold(path: Path, database: str = "") -> GoldLinks:
    """Read gold links: the publisher's id, a tab, an id of the database.

    A heading is optional. Several correct ids are in separate rows or joined by '|'. If there are
    more than two columns, the one with the most ids is used.

    Args:
        path: the table.
        database: the database of the ids; by default guessed from most rows. Ids that match no
            other database are taken as DBpedia titles.

    Raises:
        DataError: no such file, a row without a tab, or no links in it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):
        raise DataError("no such file", where=str(path)) from None
    except UnicodeDecodeError as fault:
        raise DataError(f"not UTF-8: {fault.reason}", where=str(path)) from None
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) < 2:
            raise DataError(
                f"no tab in {line[:60]!r}",
                where=f"{path}, line {number}",
                remedy="a row is the publisher's id, a tab, and the id in the database",
            )
        rows.append((number, cells))
    if rows and _is_heading(rows[0][1], [cells for _, cells in rows[1:]]):
        rows = rows[1:]
    if not rows:
        raise DataError("no gold links", where=str(path))
    column = _id_column([cells for _, cells in rows])
    seen = [recognise(cells[column])[0] for _, cells in rows if len(cells) > column]
    kinds = Counter(kind for kind in seen if kind)
    kind = database or (max(sorted(kinds), key=kinds.__getitem__) if kinds else "dbpedia")
    links: dict[str, set[str]] = {}
    for number, cells in rows:
        own = links.setdefault(cells[0], set())
        for cell in cells[column].split("|") if len(cells) > column else ():
            if cell.strip().casefold() in NONE:
                continue
            found = identify(cell, kind)
            if found is None:
                raise DataError(f"{cell!r} is no id of {kind}", where=f"{path}, line {number}")
            own.add(_without_variants(found)[1])
    return GoldLinks(kind, {raw: frozenset(keys) for raw, keys in links.items()})


def present(path: Path, database: str, wanted: Collection[str]) -> dict[str, str]:
    """Find which ids occur in a dump, each with its name if the dump has one.

    Any occurrence counts, also as the object of a fact. The dump is read once, in blocks.

    Args:
        path: the dump, plain or packed.
        database: its name in `kg_builder.databases`.
        wanted: ids as normalised by `recognise`.

    Raises:
        DataError: there is no such file.
    """
    asked = frozenset(wanted)
    pattern = DATABASES[database].in_dump
    found: dict[str, str] = {}
    seen: set[bytes] = set()
    try:
        with open_dump(path) as stream:
            while block := stream.read(_BLOCK):
                block += stream.readline()
                new = set(pattern.findall(block)) - seen
                seen |= new
                for raw in new:
                    key = _id(raw, database)
                    if key in asked:
                        found.setdefault(key, "")
                if database == "freebase":
                    for raw, name in _NAME.findall(block):
                        if (key := raw.decode("ascii")) in asked:
                            found[key] = found.get(key) or unescape(name.decode("utf-8", "replace"))
    except CutOffError:  # truncated: data before the cut counts
        pass
    return found


def _is_heading(first: list[str], others: list[list[str]]) -> bool:
    """Whether the first row is a heading: words where other rows have ids or numbers."""
    if not others or any(recognise(cell)[0] for cell in first):
        return False
    if not all(_HEADING.match(cell) for cell in first[:2]):
        return False
    numbers = sum(cells[0].isdecimal() for cells in others)
    known = sum(any(recognise(cell)[0] for cell in cells[1:]) for cells in others)
    return max(numbers, known) > len(others) / 2


def _id_column(rows: list[list[str]]) -> int:
    widest = max(map(len, rows))
    hits = [
        sum(len(cells) > column and bool(recognise(cells[column])[0]) for cells in rows)
        for column in range(1, widest)
    ]
    return 1 + max(range(len(hits)), key=lambda column: (hits[column], -column))


def _id(raw: bytes, database: str) -> str:
    text = raw.decode("utf-8", "replace")
    return page_title(unescape(text)) if database == "dbpedia" else text
