"""Paths into nested JSON: `artist.name`, `tracks[*].title`, `names.0`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Found = tuple[str, Any]
"""(JSON pointer, value)"""


def follow(value: Any, path: str, pointer: str = "") -> Iterator[Found]:
    """Yield every value at the path, with its JSON pointer; lists on the way are walked through.

    A key that holds a dot is found whole before it is taken apart.
    """
    if not path:
        yield from _leaves(value, pointer)
    elif isinstance(value, list):
        head, _, rest = path.partition(".")
        if head.isdigit():
            if int(head) < len(value):
                yield from follow(value[int(head)], rest, f"{pointer}/{head}")
        else:
            for index, item in enumerate(value):
                yield from follow(item, path, f"{pointer}/{index}")
    elif isinstance(value, dict):
        if path in value:
            yield from _leaves(value[path], f"{pointer}/{escape(path)}")
            return
        head, _, rest = path.partition(".")
        head = head.removesuffix("[*]")
        if head in value:
            yield from follow(value[head], rest, f"{pointer}/{escape(head)}")


def escape(key: str) -> str:
    """A key as one step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def scalar(value: Any) -> str | None:
    """A JSON value as text; objects and null are none."""
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
    elif value is not None:
        yield pointer, value
