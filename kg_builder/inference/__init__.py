"""Stage 4: statements → inferred statements, marked as inferred, from rules that are data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from kg_builder.inference.engine import closure
from kg_builder.inference.rules import Atom, Rule, load_rules
from kg_builder.inference.types import refine_types
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent
from kg_builder.tables import ENTITIES, STATEMENTS

__all__ = ["Atom", "Inference", "InferenceConfig", "Rule", "infer", "load_rules"]


class InferenceConfig(BaseModel):
    """Which rules run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[str, ...] | None = Field(
        None, description="names of the rules to apply; all when absent, none when empty"
    )
    files: tuple[Path, ...] = Field(
        (), description="rule files to use instead of the project's own rules.toml"
    )
    refine_types: bool = Field(
        True, description="narrow an entity's class by what is said of it (a member is a person)"
    )


@dataclass(frozen=True)
class Inference:
    """What the stage adds: all statements with the inferred ones last, and all entities."""

    statements: pd.DataFrame
    entities: pd.DataFrame
    counts: dict[str, int]


def infer(
    statements: pd.DataFrame,
    entities: pd.DataFrame,
    config: InferenceConfig,
    *,
    schema: Schema,
    progress: Progress = silent,
) -> Inference:
    """Apply the rules until nothing new follows.

    Args:
        statements: `tables.STATEMENTS` about entities.
        entities: `tables.ENTITIES`.
        config: which rules.
        schema: the data model.
        progress: called with the number of facts inferred so far.

    Returns:
        The statements followed by the inferred ones (source `inference`, method `rule:<name>`,
        evidence the premises), and the entities, with those that rules created.
    """
    rules = load_rules(schema, *config.files, only=config.rules)
    counts: dict[str, int] = {}
    if config.refine_types:
        entities, changed = refine_types(statements, entities, schema)
        counts["types narrowed"] = changed
    if not rules:
        return Inference(statements, entities, counts)
    best = statements.sort_values("confidence", ascending=False, kind="stable").drop_duplicates(
        ["subject", "predicate", "object"]
    )
    types = entities.set_index("entity")["type"]
    new, created = closure(best, types, rules, schema, progress=progress)
    inferred = new.rename(columns={"premises": "evidence"}).assign(
        source="inference", method="rule:" + new["rule"].astype(str), inferred=True
    )
    counts |= _by_rule(inferred, rules)
    added = ENTITIES.frame(
        {
            "entity": entity,
            "type": thing.type,
            "name": thing.name,
            "aliases": [],
            "external_ids": [],
            "attributes": json.dumps({}),
            "records": 0,
        }
        for entity, thing in sorted(created.items())
        if entity not in types.index
    )
    return Inference(
        statements=STATEMENTS.check(
            pd.concat([statements, STATEMENTS.check(inferred)], ignore_index=True)
        ),
        entities=ENTITIES.check(pd.concat([entities, added], ignore_index=True)),
        counts=counts,
    )


def _by_rule(inferred: pd.DataFrame, rules: Sequence[Rule]) -> dict[str, int]:
    found = inferred["rule"].value_counts()
    return {f"inferred by {rule.name}": int(found.get(rule.name, 0)) for rule in rules}
