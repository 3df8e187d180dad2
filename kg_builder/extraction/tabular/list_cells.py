"""Parse lists and objects written as text in a cell: JSON, Python, numpy, PostgreSQL notation."""

from __future__ import annotations

import ast
import json
import re
from typing import Any, Final, Literal

OPENING: Final = ("[", "(", "{", "array(")
"""First characters of such a text."""

_CLOSING: Final = {"[": "]", "(": ")", "{": "}"}
_WRAPPED: Final = re.compile(r"^(?:array|set|frozenset|tuple|list)\((.*?)(?:, dtype=\w+)?\)$", re.S)
_ELEMENT: Final = re.compile(
    r"""(?P<text>[rub]?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))"""
    r"|(?P<number>[-+]?[0-9]+(?:\.[0-9]+)?)|(?P<nothing>None|null|nan|NaN)",
    re.S,
)
_SEPARATOR: Final = re.compile(r"\s*,\s*|\s+")
_BARE: Final = re.compile(r"""[^\s"',\[\]{}()][^",\[\]{}]*""")
_OBJECT: Final = re.compile(r"\{[^,]*:\s")
_GUID: Final = re.compile(r"\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")

Words = Literal["quoted", "several", "any"]
"""Which words may be elements of a list: only quoted ones; without quotes if they are several or in
braces, as one in brackets may be a name ("[spunge]"); or any."""


def list_in(text: str, *, numbers: bool = True, words: Words = "quoted") -> tuple[str, ...] | None:
    r"""Parse a list of texts and numbers; None if the text is not one.

    Null elements (None, null, nan) become '', so that parallel lists stay aligned.

    Args:
        text: a cell.
        numbers: whether to accept lists without quoted text: "[21, 5]" may also be a title.
        words: whether to accept words without quotes: "[rock, pop]", "{rock,hip hop}".

    >>> list_in('''['Ann', "Destiny's Sample"]'''), list_in("[]"), list_in("[unknown]")
    (('Ann', "Destiny's Sample"), (), None)
    >>> list_in("{rock,\"hip hop\",NULL}", words="any"), list_in("[rock]", words="several")
    (('rock', 'hip hop', ''), None)
    """
    text = text.strip()
    if (wrapped := _WRAPPED.match(text)) is not None:
        text = wrapped[1].strip()
    if len(text) < 2 or _CLOSING.get(text[0]) != text[-1]:
        return None
    if text[1:].lstrip()[:1] in {"[", "("} and (nested := _lists_in(text)) is not None:
        return nested
    inner = text[1:-1].strip().removesuffix(",").rstrip()
    listed = _listed(inner, text[0], numbers=numbers)
    if listed is not None or words == "quoted" or text[0] == "(":
        return listed
    return _words_in(text, inner, words)


def _lists_in(text: str) -> tuple[str, ...] | None:
    """The elements of the lists in a list; None if it holds anything but lists of texts."""
    try:
        lists = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    if not all(isinstance(inner, list | tuple) for inner in lists):
        return None
    found = [element for inner in lists for element in inner]
    texts = all(isinstance(element, str) for element in found)
    return tuple(map(str.strip, found)) if texts else None


def _listed(inner: str, opening: str, *, numbers: bool) -> tuple[str, ...] | None:
    """The elements of a list of quoted texts and numbers."""
    found: list[str] = []
    offset, quoted = 0, not inner and opening != "("  # "( )" is an album by Sigur Rós
    while offset < len(inner):
        element = _ELEMENT.match(inner, offset)
        if element is None:
            return None
        value = _unquoted(element)
        if value is None:
            return None
        quoted |= element["text"] is not None
        found.append(value)
        offset = element.end()
        if offset < len(inner):
            separator = _SEPARATOR.match(inner, offset)
            if separator is None:
                return None
            offset = separator.end()
    missing = bool(found) and not any(found)  # "[nan]"
    return tuple(found) if quoted or missing or (numbers and found) else None


def _words_in(text: str, inner: str, words: Words) -> tuple[str, ...] | None:
    """The elements of a list some of which are not quoted, separated by commas."""
    if _OBJECT.match(text) or _GUID.fullmatch(text):
        return None
    found: list[str] = []
    offset, first = 0, True
    while first or offset < len(inner):
        if not first:
            separator = _SEPARATOR.match(inner, offset)
            if separator is None or "," not in separator[0]:
                return None
            offset = separator.end()
        first = False
        element = _ELEMENT.match(inner, offset)
        if (
            element is not None
            and element["text"]
            and inner[element.end() : element.end() + 1] in {"", ",", " "}
        ):
            value = _unquoted(element)
        else:
            element = _BARE.match(inner, offset)
            value = element[0].strip() if element else None
        if element is None or value is None:
            return None
        found.append("" if value in {"NULL", "null", "None", "nan", "NaN"} else value)
        offset = element.end()
    return tuple(found) if words == "any" or len(found) > 1 or text[0] == "{" else None


def values_in(
    cell: str | tuple[str, ...] | None,
    *,
    split: str | None = None,
    numbers: bool = True,
    words: Words = "quoted",
) -> tuple[str, ...]:
    """All values of a cell, in order; missing ones become ''.

    The cell is a native list, a list written as text, or a text with a separator.

    >>> values_in("['a', 'b']"), values_in("a|b", split="|"), values_in(None)
    (('a', 'b'), ('a', 'b'), ())
    """
    if cell is None:
        return ()
    if isinstance(cell, tuple):
        return cell
    if (
        cell.startswith(OPENING)
        and (found := list_in(cell, numbers=numbers, words=words)) is not None
    ):
        return found
    return tuple(map(str.strip, cell.split(split))) if split and split in cell else (cell,)


def _unquoted(element: re.Match[str]) -> str | None:
    if element["text"] is None:
        return element["number"] or ""
    quoted = element["text"]
    if "\\" not in quoted:
        return quoted[quoted.index(quoted[-1]) + 1 : -1].strip()
    try:
        value = json.loads(quoted)
    except ValueError:
        try:
            value = ast.literal_eval(quoted)
        except (ValueError, SyntaxError):
            return None
    return value.strip() if isinstance(value, str) else None


def holds_objects(text: str) -> bool:
    """Whether a cell holds an object or a list of objects, which is no name.

    >>> holds_objects("[{'name': 'Ann'}]"), holds_objects("{Ann}"), holds_objects("[1999]")
    (True, False, False)
    """
    if not text.startswith(("[{", "{")):
        return False
    found = structure_in(text)
    return isinstance(found, dict) or (isinstance(found, list) and isinstance(found[0], dict))


def structure_in(text: str) -> Any:
    """Parse objects and lists in a cell, for a path below a column; `None` if there are none."""
    text = text.strip()
    if not text.startswith(("[", "{")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, dict | list) else None
