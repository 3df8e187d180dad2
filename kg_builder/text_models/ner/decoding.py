"""From probabilities of tags to spans: the best sequence that is a valid one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg_builder.text_models.ner.crf import Marginals
from kg_builder.text_models.ner.tagging import OUTSIDE, Span, spans_of

_LEAST: Final = 1e-9
_NEVER: Final = -1e9


class ScoredSpan(NamedTuple):
    """A span with a score in 0..1; see `decode`."""

    span: Span
    score: float


def tag_order(labels: Sequence[str]) -> list[str]:
    """Tags of sorted classes: O, B and I of the first, B and I of the second, ..."""
    return [OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BI")]


def decode(marginals: Marginals, tags: Sequence[str]) -> list[ScoredSpan]:
    """The spans of the best valid sequence (Viterbi over the marginals).

    A span's score is the geometric mean of the probabilities of its tags, times the probability
    that the word behind it does not continue it.

    Args:
        marginals: shape (words, tags).
        tags: the columns, as `tag_order` has them.
    """
    if not len(marginals):
        return []
    best = _viterbi(np.log(marginals + _LEAST), tuple(tags))
    found = []
    for span in spans_of([tags[column] for column in best]):
        own = np.log(marginals[range(span.start, span.end), best[span.start : span.end]] + _LEAST)
        score = float(np.exp(own.mean()))
        if span.end < len(marginals):
            score *= 1.0 - float(marginals[span.end, tags.index(f"I-{span.label}")])
        found.append(ScoredSpan(span, score))
    return found


def _viterbi(scores: NDArray[np.float64], tags: tuple[str, ...]) -> list[int]:
    first, step = _allowed(tags)
    best = scores[0] + first
    came_from = []
    for row in scores[1:]:
        paths = best[:, None] + step
        came_from.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + row
    path = [int(best.argmax())]
    for pointers in reversed(came_from):
        path.append(int(pointers[path[-1]]))
    return path[::-1]


@lru_cache(maxsize=64)
def _allowed(tags: tuple[str, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """0 where a tag may begin a sentence, or follow another; forbidding elsewhere."""
    inside = [tag.startswith("I-") for tag in tags]
    first = np.where(inside, _NEVER, 0.0)
    step = np.zeros((len(tags), len(tags)))
    for row, before in enumerate(tags):
        for column, tag in enumerate(tags):
            if inside[column] and (before == OUTSIDE or before[2:] != tag[2:]):
                step[row, column] = _NEVER
    return first, step
