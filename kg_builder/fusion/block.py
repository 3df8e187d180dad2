"""Candidate pairs: records that share a key or lie close by their n-grams, never all with all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from kg_builder.fusion.config import BlockingConfig
from kg_builder.fusion.normalize import sound, squeeze
from kg_builder.fusion.profiles import Profiles

Pairs = NDArray[np.int64]
"""Indices of records, shape (pairs, 2), left < right, sorted, each pair once."""

CHUNK = 2048
MAX_SHARE = 0.5
"""A word that more than this share of the records hold tells nothing."""


def candidate_pairs(
    profiles: Profiles, members: NDArray[np.int64], config: BlockingConfig, *, by_text: bool = True
) -> Pairs:
    """Pairs of the given records that any blocking key brings together.

    Two records of one clean source are never paired.

    Args:
        profiles: all records.
        members: indices of the records to pair, sorted.
        config: which keys, and how many neighbours.
        by_text: whether nearness of all values may stand in for a name (of works, whose titles
            are often run together with artist and album).
    """
    units = np.unique(profiles.exclusive[members])
    if len(units) == 0 or (len(units) == 1 and units[0] >= 0):
        return np.empty((0, 2), dtype=np.int64)
    found: list[Pairs] = []
    if "name" in config.keys:
        found.append(_shared(members, ((i, _name_keys(profiles, i)) for i in members), config))
    if "alias" in config.keys:
        found.append(_shared(members, ((i, _all_keys(profiles, i)) for i in members), config))
    if "sound" in config.keys:
        heard = ((i, [sound(profiles.names[i].key)]) for i in members)
        found.append(_shared(members, heard, config))
    if "external" in config.keys:
        found.append(_shared(members, ((i, profiles.external[i]) for i in members), config))
    if "similar" in config.keys:
        names = [profiles.names[i].key for i in members]
        grams = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(config.ngram, config.ngram), dtype=np.float32
        )
        found.append(_similar(profiles, members, names, grams, config))
    if "text" in config.keys and by_text:
        worded = np.array([i for i in members if profiles.text[i]], dtype=np.int64)
        texts = [profiles.text[i] for i in worded]
        words = TfidfVectorizer(token_pattern=r"\S+", dtype=np.float32, max_df=MAX_SHARE)
        found.append(_similar(profiles, worded, texts, words, config))
    return _allowed(profiles, np.concatenate(found))


def _name_keys(profiles: Profiles, index: int) -> list[str]:
    name = profiles.names[index]
    return [name.squeezed]


def _all_keys(profiles: Profiles, index: int) -> list[str]:
    return [profiles.names[index].squeezed, *map(squeeze, profiles.aliases[index])]


def _shared(
    members: NDArray[np.int64],
    keys: Iterable[tuple[int, Iterable[str]]],
    config: BlockingConfig,
) -> Pairs:
    blocks: dict[str, list[int]] = defaultdict(list)
    for index, values in keys:
        for value in set(values):
            if value:
                blocks[value].append(int(index))
    pairs = [
        pair
        for block in blocks.values()
        if 2 <= len(block) <= config.max_block
        for pair in combinations(block, 2)
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _similar(
    profiles: Profiles,
    members: NDArray[np.int64],
    texts: list[str],
    vectorizer: TfidfVectorizer,
    config: BlockingConfig,
) -> Pairs:
    try:
        vectors = vectorizer.fit_transform(texts)
    except ValueError:  # no text at all, or signs alone, which have no n-grams
        return np.empty((0, 2), dtype=np.int64)
    unit = profiles.exclusive[members]
    found = []
    for one in np.unique(unit):
        rows = np.flatnonzero(unit == one)
        others = np.flatnonzero(unit != one) if one >= 0 else np.arange(len(members))
        if len(others):
            found.append(nearest(vectors, rows, others, config))
    pairs = np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)
    return members[pairs]


def nearest(
    vectors: sparse.csr_matrix,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    config: BlockingConfig,
) -> Pairs:
    """For each row its `top_k` nearest columns by cosine; the vectors have length one."""
    transposed = vectors[columns].T.tocsc()
    found = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        product = (vectors[chunk] @ transposed).tocsr()
        for offset, row in enumerate(chunk):
            span = slice(product.indptr[offset], product.indptr[offset + 1])
            scores, targets = product.data[span], columns[product.indices[span]]
            near = (scores >= config.min_similarity) & (targets != row)
            scores, targets = scores[near], targets[near]
            if len(scores) > config.top_k:
                # ties are broken by position, so that the result does not hang on storage order
                best = np.lexsort((targets, -scores))[: config.top_k]
                targets = targets[best]
            if len(targets):
                found.append(np.column_stack((np.full(len(targets), row), targets)))
    return np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)


def _allowed(profiles: Profiles, pairs: Pairs) -> Pairs:
    if not len(pairs):
        return pairs
    pairs = np.sort(pairs, axis=1)
    left, right = profiles.exclusive[pairs[:, 0]], profiles.exclusive[pairs[:, 1]]
    keep = (pairs[:, 0] != pairs[:, 1]) & ((left != right) | (left < 0))
    return np.unique(pairs[keep], axis=0)
