"""Parse a piece of XML into columns (tags, parents, texts) that numpy and Arrow can query.

An object per element costs more than parsing it. Here an element is an integer, and queries over
many elements are a few array operations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
"""Elements as integers, ascending in document order; -1 is none."""

_NAME: Final = re.compile(r"[^\W\d][\w.:-]*")
_LONG_NAME: Final = 32
"""Maximum length of a tag name."""

_REFERENCE: Final = re.compile(r"&(#?\w+);")
_BETWEEN: Final = "\x1f"
_CHARACTERS: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class Elements:
    """Sibling elements and all their descendants; built by `shred`.

    Attributes:
        tags: the distinct tags; `tag` is the index of each element's tag.
        parent: parent of each element, -1 for the top-level siblings.
        start: offset of each element.
        end: end offset of the last element.
        depth: maximum nesting depth.
    """

    def __init__(self, content: bytes, marks: _Marks) -> None:
        opening = np.flatnonzero(~marks.closing)
        self.end = end = int(marks.end[-1]) + 1 if len(opening) else 0
        after = np.append(marks.start, end)[opening + 1]
        self.start = marks.start[opening]
        depth = (marks.level + marks.empty)[opening]
        self.depth = int(depth.max(initial=0))
        self.parent = _parents(depth)
        # name, attributes, text and tail: four strings per element
        name_end, text = marks.name_end[opening], marks.end[opening] + 1
        text = np.where(marks.empty[opening], after, text)
        offsets = np.stack([self.start + 1, name_end, text, after], axis=1).ravel()
        self._strings = _strings(content, np.append(offsets, [end, end]))
        names = self._strings.take(pa.array(np.arange(0, len(offsets), 4))).dictionary_encode()
        self.tags: list[str] = names.dictionary.to_pylist()
        self.tag = names.indices.to_numpy()
        self._named: dict[str, Numbers] = {}
        self._place = np.full(len(opening) + 1, -1)  # index of owners; -1 when not in use
        self._content, self._quotes = content, marks.quotes
        self._quoted = (np.cumsum(~marks.closing) - 1)[marks.quoted[::2]]

    def __len__(self) -> int:
        return len(self.parent)

    def named(self, tag: str) -> Numbers:
        """The elements with a tag."""
        if tag not in self._named:
            self._named[tag] = np.flatnonzero(self.tag == self.place(tag))
        return self._named[tag]

    def place(self, tag: str) -> int:
        """Index of a tag in `tags`, or -1."""
        return self.tags.index(tag) if tag in self.tags else -1

    def top(self) -> Numbers:
        """The top-level siblings."""
        return np.flatnonzero(self.parent < 0)

    def below(self, owners: Numbers) -> tuple[Numbers, Numbers]:
        """Children of the owners, and the index of each one's owner, in order."""
        places = self._places(owners, self.parent)
        children = np.flatnonzero(places >= 0)
        return children, places[children]

    def child(self, owners: Numbers, tag: str) -> Numbers:
        """The child with a tag of each owner; the last one if there are several."""
        children = self.named(tag)
        places = self._places(owners, self.parent[children])
        found = np.full(len(owners), -1)
        found[places[places >= 0]] = children[places >= 0]
        return found

    def texts(self, elements: Numbers) -> pa.StringArray:
        """The raw text of each element before its first child; '' for none."""
        places = np.where(elements < 0, len(self), elements) * 4
        places[elements >= 0] += 2
        return _unescaped(self._strings.take(pa.array(places)))

    def stripped(self, elements: Numbers) -> pa.StringArray:
        """The texts of elements, stripped of white space."""
        return pc.utf8_trim_whitespace(self.texts(elements))

    def attribute(self, elements: Numbers, name: str) -> pa.StringArray:
        """An attribute of each element, or ''."""
        data = np.frombuffer(self._content, np.uint8)
        opens, closes = self._quotes[::2], self._quotes[1::2]
        fits = np.ones(len(opens), np.bool_)
        for back, sign in enumerate(f' {name}="'.encode()[::-1]):
            fits &= data[opens - back] == sign
        bounds = np.stack([opens[fits] + 1, closes[fits]], axis=1).ravel()
        values = _strings(self._content, np.append(bounds, [len(data), len(data)]))
        places = np.full(len(self) + 1, len(bounds))
        places[self._quoted[fits]] = np.arange(0, len(bounds), 2)
        return _unescaped(values.take(pa.array(places[elements])))

    def _places(self, owners: Numbers, elements: Numbers) -> Numbers:
        """Index of each element among the owners, or -1."""
        self._place[owners] = np.arange(len(owners))
        self._place[-1] = -1
        places = self._place[elements]
        self._place[owners] = -1
        return places


def shred(content: bytes) -> Elements | None:
    """Parse the complete elements at the beginning of a piece of well-formed XML.

    The piece may be cut anywhere, or continue with the end tag of the parent.

    Returns:
        None unless the XML is plain: attributes in double quotes separated by one space, line feeds
        as line ends, no comments, CDATA or processing instructions.
    """
    data = np.frombuffer(content, np.uint8)[: content.rfind(b">") + 1]
    marks = _marks(data)
    if not _is_plain(data, marks):
        return None
    elements = Elements(content, marks)
    return elements if all(map(_NAME.fullmatch, elements.tags)) else None


