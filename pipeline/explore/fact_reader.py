"""Read entities, their facts and their neighbours from the SQLite index of a build."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from kg_builder.ontology import expand
from pipeline.explore.cards import Card, Direction, Fact, LostValue, Record, Source, Thing

__all__ = ["FactReader"]

_FACT_COLUMNS: Final = (
    "f.predicate, f.object, f.object_kind, o.source, o.method, f.confidence, f.evidence, "
    "f.inferred, e.curie, e.label, e.type"
)
_OUT: Final = f"""
select {_FACT_COLUMNS} from fact f join origin o on o.id = f.origin
left join entity e on e.id = f.target where f.subject = ? order by f.id
"""
_IN: Final = f"""
select {_FACT_COLUMNS} from fact f join origin o on o.id = f.origin
join entity e on e.id = f.subject
where f.target = ? and f.predicate = ? and f.subject <= ? order by f.subject, f.id
"""
_COUNTS_IN: Final = """
select predicate, count(distinct subject) from fact where target = ? group by predicate
"""
_LAST_IN: Final = """
select distinct subject from fact where target = ? and predicate = ? order by subject
limit 1 offset ?
"""
_FIRST: Final = """
select source, evidence from (
    select o.source, f.evidence, row_number() over (partition by o.source order by f.id) as place
    from fact f join origin o on o.id = f.origin
    where f.id in (select id from (select id from fact where subject = ?1 limit 50)
                   union select id from (select id from fact where target = ?1 limit 50))
) where place = 1
"""


class FactReader:
    """Reader of a build's index; thread-safe.

    Args:
        path: the index.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        above = self.rows("select name, above from class")
        self._above = {name: tuple(json.loads(names)) for name, names in above}
        rows = self.rows("select name, label, phrase, symmetric from predicate")
        self.predicates = {name: (label, phrase, bool(both)) for name, label, phrase, both in rows}

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the connections of all threads."""
        while self._opened:
            self._opened.pop().close()
        self._local = threading.local()

    def number(self, curie: str) -> int | None:
        """Number of the entity with a CURIE, or None."""
        found = self.rows("select id from entity where curie = ?", curie)
        return int(found[0][0]) if found else None

    def card(self, number: int, most: int) -> Card:
        """The card of an entity, with at most `most` facts of each predicate and direction."""
        curie, label, type_, aliases, external_ids, degree = self.rows(
            "select curie, label, type, aliases, external_ids, degree from entity where id = ?",
            number,
        )[0]
        own = _grouped(self.rows(_OUT, number), "out", self.predicates)
        coming = [fact for predicate, count in self._incoming(number)
                  for fact in self._of_target(number, predicate, count, most)]  # fmt: skip
        totals: dict[tuple[str, Direction], int] = {}
        for fact in own:
            key = (fact.predicate, fact.direction)
            totals[key] = totals.get(key, 0) + 1
        for predicate, count in self._incoming(number):
            key = (predicate, self._direction(predicate))
            totals[key] = totals.get(key, 0) + count
        return Card(
            id=curie,
            iri=expand(curie),
            label=label,
            type=type_,
            classes=(type_, *self._above.get(type_, ())),
            aliases=tuple(json.loads(aliases)),
            external_ids={name: expand(name) for name in json.loads(external_ids)},
            facts=tuple(_first(own, most) + coming),
            totals=totals,
            records=self._records(number, label, type_),
            lost=self._lost(curie),
            degree=degree,
        )

    def facts(self, number: int, *, incoming: bool = True) -> Iterator[Fact]:
        """All facts with an entity as subject or object."""
        yield from _grouped(self.rows(_OUT, number), "out", self.predicates)
        for predicate, count in self._incoming(number) if incoming else ():
            yield from self._of_target(number, predicate, count, count)

    def statement(self, subject: str, predicate: str, value: str) -> Fact | None:
        """Look up a fact; None if the build does not have it."""
        number = self.number(subject)
        if number is None:
            return None
        query = _OUT.replace("where", "where f.predicate = ? and f.object = ? and")
        rows = self.rows(query, predicate, value, number)
        found = _grouped(rows, "out", self.predicates)
        return found[0] if found else None

    @property
    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            address = f"{self._path.resolve().as_uri()}?mode=ro&immutable=1"
            found = sqlite3.connect(address, uri=True, check_same_thread=False)
            self._local.connection = found
            self._opened.append(found)
        return found

    def _direction(self, predicate: str) -> Direction:
        """Direction of an inverse fact; a symmetric one is stored once, and counts as `out`."""
        _, _, symmetric = self.predicates.get(predicate, (predicate, "", False))
        return "out" if symmetric else "in"

    def _incoming(self, number: int) -> list[tuple[str, int]]:
        return [(str(name), int(count)) for name, count in self.rows(_COUNTS_IN, number)]

    def _of_target(self, number: int, predicate: str, count: int, most: int) -> list[Fact]:
        last = self.rows(_LAST_IN, number, predicate, min(count, most) - 1)
        rows = self.rows(_IN, number, predicate, last[0][0]) if last else []
        return _grouped(rows, self._direction(predicate), self.predicates, incoming=True)

    def _records(self, number: int, label: str, type_: str) -> tuple[Record, ...]:
        """The records of an entity, then its links to databases."""
        own = self.rows(
            "select record, source, name, type, evidence, 'record', 1.0 from record "
            "where entity = ?",
            number,
        )
        links = self.rows(
            "select object, database, score, method from link where entity = ?", number
        )
        first = dict(self.rows(_FIRST, number)) if links else {}
        databases = [
            (thing, name, label, type_, first.get(name, ""), method, score)
            for thing, name, score, method in links
        ]
        return tuple(Record(*row) for row in [*own, *databases])

    def _lost(self, curie: str) -> tuple[LostValue, ...]:
        rows = self.rows(
            "select distinct predicate, object, source, reason, evidence from lost "
            "where subject = ? order by predicate, object, source, evidence",
            curie,
        )
        return tuple(LostValue(*row) for row in rows)


def _grouped(
    rows: list[tuple[Any, ...]],
    direction: Direction,
    predicates: Mapping[str, tuple[str, str, bool]],
    *,
    incoming: bool = False,
) -> list[Fact]:
    """Group consecutive statements of the same fact."""
    facts: list[Fact] = []
    sources: list[Source] = []
    before: tuple[Any, ...] | None = None
    for row in rows:
        predicate, value, kind, source, method, confidence, evidence, inferred = row[:8]
        key = (predicate, row[8] if incoming else value, kind)
        if key != before:
            before, sources = key, []
            label, phrase, _ = predicates.get(predicate, (predicate, "", False))
            thing = Thing(*row[8:11]) if row[8] is not None else None
            shown = thing.id if thing is not None else value
            facts.append(Fact(predicate, label, phrase, direction, shown, kind, thing, ()))
        sources.append(Source(source, method, confidence, evidence, bool(inferred)))
        facts[-1] = _with_sources(facts[-1], sources)
    return facts


def _with_sources(fact: Fact, sources: list[Source]) -> Fact:
    return Fact(
        fact.predicate,
        fact.label,
        fact.phrase,
        fact.direction,
        fact.value,
        fact.kind,
        fact.thing,
        tuple(sources),
    )


def _first(facts: list[Fact], most: int) -> list[Fact]:
    """Keep at most the given number of facts per predicate."""
    seen: dict[str, int] = {}
    kept = []
    for fact in facts:
        seen[fact.predicate] = seen.get(fact.predicate, 0) + 1
        if seen[fact.predicate] <= most:
            kept.append(fact)
    return kept
