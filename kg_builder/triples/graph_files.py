"""Write the graph's RDF files of any size: blocks of entities and of facts are units of work."""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kg_builder.ontology import PREFIXES, Schema
from kg_builder.ontology.iris import RESOURCE
from kg_builder.partitions import Ascending, changes, part_numbers
from kg_builder.progress import Progress, silent
from kg_builder.sql import stage_database
from kg_builder.tables import LITERAL_KINDS
from kg_builder.triples.graph import reading_order
from kg_builder.triples.turtle import (
    block_of_graph,
    block_of_provenance,
    heading,
    prefixes,
    turtle_head,
)
from kg_builder.units import RunUnits, Unit

_THINGS_OF_BLOCK: Final = 4096
"""Approximate number of entities per block."""

_SUBJECTS_OF_BLOCK: Final = 8192
_MOST_FACTS: Final = 250_000
"""Approximate number of facts per block of provenance."""

_BATCH: Final = 100_000
_ORIGIN: Final = ("source", "method")

_THINGS: Final = """
CREATE TABLE thing AS
SELECT row_number() OVER (ORDER BY rank, type, entity) - 1 AS position, * EXCLUDE (rank)
FROM (SELECT entity, type, name, aliases, external_ids,
             coalesce(nullif(list_position($order, type), 0), len($order) + 1) AS rank
      FROM read_parquet($entities))
"""
_FACTS: Final = """
SELECT thing.position, predicate, object, object_kind
FROM read_parquet($statements) JOIN thing ON thing.entity = subject
ORDER BY position, list_contains($literals, object_kind), predicate, object, object_kind
"""
_PROVENANCE: Final = """
SELECT source, method, subject, predicate, object, object_kind
FROM read_parquet($statements, file_row_number = true)
ORDER BY source, method, subject, predicate, object, file_row_number
"""
_PREFIXES: Final = """
SELECT DISTINCT split_part(name, ':', 1) FROM ({names})
WHERE contains(name, ':') AND NOT starts_with(substr(name, strpos(name, ':') + 1), '//')
"""
_NAMES_OF_STATEMENTS: Final = """
SELECT subject AS name FROM read_parquet($statements)
UNION ALL SELECT DISTINCT predicate FROM read_parquet($statements)
UNION ALL SELECT object FROM read_parquet($statements) WHERE object_kind = 'entity'
"""
_NAMES_OF_THINGS: Final = """
SELECT entity AS name FROM thing UNION ALL SELECT unnest(external_ids) FROM thing
"""


def write_graph(
    statements: Path,
    entities: Path,
    turtle: Path,
    ntriples: Path,
    *,
    found: Iterable[str],
    schema: Schema,
    title: str,
    run_units: RunUnits,
) -> int:
    """Write the graph as Turtle and as gzipped N-Triples; the same input gives the same bytes.

    Entities come class by class, in the order of the data model, then by name; so the N-Triples are
    grouped by subject as well. The gzip file has one member per block.

    Args:
        statements: clean `tables.STATEMENTS`, as Parquet.
        entities: `tables.ENTITIES`, as Parquet.
        turtle, ntriples: the files to write.
        found: prefixes of the names in the statements.
        schema: the data model.
        title: first line of the Turtle file.
        run_units: executes the units, one per block.

    Returns:
        The number of triples.
    """
    with stage_database(run_units) as base:
        base.execute(_THINGS, {"entities": str(entities), "order": reading_order(schema)})
        used = prefixes([*found, *_found_prefixes(base, _NAMES_OF_THINGS)])
        written = 0
        with turtle.open("wb") as text, ntriples.open("wb") as packed:
            text.write(f"# {title}\n".encode() + turtle_head(used))
            units = _blocks_of_graph(base, statements, used, schema, run_units.shared)
            for folder in run_units(units):
                _append(folder / "block.ttl", text)
                _append(folder / "block.nt.gz", packed)
                written += int((folder / "triples").read_text())
    return written


