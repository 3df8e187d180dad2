"""The clean graph as tables of a database: numbered entities, and distinct relations by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from kg_builder.sql import literal

_ITEMS: Final = pa.schema({"item": pa.string(), "place": pa.int32()})
_THINGS: Final = """
CREATE TABLE thing AS
SELECT (row_number() OVER (ORDER BY place, entity) - 1)::INTEGER AS code, entity, type, name
FROM (SELECT entity, type, name FROM entities
      UNION ALL
      SELECT DISTINCT other, NULL, NULL FROM
          (SELECT subject AS other FROM statements WHERE object_kind = 'entity'
           UNION ALL SELECT object FROM statements WHERE object_kind = 'entity'
           UNION ALL SELECT item FROM items
           UNION ALL SELECT DISTINCT 'mkg:' || type FROM entities SEMI JOIN items ON entity = item)
      ANTI JOIN entities ON entity = other)
LEFT JOIN items ON item = entity
"""
_PREDICATES: Final = """
CREATE TABLE predicate AS
SELECT (row_number() OVER (ORDER BY predicate) - 1)::SMALLINT AS code, predicate AS name
FROM (SELECT DISTINCT predicate FROM statements)
"""
_RELATIONS: Final = """
CREATE TABLE linking AS
SELECT thing.code AS head, predicate.code AS predicate, object,
       confidence >= {least!r}::DOUBLE AS sure, file_row_number AS row
FROM statements JOIN thing ON entity = subject JOIN predicate ON predicate.name = predicate
WHERE object_kind = 'entity';
CREATE TABLE relation AS
SELECT head, predicate, thing.code AS tail, count(*)::INTEGER AS stated,
       count(*) FILTER (sure)::INTEGER AS sure, min(row) FILTER (sure) AS first
FROM linking JOIN thing ON entity = object
GROUP BY ALL;
DROP TABLE linking
"""
_SOURCES: Final = """
SELECT source, method, count(*) AS facts, count(*) FILTER (object_kind = 'entity') AS linking,
       count(*) FILTER (inferred) AS inferred, sum(confidence::DECIMAL(18, 15)) AS confidence
FROM statements GROUP BY ALL ORDER BY source, method
"""
_BY_PREDICATE: Final = "SELECT name, count(*) FROM {} GROUP BY name"
_DISTINCT_RELATIONS: Final = "relation JOIN predicate ON code = predicate"
_DISTINCT_ATTRIBUTES: Final = """
(SELECT DISTINCT subject, predicate AS name, object, object_kind FROM statements
 WHERE object_kind <> 'entity')
"""
_DATABASES: Final = """
SELECT split_part(name, ':', 1), count(*)
FROM (SELECT unnest(external_ids) AS name FROM entities) GROUP BY ALL
"""
_ENDS_OF_ITEMS: Final = """
SELECT code, count(*) AS facts
FROM (SELECT head AS code FROM relation UNION ALL SELECT tail FROM relation)
WHERE code < $items GROUP BY code
"""
_CREDITS: Final = """
SELECT item, string_agg(if(place > $most, '…', name), ' & ' ORDER BY place)
FROM (SELECT item, whose.name, row_number() OVER (PARTITION BY item ORDER BY whose.name) AS place
      FROM (SELECT head AS item, tail AS other FROM relation JOIN predicate p ON p.code = predicate
            JOIN thing ON thing.code = head
            WHERE sure > 0 AND (p.name = 'performer' OR p.name = 'writer' AND type = 'Book')
            UNION
            SELECT tail, head FROM relation JOIN predicate p ON p.code = predicate
            WHERE sure > 0 AND p.name = 'performed') credit
      JOIN thing whose ON whose.code = other
      WHERE item < $items AND whose.name <> '')
