"""Split artist names such as 'X feat. Y', and credit X and Y where both are known artists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import pandas as pd

from kg_builder.credits import is_featuring, split_credits
from kg_builder.fusion.normalize import name_key
from kg_builder.fusion.profiles import values
from kg_builder.ontology import Schema


def joint_credits(
    entities: pd.DataFrame, schema: Schema, *, known_single: Collection[str]
) -> tuple[dict[str, list[str]], list[dict[str, Any]]]:
    """Find joint credits among the artists.

    'X feat. Y' always is one; 'X & Y' or 'X, Y' only if every part is an artist in the table and no
    database has an entry for the whole ('Simon & Garfunkel', 'Earth, Wind & Fire').

    Args:
        entities: table `ENTITIES`.
        schema: the data model.
        known_single: CURIEs of entities for which a database has one entry.

    Returns:
        entity → CURIEs of the credited artists, and the statements for these credits.
    """
    if "creditedTo" not in schema.predicates:
        return {}, []
    artists = entities[[schema.is_a(type_, "Artist") for type_ in entities["type"]]]
    by_key: dict[str, list[str]] = defaultdict(list)
    for curie, name in zip(values(artists, "entity"), values(artists, "name"), strict=True):
        by_key[name_key(name)].append(curie)
    found: dict[str, list[str]] = {}
    statements: list[dict[str, Any]] = []
    for curie, name in zip(values(artists, "entity"), values(artists, "name"), strict=True):
        parts = split_credits(name)
        if len(parts) < 2:
            continue
        certain = is_featuring(name)
        owners = [by_key.get(name_key(part), []) for part in parts]
        # a part that is the name of several artists is ambiguous
        credited = [own[0] for own in owners if len(own) == 1 and own[0] != curie]
        if not certain and (len(credited) < len(parts) or curie in known_single):
            continue
        if not certain and any(len(name_key(part)) < 3 for part in parts):
            continue
        found[curie] = credited
        statements += [
            {
                "subject": curie,
                "predicate": "creditedTo",
                "object": other,
                "object_kind": "entity",
                "source": "names",
                "method": "joint credit",
                "confidence": 0.95 if certain else 0.85,
                "evidence": f"name: {name}",
                "inferred": False,
            }
            for other in dict.fromkeys(credited)
        ]
    return found, statements
