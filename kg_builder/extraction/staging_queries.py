"""SQL (DuckDB) that merges records staged on disk and builds their links and attributes.

A query's input rows are called `batch`: all statements in `LINKED` and `UNKNOWN`, all parts in
`PARTS`. Table `thing` has the queried columns of each part; `merged` has the parts merged from
several.
"""

from __future__ import annotations

from typing import Final

NOT_COMPARED: Final = ("description", "homepage", "image")
"""Predicates that are not attributes of a record, as they do not help to identify it."""

LONG: Final = 200
"""Maximum length of an attribute value."""

REPEATED: Final = """
CREATE TABLE repeated AS
WITH again AS MATERIALIZED (
    SELECT key, min(seq) AS first FROM thing GROUP BY key HAVING count(*) > 1
)
SELECT p.key, first, sum(p.rows) AS rows, bool_or(p.optional) AS optional,
       bool_and(p.plain AND p.type = f.type AND p.name = f.name
                AND p.external_id = f.external_id) AS same
FROM thing p JOIN again USING (key) JOIN thing f ON f.seq = first GROUP BY p.key, first
"""
"""Entities with several parts; `same` if all parts equal the first one."""

SAME: Final = """
UPDATE thing SET rows = repeated.rows, optional = repeated.optional
FROM repeated WHERE seq = first AND same AND repeated.rows > 0
"""

DIFFERENT: Final = """
CREATE TABLE different AS
SELECT thing.seq FROM thing JOIN repeated USING (key) WHERE NOT same
"""

PARTS: Final = """
CREATE TABLE again AS SELECT batch.* FROM batch JOIN different USING (seq)
"""

FURTHER: Final = """
DELETE FROM thing
WHERE key IN (SELECT key FROM repeated) AND seq NOT IN (SELECT first FROM repeated WHERE same)
"""

LINKED: Final = f"""
CREATE TABLE linked AS
SELECT s.seq, p.number AS predicate, p.compared, a.seq AS subject, o.seq AS object,
       s.object_kind = 'record'
           AND split_part(s.subject, '/', 1) <> split_part(s.object, '/', 1) AS across,
       CASE WHEN across THEN a.seq IS NOT NULL OR o.seq IS NOT NULL
            ELSE a.seq IS NOT NULL AND (s.object_kind <> 'record' OR o.seq IS NOT NULL)
            END AS known,  -- whether another source has the other end, fusion finds out
       CASE WHEN s.object_kind <> 'record' AND length(s.object) <= {LONG}
            THEN s.object END AS literal,
       CASE WHEN length(o.name) <= {LONG} THEN p.back END AS back
FROM batch s
JOIN predicate p ON p.name = s.predicate
LEFT JOIN thing a ON a.key = s.subject
LEFT JOIN thing o ON o.key = s.object AND s.object_kind = 'record'
"""

UNKNOWN: Final = """
INSERT INTO reject
SELECT 'reference to an unknown id', s.evidence,
       s.predicate || ': no ' || CASE WHEN l.subject IS NULL THEN s.subject ELSE s.object END
FROM batch s JOIN linked l USING (seq) WHERE NOT l.known ORDER BY seq
"""

UNUSED: Final = """
DELETE FROM thing WHERE optional AND seq NOT IN (
    SELECT subject FROM linked WHERE known AND subject IS NOT NULL
    UNION SELECT object FROM linked WHERE known AND object IS NOT NULL
)
"""

ATTRIBUTES: Final = f"""
CREATE TABLE attribute AS
SELECT stated.thing, predicate, coalesce(literal, name) AS value, rank
FROM (
    SELECT subject AS thing, predicate, object AS other, literal, 2 * seq AS rank
    FROM linked WHERE known AND NOT across AND compared
    UNION ALL
    SELECT object, back, subject, NULL, 2 * seq + 1
    FROM linked WHERE known AND NOT across AND back IS NOT NULL
) stated
LEFT JOIN thing ON thing.seq = other
WHERE literal IS NOT NULL OR length(name) <= {LONG}
"""
"""Attributes of each entity, also under the inverse predicate if there is one."""

SORTED: Final = """
SELECT thing, predicate, value FROM attribute WHERE thing >= {first} AND thing < {end}
ORDER BY thing, predicate, rank
"""

PREDICATES: Final = "SELECT name FROM predicate ORDER BY number"

AGAIN: Final = "SELECT * FROM again ORDER BY key, seq"

KEPT: Final = "SELECT seq FROM thing WHERE seq >= $1 AND seq < $2 ORDER BY seq"

MERGED: Final = "SELECT * FROM merged WHERE seq >= $1 AND seq < $2 ORDER BY seq"

REJECTS: Final = """
SELECT 'extraction' AS stage, $1::VARCHAR AS source, reason, evidence, detail
FROM reject WHERE rowid >= $2 AND rowid < $3 ORDER BY rowid
"""
