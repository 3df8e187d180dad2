"""The cells of rows: chunks of columns, values at paths in nested data, typed values as text."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import compress
from typing import Any, Final, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kg_builder.errors import DataError
from kg_builder.extraction.tabular.list_cells import structure_in

Cell = str | tuple[str, ...] | None
"""A value, several values (in formats with lists), or none."""


_CONDITION: Final = re.compile(r"\[([^\[\]=]+)=([^\[\]]*)\]\.?")
_CONDITIONAL: Final = re.compile(r"([^.\[]+)\[[^\[\]=]+=")
_SHOWN: Final = 20
_SEPARATORS: Final = (",", ";", "\t", "|", "::")


@dataclass(frozen=True)
class CodedCells(Sequence[str | None]):
    """The cells of a column, as codes of the texts that occur in it.

    Attributes:
        values: the texts in the order of their first cells; None for no value.
        codes: each cell's position in `values`.
    """

    values: Sequence[str | None]
    codes: NDArray[np.int32]

    @overload
    def __getitem__(self, index: int) -> str | None: ...

    @overload
    def __getitem__(self, index: slice) -> CodedCells: ...

    def __getitem__(self, index: int | slice) -> str | CodedCells | None:
        if isinstance(index, slice):
            return self.rows(self.codes[index])
        return self.values[int(self.codes[index])]

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[str | None]:
        return map(self.values.__getitem__, self.codes.tolist())

    @staticmethod
    def of(texts: pa.Array | pa.ChunkedArray) -> CodedCells:
        """Encode texts without nulls."""
        encoded = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        if not pa.types.is_dictionary(encoded.type):
            encoded = encoded.dictionary_encode()
        return CodedCells(encoded.dictionary.to_pylist(), encoded.indices.to_numpy())

    def rows(self, codes: NDArray[np.int32]) -> CodedCells:
        """The cells with these codes, without the texts of others."""
        used = pa.array(codes).dictionary_encode()
        values = [self.values[code] for code in used.dictionary.to_pylist()]
        return CodedCells(values, used.indices.to_numpy())


@dataclass(frozen=True)
class Chunk:
    """A chunk of rows as columns, with the line (or row) number of each."""

    columns: Mapping[str, Sequence[Cell]]
    places: Sequence[int]

    def __len__(self) -> int:
        return len(self.places)

    def rows(self, keep: Sequence[bool]) -> Chunk:
        """Select the rows for which `keep`, of the chunk's length, is true."""
        return Chunk(
            {name: _kept(cells, keep) for name, cells in self.columns.items()},
            list(compress(self.places, keep)),
        )


def _kept(cells: Sequence[Cell], keep: Sequence[bool]) -> Sequence[Cell]:
    if isinstance(cells, CodedCells):
        return cells.rows(cells.codes[np.array(keep)])
    return list(compress(cells, keep))


def missing_column(column: str, names: Sequence[str], where: str) -> DataError:
    """Build the error for a missing column."""
    if not any(names):
        return DataError("the file is empty", where=where, remedy="is it the right file?")
    near = difflib.get_close_matches(column, names, n=1, cutoff=0.5)
    shown = [*names[:_SHOWN], "…"] if len(names) > _SHOWN else names
    remedy = f"the columns are: {', '.join(shown)}"
    text = names[0] if names else ""
    marks = [mark for mark in _SEPARATORS if column in text.split(mark)]
    if text[:1] in {"{", "["}:
        remedy = 'the file looks like JSON: set format = "json"'
    elif len(names) == 1 and marks:
        remedy = f"set separator = {json.dumps(marks[0])}: the heading is {text!r}"
    elif near:
        remedy = f"did you mean {near[0]!r}? {remedy}"
    return DataError(f"no column {column!r}", where=where, remedy=remedy)


def unique_names(heading: Sequence[str]) -> list[str]:
    """Make column names unique: repeated ones get '.2', '.3' and so on."""
    seen: Counter[str] = Counter()
    names = []
    for raw in heading:
        name = raw.strip().lstrip("\ufeff")
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return names


def joined_headings(rows: Sequence[Sequence[str]]) -> list[str]:
    """Names of columns from a heading of several rows, the groups first.

    >>> joined_headings([["", "album", "", "artist"], ["id", "title", "year", "name"]])
    ['id', 'album.title', 'album.year', 'artist.name']
    """
    if len(rows) == 1:
        return list(rows[0])
    width = max(map(len, rows), default=0)
    names = [""] * width
    for level, row in enumerate(rows):
        group, parts = "", [""] * width
        for column in range(width):
            cell = row[column].strip().lstrip("\ufeff") if column < len(row) else ""
            same = column > 0 and names[column] == names[column - 1]
            group = cell or (group if level < len(rows) - 1 and (same or level == 0) else "")
            parts[column] = group
        names = [f"{name}.{part}".strip(".") for name, part in zip(names, parts, strict=True)]
    return names


Found = tuple[str, Any]
"""(JSON pointer, value)"""