@dataclass(frozen=True)
class _Marks:
    """The start and end tags of complete elements."""

    start: Numbers
    """Offset of each `<`."""

    end: Numbers
    """Offset of the first `>` after each `<`."""

    closing: NDArray[np.bool_]
    empty: NDArray[np.bool_]

    level: Numbers
    """Number of open elements after the tag."""

    quotes: Numbers
    """Offsets of double quotes in tags."""

    quoted: Numbers
    """Index of the tag of each quote."""

    name_end: Numbers


def _marks(data: NDArray[np.uint8]) -> _Marks:
    start, end = np.flatnonzero(data == ord("<")), np.flatnonzero(data == ord(">"))
    if len(start) != len(end) or np.any(start > end) or np.any(end[:-1] > start[1:]):
        following = np.searchsorted(end, start)  # a text may contain `>`
        start, following = start[following < len(end)], following[following < len(end)]
        end = end[following]
    closing, empty = data[start + 1] == ord("/"), data[end - 1] == ord("/")
    level = np.cumsum(np.where(closing, -1, np.where(empty, 0, 1)))
    whole = np.flatnonzero((level == 0) & (closing | empty))
    size = whole[-1] + 1 if len(whole) else 0
    start, end, closing, empty = start[:size], end[:size], closing[:size], empty[:size]
    data = data[: end[-1] if size else 0]
    quotes, quoted = _inside(data, '"', start, end)
    name_end = end - empty
    with_quotes = quoted[np.append(True, quoted[1:] != quoted[:-1])[: len(quoted)]]
    name_end[with_quotes] = _first_spaces(data, start[with_quotes], name_end[with_quotes])
    return _Marks(start, end, closing, empty, level[:size], quotes, quoted, name_end)


def _first_spaces(data: NDArray[np.uint8], start: Numbers, end: Numbers) -> Numbers:
    """Offset of the first space in each range of the data, or its end."""
    found, rows, places = end.copy(), np.arange(len(start)), start
    # names are short: each round examines one letter of all of them
    for _ in range(_LONG_NAME):
        spaces = data[places] == ord(" ")
        found[rows[spaces]] = places[spaces]
        going_on = ~spaces & (places + 1 < end[rows])
        if not going_on.any():
            return found
        rows, places = rows[going_on], places[going_on] + 1
    all_spaces = np.append(np.flatnonzero(data == ord(" ")), len(data))
    found[rows] = np.minimum(end[rows], all_spaces[np.searchsorted(all_spaces, places)])
    return found


def _is_plain(data: NDArray[np.uint8], marks: _Marks) -> bool:
    """Whether the XML is plain, so that tags and attributes are found correctly.

    If all attributes are in double quotes, the first `>` ends the tag provided the quotes before it
    are paired. They all are if each single quote is within a pair of double quotes, as the first
    one that starts an attribute would not be.
    """
    second, quotes = data[marks.start + 1], marks.quotes
    data = data[: marks.end[-1] if len(marks.end) else 0]
    if np.any((second == ord("!")) | (second == ord("?"))) or np.any(data == ord("\r")):
        return False
    if np.any(marks.level < 0):
        return False
    if np.any(np.bincount(marks.quoted) % 2):
        return False
    opens = quotes[::2]
    if np.any(data[opens - 1] != ord("=")) or np.any(data[opens - 2] == ord(" ")):
        return False
    single, within = _inside(data, "'", marks.start, marks.end)
    before = np.searchsorted(quotes, single) - np.searchsorted(quotes, marks.start[within])
    if np.any(before % 2 == 0):
        return False
    return not any(len(_inside(data, space, marks.start, marks.end)[0]) for space in "\n\t")


def _inside(
    data: NDArray[np.uint8], sign: str, start: Numbers, end: Numbers
) -> tuple[Numbers, Numbers]:
    """Offsets of a character within tags, and the index of each one's tag."""
    places = np.flatnonzero(data == ord(sign))
    tags = np.searchsorted(start, places) - 1
    inside = (tags >= 0) & (places < end[tags])
    return places[inside], tags[inside]


def _parents(depth: Numbers) -> Numbers:
    parent = np.full(len(depth), -1)
    above = np.flatnonzero(depth == 1)
    for level in range(2, int(depth.max(initial=0)) + 1):
        here = np.flatnonzero(depth == level)
        parent[here] = above[np.searchsorted(above, here) - 1]
        above = here
    return parent


def _strings(content: bytes, offsets: Numbers) -> pa.StringArray:
    """Slice the content at ascending offsets, without a copy."""
    buffers = [pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(content)]
    return pa.StringArray.from_buffers(len(offsets) - 1, *buffers)


def _unescaped(texts: pa.StringArray) -> pa.StringArray:
    if not np.any(np.frombuffer(texts.buffers()[2] or b"", np.uint8) == ord("&")):
        return texts
    escaped = pc.match_substring(texts, "&")
    distinct = texts.filter(escaped).dictionary_encode()
    # all at once: joined by a character that cannot occur in XML
    parts = _REFERENCE.split(_BETWEEN.join(distinct.dictionary.to_pylist()))
    parts[1::2] = map(_character, parts[1::2])
    plain = pa.array("".join(parts).split(_BETWEEN), pa.string()).take(distinct.indices)
    return pc.replace_with_mask(texts, escaped, plain)


@lru_cache(maxsize=4096)
def _character(reference: str) -> str:
    if reference in _CHARACTERS:
        return _CHARACTERS[reference]
    return chr(int(reference[2:], 16) if reference[1] == "x" else int(reference[1:]))
