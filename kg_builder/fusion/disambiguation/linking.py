"""Link text mentions to entities; split a name that texts use for different entities."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kg_builder.fusion.cluster import Clustering
from kg_builder.fusion.config import FusionConfig, SourceTraits
from kg_builder.fusion.disambiguation.graph import entity_graph
from kg_builder.fusion.disambiguation.select import Decision, disambiguate
from kg_builder.fusion.disambiguation.text_mentions import (
    Found,
    Texts,
    document_of,
    is_mention,
    key_in,
    mentions_in,
)
from kg_builder.fusion.disambiguation.training import train
from kg_builder.fusion.entities import build_entities
from kg_builder.fusion.judgements import Judgements
from kg_builder.fusion.matching import Matching
from kg_builder.fusion.normalize import name_key
from kg_builder.fusion.profiles import profile, values
from kg_builder.fusion.rewrite import entity_of, rewrite
from kg_builder.ontology import Schema
from kg_builder.tables import LINKS, RECORDS, STATEMENTS

METHOD = "disambiguation"
"""In the table of links: decided by the context of a mention."""


@dataclass(frozen=True)
class Linked:
    """Result of fusing records and mentions.

    Attributes:
        entities, links: tables as of `build_entities`, mentions included.
        statements: with one key per meaning if texts use a name for different entities.
        counts: mentions linked, unsure and NIL; and training examples.
    """

    entities: pd.DataFrame
    links: pd.DataFrame
    statements: pd.DataFrame
    counts: dict[str, int]


def mention_rows(records: pd.DataFrame, texts: Texts, schema: Schema) -> pd.Series:
    """Rows of the records that are mentions of agents in the given texts."""
    columns = (values(records, name) for name in ("record_id", "type", "evidence"))
    return pd.Series(
        [
            is_mention(record_id, type_, schema) and document_of(evidence)[0] in texts
            for record_id, type_, evidence in zip(*columns, strict=True)
        ],
        index=records.index,
        dtype=bool,
    )


def link_mentions(
    records: pd.DataFrame,
    statements: pd.DataFrame,
    texts: Texts,
    matching: Matching,
    config: FusionConfig,
    *,
    schema: Schema,
    traits: Mapping[str, SourceTraits],
    judgements: Judgements,
) -> Linked:
    """Link mentions to the entities of all other records, and fuse them with these.

    Args:
        records: all records, mentions included.
        statements: over record keys.
        texts: the texts by location (evidence without offsets).
        matching: the matching of the records that are not mentions.
        config, schema, traits, judgements: as for `resolve`.
    """
    mention = mention_rows(records, texts, schema)
    others = records[~mention].reset_index(drop=True)
    entities, links = build_entities(others, matching, config, schema, traits)
    owner = _owners(links)
    rewritten = rewrite(statements, links, schema=schema).statements
    graph = entity_graph(entities, rewritten, schema)
    found = mentions_in(records, statements, texts, schema, lambda key: owner.get(key, ""))
    ranker = train(
        found.texts.values(), graph, config.disambiguation, schema=schema, seed=config.seed
    )
    judged = _Judged(judgements, owner)
    decisions = {
        decision.mention.key: judged.overrule(decision)
        for decision in disambiguate(
            found.texts.values(),
            graph,
            config.disambiguation,
            schema=schema,
            ranker=ranker,
            forbidden=judged.forbidden,
        )
    }
    apart = _split(records, statements, found, decisions)
    member = {entity: key for key, entity in reversed(owner.items())}
    joined = _joined(apart, matching, member, schema, traits)
    entities, links = build_entities(apart.records, joined, config, schema, traits)
    links = _with_mention_decisions(links, apart, member, config)
    tally = {
        word: sum(d.decision == word for d in decisions.values())
        for word in ("match", "unsure", "no_match")
    }
    counts = {
        "mentions linked": tally["match"],
        "mentions unsure": tally["unsure"],
        "mentions of nothing known": tally["no_match"],
        "mentions learnt from": ranker.examples,
    }
    return Linked(entities, links, apart.statements, counts)


def _owners(links: pd.DataFrame) -> dict[str, str]:
    found = entity_of(links)
    return dict(zip(map(str, found.index), map(str, found), strict=True))


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    columns = list(table.columns)
    cells = zip(*(values(table, column) for column in columns), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in cells]


class _Judged:
    """A person's judgements on mentions, by the key of the record or of one of its meanings."""

    def __init__(self, judgements: Judgements, owner: Mapping[str, str]) -> None:
        self._same: dict[str, str] = {}
        self._apart: set[tuple[str, str]] = set()
        for pair, verdict in sorted(judgements.items()):
            for one, other in (pair, pair[::-1]):
                if other in owner and one not in owner:
                    if verdict == "same":
                        self._same[one] = owner[other]
                    else:
                        self._apart.add((one, owner[other]))

    def forbidden(self, key: str, entity: str) -> bool:
        record = key.partition("@")[0]
        return (key, entity) in self._apart or (record, entity) in self._apart

    def overrule(self, decision: Decision) -> Decision:
        key = decision.mention.key
        entity = self._same.get(key, self._same.get(key.partition("@")[0], ""))
        return replace(decision, entity=entity, decision="match") if entity else decision


