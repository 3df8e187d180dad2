"""Numba kernel of the nearest-text search: tf-idf cosines over an inverted index."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

_POOL = 3
"""Candidates per requested neighbour for which the exact cosine is computed."""


@njit(cache=True, nogil=True)
def look_up(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    indptr: Ints,
    terms: Ints,
    weights: Floats,
    starts: Ints,
    texts: Ints,
    index_weights: Floats,
    top_k: int,
    min_cosine: float,
    budget: int,
) -> NDArray[np.int64]:
    """Find the nearest columns of each row.

    Args:
        rows: query vectors.
        columns: vectors in the index, by position in the index.
        indptr, terms, weights: all vectors as compressed sparse rows, terms ascending.
        starts, texts, index_weights: for each term, the positions of its texts and its weights in
            them.
        top_k, min_cosine, budget: see `Nearness`.

    Returns:
        Positions in the index, best first, padded with -1; shape (rows, top_k).
    """
    found = np.full((len(rows), top_k), -1, dtype=np.int64)
    score = np.zeros(len(columns), dtype=np.float32)
    touched = np.empty(len(columns), dtype=np.int64)
    pool = _POOL * top_k
    best = np.empty(pool, dtype=np.int64)
    best_score = np.empty(pool, dtype=np.float32)
    for out in range(len(rows)):
        row = rows[out]
        first, last = indptr[row], indptr[row + 1]
        own = terms[first:last]
        rare_first = np.argsort(starts[own + 1] - starts[own], kind="mergesort")
        count, read = 0, 0
        for position in rare_first:
            term = own[position]
            begin, end = starts[term], starts[term + 1]
            read += end - begin
            if read > budget:
                break
            weight = weights[first + position]
            for entry in range(begin, end):
                text = texts[entry]
                if score[text] == 0:
                    touched[count] = text
                    count += 1
                score[text] += weight * index_weights[entry]
        kept = 0
        for k in range(count):
            text = touched[k]
            value = score[text]
            score[text] = 0
            if columns[text] != row:
                kept = _insert(best, best_score, kept, pool, text, value)
        for k in range(kept):
            other = columns[best[k]]
            best_score[k] = _dot(terms, weights, first, last, indptr[other], indptr[other + 1])
        size = 0
        exact = np.empty(top_k, dtype=np.float32)
        for k in range(kept):
            if best_score[k] >= min_cosine:
                size = _insert(found[out], exact, size, top_k, best[k], best_score[k])
    return found


@njit(cache=True, nogil=True)
def dots(
    indptr: Ints, terms: Ints, weights: Floats, ones: NDArray[np.int64], others: NDArray[np.int64]
) -> Floats:
    """Dot product of each pair of vectors, given by their rows; shape (n,)."""
    found = np.empty(len(ones), dtype=np.float32)
    for k in range(len(ones)):
        one, other = ones[k], others[k]
        found[k] = _dot(
            terms, weights, indptr[one], indptr[one + 1], indptr[other], indptr[other + 1]
        )
    return found


@njit(cache=True, nogil=True)
def shared_weights(
    indptr: Ints,
    terms: Ints,
    other_indptr: Ints,
    other_terms: Ints,
    weights: Floats,
    ones: NDArray[np.int64],
    others: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Sum of the weights of the terms that two sets share, for each pair; shape (n,).

    Args:
        indptr, terms: the sets on the left as compressed sparse rows, terms ascending.
        other_indptr, other_terms: the same for the right.
        weights: of each term.
        ones, others: rows of each pair.
    """
    found = np.zeros(len(ones), dtype=np.float64)
    for k in range(len(ones)):
        i, i_end = indptr[ones[k]], indptr[ones[k] + 1]
        j, j_end = other_indptr[others[k]], other_indptr[others[k] + 1]
        while i < i_end and j < j_end:
            if terms[i] == other_terms[j]:
                found[k] += weights[terms[i]]
                i += 1
                j += 1
            elif terms[i] < other_terms[j]:
                i += 1
            else:
                j += 1
    return found


@njit(cache=True, nogil=True)
def _insert(
    best: NDArray[np.int64], scores: Floats, size: int, most: int, item: int, score: float
) -> int:
    """Insert into a short list sorted by falling score, ties by rising item."""
    if size == most:
        if score < scores[size - 1] or (score == scores[size - 1] and item > best[size - 1]):
            return size
        size -= 1
    rank = size
    while rank > 0 and (
        score > scores[rank - 1] or (score == scores[rank - 1] and item < best[rank - 1])
    ):
        best[rank], scores[rank] = best[rank - 1], scores[rank - 1]
        rank -= 1
    best[rank], scores[rank] = item, score
    return size + 1


@njit(cache=True, nogil=True)
def _dot(terms: Ints, weights: Floats, one: int, one_end: int, other: int, other_end: int) -> float:
    """Dot product of two sparse vectors with sorted terms."""
    total = 0.0
    while one < one_end and other < other_end:
        if terms[one] == terms[other]:
            total += weights[one] * weights[other]
            one += 1
            other += 1
        elif terms[one] < terms[other]:
            one += 1
        else:
            other += 1
    return total
