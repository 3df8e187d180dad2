"""Compare candidate pairs of records: an ordinal agreement level for each feature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist
from unidecode import unidecode

from kg_builder.fusion.measures import MISSING, Feature, Measure, measure_for
from kg_builder.fusion.normalize import NICKNAMES, nations_in, squeeze
from kg_builder.fusion.pair_measures import details
from kg_builder.fusion.profiles import Profiles, Values, gather_wording
from kg_builder.fusion.title_words import IN_TITLES
from kg_builder.fusion.unique_values import coded, over_pairs
from kg_builder.fusion.volume_marks import (
    DIFFERENT_TITLES,
    NUMBERS,
    number_levels,
    numbers_in_title,
)
from kg_builder.fusion.word_overlap import PERFORMANCE, TITLE
from kg_builder.fusion.work_facts import FACTS, IN_FACTS, chance, fact_levels
from kg_builder.ontology import Schema

CHUNK: Final = 1_000_000
"""Pairs of names per batch."""

NAME_LEVELS: Final = ("other", "alike", "contained", "close", "very close", "variant", "equal")


NAME: Final = Feature(
    "name",
    NAME_LEVELS,
    match=(0.01, 0.02, 0.04, 0.04, 0.09, 0.20, 0.60),
    other=(0.41, 0.38, 0.10, 0.07, 0.03, 0.006, 0.003),
    strength=5.0,
)


QUALIFIER: Final = Feature(
    "qualifier",
    ("differs", "on one side", "agrees"),
    match=(0.1, 0.3, 0.6),
    other=(0.3, 0.6, 0.1),
)
"""The text in brackets after the name, except a country, which counts as a value."""


_SHARING: Final = 12
"""Number of levels of `SHARED_BY`: more than 2,048 records, up to 2,048, up to 1,024 … up to 2."""


SOURCES: Final = Feature("number of sources", ("one", "two"), match=(0.3, 0.7), other=(0.5, 0.5))
"""Whether two records with ids are of one source, which may hold few things twice or none."""


def _shared_by() -> Feature:
    """Priors: each doubling of the records of a name makes a match somewhat less likely."""
    doublings = np.arange(_SHARING)[::-1]
    match = 0.5 ** (doublings / 2)
    other = match * np.exp(0.2 * doublings)
    largest = 2 ** (_SHARING - 1)
    names = (f"more than {largest:,}", *(f"up to {2**k:,}" for k in doublings[1:] + 1))
    return Feature(
        "records of the name",
        names,
        match=tuple(match / match.sum()),
        other=tuple(other / other.sum()),
    )


SHARED_BY: Final = _shared_by()
"""How many records bear the name, or the more frequent one of two similar names.

