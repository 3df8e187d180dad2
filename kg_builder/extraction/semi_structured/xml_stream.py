"""Parse XML without entities and network access: stream a dump's records, or a small file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Final, cast

from lxml import etree

from kg_builder.extraction.arrow_batches import Reject
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.xml_safety import (
    ELEMENT,
    SAFE,
    checked_blocks,
    declares_type,
    refused,
    safe_parser,
)
from kg_builder.packed_files import open_binary

_Event = tuple[str, etree._Element]
_PROLOGUE: Final = 16
"""Maximum number of blocks before the first element."""


def xml_records(
    document: Document, records: Mapping[str, str], rejects: list[Reject]
) -> Iterator[etree._Element]:
    """Yield a dump's records one at a time; other children of the root are discarded.

    At a syntax error, the records before it have been yielded; the error is a reject.

    Args:
        document: the file.
        records: name of the root element → name of the records below it.
        rejects: receives the syntax error.

    Raises:
        DataError: the file declares entities, or its compression is damaged.
    """
    with open_binary(document.path) as stream:
        blocks = checked_blocks(stream, str(document.path))
        first = b"".join(_prologue(blocks))
        found = ELEMENT.search(first)
        name = found[1].decode("ascii", "replace") if found else ""
        if name not in records:
            reason = "document without usable things"
            rejects.append(Reject(reason, document.name, f"root {name}"))
            return
        parser = etree.XMLPullParser(
            events=("start", "end"),
            tag=(name, records[name]),
            **SAFE,
        )
        root: etree._Element | None = None
        fault: etree.XMLSyntaxError | None = None
        for block in chain((first,), blocks, (b"",)):
            try:
                if block:
                    parser.feed(block)
                else:
                    parser.close()
            except etree.XMLSyntaxError as broken:
                fault = broken
            for event, element in cast(Iterator[_Event], parser.read_events()):
                if root is None:
                    root = element
                elif event == "end" and element.getparent() is root:
                    yield element
                    element.clear()
            if fault is not None:
                where = f"{document.name}#line={fault.lineno}"
                rejects.append(Reject("broken XML", where, str(fault.msg)))
                return
            if root is not None and len(root) > 1:
                del root[:-1]


def _prologue(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the blocks up to the one with the first element."""
    for block in islice(blocks, _PROLOGUE):
        yield block
        if ELEMENT.search(block):
            return


def xml_root(document: Document) -> etree._Element | None:
    """Parse a small file and return its root; a malformed one becomes a reject.

    Raises:
        DataError: the file declares entities.
    """
    content = document.bytes()
    if content is None:
        return None
    if declares_type(content):
        raise refused(str(document.path))
    parser = safe_parser()
    try:
        return etree.fromstring(content, parser=parser)
    except etree.XMLSyntaxError as fault:
        document.out.reject("broken XML", f"{document.name}#line={fault.lineno}", str(fault.msg))
        return None
