"""Stage 4, inference: derive statements by rules, tags and similarity, marked as inferred."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Final

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from kg_builder.inference.engine import closure, derived
from kg_builder.inference.mined import MiningConfig
from kg_builder.inference.rules import Atom, NamedThing, Rule, load_rules
from kg_builder.inference.similar import DESCRIBING, SimilarConfig, similar_artists
from kg_builder.inference.tag_meanings import PREDICATES, tag_facts
from kg_builder.inference.types import narrowed_types
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent
from kg_builder.sql import database, literal, literals
from kg_builder.tables import ENTITIES, STATEMENTS, Table

__all__ = [
    "Atom",
    "InferenceConfig",
    "MiningConfig",
    "Rule",
    "SimilarConfig",
    "infer",
    "load_rules",
]

_ROWS: Final = 1 << 17
"""Statements read and written at a time."""

_NARROWER: Final = pa.schema({"name": pa.string(), "new": pa.string()})
_SOURCES: Final = """
CREATE TABLE tagged AS FROM read_parquet({0}) LIMIT 0;
CREATE VIEW stated AS FROM read_parquet({0}) UNION ALL FROM tagged;
CREATE VIEW described AS FROM read_parquet({1});
CREATE TABLE thing AS SELECT entity, type FROM described
"""


class InferenceConfig(BaseModel):
    """Settings of inference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[str, ...] | None = Field(
        None, description="names of the rules to apply; all when absent, none when empty"
    )
    files: tuple[Path, ...] = Field(
        (), description="rule files to use instead of the project's own rules.toml"
    )
    refine_types: bool = Field(
        True, description="narrow an entity's class by its statements (a member is a person)"
    )
    tag_meanings: bool = Field(
        False,
        description="read countries, decades and instruments from listeners' tags ('british')",
    )
    similar: SimilarConfig | None = Field(
        None, description="derive similar artists from shared descriptions; none when absent"
    )
    mining: MiningConfig | None = Field(
        None, description="fill gaps by link prediction; nothing is mined when absent"
    )


def infer(
    statements: Path,
    entities: Path,
    config: InferenceConfig,
    *,
    schema: Schema,
    out: tuple[Path, Path],
    folder: Path,
    memory: str = "1GB",
    threads: int = 1,
    progress: Progress = silent,
) -> dict[str, int]:
    """Derive facts from tags, apply the rules to a fixed point, find similar artists.

    Args:
        statements: `tables.STATEMENTS` about entities, as Parquet.
        entities: `tables.ENTITIES`, as Parquet.
        config: which rules to apply.
        schema: the data model.
        out: the files to write: the statements followed by the inferred ones (source `inference`,
            method `rule:<name>`, evidence the premises); the entities with narrowed classes,
            followed by those that rules created.
        folder: for temporary files.
        memory: limit of the database, in DuckDB's notation; joins that need more use the folder.
        threads: of the database; the result does not depend on them.
        progress: called with the number of facts inferred so far.

    Returns:
        The numbers of inferred statements, of all statements and of entities, and facts by origin.
    """
    counts: dict[str, int] = {}
    narrowed = _NARROWER.empty_table()
    created = ENTITIES.empty()
    with (
        database(folder, memory, threads=threads) as base,
        pq.ParquetWriter(out[0], STATEMENTS.schema, compression="zstd") as writer,
        ThreadPoolExecutor(1) as beside,
    ):
        copying = beside.submit(_append, writer, _tables(statements))
        base.execute(_SOURCES.format(*(literal(str(path)) for path in (statements, entities))))
        if config.refine_types:
            pairs = narrowed_types(base, schema)
            narrowed = pa.table([[*pairs], [*pairs.values()]], _NARROWER)
            counts["types narrowed"] = len(narrowed)
            base.register("narrower", narrowed)
            base.execute("UPDATE thing SET type = new FROM narrower WHERE name = entity")
        written = copying.result()
        if config.tag_meanings:
            facts, created = _from_tags(base, narrowed, schema)
            written += _append(writer, [facts])
            counts["read from tags"] = len(facts)
        if rules := load_rules(schema, *config.files, only=config.rules):
            things = closure(base, rules, schema, progress=progress)
            created = ENTITIES.check(pd.concat([created, _new(things, base)], ignore_index=True))
            by_rule = _append(writer, derived(base))
            written += by_rule
            counts |= {f"inferred by {r.name}": by_rule[f"rule:{r.name}"] for r in rules}
        if config.similar is not None:
            alike = _alike(base, config.similar, schema)
            written += _append(writer, [alike])
            counts["similar artists"] = len(alike)
    n_entities = _write_entities(entities, out[1], narrowed, _arrow(created, ENTITIES))
    first = {name: written[name] for name in ("inferred", "statements")}
    return {**first, "entities": n_entities, **counts}


