"""Score entity resolution against gold: pairwise, B-cubed, blocking; intervals and wrong pairs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.matching import Matching

Interval = tuple[float, float]
ROUNDS: Final = 500
LEVEL: Final = 0.95
_ORDER: Final = ("wrongly the same", "missed", "missed by blocking")


@dataclass(frozen=True)
class Score:
    """Precision, recall and their harmonic mean, each 0..1.

    Precision without found pairs and recall without true pairs are 1.
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
    """Quality of a set of candidate pairs.

    Attributes:
        recall: share of the true pairs that are candidates.
        reduction: share of all possible pairs that need not be compared.
        candidates: number of candidate pairs.
    """

    recall: float
    reduction: float
    candidates: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """A pair on which resolution and gold differ.

    Attributes:
        left, right: record keys.
        kind: 'wrongly the same', 'missed', or 'missed by blocking'.
        probability: the scorer's; None if the pair was not compared.
    """

    left: str
    right: str
    kind: str
    probability: float | None


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

    A record's precision is the share of its found cluster that is in its true cluster, its recall
    the share of its true cluster that is in its found cluster.
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
    """Score links against gold links, over the subjects in the gold data.

    Args:
        found: subject → object; a subject without a link is left out.
        gold: subject → the correct object.
    """
    judged = {subject: target for subject, target in found.items() if subject in gold}
    right = sum(gold[subject] == target for subject, target in judged.items())
    return Score(_ratio(right, len(judged)), _ratio(right, len(gold)))


def cluster_intervals(
    found: Sequence[str], truth: Sequence[str], *, rounds: int = ROUNDS, seed: int = 0
) -> dict[str, dict[str, Interval]]:
    """Bootstrap percentile intervals of pairwise and B-cubed scores, resampling true clusters.

    A cluster drawn twice counts as two clusters without true pairs between them. Pairs found across
    true clusters are weighted by the product of their draws.

    Args:
        found, truth: cluster of each record, in the same order.
    """
    if not truth:
        return {}
    owners = {owner: index for index, owner in enumerate(sorted(set(truth)))}
    size_found, size_true = Counter(found), Counter(truth)
    cells = Counter(zip(found, truth, strict=True))
    right, truly, records, precise, recalled = (np.zeros(len(owners)) for _ in range(5))
    spread: dict[str, list[tuple[int, int]]] = {}
    for (cluster, owner), size in sorted(cells.items()):
        owner_group = owners[owner]
        right[owner_group] += comb(size, 2)
        precise[owner_group] += size * size / size_found[cluster]
        recalled[owner_group] += size * size / size_true[owner]
        spread.setdefault(cluster, []).append((owner_group, size))
    for owner, size in size_true.items():
        truly[owners[owner]], records[owners[owner]] = comb(size, 2), size
    mixed = [
        (np.array([p for p, _ in parts]), np.array([n for _, n in parts], dtype=float))
        for parts in spread.values()
        if len(parts) > 1
    ]
    random = np.random.default_rng(seed)
    pairwise, cubed = np.empty((rounds, 2)), np.empty((rounds, 2))
    for turn in range(rounds):
        drawn = np.bincount(
            random.integers(len(owners), size=len(owners)), minlength=len(owners)
        ).astype(float)
        wrong = 0.0
        for places, sizes in mixed:
            weighted = drawn[places] * sizes
            wrong += (weighted.sum() ** 2 - (weighted**2).sum()) / 2
        hit = float(drawn @ right)
        pairwise[turn] = _ratio(hit, hit + wrong), _ratio(hit, float(drawn @ truly))
        total = float(drawn @ records)
        cubed[turn] = float(drawn @ precise) / total, float(drawn @ recalled) / total
    return {"pairwise": _intervals(pairwise), "B-cubed": _intervals(cubed)}


def pair_intervals(
    predicted: NDArray[np.bool_], same: NDArray[np.bool_], *, rounds: int = ROUNDS, seed: int = 0
) -> dict[str, Interval]:
    """Bootstrap percentile intervals over judged pairs; both arguments of shape (n,)."""
    random = np.random.default_rng(seed)
    values = np.empty((rounds, 2))
    for turn in range(rounds):
        drawn = random.integers(len(same), size=len(same))
        hit = float((predicted[drawn] & same[drawn]).sum())
        values[turn] = _ratio(hit, predicted[drawn].sum()), _ratio(hit, same[drawn].sum())
    return _intervals(values)


def cluster_errors(
    keys: Sequence[str], found: Sequence[str], true: Sequence[str], matching: Matching | None
) -> list[Wrong]:
    """Find the pairs that share a found cluster or a true one, but not both.

    Args:
        keys, found, true: record key, found cluster and true cluster of each record.
        matching: the compared pairs, if known.
    """
    compared: Mapping[tuple[str, str], float] = {} if matching is None else probabilities(matching)
    together = _within(keys, found)
    wrong = []
    for pair in together ^ _within(keys, true):
        probability = compared.get(pair)
        if pair in together:
            kind = _ORDER[0]
        else:
            kind = _ORDER[2] if matching is not None and probability is None else _ORDER[1]
        wrong.append(Wrong(*pair, kind, probability))
    return sorted(wrong, key=worst_first)


def worst_first(wrong: Wrong) -> tuple[int, float, str, str]:
    """Sort key: false matches by falling probability, then missed ones by rising probability."""
    sure = 0.0 if wrong.probability is None else wrong.probability
    first = -sure if wrong.kind == _ORDER[0] else sure
    return _ORDER.index(wrong.kind), first, wrong.left, wrong.right


def probabilities(matching: Matching) -> dict[tuple[str, str], float]:
    """The probability of every compared pair, by its two keys in alphabetical order."""
    record = matching.profiles.record
    return {
        ordered(record[i], record[j]): value
        for (i, j), value in zip(
            matching.comparison.pairs.tolist(), matching.probability.tolist(), strict=True
        )
    }


def ordered(left: str, right: str) -> tuple[str, str]:
    """The two keys in alphabetical order."""
    return (left, right) if left <= right else (right, left)


def _pairs(sizes: Iterable[int]) -> int:
    return sum(comb(size, 2) for size in sizes)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 1.0


def _same_length(found: Sequence[Hashable], truth: Sequence[Hashable]) -> None:
    if len(found) != len(truth):
        raise ValueError(f"{len(found)} found labels, {len(truth)} true ones")


def _intervals(values: NDArray[np.float64]) -> dict[str, Interval]:
    precision, recall = values[:, 0], values[:, 1]
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    tail = (1 - LEVEL) / 2
    found = {}
    for name, column in (("precision", precision), ("recall", recall), ("f1", f1)):
        low, high = np.quantile(column, [tail, 1 - tail])
        found[name] = (float(low), float(high))
    return found


def _within(keys: Sequence[str], label: Sequence[str]) -> set[tuple[str, str]]:
    members: dict[str, list[str]] = defaultdict(list)
    for key, name in zip(keys, label, strict=True):
        members[name].append(key)
    return {
        ordered(one, other)
        for group in members.values()
        for index, one in enumerate(group)
        for other in group[index + 1 :]
    }
