"""Pass a graph's facts to the models of `recommender.mining`, and return the proposed facts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from kg_builder.errors import DataError
from kg_builder.inference.mined import (
    MINED_SOURCE,
    MiningConfig,
    MiningInput,
    mined_statements,
    mining_input,
)
from kg_builder.ontology import Schema
from recommender.data.graph import KnowledgeGraph
from recommender.mining import MODELS, USERS, Measured, Mined, MiningProblem, Target, mine

__all__ = ["Mining", "mine_facts", "run_mining"]


@dataclass(frozen=True, eq=False)
class Mining:
    """Result of mining: the models' input, their proposals and their evaluation."""

    given: MiningInput
    mined: Mined
    statements: pd.DataFrame

    @property
    def measured(self) -> dict[str, Measured]:
        """Evaluation by predicate."""
        return {self.given.predicates[r]: found for r, found in self.mined.measured.items()}


def run_mining(
    statements: pd.DataFrame,
    entities: pd.DataFrame,
    config: MiningConfig,
    schema: Schema,
    *,
    interactions: pd.DataFrame | None = None,
    hidden: Sequence[str] = (),
    progress: Callable[[str], None] = lambda model: None,
) -> Mining:
    """Train the models on the stated facts, and select proposals at the required precision.

    Args:
        statements, entities: tables of the inference stage; mined statements are left out.
        config: predicates, models, precision.
        schema: the data model.
        interactions: columns `user`, `item` of `tables.INTERACTIONS`, with entities as items.
        hidden: sources whose facts are left out.
        progress: called after each trained model.

    Raises:
        DataError: an unknown predicate or model, or no facts to train on.
    """
    _check(config, schema)
    statements = statements[statements["source"] != MINED_SOURCE]
    given = mining_input(
        statements, entities, config, schema, interactions=interactions, hidden=hidden
    )
    if not len(given.heads):
        raise DataError("no stated fact links two entities", where="mining")
    graph = KnowledgeGraph(
        given.heads, given.relations, given.tails, len(given.entities), len(given.predicates)
    )
    models = [name for name in config.models if name != USERS or len(given.interactions)]
    if not models:
        raise DataError("no interactions", where="mining", remedy=f"use models besides {USERS!r}")
    targets = {r: Target(**vars(allowed)) for r, allowed in given.allowed.items()}
    mined = mine(
        MiningProblem(
            graph,
            given.stated_by,
            given.names,
            targets,
            descriptions=given.descriptions,
            interactions=given.interactions,
        ),
        models,
        precision=config.precision,
        level=config.level,
        share=config.share,
        epochs=config.epochs,
        seed=config.seed,
        progress=progress,
    )
    evidence = {
        r: f"{found.right} of {found.taken} held-out proposals as sure or surer are true"
        for r, found in mined.measured.items()
    }
    found = (mined.head, mined.relation, mined.tail, mined.confidence)
    return Mining(given, mined, mined_statements(given, found, evidence, models))


def mine_facts(
    statements: pd.DataFrame,
    entities: pd.DataFrame,
    config: MiningConfig,
    schema: Schema,
    *,
    interactions: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Mine a build's statements, with counts for its summary; none from a small graph."""
    _check(config, schema)
    stated = ~statements["inferred"].astype(bool) & (statements["object_kind"] == "entity")
    if (count := int(stated.sum())) < config.min_facts:
        why = f"stated facts, too few to mine from (fewer than {config.min_facts:,})"
        warnings.warn(f"mining: {count:,} {why}", stacklevel=2)
        return statements.iloc[:0], {why: count}
    found = run_mining(statements, entities, config, schema, interactions=interactions).statements
    by_predicate = found["predicate"].value_counts()
    return found, {f"mined {name}": int(by_predicate.get(name, 0)) for name in config.predicates}


def _check(config: MiningConfig, schema: Schema) -> None:
    strange = sorted(set(config.models) - set(MODELS))
    if strange:
        raise DataError(
            f"no model {', '.join(strange)}",
            where="mining",
            remedy=f"there are {', '.join(MODELS)}",
        )
    for name in config.predicates:
        if name not in schema.predicates or not schema.predicates[name].range:
            raise DataError(
                f"{name!r} is no predicate between entities",
                where="mining",
                remedy="name predicates of the data model, such as genre",
            )
