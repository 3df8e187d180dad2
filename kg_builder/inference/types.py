"""Narrow entity classes by domain and range of their statements: a band's member is a person."""

from __future__ import annotations

from collections import defaultdict
from functools import cache, partial

import pandas as pd

from kg_builder.ontology import Schema
from kg_builder.tables import ENTITIES


def refine_types(
    statements: pd.DataFrame, entities: pd.DataFrame, schema: Schema
) -> tuple[pd.DataFrame, int]:
    """Give each entity the most specific class that its statements imply.

    Only predicates with a single class as domain (range) count, and a class is only replaced by a
    subclass. If statements imply incompatible classes, the entity is left unchanged, and the
    cleaning stage reports the contradiction.

    Args:
        statements: `tables.STATEMENTS` about entities.
        entities: `tables.ENTITIES`.
        schema: the data model.

    Returns:
        The entities with narrowed classes, and how many changed.
    """
    calls = [_calls(statements, "subject", {p.name: p.domain for p in schema.predicates.values()})]
    linking = statements[statements["object_kind"] == "entity"]
    calls.append(_calls(linking, "object", {p.name: p.range for p in schema.predicates.values()}))
    wanted = pd.concat(calls, ignore_index=True).drop_duplicates()
    called: dict[str, frozenset[str]] = defaultdict(frozenset)
    for entity, class_ in zip(wanted["entity"].tolist(), wanted["class"].tolist(), strict=True):
        called[entity] |= {class_}
    narrow = cache(partial(_narrow, schema=schema))
    narrowed: dict[str, str] = {}
    for entity, old in zip(entities["entity"].tolist(), entities["type"].tolist(), strict=True):
        new = narrow(old, called[entity]) if entity in called else None
        if new is not None and new != old:
            narrowed[entity] = new
    if not narrowed:
        return entities, 0
    types = entities["entity"].map(narrowed).fillna(entities["type"])
    return ENTITIES.check(entities.assign(type=types)), len(narrowed)


def _calls(
    statements: pd.DataFrame, column: str, classes: dict[str, tuple[str, ...]]
) -> pd.DataFrame:
    single = {name: allowed[0] for name, allowed in classes.items() if len(allowed) == 1}
    rows = statements[statements["predicate"].isin(list(single))]
    called = rows["predicate"].map(single)
    return pd.DataFrame({"entity": rows[column], "class": called})


def _narrow(old: str, called: frozenset[str], schema: Schema) -> str | None:
    """The most general subclass of the old class and of all implied classes, if any."""
    wanted = {old, *called}
    fitting = [name for name in schema.classes if wanted <= schema.ancestors(name)]
    if not fitting:
        return None
    return min(fitting, key=lambda name: (len(schema.ancestors(name)), name))
