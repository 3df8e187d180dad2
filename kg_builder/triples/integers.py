"""Map items (ids 0..n_items-1), entities, relations to integers; build `kg_final.txt`'s triples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
import pandas as pd
import pyarrow as pa

from kg_builder.ontology import Schema
from kg_builder.sql import literals
from kg_builder.triples.config import TriplesConfig
from kg_builder.triples.graph_tables import GraphTables

_TYPE: Final = "rdf:type"
_BATCH: Final = 100_000
BARE: Final = "items known by their class alone"
"""Name of the count of items without any relation."""

_DIRECTIONS: Final = pa.schema({"code": pa.int16(), "inverse": pa.int16(), "excluded": pa.bool_()})
_NUMBERS: Final = pa.schema({"code": pa.int16(), "id": pa.int32()})
_CANDIDATES: Final = """
CREATE TEMP VIEW candidate AS
SELECT *, sure > 0 AND NOT excluded AND NOT reified AS used,
       tail < {items} AND head >= {items} AS turned, tail >= {items} AND head >= {items} AS apart
FROM (SELECT *, head IN (SELECT code FROM thing WHERE type IN ({reified})) AS reified
      FROM relation JOIN directions ON code = predicate)
"""
_LEFT_OUT: Final = """
SELECT coalesce(sum(stated) FILTER (excluded), 0),
       coalesce(sum(stated - sure) FILTER (NOT excluded), 0),
       coalesce(sum(sure) FILTER (NOT excluded AND reified), 0),
       count(*) FILTER (used AND turned),
       count(*) FILTER (used AND apart)
FROM candidate
"""
_GRAPH: Final = """
CREATE TABLE graph AS
SELECT if(turned, tail, head) AS head, if(turned, inverse, predicate) AS relation,
       if(turned, head, tail) AS tail, min(first) AS first
FROM candidate WHERE used AND ($everything OR NOT apart) GROUP BY ALL
"""
_BARE: Final = """
INSERT INTO graph
SELECT item.code, $type, class.code, (SELECT coalesce(max(first), 0) + 1 FROM graph) + item.code
FROM thing item JOIN thing class ON class.entity = 'mkg:' || item.type
WHERE item.code < $items AND item.code NOT IN (SELECT head FROM graph UNION SELECT tail FROM graph)
"""
_NUMBERED: Final = """
CREATE TABLE numbered AS
SELECT code, (row_number() OVER (ORDER BY {order}) - 1)::INTEGER AS id
FROM (SELECT code, min(place) AS place
      FROM (SELECT head AS code, 2 * first AS place FROM graph
            UNION ALL SELECT tail, 2 * first + 1 FROM graph)
      GROUP BY code)
"""
_IN_ORDER: Final = {
    "name": "code",
    "source": "code >= {items}, if(code < {items}, code, place)",
}
_USED_RELATIONS: Final = "SELECT relation FROM graph GROUP BY relation ORDER BY min(first)"
_SIZES: Final = "SELECT (SELECT count(*) FROM graph), (SELECT count(*) FROM numbered)"
_TRIPLES: Final = """
SELECT h.id AS head, r.id AS relation, t.id AS tail
FROM graph JOIN numbered h ON h.code = head JOIN numbered t ON t.code = tail
     JOIN numbered_relation r ON r.code = relation
ORDER BY {order}
"""
_ENTITIES: Final = """
SELECT id, entity AS iri, name, coalesce(type, 'Class') AS type
FROM numbered JOIN thing USING (code) WHERE id < $end ORDER BY id
"""
_ALIASES: Final = """
SELECT DISTINCT id, alias
FROM (SELECT id, thing.name, unnest(aliases) AS alias
      FROM numbered JOIN thing USING (code) JOIN entities USING (entity) WHERE len(aliases) > 0)
