"""Flatten nested JSON into rows: arrays, lists in records, objects keyed by id, JSON Lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kg_builder.errors import DataError
from kg_builder.extraction.tabular.config import Chunk, first_step, missing_column
from kg_builder.extraction.tabular.typed_cells import Found, cell_of_leaves, escape, follow, reaches
from kg_builder.packed_files import Stream

_DEPTH: Final = 4
_SHOWN: Final = 6
_EXTRA: Final = "Extra data"
_EXAMPLES: Final = 3
"""Number of documents examined for suggestions in error messages."""

_LARGEST: Final = 512 * 1024 * 1024
"""Maximum size of a JSON document, which is read into memory."""

Complain = Callable[[str, int, str], None]


@dataclass(frozen=True, slots=True)
class Nested:
    """A value inside a JSON document, with its context.

    Attributes:
        value: the value.
        pointer: its location: a JSON pointer, after `line=N` for JSON Lines.
        above: the enclosing objects, outermost first; lists do not count.
        keys: the keys matched by `*` in the path.
    """

    value: Any
    pointer: str
    above: tuple[dict[str, Any], ...] = ()
    keys: tuple[str, ...] = ()

    def find(self, path: str) -> Iterator[Found]:
        """The values at a path: below this value, `../x` of the enclosing object, or `@key`.

        `@key` is the last key matched by a `*`, `@key1` the first, `@value` the value itself.
        """
        if isinstance(self.value, dict) and path in self.value:
            yield from follow(self.value, path, self.pointer)
        elif path == "@value":
            yield from follow(self.value, "", self.pointer)
        elif path.startswith("@key") and (key := self._key(path.removeprefix("@key"))):
            yield self.pointer, key
        elif path.startswith("../"):
            tail, level = path, 0
            while tail.startswith("../"):
                tail, level = tail.removeprefix("../"), level + 1
            if level <= len(self.above):
                yield from follow(self.above[-level], tail, self.pointer)
        elif isinstance(self.value, dict):
            yield from follow(self.value, path, self.pointer)

    def reaches(self, path: str) -> bool:
        """Whether the path exists here, even if its value is null."""
        if any(found is not None for _, found in self.find(path)):
            return True
        value, level = self.value, 0
        while path.startswith("../"):
            path, level = path.removeprefix("../"), level + 1
        if level:
            value = self.above[-level] if level <= len(self.above) else {}
        return isinstance(value, dict) and reaches(value, path)

    def _key(self, number: str) -> str | None:
        if not number:
            return self.keys[-1] if self.keys else None
        position = int(number) if number.isdigit() else 0
        return self.keys[position - 1] if 0 < position <= len(self.keys) else None


def nested_at(whole: Nested, path: str) -> Iterator[Nested]:
    """The values at a path; lists are traversed, and `*` matches every key."""
    value, pointer = whole.value, whole.pointer
    if path[:1] == "[" and path[:3] != "[*]":
        for at, item in follow(value, path[: path.find("]") + 1], pointer):
            tail = path[path.find("]") + 1 :].removeprefix(".")
            yield from nested_at(Nested(item, at, whole.above, whole.keys), tail)
    elif isinstance(value, list):
        head, _, tail = path.partition(".")
        if head.isdigit():
            if int(head) < len(value):
                item = value[int(head)]
                yield from nested_at(
                    Nested(item, f"{pointer}/{head}", whole.above, whole.keys), tail
                )
            return
        tail = tail if head in {"*", "[*]"} else path
        for index, item in enumerate(value):
            yield from nested_at(Nested(item, f"{pointer}/{index}", whole.above, whole.keys), tail)
    elif not path:
        yield whole
    elif isinstance(value, dict):
        around = (*whole.above, value)
        head, tail = (path, "") if path in value else first_step(path)
        if head == "*" and head not in value:
            for key, item in value.items():
                inner = Nested(item, f"{pointer}/{escape(key)}", around, (*whole.keys, key))
                yield from nested_at(inner, tail)
        elif head in value:
            inner = Nested(value[head], f"{pointer}/{escape(head)}", around, whole.keys)
            yield from nested_at(inner, tail)


def decoded(content: bytes, encodings: Sequence[str]) -> str:
    """Decode JSON: UTF-8, 16 or 32 by its first bytes, else the first encoding that fits."""
    wide = json.detect_encoding(content)
    for encoding in [*encodings] if wide.startswith("utf-8") else [wide]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode(wide, errors="replace")


def documents(text: str, *, lines: bool, complain: Complain) -> Iterator[Nested]:
    """Yield the JSON values of a file: one, or one per line (JSON Lines, with any suffix).

    Args:
        text: the file's content.
        lines: whether its suffix is that of JSON Lines.
        complain: called with the reason, the line and the fault of unreadable input.
    """
    if not lines or text.lstrip()[:1] == "[":
        try:
            yield Nested(json.loads(text), "")
            return
        except json.JSONDecodeError as fault:
            if fault.msg != _EXTRA:
                complain("broken JSON", fault.lineno, str(fault))
                return
        except (ValueError, RecursionError) as broken:
            complain("broken JSON", 1, str(broken))
            return
    yield from documents_in_lines(enumerate(text.split("\n"), 1), complain)


def documents_in_lines(lines: Iterable[tuple[int, str]], complain: Complain) -> Iterator[Nested]:
    """Yield the JSON values of numbered lines; invalid lines are reported."""
    for number, line in lines:
        if not line or line.isspace():
            continue
        try:
            yield Nested(json.loads(line), f"line={number}")
        except (ValueError, RecursionError) as fault:
            complain("broken JSON", number, str(fault))


def documents_in_file(
    stream: Stream, encodings: Sequence[str], complain: Complain
) -> Iterator[Nested]:
    """Yield the JSON values of a file, which is read into memory: one, or one per line.

    Raises:
        DataError: the file is too large.
    """
    content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise DataError(
            f"larger than {_LARGEST:,} bytes, and JSON is read whole",
            where=stream.where,
            remedy="write JSON Lines (.jsonl), which are read line by line",
        )
    return documents(decoded(content, encodings), lines=False, complain=complain)


class NestedRows:
    """Iterate over the rows at a path of JSON documents in chunks; rows are numbered from 1.

    Args:
        found: the documents.
        path: where the rows are in each.
        wanted: paths of the columns, relative to a row; by default all keys of the rows.
        nulls: texts that mean "no value".
        chunk_rows: rows per chunk.
        counts: counts `rows read`.
        where: the file, for messages.

    Attributes:
        pointers: location of each row.

    Raises:
        DataError: while iterating: no document has rows, or no row a wanted column.
    """

    def __init__(
        self,
        found: Iterable[Nested],
        path: str,
        *,
        wanted: Sequence[str] | None,
        nulls: frozenset[str],
        chunk_rows: int,
        counts: Counter[str],
        where: str,
    ) -> None:
        self.pointers: list[str] = []
        self._documents, self._path, self._wanted, self._nulls = found, path, wanted, nulls
        self._chunk_rows, self._counts, self._where = chunk_rows, counts, where
        self._keys: dict[str, None] = {}
        self._unmet = dict.fromkeys(wanted or ())

    def __iter__(self) -> Iterator[Chunk]:
        examples, batch = list[Any](), list[Nested]()
        for document in self._documents:
            if len(examples) < _EXAMPLES:
                examples.append(document.value)
            for row in nested_at(document, self._path):
                self._counts["rows read"] += 1
                self.pointers.append(row.pointer)
                if isinstance(row.value, dict):
                    self._keys.update(dict.fromkeys(row.value))
                batch.append(row)
                if len(batch) >= self._chunk_rows:
                    yield self._chunk(batch)
                    batch = []
        last = self._chunk(batch)
        if self.pointers and self._unmet:
            raise self._no_field(next(iter(self._unmet)), examples)
        if not self.pointers and examples:
            raise no_rows(self._path, examples, self._where, "rows")
        if batch:
            yield last

    def _chunk(self, rows: list[Nested]) -> Chunk:
        for path in list(self._unmet):
            if any(row.reaches(path) for row in rows):
                del self._unmet[path]
        columns = {
            name: [
                cell_of_leaves((leaf for _, leaf in row.find(name)), self._nulls) for row in rows
            ]
            for name in self._wanted or self._keys
        }
        last = len(self.pointers)
        return Chunk(columns, list(range(last - len(rows) + 1, last + 1)))

    def _no_field(self, column: str, examples: Sequence[Any]) -> DataError:
        fault = missing_column(column, list(self._keys), self._where)
        if self._path:
            return fault
        lists = [path for value in examples for path in lists_in(value) if path]
        hint = f"; or set rows, such as rows = {lists[0]!r}" if lists else ""
        return DataError(fault.what, where=fault.where, remedy=fault.remedy + hint)


def no_rows(path: str, examples: Iterable[Any], where: str, key: str) -> DataError:
    """Build the error for a path without objects in any document."""
    there = list(dict.fromkeys(list_path for value in examples for list_path in lists_in(value)))
    shown = ", ".join(repr(list_path) for list_path in there[:_SHOWN])
    return DataError(
        f"no records at {path!r}" if path else "the file holds no objects",
        where=where,
        remedy=f"set '{key}' to the path of the records: {shown or 'no list or object has any'}",
    )


def lists_in(value: Any, path: str = "", depth: int = 0) -> Iterator[str]:
    """Paths of lists of objects, and of objects whose values are all objects."""
    if depth > _DEPTH:
        return
    if isinstance(value, list):
        if any(isinstance(item, dict) for item in value):
            yield path
        for item in value[:1]:
            yield from lists_in(item, path, depth + 1)
    elif isinstance(value, dict):
        join = f"{path}." if path else ""
        if len(value) > 1 and all(isinstance(item, dict) for item in value.values()):
            yield f"{join}*"
            return
        for name, item in value.items():
            if isinstance(item, list | dict):
                if isinstance(item, dict):
                    yield f"{join}{name}"
                yield from lists_in(item, f"{join}{name}", depth + 1)