def prefixes_of_statements(statements: Path, run_units: RunUnits) -> list[str]:
    """Prefixes of the names in `tables.STATEMENTS`, given as Parquet."""
    with stage_database(run_units) as base:
        return _found_prefixes(base, _NAMES_OF_STATEMENTS, statements=str(statements))


def write_provenance(
    statements: Path, out: Path, *, found: Iterable[str], title: str, run_units: RunUnits
) -> None:
    """Write the facts in a named graph per source and method, described in the default graph.

    Args:
        statements: clean `tables.STATEMENTS`, as Parquet.
        out: the TriG file.
        found: prefixes of the names in the statements.
        title: its first line.
        run_units: executes the units, one per block.
    """
    with stage_database(run_units) as base, out.open("wb") as text:
        used = prefixes(found) | {
            "prov": PREFIXES["prov"],
            "source": f"{RESOURCE}source/",
        }
        text.write(f"# {title}: every fact in a graph named after its source and method\n".encode())
        text.write(turtle_head(used))
        for folder in run_units(_blocks_of_provenance(base, statements, used, run_units.shared)):
            _append(folder / "block.trig", text)


def write_block_of_graph(
    folder: Path,
    *,
    things: Path,
    facts: Path,
    used: dict[str, str],
    headings: dict[str, str],
    progress: Progress = silent,
) -> None:
    """Write some entities (the function of a unit).

    Args:
        folder: output folder of `block.ttl`, `block.nt.gz` and `triples` (their number).
        things, facts: tables of `graph.described`, as Parquet.
        used: prefixes of the file.
        headings: heading lines of the classes that begin in this block.
        progress: unused.
    """
    rows, stated = pq.read_table(things), pq.read_table(facts)
    of_facts = stated["position"].to_numpy()
    turtle, ntriples = [], []
    for of_class in _alike(rows, ["type"]):
        first, last = (of_class["position"][at].as_py() for at in (0, -1))
        start, end = np.searchsorted(of_facts, (first, last + 1)).tolist()
        piece = block_of_graph(of_class, stated.slice(start, end - start), used)
        turtle += [headings.get(of_class["type"][0].as_py(), "").encode(), piece.turtle]
        ntriples.append(piece.ntriples)
    plain = b"".join(ntriples)
    (folder / "block.ttl").write_bytes(b"".join(turtle))
    (folder / "block.nt.gz").write_bytes(gzip.compress(plain, 6, mtime=0))
    (folder / "triples").write_text(str(plain.count(b"\n")))


def write_block_of_provenance(
    folder: Path,
    *,
    facts: Path,
    used: dict[str, str],
    continued: bool,
    progress: Progress = silent,
) -> None:
    """Write some facts (the function of a unit).

    Args:
        folder: output folder of `block.trig`.
        facts: sorted by source and method.
        used: prefixes of the file.
        continued: whether the first source and method are those of the previous block.
        progress: unused.
    """
    pieces: list[bytes] = []
    for own in _alike(pq.read_table(facts), _ORIGIN):
        source, method = (own[name][0].as_py() for name in _ORIGIN)
        first = bool(pieces) or not continued
        pieces.append(block_of_provenance(source, method, own, used, first=first))
    (folder / "block.trig").write_bytes(b"".join(pieces))


def _found_prefixes(base: duckdb.DuckDBPyConnection, names: str, **values: str) -> list[str]:
    query = _PREFIXES.format(names=names)
    return [name for (name,) in base.execute(query, values).fetchall()]


