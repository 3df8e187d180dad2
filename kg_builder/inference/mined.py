"""Encode stated facts as integers for neural models, and decode the facts that the models propose.

The models are in `recommender.mining`, called by the pipeline. They never see inferred or mined
facts.
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
    models: tuple[str, ...] = Field(
        ("inductive", "complex"),
        min_length=1,
        description="inductive, complex, rotate, transe, transh, transr or semantic_matching",
    )
    precision: float = Field(
        0.95,
        gt=0,
        lt=1,
        description="required precision of a predicate's mined facts on held-out ones",
    )
    level: float = Field(0.95, gt=0.5, lt=1, description="confidence level of that precision")
    share: float = Field(0.2, gt=0, lt=1, description="share of the subjects that is held out")
    epochs: int = Field(10, ge=1, description="epochs per model")
    seed: int = Field(555, ge=0, description="seed of held-out subjects and training")
    min_facts: int = Field(
        20_000, ge=0, description="nothing is mined from graphs with fewer stated facts"
    )


@dataclass(frozen=True, eq=False)
class MiningInput:
    """The stated facts between entities, as integers.

    Attributes:
        entities, predicates, sources: CURIEs and names, by integer.
        heads, relations, tails, stated_by: integers of each fact; int64 [n].
        texts: name and description of each entity.
        allowed: for each predicate to mine (by integer): heads and tails that its domain and range
            allow, heads without a value, and whether it is functional.
    """

    entities: Sequence[str]
    predicates: Sequence[str]
    sources: Sequence[str]
    heads: _Ints
    relations: _Ints
    tails: _Ints
    stated_by: _Ints
    texts: Sequence[str]
    allowed: Mapping[int, tuple[_Ints, _Ints, _Ints, bool]]


def mining_input(
    statements: pd.DataFrame,
    entities: pd.DataFrame,
    config: MiningConfig,
    schema: Schema,
    *,
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
        hidden: sources whose facts are left out, to evaluate on them.
    """
    usable = statements[~statements["source"].isin(list(hidden))]
    things = usable[usable["object_kind"] == "entity"]
    facts = things[~things["inferred"].astype(bool)]
    facts = facts.drop_duplicates(["subject", "predicate", "object", "source"])
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
        values = things.loc[things["predicate"] == name, "subject"]
        filled = number.get_indexer(pd.Index(values.unique()))
        gaps = np.setdiff1d(head, filled)
        allowed[predicates.index(name)] = (head, tail, gaps, predicate.functional)
    return MiningInput(
        names.tolist(),
        predicates,
        sources,
        heads,
        relations,
        tails,
        pd.Index(sources).get_indexer(pd.Index(facts["source"])).astype(np.int64),
        _texts(usable, entities),
        allowed,
    )


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


def _texts(statements: pd.DataFrame, entities: pd.DataFrame) -> list[str]:
    described = statements[
        (statements["predicate"] == "description") & ~statements["inferred"].astype(bool)
    ]
    texts = described.groupby("subject", sort=True)["object"].agg(lambda t: " ".join(sorted(t)))
    text_of = texts.to_dict()
    return [
        f"{name} {text_of.get(entity, '')}".strip()
        for entity, name in zip(entities["entity"], entities["name"], strict=True)
    ]