def _tables(path: Path) -> Iterator[pa.Table]:
    for batch in pq.ParquetFile(path).iter_batches(_ROWS):
        yield pa.Table.from_batches([batch])


def _append(writer: pq.ParquetWriter, tables: Iterable[pa.Table]) -> Counter[str]:
    """Write statements; returns their number, and of inferred ones also by method."""
    counts: Counter[str] = Counter()
    for table in tables:
        writer.write_table(table.cast(writer.schema))
        counts["statements"] += len(table)
        inferred = table.filter(table["inferred"])
        counts["inferred"] += len(inferred)
        for method in inferred["method"].value_counts().to_pylist():
            counts[method["values"]] += method["counts"]
    return counts


def _from_tags(
    base: duckdb.DuckDBPyConnection, narrowed: pa.Table, schema: Schema
) -> tuple[pa.Table, pd.DataFrame]:
    """Statements read from tags, and the entities created; both are added to the database."""
    entities = base.sql("SELECT entity, type, name FROM described").to_arrow_table()
    tagged = f"FROM stated WHERE predicate IN ({literals(PREDICATES)})"
    found, created = tag_facts(
        _frame(base, tagged),
        _narrow(entities, narrowed).to_pandas(types_mapper=pd.ArrowDtype),
        schema,
    )
    facts, things = _arrow(found, STATEMENTS), _arrow(created, ENTITIES)
    base.register("facts", facts)
    base.register("things", things)
    base.execute("INSERT INTO tagged FROM facts; INSERT INTO thing SELECT entity, type FROM things")
    return facts, created


def _new(created: Mapping[str, NamedThing], base: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The entities that rules created, without those that there were."""
    known = base.execute(f"SELECT entity FROM thing WHERE entity IN ({literals(created)})")
    return ENTITIES.frame(
        {
            "entity": entity,
            "type": created[entity].type,
            "name": created[entity].name,
            "aliases": [],
            "external_ids": [],
            "attributes": json.dumps({}),
            "records": 0,
        }
        for entity in sorted(created.keys() - {name for (name,) in known.fetchall()})
    )


def _alike(base: duckdb.DuckDBPyConnection, config: SimilarConfig, schema: Schema) -> pa.Table:
    """Statements about similar artists."""
    artist = literals(name for name in schema.classes if schema.is_a(name, "Artist"))
    artists = _frame(base, f"FROM thing WHERE type IN ({artist})")
    tables = [name for (name,) in base.execute("SHOW TABLES").fetchall()]
    facts = " UNION ALL ".join(
        f"SELECT subject, predicate, object FROM {name} WHERE predicate IN ({literals(DESCRIBING)})"
        for name in ("stated", "found")
        if name in tables
    )
    found = similar_artists(_frame(base, facts), artists, config, schema=schema)
    return _arrow(found, STATEMENTS)


def _write_entities(entities: Path, out: Path, narrowed: pa.Table, created: pa.Table) -> int:
    """Write the entities with their narrowed classes, then the created ones; return the number."""
    size = 0
    with pq.ParquetWriter(out, ENTITIES.schema, compression="zstd") as writer:
        for table in chain(_tables(entities), [created]):
            writer.write_table(_narrow(table, narrowed).cast(ENTITIES.schema))
            size += len(table)
    return size


def _narrow(entities: pa.Table, narrowed: pa.Table) -> pa.Table:
    places = pc.index_in(entities["entity"], narrowed["name"])
    types = pc.coalesce(narrowed["new"].take(places), entities["type"])
    return entities.set_column(entities.column_names.index("type"), "type", types)


def _frame(base: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    frame: pd.DataFrame = base.sql(query).to_arrow_table().to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _arrow(frame: pd.DataFrame, table: Table) -> pa.Table:
    return pa.Table.from_pandas(frame, table.schema, preserve_index=False)
