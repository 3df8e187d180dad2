"""Write a build's entities and facts to an SQLite index, to read one entity at a time from disk.

Entities are numbered by falling degree, so that number order is the display order, and one index
serves both inverse lookups and sorting by degree.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow.parquet as pq

from kg_builder.ontology import load_schema
from pipeline.explore.index_folder import indexed
from pipeline.stages.artefact_names import REJECTS_OF, TYPED_ENTITIES
from recommender.data.names import fold_name, loosen_name

__all__ = ["DATABASE", "fact_index"]

DATABASE: Final = "facts.sqlite"
_VERSION: Final = 1
_SOURCES: Final = (
    "statements.parquet",
    "records.parquet",
    "links.parquet",
    TYPED_ENTITIES,
    REJECTS_OF["cleaning"],
    "relations.tsv",
)
_BATCH: Final = 20_000
_MEMORY: Final = "1GB"

_SCHEMA: Final = """
create table entity (
    id integer primary key, curie text, label text, type text, aliases text, external_ids text,
    degree integer
);
create table class (name text primary key, above text);
create table predicate (name text primary key, label text, phrase text, symmetric integer);
create table origin (id integer primary key, source text, method text);
create table fact (
    id integer primary key, subject integer, predicate text, object text, object_kind text,
    target integer, origin integer, confidence real, evidence text, inferred integer
);
create table lost (
    subject text, predicate text, object text, source text, reason text, evidence text
);
create table record (
    entity integer, record text, source text, name text, type text, evidence text
);
create table link (entity integer, database text, object text, score real, method text);
create table name (
    id integer primary key, entity integer, name text, alias integer, folded text, loose text
);
create virtual table spelling using fts5(folded, tokenize='trigram', content='', detail='none');
"""
_INDEXES: Final = """
create unique index entity_curie on entity (curie);
create index fact_subject on fact (subject, predicate);
create index fact_target on fact (target, predicate, subject) where target is not null;
create index record_entity on record (entity);
create index link_entity on link (entity);
create index lost_subject on lost (subject);
create index name_folded on name (folded);
create index name_loose on name (loose);
analyze;
"""

# Entities numbered by falling degree (number of distinct facts).
_NUMBERED: Final = """
create table numbered as
select row_number() over (order by degree desc, entity) as id, * from (
    select e.entity, e.name, e.type, e.aliases, e.external_ids, coalesce(d.degree, 0) as degree
    from read_parquet($entities) e left join (
        select entity, count(*) as degree from (
            select distinct subject as entity, predicate, object from read_parquet($statements)
            union all
            select distinct object, predicate, subject from read_parquet($statements)
            where object_kind = 'entity'
        ) group by entity
    ) d using (entity)
)
"""
_FACTS: Final = """
select s.id, predicate, object, object_kind, o.id, source, method, confidence, evidence, inferred
from read_parquet($statements) f
join numbered s on s.entity = f.subject
left join numbered o on f.object_kind = 'entity' and o.entity = f.object
order by s.id, predicate, o.id, object, confidence desc, source, method, evidence
"""
_RECORDS: Final = """
select n.id, r.record, r.source, r.name, r.type, r.evidence
from read_parquet($links) l join read_parquet($records) r on r.record = l.subject
join numbered n on n.entity = l.object
where l.kind = 'record' and l.decision = 'match' order by n.id, r.record
"""
_LINKS: Final = """
select n.id, l.target, l.object, l.score, l.method
from read_parquet($links) l join numbered n on n.entity = l.subject
where l.kind = 'external' and l.decision = 'match' and l.object is not null
order by n.id, l.target, l.object
"""


def fact_index(folder: Path, *, cache: Path | None = None) -> Path:
    """Path of a processed folder's index, created if there is none of this build yet.

    Raises:
        DataError: a file of the build is missing.
        InUseError, OSError: as from `indexed`.
    """
    return (
        indexed(
            folder,
            "facts",
            _SOURCES,
            lambda new: _make(folder, new / DATABASE),
            version=_VERSION,
            cache=cache,
        )
        / DATABASE
    )


def _make(folder: Path, path: Path) -> None:
    base = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(path.parent)})
    index = sqlite3.connect(path)
    try:
        index.executescript("pragma journal_mode = off; pragma synchronous = off;" + _SCHEMA)
        statements = str(folder / "statements.parquet")
        base.execute(
            _NUMBERED, {"entities": str(folder / TYPED_ENTITIES), "statements": statements}
        )
        _entities(base, index)
        _facts(base, index, statements)
        _records(base, index, folder)
        _data_model(folder, index)
        _lost(folder / REJECTS_OF["cleaning"], index)
        index.executescript(_INDEXES)
        index.commit()
    finally:
        index.close()
        base.close()


def _rows(base: duckdb.DuckDBPyConnection, query: str, **values: str) -> Iterator[tuple[Any, ...]]:
    found = base.execute(query, values)
    while rows := found.fetchmany(_BATCH):
        yield from rows


def _entities(base: duckdb.DuckDBPyConnection, index: sqlite3.Connection) -> None:
    names = 0
    rows = _rows(base, "select id, entity, name, type, aliases, external_ids, degree from numbered "
                       "order by id")  # fmt: skip
    while batch := list(islice(rows, _BATCH)):
        spelled: list[tuple[Any, ...]] = []
        described = []
        for number, entity, name, type_, aliases, external_ids, degree in batch:
            others = sorted({*(aliases or ())} - {name})
            described.append(
                (number, entity, name, type_, _json(others), _json(sorted(external_ids)), degree)
            )
            for alias, text in ((0, name), *((1, other) for other in others)):
                names += 1
                spelled.append((names, number, text, alias, fold_name(text), loosen_name(text)))
        index.executemany("insert into entity values (?, ?, ?, ?, ?, ?, ?)", described)
        index.executemany("insert into name values (?, ?, ?, ?, ?, ?)", spelled)
        index.executemany(
            "insert into spelling (rowid, folded) values (?, ?)",
            ((row[0], row[4]) for row in spelled),
        )


def _facts(base: duckdb.DuckDBPyConnection, index: sqlite3.Connection, statements: str) -> None:
    origins: dict[tuple[str, str], int] = {}

    def rows() -> Iterable[tuple[Any, ...]]:
        for subject, predicate, value, kind, target, source, method, *rest in _rows(
            base, _FACTS, statements=statements
        ):
            origin = origins.setdefault((source, method), len(origins) + 1)
            yield (subject, predicate, value, kind, target, origin, *rest)

    index.executemany("insert into fact values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows())
    index.executemany(
        "insert into origin values (?, ?, ?)",
        ((number, *origin) for origin, number in origins.items()),
    )


def _records(base: duckdb.DuckDBPyConnection, index: sqlite3.Connection, folder: Path) -> None:
    """Write the records and database links of entities."""
    links, records = str(folder / "links.parquet"), str(folder / "records.parquet")
    index.executemany(
        "insert into record values (?, ?, ?, ?, ?, ?)",
        _rows(base, _RECORDS, links=links, records=records),
    )
    index.executemany("insert into link values (?, ?, ?, ?, ?)", _rows(base, _LINKS, links=links))


def _data_model(folder: Path, index: sqlite3.Connection) -> None:
    """Write classes and predicates; labels of a recipe's additions are from `relations.tsv`."""
    schema = load_schema()
    labels: dict[str, tuple[str, str, bool]] = {}
    for line in (folder / "relations.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        _, iri, label = line.split("\t")[:3]
        if not iri.startswith("^"):
            labels[iri.rpartition("#")[2]] = (label, "", False)
    for item in schema.predicates.values():
        labels[item.name] = (item.label, item.phrase, item.symmetric)
    index.executemany(
        "insert into predicate values (?, ?, ?, ?)",
        ((name, *about) for name, about in sorted(labels.items())),
    )
    for name in schema.classes:
        above = schema.ancestors(name) - {name}
        nearest = sorted(above, key=lambda one: (-len(schema.ancestors(one)), one))
        index.execute("insert into class values (?, ?)", (name, _json(nearest)))


def _lost(rejects: Path, index: sqlite3.Connection) -> None:
    """Write values dropped by cleaning, parsed from the reject's detail: the statement."""
    columns = ["detail", "source", "reason", "evidence"]
    for batch in pq.ParquetFile(rejects).iter_batches(_BATCH, columns=columns):
        rows = []
        for detail, source, reason, evidence in zip(
            *(batch.column(name).to_pylist() for name in columns), strict=True
        ):
            subject, _, triple_end = detail.partition(" ")
            predicate, _, value = triple_end.partition(" ")
            rows.append((subject, predicate, value, source, reason, evidence))
        index.executemany("insert into lost values (?, ?, ?, ?, ?, ?)", rows)


def _json(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False)
