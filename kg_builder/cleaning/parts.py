"""Clean a table larger than memory, in parts that hold all statements of their subjects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kg_builder.cleaning.clean import CleaningConfig, clean
from kg_builder.cleaning.conflicts import TYPES, canonical_form, is_turned
from kg_builder.ontology import Schema, load_schema
from kg_builder.ordered_pool import read_ahead
from kg_builder.partitions import part_numbers, parts_for, split
from kg_builder.progress import Progress, silent
from kg_builder.sql import database
from kg_builder.tables import REJECTS, STATEMENTS
from kg_builder.units import RunUnits, Unit

_REJECTS, _ROWS, _COUNTS = "rejects.parquet", "rows.npz", "counts.json"
_GROUP: Final = 500_000
"""Statements per row group of the output, as far as none is dropped."""

_ALL_AT_ONCE: Final = 4000
"""Megabytes with which as many are processed at a time, otherwise a fraction of them."""

_FRACTIONS: Final = (1, 2, 4, 5, 10, 20, 50)


def clean_in_parts(
    statements: Path,
    entities: Path,
    out: Path,
    config: CleaningConfig,
    *,
    ontology: tuple[Path, ...],
    trust: Mapping[str, float],
    run_units: RunUnits,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Clean a table as `clean` does, with one part in memory at a time.

    Args:
        statements: table `STATEMENTS`, as Parquet.
        entities: table `ENTITIES`, as Parquet.
        out: where to write the clean statements, in table order, as Parquet.
        config: thresholds.
        ontology: Turtle files with additions to the data model.
        trust: source → trust in [0, 1].
        run_units: executes the units, one per part.

    Returns:
        The rejects, and the counts: of statements, of rejects, and those of `clean`.
    """
    table = pq.ParquetFile(statements)
    parts = parts_for(size := table.metadata.num_rows)
    schema = load_schema(*ontology)
    batch = _GROUP // next(n for n in _FRACTIONS if n * run_units.memory >= _ALL_AT_ONCE)
    with database(run_units.shared, f"{run_units.memory // 2}MB") as base:
        known = base.read_parquet(str(entities)).project("entity, type")
        known.create("thing")
        divided = split(
            read_ahead((_with_types(rows, base) for rows in _tables(table, batch)), depth=1),
            lambda rows: _part_of(rows, parts, schema),
            parts,
            run_units.shared,
        )
    arguments = {"config": config, "ontology": ontology, "trust": dict(trust)}
    units = [
        Unit(
            f"subjects {number} of {len(divided)}",
            clean_part,
            {"statements": part.path, **arguments},
            (part.path, *ontology),
        )
        for number, part in enumerate(divided, 1)
    ]
    kept = np.zeros(size, np.bool_)
    dropped: list[_Dropped] = []
    counts: Counter[str] = Counter()
    for part, folder in zip(divided, run_units(units), strict=True):
        with np.load(folder / _ROWS) as own:
            kept[part.rows[own["rows"]]] = True
            checks, rows = own["rejected"].T
        dropped.append(_Dropped(folder / _REJECTS, checks, part.rows[rows]))
        counts.update(json.loads((folder / _COUNTS).read_text(encoding="utf-8")))
    clean_rows = _kept_of(_tables(table, batch), kept, schema if config.enabled else None)
    first, group = 0, []
    with pq.ParquetWriter(out, STATEMENTS.schema, compression="zstd") as writer:
        for read, rows in read_ahead(clean_rows, depth=1):
            group.append(rows)
            first += read
            if first % _GROUP == 0 or first == size:
                writer.write_table(pa.concat_tables(group).combine_chunks())
                group = []
    rejects = _rejects(dropped)
    return rejects, {"statements": int(kept.sum()), "rejects": len(rejects), **counts}


def clean_part(
    folder: Path,
    *,
    statements: Path,
    config: CleaningConfig,
    ontology: tuple[Path, ...],
    trust: Mapping[str, float],
    progress: Progress = silent,
) -> None:
    """Clean the statements of some subjects (the function of a unit).

    Args:
        folder: where to write the result.
        statements: table `STATEMENTS` with the classes of subjects and objects.
        config, ontology, trust: as for `clean_in_parts`.
        progress: unused.
    """
    frame = pd.read_parquet(statements, dtype_backend="pyarrow")
    result = clean(frame, config, schema=load_schema(*ontology), trust=trust)
    result.rejects.to_parquet(folder / _REJECTS, index=False)
    np.savez(folder / _ROWS, rows=result.rows, rejected=result.rejected)
    (folder / _COUNTS).write_text(json.dumps(result.counts), encoding="utf-8")


def _tables(file: pq.ParquetFile, size: int) -> Iterator[pa.Table]:
    return (pa.Table.from_batches([batch]) for batch in file.iter_batches(size))


def _kept_of(
    tables: Iterable[pa.Table], kept: NDArray[np.bool_], schema: Schema | None
) -> Iterator[tuple[int, pa.Table]]:
    """The number of rows of each table, and the kept ones, with a schema in canonical form."""
    first = 0
    for rows in tables:
        chosen = rows.filter(pa.array(kept[first : first + len(rows)]))
        first += len(rows)
        yield len(rows), chosen if schema is None else _canonical(chosen, schema)


def _with_types(rows: pa.Table, base: duckdb.DuckDBPyConnection) -> pa.Table:
    """Add the columns `TYPES`."""
    ends = [rows[end].combine_chunks() for end in ("subject", "object")]
    coded = pa.concat_arrays(ends).dictionary_encode()
    names = pa.table({"name": coded.dictionary, "place": np.arange(len(coded.dictionary))})
    base.register("names", names)
    found = base.sql("SELECT place, type FROM names JOIN thing ON entity = name").to_arrow_table()
    places = np.full(len(names), -1)
    places[found["place"].to_numpy()] = np.arange(len(found))
    types = found["type"].take(pa.array(places, mask=places < 0)).take(coded.indices)
    linking = pc.equal(rows["object_kind"], "entity")
    of_objects = pc.if_else(linking, types.slice(len(rows)), pa.scalar(None, pa.string()))
    return rows.append_column(TYPES[0], types.slice(0, len(rows))).append_column(
        TYPES[1], of_objects
    )


def _canonical(rows: pa.Table, schema: Schema) -> pa.Table:
    frame, _ = canonical_form(_frame(rows), schema)
    return pa.Table.from_pandas(frame, rows.schema, preserve_index=False)


def _part_of(rows: pa.Table, parts: int, schema: Schema) -> NDArray[np.int64]:
    """Partition statements by the subject of their canonical form."""
    turned = is_turned(
        _frame(rows.select(["subject", "predicate", "object", "object_kind"])), schema
    )
    subjects = pc.if_else(pa.array(turned), rows["object"], rows["subject"])
    return part_numbers(subjects.combine_chunks(), parts)


def _frame(rows: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = rows.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


class _Dropped(NamedTuple):
    """The statements that a part drops.

    Attributes:
        path: table `REJECTS`.
        checks: which check dropped each.
        rows: their rows in the whole table.
    """

    path: Path
    checks: NDArray[np.int64]
    rows: NDArray[np.uint32]


def _rejects(dropped: list[_Dropped]) -> pd.DataFrame:
    """Collect all rejects, ordered by check, then by table row."""
    if not dropped:
        return REJECTS.empty()
    tables = [pd.read_parquet(part.path, dtype_backend="pyarrow") for part in dropped]
    rows = np.concatenate([part.rows for part in dropped])
    order = np.lexsort((rows, np.concatenate([part.checks for part in dropped])))
    return REJECTS.check(pd.concat(tables, ignore_index=True).iloc[order])
