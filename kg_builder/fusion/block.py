"""Blocking: generate candidate pairs of records that share a key or have similar n-grams."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kg_builder.fusion.block_keys import Pairs, by_facts, no_pairs, shared_key_pairs, unique_pairs
from kg_builder.fusion.config import BlockingConfig
from kg_builder.fusion.nearest import (
    Nearness,
    best_of_each,
    cosines,
    gram_vectors,
    nearest,
    word_vectors,
)
from kg_builder.fusion.normalize import sound, squeeze
from kg_builder.fusion.profiles import Profiles

_SHORT: Final = (3, 12)
"""Minimum and maximum length of names that are looked up with a letter deleted."""
_SAME_YEAR: Final = 0.5
_OTHER_YEAR: Final = -0.25


def candidate_pairs(
    profiles: Profiles, members: NDArray[np.int64], config: BlockingConfig, *, by_text: bool = True
) -> Pairs:
    """Generate the pairs of the given records that share any blocking key.

    Two records of one source without duplicates are never paired. For a record with very many
    candidates only the nearest are kept, but always those that share an external id.

    Args:
        profiles: all records.
        members: indices of the records to pair, sorted.
        config: keys, and number of neighbours.
        by_text: whether similarity of all values may replace that of names (for works, whose titles
            are often joined with artist and album).

    Returns:
        Shape (pairs, 2), left < right, sorted, each pair once.
    """
    units = np.unique(profiles.exclusive[members])
    if len(units) == 0 or (len(units) == 1 and units[0] >= 0):
        return no_pairs()
    texts = _Vectors(profiles, members, config)
    found = [
        pairs for key in config.keys if (pairs := _by(key, texts, by_text=by_text)) is not None
    ]
    pairs = _shortlist(texts, _allowed(profiles, np.concatenate([no_pairs(), *found])))
    if "external" in config.keys:
        definite = shared_key_pairs(
            profiles, members, (profiles.external[i] for i in members), config.max_block
        )
        pairs = _allowed(profiles, np.concatenate((pairs, definite)))
    return pairs


class _Vectors:
    """The records to pair, with text vectors that are computed on first use."""

    def __init__(
        self, profiles: Profiles, members: NDArray[np.int64], config: BlockingConfig
    ) -> None:
        self.profiles, self.members, self.config = profiles, members, config

    @cached_property
    def names(self) -> sparse.csr_array | None:
        """Character n-gram vectors of names, one row per member."""
        return gram_vectors(
            [self.profiles.names[i].key for i in self.members.tolist()], self.config.ngram
        )

    @cached_property
    def words(self) -> sparse.csr_array | None:
        """Word vectors of names and values, one row per member; empty without values."""
        texts, years = self.profiles.text, self.profiles.year
        return word_vectors([_with_year(texts[i], years[i]) for i in self.members.tolist()])


def _with_year(text: str, year: int) -> str:
    return f"{text} {year}" if text and year >= 0 else text


def _one_letter_off(name: str) -> list[str]:
    """A short name and its variants with one letter deleted.

    Two names share a key if one letter is dropped, added, replaced or transposed; n-grams cover
    this only for longer names.
    """
    if not _SHORT[0] <= len(name) <= _SHORT[1]:
        return [name]
    return [name, *(name[:index] + name[index + 1 :] for index in range(len(name)))]


def _by(key: str, texts: _Vectors, *, by_text: bool) -> Pairs | None:
    profiles, members, config = texts.profiles, texts.members, texts.config
    indices = members.tolist()
    if key == "name":
        keys = ([profiles.names[i].squeezed] for i in indices)
        return shared_key_pairs(profiles, members, keys, config.max_block)
    if key == "alias":
        aliased = (
            [profiles.names[i].squeezed, *map(squeeze, profiles.aliases[i])] for i in indices
        )
        return shared_key_pairs(profiles, members, aliased, config.max_block)
    if key == "sound":
        heard = ([sound(profiles.names[i].key)] for i in indices)
        return shared_key_pairs(profiles, members, heard, config.max_block)
    if key == "typo":
        variants = (_one_letter_off(profiles.names[i].squeezed) for i in indices)
        return shared_key_pairs(profiles, members, variants, config.max_block)
    if key == "similar":
        return _nearest(texts, texts.names)
    if key == "text" and by_text:
        return _nearest(texts, texts.words)
    if key == "facts" and by_text:
        return by_facts(profiles, members, config.max_block)
    return None


def _nearest(texts: _Vectors, vectors: sparse.csr_array | None) -> Pairs | None:
    if vectors is None:
        return None
    config = texts.config
    how = Nearness(config.top_k, config.min_similarity, config.budget)
    unit = texts.profiles.exclusive[texts.members]
    not_empty = np.diff(vectors.indptr) > 0
    found = [no_pairs()]
    for one in np.unique(unit):
        rows = np.flatnonzero((unit == one) & not_empty)
        others = np.flatnonzero(((unit != one) | (one < 0)) & not_empty)
        if len(others):
            found.append(nearest(vectors, rows, others, how))
    return texts.members[np.concatenate(found)]


def _shortlist(texts: _Vectors, pairs: Pairs) -> Pairs:
    """Limit pairs of records with many candidates to those among the nearest of either."""
    keep = texts.config.shortlist
    crowded = (np.bincount(pairs.ravel())[pairs] > keep).all(axis=1)
    if not crowded.any():
        return pairs
    doubtful = pairs[crowded]
    position = np.searchsorted(texts.members, doubtful)
    score = np.zeros(len(doubtful), dtype=np.float32)
    for vectors in (texts.names, texts.words):
        if vectors is not None:
            score += cosines(vectors, position)
    year = texts.profiles.year[doubtful]
    year_score = np.where(np.ptp(year, axis=1) <= 1, _SAME_YEAR, _OTHER_YEAR)
    score += np.where((year >= 0).all(axis=1), year_score, 0).astype(np.float32)
    owner, other = doubtful.ravel("F"), doubtful[:, ::-1].ravel("F")
    best = best_of_each(owner, np.tile(score, 2), other, keep) % len(doubtful)
    chosen = doubtful[np.unique(best)]
    return _allowed(texts.profiles, np.concatenate((pairs[~crowded], chosen)))


def _allowed(profiles: Profiles, pairs: Pairs) -> Pairs:
    """Distinct sorted pairs, without those within a source without duplicates."""
    one, other = profiles.exclusive[pairs[:, 0]], profiles.exclusive[pairs[:, 1]]
    keep = (pairs[:, 0] != pairs[:, 1]) & ((one != other) | (one < 0))
    return unique_pairs(pairs[keep], len(profiles))
