"""Read and write stage files: tables checked by schema, written atomically, reproducible bytes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from kg_builder.errors import DataError
from kg_builder.tables import Table
from safe_io.atomic import replacing

_ROW_GROUP: Final = 1 << 22
"""Rows written per batch; a group repeats the distinct texts of its categories."""

_LINES: Final = 1 << 16
_CONTROLS: Final = r"[\x00-\x1f\x7f\x{85}\x{2028}\x{2029}]+"


class Staging:
    """A stage's temporary output folder; `publish` moves all its files into place.

    Each file is renamed, so a reader never sees a partial one. Leftovers of a killed run are
    removed by the next.
    """

    def __init__(self, out: Path, stage: str) -> None:
        self.out = out
        self._folder = out / f".{stage}.partial"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)

    def discard(self) -> None:
        """Remove the output of a failed stage."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def path(self, name: str) -> Path:
        """Temporary path of an artefact."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def publish(self, names: Iterable[str], optional: Iterable[str] = ()) -> list[str]:
        """Move the artefacts to their final paths; returns their names.

        Optional artefacts that were not written are removed if left from an earlier run.

        Raises:
            FileNotFoundError: the stage did not write a declared artefact.
        """
        made = list(names)
        for name in optional:
            if (self._folder / name).is_file():
                made.append(name)
            else:
                (self.out / name).unlink(missing_ok=True)
        for name in made:
            target = self.out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (self._folder / name).replace(target)
        shutil.rmtree(self._folder)
        return made


def write_table(frame: pd.DataFrame, table: Table, path: Path) -> None:
    """Check a table and write it as reproducible Parquet."""
    checked = table.check(frame)
    schema = _in_memory(table)
    arrow = pa.Table.from_pandas(checked, schema=schema, preserve_index=False)
    arrow = arrow.replace_schema_metadata(None)
    # other readers find texts: that they are categories in memory is not stored
    stored = not table.categorical
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=stored) as file:
        for start in range(0, max(len(arrow), 1), _ROW_GROUP):
            file.write_table(arrow.slice(start, _ROW_GROUP), row_group_size=_ROW_GROUP)


def _in_memory(table: Table) -> pa.Schema:
    """The schema with dictionary types for categories."""
    schema = table.schema
    for name in table.categorical:
        field = pa.field(name, pa.dictionary(pa.int32(), pa.string()))
        schema = schema.set(schema.get_field_index(name), field)
    return schema


def read_table(table: Table, path: Path) -> pd.DataFrame:
    """Read and check a table.

    Raises:
        DataError: the file is missing or does not fit the table.
    """
    try:
        with pq.ParquetFile(path, read_dictionary=list(table.categorical)) as file:
            columns = [name for name in file.schema_arrow.names if name in table.schema.names]
            if not table.categorical:
                return table.from_arrow([file.read(columns=columns)])
            # by row groups: `read` would repeat the dictionaries for every 131,072 rows
            groups = (
                file.read_row_group(number, columns=columns)
                for number in range(file.num_row_groups)
            )
            empty = file.schema_arrow.empty_table().select(columns)
            return table.from_arrow(chain([empty], groups))
    except FileNotFoundError:
        raise DataError(
            "no such artefact", where=str(path), remedy="run the stage that writes it"
        ) from None
    except (pa.ArrowException, OSError) as fault:
        if isinstance(fault, OSError) and fault.errno is not None:
            raise  # a fault of the disk, not of the file
        raise DataError(
            f"not Parquet, or damaged: {fault}", where=str(path), remedy="build with --force"
        ) from None


def write_bytes(pieces: Iterable[bytes], path: Path) -> None:
    """Write a file from chunks."""
    with path.open("wb") as stream:
        stream.writelines(pieces)


def write_integers(rows: npt.NDArray[np.integer] | Iterable[pa.Table], path: Path) -> None:
    """Write rows of integers, tab-separated, one line each; from an array or from tables."""
    if isinstance(rows, np.ndarray):
        columns = [np.ascontiguousarray(column) for column in rows.T]
        rows = [pa.table(columns, names=[str(number) for number in range(len(columns))])]
    options = csv.WriteOptions(include_header=False, delimiter="\t")
    with path.open("wb") as file:
        for table in rows:
            csv.write_csv(table, file, options)


def write_tsv(rows: pd.DataFrame | Iterable[pa.Table], path: Path) -> None:
    """Write a table with a header, tab-separated, unquoted; control characters become spaces.

    The file is written atomically.

    Args:
        rows: a frame, or at least one table; all have the same columns.
        path: the file.
    """
    tables = _texts(rows) if isinstance(rows, pd.DataFrame) else rows
    with replacing(path) as temporary, temporary.open("wb") as file:
        for number, table in enumerate(tables):
            if not number:
                file.write(("\t".join(table.column_names) + "\n").encode())
            if len(table):
                texts = (column.cast(pa.string()).fill_null("") for column in table.columns)
                cells = [pc.replace_substring_regex(text, _CONTROLS, " ") for text in texts]
                lines = pc.binary_join_element_wise(*cells, "\t").combine_chunks()
                together = pa.ListArray.from_arrays([0, len(lines)], lines)
                file.write(pc.binary_join(together, "\n")[0].as_buffer())
                file.write(b"\n")


def _texts(frame: pd.DataFrame) -> Iterator[pa.Table]:
    """Convert a frame to texts, some rows at a time; the first table may be empty."""
    for start in range(0, max(len(frame), 1), _LINES):
        rows = frame.iloc[start : start + _LINES]
        cells = [pa.array(rows[name].astype("string[pyarrow]"), pa.string()) for name in rows]
        yield pa.table(cells, names=list(rows.columns))


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
