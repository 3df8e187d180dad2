"""Read an XML dump in blocks of whole records, each block parsed into columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, cast

import numpy as np
from lxml import etree

from kg_builder.extraction.arrow_batches import Reject
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.xml_columns import Elements, Numbers, shred
from kg_builder.extraction.semi_structured.xml_stream import xml_records
from kg_builder.extraction.xml_safety import checked_blocks, safe_parser
from kg_builder.packed_files import open_binary

BLOCK: Final = 1 << 22
"""Bytes per block."""

_LONGEST: Final = 1 << 21
"""Maximum size of a record in a block."""

_FED: Final = 1 << 16
"""Bytes per parser call; larger is slower."""

_DEEP: Final = 100
"""Maximum nesting depth in a block."""

_BEGIN: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    rb"(?:<\?xml\s+version=[\"'][\d.]+[\"'](?:\s+encoding=[\"'](?:utf-8|us-ascii)[\"'])?\s*\?>)?"
    rb"\s*<(\w+)(?:\s+(?!xmlns)\w+=\"[^\"<&]*\")*\s*>",
    re.IGNORECASE,
)
"""Beginning of a plain dump; its group is the root's name."""

_END: Final = re.compile(rb"[^<]*</\w+\s*>\s*")


@dataclass(frozen=True)
class Block:
    """A block of records of a dump.

    Attributes:
        tag: name of the records.
        records: the records' elements.
        elements: all elements of the block.
    """

    tag: str
    records: Numbers
    elements: Elements
    _content: bytes
    _first_line: int
    _lines: Sequence[int] | None

    def line(self, record: int) -> int:
        """The line of the file in which the start tag of the nth record ends."""
        if self._lines is not None:
            return self._lines[record]
        end = self._content.index(b">", int(self.elements.start[self.records[record]]))
        return self._first_line + self._content.count(b"\n", 0, end)


def xml_blocks(
    document: Document, records: Mapping[str, str], rejects: list[Reject], *, size: int = BLOCK
) -> Iterator[Block]:
    """Yield the records of a dump in blocks until its end or a syntax error, which is a reject.

    Machine-written XML is checked by a parser that builds no tree, and split by array operations.
    At anything else (a comment, an error, a record of megabytes) the dump is reopened and the
    remainder is parsed record by record, which reports the error.

    Args:
        document: the file.
        records: name of the root element → name of the records below it.
        rejects: receives the syntax error.
        size: bytes per read.

    Raises:
        DataError: the file declares entities, or its compression is damaged.
    """
    done = 0
    with open_binary(document.path) as stream:
        blocks = checked_blocks(stream, str(document.path), size=size)
        for block in _plain_blocks(blocks, records):
            if block is None:
                return
            done += len(block.records)
            yield block
    yield from _other_blocks(islice(xml_records(document, records, rejects), done, None), size)


def _plain_blocks(blocks: Iterator[bytes], records: Mapping[str, str]) -> Iterator[Block | None]:
    """Yield the blocks up to the first one that is not plain; None at a regular end."""
    block = next(blocks, b"")
    begin = _BEGIN.match(block)
    root = begin[1].decode() if begin else ""
    if begin is None or root not in records:
        return
    parser = safe_parser(target=_Nothing())
    line, pending = 1 + block.count(b"\n", 0, begin.end()), block[begin.end() :]
    while _is_sound(parser, block):
        elements = shred(pending)
        if elements is None or elements.depth > _DEEP or len(pending) - elements.end > _LONGEST:
            return
        if any(":" in tag for tag in elements.tags):
            return
        if len(elements):
            yield _block(records[root], elements, pending, line, None)
        line, pending = line + pending.count(b"\n", 0, elements.end), pending[elements.end :]
        if not block:
            if _END.fullmatch(pending):
                yield None
            return
        block = next(blocks, b"")
        pending += block


class _Nothing:
    """Parser target that discards everything, for checking only."""

    def close(self) -> None:
        """End."""


def _is_sound(parser: etree.XMLParser, block: bytes) -> bool:
    """Whether the XML is well-formed up to the end of the next block; the last one is empty."""
    try:
        for first in range(0, len(block), _FED):
            parser.feed(block[first : first + _FED])
        if not block:
            parser.close()
    except etree.XMLSyntaxError:
        return False
    return True


def _other_blocks(records: Iterator[etree._Element], size: int) -> Iterator[Block]:
    """Yield blocks of records parsed by lxml and serialised again as plain XML."""
    content, tag = bytearray(), ""
    lines: list[int] = []
    for record in records:
        tag = str(record.tag)
        content += etree.tostring(record, encoding="unicode", with_tail=False).encode()
        lines.append(cast(int, record.sourceline))
        if len(content) >= size:
            yield _written(tag, bytes(content), lines)
            content, lines = bytearray(), list[int]()
    if lines:
        yield _written(tag, bytes(content), lines)


def _written(tag: str, content: bytes, lines: Sequence[int]) -> Block:
    elements = shred(content)
    assert elements is not None, "what lxml writes is plain"
    return _block(tag, elements, content, 0, lines)


def _block(
    tag: str, elements: Elements, content: bytes, line: int, lines: Sequence[int] | None
) -> Block:
    top = elements.top()
    records = top[np.isin(top, elements.named(tag))]
    return Block(tag, records, elements, content, line, lines)
