"""Blocking: generate candidate pairs of records that share a key or have similar n-grams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
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
_HALVED: Final = 6
"""Minimum length of names that are looked up by their halves."""
_PART: Final = 5
"""Maximum number of records that share half of a name and a fact, or two."""
_COMMON_WORD: Final = 0.25
"""Share of the budget above which a word is combined with the year."""
_MANY: Final = 100_000
"""Above this number of names, n-grams are a letter longer: the budget then reads more of them."""
_AGREES: Final = 0.5
_DIFFERS: Final = -0.25
_SHARED_FACT: Final = 0.25
_YEARS_APART: Final = 1
_SECONDS_APART: Final = 2


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
        length = self.config.ngram + (len(self.members) > _MANY)
        return gram_vectors([self.profiles.names[i].key for i in self.members.tolist()], length)

    @cached_property
    def words(self) -> sparse.csr_array | None:
        """Word vectors of names and values, one row per member; empty without values.

        A word so frequent that it would exhaust the budget also counts together with the year: of
        the thousands of songs of a performer, the index then reads those of one year.
        """
        texts = [self.profiles.text[i] for i in self.members.tolist()]
        years = self.profiles.year[self.members].tolist()
        often = Counter(word for text in texts for word in text.split())
        common = {
            word for word, count in often.items() if count > self.config.budget * _COMMON_WORD
        }
        return word_vectors(
            [_with_year(text, year, common) for text, year in zip(texts, years, strict=True)]
        )

    @cached_property
    def facts(self) -> sparse.csr_array:
        """Incidence of facts, one row per member."""
        number: dict[str, int] = {}
        indices: list[int] = []
        ends = [0]
        for index in self.members.tolist():
            stated = dict.fromkeys(self.profiles.facts[index])
            indices += [number.setdefault(fact, len(number)) for fact in stated]
            ends.append(len(indices))
        shape = len(self.members), len(number)
        found = sparse.csr_array((np.ones(len(indices), np.float32), indices, ends), shape=shape)
        found.sort_indices()
        return found


def _with_year(text: str, year: int, common: Set[str]) -> str:
    if not text or year < 0:
        return text
    return " ".join(
        [text, str(year), *(f"{word}|{year}" for word in text.split() if word in common)]
    )


def _one_letter_off(name: str) -> list[str]:
    """A short name and its variants with one letter deleted.

    Two names share a key if one letter is dropped, added, replaced or transposed; n-grams cover
    this only for longer names.
    """
    if not _SHORT[0] <= len(name) <= _SHORT[1]:
        return [name]
    return [name, *(name[:index] + name[index + 1 :] for index in range(len(name)))]


def _halves(name: str) -> list[str]:
    """The first and the last half of a name, of its own length and of one letter less.

    Two names share one of them if they are a letter apart, or if all misspelt letters are in the
    same half.
    """
    if len(name) < _HALVED:
        return []
    lengths = {len(name) // 2, (len(name) - 1) // 2}
    return [key for half in sorted(lengths) for key in (f"{name[:half]}…", f"…{name[-half:]}")]


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
        halves = (_halves(profiles.names[i].squeezed) for i in indices)
        return np.concatenate(
            (
                shared_key_pairs(profiles, members, variants, config.max_block),
                # the half of a name is that of many: only with what else the records state
                shared_key_pairs(profiles, members, halves, 1, max_part=_PART),
            )
        )
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
    many = np.bincount(pairs.ravel()) > keep
    crowded = many[pairs[:, 0]] & many[pairs[:, 1]]
    if not crowded.any():
        return pairs
    doubtful = pairs[crowded]
    position = np.searchsorted(texts.members, doubtful)
    score = np.zeros(len(doubtful), dtype=np.float32)
    for vectors in (texts.names, texts.words):
        if vectors is not None:
            score += cosines(vectors, position)
    score += _SHARED_FACT * cosines(texts.facts, position)
    for column, slack in (
        (texts.profiles.year, _YEARS_APART),
        (texts.profiles.seconds, _SECONDS_APART),
    ):
        one, another = column[doubtful[:, 0]], column[doubtful[:, 1]]
        agrees = np.where(np.abs(one - another) <= slack, _AGREES, _DIFFERS)
        score += np.where((one >= 0) & (another >= 0), agrees, 0).astype(np.float32)
    owner, other = doubtful.ravel("F"), doubtful[:, ::-1].ravel("F")
    best = best_of_each(owner, np.tile(score, 2), other, keep) % len(doubtful)
    chosen = doubtful[np.unique(best)]
    return _allowed(texts.profiles, np.concatenate((pairs[~crowded], chosen)))


def _allowed(profiles: Profiles, pairs: Pairs) -> Pairs:
    """Distinct sorted pairs, without those within a source without duplicates."""
    one, other = profiles.exclusive[pairs[:, 0]], profiles.exclusive[pairs[:, 1]]
    keep = (pairs[:, 0] != pairs[:, 1]) & ((one != other) | (one < 0))
    return unique_pairs(pairs[keep], len(profiles))
