"""Stage 4, inference: derive statements by rules, tags and similarity, marked as inferred."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from kg_builder.inference.engine import closure
from kg_builder.inference.mined import MiningConfig
from kg_builder.inference.rules import Atom, Rule, load_rules
from kg_builder.inference.similar import SimilarConfig, similar_artists
from kg_builder.inference.tag_meanings import tag_facts
from kg_builder.inference.types import refine_types
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent
from kg_builder.tables import ENTITIES, STATEMENTS

__all__ = [
    "Atom",
    "Inference",
    "InferenceConfig",
    "MiningConfig",
    "Rule",
    "SimilarConfig",
    "infer",
    "load_rules",
]


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


@dataclass(frozen=True)
class Inference:
    """Result of the stage: all statements, the inferred ones last, and all entities."""

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
    """Derive facts from tags, apply the rules to a fixed point, find similar artists.

    Args:
        statements: `tables.STATEMENTS` about entities.
        entities: `tables.ENTITIES`.
        config: which rules to apply.
        schema: the data model.
        progress: called with the number of facts inferred so far.

    Returns:
        The statements followed by the inferred ones (source `inference`, method `rule:<name>`,
        evidence the premises), and the entities, with those that rules created.
    """
    counts: dict[str, int] = {}
    if config.refine_types:
        entities, changed = refine_types(statements, entities, schema)
        counts["types narrowed"] = changed
    if config.tag_meanings:
        found, things = tag_facts(statements, entities, schema)
        counts["read from tags"] = len(found)
        statements = STATEMENTS.check(pd.concat([statements, found], ignore_index=True))
        entities = ENTITIES.check(pd.concat([entities, things], ignore_index=True))
    if rules := load_rules(schema, *config.files, only=config.rules):
        statements, entities, by_rule = _by_rules(statements, entities, rules, schema, progress)
        counts |= by_rule
    if config.similar is not None:
        alike = similar_artists(statements, entities, config.similar, schema=schema)
        counts["similar artists"] = len(alike)
        statements = STATEMENTS.check(pd.concat([statements, alike], ignore_index=True))
    return Inference(statements, entities, counts)


def _by_rules(
    statements: pd.DataFrame,
    entities: pd.DataFrame,
    rules: Sequence[Rule],
    schema: Schema,
    progress: Progress,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Apply the rules; return the statements and the entities with the derived ones added."""
    best = statements.sort_values("confidence", ascending=False, kind="stable").drop_duplicates(
        ["subject", "predicate", "object"]
    )
    types = entities.set_index("entity")["type"]
    new, created = closure(best, types, rules, schema, progress=progress)
    inferred = new.rename(columns={"premises": "evidence"}).assign(
        source="inference", method="rule:" + new["rule"].astype(str), inferred=True
    )
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
    return (
        STATEMENTS.check(pd.concat([statements, STATEMENTS.check(inferred)], ignore_index=True)),
        ENTITIES.check(pd.concat([entities, added], ignore_index=True)),
        _by_rule(inferred, rules),
    )


def _by_rule(inferred: pd.DataFrame, rules: Sequence[Rule]) -> dict[str, int]:
    found = inferred["rule"].value_counts()
    return {f"inferred by {rule.name}": int(found.get(rule.name, 0)) for rule in rules}
