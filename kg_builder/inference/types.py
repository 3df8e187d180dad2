"""Narrow entity classes by domain and range of their statements: a band's member is a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache, partial
from typing import Final

import duckdb
import pyarrow as pa

from kg_builder.ontology import Schema

_CALLED: Final = """
SELECT DISTINCT entity, type, class FROM stated
JOIN single USING (predicate)
JOIN thing ON entity = CASE place WHEN 'subject' THEN subject ELSE object END
JOIN other USING (type, class)
WHERE place = 'subject' OR object_kind = 'entity'
"""


def narrowed_types(base: duckdb.DuckDBPyConnection, schema: Schema) -> dict[str, str]:
    """Find the most specific class of each entity that its statements imply.

    Only predicates with a single class as domain (range) count, and a class is only replaced by a
    subclass. If statements imply incompatible classes, the entity is left unchanged, and the
    cleaning stage reports the contradiction.

    Args:
        base: has the tables `stated` (subject, predicate, object, object_kind) and `thing` (entity,
            type).
        schema: the data model.

    Returns:
        The narrower class of each entity that gets one.
    """
    single = [
        (item.name, place, classes[0])
        for item in schema.predicates.values()
        for place, classes in (("subject", item.domain), ("object", item.range))
        if len(classes) == 1
    ]
    other = [
        (name, class_)
        for name in schema.classes
        for class_ in schema.classes
        if not schema.is_a(name, class_)
    ]
    base.register("single", _table(single, "predicate", "place", "class"))
    base.register("other", _table(other, "type", "class"))
    called: dict[tuple[str, str], frozenset[str]] = defaultdict(frozenset)
    for entity, type_, class_ in base.execute(_CALLED).fetchall():
        called[entity, type_] |= {class_}
    narrow = cache(partial(_narrow, schema=schema))
    found = ((entity, narrow(old, classes)) for (entity, old), classes in called.items())
    return {entity: new for entity, new in sorted(found) if new is not None}


def _table(rows: Sequence[tuple[str, ...]], *names: str) -> pa.Table:
    return pa.table(list(map(list, zip(*rows, strict=True))), names=names)


def _narrow(old: str, called: frozenset[str], schema: Schema) -> str | None:
    """The most general subclass of the old class and of all implied classes, if any."""
    wanted = {old, *called}
    fitting = [name for name in schema.classes if wanted <= schema.ancestors(name)]
    if not fitting:
        return None
    return min(fitting, key=lambda name: (len(schema.ancestors(name)), name))
