"""Compare works by the words of title and values, regardless of the cell they are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist
from scipy import sparse

from kg_builder.fusion.measures import MISSING, Feature
from kg_builder.fusion.normalize import PERFORMANCES, spelled_out
from kg_builder.fusion.title_words import Words

STRONG: Final = 12.0
"""The title is anchored: the tracks of an album share all other features and often outnumber the
matches, so a fit to data alone would take "same album" for "match"."""

TITLE: Final = Feature(
    "title",
    ("nowhere", "traces", "half", "mostly", "nearly", "found"),
    match=(0.02, 0.03, 0.05, 0.06, 0.10, 0.74),
    other=(0.55, 0.22, 0.12, 0.04, 0.02, 0.05),
    strength=STRONG,
    anchored=True,
)
"""Whether each title is found in the other record, in any cell."""

LEFT_OVER: Final = Feature(
    "words left over",
    ("many rare", "rare", "several", "some", "few", "a common one", "none"),
    match=(0.01, 0.02, 0.03, 0.05, 0.09, 0.12, 0.68),
    other=(0.30, 0.27, 0.20, 0.11, 0.06, 0.02, 0.04),
    strength=STRONG,
    anchored=True,
)
"""Weight of the words that only the record with fewer extra words has."""

SHARED: Final = Feature(
    "words shared",
    ("hardly any", "a third", "half", "two thirds", "most", "nearly all"),
    match=(0.01, 0.02, 0.05, 0.10, 0.20, 0.62),
    other=(0.42, 0.26, 0.18, 0.08, 0.04, 0.02),
)
"""Share of the wordier record's weight that is shared."""

PERFORMANCE: Final = Feature(
    "performance in the title",
    ("differ", "agree"),
    match=(0.01, 0.99),
    other=(0.15, 0.85),
    strength=STRONG,
    anchored=True,
)
"""Whether words that denote a performance or a mix in one title are in the other record; missing if
neither title has any. Few pairs have them, so that a fit to the data would not learn it."""

_TITLE_CUTS: Final = (0.50, 0.65, 0.80, 0.90, 0.98)
_LEFT_CUTS: Final = (0.05, 0.2, 0.45, 0.75, 1.3, 2.2)
_SHARED_CUTS: Final = (0.30, 0.45, 0.60, 0.75, 0.90)
_WORTH_READING: Final = 0.25
"""Below this share of shared words, the remaining words are misspellings only of equal titles."""
_MISSPELLED: Final = 0.6
"""Minimum similarity of the remaining words to count as a misspelling."""
_PER_LOGOGRAM: Final = (1, 6)
"""Bounds on the letters per Chinese character in a romanised title: 'a', 'kokoro'."""
_SPELLED_OUT: Final = 5
"""Minimum letters besides Chinese characters for a title to be distinctive."""
CHUNK: Final = 500_000
"""Pairs of works in memory at a time."""


