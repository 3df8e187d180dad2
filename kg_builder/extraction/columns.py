"""What is asked of columns of texts in more than one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Texts: TypeAlias = pa.StringArray

TO_CLEAN: Final = "^ | $|  |&|[^ -~]"
"""Occurs in every text that `values.clean_text` changes, and in many that it does not."""


def mapped(texts: Texts, change: Callable[[str], str], *, where: str = "") -> Texts:
    """Every text changed; equal ones are changed once.

    Args:
        texts: the texts.
        change: gives the text that takes the place of another.
        where: a regular expression that occurs in every text that differs from what it is changed
            to: for Arrow to leave most texts as they are.
    """
    if where:
        chosen = pc.match_substring_regex(texts, where)
        if pc.any(chosen).as_py():
            return pc.replace_with_mask(texts, chosen, mapped(texts.filter(chosen), change))
        return texts
    distinct = texts.dictionary_encode()
    changed = [change(text) for text in distinct.dictionary.to_pylist()]
    return pa.array(changed, pa.string()).take(distinct.indices)


def first_places(codes: Numbers) -> Numbers:
    """Where each code stands first; codes are numbered in the order in which they appear."""
    return np.unique(codes, return_index=True)[1]


def first_of_equals(groups: Numbers, texts: Texts) -> NDArray[np.bool_]:
    """Whether each text is the first of its kind in its group; groups are numbers from zero."""
    among_others = np.flatnonzero(np.bincount(groups)[groups] > 1)
    codes = texts.take(pa.array(among_others)).dictionary_encode().indices.to_numpy()
    pairs = groups[among_others] * (len(texts) + 1) + codes
    first = np.ones(len(texts), np.bool_)
    first[among_others] = False
    first[among_others[np.unique(pairs, return_index=True)[1]]] = True
    return first


def is_filled(texts: Texts) -> NDArray[Any]:
    """Whether each text is one."""
    filled: NDArray[Any] = pc.binary_length(texts).to_numpy() > 0
    return filled


def listed(size: int, places: Numbers, texts: Texts) -> pa.ListArray:
    """Lists of the texts of each place, in the order in which they are given."""
    offsets = np.append(0, np.cumsum(np.bincount(places, minlength=size))).astype(np.int32)
    sorting = pa.array(np.argsort(places, kind="stable"))
    return pa.ListArray.from_arrays(pa.array(offsets), texts.take(sorting))


def united(size: int, places: Numbers, texts: Texts) -> pa.ListArray:
    """The different texts of each place, in the order given; empty ones are none."""
    chosen = first_of_equals(places, texts) & is_filled(texts)
    return listed(size, places[chosen], texts.filter(pa.array(chosen)))


def others_than(own: Texts, places: Numbers, texts: Texts) -> pa.ListArray:
    """As `united`, without the texts that are a place's own."""
    size = len(own)
    places, texts = np.append(np.arange(size), places), pa.concat_arrays([own, texts])
    chosen = first_of_equals(places, texts) & is_filled(texts)
    chosen[:size] = False
    return listed(size, places[chosen], texts.filter(pa.array(chosen)))
