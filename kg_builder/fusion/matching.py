"""Which records are one thing: block, compare, score, cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kg_builder.fusion.block import candidate_pairs
from kg_builder.fusion.cluster import Clustering, cluster
from kg_builder.fusion.compare import Comparison, compare
from kg_builder.fusion.config import FusionConfig, SourceTraits
from kg_builder.fusion.judgements import Judgements, read_judgements
from kg_builder.fusion.profiles import Profiles, compatible_types, gather_values, profile
from kg_builder.fusion.score import Scorer
from kg_builder.fusion.scorers import make_scorer, overrule
from kg_builder.fusion.vocabulary import group_vocabularies
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent


@dataclass(frozen=True)
class Matching:
    """The decisions behind a fusion, kept for explanations and for evaluation.

    Attributes:
        profiles: the records as they were compared.
        comparison: candidate pairs with the levels of every feature.
        probability: per pair, after a person's judgements.
        clustering: labels, refused pairs and the path of merges; vocabularies included.
        scorer: fitted, to explain single pairs.
        match, unsure: thresholds per pair.
    """

    profiles: Profiles
    comparison: Comparison
    probability: NDArray[np.float64]
    clustering: Clustering
    scorer: Scorer
    match: NDArray[np.float64]
    unsure: NDArray[np.float64]


def match_records(
    records: pd.DataFrame,
    config: FusionConfig,
    *,
    schema: Schema,
    traits: Mapping[str, SourceTraits],
    statements: pd.DataFrame | None = None,
    judgements: Judgements | None = None,
    progress: Progress = silent,
) -> Matching:
    """Block, compare, score and cluster, without fusing: the matching itself."""
    decided = dict(read_judgements(config.judgements)) if config.judgements else {}
    decided.update(judgements or {})
    profiles = profile(records, schema=schema, traits=traits)
    progress(1, 5)
    pairs = _pairs(profiles, config, schema, decided)
    progress(2, 5)
    wanted = [profiles.record[i] for i in np.unique(pairs).tolist()]
    values = gather_values(records, statements, wanted, schema) if wanted else {}
    comparison = compare(profiles, pairs, values, schema)
    progress(3, 5)
    scorer = make_scorer(config, profiles).fit(comparison)
    probability = overrule(scorer.probability(comparison), comparison, profiles, decided)
    bands = np.array(
        [config.thresholds(profiles.type[i]) for i in pairs[:, 0].tolist()], dtype=float
    ).reshape(-1, 2)
    must, cannot = _decided(decided, profiles)
    for _, members in group_vocabularies(profiles, schema, config):
        must |= {(int(members[0]), int(other)) for other in members[1:]} - cannot
    clustering = cluster(
        len(profiles),
        pairs,
        probability,
        bands[:, 0],
        exclusive=profiles.exclusive,
        must=must,
        cannot=cannot,
    )
    progress(4, 5)
    return Matching(profiles, comparison, probability, clustering, scorer, bands[:, 0], bands[:, 1])


def _pairs(
    profiles: Profiles, config: FusionConfig, schema: Schema, decided: Judgements
) -> NDArray[np.int64]:
    types = sorted({name for name in profiles.type if not config.is_vocabulary(name)})
    allowed = compatible_types(schema, types, config)
    of_type = np.array(profiles.type, dtype=object)
    found = []
    for family in _families(types, allowed):
        members = np.flatnonzero(np.isin(of_type, sorted(family)))
        # two artists of one genre and year are not one; two songs of one album and length may be
        works = all(schema.is_a(type_, "Work") for type_ in family)
        pairs = candidate_pairs(profiles, members, config.blocking, by_text=works)
        keep = [(profiles.type[i], profiles.type[j]) in allowed for i, j in pairs.tolist()]
        found.append(pairs[np.array(keep, dtype=bool)] if len(pairs) else pairs)
    asked = [
        sorted((profiles.position[one], profiles.position[other]))
        for one, other in decided
        if one in profiles.position and other in profiles.position and one != other
    ]
    found.append(np.array(asked, dtype=np.int64).reshape(-1, 2))
    return np.unique(np.concatenate(found), axis=0)


def _families(types: Sequence[str], allowed: set[tuple[str, str]]) -> list[set[str]]:
    """Classes that are connected by compatibility: blocked together, checked pair by pair."""
    families: list[set[str]] = []
    for type_ in types:
        touching = [f for f in families if any((type_, other) in allowed for other in f)]
        merged = {type_}.union(*touching)
        families = [f for f in families if f not in touching] + [merged]
    return families


def _decided(
    judgements: Judgements, profiles: Profiles
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    must: set[tuple[int, int]] = set()
    cannot: set[tuple[int, int]] = set()
    for (one, other), verdict in judgements.items():
        if one in profiles.position and other in profiles.position and one != other:
            left, right = sorted((profiles.position[one], profiles.position[other]))
            (must if verdict == "same" else cannot).add((left, right))
    return must, cannot
