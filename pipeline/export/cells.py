"""Convert names and ids to cells that other programs and spreadsheets read safely."""

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
    """A text without line breaks and control characters, which become spaces."""
    return _CONTROL.sub(" ", text)


def for_spreadsheets(text: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    An apostrophe goes before `=`, `+`, `-` and `@` at the beginning of anything but a number.
    """
    is_formula = text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def rewrite_for_spreadsheets(folder: Path) -> None:
    """Put all cells of the tables that `write_table` wrote below a folder so."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (delimiter := _TABLES.get(path.suffix)):
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file, delimiter=delimiter))
            cells = (tuple(map(for_spreadsheets, row)) for row in rows)
            write_table(path, (), cells, delimiter=delimiter)


def one_word(text: str, *, is_iri: bool = False) -> str:
    """A text that is one word between spaces: white space is percent-encoded.

    So are percent signs, that `unquote` gives the text back; those of an IRI are its own.
    """
    return re.sub(r"\s" if is_iri else r"[\s%]", lambda found: quote(found[0]), one_line(text))


def entity_labels(dataset: Dataset) -> list[str]:
    """A label for each entity, different from all others: its IRI, or `entity_7` without one."""
    iris = [one_line(dataset.catalogue.entity_iri(n)) for n in range(dataset.n_entities)]
    return _distinct(iris, "entity")


def relation_labels(dataset: Dataset) -> list[str]:
    """A label for each relation: its IRI (`^` before that of an inverse), or `relation_7`."""
    iris = [one_line(dataset.catalogue.relation_iri(n)) for n in range(dataset.n_relations)]
    return _distinct(iris, "relation")


def write_table(
    path: Path,
    heading: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    delimiter: str = ",",
) -> None:
    """Write a table whose cells are quoted where they hold the delimiter or a quotation mark.

    Args:
        path: the file.
        heading: names of the columns; empty for a file without a heading.
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
