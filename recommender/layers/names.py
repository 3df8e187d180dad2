"""Convert item names to word ids and word windows, for a text convolution (DKN)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommender.data.tables import IntArray

__all__ = ["Names", "Windows", "read_names", "windows"]

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Names:
    """Word ids of every item's name, int64 [n_items, longest], padded with 0.

    Attributes:
        words: the ids; 1 … n_words.
        vocabulary: the words in id order; `vocabulary[0]` has id 1.
    """

    words: IntArray
    vocabulary: Sequence[str]

    @property
    def n_words(self) -> int:
        """Number of distinct words."""
        return len(self.vocabulary)


def read_names(names: Sequence[str], longest: int) -> Names:
    """Split names into lower-case words, the first `longest` of each.

    A name without any word (`!!!`) counts as one word, so that no item is empty.
    """
    split = [(_WORD.findall(name.lower()) or [name.strip().lower()])[:longest] for name in names]
    vocabulary = sorted({word for words in split for word in words})
    number = {word: n for n, word in enumerate(vocabulary, start=1)}
    table = np.zeros((len(split), longest), dtype=np.int64)
    for item, words in enumerate(split):
        table[item, : len(words)] = [number[word] for word in words]
    return Names(table, vocabulary)


@dataclass(frozen=True)
class Windows:
    """All windows of one width over all names.

    Attributes:
        words: word ids, int64 [n, width]; 0 only in names shorter than the width.
        items: the item of each window, int64 [n].
    """

    words: IntArray
    items: IntArray


def windows(names: Names, width: int) -> Windows:
    """All windows within names; a name shorter than `width` has one, padded."""
    words = names.words
    length = (words > 0).sum(axis=1)
    count = np.maximum(length - width + 1, 1)
    items = np.repeat(np.arange(len(words)), count)
    start = np.arange(len(items)) - np.repeat(np.cumsum(count) - count, count)
    padded = np.pad(words, ((0, 0), (0, width)))
    return Windows(padded[items[:, None], start[:, None] + np.arange(width)], items)