def _alike(rows: pa.Table, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Cut rows where one of some columns changes."""
    starts = np.flatnonzero(changes(rows.select(columns))).tolist()
    for start, end in pairwise([*starts, len(rows)]):
        yield rows.slice(start, end - start)


def _append(path: Path, out: BinaryIO) -> None:
    with path.open("rb") as block:
        shutil.copyfileobj(block, out)


class _Block(NamedTuple):
    """A block of consecutive entities.

    Attributes:
        first: position of the first entity.
        end: position after the last entity.
        types: classes that begin in the block.
    """

    first: int
    end: int
    types: list[str]


def _blocks(base: duckdb.DuckDBPyConnection) -> Iterator[_Block]:
    """Cut blocks by a hash of entity names, so that an added entity changes one block only."""
    first = position = 0
    last = ""
    types: list[str] = []
    rows = base.cursor().execute("SELECT type, entity FROM thing ORDER BY position")
    while batch := rows.fetchmany(_BATCH):
        for type_, entity in batch:
            if (
                zlib.crc32(entity.encode()) % _THINGS_OF_BLOCK == 0
                or position - first >= 4 * _THINGS_OF_BLOCK
            ) and position > first:
                yield _Block(first, position, types)
                first, types = position, []
            if type_ != last:
                last = type_
                types.append(type_)
            position += 1
    if position > first:
        yield _Block(first, position, types)


def _blocks_of_graph(
    base: duckdb.DuckDBPyConnection,
    statements: Path,
    used: dict[str, str],
    schema: Schema,
    shared: Path,
) -> Iterator[Unit]:
    sizes = dict(base.execute("SELECT type, count(*) FROM thing GROUP BY type").fetchall())
    values = {"statements": str(statements), "literals": sorted(LITERAL_KINDS)}
    stream = base.cursor().sql(_FACTS, params=values).to_arrow_reader(_BATCH)
    facts = Ascending(stream, "position", stream.schema)
    query = "SELECT * FROM thing WHERE position >= ? AND position < ? ORDER BY position"
    for number, block in enumerate(_blocks(base)):
        files = (shared / f"things-{number}.parquet", shared / f"facts-{number}.parquet")
        things = base.cursor().sql(query, params=[block.first, block.end]).to_arrow_table()
        own = facts.up_to(block.end)
        for path, rows in zip(files, (things, own.filter(pa.array(changes(own)))), strict=True):
            pq.write_table(_from_zero(rows, block.first), path)
        arguments = {
            "things": files[0],
            "facts": files[1],
            "used": used,
            "headings": {type_: heading(type_, sizes[type_], schema) for type_ in block.types},
        }
        label = f"entities {block.first + 1:,} to {block.end:,}"
        yield Unit(label, write_block_of_graph, arguments, files)


def _from_zero(rows: pa.Table, first: int) -> pa.Table:
    """Make positions relative to the block, so that a block does not depend on earlier ones."""
    positions = pc.subtract(rows["position"], first)
    return rows.set_column(rows.schema.get_field_index("position"), "position", positions)


def _blocks_of_provenance(
    base: duckdb.DuckDBPyConnection, statements: Path, used: dict[str, str], shared: Path
) -> Iterator[Unit]:
    stream = base.cursor().sql(_PROVENANCE, params={"statements": str(statements)})
    last: list[str] = []
    for number, facts in enumerate(_runs(stream.to_arrow_reader(_BATCH))):
        path = shared / f"provenance-{number}.parquet"
        pq.write_table(facts, path)
        origins = [[facts[name][at].as_py() for name in _ORIGIN] for at in (0, len(facts) - 1)]
        arguments = {"facts": path, "used": used, "continued": origins[0] == last}
        last = origins[1]
        yield Unit(f"provenance, block {number + 1}", write_block_of_provenance, arguments, (path,))


def _runs(batches: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Cut rows into blocks by a hash of the subjects."""
    pending = batches.schema.empty_table()
    for batch in batches:
        rows = pa.concat_tables([pending, pa.Table.from_batches([batch])]).combine_chunks()
        cuts = [0, *np.flatnonzero(_begins(rows)).tolist()]
        for start, end in pairwise(cuts):
            yield rows.slice(start, end - start)
        pending = rows.slice(cuts[-1])
        if len(pending) >= _MOST_FACTS:
            yield pending
            pending = batches.schema.empty_table()
    if len(pending):
        yield pending


def _begins(rows: pa.Table) -> NDArray[np.bool_]:
    """Mask of the rows at which a block begins, the first row excluded."""
    first = changes(rows.select(["subject"]))
    first[:1] = False
    subjects = rows["subject"].combine_chunks().filter(pa.array(first))
    first[first] = part_numbers(subjects, _SUBJECTS_OF_BLOCK) == 0
    return first
