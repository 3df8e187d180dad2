"""Parse XML without entities and network access; reject declarations of entities before that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lxml import etree

from kg_builder.errors import DataError
from kg_builder.packed_files import Stream

ELEMENT: Final = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")
"""Start of an element; its group is the local name."""

SAFE: Final[Mapping[str, Any]] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""Settings of every parser here: no entities, no network access, bounded size."""

_BLOCK: Final = 65536
_DOCTYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENTITY: Final = re.compile(rb"<!ENTITY\s+([^>]*)>?", re.IGNORECASE)
_SHORT: Final = re.compile(rb"""[\w.-]+\s+(?:"[^"&%]{0,200}"|'[^'&%]{0,200}')\s*""")
"""An entity for a few characters, which vocabularies use to abbreviate addresses."""


def declares_type(prologue: bytes) -> bool:
    """Whether a document type or entities are declared."""
    return bool(_DOCTYPE.search(prologue))


def refused(where: str) -> DataError:
    """Build the error for a file with disallowed declarations."""
    return DataError(
        "the XML declares a document type or entities, which are not expanded",
        where=where,
        remedy="remove the declaration if the file is to be trusted",
    )


def checked_blocks(
    stream: Stream, where: str, *, abbreviations: bool = False, size: int = _BLOCK
) -> Iterator[bytes]:
    """Yield a file's blocks, checking that no entities are declared before the first element.

    Args:
        stream: the file.
        where: its name, for the error.
        abbreviations: whether to allow entities for a few characters without nested entities.
        size: bytes per block.

    Raises:
        DataError: the file has a disallowed declaration.
    """
    begun = False
    while block := stream.read(size):
        if not begun:
            found = ELEMENT.search(block)
            before = block[: found.start()] if found else block
            sound = _abbreviates(before) if abbreviations else not declares_type(before)
            if not sound:
                raise refused(where)
            begun = found is not None
        yield block


def _abbreviates(before: bytes) -> bool:
    return all(_SHORT.fullmatch(found[1]) for found in _ENTITY.finditer(before))


class CheckedStream:
    """File object for a parser, checked by `checked_blocks`."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._pending = blocks, b""

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes."""
        if size < 0:
            whole = self._pending + b"".join(self._blocks)
            self._pending = b""
            return whole
        if not self._pending:
            self._pending = next(self._blocks, b"")
        part, self._pending = self._pending[:size], self._pending[size:]
        return part


def safe_parser(target: Any = None) -> etree.XMLParser:
    """Create a parser that expands no entities and fetches nothing."""
    return etree.XMLParser(target=target, **SAFE)


def safe_pull_parser() -> etree.XMLPullParser:
    """Create a pull parser of start and end events that expands and fetches nothing."""
    return etree.XMLPullParser(events=("start", "end"), **SAFE)
