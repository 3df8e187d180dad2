"""Derive `similarTo` between artists: nearest by tf-idf cosine of genres, tags, countries.

A derived fact, and marked as one. It uses what is stated about artists, never who listened to them:
listening is what a recommender is tested on.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_array

from kg_builder.ontology import Schema
from kg_builder.tables import STATEMENTS

_DESCRIBING: Final = ("genre", "tag", "country", "decade", "instrument")
_ROWS: Final = 1024


class SimilarConfig(BaseModel):
    """Which artists count as similar."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nearest: int = Field(3, ge=1, description="Similar artists per artist.")
    shared: int = Field(2, ge=1, description="So many descriptions must be shared.")
    least: float = Field(0.3, gt=0, le=1, description="Cosine from which on two are similar.")


def similar_artists(
    statements: pd.DataFrame, entities: pd.DataFrame, config: SimilarConfig, *, schema: Schema
) -> pd.DataFrame:
    """The nearest artists of each artist, by the cosine of what describes them (tf-idf).

    Equally near ones are taken by their name. The confidence is the cosine.

    Returns:
        Statements `similarTo`, source `inference`, method `rule:tagged-alike`, the smaller name
        first; evidence the descriptions shared, the rarest first.
    """
    artists = {
        entity
        for entity, type_ in zip(entities["entity"], entities["type"], strict=True)
        if schema.is_a(type_, "Artist")
    }
    chosen = statements[statements["predicate"].isin(_DESCRIBING)]
    values_of: dict[str, set[str]] = defaultdict(set)
    for subject, target in zip(chosen["subject"], chosen["object"], strict=True):
        if subject in artists:
            values_of[subject].add(target)
    names = sorted(name for name, about in values_of.items() if len(about) >= config.shared)
    if len(names) < 2:
        return STATEMENTS.empty()
    spread = Counter(target for name in names for target in values_of[name])
    words = sorted(spread)
    column = {word: index for index, word in enumerate(words)}
    weight = np.array([math.log(1 + len(names) / spread[word]) for word in words])
    indices = [column[word] for name in names for word in sorted(values_of[name])]
    ends = np.cumsum([0, *(len(values_of[name]) for name in names)])
    places = np.array(indices, dtype=np.int64)
    owner = np.repeat(np.arange(len(names)), np.diff(ends))
    length = np.sqrt(np.bincount(owner, weights=weight[places] ** 2, minlength=len(names)))
    shape = (len(names), len(words))
    profile = csr_array((weight[places] / length[owner], places, ends), shape=shape)
    common = csr_array((np.ones(len(places)), places, ends), shape=shape)
    pairs: dict[tuple[int, int], float] = {}
    for start in range(0, len(names), _ROWS):
        near = (profile[start : start + _ROWS] @ profile.T).toarray()
        shared = (common[start : start + _ROWS] @ common.T).toarray()
        near[(shared < config.shared) | (near < config.least)] = 0.0
        for row in range(len(near)):
            near[row, start + row] = 0.0
            for other in _best(near[row], config.nearest):
                pair = (min(start + row, other), max(start + row, other))
                pairs[pair] = float(near[row, other])
    rows = []
    for (one, other), cosine in sorted(pairs.items()):
        both = sorted(values_of[names[one]] & values_of[names[other]], key=lambda w: (spread[w], w))
        rows.append(
            {
                "subject": names[one],
                "predicate": "similarTo",
                "object": names[other],
                "object_kind": "entity",
                "source": "inference",
                "method": "rule:tagged-alike",
                "confidence": round(min(cosine, 1.0), 4),
                "evidence": "both: " + ", ".join(both[:5]),
                "inferred": True,
            }
        )
    return STATEMENTS.frame(rows)


def _best(values: NDArray[np.float64], count: int) -> list[int]:
    """Places of the highest values above 0, of equal ones the first."""
    places = np.flatnonzero(values)
    # rounded, so that the last bits of a product decide nothing
    exact = np.round(values[places], 9)
    if len(places) > count:
        least = np.partition(exact, -count)[-count]
        places, exact = places[exact >= least], exact[exact >= least]
    return [int(place) for place in places[np.argsort(-exact, kind="stable")][:count]]
