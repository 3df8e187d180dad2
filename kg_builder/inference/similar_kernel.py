"""Numba kernel of similar artists: the nearest profiles by tf-idf cosine, with early stops."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit

_SLACK: Final = 1e-6
"""Tolerance of the bounds: a cosine this close to the bound is computed."""


@njit(cache=True, nogil=True)
def nearest_profiles(
    ends: Any,
    words: Any,
    weights: Any,
    by_rarity: Any,
    starts: Any,
    owners: Any,
    lengths: Any,
    sizes: Any,
    nearest: int,
    shared: int,
    least: float,
) -> tuple[Any, Any]:  # pragma: no cover
    """The most similar profiles of each profile, itself among them.

    Exact, although not all products are computed (after Bayardo, Ma and Srikant, "Scaling up all
    pairs similarity search", WWW 2007): words are processed from the rarest on, and the cosine is
    computed for each profile with the word. By Cauchy–Schwarz, the cosine of a profile with none of
    the earlier words is at most the product of the norms of the remaining words on both sides,
    which is largest for the first of a word's list; below the `nearest`-th best cosine so far, no
    new profile is considered.

    Args:
        ends, words, weights, by_rarity: see `_Profiles`.
        starts, owners, lengths: see `_Profiles.postings`.
        sizes: artists per profile.
        nearest, shared, least: see `SimilarConfig`.

    Returns:
        Profiles ``[n, nearest + 1]``, best first, ties (to nine digits) by index, padded with -1;
        and their cosines.
    """
    n, wanted = len(ends) - 1, nearest + 1
    found = np.full((n, wanted), -1, dtype=np.int64)
    cosines = np.zeros((n, wanted))
    rank = np.zeros(wanted + 1)  # rounded, so that rounding errors do not break ties
    seen = np.full(n, -1, dtype=np.int64)
    own = np.zeros(starts.shape[0])
    for row in range(n):
        first, last = ends[row], ends[row + 1]
        remaining_square = 0.0
        for position in range(first, last):
            own[words[position]] = weights[position]
            remaining_square += weights[position] ** 2
        bound, filled = (1.0 if sizes[row] > nearest else least), 0
        for m in range(first, last):
            remaining = np.sqrt(max(remaining_square, 0.0))
            word = words[by_rarity[m]]
            remaining_square -= weights[by_rarity[m]] ** 2
            for at in range(starts[word], starts[word + 1]):
                if remaining * lengths[at] < bound - _SLACK:
                    break
                other = owners[at]
                if seen[other] == row:
                    continue
                seen[other] = row
                common, cosine = 0, 0.0
                for position in range(ends[other], ends[other + 1]):
                    weight = own[words[position]]
                    if weight > 0:
                        cosine += weight * weights[position]
                        common += 1
                if common < shared or cosine < bound - _SLACK or cosine < least:
                    continue
                value, slot = np.rint(cosine * 1e9), filled
                while slot > 0 and (
                    rank[slot - 1] < value
                    or (rank[slot - 1] == value and found[row, slot - 1] > other)
                ):
                    if slot < wanted:
                        rank[slot] = rank[slot - 1]
                        found[row, slot] = found[row, slot - 1]
                        cosines[row, slot] = cosines[row, slot - 1]
                    slot -= 1
                if slot < wanted:
                    rank[slot], found[row, slot], cosines[row, slot] = value, other, cosine
                    filled = min(filled + 1, wanted)
                    if filled == wanted:
                        bound = max(bound, cosines[row, nearest])
        for position in range(first, last):
            own[words[position]] = 0.0
    return found, cosines
