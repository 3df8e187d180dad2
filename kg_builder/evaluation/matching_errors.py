"""The pairs on which a resolution and the truth differ, the worst first, for reading."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from kg_builder.fusion.matching import Matching

_ORDER: Final = ("wrongly the same", "missed", "missed by blocking")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A pair on which resolution and truth differ.

    Attributes:
        left, right: record keys.
        kind: 'wrongly the same', 'missed', or 'missed by blocking'.
        probability: what the scorer said; None where the pair was never compared.
    """

    left: str
    right: str
    kind: str
    probability: float | None


def cluster_errors(
    keys: Sequence[str], found: Sequence[str], true: Sequence[str], matching: Matching | None
) -> list[Wrong]:
    """Pairs that share a found cluster or a true one, but not both.

    Args:
        keys, found, true: record key, found cluster and true cluster of each record.
        matching: what the method compared, where that is known.
    """
    compared: Mapping[tuple[str, str], float] = {} if matching is None else probabilities(matching)
    together = _within(keys, found)
    wrong = []
    for pair in together ^ _within(keys, true):
        known = compared.get(pair)
        if pair in together:
            kind = _ORDER[0]
        else:
            kind = _ORDER[2] if matching is not None and known is None else _ORDER[1]
        wrong.append(Wrong(*pair, kind, known))
    return sorted(wrong, key=worst_first)


def worst_first(wrong: Wrong) -> tuple[int, float, str, str]:
    """Sort key: the surest wrong ones, then missed ones, the most doubted first."""
    sure = 0.0 if wrong.probability is None else wrong.probability
    first = -sure if wrong.kind == _ORDER[0] else sure
    return _ORDER.index(wrong.kind), first, wrong.left, wrong.right


def write_errors(path: Path, errors: Sequence[Wrong], records: pd.DataFrame) -> None:
    """Write errors as a TSV: kind, probability, and what both records say."""
    said = {
        key: (name, _told(attributes))
        for key, name, attributes in zip(
            records["record"], records["name"], records["attributes"], strict=True
        )
    }
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(
            ("kind", "probability", "left", "right", "left name", "right name", "left says",
             "right says")
        )  # fmt: skip
        for wrong in errors:
            one, other = said[wrong.left], said[wrong.right]
            sure = "" if wrong.probability is None else f"{wrong.probability:.4f}"
            writer.writerow(
                (wrong.kind, sure, wrong.left, wrong.right, one[0], other[0], one[1], other[1])
            )


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


def _within(keys: Sequence[str], label: Sequence[str]) -> set[tuple[str, str]]:
    members: dict[str, list[str]] = defaultdict(list)
    for key, name in zip(keys, label, strict=True):
        members[name].append(key)
    return {
        ordered(one, other)
        for group in members.values()
        for place, one in enumerate(group)
        for other in group[place + 1 :]
    }


def _told(attributes: str) -> str:
    return " | ".join(
        f"{name}: {', '.join(values)}" for name, values in json.loads(attributes).items()
    )
