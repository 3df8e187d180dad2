"""Quality of a resolution against a known truth: pairwise, B-cubed, and of its blocking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Score:
    """Precision, recall and their harmonic mean, each 0..1.

    A precision over nothing found, or a recall over nothing to find, is 1.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class BlockingScore:
    """How good a set of candidate pairs is.

    Attributes:
        recall: share of the true pairs that are candidates.
        reduction: share of all possible pairs that need not be compared.
        candidates: number of candidate pairs.
    """

    recall: float
    reduction: float
    candidates: int


def pairwise(found: Sequence[Hashable], truth: Sequence[Hashable]) -> Score:
    """Score over all pairs of records that share a cluster.

    Args:
        found, truth: cluster of each record, in the same order.
    """
    _same_length(found, truth)
    both = _pairs(Counter(zip(found, truth, strict=True)).values())
    return Score(
        _ratio(both, _pairs(Counter(found).values())), _ratio(both, _pairs(Counter(truth).values()))
    )


def b_cubed(found: Sequence[Hashable], truth: Sequence[Hashable]) -> Score:
    """Score averaged over records (Bagga & Baldwin 1998).

    For each record, precision is the share of its found cluster that truly belongs with it,
    recall the share of its true cluster that was found with it.
    """
    _same_length(found, truth)
    if not found:
        return Score(1.0, 1.0)
    both = Counter(zip(found, truth, strict=True))
    by_found, by_truth = Counter(found), Counter(truth)
    precision = sum(n * n / by_found[f] for (f, _), n in both.items())
    recall = sum(n * n / by_truth[t] for (_, t), n in both.items())
    return Score(precision / len(found), recall / len(found))


def blocking(
    candidates: NDArray[np.int64], truth: Sequence[Hashable], *, possible: int | None = None
) -> BlockingScore:
    """Score of candidate pairs.

    Args:
        candidates: indices of records, shape (n, 2), each pair once.
        truth: cluster of each record.
        possible: number of pairs that could be compared; all pairs by default.
    """
    total = comb(len(truth), 2) if possible is None else possible
    hit = sum(truth[i] == truth[j] for i, j in candidates.tolist())
    return BlockingScore(
        recall=_ratio(hit, _pairs(Counter(truth).values())),
        reduction=1 - len(candidates) / total if total else 0.0,
        candidates=len(candidates),
    )


def links(found: Mapping[Hashable, Hashable], gold: Mapping[Hashable, Hashable]) -> Score:
    """Score of links against gold ones, over the subjects that the gold speaks of.

    Args:
        found: subject → object; a subject without a link is left out.
        gold: subject → the right object.
    """
    judged = {subject: target for subject, target in found.items() if subject in gold}
    right = sum(gold[subject] == target for subject, target in judged.items())
    return Score(_ratio(right, len(judged)), _ratio(right, len(gold)))


def _pairs(sizes: Iterable[int]) -> int:
    return sum(comb(size, 2) for size in sizes)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _same_length(found: Sequence[Hashable], truth: Sequence[Hashable]) -> None:
    if len(found) != len(truth):
        raise ValueError(f"{len(found)} found labels, {len(truth)} true ones")