WHERE alias <> name ORDER BY id, alias
"""


@dataclass(frozen=True)
class Numbering:
    """The integer graph, in a database, which must be open for its rows.

    The tables of rows are some at a time, the first of them empty.

    Attributes:
        relations: columns id, iri (CURIE), name; row i has id i.
        n_triples, n_entities, n_items: sizes; the items are the first entities.
        counts: statements left out, by reason; inverted triples; items with a class triple.
    """

    relations: pd.DataFrame
    n_triples: int
    n_entities: int
    n_items: int
    counts: dict[str, int]
    _base: duckdb.DuckDBPyConnection
    _order: str
    _schema: Schema

    def triples(self) -> Iterator[pa.Table]:
        """Columns head, relation, tail: distinct rows."""
        order = "ALL" if self._order == "name" else "first"
        return self._rows(_TRIPLES.format(order=order))

    def entities(self, *, items_only: bool = False) -> Iterator[pa.Table]:
        """Columns id, iri (CURIE), name, type; row i has id i."""
        end = self.n_items if items_only else self.n_entities
        for rows in self._rows(_ENTITIES, end=end):
            names = [
                name if name is not None else _class_label(iri, self._schema)
                for iri, name in zip(rows["iri"].to_pylist(), rows["name"].to_pylist(), strict=True)
            ]
            yield rows.set_column(2, "name", pa.array(names, pa.string()))

    def aliases(self) -> Iterator[pa.Table]:
        """Columns id, alias: the other names of an entity, sorted."""
        return self._rows(_ALIASES)

    def _rows(self, query: str, **values: int) -> Iterator[pa.Table]:
        found = self._base.cursor().sql(query, params=values).to_arrow_reader(_BATCH)
        yield found.schema.empty_table()
        for batch in found:
            yield pa.Table.from_batches([batch])


def number(graph: GraphTables, config: TriplesConfig, *, schema: Schema) -> Numbering:
    """Number items, entities and relations, and encode the triples.

    A graph without items keeps all triples between entities, regardless of `heads`.

    An item without triples gets one with its class, because the public loaders derive the number of
    entities from the triples.

    Args:
        graph: the graph's tables; those of the integer graph are added.
        config: order and direction of the triples.
        schema: the data model, for inverse predicates and labels.
    """
    base, items = graph.base, graph.n_items
    predicates = graph.pairs("SELECT name, code FROM predicate ORDER BY code")
    stated = list(predicates)
    inverses = [predicates.setdefault(_inverse(name, schema), len(predicates)) for name in stated]
    excluded = _excluded(config.exclude, stated, schema)
    codes = range(len(stated))
    base.register("directions", pa.table([codes, inverses, excluded], schema=_DIRECTIONS))
    classes = [name for name, item in schema.classes.items() if item.reifies]
    base.execute(_CANDIDATES.format(reified=literals(classes), items=items))
    everything = config.heads == "all" or not items
    counts = _left_out(graph, classes, everything=everything)
    base.execute(_GRAPH, {"everything": everything})
    type_ = predicates.setdefault(_TYPE, len(predicates))
    [(counts[BARE],)] = base.execute(_BARE, {"type": type_, "items": items}).fetchall()
    base.execute(_NUMBERED.format(order=_IN_ORDER[config.order].format(items=items)))
    names = list(predicates)
    used = [code for (code,) in base.execute(_USED_RELATIONS).fetchall()]
    if config.order == "name":
        used.sort(key=names.__getitem__)
    base.register("used", pa.table([used, range(len(used))], schema=_NUMBERS))
    base.execute("CREATE TABLE numbered_relation AS FROM used")
    relations = [names[code] for code in used]
    [(n_triples, n_entities)] = base.execute(_SIZES).fetchall()
    return Numbering(
        relations=pd.DataFrame(
            {
                "id": range(len(relations)),
                "iri": relations,
                "name": [relation_label(name, schema) for name in relations],
            }
        ),
        n_triples=n_triples,
        n_entities=n_entities,
        n_items=items,
        counts=counts,
        _base=base,
        _order=config.order,
        _schema=schema,
    )


_PREPOSITIONS: Final = (" by", " for", " in", " of", " to", " with")


def relation_label(name: str, schema: Schema) -> str:
    """Label of a relation; `^p` is the inverse of `p`, as in a SPARQL path."""
    if name == _TYPE:
        return "type"
    if name.startswith("^"):
        label = relation_label(name[1:], schema)
        return f"inverse of {label}" if label.endswith(_PREPOSITIONS) else f"{label} of"
    declared = schema.predicates.get(name)
    return declared.label if declared else name.partition(":")[2] or name


def _left_out(graph: GraphTables, reifying: list[str], *, everything: bool) -> dict[str, int]:
    """Count what does not become a triple, and the triples that are inverted for their item.

    Of a membership only `memberOf`, inferred from it, becomes one: its node would repeat the fact.
    """
    [(excluded, doubtful, reified, turned, apart)] = graph.base.execute(_LEFT_OUT).fetchall()
    counts = {
        "statements with a literal": graph.counts.statements() - graph.counts.statements("linking"),
        "statements of excluded predicates": excluded,
        "statements below the confidence": doubtful,
    }
    if not graph.counts.classes.keys().isdisjoint(reifying):
        counts["statements about statements"] = reified
    counts["triples turned round"] = turned
    if not everything:
        counts["triples without an item"] = apart
    return {name: int(count) for name, count in counts.items()}


def _excluded(names: Iterable[str], stated: Sequence[str], schema: Schema) -> list[bool]:
    """Whether each stated predicate is excluded, by its own name or that of its inverse.

    Raises:
        DataError: a name is of no predicate, neither of the data model nor of the graph, which may
            have those of other vocabularies.
    """
    named = {
        name if name in stated else schema.predicate(name, where="[triples] exclude").name
        for name in names
    }
    named |= {schema.canonical.get(name, name) for name in named}
    return [name in named for name in stated]


def _inverse(name: str, schema: Schema) -> str:
    declared = schema.predicates.get(name)
    if declared and declared.symmetric:
        return name
    return declared.inverse if declared and declared.inverse else f"^{name}"


def _class_label(iri: str, schema: Schema) -> str:
    declared = schema.classes.get(iri.removeprefix("mkg:"))
    return declared.label if declared else iri
