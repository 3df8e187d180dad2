"""Move values from a joined-up title back to their own empty cells.

Exports that join cells leave titles such as 'Silver and Gold Little Big Town Country 3:33'.
Lengths, dates and prices are recognised by their form; performers, albums and genres by other
records with the same value in the right cell. Text between two recognised values belongs to the
empty cells between them. Cells are tried in column order.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

_MONTHS: Final = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|tember|ober"
    r"|ember)?"
)
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "duration": re.compile(r"(?<![\d:])\d{1,2}(?::\d\d){1,2}(?![\d:])"),
    "releaseDate": re.compile(
        rf"\b\d{{1,2}}[- ]{_MONTHS}[- ]\d{{2,4}}\b|\b{_MONTHS} \d{{1,2}} ?, ?\d{{4}}\b"
        r"|\b(?:19|20)\d\d-\d\d-\d\d\b",
        re.I,
    ),
    "price": re.compile(r"[$€£] ?\d+(?:\.\d\d)?|\balbum only\b", re.I),
    "recordLabel": re.compile(
        r"\( ?[cp] ?\) |[©℗] ?(?=\d{4})|(?:\S{0,3} \S{0,3} )?\b(?:19|20)\d\d (?=[^\W\d_])", re.I
    ),
}
"""Patterns that recognise a value, or its start, without having seen it elsewhere."""
_OPEN_ENDED: Final = frozenset({"recordLabel"})
_BRACKETS: Final = re.compile(r"[(\[][^()\[\]]*[)\]]")
_MIN_LETTERS: Final = 3


@dataclass(frozen=True, slots=True)
class _Find:
    start: int
    end: int
    order: int


def restore_misplaced_values(
    records: pd.DataFrame, order: Sequence[str]
) -> tuple[pd.DataFrame, int]:
    """Move values out of the name into their own empty cells.

    Args:
        records: table `RECORDS`.
        order: predicates in the order of the table's columns.

    Returns:
        The records, and the number of values moved.
    """
    stated: list[dict[str, list[str]]] = [json.loads(text) for text in records["attributes"]]
    seen: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in order}
    for cells in stated:
        for predicate in order:
            for value in cells.get(predicate, ()):
                plain = _plain(value)
                if sum(map(str.isalnum, plain)) >= _MIN_LETTERS:
                    seen[predicate][plain.split(" ", 1)[0]].add(plain)
    names, attributes, moved = [], [], 0
    for name, cells in zip(records["name"], stated, strict=True):
        title, found = _split(str(name), [p for p in order if not cells.get(p)], seen, order)
        moved += len(found)
        names.append(title)
        attributes.append(
            json.dumps(cells | {p: [v] for p, v in found.items()}, ensure_ascii=False)
        )
    return records.assign(name=names, attributes=attributes), moved


def _split(
    name: str,
    empty: Sequence[str],
    seen: Mapping[str, Mapping[str, set[str]]],
    order: Sequence[str],
) -> tuple[str, dict[str, str]]:
    """Split a cell into the title and the values of the empty cells that follow it."""
    text = " ".join(name.split())
    open_text = _BRACKETS.sub(lambda found: "\0" * len(found[0]), text)
    finds: list[_Find] = []
    for predicate in empty:
        column = order.index(predicate)
        after = max((find.end for find in finds), default=1)
        if found := _seen_elsewhere(text, open_text, seen[predicate], after) or _formed(
            text, predicate, after
        ):
            finds.append(_Find(*found, column))
    if not finds:
        return name, {}
    starts = [find.start for find in finds] + [len(text)]
    values: dict[str, str] = {}
    for position, find in enumerate(finds):
        predicate = order[find.order]
        follows = starts[position + 1]
        remainder = text[find.end : follows].strip()
        if predicate in _OPEN_ENDED:
            values[predicate] = text[find.start : follows].strip()
            continue
        values[predicate] = text[find.start : find.end].strip()
        last = finds[position + 1].order if position + 1 < len(finds) else len(order)
        between = [p for p in empty if find.order < order.index(p) < last and p not in _FORMS]
        if remainder and between:
            values[between[0]] = remainder
    return text[: starts[0]].strip(), values


def _seen_elsewhere(
    text: str, open_text: str, seen: Mapping[str, set[str]], after: int
) -> tuple[int, int] | None:
    """Find the position after the title of a value known from other records, longest first."""
    folded = text.casefold()
    best: tuple[int, int] | None = None
    for word in re.finditer(r"\S+", open_text):
        start = word.start()
        if start < after or "\0" in word[0][:1]:
            continue
        for value in seen.get(folded[start:].split(" ", 1)[0], ()):
            end = start + len(value)
            whole = folded.startswith(value, start) and (end == len(text) or text[end] == " ")
            if whole and (best is None or end - start > best[1] - best[0]):
                best = start, end
    return best


def _formed(text: str, predicate: str, after: int) -> tuple[int, int] | None:
    form = _FORMS.get(predicate)
    found = form.search(text, after) if form else None
    return (found.start(), found.end()) if found else None


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
