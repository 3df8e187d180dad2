"""Hold the sampled first rows of a file (`Sample`, `Column`); group alike files by pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from glob import escape
from pathlib import Path
from typing import Any, Final

from kg_builder.errors import DataError
from kg_builder.extraction.collector import plain_id
from kg_builder.extraction.tabular import Cell, Chunk, RowsConfig, read_rows
from kg_builder.extraction.tabular.list_cells import values_in
from kg_builder.extraction.values import is_placeholder
from kg_builder.extraction.values.amounts import parse_amount
from kg_builder.packed_files import without_packing

ROWS: Final = 2_000
"""Rows to sample."""

COLUMNS: Final = 1_000
"""Columns to look at."""

MOST_ROWS: Final = 1_000_000
"""Rows of which the ids are read, to find references to them."""

ENCODINGS: Final[tuple[str, ...]] = RowsConfig.model_fields["encodings"].default
NULLS: Final = frozenset({"", *RowsConfig.model_fields["nulls"].default})


@dataclass(frozen=True)
class Column:
    """A column's values in the first rows; a cell may hold several."""

    name: str
    cells: tuple[Cell, ...]

    @property
    def values(self) -> list[str]:
        """The non-empty values, in order, of lists their elements."""
        return [value for cell in self.cells for value in values_in(cell, words="several") if value]

    @property
    def distinct(self) -> set[str]:
        """Different values."""
        return set(self.values)

    @property
    def ids(self) -> set[str]:
        """The different values as a build compares ids: "8.0" is 8."""
        return set(map(plain_id, self.values))

    @property
    def is_unique(self) -> bool:
        """Whether no value occurs twice and no cell is empty."""
        return len(self.distinct) == len(self.cells) == len(self.values)


@dataclass(frozen=True)
class Sample:
    """A sample of a file.

    Attributes:
        path: below the raw folder, with `/`; a pattern if several files are alike.
        layout: recipe keys of the file's layout, besides the path.
        columns: by name.
        rows: number of sampled rows.
        further: number of columns that were not looked at.
        about: the kind of entity of the rows, if their place in the file tells it.
        above: that of the objects around the rows, of which there is a sample, too.
        renamed: columns whose name in the heading another one has, and this name.
        root: the folder that `path` is below; none if the file cannot be read again.
        places: what messages call the place of each row ("line 7"); empty if it is unknown.
    """

    path: str
    layout: Mapping[str, Any]
    columns: Mapping[str, Column]
    rows: int
    further: int = 0
    about: str = ""
    above: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    root: Path | None = None
    places: Sequence[str] = ()
    _read: dict[str, tuple[set[str], bool]] = field(default_factory=dict, init=False, compare=False)
    _ids: dict[str, tuple[set[str], bool]] = field(default_factory=dict, init=False, compare=False)

    @property
    def is_all(self) -> bool:
        """Whether all rows are sampled."""
        return self.rows < ROWS and not any(sign in self.path for sign in "*?[")

    def all_values(self, name: str) -> tuple[set[str], bool]:
        """The different values of a column in the whole file, and whether these are all.

        They are not if the file has more than `MOST_ROWS` rows, or cannot be read again.
        """
        if self.is_all or self.root is None:
            return self.columns[name].distinct, self.is_all
        if name not in self._read:
            self._read[name] = self._values_in_file(name, self.root)
        return self._read[name]

    def all_ids(self, name: str) -> tuple[set[str], bool]:
        """Those of `all_values` as a build compares ids."""
        if name not in self._ids:
            values, is_all = self.all_values(name)
            self._ids[name] = set(map(plain_id, values)), is_all
        return self._ids[name]

    def rows_of(self, *names: str) -> Iterator[tuple[Cell, ...]]:
        """The cells of some columns, row by row: of the whole file, if it can be read again.

        They are those of the sampled rows, if not, and of at most `MOST_ROWS` rows.
        """
        rows = 0
        if not self.is_all and self.root is not None:
            with suppress(DataError):  # the build reports it
                for chunk in self._chunks(self.root, names):
                    yield from zip(*(chunk.columns[name] for name in names), strict=True)
                    rows += len(chunk)
                    if rows >= MOST_ROWS:
                        return
        if not rows:
            yield from zip(*(self.columns[name].cells for name in names), strict=True)

    def _chunks(self, root: Path, names: Sequence[str]) -> Iterator[Chunk]:
        return iter(read_rows(RowsConfig(path=self.path, **self.layout), root, columns=names))

    def _values_in_file(self, name: str, root: Path) -> tuple[set[str], bool]:
        found, rows = self.columns[name].distinct, 0
        try:
            for chunk in self._chunks(root, [name]):
                found |= set(Column(name, tuple(chunk.columns[name])).values)
                rows += len(chunk)
                if rows >= MOST_ROWS:
                    return found, False
        except DataError:  # the build reports it
            return found, False
        return found, True

    @property
    def _table(self) -> str:
        sql = self.layout.get("sql", {})
        return str(sql.get("table") or sql.get("query", ""))

    @property
    def shown(self) -> str:
        """The file for messages, with the table of a database."""
        return f"{self.path}, table {self._table}" if self._table else self.path

    @property
    def key(self) -> str:
        """What tells the sample from others, of the same file, too."""
        return f"{self.path}#{self.layout.get('rows', '')}#{self._table}"

    @property
    def stem(self) -> str:
        """The name of the file without its endings, or of a database's table."""
        if self._table:
            return self._table
        return without_packing(Path(self.path).name).partition(".")[0]


def with_patterns(samples: list[Sample], root: Path) -> list[Sample]:
    """Group files of a folder with equal columns and names that differ in digits as a pattern.

    Args:
        samples: files below `root`, where they can be read again.
        root: the raw folder; a pattern must match the files of a group there, and no others.
    """
    groups: dict[tuple[Path, str, str], list[Sample]] = {}
    for sample in (replace(one, root=root) for one in samples):
        pattern = re.sub(r"\d+(?:[-_]\d+)*", "*", escape(Path(sample.path).name))
        key = (Path(sample.path).parent, pattern, str(sorted(sample.layout.items())))
        groups.setdefault(key, []).append(sample)
    found: list[Sample] = []
    for (folder, pattern, _), group in groups.items():
        path = (Path(escape(str(folder))) / pattern).as_posix()
        given = {(root / sample.path).resolve() for sample in group}
        columns = [set(sample.columns) for sample in group]
        alike = columns[0] and all(one & columns[0] for one in columns)
        if len(group) > 1 and alike and {p.resolve() for p in root.glob(path)} == given:
            most = max(group, key=lambda sample: len(sample.columns))
            found.append(replace(most, path=path, places=()))
        else:
            found += group
    return found


def without_placeholders(values: Iterable[str]) -> list[str]:
    """Values without those that stand for nothing, such as "unknown" and "-"."""
    return [value for value in values if not is_placeholder(value, "Entity")]


def number_in(text: str) -> float | None:
    """Parse a number in any notation; the ambiguous "1,234" counts as thousands."""
    found = parse_amount(text) or parse_amount(text, ".")
    return None if found is None else float(found.number)


def is_number(text: str) -> bool:
    """Whether a text is a number in any notation."""
    return number_in(text) is not None