The records of a name held by a thousand are of hundreds of entities, so that an equal name says
little; the frequencies of the levels among matches and non-matches are estimated like any other's.
"""

_NAMED_ALIKE: Final = NAME.levels.index("close")
_TITLED_ALIKE: Final = TITLE.levels.index("nearly")
_TRUSTED: Final = 200.0
"""Number of pairs of similar names from which on `SHARED_BY` counts more than `name_rarity`."""


@dataclass(frozen=True)
class Comparison:
    """Candidate pairs with the level of every feature.

    Attributes:
        pairs: indices of records, shape (n, 2).
        features: the compared features; the first is the name.
        levels: shape (n, features), `MISSING` if a side has no value.
        similarity: similarity of the names, 0..1, shape (n,).
        rarity: evidence of an equal name relative to an average one, in nats; the less, the more
            pairs there are to estimate the frequencies of `SHARED_BY` from.
        one_source: whether both records are from the same source, shape (n,).
        measures: names of the columns of `details`.
        details: fine measures for the supervised scorer, shape (n, measures), NaN if a side has no
            value; no columns unless requested.
    """

    pairs: NDArray[np.int64]
    features: tuple[Feature, ...]
    levels: NDArray[np.int8]
    similarity: NDArray[np.float64]
    rarity: NDArray[np.float64]
    one_source: NDArray[np.bool_]
    measures: tuple[str, ...]
    details: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Comparison:
        """Select some of the pairs."""
        return replace(
            self,
            pairs=self.pairs[rows],
            levels=self.levels[rows],
            similarity=self.similarity[rows],
            rarity=self.rarity[rows],
            one_source=self.one_source[rows],
            details=self.details[rows],
        )


def compare(
    profiles: Profiles,
    pairs: NDArray[np.int64],
    values: Mapping[str, Values],
    schema: Schema,
    *,
    detailed: bool = False,
) -> Comparison:
    """Compare candidate pairs by name and by all values that both sides have.

    Args:
        profiles: all records.
        pairs: indices of records, shape (n, 2).
        values: values of the records.
        schema: the data model.
        detailed: whether to compute the fine measures of the supervised scorer.
    """
    levels = np.full(len(pairs), MISSING, dtype=np.int8)
    similarity = np.zeros(len(pairs))
    wording = gather_wording(profiles, values, schema, np.unique(pairs).tolist())
    worded = wording.covers(pairs)
    named = ~worded & ~wording.nameless[pairs].any(axis=1)
    levels[named], similarity[named] = name_levels(profiles, pairs[named])
    features, columns = [NAME], [levels]
    alike = levels >= _NAMED_ALIKE
    if worded.any():
        overlap, crossed = wording.overlap(pairs[worded]), wording.crosses(pairs[worded])
        similarity[worded] = np.nan_to_num(overlap.title)
        kinds = {name: schema.is_a(name, "Song") for name in set(profiles.type)}
        song = np.array([kinds[name] for name in profiles.type], dtype=bool)
        numbers = number_levels(wording, pairs[worded], song)
        performances = wording.performances(pairs[worded])
        for feature, column in (
            *overlap.levels(crossed), (NUMBERS, numbers), (PERFORMANCE, performances),
        ):  # fmt: skip
            if feature.name in DIFFERENT_TITLES:
                most = np.where(numbers == 0, DIFFERENT_TITLES[feature.name], len(feature.levels))
                column = np.minimum(column, most).astype(np.int8)
            if feature is TITLE:
                alike[worded] = column >= _TITLED_ALIKE
            features.append(feature)
            columns.append(np.full(len(pairs), MISSING, dtype=np.int8))
            columns[-1][worded] = column
    # works whose titles have no words, or none in common, are candidates because facts agree
    by_facts = ~worded & ~named
    by_facts[named] = (levels[named] == 0) & wording.disjoint(pairs[named])
    if by_facts.any():
        features.append(FACTS)
        columns.append(np.full(len(pairs), MISSING, dtype=np.int8))
        columns[-1][by_facts] = fact_levels(chance(profiles, pairs[by_facts], values))
    shifted = wording.displaced[pairs].any(axis=1) if len(pairs) else np.zeros(0, dtype=bool)
    for measure, column in _value_columns(profiles, pairs, values, schema):
        if measure.name in IN_TITLES:
            column[shifted] = MISSING
        elif measure.name in IN_FACTS:
            column[by_facts] = MISSING
        features.append(measure)
        columns.append(column)
    one_source = profiles.source[pairs[:, 0]] == profiles.source[pairs[:, 1]]
    identified = profiles.has_id[pairs].all(axis=1)
    if len(np.unique(one_source[identified])) == 2:
        features.append(SOURCES)
        columns.append(np.where(identified, ~one_source, MISSING).astype(np.int8))
    if alike.any():
        features.append(SHARED_BY)
        columns.append(_shared_levels(profiles, pairs, alike))
    measures, fine = (
        details(profiles, pairs, values, wording, schema)
        if detailed
        else ((), np.empty((len(pairs), 0), dtype=np.float32))
    )
    return Comparison(
        pairs=pairs,
        features=tuple(features),
        levels=np.column_stack(columns) if len(pairs) else np.empty((0, len(features)), np.int8),
        similarity=similarity,
        rarity=name_rarity(profiles, pairs) * (_TRUSTED / (_TRUSTED + alike.sum())),
        one_source=one_source,
        measures=measures,
        details=fine,
    )


def name_levels(
    profiles: Profiles, pairs: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Level and similarity (0..1) of the names of each pair, maximised over their aliases."""
    levels = np.empty(len(pairs), dtype=np.int8)
    similarity = np.empty(len(pairs))
    keys = coded([name.key for name in profiles.names])
    tight = coded([name.squeezed for name in profiles.names])
    latin = [_latin(key) for key in keys.distinct]
    aliased = np.fromiter(map(bool, profiles.aliases), dtype=bool, count=len(profiles))
    for start in range(0, len(pairs), CHUNK):
        part = slice(start, start + CHUNK)
        left, right = pairs[part, 0], pairs[part, 1]
        ones, others = keys.codes[left], keys.codes[right]
        # each distinct pair of names is compared once
        which, distinct = pd.factorize(ones * len(latin) + others)
        level, close = _spellings(
            [latin[key] for key in (distinct // len(latin)).tolist()],
            [latin[key] for key in (distinct % len(latin)).tolist()],
        )
        levels[part], similarity[part] = level[which], close[which]
        alike = tight.codes[left] == tight.codes[right]
        for row in np.flatnonzero(~alike & (aliased[left] | aliased[right])).tolist():
            alike[row] = not _spelled(profiles, int(left[row])).isdisjoint(
                _spelled(profiles, int(right[row]))
            )
        levels[part][alike] = 5
        similarity[part][alike] = np.maximum(similarity[part][alike], 0.97)
        levels[part][ones == others], similarity[part][ones == others] = 6, 1.0
    return levels, similarity


def _spellings(
    left: Sequence[str], right: Sequence[str]
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Level and similarity of pairs of names as written."""
    plain = cpdist(left, right, scorer=fuzz.ratio, dtype=np.float32) / 100
    sorted_ = cpdist(left, right, scorer=fuzz.token_sort_ratio, dtype=np.float32) / 100
    similarity = np.maximum(plain, sorted_ * 0.99).astype(np.float64)
    bands = np.array([0, 1, 3, 4], dtype=np.int8)
    levels: NDArray[np.int8] = bands[np.digitize(similarity, (0.7, 0.84, 0.93))]
    for row, (one, other) in enumerate(zip(left, right, strict=True)):
        if one == other:
            continue
        words, others = set(one.split()), set(other.split())
        if _numbers(one) != _numbers(other):
            levels[row] = min(levels[row], 1)
        elif levels[row] < 2 and _by_nickname(one.split(), other.split()):
            levels[row] = 2
        elif levels[row] > 1 and _stranger(words, others):
            levels[row] = 1
        elif levels[row] < 2 and (words < others or others < words):
            levels[row] = 1 if "and" in words ^ others or "feat" in words ^ others else 2
    return levels, similarity


def _spelled(profiles: Profiles, index: int) -> set[str]:
    return {profiles.names[index].squeezed, *map(squeeze, profiles.aliases[index])}


def _by_nickname(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether names differ by a nickname: 'Bob Marley', 'Robert Nesta Marley'.

    The family names are equal, and the shorter name has only a nickname before it.
    """
    if one[-1:] != other[-1:]:
        return False
    return any(
        len(short) == 2
        and len(full) >= 2
        and not NICKNAMES.get(short[0], frozenset()).isdisjoint(full[:-1])
        for short, full in ((one, other), (other, one))
    )


def _stranger(words: set[str], others: set[str]) -> bool:
    """Whether each name has a word without counterpart: 'Rahat Ali Khan', 'Nusrat Ali Khan'."""
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
    """Evidence of an equal name, in nats around zero.

    A name of several or of rare words rarely is that of two entities ('Godspeed You! Black
    Emperor'); a single common word often is ('Air', 'Live'). Document frequencies of words are
    taken over all records; a word counts at most as one that occurs once.
    """
    keys = coded([name.key for name in profiles.names])
    split = [key.split() for key in keys.distinct]
    often = np.bincount(keys.codes, minlength=len(split)).tolist()
    counts: Counter[str] = Counter()
    for words, times in zip(split, often, strict=True):
        for word in set(words):
            counts[word] += times
    total = np.log(max(len(profiles), 1))
    log = {word: float(np.log(count)) for word, count in counts.items()}
    bits = np.array([sum(total - log[word] for word in words) for words in split])[keys.codes]
    length = np.array([min(len(name.squeezed), 16) for name in profiles.names])
    rarity = 0.25 * (bits - total) + 0.08 * (length - 8)
    return np.clip(rarity[pairs[:, 0]], -1.5, 1.5) if len(pairs) else np.empty(0)


def _shared_levels(
    profiles: Profiles, pairs: NDArray[np.int64], alike: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """Level of `SHARED_BY` for each pair of similar names, among the records of all classes."""
    held = coded([name.key for name in profiles.names]).codes
    often = np.bincount(held)[held[pairs[alike]]].max(axis=1)
    doublings = np.ceil(np.log2(np.maximum(often, 2))).astype(np.int64) - 1
    found = np.full(len(pairs), MISSING, dtype=np.int8)
    found[alike] = np.maximum(_SHARING - 1 - doublings, 0)
    return found


def _value_columns(
    profiles: Profiles,
    pairs: NDArray[np.int64],
    values: Mapping[str, Values],
    schema: Schema,
) -> list[tuple[Feature, NDArray[np.int8]]]:
    values_of: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for key, stated in values.items():
        if (index := profiles.position.get(key)) is not None:
            for predicate, several in stated.items():
                values_of.setdefault(predicate, []).append((index, several))
    found = []
    for predicate, rows in sorted(values_of.items()):
        measure: Measure | None = measure_for(predicate, schema)
        if measure is None:
            continue
        stated_by: list[tuple[str, ...] | None] = [None] * len(profiles)
        for index, several in rows:
            stated_by[index] = several
        column = over_pairs(pairs[:, 0], pairs[:, 1], measure.level, coded(stated_by), MISSING)
        if (column != MISSING).any():
            feature = Feature(
                predicate, *measure.prior, strength=measure.strength, anchored=measure.anchored
            )
            found.append((feature, column))
    found += _qualifiers(profiles, pairs)
    return found


def _qualifiers(
    profiles: Profiles, pairs: NDArray[np.int64]
) -> list[tuple[Feature, NDArray[np.int8]]]:
    words = coded([name.qualifier.casefold() for name in profiles.names])
    if not any(words.distinct):
        return []
    column = over_pairs(pairs[:, 0], pairs[:, 1], _qualified, words, MISSING)
    return [] if (column == MISSING).all() else [(QUALIFIER, column)]


def _qualified(one: str, other: str) -> int:
    if one and other:
        return 2 if fuzz.token_set_ratio(one, other) >= 85 else 0
    return 1 if (one or other) and not nations_in(one or other) else MISSING


def _latin(key: str) -> str:
    return key if key.isascii() else " ".join(unidecode(key).casefold().split())


def _numbers(name: str) -> list[str]:
    """The numbers in a name; a Roman numeral is one, a letter at the end is not."""
    return [number for number in numbers_in_title(name.split()) if number.isdigit()]
