"""Build the tables that fusion outputs: fused entities with CURIEs, record-to-entity links."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kg_builder.fusion.config import FusionConfig, SourceTraits
from kg_builder.fusion.entity_names import Naming, assign_curies
from kg_builder.fusion.fuse import Fused, Record, fuse
from kg_builder.fusion.identity import identity_of
from kg_builder.fusion.matching import Matching
from kg_builder.fusion.profiles import refuse_doubles, values
from kg_builder.fusion.spellings import Spellings
from kg_builder.ontology import Schema
from kg_builder.tables import ENTITIES, LINKS


def build_entities(
    frame: pd.DataFrame,
    matching: Matching,
    config: FusionConfig,
    schema: Schema,
    traits: Mapping[str, SourceTraits],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fuse each cluster, name the entities, and link every record to its own."""
    profiles, label = matching.profiles, matching.clustering.label
    by_key = {row.key: row for row in _records(frame, matching.named)}
    clusters: dict[int, list[int]] = defaultdict(list)
    for index, owner in enumerate(label.tolist()):
        clusters[owner].append(index)
    records = {
        owner: [by_key[profiles.record[i]] for i in members] for owner, members in clusters.items()
    }
    spellings = Spellings(records.values())
    fused: dict[int, Fused] = {
        owner: fuse(own, schema, traits, spellings.preference) for owner, own in records.items()
    }
    owners = list(fused)
    curies = dict(zip(owners, _curies([fused[o] for o in owners], schema), strict=True))
    entities = ENTITIES.frame(
        sorted(
            (
                {
                    "entity": curies[owner],
                    "type": item.type,
                    "name": item.name,
                    "aliases": list(item.aliases),
                    "external_ids": list(item.external_ids),
                    "attributes": item.attributes,
                    "records": len(clusters[owner]),
                }
                for owner, item in fused.items()
            ),
            key=lambda row: str(row["entity"]),
        )
    )
    links = _links(frame, matching, config, curies, fused, schema)
    return entities, links


def _records(frame: pd.DataFrame, named: Mapping[str, int]) -> list[Record]:
    wanted = ("record", "source", "type", "name", "aliases", "external_ids", "attributes")
    return [
        Record(
            key,
            source,
            type_,
            name,
            tuple(aliases),
            tuple(external),
            _parsed(attributes),
            named.get(key, 1),
        )
        for key, source, type_, name, aliases, external, attributes in zip(
            *(values(frame, column) for column in wanted), strict=True
        )
    ]


def _parsed(attributes: str) -> dict[str, list[str]]:
    found = json.loads(attributes)
    return {
        name: [str(value) for value in (several if isinstance(several, list) else [several])]
        for name, several in found.items()
    }


def _curies(items: Sequence[Fused], schema: Schema) -> list[str]:
    agents = [item for item in items if schema.is_a(item.type, "Agent")]
    names = {item.name for item in agents}
    # a misspelt performer in brackets is called as the performer's entity
    called = {a: item.name for item in agents for a in item.aliases if a not in names}
    return assign_curies(
        [
            Naming(
                schema.prefix(item.type),
                item.name,
                tuple(called.get(text, text) for text in item.qualifiers),
                item.aliases,
                item.rank,
            )
            for item in items
        ]
    )


def _links(
    frame: pd.DataFrame,
    matching: Matching,
    config: FusionConfig,
    curies: Mapping[int, str],
    fused: Mapping[int, Fused],
    schema: Schema,
) -> pd.DataFrame:
    profiles, label = matching.profiles, matching.clustering.label
    # for each record and cluster, the best probability among the compared pairs
    best: dict[int, dict[int, float]] = defaultdict(dict)
    doubtful: set[int] = set()
    for row, (i, j) in enumerate(matching.comparison.pairs.tolist()):
        p = float(matching.probability[row])
        for one, other in ((i, j), (j, i)):
            owner = int(label[other])
            best[one][owner] = max(best[one].get(owner, 0.0), p)
        if label[i] != label[j] and p >= matching.unsure[row]:
            doubtful |= {i, j}
    size = np.bincount(label, minlength=len(label))
    method = {name: _method(name, config, schema) for name in set(profiles.type)}
    rows = []
    for key in values(frame, "record"):
        index = profiles.position[key]
        own = int(label[index])
        score = best[index].get(own, 1.0) if size[own] > 1 else 1.0
        others = sorted(
            ((o, p) for o, p in best[index].items() if o != own and p >= 0.01),
            key=lambda entry: (-entry[1], curies[entry[0]]),
        )[: config.candidates_kept]
        listed = [(own, score), *others]
        rows.append(
            {
                "subject": key,
                "kind": "record",
                "target": "entity",
                "object": curies[own],
                "score": round(score, 6),
                "decision": "unsure" if index in doubtful and size[own] == 1 else "match",
                "method": method[profiles.type[index]],
                "candidates": json.dumps(
                    [
                        {"id": curies[o], "name": fused[o].name, "score": round(p, 6)}
                        for o, p in listed
                    ],
                    ensure_ascii=False,
                ),
            }
        )
    return LINKS.frame(rows)


def _method(type_: str, config: FusionConfig, schema: Schema) -> str:
    """What decides whether records of a class are the same."""
    if config.is_vocabulary(type_):
        return "name"
    return "facts" if identity_of(type_, config, schema) else config.scorer


def identity_entities(frame: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make every record a separate entity, in the given order."""
    refuse_doubles(frame)
    fused = [fuse([record], schema, {}) for record in _records(frame, {})]
    curies = _curies(fused, schema)
    columns: dict[str, list[Any]] = {
        "entity": curies,
        "type": [item.type for item in fused],
        "name": [item.name for item in fused],
        "aliases": [list(item.aliases) for item in fused],
        "external_ids": [list(item.external_ids) for item in fused],
        "attributes": [item.attributes for item in fused],
        "records": [1] * len(fused),
    }
    linked: dict[str, list[Any]] = {
        "subject": values(frame, "record"),
        "kind": ["record"] * len(fused),
        "target": ["entity"] * len(fused),
        "object": curies,
        "score": [1.0] * len(fused),
        "decision": ["match"] * len(fused),
        "method": ["identity"] * len(fused),
        "candidates": ["[]"] * len(fused),
    }
    return ENTITIES.frame(columns), LINKS.frame(linked)