@dataclass(frozen=True)
class _Apart:
    """Records and statements with one key per meaning, and the decision for each."""

    records: pd.DataFrame
    statements: pd.DataFrame
    decision: dict[str, Decision]


def _split(
    records: pd.DataFrame,
    statements: pd.DataFrame,
    found: Found,
    decisions: Mapping[str, Decision],
) -> _Apart:
    """Split records into one per meaning; a name with one meaning in all texts keeps its key."""
    kept: dict[str, Decision] = {}
    renamed: dict[tuple[str, str], str] = {}
    copies: dict[str, list[str]] = {}
    for record, documents in found.documents.items():
        meanings: dict[str | None, list[str]] = defaultdict(list)
        for document in documents:
            meanings[decisions[key_in(record, document)].entity].append(document)
        for places in meanings.values():
            key = record if len(meanings) == 1 else key_in(record, places[0])
            several = [decisions[key_in(record, passage)] for passage in places]
            kept[key] = max(several, key=lambda d: d.choices[0].probability if d.choices else 0)
            if key != record:
                copies.setdefault(record, []).append(key)
                renamed |= {(record, passage): key for passage in places}
    if not copies:
        return _Apart(records, statements, kept)
    rows = []
    for row in _rows(records):
        rows += [{**row, "record": key} for key in copies.get(row["record"], [row["record"]])]
    facts = statements.copy()
    places = [document_of(evidence)[0] for evidence in values(facts, "evidence")]
    for column in ("subject", "object"):
        facts[column] = [
            renamed.get((key, passage), key)
            for key, passage in zip(values(facts, column), places, strict=True)
        ]
    return _Apart(RECORDS.frame(rows), STATEMENTS.check(facts), kept)


def _joined(
    apart: _Apart,
    matching: Matching,
    member: Mapping[str, str],
    schema: Schema,
    traits: Mapping[str, SourceTraits],
) -> Matching:
    """Extend the matching to all records: linked mentions join clusters, others match by name."""
    profiles = profile(apart.records, schema=schema, traits=traits)
    at = np.array([profiles.position[key] for key in matching.profiles.record], dtype=np.int64)
    label = np.arange(len(profiles), dtype=np.int64)
    label[at] = at[matching.clustering.label]
    nameless: dict[str, list[int]] = defaultdict(list)
    for key, decision in sorted(apart.decision.items()):
        own = profiles.position[key]
        if decision.entity is not None:
            label[own] = label[profiles.position[member[decision.entity]]]
        else:
            label[own] = own
            for other in nameless[name_key(decision.mention.name)]:
                if schema.compatible(profiles.type[own], profiles.type[other]):
                    label[own] = label[other]
                    break
            else:
                nameless[name_key(decision.mention.name)].append(own)
    clustering = matching.clustering
    return replace(
        matching,
        profiles=profiles,
        comparison=replace(matching.comparison, pairs=at[matching.comparison.pairs]),
        clustering=Clustering(
            label=_smallest(label),
            refused={(int(at[i]), int(at[j])): why for (i, j), why in clustering.refused.items()},
            path=[(int(at[i]), int(at[j]), mean) for i, j, mean in clustering.path],
        ),
    )


def _smallest(label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Relabel clusters by their smallest record."""
    _, first, which = np.unique(label, return_index=True, return_inverse=True)
    found: NDArray[np.int64] = first[which].astype(np.int64)
    return found


def _with_mention_decisions(
    links: pd.DataFrame, apart: _Apart, member: Mapping[str, str], config: FusionConfig
) -> pd.DataFrame:
    """Add to the links the decisions about mentions, with candidates and reasons."""
    owner = _owners(links)
    rows = _rows(links)
    for row in rows:
        decision = apart.decision.get(row["subject"])
        if decision is None:
            continue
        best = decision.choices[0].probability if decision.choices else 0.0
        linked = decision.entity is not None
        row |= {
            "score": round(best if linked else decision.nil, 6),
            "decision": decision.decision,
            "method": METHOD,
            "candidates": json.dumps(
                _candidates(decision, owner, member, config.candidates_kept), ensure_ascii=False
            ),
        }
    return LINKS.frame(rows)


def _candidates(
    decision: Decision, owner: Mapping[str, str], member: Mapping[str, str], most: int
) -> Sequence[dict[str, object]]:
    return [
        {
            "id": owner[member[choice.entity]],
            "name": choice.name,
            "score": round(choice.probability, 6),
            "features": {name: round(weight, 3) for name, weight in choice.contributions},
        }
        for choice in decision.choices[: max(most, 1)]
    ]


def without_mentions(records: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """The records that were matched as records, not linked by context."""
    decided = {key.partition("@")[0] for key in links.loc[links["method"] == METHOD, "subject"]}
    return records[~records["record"].isin(decided)].reset_index(drop=True)
