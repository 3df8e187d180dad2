"""Turn typed and nested values (Parquet, Excel, SQL, JSON) into cells; follow paths in them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from kg_builder.extraction.tabular.config import Cell, first_step
from kg_builder.extraction.tabular.list_cells import structure_in

_CONDITION: Final = re.compile(r"\[([^\[\]=]+)=([^\[\]]*)\]\.?")
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


def _meets(value: Any, key: str, wanted: str) -> bool:
    """Whether an object has a text at a path, or none if none is wanted; case does not matter."""
    texts = [scalar(leaf) or "" for _, leaf in follow(value, key)] or [""]
    return any(text.strip().casefold() == wanted.casefold() for text in texts)


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