def follow(value: Any, path: str, pointer: str = "") -> Iterator[Found]:
    """Yield every value at the path, with its JSON pointer; lists on the way are traversed.

    A key that contains a dot is tried whole before it is split. A list element without the path
    gives `None`, so that values at two paths through one list stay aligned.
    """
    if not path:
        yield from _leaves(value, pointer)
    elif path[0] == "[" and (condition := _CONDITION.match(path)):
        items = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, item in items:
            if _meets(item, condition[1], condition[2]):
                place = pointer if index is None else f"{pointer}/{index}"
                yield from follow(item, path[condition.end() :], place)
    elif isinstance(value, list):
        head, _, tail = path.partition(".")
        if head.isdigit():
            if int(head) < len(value):
                yield from follow(value[int(head)], tail, f"{pointer}/{head}")
        else:
            for index, item in enumerate(value):
                child_pointer, empty = f"{pointer}/{index}", True
                for found in follow(item, path, child_pointer):
                    empty = False
                    yield found
                if empty:
                    yield child_pointer, None
    elif isinstance(value, dict):
        if path in value:
            yield from _leaves(_marked(value, path), f"{pointer}/{escape(path)}")
            return
        head, tail = first_step(path)
        if head in value:
            yield from follow(value[head], tail, f"{pointer}/{escape(head)}")
    elif path == "#text" and isinstance(value, str):
        yield pointer, value  # an XML element without attributes


def _marked(value: dict[str, Any], key: str) -> Any:
    """A member of an object; a blank node in results of SPARQL gets its "_:"."""
    found = value[key]
    if key == "value" and value.get("type") == "bnode" and isinstance(found, str):
        return found if "://" in found else f"_:{found.removeprefix('_:')}"
    return found


def first_step(path: str) -> tuple[str, str]:
    """Split a path into the first key and the rest, which may begin with a condition.

    >>> first_step("tags[*].name"), first_step("links[type=official site].url")
    (('tags', 'name'), ('links', '[type=official site].url'))
    """
    if "[" in path and (found := _CONDITIONAL.match(path)):
        return found[1], path[found.end(1) :]
    head, _, tail = path.partition(".")
    return head.removesuffix("[*]"), tail


def _meets(value: Any, key: str, wanted: str) -> bool:
    """Whether an object has a text at a path; case does not matter."""
    return any(
        (text := scalar(leaf)) is not None and text.strip().casefold() == wanted.casefold()
        for _, leaf in follow(value, key)
    )


def reaches(value: Any, path: str) -> bool:
    """Whether a path exists in a value; a null or empty list on the way counts as existing."""
    if value is None or not path:
        return True
    if path[0] == "[" and _CONDITION.match(path):
        return True  # the elements exist, even if none of them meets the condition
    if isinstance(value, list):
        return not value or any(reaches(item, path) for item in value)
    if not isinstance(value, dict):
        return path == "#text" and isinstance(value, str)
    if path in value:
        return True
    head, tail = first_step(path)
    return head in value and reaches(value[head], tail)


def escape(key: str) -> str:
    """Escape a key as one step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def scalar(value: Any) -> str | None:
    """Convert a JSON value to text; None for objects and null."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return None


def _leaves(value: Any, pointer: str) -> Iterator[Found]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{pointer}/{index}")
    elif isinstance(value, dict) and "#text" in value:
        yield pointer, value["#text"]  # an XML element with attributes
    elif value is not None:
        yield pointer, value


def joined(texts: Iterable[str | None], nulls: frozenset[str]) -> Cell:
    """Combine texts into one cell; missing ones among several become ''."""
    found = [text if text is not None and text not in nulls else "" for text in texts]
    if not any(found):
        return None
    return found[0] if len(found) == 1 else tuple(found)


def columns_of(
    wanted: Iterable[str], names: Sequence[str], where: str
) -> dict[str, tuple[str, str]]:
    """Split each column name, or path into nested values, into (column, path below it).

    Raises:
        DataError: a column is missing.
    """
    known = frozenset(names)
    found = {}
    for path in wanted:
        column, below = (path, "") if path in known else first_step(path)
        if column not in known:
            raise missing_column(path, names, where)
        found[path] = column, below
    return found


def cells_of(
    columns: Mapping[str, Sequence[Any]],
    wanted: Mapping[str, tuple[str, str]],
    nulls: frozenset[str],
) -> dict[str, list[Cell]]:
    """The required cells; `wanted` maps each name to (column, path below it)."""
    return {
        name: [cell_of(value, path, nulls) for value in columns[column]]
        for name, (column, path) in wanted.items()
    }


def cell_of(value: Any, path: str, nulls: frozenset[str]) -> Cell:
    """Convert a value, or the value at a path below it, to a cell; several become a tuple."""
    if value is None:
        return None
    if not path and not isinstance(value, list | tuple | dict):
        text = text_of(value)
        return None if text is None or text in nulls else text
    if path and isinstance(value, str):
        value = structure_in(value)
    leaves = follow(list(value) if isinstance(value, tuple) else value, path)
    return cell_of_leaves([leaf for _, leaf in leaves], nulls)


def cell_of_leaves(leaves: Iterable[Any], nulls: frozenset[str]) -> Cell:
    """Convert the values found at a path to a cell; missing ones among several become ''."""
    return joined([text_of(leaf) for leaf in leaves], nulls)


def text_of(value: Any) -> str | None:
    """Convert a typed value to text; None for objects, lists and bytes."""
    if value is None:
        return None
    if isinstance(value, datetime):
        whole_day = not (value.hour or value.minute or value.second or value.microsecond)
        return value.date().isoformat() if whole_day else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, dict | list | bytes | bytearray | memoryview):
        return None
    found = scalar(value)
    return (str(value) if found is None else found).strip()
