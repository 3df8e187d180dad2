"""Read rows of any supported file in chunks of columns; filter them, list rejected rows."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kg_builder.errors import DataError
from kg_builder.extraction.arrow_batches import Reject
from kg_builder.extraction.tabular.config import (
    Cell,
    Chunk,
    CodedCells,
    Filter,
    RowsConfig,
    columns_of,
    joined_headings,
    missing_column,
    unique_names,
)
from kg_builder.extraction.tabular.list_cells import structure_in
from kg_builder.extraction.tabular.nested_json import (
    Nested,
    NestedRows,
    documents_in_file,
    documents_in_lines,
)
from kg_builder.extraction.tabular.text_lines import (
    BLOCK,
    LARGE_BLOCK,
    Columns,
    LineRange,
    QuotedRows,
    check_separator,
    coded_columns,
    end_with_separator,
    json_rows,
    line_blocks,
    plain_columns,
    quote,
    regrouped,
    separator,
    text_of_term,
    without_first,
    without_hint,
)
from kg_builder.extraction.tabular.typed_cells import cell_of
from kg_builder.packed_files import Stream, matching_files, open_binary
from kg_builder.progress import Progress, silent
from kg_builder.tables import Categories

Wanted = Mapping[str, tuple[str, str]]
"""Name of a required cell → (column, path below it)."""


class RowReader:
    """Iterate over a file's rows in chunks; afterwards `rejects` and `counts` are complete.

    Counts: `rows read`, `rows used`, `rows rejected` and, with filters, `rows outside the filter`;
    they add up.

    Args:
        config: layout of the file.
        root: raw folder that the path is relative to.
        columns: required columns; all by default.
        lines: the lines to read, of a plain delimited file; by default all of it.
        chunk_rows: rows per chunk.
        progress: called with the bytes read so far and the size of the file.

    Attributes:
        names: all columns of a delimited file, once its heading has been read; none if its cells
            are RDF terms.

    Raises:
        DataError: while iterating: no such file, a missing column, damaged compression.
    """

    def __init__(
        self,
        config: RowsConfig,
        root: Path,
        *,
        columns: Sequence[str] | None = None,
        lines: LineRange | None = None,
        chunk_rows: int = 50_000,
        progress: Progress = silent,
    ) -> None:
        self.config, self.path, self._root = config, root / config.path, root
        self._lines, self.names = lines, list[str]()
        self.renamed = dict[str, str]()
        self.rejects: list[Reject] = []
        self.counts: Counter[str] = Counter()
        self._columns, self._chunk_rows, self._progress = columns, chunk_rows, progress
        self._is_typed = config.layout in {"parquet", "excel", "html", "sql"}
        self._prefix = f"{config.path or _database(config)}#{self.place}="
        self._nulls = frozenset({"", *config.nulls} - set(config.real_names))
        self._unread: dict[int, str] = {}
        self._heading_awaited = config.header
        self._has_terms = False
        """Whether cells are RDF terms, as in SPARQL results in TSV."""
        self._pointers: list[str] = []
        self._coded = False
        """Whether columns of delimited files are read as `CodedCells` where possible."""

    @property
    def place(self) -> str:
        """Unit of the row numbers: lines of a text, rows of Parquet."""
        return "row" if self._is_typed else "line"

    def evidence(self, number: int) -> str:
        """The location of a row."""
        if self._pointers and number <= len(self._pointers):
            return f"{self.config.path}#{self._pointers[number - 1]}"
        return f"{self._prefix}{number}"

    def evidence_of(self, numbers: Sequence[int]) -> pa.Array:
        """The locations of a chunk's rows: `evidence` of each number."""
        if self._pointers:
            return pa.array(map(self.evidence, numbers), pa.string())
        found: Any = numbers
        if isinstance(numbers, range):  # much faster than number by number
            found = np.arange(numbers.start, numbers.stop)
        return pc.binary_join_element_wise(self._prefix, pa.array(found).cast(pa.string()), "")

    def __iter__(self) -> Iterator[Chunk]:
        self.rejects, self.counts = [], Counter()
        self._unread, self._heading_awaited = {}, self.config.header
        if self._is_typed:
            yield from self._finished(self._typed())
            return
        lines = self._lines
        with open_binary(self.path, (lines.start, lines.end) if lines else None) as stream:
            size = lines.end - lines.start if lines else self.path.stat().st_size
            rows = self._text(stream)
            for chunk in self._finished(rows):
                yield chunk
                self._progress(stream.position, size)

    def complain(self, reason: str, number: int, detail: str = "") -> None:
        """Add a row as a reject."""
        self.refuse_value(reason, number, detail)
        self.counts["rows rejected"] += 1

    def refuse_value(self, reason: str, number: int, detail: str = "") -> None:
        """Add a cell of a used row as a reject."""
        self.rejects.append(Reject(reason, self.evidence(number), detail))

    def refuse(self, reason: str, number: int, detail: str = "") -> None:
        """Add a well-formed row that the caller cannot use as a reject."""
        self.complain(reason, number, detail)
        self.counts["rows used"] -= 1

    def leave_out(self, what: str, count: int) -> None:
        """Count well-formed rows that the caller must not use."""
        if count:
            self.counts[what] += count
            self.counts["rows used"] -= count

    def frame(self, each: Callable[[Chunk], None] | None = None) -> pd.DataFrame:
        """Read all rows as a frame: the columns as categories, and `evidence` of each row.

        Several values of one cell are joined by a vertical bar; `each` is called with every chunk.
        """
        columns: dict[str, Categories] = {}
        evidence = [pa.array([], pa.string())]
        self._coded = True
        for chunk in self:
            if each is not None:
                each(chunk)
            for name in columns or chunk.columns:
                cells, column = chunk.columns[name], columns.setdefault(name, Categories())
                if isinstance(cells, CodedCells):
                    column.add_codes(cells.values, cells.codes)
                else:
                    column.add(_joined(cells))
            evidence.append(self.evidence_of(chunk.places))
        if not columns:
            columns = {name: Categories() for name in self._columns or self.config.names}
        data = {name: column.whole() for name, column in columns.items()}
        whole = pd.arrays.ArrowExtensionArray(pa.chunked_array(evidence))
        return pd.DataFrame({**data, "evidence": whole})

    # ------------------------------------------------------------------------------ formats

    def _typed(self) -> Iterator[Chunk]:
        # lazy imports: openpyxl and SQLAlchemy are slow to load and rarely needed
        from kg_builder.extraction.tabular.sql import sql_rows
        from kg_builder.extraction.tabular.typed_formats import excel_rows, parquet_rows

        columns, nulls, size = self._columns, self._nulls, self._chunk_rows
        if self.config.layout == "parquet":
            return parquet_rows(self.path, columns, nulls, size, coded=self._coded)
        if self.config.layout == "excel":
            complain, named = self._complain_read, self._renamed
            return excel_rows(self.path, self.config, columns, nulls, size, complain, named)
        if self.config.layout == "html":
            from kg_builder.extraction.tabular.html_tables import html_rows

            with open_binary(self.path) as stream:
                return iter([html_rows(stream, self.config, columns, nulls, self._renamed)])

        if self.config.sql is None:
            raise DataError("set 'sql' to the table or query to read", where=str(self.path))
        return sql_rows(
            self.config.sql, self.path if self.config.path else None, columns, nulls, size
        )

    def _text(self, stream: Stream) -> Iterator[Chunk]:
        layout = self.config.layout
        if layout == "xml":
            return self._rows_of(self._elements(stream), "")
        if layout == "json" or self.config.rows:
            return self._nested(stream)
        return self._json(stream) if layout == "jsonl" else self._delimited(stream)

    def _blocks(self, stream: Stream) -> Iterator[tuple[int, list[str]]]:
        return line_blocks(
            stream,
            encodings=self.config.encodings,
            max_line=self.config.max_line,
            complain=self._complain_read,
            counts=self.counts,
            number=self._lines.number if self._lines else 1,
            size=LARGE_BLOCK if self._coded else BLOCK,
        )

    def _complain_read(self, reason: str, number: int, detail: str = "") -> None:
        # a line of the file, even if rows are numbered differently (`_pointers`)
        self.rejects.append(Reject(reason, f"{self._prefix}{number}", detail))
        self.counts["rows read"] += 1
        self.counts["rows rejected"] += 1
        if self._heading_awaited and number > self.config.skip_rows:
            self._unread.setdefault(number, reason)

    def _heading(self, number: int, rows: Sequence[Sequence[str]]) -> list[str]:
        """Names of the columns; `number` is the line of the last row.

        Raises:
            DataError: the heading line could not be read.
        """
        self._heading_awaited = False
        for line, reason in self._unread.items():
            if line < number or not number:
                raise DataError(
                    f"the heading cannot be read: {reason}",
                    where=f"{self.path}, line {line}",
                    remedy="fix the line, or raise max_line; or skip it with skip_rows and give "
                    "the columns' names",
                )
        names = list(self.config.names) or self._renamed(joined_headings(rows))
        self._has_terms = separator(self.config) == "\t" and all(
            name[:1] == "?" and name[1:2].isalpha() for name in names
        )
        return [self._variable(name) for name in names] if self._has_terms else names

    def _renamed(self, heading: Sequence[str]) -> list[str]:
        """Unique names of columns; those that are new are counted."""
        names = unique_names(heading)
        self.renamed = {
            new: old
            for raw, new in zip(heading, names, strict=True)
            if (old := raw.strip().lstrip("\ufeff")) and old != new
        }
        for new, old in self.renamed.items():
            self.counts[f"columns whose name {old!r} another one has, read as {new!r}"] += 1
        return names

    def _variable(self, name: str) -> str:
        """A variable of SPARQL results, with its question mark if the recipe has it too."""
        return name if name in (self._columns or ()) else name[1:]

    def _delimited(self, stream: Stream) -> Iterator[Chunk]:
        check_separator(self.config)
        blocks = self._blocks(stream)
        if self._lines is None or not self._lines.start:
            blocks = without_hint(blocks)
        blocks = without_first(blocks, self.config.skip_rows)
        return self._quoted(blocks) if quote(self.config) else self._plain(blocks)

    def _plain(self, blocks: Iterable[tuple[int, list[str]]]) -> Iterator[Chunk]:
        cut, to_skip = separator(self.config), self.config.skip_after_header
        names = list(self.config.names)
        wanted = None if self.config.header else self._wanted(names)
        headings: list[list[str]] = []
        rows_seen = False
        for first, lines in blocks:
            start = 0
            while start < len(lines) and (wanted is None or to_skip):
                line, start = lines[start], start + 1
                if line and wanted is None:
                    headings.append(line.split(cut))
                    if len(headings) == self.config.header_rows:
                        names = self._heading(first + start - 1, headings)
                        wanted = self._wanted(names)
                elif line:
                    to_skip -= 1
            if wanted is not None and start < len(lines):
                if not rows_seen and any(lines[start:]):
                    names, rows_seen = self._with_last(names, lines[start:]), True
                places, columns = self._columns_of(lines[start:], first + start, names, wanted)
                yield self._chunk(places, columns, wanted)
        if wanted is None and self._unread:
            self._heading(0, [[]])

    def _columns_of(
        self, lines: list[str], first: int, names: Sequence[str], wanted: Wanted
    ) -> Columns:
        """Split unquoted lines; returns the numbers of those used, and the columns by name."""
        lines, cut = self._padded(lines, len(names)), separator(self.config)
        if self._coded:
            coded = coded_columns(lines, names, cut, {column for column, _ in wanted.values()})
            if coded is not None:
                self.counts["rows read"] += len(lines)
                return range(first, first + len(lines)), coded
        numbers, columns = plain_columns(lines, first, len(names), cut, self._complain_read)
        self.counts["rows read"] += len(numbers)
        return numbers, dict(zip(names, columns, strict=True))

    def _padded(self, lines: list[str], width: int) -> list[str]:
        """Fill up lines with fewer cells, if the recipe allows them."""
        if not self.config.short_rows:
            return lines
        cut = separator(self.config)
        return [line and line + cut * (width - 1 - line.count(cut)) for line in lines]

    def _with_last(self, names: list[str], lines: Sequence[str]) -> list[str]:
        """The columns, and one without name if a separator ends the file's first rows."""
        is_first = self._lines is None or not self._lines.start
        if is_first and end_with_separator(lines, len(names), self.config):
            names = [*names, ""]
            self.names = names if self.names else []
        return names

    def _quoted(self, blocks: Iterable[tuple[int, list[str]]]) -> Iterator[Chunk]:
        quoted = QuotedRows(blocks, self.config, self._complain_read)
        rows, names = iter(quoted), list(self.config.names)
        if self.config.header:
            headings = list(islice(rows, self.config.header_rows)) or [(0, [])]
            names = self._heading(headings[-1][0], [cells for _, cells in headings])
        wanted, quoted.width = self._wanted(names), len(names)
        for _ in islice(rows, self.config.skip_after_header):
            pass
        names = self._with_last(names, quoted.ahead())
        quoted.width = len(names)
        pieces = self._pieces(quoted, names, wanted)
        for places, columns in pieces if self._coded else regrouped(pieces, self._chunk_rows):
            yield self._chunk(places, columns, wanted)

    def _pieces(
        self, quoted: QuotedRows, names: Sequence[str], wanted: Wanted
    ) -> Iterator[Columns]:
        """Yield row numbers and columns, block by block."""
        width = len(names)
        while quoted.has_more():
            first, lines = quoted.plain_lines()
            if lines:
                places, columns = self._columns_of(lines, first, names, wanted)
            else:
                places, good = [], []
                for number, cells in quoted.of_block():
                    if self.config.short_rows:
                        cells = [*cells, *[""] * (width - len(cells))]
                    if len(cells) == width:
                        places.append(number)
                        good.append(cells)
                    else:
                        self._complain_read(
                            "wrong number of cells", number, f"{len(cells)} instead of {width}"
                        )
                self.counts["rows read"] += len(places)
                columns = dict(zip(names, zip(*good, strict=True), strict=True)) if good else {}
            if places:
                yield places, columns

    def _chunk(
        self,
        places: Sequence[int],
        columns: Mapping[str, Sequence[str | None]],
        wanted: Wanted,
    ) -> Chunk:
        found = dict[str, Sequence[Cell]]()
        for name, (column, path) in wanted.items():
            cells = self._cells(columns[column])
            found[name] = self._inside(name, cells, path, places) if path else cells
        return Chunk(found, places)

    def _cells(self, texts: Sequence[str | None]) -> Sequence[Cell]:
        """The texts as cells, without white space at their ends and without nulls."""
        if isinstance(texts, CodedCells):
            return CodedCells(self._cleaned(texts.values), texts.codes)
        return self._cleaned(texts)

    def _cleaned(self, texts: Iterable[str | None]) -> list[str | None]:
        nulls = self._nulls
        cells: Iterable[str] = (text.strip() if text else "" for text in texts)
        if self._has_terms:
            cells = map(text_of_term, cells)
        return [None if cell in nulls else cell for cell in cells]

    def _inside(
        self, name: str, cells: Sequence[Cell], path: str, places: Sequence[int]
    ) -> list[Cell]:
        """The value at a path below objects and lists written in a cell."""
        found = [cell_of(cell, path, self._nulls) for cell in cells]
        for cell, value, number in zip(cells, found, places, strict=True):
            if isinstance(cell, str) and value is None and structure_in(cell) is None:
                self.refuse_value("not a list or object", number, f"{name}={cell[:80]}")
        return found

    def _json(self, stream: Stream) -> Iterator[Chunk]:
        yield from json_rows(
            self._blocks(stream),
            wanted=self._columns,
            nulls=self._nulls,
            chunk_rows=self._chunk_rows,
            counts=self.counts,
            complain=self.complain,
            where=str(self.path),
        )

    def _nested(self, stream: Stream) -> Iterator[Chunk]:
        config, complain = self.config, self._complain_read
        if config.layout == "jsonl":
            lines = (
                line for first, block in self._blocks(stream) for line in enumerate(block, first)
            )
            found = documents_in_lines(lines, complain)
        else:
            found = documents_in_file(stream, config.encodings, complain)
        return self._rows_of(found, config.rows)

    def _elements(self, stream: Stream) -> Iterator[Nested]:
        """Yield the elements of an XML file that are rows.

        Raises:
            DataError: there are none.
        """
        from kg_builder.extraction.xml_elements import elements_at  # lazy: loads lxml

        seen: dict[str, None] = {}
        count = 0
        path = self.config.rows.split(".")
        for pointer, value in elements_at(stream, path, self._complain_read, seen):
            count += 1
            yield Nested(value, pointer)
        if not count and not self.rejects:
            raise DataError(
                f"no elements at {self.config.rows!r}",
                where=str(self.path),
                remedy=f"set 'rows' to the path of the rows; there are: {', '.join(seen)}",
            )

    def _rows_of(self, found: Iterator[Nested], path: str) -> Iterator[Chunk]:
        rows = NestedRows(
            found,
            path,
            wanted=self._columns,
            nulls=self._nulls,
            chunk_rows=self._chunk_rows,
            counts=self.counts,
            where=str(self.path),
        )
        self._pointers = rows.pointers
        return iter(rows)

    def _wanted(self, names: Sequence[str]) -> Wanted:
        """(column, path below it) of each required cell."""
        self.names = [] if self._has_terms else list(names)
        wanted = names if self._columns is None else self._columns
        return columns_of(wanted, names, str(self.path))

    # ------------------------------------------------------------------------------ filters

    def _finished(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        for chunk in chunks:
            if self._is_typed:
                self.counts["rows read"] += len(chunk)
            for condition in self.config.where:
                chunk = self._filtered(chunk, condition)
            self.counts["rows used"] += len(chunk)
            if len(chunk):
                yield chunk

    def _filtered(self, chunk: Chunk, condition: Filter) -> Chunk:
        if condition.column not in chunk.columns:
            raise missing_column(condition.column, list(chunk.columns), str(self.path))
        cells = chunk.columns[condition.column]
        verdicts = {cell: condition.verdict(cell, self.config.decimal) for cell in set(cells)}
        for cell, number in zip(cells, chunk.places, strict=True):
            if verdicts[cell] is None:
                self.complain("not a number", number, f"{condition.column}={cell}")
        keep = [bool(verdicts[cell]) for cell in cells]
        if outside := sum(verdicts[cell] is False for cell in cells):
            self.counts["rows outside the filter"] += outside
        return chunk if all(keep) else chunk.rows(keep)


class FilesReader(RowReader):
    """The rows of all files that match a pattern, in the order of their names, one after another.

    Rows are numbered across files, so that numbers are unique; evidence has the file.
    """

    def __iter__(self) -> Iterator[Chunk]:
        self.rejects, self.counts = [], Counter()
        self._starts: list[int] = []
        self._parts: list[RowReader] = []
        root, last = self._root, 0
        for path in matching_files(root, self.config.path):
            part = RowReader(
                self.config.model_copy(
                    update={
                        "path": path.relative_to(root).as_posix(),
                        "format": self.config.layout,
                    }
                ),
                root,
                columns=self._columns,
                chunk_rows=self._chunk_rows,
                progress=self._progress,
            )
            part._coded = self._coded
            self._starts.append(last)
            self._parts.append(part)
            for chunk in part:
                places = _shifted(chunk.places, self._starts[-1])
                last = max(last, max(places))
                self._take_rejects(part)
                yield Chunk(chunk.columns, places)
            self._take_rejects(part)
            self.counts.update(part.counts)

    def evidence(self, number: int) -> str:
        """The file and location of a row."""
        part = bisect_left(self._starts, number) - 1
        return self._parts[part].evidence(number - self._starts[part])

    def evidence_of(self, numbers: Sequence[int]) -> pa.Array:
        """The files and locations of a chunk's rows: `evidence` of each number."""
        part = bisect_left(self._starts, numbers[0]) - 1
        return self._parts[part].evidence_of(_shifted(numbers, -self._starts[part]))

    def _take_rejects(self, part: RowReader) -> None:
        self.rejects += part.rejects
        part.rejects = []


def read_rows(
    config: RowsConfig,
    root: Path,
    *,
    columns: Sequence[str] | None = None,
    lines: LineRange | None = None,
    chunk_rows: int = 50_000,
    progress: Progress = silent,
) -> RowReader:
    """Read a file of rows, or all files of a pattern: iterate over chunks, or call `.frame()`."""
    several = any(sign in config.path for sign in "*?[") and not (root / config.path).is_file()
    reader = FilesReader if several else RowReader
    return reader(
        config, root, columns=columns, lines=lines, chunk_rows=chunk_rows, progress=progress
    )


def _shifted(numbers: Sequence[int], by: int) -> Sequence[int]:
    if isinstance(numbers, range):
        return range(numbers.start + by, numbers.stop + by)
    return [number + by for number in numbers]


def _database(config: RowsConfig) -> str:
    """Name of the source in evidence: the table, never the address."""
    return f"sql:{config.sql.table or 'query'}" if config.sql else ""


def _joined(cells: Sequence[Cell]) -> Sequence[str | None]:
    if tuple not in set(map(type, cells)):
        return cast(Sequence[str | None], cells)
    lists = ((cell,) if isinstance(cell, str) else cell for cell in cells)
    return [None if cell is None else "|".join(filter(None, cell)) for cell in lists]
