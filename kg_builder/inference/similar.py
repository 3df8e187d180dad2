"""Derive `similarTo` between artists: nearest by tf-idf cosine of genres, tags, countries.

A derived fact, and marked as one. It uses what is stated about artists, never who listened to them:
listening is what a recommender is tested on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kg_builder.ontology import Schema
from kg_builder.tables import STATEMENTS

_DESCRIBING: Final = ("genre", "tag", "country", "decade", "instrument")

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


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
    from kg_builder.inference.similar_kernel import nearest_profiles  # late: numba is slow to load

    described = _described(statements, entities, config.shared, schema)
    if len(described.names) < 2:
        return STATEMENTS.empty()
    profiles = _profiles(described)
    near, cosines = nearest_profiles(
        profiles.ends,
        profiles.words,
        profiles.weights,
        profiles.by_rarity,
        *profiles.postings(len(described.words)),
        np.diff(profiles.member_ends),
        config.nearest,
        config.shared,
        config.least,
    )
    pairs = _pairs(profiles, near, cosines, config.nearest)
    shared = _shared_words(profiles, described, pairs)
    names = described.names
    columns: dict[str, list[Any]] = {
        "subject": [names[one] for one, _ in pairs],
        "predicate": ["similarTo"] * len(pairs),
        "object": [names[other] for _, other in pairs],
        "object_kind": ["entity"] * len(pairs),
        "source": ["inference"] * len(pairs),
        "method": ["rule:tagged-alike"] * len(pairs),
        "confidence": [round(min(cosine, 1.0), 4) for cosine in pairs.values()],
        "evidence": ["both: " + ", ".join(words) for words in shared],
        "inferred": [True] * len(pairs),
    }
    return STATEMENTS.frame(columns)


@dataclass(frozen=True)
class _Described:
    """Which words describe whom.

    Attributes:
        names: the artists, sorted.
        words: what describes them, sorted.
        ends: artist i has the places ``ends[i] : ends[i + 1]`` of `places`.
        places: word numbers, ascending within an artist.
    """

    names: list[str]
    words: list[str]
    ends: _Ints
    places: _Ints


def _described(
    statements: pd.DataFrame, entities: pd.DataFrame, shared: int, schema: Schema
) -> _Described:
    """The artists with at least `shared` descriptions."""
    classes = [name for name in entities["type"].unique() if schema.is_a(name, "Artist")]
    artists = entities.loc[entities["type"].isin(classes), "entity"]
    chosen = statements["predicate"].isin(_DESCRIBING) & statements["subject"].isin(artists)
    subject, names = _sorted_codes(statements.loc[chosen, "subject"])
    word, words = _sorted_codes(statements.loc[chosen, "object"])
    subject, word = np.divmod(np.unique(subject * len(words) + word), max(len(words), 1))
    enough = np.bincount(subject, minlength=len(names)) >= shared
    subject, word = subject[enough[subject]], word[enough[subject]]
    used = np.bincount(word, minlength=len(words)) > 0
    return _Described(
        names=[name for name, keep in zip(names, enough.tolist(), strict=True) if keep],
        words=[name for name, keep in zip(words, used.tolist(), strict=True) if keep],
        ends=np.concatenate([[0], np.cumsum(np.bincount(subject, minlength=len(names))[enough])]),
        places=(np.cumsum(used) - 1)[word],
    )


def _sorted_codes(column: pd.Series[str]) -> tuple[_Ints, list[str]]:
    """Each value's number among the sorted distinct values, and these."""
    encoded = pa.array(column).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return rank[codes], encoded.dictionary.take(order).to_pylist()


@dataclass(frozen=True)
class _Profiles:
    """The distinct descriptions, in the order of the first artist of each.

    Attributes:
        ends, words, weights: in compressed rows, words ascending; rows have length 1.
        by_rarity: the places of each row, those of rare words first.
        member_ends, members: the artists of each profile, ascending.
        spread: per word, how many artists it describes.
    """

    ends: _Ints
    words: _Ints
    weights: _Floats
    by_rarity: _Ints
    member_ends: _Ints
    members: _Ints
    spread: _Ints

    def postings(self, n_words: int) -> tuple[_Ints, _Ints]:
        """Per word the profiles that have it, in compressed rows."""
        owner = np.repeat(np.arange(len(self.ends) - 1), np.diff(self.ends))
        order = np.argsort(self.words, kind="stable")
        starts = np.searchsorted(self.words[order], np.arange(n_words + 1))
        return starts, owner[order]


def _profiles(described: _Described) -> _Profiles:
    ends, places = described.ends, described.places
    n_names, n_words = len(described.names), len(described.words)
    spread = np.bincount(places, minlength=n_words)
    weight = np.array([math.log(1 + n_names / count) for count in spread.tolist()])
    owner = np.repeat(np.arange(n_names), np.diff(ends))
    length = np.sqrt(np.bincount(owner, weights=weight[places] ** 2, minlength=n_names))
    numbers: dict[bytes, int] = {}
    profile_of = np.empty(n_names, dtype=np.int64)
    for name, (start, stop) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)):
        profile_of[name] = numbers.setdefault(places[start:stop].tobytes(), len(numbers))
    _, first = np.unique(profile_of, return_index=True)
    sizes = np.diff(ends)[first]
    kept = np.isin(owner, first)
    row = np.repeat(np.arange(len(first)), sizes)
    words = places[kept]
    return _Profiles(
        ends=np.concatenate([[0], np.cumsum(sizes)]),
        words=words,
        weights=(weight[places] / length[owner])[kept],
        by_rarity=np.lexsort((words, spread[words], row)),
        member_ends=np.concatenate([[0], np.cumsum(np.bincount(profile_of))]),
        members=np.argsort(profile_of, kind="stable"),
        spread=spread,
    )


def _pairs(
    profiles: _Profiles, near: _Ints, cosines: _Floats, nearest: int
) -> dict[tuple[int, int], float]:
    """Pairs of artists, the smaller number first, and their cosines; in the order of the pairs."""
    ends, members = profiles.member_ends.tolist(), profiles.members.tolist()
    pairs: dict[tuple[int, int], float] = {}
    for row, (others, values) in enumerate(zip(near.tolist(), cosines.tolist(), strict=True)):
        best = sorted(
            (-round(value, 9), member, value)
            for other, value in zip(others, values, strict=True)
            if other >= 0
            for member in members[ends[other] : min(ends[other] + nearest + 1, ends[other + 1])]
        )[: nearest + 1]
        for artist in members[ends[row] : ends[row + 1]]:
            for _, other, value in [each for each in best if each[1] != artist][:nearest]:
                pairs[min(artist, other), max(artist, other)] = value
    return dict(sorted(pairs.items()))


def _shared_words(
    profiles: _Profiles, described: _Described, pairs: dict[tuple[int, int], float]
) -> list[list[str]]:
    """Per pair the rarest five words that describe both."""
    ends, places = described.ends.tolist(), described.places.tolist()
    spread, words = profiles.spread.tolist(), described.words
    found = []
    for one, other in pairs:
        both = {*places[ends[one] : ends[one + 1]]} & {*places[ends[other] : ends[other + 1]]}
        rarest = sorted(both, key=lambda word: (spread[word], word))[:5]
        found.append([words[word] for word in rarest])
    return found
