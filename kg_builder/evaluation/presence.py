"""Which wanted things occur in a dump at all: what is not in there, nobody can link to."""

from __future__ import annotations

import gzip
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from kg_builder.alignment.dump_lines import unescape
from kg_builder.databases import DATABASES, FREEBASE
from kg_builder.errors import DataError
from kg_builder.evaluation.external_ids import page_title

_BLOCK: Final = 1 << 22
_NAME: Final = re.compile(
    FREEBASE.in_dump.pattern + rb"\t<[^>]*type\.object\.name>\t"
    rb'"((?:[^"\\]|\\.)*)"@en\t'
)


def present(path: Path, database: str, wanted: Collection[str]) -> dict[str, str]:
    """The wanted ids that occur in a dump, each with its name where the dump states one.

    Every mention counts, also as the object of a fact. The dump is read once, block by block.

    Args:
        path: the dump, plain or gzip.
        database: freebase, dbpedia, wikidata or musicbrainz.
        wanted: ids as `external_ids.recognise` writes them.

    Raises:
        DataError: there is no such file.
    """
    asked = frozenset(wanted)
    pattern = DATABASES[database].in_dump
    found: dict[str, str] = {}
    seen: set[bytes] = set()
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
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
    except (FileNotFoundError, IsADirectoryError):
        raise DataError("no such dump", where=str(path)) from None
    except EOFError:  # cut off: what stands before the cut counts
        pass
    return found


def _id(raw: bytes, database: str) -> str:
    text = raw.decode("utf-8", "replace")
    return page_title(unescape(text)) if database == "dbpedia" else text
