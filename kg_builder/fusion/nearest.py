"""Find nearest texts by tf-idf cosine with bounded work, by an inverted index of rare terms."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kg_builder.fusion.block_keys import Pairs, no_pairs

CHUNK: Final = 16_384
MAX_SHARE: Final = 0.5
"""Words in more than this share of the texts are ignored."""


@dataclass(frozen=True)
class Nearness:
    """Settings of the nearest-neighbour search.

    Attributes:
        top_k: maximum neighbours per text.
        min_cosine: minimum cosine of a neighbour.
        budget: index entries read per text, rarest terms first. Texts that share only terms beyond
            the budget are not found; the cosine uses all terms.
    """

    top_k: int
    min_cosine: float
    budget: int


def gram_vectors(texts: Sequence[str], length: int) -> sparse.csr_array | None:
    """tf-idf vectors of character n-grams of texts; None if no text has any."""
    return _vectors(texts, analyzer="char_wb", ngram_range=(length, length))


def word_vectors(texts: Sequence[str]) -> sparse.csr_array | None:
    """tf-idf vectors of words of texts; None if no word is informative."""
    return _vectors(texts, token_pattern=r"\S+", max_df=MAX_SHARE)


def _vectors(texts: Sequence[str], **settings: Any) -> sparse.csr_array | None:
    from sklearn.feature_extraction.text import TfidfVectorizer  # slow to import, needed only here

    try:
        vectorizer = TfidfVectorizer(dtype=np.float32, **settings)
        found = sparse.csr_array(vectorizer.fit_transform(texts))
    except ValueError:  # no text, or only signs, which have no n-grams
        return None
    found.sort_indices()
    return found


def nearest(
    vectors: sparse.csr_array,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    how: Nearness,
) -> Pairs:
    """Find the nearest columns of each row by cosine; ties by position.

    Args:
        vectors: unit vectors, one per text.
        rows, columns: indices of the query texts, and of the texts searched.

    Returns:
        Shape (pairs, 2): a row and one of its columns, in row order, best first.
    """
    index = vectors[columns].tocsc()  # the texts of each term
    look = partial(_look, vectors, index, columns, how)
    chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the kernel releases the GIL
        return np.concatenate([no_pairs(), *pool.map(look, chunks)])


def _look(
    vectors: sparse.csr_array,
    index: sparse.csc_array,
    columns: NDArray[np.int64],
    how: Nearness,
    rows: NDArray[np.int64],
) -> Pairs:
    from kg_builder.fusion.nearest_kernel import look_up  # late: numba is slow to load

    found = look_up(
        rows,
        columns,
        vectors.indptr,
        vectors.indices,
        vectors.data,
        index.indptr,
        index.indices,
        index.data,
        how.top_k,
        how.min_cosine,
        how.budget,
    )
    filled = np.flatnonzero(found.ravel() >= 0)
    return np.column_stack((rows[filled // how.top_k], columns[found.ravel()[filled]]))


def cosines(vectors: sparse.csr_array, pairs: Pairs) -> NDArray[np.float32]:
    """Cosine of each pair of rows, whose terms are sorted."""
    from kg_builder.fusion.nearest_kernel import dots  # late: numba is slow to load

    found: NDArray[np.float32] = dots(
        vectors.indptr, vectors.indices, vectors.data, pairs[:, 0].copy(), pairs[:, 1].copy()
    )
    return found


def best_of_each(
    owner: NDArray[np.int64], score: NDArray[np.float32], other: NDArray[np.int64], keep: int
) -> NDArray[np.int64]:
    """Positions of the `keep` best pairs of each owner, by owner; ties by the smaller other."""
    order = np.lexsort((other, -score, owner))
    sorted_ = owner[order]
    first = np.flatnonzero(np.r_[True, sorted_[1:] != sorted_[:-1]]) if len(sorted_) else sorted_
    rank = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    best: NDArray[np.int64] = order[rank < keep]
    return best
