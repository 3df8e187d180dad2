"""How much two records agree, feature by feature, in a few ordered levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist
from unidecode import unidecode

from kg_builder.fusion.measures import Measure, measure_for
from kg_builder.fusion.normalize import nations_in, squeeze
from kg_builder.fusion.profiles import Profiles, Values
from kg_builder.ontology import Schema

MISSING: Final = -1
"""Level of a feature that one side says nothing about: it counts neither for nor against."""

NAME_LEVELS: Final = ("other", "alike", "contained", "close", "very close", "variant", "equal")


@dataclass(frozen=True)
class Feature:
    """One thing that is compared.

    Attributes:
        name: what a person reads in an explanation.
        levels: names of the levels, from disagreement to agreement.
        match: how often records of one thing show each level, as far as is known beforehand.
        other: the same for records of two things that share a blocking key.
    """

    name: str
    levels: tuple[str, ...]
    match: tuple[float, ...]
    other: tuple[float, ...]


NAME: Final = Feature(
    "name",
    NAME_LEVELS,
    match=(0.01, 0.02, 0.04, 0.04, 0.09, 0.20, 0.60),
    other=(0.41, 0.38, 0.10, 0.07, 0.03, 0.006, 0.003),
)


QUALIFIER: Final = Feature(
    "qualifier",
    ("differs", "on one side", "agrees"),
    match=(0.1, 0.3, 0.6),
    other=(0.3, 0.6, 0.1),
)
"""What stands in brackets behind the name; a country there counts as a country instead."""


@dataclass(frozen=True)
class Comparison:
    """Pairs with the level of every feature.

    Attributes:
        pairs: indices of records, shape (n, 2).
        features: what was compared; the first is the name.
        levels: shape (n, features), `MISSING` where a side is silent.
        similarity: of the names, 0..1, shape (n,).
        rarity: how much more (above 0) or less an equal name tells than an average one, in nats.
    """

    pairs: NDArray[np.int64]
    features: tuple[Feature, ...]
    levels: NDArray[np.int8]
    similarity: NDArray[np.float64]
    rarity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Comparison:
        """The comparison of some of the pairs."""
        return replace(
            self,
            pairs=self.pairs[rows],
            levels=self.levels[rows],
            similarity=self.similarity[rows],
            rarity=self.rarity[rows],
        )


def compare(
    profiles: Profiles,
    pairs: NDArray[np.int64],
    values: Mapping[str, Values],
    schema: Schema,
) -> Comparison:
    """Compare candidate pairs by name and by everything that both sides state."""
    levels, similarity = name_levels(profiles, pairs)
    features, columns = [NAME], [levels]
    for measure, column in _value_columns(profiles, pairs, values, schema):
        features.append(measure)
        columns.append(column)
    return Comparison(
        pairs=pairs,
        features=tuple(features),
        levels=np.column_stack(columns) if len(pairs) else np.empty((0, len(features)), np.int8),
        similarity=similarity,
        rarity=name_rarity(profiles, pairs),
    )


def name_levels(
    profiles: Profiles, pairs: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Level and similarity (0..1) of the names of each pair, the best over their aliases."""
    if not len(pairs):
        return np.empty(0, np.int8), np.empty(0)
    needed = np.unique(pairs)
    latin = {int(i): _latin(profiles.names[i].key) for i in needed}
    left = [latin[int(i)] for i in pairs[:, 0]]
    right = [latin[int(j)] for j in pairs[:, 1]]
    plain = cpdist(left, right, scorer=fuzz.ratio, dtype=np.float32) / 100
    sorted_ = cpdist(left, right, scorer=fuzz.token_sort_ratio, dtype=np.float32) / 100
    similarity = np.maximum(plain, sorted_ * 0.99).astype(np.float64)
    bands = np.array([0, 1, 3, 4], dtype=np.int8)
    levels: NDArray[np.int8] = bands[np.digitize(similarity, (0.7, 0.84, 0.93))]
    every = {
        int(i): {profiles.names[i].squeezed, *map(squeeze, profiles.aliases[i])} for i in needed
    }
    for row, (i, j) in enumerate(pairs.tolist()):
        one, other = profiles.names[i], profiles.names[j]
        if one.key == other.key:
            levels[row], similarity[row] = 6, 1.0
        elif one.squeezed == other.squeezed or not every[i].isdisjoint(every[j]):
            levels[row], similarity[row] = 5, max(similarity[row], 0.97)
        else:
            words, others = set(left[row].split()), set(right[row].split())
            if _numbers(words) != _numbers(others):
                levels[row] = min(levels[row], 1)
            elif levels[row] > 1 and _stranger(words, others):
                levels[row] = 1
            elif levels[row] < 2 and (words < others or others < words):
                levels[row] = 1 if "and" in words ^ others or "feat" in words ^ others else 2
    return levels, similarity