WHERE place <= $most + 1
GROUP BY item
"""
_ITEM_ENTITIES: Final = """
SELECT entity, entities.name, external_ids FROM thing JOIN entities USING (entity)
WHERE code < $items ORDER BY code
"""

_MOST_CREDITED: Final = 3


@dataclass(frozen=True)
class Coverage:
    """Number of facts per item.

    A fact of an item is a distinct relation to another entity, in either direction.

    Attributes:
        items: number of items.
        at_least: number of facts → items with at least that many.
        median: of the facts per item.
    """

    items: int
    at_least: dict[int, int]
    median: float


@dataclass(frozen=True)
class GraphCounts:
    """What the clean statements and the entities amount to.

    Attributes:
        sources: number of statements by columns source and method: facts, those `linking` two
            entities, `inferred` ones, and the mean confidence.
        entities: number of entities.
        classes: class → entities.
        relations: predicate → distinct relations between entities.
        facts: predicate → distinct facts.
        external_ids: database → ids.
        coverage: facts per item.
    """

    sources: pd.DataFrame
    entities: int
    classes: dict[str, int]
    relations: dict[str, int]
    facts: dict[str, int]
    external_ids: dict[str, int]
    coverage: Coverage

    def statements(self, kind: str = "facts") -> int:
        """Number of statements: all, `linking` or `inferred` ones."""
        return int(self.sources[kind].sum())


class GraphTables:
    """Tables of a graph; queries that need more than the memory of the database use its folder.

    - `thing`: code, entity, type, name. The items have the first codes, in their order; the
      others follow by name, among them classes of items and names that the entities lack, both
      without type and name.
    - `predicate`: code, name.
    - `relation`: codes of head, predicate, tail; `stated` is the number of statements, `sure` that
      of the sufficiently confident ones, and `first` the row of the first of these.
    - `entities`, `statements`: the files.

    Args:
        base: a database without these tables.
        statements: clean `tables.STATEMENTS`, as Parquet.
        entities: `tables.ENTITIES`, as Parquet.
        items: CURIEs of the items, in the order of their ids.
        min_confidence: that of `sure` statements.
    """

    def __init__(
        self,
        base: duckdb.DuckDBPyConnection,
        statements: Path,
        entities: Path,
        items: Sequence[str],
        *,
        min_confidence: float = 0.0,
    ) -> None:
        self.base, self.n_items = base, len(items)
        base.execute(f"CREATE VIEW entities AS FROM read_parquet({literal(str(entities))})")
        source = f"read_parquet({literal(str(statements))}, file_row_number = true)"
        base.execute(f"CREATE VIEW statements AS FROM {source}")
        base.register("items", pa.table([items, np.arange(len(items))], _ITEMS))
        base.execute(_THINGS)
        base.unregister("items")
        base.execute(_PREDICATES)
        base.execute(_RELATIONS.format(least=min_confidence))

    @cached_property
    def counts(self) -> GraphCounts:
        """Numbers of statements, entities and relations."""
        sources = self.base.sql(_SOURCES).to_arrow_table().to_pandas()
        means = sources["confidence"].astype(float) / sources["facts"]
        classes = self.pairs("SELECT type, count(*) FROM entities GROUP BY type")
        relations = self.pairs(_BY_PREDICATE.format(_DISTINCT_RELATIONS))
        attributes = self.pairs(_BY_PREDICATE.format(_DISTINCT_ATTRIBUTES))
        return GraphCounts(
            sources=sources.assign(confidence=means.round(3)),
            entities=sum(classes.values()),
            classes=classes,
            relations=relations,
            facts={
                name: relations.get(name, 0) + attributes.get(name, 0)
                for name in {**relations, **attributes}
            },
            external_ids=self.pairs(_DATABASES),
            coverage=self._coverage(),
        )

    def items(self) -> pd.DataFrame:
        """Columns entity, name, external_ids of the items among the entities."""
        found = self.base.sql(_ITEM_ENTITIES, params={"items": self.n_items}).to_arrow_table()
        frame: pd.DataFrame = found.to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    def credits(self) -> list[str]:
        """By whom each item is, for display: performers of music, writers of books, or ''."""
        found = self.base.execute(_CREDITS, {"items": self.n_items, "most": _MOST_CREDITED})
        credits = dict(found.fetchall())
        return [credits.get(item, "") for item in range(self.n_items)]

    def pairs(self, query: str) -> dict[str, int]:
        """The rows of a query with a name and a number."""
        return dict(self.base.execute(query).fetchall())

    def _coverage(self, levels: Sequence[int] = (1, 3, 5, 10)) -> Coverage:
        found: dict[str, Any] = self.base.execute(
            _ENDS_OF_ITEMS, {"items": self.n_items}
        ).fetchnumpy()
        facts = np.zeros(self.n_items, np.int64)
        facts[found["code"]] = found["facts"]
        return Coverage(
            items=self.n_items,
            at_least={level: int((facts >= level).sum()) for level in levels},
            median=float(np.median(facts)) if self.n_items else 0.0,
        )