class Wording:
    """The words of many works, prepared for pairwise comparison.

    Args:
        words: words of each record, None if it is not a work.

    Attributes:
        rich: whether a record has more words than its title.
        displaced: whether its row's cells may be shifted.
        nameless: whether it is a work whose title has no words.
        foreign: whether its title has non-Latin letters.
        mass: total weight of its words.
    """

    def __init__(self, words: Sequence[Words | None]) -> None:
        empty = Words((), (), False)
        self.words = [empty if item is None else item for item in words]
        self.rich = np.array(
            [len(item.all) > len(set(item.title)) or item.displaced for item in self.words],
            dtype=bool,
        )
        self.displaced = np.array([item.displaced for item in self.words], dtype=bool)
        self.nameless = np.array(
            [item is not None and not item.title for item in words], dtype=bool
        )
        self.foreign = np.array([bool(item.foreign) for item in self.words], dtype=bool)
        self.title = ["".join(item.title) for item in self.words]
        self._titled = np.array([bool(title) for title in self.title], dtype=bool)
        self.text = ["".join(item.all) for item in self.words]
        position: dict[str, int] = {}
        self._matrix = _incidence([item.all for item in self.words], position)
        often = np.asarray(self._matrix.sum(axis=0)).ravel()
        titles = max(sum(bool(item.all) for item in self.words), 2)
        self._rarity = (np.log(titles / np.maximum(often, 1)) / np.log(titles)).astype(np.float32)
        self.mass = np.asarray(self._matrix @ self._rarity, dtype=np.float64)
        self._titles = _incidence([item.title for item in self.words], position)
        self._title_mass = np.asarray(self._titles @ self._rarity, dtype=np.float64)

    def covers(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Mask of pairs in which both sides have more than a title; these are compared by words."""
        found: NDArray[np.bool_] = self.rich[pairs[:, 0]] & self.rich[pairs[:, 1]]
        return found

    def performances(self, pairs: NDArray[np.int64]) -> NDArray[np.int8]:
        """Level of `PERFORMANCE` for each pair."""
        stated = [PERFORMANCES.intersection(item.title) for item in self.words]
        some = np.array([bool(own) for own in stated], dtype=bool)
        levels = np.full(len(pairs), MISSING, dtype=np.int8)
        rows = np.flatnonzero(some[pairs].any(axis=1))
        for row, (i, j) in zip(rows.tolist(), pairs[rows].tolist(), strict=True):
            lacking = (
                stated[i].difference(self.words[j].all),
                stated[j].difference(self.words[i].all),
            )
            levels[row] = not any(lacking)
        return levels

    def crosses(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Mask of pairs in which only one title is in the Latin script."""
        found: NDArray[np.bool_] = self.foreign[pairs[:, 0]] != self.foreign[pairs[:, 1]]
        return found

    def disjoint(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Mask of pairs of works with Latin titles that have no word in common."""
        readable = self._titled & ~self.foreign
        found: NDArray[np.bool_] = readable[pairs].all(axis=1)
        found[found] = self._shared(self._matrix, *pairs[found].T) == 0
        return found

    def overlap(self, pairs: NDArray[np.int64]) -> Overlap:
        """Compare the words of pairs of works."""
        parts = [
            self._overlap(pairs[start : start + CHUNK]) for start in range(0, len(pairs), CHUNK)
        ]
        if not parts:
            return Overlap(*(np.empty(0) for _ in range(6)))
        return Overlap(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _overlap(self, pairs: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
        left, right = pairs[:, 0], pairs[:, 1]
        shared = self._shared(self._matrix, left, right)
        one, other = self.mass[left], self.mass[right]
        more, less = np.maximum(one, other), np.minimum(one, other)
        rest_left, rest_right = np.maximum(one - shared, 0), np.maximum(other - shared, 0)
        share = np.divide(shared, more, out=np.zeros_like(shared), where=more > 0)
        silent = less <= 0
        titles = [self.title[i] for i in left], [self.title[j] for j in right]
        same = cpdist(*titles, scorer=fuzz.ratio, dtype=np.float32) / 100
        worth = (share >= _WORTH_READING) | (same >= _TITLE_CUTS[2])
        alike = self._rests_alike(pairs, worth & ~silent)
        title = self._found(pairs, same, alike)
        misspelled = np.where(alike >= _MISSPELLED, alike, 0.0) * np.minimum(rest_left, rest_right)
        share = np.divide(shared + misspelled, more, out=np.zeros_like(shared), where=more > 0)
        for column in (shared, share, rest_left, rest_right, alike):
            column[silent] = np.nan
        return shared, share, rest_left, rest_right, alike, title

    def _shared(
        self, words: sparse.csr_matrix, ones: NDArray[np.int64], others: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Weight of the words, as given by `words`, that the other record has in any cell."""
        from kg_builder.fusion.nearest_kernel import shared_weights  # late: numba is slow to load

        found: NDArray[np.float64] = shared_weights(
            words.indptr,
            words.indices,
            self._matrix.indptr,
            self._matrix.indices,
            self._rarity,
            np.ascontiguousarray(ones),
            np.ascontiguousarray(others),
        )
        return found

    def _rests_alike(
        self, pairs: NDArray[np.int64], worth: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Similarity of the words that only one side has, which may be misspellings."""
        found = np.zeros(len(pairs))
        rows = np.flatnonzero(worth)
        rests: tuple[list[str], list[str]] = ([], [])
        for i, j in pairs[rows].tolist():
            one, other = self.words[i].all, self.words[j].all
            rests[0].append("".join([word for word in one if word not in other]))
            rests[1].append("".join([word for word in other if word not in one]))
        if len(rows):
            alike = cpdist(*rests, scorer=fuzz.ratio, dtype=np.float32) / 100
            empty = [not one or not other for one, other in zip(*rests, strict=True)]
            found[rows] = np.where(empty, 0.0, alike)
        return found

    def _found(
        self, pairs: NDArray[np.int64], same: NDArray[Any], alike: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The maximum of the titles' similarity and of their containment in the other record."""
        misspelled = np.where(alike >= _MISSPELLED, alike, 0.0)
        doubtful = np.flatnonzero(same < _TITLE_CUTS[-1])
        sides = []
        for one, other in ((0, 1), (1, 0)):
            mass = self._title_mass[pairs[:, one]]
            matched = self._shared(self._titles, pairs[:, one], pairs[:, other])
            unmatched = np.maximum(mass - matched, 0) * (1 - misspelled)
            side = 1 - np.divide(unmatched, mass, out=np.zeros_like(mass), where=mass > 0)
            within = cpdist(
                [self.title[i] for i in pairs[doubtful, one].tolist()],
                [self.text[j] for j in pairs[doubtful, other].tolist()],
                scorer=fuzz.partial_ratio,
                dtype=np.float32,
            )
            side[doubtful] = np.maximum(side[doubtful], within / 100)
            sides.append(side)
        found: NDArray[np.float64] = np.maximum(same.astype(np.float64), np.minimum(*sides))
        for row in np.flatnonzero(self.crosses(pairs)).tolist():
            i, j = pairs[row].tolist()
            original, romanised = (i, j) if self.foreign[i] else (j, i)
            found[row] = max(
                found[row], _romanised(self.words[original].foreign, self.title[romanised])
            )
        found[~self._titled[pairs].all(axis=1)] = np.nan
        return found


def _romanised(original: str, title: str) -> float:
    """How well a Latin title matches the phonetic letters of a title with Chinese characters.

    In 0..1. Each Chinese character may match any letters within bounds on their number.
    """
    spelled, logograms = spelled_out(original)
    least, most = (logograms * letters for letters in _PER_LOGOGRAM)
    if (
        not logograms
        or len(spelled) < _SPELLED_OUT
        or not least <= len(title) - len(spelled) + 1 <= most + 1
    ):
        return 0.0
    return float(fuzz.partial_ratio(spelled, title)) / 100


def _incidence(words: Sequence[tuple[str, ...]], position: dict[str, int]) -> sparse.csr_matrix:
    """Record–word incidence matrix; unknown words are added to `position`."""
    indices: list[int] = []
    ends = [0]
    for several in words:
        distinct = dict.fromkeys(several)
        indices.extend(position.setdefault(word, len(position)) for word in distinct)
        ends.append(len(indices))
    found = sparse.csr_matrix(
        (np.ones(len(indices), dtype=np.float32), indices, ends), shape=(len(words), len(position))
    )
    found.sort_indices()
    return found


@dataclass(frozen=True)
class Overlap:
    """Word overlap of pairs of works, each of shape (n,); NaN if a side has no words.

    Attributes:
        shared: weight of the shared words, in units of a word that occurs once.
        share: the same, relative to the wordier side.
        left, right: weight of the words that only this side has.
        alike: string similarity of these words, 0..1.
        title: how well each title is found in the other record, 0..1.
    """

    shared: NDArray[np.float64]
    share: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    alike: NDArray[np.float64]
    title: NDArray[np.float64]

    @property
    def left_over(self) -> NDArray[np.float64]:
        """Weight of the words added by the side that adds less, discounted for misspellings."""
        return np.asarray(np.minimum(self.left, self.right) * (1 - self.alike), dtype=np.float64)

    def levels(self, crossed: NDArray[np.bool_]) -> list[tuple[Feature, NDArray[np.int8]]]:
        """The levels of the three features of works; `crossed`: see `Wording.crosses`.

        Romanised words rarely agree exactly ('Jolki', 'Yolki'), so for titles in two scripts
        unshared words are no evidence, but the titles' similarity is.
        """
        left_over = len(_LEFT_CUTS) - _level(self.left_over, _LEFT_CUTS)
        left_over[np.isnan(self.left)] = MISSING
        shared = _level(self.share, _SHARED_CUTS)
        left_over[crossed & (left_over < LEFT_OVER.levels.index("few"))] = MISSING
        shared[crossed & (shared < SHARED.levels.index("most"))] = MISSING
        return [
            (TITLE, _level(self.title, _TITLE_CUTS)),
            (LEFT_OVER, left_over.astype(np.int8)),
            (SHARED, shared),
        ]


def _level(values: NDArray[np.float64], cuts: tuple[float, ...]) -> NDArray[np.int8]:
    found = np.digitize(values, cuts).astype(np.int8)
    found[np.isnan(values)] = MISSING
    return found
