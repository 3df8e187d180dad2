"""Divide files of rows into ranges of lines; read rows into one frame by units of work."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from kg_builder.errors import DataError
from kg_builder.extraction.arrow_batches import Reject
from kg_builder.extraction.tabular import Chunk, CodedCells, RowReader, RowsConfig, read_rows
from kg_builder.extraction.tabular.list_cells import OPENING, list_in
from kg_builder.extraction.tabular.text_lines import LineRange, is_cut_at_line_ends, quote
from kg_builder.packed_files import matching_files
from kg_builder.progress import Progress, silent
from kg_builder.tables import Categories
from kg_builder.units import FilePart, Unit

RANGE: Final = 16 << 20
"""Approximate bytes of a range."""

_ROWS: Final = "rows.arrow"
_REST: Final = "rest.json"


Layout = TypeVar("Layout", bound=RowsConfig)


@dataclass(frozen=True)
class RowFrame:
    """The rows of a table.

    Attributes:
        rows: the columns as categories, and `evidence`, the location of each row.
        rejects: rows that could not be read.
        counts: see `RowReader`.
    """

    rows: pd.DataFrame
    rejects: list[Reject]
    counts: Counter[str]


def read_frame(reader: RowReader, item: str) -> RowFrame:
    """Read all rows; one whose cell in the column `item` holds several values becomes several."""
    lists: dict[int, tuple[str, ...]] = {}
    size = 0

    def remember_lists(chunk: Chunk) -> None:
        nonlocal size
        cells = chunk.columns[item]
        if not isinstance(cells, CodedCells):  # these are single texts
            lists.update(
                (row, cell) for row, cell in enumerate(cells, size) if isinstance(cell, tuple)
            )
        size += len(chunk)

    rows = reader.frame(each=remember_lists)
    items = rows[item]
    of_text = {
        code: several
        for code, text in enumerate(items.cat.categories)
        if text.startswith(OPENING) and (several := list_in(text, words="several")) is not None
    }
    codes = items.cat.codes.to_numpy()
    for row in np.flatnonzero(np.isin(codes, list(of_text))).tolist():
        lists.setdefault(row, of_text[codes[row]])
    if lists:
        cells = items.to_numpy(dtype=object)
        for row, several in lists.items():
            cells[row] = tuple(dict.fromkeys(filter(None, several)))
        rows[item] = pd.Series(cells, dtype=object)
        rows = rows.explode(item, ignore_index=True)
        rows[item] = rows[item].astype("str").astype("category")
    return RowFrame(rows, reader.rejects, reader.counts)


def frame_units(config: RowsConfig, root: Path, columns: Sequence[str], item: str) -> list[Unit]:
    """Divide the reading of a table into units, whose results `joined_frames` joins.

    A unit is a file, or of a large delimited one a range of about `RANGE` bytes, identified by its
    own content: rows appended to a log redo its last range.

    Raises:
        DataError: no such file.
    """
    if config.is_on_a_server:
        return [_unit(config, root, columns, item)]
    units = []
    whole = root / config.path
    for path in [whole] if whole.is_file() else matching_files(root, config.path):
        one = config
        if path != whole:
            name = path.relative_to(root).as_posix()
            one = config.model_copy(update={"path": name, "format": config.layout})
        ranges = line_ranges(one, root, columns, RANGE)
        units += [_unit(part, root, columns, item, file, lines) for part, file, lines in ranges]
        if not ranges:
            units.append(_unit(one, root, columns, item, path))
    return units


def write_frame(
    folder: Path,
    *,
    config: RowsConfig,
    root: Path,
    columns: Sequence[str],
    item: str,
    lines: LineRange | None = None,
    progress: Progress = silent,
) -> None:
    """Read some rows into files (the function of a unit)."""
    reader = read_rows(config, root, columns=columns, lines=lines, progress=progress)
    found = read_frame(reader, item)
    table = pa.Table.from_pandas(found.rows, preserve_index=False)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_file(folder / _ROWS, table.schema, options=options) as file:
        file.write_table(table)
    rest = {"rejects": list(map(astuple, found.rejects)), "counts": found.counts}
    (folder / _REST).write_text(json.dumps(rest, ensure_ascii=False), encoding="utf-8")


def joined_frames(folders: Iterable[Path]) -> RowFrame:
    """Join the results of `frame_units`, in their order."""
    columns: dict[str, Categories] = {}
    evidence = [pa.array([], pa.string())]
    rejects: list[Reject] = []
    counts: Counter[str] = Counter()
    for folder in folders:
        # one dictionary per file and column, instead of one per batch
        table = pa.ipc.open_file(folder / _ROWS).read_all().combine_chunks()
        for name in table.column_names:
            if name == "evidence":
                evidence += table[name].cast(pa.string()).chunks
            else:
                columns.setdefault(name, Categories()).add_arrow(table[name])
        rest = json.loads((folder / _REST).read_text(encoding="utf-8"))
        rejects += [Reject(*reject) for reject in rest["rejects"]]
        counts.update(rest["counts"])
    whole = pd.arrays.ArrowExtensionArray(pa.chunked_array(evidence))
    data = {name: column.whole() for name, column in columns.items()}
    return RowFrame(pd.DataFrame({**data, "evidence": whole}), rejects, counts)


def _unit(
    config: RowsConfig,
    root: Path,
    columns: Sequence[str],
    item: str,
    file: Path | FilePart | None = None,
    lines: LineRange | None = None,
) -> Unit:
    arguments = {"config": config, "root": root, "columns": columns, "item": item, "lines": lines}
    first = f", from line {lines.number}" if lines else ""
    name = f"{config.path or 'database'}{first}"
    files = () if file is None else (file,)
    return Unit(name, write_frame, arguments, files, reusable=not config.is_on_a_server)


def line_ranges(
    config: Layout, root: Path, columns: Sequence[str], size: int
) -> list[tuple[Layout, FilePart, LineRange]]:
    """Divide a delimited file into ranges of whole rows; none if it is small or cannot be divided.

    A file with a row of several lines is not divided: all its lines must have an even number of
    quotation marks.

    Args:
        config: layout of the file.
        root: raw folder.
        columns: required columns.
        size: approximate bytes of a range.

    Returns:
        The layout to read each range with, its bytes and its lines. Ranges after the first are read
        with the names of the columns in the file's heading.
    """
    path = root / config.path
    if not path.is_file() or path.stat().st_size < 2 * size:
        return []
    if not is_cut_at_line_ends(config, path):
        return []
    head = read_rows(config, root, columns=columns)
    try:
        chunk = next(iter(head), None)
    except DataError:  # raised again by reading the file as a whole
        return []
    if chunk is None or not head.names:
        return []
    further = config.model_copy(
        update={
            "header": False,
            "names": tuple(head.names),
            "skip_rows": 0,
            "skip_after_header": 0,
        }
    )
    found = []
    heading, mark = chunk.places[0] - 1, quote(config).encode()
    with path.open("rb") as file:
        start, number = 0, 1
        while content := file.read(size):
            content += file.readline()
            while not start and content.count(b"\n") < heading:  # belongs to the first range
                content += file.readline()
            if mark and mark in content and not _even_in_each_line(content, mark):
                return []
            end, digest = start + len(content), hashlib.sha256(content).hexdigest()
            part, lines = FilePart(path, start, end, digest), LineRange(start, end, number)
            found.append((further if start else config, part, lines))
            start, number = end, number + content.count(b"\n")
    return found


def _even_in_each_line(content: bytes, mark: bytes) -> bool:
    """Whether each line has an even number of marks."""
    codes = np.frombuffer(content, np.uint8)
    marks, ends = (np.flatnonzero(codes == sign) for sign in (mark[0], ord("\n")))
    return not (np.bincount(np.searchsorted(ends, marks)) % 2).any()
