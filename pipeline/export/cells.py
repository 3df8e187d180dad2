"""Convert names and ids to cells that are safe for other programs and spreadsheets."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from recommender.data import Dataset

__all__ = [
    "entity_labels",
    "one_line",
    "one_word",
    "relation_labels",
    "rewrite_for_spreadsheets",
    "write_table",
]

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
_TABLES: Final = {".csv": ",", ".tsv": "\t", ".item": "\t"}
_FORMULA: Final = tuple("=+-@＝＋－＠")


def one_line(text: str) -> str:
    """Replace line breaks and control characters of a text by spaces."""
    return _CONTROL.sub(" ", text)


def for_spreadsheets(text: str) -> str:
    """Escape a cell so that no spreadsheet takes it for a formula.

    An apostrophe is put before a leading `=`, `+`, `-` or `@`, except for numbers.
    """
    is_formula = text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def rewrite_for_spreadsheets(folder: Path) -> None:
    """Apply `for_spreadsheets` to all tables written by `write_table` below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (delimiter := _TABLES.get(path.suffix)):
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file, delimiter=delimiter))
            cells = (tuple(map(for_spreadsheets, row)) for row in rows)
            write_table(path, (), cells, delimiter=delimiter)


def one_word(text: str, *, is_iri: bool = False) -> str:
    """Percent-encode white space, so that a text is one word.

    Percent signs are encoded too, so that `unquote` restores the text, except in IRIs.
    """
    return re.sub(r"\s" if is_iri else r"[\s%]", lambda found: quote(found[0]), one_line(text))


def entity_labels(dataset: Dataset) -> list[str]:
    """A unique label for each entity: its IRI, or `entity_7` without one."""
    iris = [one_line(dataset.catalogue.entity_iri(n)) for n in range(dataset.n_entities)]
    return _distinct(iris, "entity")


def relation_labels(dataset: Dataset) -> list[str]:
    """A unique label for each relation: its IRI (`^` + IRI for an inverse), or `relation_7`."""
    iris = [one_line(dataset.catalogue.relation_iri(n)) for n in range(dataset.n_relations)]
    return _distinct(iris, "relation")


def write_table(
    path: Path,
    heading: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    delimiter: str = ",",
) -> None:
    """Write a table; cells with the delimiter or a quotation mark are quoted.

    Args:
        path: the file.
        heading: column names; empty for no heading.
        rows: cells by row.
        delimiter: a comma or a tab.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        if heading:
            writer.writerow(heading)
        writer.writerows(rows)


def _distinct(labels: list[str], what: str) -> list[str]:
    count = Counter(labels)
    return [
        label if label and count[label] == 1 else f"{what}_{number}"
        for number, label in enumerate(labels)
    ]