def _stranger(words: set[str], others: set[str]) -> bool:
    """Whether a word of either name has no counterpart: 'Rahat Ali Khan', 'Nusrat Ali Khan'."""
    left, right = words - others, others - words
    if len(words) == 1 or len(others) == 1 or not left or not right:
        return False
    return any(
        max(fuzz.ratio(word, other) for other in against) < 67
        for side, against in ((left, right), (right, left))
        for word in side
        if len(word) > 2
    )


def name_rarity(profiles: Profiles, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """How telling an equal name is, in nats around zero.

    A name of several or of rare words is seldom borne by two things ('Godspeed You! Black
    Emperor'); a single common word often is ('Air', 'Live'). Document frequencies of words are
    taken over all records, a word counts at most as one that occurs once.
    """
    counts: dict[str, int] = {}
    for name in profiles.names:
        for word in set(name.key.split()):
            counts[word] = counts.get(word, 0) + 1
    total = max(len(profiles), 1)
    found = np.empty(len(pairs))
    for row, i in enumerate(pairs[:, 0].tolist() if len(pairs) else []):
        words = profiles.names[i].key.split()
        bits = sum(float(np.log(total / counts[word])) for word in words)
        length = min(len(profiles.names[i].squeezed), 16)
        found[row] = 0.25 * (bits - np.log(total)) + 0.08 * (length - 8)
    return np.clip(found, -1.5, 1.5)


def _value_columns(
    profiles: Profiles,
    pairs: NDArray[np.int64],
    values: Mapping[str, Values],
    schema: Schema,
) -> list[tuple[Feature, NDArray[np.int8]]]:
    empty: Values = {}
    left = [values.get(profiles.record[i], empty) for i in pairs[:, 0].tolist()]
    right = [values.get(profiles.record[j], empty) for j in pairs[:, 1].tolist()]
    shared: dict[str, list[int]] = {}
    for row, (one, other) in enumerate(zip(left, right, strict=True)):
        for predicate in one.keys() & other.keys():
            shared.setdefault(predicate, []).append(row)
    found = []
    for predicate, rows in sorted(shared.items()):
        measure: Measure | None = measure_for(predicate, schema)
        if measure is None:
            continue
        column = np.full(len(pairs), MISSING, dtype=np.int8)
        for row in rows:
            column[row] = measure.level(left[row][predicate], right[row][predicate])
        if (column != MISSING).any():
            found.append((Feature(predicate, *measure.prior), column))
    found += _qualifiers(profiles, pairs)
    return found


def _qualifiers(
    profiles: Profiles, pairs: NDArray[np.int64]
) -> list[tuple[Feature, NDArray[np.int8]]]:
    words = [profiles.names[i].qualifier.casefold() for i in range(len(profiles))]
    if not any(words):
        return []
    column = np.full(len(pairs), MISSING, dtype=np.int8)
    for row, (i, j) in enumerate(pairs.tolist()):
        if words[i] and words[j]:
            column[row] = 2 if fuzz.token_set_ratio(words[i], words[j]) >= 85 else 0
        elif (words[i] or words[j]) and not nations_in(words[i] or words[j]):
            column[row] = 1
    if (column == MISSING).all():
        return []
    return [(QUALIFIER, column)]


def _latin(key: str) -> str:
    return key if key.isascii() else " ".join(unidecode(key).casefold().split())


def _numbers(words: Sequence[str] | set[str]) -> set[str]:
    return {word.lstrip("0") for word in words if word.isdigit()}
