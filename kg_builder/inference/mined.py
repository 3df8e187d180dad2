"""Encode stated facts as integers for learned models, and decode the facts that the models propose.

The models are in `recommender.mining`, called by the pipeline. They never see mined facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kg_builder.ontology import Schema
from kg_builder.tables import STATEMENTS

__all__ = ["MINED_SOURCE", "MiningConfig", "MiningInput", "mined_statements", "mining_input"]

MINED_SOURCE = "mining"

_Ints = NDArray[np.int64]


class MiningConfig(BaseModel):
    """Settings of fact mining: predicates, models and required precision."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    predicates: tuple[str, ...] = Field(
        ("genre", "recordLabel", "country"), description="predicates whose gaps are filled"
    )
    further: tuple[str, ...] = Field(
        ("genre",),
        description="those of the predicates for which entities with some values get more",
    )
    models: tuple[str, ...] = Field(
        ("inductive", "users"),
        min_length=1,
        description="inductive, users (left out of a data set without users), complex, rotate, "
        "transe, transh, transr or semantic_matching",
    )
    precision: float = Field(
        0.95,
        gt=0,
        lt=1,
        description="required precision of a predicate's mined facts on held-out ones",
    )
    level: float = Field(0.9, gt=0.5, lt=1, description="confidence level of that precision")
    share: float = Field(0.2, gt=0, lt=1, description="share of the subjects held out at a time")
    epochs: int = Field(20, ge=1, description="epochs per model")
    seed: int = Field(555, ge=0, description="seed of held-out subjects and training")
    min_facts: int = Field(
        20_000, ge=0, description="nothing is mined from graphs with fewer stated facts"
    )


@dataclass(frozen=True, eq=False)
class Candidates:
    """Entities that a predicate to mine may link.

    Attributes:
        heads, tails: entities that its domain and range allow; sorted int64.
        gaps: heads to propose values for.
        single: whether it is functional.
        further: whether heads with a value get more.
        known: `head * n_entities + tail` of stated and inferred values; sorted int64.
    """

    heads: _Ints
    tails: _Ints
    gaps: _Ints
    single: bool
    further: bool
    known: _Ints


@dataclass(frozen=True, eq=False)
class MiningInput:
    """The stated facts between entities, as integers.

    Attributes:
        entities, predicates, sources: CURIEs and names, by integer.
        heads, relations, tails, stated_by: integers of each fact; int64 [n].
        names, descriptions: of each entity; '' for one without description.
        allowed: candidates for each predicate to mine, by its integer.
        interactions: integers of user and entity, distinct; int64 [n, 2].
    """

    entities: Sequence[str]
    predicates: Sequence[str]
    sources: Sequence[str]
    heads: _Ints
    relations: _Ints
    tails: _Ints
    stated_by: _Ints
    names: Sequence[str]
    descriptions: Sequence[str]
    allowed: Mapping[int, Candidates]
    interactions: _Ints


def mining_input(
    statements: pd.DataFrame,
    entities: pd.DataFrame,
    config: MiningConfig,
    schema: Schema,
    *,
    interactions: pd.DataFrame | None = None,
    hidden: Sequence[str] = (),
) -> MiningInput:
    """Prepare the facts to train on, and the candidates for mining.

    Candidate tails of a predicate are entities that already are its values; candidate heads are of
    a class whose entities often have a value, or of a superclass.

    Args:
        statements: `tables.STATEMENTS` about entities; inferred ones only fill gaps.
        entities: `tables.ENTITIES`.
        config: predicates to mine.
        schema: domains and ranges.
        interactions: columns `user`, `item` of `tables.INTERACTIONS`, with entities as items.
        hidden: sources whose facts are left out, to evaluate on them.
    """
    usable = statements[~statements["source"].isin(list(hidden))]
    things = usable[usable["object_kind"] == "entity"]
    facts = things[~things["inferred"].astype(bool)]
    facts = facts.drop_duplicates(["subject", "predicate", "object", "source"])
    facts = _with_inferred(facts, things, config.predicates)
    names = entities["entity"].astype(str).to_numpy()
    number = pd.Index(names)
    numbered = facts["subject"].isin(number) & facts["object"].isin(number)
    facts = facts[numbered]
    predicates = sorted(set(facts["predicate"]) | set(config.predicates))
    sources = sorted(set(facts["source"]))
    heads = number.get_indexer(pd.Index(facts["subject"])).astype(np.int64)
    tails = number.get_indexer(pd.Index(facts["object"])).astype(np.int64)
    relations = pd.Index(predicates).get_indexer(pd.Index(facts["predicate"])).astype(np.int64)
    types = entities["type"].astype(str).to_numpy()
    allowed = {}
    for name in config.predicates:
        predicate = schema.predicate(name)
        own = relations == predicates.index(name)
        tail = np.unique(tails[own & _within(types, predicate.range, schema)[tails]])
        fits = _within(types, predicate.domain, schema)
        counts = pd.Series(types[np.unique(heads[own])]).value_counts()
        usual = set(counts[counts >= max(5, 0.01 * counts.sum())].index)
        # an artist not stated to be a band or a person is a candidate, too
        above = {above for name in usual for above in schema.ancestors(name)}
        head = np.flatnonzero(fits & np.isin(types, list(usual | above)))
        values = things[things["predicate"] == name]
        filled = number.get_indexer(pd.Index(values["subject"])).astype(np.int64)
        value = number.get_indexer(pd.Index(values["object"])).astype(np.int64)
        known = (filled * len(number) + value)[(filled >= 0) & (value >= 0)]
        further = name in config.further and not predicate.functional
        allowed[predicates.index(name)] = Candidates(
            heads=head,
            tails=tail,
            gaps=head if further else np.setdiff1d(head, filled),
            single=predicate.functional,
            further=further,
            known=np.unique(known),
        )
    return MiningInput(
        names.tolist(),
        predicates,
        sources,
        heads,
        relations,
        tails,
        pd.Index(sources).get_indexer(pd.Index(facts["source"])).astype(np.int64),
        entities["name"].astype(str).tolist(),
        _descriptions(usable, names),
        allowed,
        _pairs(interactions, number),
    )


