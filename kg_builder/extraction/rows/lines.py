"""Lines of text out of bytes, block by block, so that memory does not grow with the file."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final

from kg_builder.errors import DataError
from kg_builder.extraction.files import Stream

BLOCK = 1 << 20
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; the longer ones begin like the shorter."""

Complain = Callable[[str, int, str], None]
"""Called with (reason, line, detail) for a line that cannot be used."""


def line_blocks(
    stream: Stream,
    *,
    encodings: Sequence[str],
    max_line: int,
    complain: Complain,
    counts: Counter[str],
) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of the first line, decoded lines without their ends).

    A line that is too long, holds a null byte or fits none of the encodings is reported and
    stands as an empty line, so that the numbers of the others stay true.

    Raises:
        DataError: an encoding is unknown, or UTF-16 whose byte order nothing tells; the compressed
            file is damaged.
    """
    number, rest, skipping = 1, b"", False
    blocks, encodings = _blocks(stream, encodings)
    for block in blocks:
        if skipping:
            end = block.find(b"\n")
            if end < 0:
                continue
            block, skipping = block[end + 1 :], False
            yield number, [""]
            number += 1
        content = rest + block
        end = content.rfind(b"\n")
        if end < 0:
            rest = content
        else:
            lines = _decode(content[:end], number, encodings, max_line, complain, counts)
            yield number, lines
            number, rest = number + len(lines), content[end + 1 :]
        if len(rest) > max_line:
            complain("line too long", number, f"more than {max_line} bytes")
            rest, skipping = b"", True
    if rest:
        yield number, _decode(rest, number, encodings, max_line, complain, counts)


def _blocks(stream: Stream, encodings: Sequence[str]) -> tuple[Iterator[bytes], Sequence[str]]:
    """The blocks of a file and their encodings; UTF-16 and UTF-32 come as UTF-8.

    The bytes of those two cannot be cut at line ends. A byte order mark tells them, whatever the
    encodings say: spreadsheets write such files unasked.
    """
    for encoding in encodings:
        try:
            "".encode(encoding)
        except LookupError:
            raise DataError(
                f"unknown encoding {encoding!r}",
                where=stream.where,
                remedy="for example utf-8, cp1252, latin-1",
            ) from None
    first = stream.read(BLOCK)
    blocks = chain((first,), iter(lambda: stream.read(BLOCK), b""))
    marked = next((name for mark, name in _MARKS if first.startswith(mark)), "")
    wide = marked or encodings[0].lower().replace("_", "-")
    if not wide.startswith(("utf-16", "utf-32")):
        return blocks, encodings
    if first and not marked and wide in {"utf-16", "utf-32"}:
        raise DataError(
            f"{wide} without a byte order mark",
            where=stream.where,
            remedy=f"say {wide}-le or {wide}-be in encodings",
        )
    return _as_utf8(blocks, wide), ("utf-8",)


def _as_utf8(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _decode(
    content: bytes,
    number: int,
    encodings: Sequence[str],
    max_line: int,
    complain: Complain,
    counts: Counter[str],
) -> list[str]:
    try:
        lines = _split(content.decode(encodings[0]))
    except UnicodeDecodeError:
        lines = []
        for raw in content.split(b"\n"):
            lines.append(_decode_line(raw, number + len(lines), encodings, complain, counts))
    if len(content) > max_line:
        for index, line in enumerate(lines):
            if len(line.encode("utf-8")) > max_line:
                complain("line too long", number + index, f"more than {max_line} bytes")
                lines[index] = ""
    if b"\0" in content:
        for index, line in enumerate(lines):
            if "\0" in line:
                complain("null byte", number + index, "")
                lines[index] = ""
    return lines


def _decode_line(
    raw: bytes, number: int, encodings: Sequence[str], complain: Complain, counts: Counter[str]
) -> str:
    for rank, encoding in enumerate(encodings):
        try:
            line = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if rank:
            counts[f"lines read as {encoding}"] += 1
        return line.removesuffix("\r")
    complain("undecodable line", number, f"none of {', '.join(encodings)}")
    return ""


def _split(text: str) -> list[str]:
    if "\r" in text:
        text = text.replace("\r\n", "\n").removesuffix("\r")
    return text.split("\n")
