"""Read the rows of any supported file in chunks of columns; filter them and list rejected rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from kg_builder.errors import DataError
from kg_builder.extraction.arrow_batches import Reject
from kg_builder.extraction.tabular.config import (
    Cell,
    Chunk,
    Filter,
    RowsConfig,
    missing_column,
    unique_names,
)
from kg_builder.extraction.tabular.sql import sql_rows
from kg_builder.extraction.tabular.text_lines import (
    check_separator,
    json_rows,
    line_blocks,
    plain_columns,
    quote,
    quoted_rows,
    separator,
)
from kg_builder.extraction.tabular.typed_formats import excel_rows, parquet_rows
from kg_builder.packed_files import Stream, open_binary
from kg_builder.progress import Progress, silent


def verdict_on(cell: Cell, condition: Filter) -> bool | None:
    """Whether a cell meets a condition; none where a number is asked for and it is not one."""
    if condition.equals and cell not in condition.equals:
        return False
    if condition.min is None and condition.max is None:
        return True
    try:
        number = float(cell) if isinstance(cell, str) else math.nan
    except ValueError:
        return None
    if math.isnan(number):
        return None
    return (condition.min is None or number >= condition.min) and (
        condition.max is None or number <= condition.max
    )


class RowReader:
    """Iterate over a file's rows in chunks; afterwards `rejects` and `counts` are complete.

    Counts: `rows read`, `rows used`, `rows rejected` and, where conditions are given, `rows
    outside the filter`; they add up.

    Args:
        config: layout of the file.
        root: raw folder that the path is relative to.
        columns: columns wanted; all of them by default.
        chunk_rows: rows held at a time.
        progress: called with the bytes read so far and the size of the file.

    Raises:
        DataError: while iterating: no such file, a missing column, damaged compression.
    """

    def __init__(
        self,
        config: RowsConfig,
        root: Path,
        *,
        columns: Sequence[str] | None = None,
        chunk_rows: int = 50_000,
        progress: Progress = silent,
    ) -> None:
        self.config, self.path = config, root / config.path
        self.rejects: list[Reject] = []
        self.counts: Counter[str] = Counter()
        self._columns, self._chunk_rows, self._progress = columns, chunk_rows, progress
        self._is_typed = config.layout in {"parquet", "excel", "sql"}
        self._prefix = f"{config.path or _database(config)}#{self.place}="
        self._nulls = frozenset({"", *config.nulls})

    @property
    def place(self) -> str:
        """What the numbers count: lines of a text, rows of Parquet."""
        return "row" if self._is_typed else "line"

    def evidence(self, number: int) -> str:
        """Where a row stands."""
        return f"{self._prefix}{number}"

    def __iter__(self) -> Iterator[Chunk]:
        self.rejects, self.counts = [], Counter()
        if self._is_typed:
            yield from self._finished(self._typed())
            return
        with open_binary(self.path) as stream:
            size = self.path.stat().st_size
            rows = self._json(stream) if self.config.layout == "jsonl" else self._delimited(stream)
            for chunk in self._finished(rows):
                yield chunk
                self._progress(stream.position, size)

    def complain(self, reason: str, number: int, detail: str = "") -> None:
        """Note a row that is not used."""
        self.rejects.append(Reject(reason, self.evidence(number), detail))
        self.counts["rows rejected"] += 1

    def refuse(self, reason: str, number: int, detail: str = "") -> None:
        """Note a row that was read well, but that whoever iterates cannot use."""
        self.complain(reason, number, detail)
        self.counts["rows used"] -= 1

    def leave_out(self, what: str, count: int) -> None:
        """Count rows that were read well, but that whoever iterates is not to use."""
        if count:
            self.counts[what] += count
            self.counts["rows used"] -= count

    def frame(self) -> pd.DataFrame:
        """All rows at once: the columns as strings and `place`, the number of each row's line.

        Several values of one cell are joined by a vertical bar.
        """
        chunks = list(self)
        names = list(chunks[0].columns) if chunks else list(self._columns or self.config.names)
        data: dict[str, pd.Series] = {
            name: pd.Series(
                [
                    "|".join(cell) if isinstance(cell, tuple) else cell
                    for chunk in chunks
                    for cell in chunk.columns[name]
                ],
                dtype="string[pyarrow]",
            )
            for name in names
        }
        places = [place for chunk in chunks for place in chunk.places]
        return pd.DataFrame({**data, "place": pd.Series(places, dtype="int64[pyarrow]")})

    # ------------------------------------------------------------------------------ formats

    def _typed(self) -> Iterator[Chunk]:
        columns, nulls, size = self._columns, self._nulls, self._chunk_rows
        if self.config.layout == "parquet":
            return parquet_rows(self.path, columns, nulls, size)
        if self.config.layout == "excel":
            return excel_rows(self.path, self.config, columns, nulls, size, self._complain_read)
        if self.config.sql is None:
            raise DataError("say with 'sql' which table or query is read", where=str(self.path))
        return sql_rows(
            self.config.sql, self.path if self.config.path else None, columns, nulls, size
        )

    def _blocks(self, stream: Stream) -> Iterator[tuple[int, list[str]]]:
        return line_blocks(
            stream,
            encodings=self.config.encodings,
            max_line=self.config.max_line,
            complain=self._complain_read,
            counts=self.counts,
        )

    def _complain_read(self, reason: str, number: int, detail: str = "") -> None:
        self.counts["rows read"] += 1
        self.complain(reason, number, detail)

    def _delimited(self, stream: Stream) -> Iterator[Chunk]:
        check_separator(self.config)
        blocks = _skip(self._blocks(stream), self.config.skip_rows)
        return self._quoted(blocks) if quote(self.config) else self._plain(blocks)

    def _plain(self, blocks: Iterable[tuple[int, list[str]]]) -> Iterator[Chunk]:
        cut, to_skip = separator(self.config), self.config.skip_after_header
        names = list(self.config.names)
        wanted = None if self.config.header else self._wanted(names)
        for first, lines in blocks:
            start = 0
            while start < len(lines) and (wanted is None or to_skip):
                line, start = lines[start], start + 1
                if line and wanted is None:
                    names = names or unique_names(line.split(cut))
                    wanted = self._wanted(names)
                elif line:
                    to_skip -= 1
            if wanted is not None and start < len(lines):
                places, columns = plain_columns(
                    lines[start:], first + start, len(names), cut, self._complain_read
                )
                self.counts["rows read"] += len(places)
                yield self._chunk(places, dict(zip(names, columns, strict=True)), wanted)

    def _quoted(self, blocks: Iterable[tuple[int, list[str]]]) -> Iterator[Chunk]:
        rows = quoted_rows(blocks, self.config, self._complain_read)
        names = list(self.config.names)
        if self.config.header:
            _, heading = next(rows, (0, []))
            names = names or unique_names(heading)
        wanted, width = self._wanted(names), len(names)
        rows = islice(rows, self.config.skip_after_header, None)
        while batch := list(islice(rows, self._chunk_rows)):
            good = []
            for number, cells in batch:
                if len(cells) == width:
                    good.append((number, cells))
                else:
                    self._complain_read(
                        "wrong number of cells", number, f"{len(cells)} instead of {width}"
                    )
            self.counts["rows read"] += len(good)
            columns = zip(*(cells for _, cells in good), strict=True) if good else [()] * width
            yield self._chunk(
                [number for number, _ in good], dict(zip(names, columns, strict=True)), wanted
            )

    def _chunk(
        self, places: list[int], columns: Mapping[str, Sequence[str]], wanted: Sequence[str]
    ) -> Chunk:
        nulls = self._nulls
        return Chunk(
            {
                name: [None if cell in nulls else cell for cell in map(str.strip, columns[name])]
                for name in wanted
            },
            places,
        )

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

    def _wanted(self, names: Sequence[str]) -> list[str]:
        if self._columns is None:
            return list(names)
        for column in self._columns:
            if column not in names:
                raise missing_column(column, names, str(self.path))
        return list(dict.fromkeys(self._columns))

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
        verdicts = {cell: verdict_on(cell, condition) for cell in set(cells)}
        for cell, number in zip(cells, chunk.places, strict=True):
            if verdicts[cell] is None:
                self.complain("not a number", number, f"{condition.column}={cell}")
        keep = [bool(verdicts[cell]) for cell in cells]
        if outside := sum(verdicts[cell] is False for cell in cells):
            self.counts["rows outside the filter"] += outside
        return chunk if all(keep) else chunk.rows(keep)


def read_rows(
    config: RowsConfig,
    root: Path,
    *,
    columns: Sequence[str] | None = None,
    chunk_rows: int = 50_000,
    progress: Progress = silent,
) -> RowReader:
    """Read a file of rows: iterate over the result for chunks, or take `.frame()`."""
    return RowReader(config, root, columns=columns, chunk_rows=chunk_rows, progress=progress)


def _database(config: RowsConfig) -> str:
    """What stands for the file in evidence: the table, never the address."""
    return f"sql:{config.sql.table or 'query'}" if config.sql else ""


def _skip(blocks: Iterator[tuple[int, list[str]]], count: int) -> Iterator[tuple[int, list[str]]]:
    for first, lines in blocks:
        if first <= count:
            drop = count - first + 1
            yield first, [""] * min(drop, len(lines)) + lines[drop:]
        else:
            yield first, lines