def _pairs(interactions: pd.DataFrame | None, number: pd.Index) -> _Ints:
    if interactions is None or not len(interactions):
        return np.zeros((0, 2), dtype=np.int64)
    users = np.unique(interactions["user"].astype(str), return_inverse=True)[1]
    items = number.get_indexer(pd.Index(interactions["item"].astype(str)))
    pairs = np.stack([users, items], axis=1).astype(np.int64)
    return np.unique(pairs[items >= 0], axis=0)


def _with_inferred(
    facts: pd.DataFrame, things: pd.DataFrame, predicates: Sequence[str]
) -> pd.DataFrame:
    """Add the values that rules infer for subjects without a stated value.

    In exchange, all facts of these subjects that equal a premise of any inferred value are left
    out, so that they resemble the subjects about which the rules say nothing. Stated values alone
    can come from a source about quite other subjects, which would bias models and precision.
    """
    for name in predicates:
        values = things[things["predicate"] == name]
        stated = set(values.loc[~values["inferred"].astype(bool), "subject"])
        inferred = values[values["inferred"].astype(bool) & ~values["subject"].isin(stated)]
        read = pd.MultiIndex.from_tuples([*_premises(inferred), ("", "")])
        says = pd.MultiIndex.from_frame(facts[["predicate", "object"]]).isin(read)
        told = facts["subject"].isin(set(inferred["subject"]))
        facts = pd.concat([facts[~(says & told)], inferred], ignore_index=True)
    return facts


def _premises(inferred: pd.DataFrame) -> set[tuple[str, str]]:
    """Predicates and objects of the facts that inferred statements follow from.

    The evidence of an inferred statement lists its premises, separated by "; ".
    """
    premises = (
        premise.split(" ", 2)
        for text in inferred["evidence"].unique()
        for premise in text.split("; ")
    )
    return {(parts[1], parts[2]) for parts in premises if len(parts) == 3}


def mined_statements(
    given: MiningInput,
    found: tuple[_Ints, _Ints, _Ints, NDArray[np.float64]],
    evidence: Mapping[int, str],
    models: Sequence[str],
) -> pd.DataFrame:
    """Convert proposals to statements: source `mining`, method `mined:<models>`, inferred.

    Args:
        given: the input of the models.
        found: heads, relations, tails, confidences of the proposals.
        evidence: for each relation, how its confidences were measured.
        models: names of the models.
    """
    method = "mined:" + "+".join(models)
    rows = sorted(
        (given.entities[h], given.predicates[r], given.entities[t], round(float(c), 4), evidence[r])
        for h, r, t, c in zip(*(column.tolist() for column in found), strict=True)
    )
    return STATEMENTS.frame(
        {
            "subject": subject,
            "predicate": predicate,
            "object": object_,
            "object_kind": "entity",
            "source": MINED_SOURCE,
            "method": method,
            "confidence": confidence,
            "evidence": f"{' and '.join(models)}: {confidence:.2f}; {measured}",
            "inferred": True,
        }
        for subject, predicate, object_, confidence, measured in rows
    )


def _within(types: np.ndarray, classes: Sequence[str], schema: Schema) -> np.ndarray:
    """Whether each entity's class is a given class or a subclass; true if none is given."""
    if not classes:
        return np.ones(len(types), dtype=bool)
    fitting = [t for t in set(types) if any(schema.is_a(t, one) for one in classes)]
    return np.isin(types, fitting)


def _descriptions(statements: pd.DataFrame, entities: np.ndarray) -> list[str]:
    described = statements[
        (statements["predicate"] == "description") & ~statements["inferred"].astype(bool)
    ]
    texts = described.groupby("subject", sort=True)["object"].agg(lambda t: " ".join(sorted(t)))
    text_of = texts.to_dict()
    return [text_of.get(entity, "") for entity in entities.tolist()]
