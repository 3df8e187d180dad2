"""Derive `similarTo` between artists: nearest by tf-idf cosine of genres, tags, countries.

The facts are marked as derived. They use statements about artists, never interactions, on which a
recommender is tested.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kg_builder.ontology import Schema
from kg_builder.tables import STATEMENTS

DESCRIBING: Final = ("genre", "tag", "country", "decade", "instrument")
"""Predicates whose objects describe an artist."""

_WORDS_SHOWN: Final = 5
"""Number of shared descriptions listed in the evidence."""

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


class SimilarConfig(BaseModel):
    """Settings of similar artists."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nearest: int = Field(3, ge=1, description="Similar artists per artist.")
    shared: int = Field(2, ge=1, description="Minimum number of shared descriptions.")
    least: float = Field(0.3, gt=0, le=1, description="Minimum cosine of similar artists.")


def similar_artists(
    statements: pd.DataFrame, entities: pd.DataFrame, config: SimilarConfig, *, schema: Schema
) -> pd.DataFrame:
    """Find the nearest artists of each artist, by tf-idf cosine of their descriptions.

    Ties are broken by name. The confidence is the cosine.

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
    pairs, confidence = _pairs(profiles, near, cosines, config.nearest)
    names = pa.array(described.names)
    same = {
        "predicate": "similarTo",
        "object_kind": "entity",
        "source": "inference",
        "method": "rule:tagged-alike",
        "inferred": True,
    }
    columns = {
        "subject": names.take(pa.array(pairs[:, 0])),
        "object": names.take(pa.array(pairs[:, 1])),
        "confidence": [round(min(cosine, 1.0), 4) for cosine in confidence.tolist()],
        "evidence": _evidence(profiles, described, pairs),
        **{name: pa.repeat(value, len(pairs)) for name, value in same.items()},
    }
    return STATEMENTS.frame(columns)


@dataclass(frozen=True)
class _Described:
    """Artists and the words that describe them.

    Attributes:
        names: the artists, sorted.
        words: the descriptions, sorted.
        ends: artist i has the entries ``ends[i] : ends[i + 1]`` of `places`.
        places: word indices, ascending within an artist.
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
    chosen = statements["predicate"].isin(DESCRIBING) & statements["subject"].isin(artists)
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
    """Encode each value by its index among the sorted distinct values; return both."""
    values = pa.array(column)
    if isinstance(values, pa.ChunkedArray):  # of a column that was read in several pieces
        values = values.combine_chunks()
    encoded = values.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return rank[codes], encoded.dictionary.take(order).to_pylist()


@dataclass(frozen=True)
class _Profiles:
    """The distinct profiles (sets of descriptions), in the order of their first artists.

    Attributes:
        ends, words, weights: compressed sparse rows, words ascending, rows of unit length.
        by_rarity: the entries of each row, rare words first.
        member_ends, members: the artists of each profile, ascending.
        spread: number of artists per word.
    """

    ends: _Ints
    words: _Ints
    weights: _Floats
    by_rarity: _Ints
    member_ends: _Ints
    members: _Ints
    spread: _Ints

    def postings(self, n_words: int) -> tuple[_Ints, _Ints, _Floats]:
        """For each word, its profiles and their norms without rarer words, by falling norm."""
        squares = np.cumsum(self.weights[self.by_rarity][::-1] ** 2)[::-1]
        after = np.repeat(np.append(squares, 0.0)[self.ends[1:]], np.diff(self.ends))
        words, lengths = self.words[self.by_rarity], np.sqrt(np.maximum(squares - after, 0.0))
        owner = np.repeat(np.arange(len(self.ends) - 1), np.diff(self.ends))
        order = np.lexsort((-lengths, words))
        starts = np.searchsorted(words[order], np.arange(n_words + 1))
        return starts, owner[order], lengths[order]


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
) -> tuple[_Ints, _Floats]:
    """Sorted pairs ``[n, 2]`` of artists, the smaller number first, and their cosines."""
    sizes = np.diff(profiles.member_ends)
    row, slot = np.nonzero(near >= 0)
    other, cosine = near[row, slot], cosines[row, slot]
    # of equal profiles, the first artists are the nearest, one of whom may be the artist itself
    taken = np.minimum(sizes[other], nearest + 1)
    member = profiles.members[_ranges(profiles.member_ends[other], taken)]
    row, cosine = np.repeat(row, taken), np.repeat(cosine, taken)
    order = np.lexsort((member, -np.round(cosine, 9), row))
    order = order[_place_in_group(row[order]) <= nearest]
    row, member, cosine = row[order], member[order], cosine[order]
    ends = np.searchsorted(row, np.arange(len(sizes) + 1))
    profile = np.repeat(np.arange(len(sizes)), sizes)
    few = np.diff(ends)[profile]
    of_artist = _ranges(ends[profile], few)
    artist, other, cosine = np.repeat(profiles.members, few), member[of_artist], cosine[of_artist]
    others = artist != other
    artist, other, cosine = artist[others], other[others], cosine[others]
    near_enough = _place_in_group(artist) < nearest
    pairs = np.sort(np.column_stack([artist, other])[near_enough], axis=1)
    _, first = np.unique(pairs[:, 0] * len(profiles.members) + pairs[:, 1], return_index=True)
    return pairs[first], cosine[near_enough][first]


def _evidence(profiles: _Profiles, described: _Described, pairs: _Ints) -> pa.Array:
    """For each pair, the five rarest shared words, as one text."""
    ends, places, n_words = described.ends, described.places, len(described.words)
    keys = np.repeat(np.arange(len(ends) - 1), np.diff(ends)) * n_words + places
    by_rarity = np.argsort(profiles.spread, kind="stable")
    rarity = np.argsort(by_rarity)
    one, other = pairs.T
    sizes = np.diff(ends)[one]
    pair = np.repeat(np.arange(len(pairs)), sizes)
    word = places[_ranges(ends[one], sizes)]
    wanted = other[pair] * n_words + word
    both = keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
    pair, rank = np.divmod(np.sort(pair[both] * n_words + rarity[word[both]]), n_words)
    few = _place_in_group(pair) < _WORDS_SHOWN
    starts = np.searchsorted(pair[few], np.arange(len(pairs) + 1))
    words = pa.array(described.words).take(pa.array(by_rarity[rank[few]]))
    listed = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), words)
    found: pa.Array = pc.binary_join_element_wise("both: ", pc.binary_join(listed, ", "), "")
    return found


def _ranges(starts: _Ints, sizes: _Ints) -> _Ints:
    """Concatenate the integer ranges with the given starts and lengths."""
    before = np.cumsum(sizes) - sizes
    numbers: _Ints = np.arange(sizes.sum()) + np.repeat(starts - before, sizes)
    return numbers


def _place_in_group(groups: _Ints) -> _Ints:
    """The position of each value within its run of equal values."""
    first = np.flatnonzero(np.append(True, groups[1:] != groups[:-1])[: len(groups)])
    sizes = np.diff(np.append(first, len(groups)))
    places: _Ints = np.arange(len(groups)) - np.repeat(first, sizes)
    return places
