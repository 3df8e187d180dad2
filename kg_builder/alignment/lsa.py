"""Latent semantic analysis (SVD) of context words, so that 'dance' is close to 'electropop'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

TOPICS: Final = 20
_MIN_BAGS: Final = 3
"""Minimum number of bags with a word for it to get topics."""
_MIN_CORPUS: Final = 10 * TOPICS
"""Minimum number of bags for topics to be learnt."""


@dataclass(frozen=True)
class TopicSpace:
    """Word vectors in the topic space.

    Attributes:
        positions: word → its vector, shape (topics,), already weighted.
    """

    positions: Mapping[str, NDArray[np.float64]]

    @classmethod
    def learn(cls, bags: Sequence[Collection[str]], weight: Mapping[str, float]) -> TopicSpace:
        """Learn word vectors from bags of words; none if there are too few bags.

        Args:
            bags: words of each entity.
            weight: word → its weight.
        """
        counts = Counter(word for bag in bags for word in set(bag))
        words = sorted(word for word, n in counts.items() if n >= _MIN_BAGS and weight[word] > 0)
        if len(bags) < _MIN_CORPUS or len(words) <= 2 * TOPICS:
            return cls({})
        column = {word: index for index, word in enumerate(words)}
        of = np.array([weight[word] for word in words])
        indices: list[int] = []
        ends = [0]
        for bag in bags:
            indices += sorted({column[word] for word in bag if word in column})
            ends.append(len(indices))
        values = of[np.array(indices, dtype=np.int64)]
        owner = np.repeat(np.arange(len(bags)), np.diff(ends))
        length = np.sqrt(np.bincount(owner, weights=values**2, minlength=len(bags)))
        matrix = csr_array(
            (values / length[owner], np.array(indices), np.array(ends)),
            shape=(len(bags), len(words)),
        )
        # a fixed start vector makes the topics reproducible up to sign, which cancels in products
        start = np.ones(min(matrix.shape))
        _, _, topics = svds(matrix, k=TOPICS, v0=start)
        return cls(dict(zip(words, topics.T * of[:, None], strict=True)))

    def direction(self, bag: Collection[str]) -> NDArray[np.float64] | None:
        """Unit vector of a bag; None if none of its words has a vector."""
        vectors = [self.positions[word] for word in sorted(bag) if word in self.positions]
        if not vectors:
            return None
        total = np.sum(vectors, axis=0)
        length = float(np.linalg.norm(total))
        return total / length if length > 0 else None
