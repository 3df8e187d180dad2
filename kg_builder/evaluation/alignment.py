"""Evaluate entity links against gold links: precision, recall, F1 with intervals, worst errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from kg_builder.alignment.dump_contents import split_title
from kg_builder.evaluation.matching import Score
from kg_builder.fusion.normalize import name_key, squeeze

Outcome = Literal[
    "right link",
    "wrong link",
    "missed: not in the database",
    "missed: no candidate",
    "missed: left to a person",
    "missed: taken by another item",
    "missed: below the threshold",
    "rightly not linked",
    "linked, but is not there",
]

OUTCOMES: Final[tuple[Outcome, ...]] = (
    "right link",
    "wrong link",
    "linked, but is not there",
    "missed: not in the database",
    "missed: no candidate",
    "missed: left to a person",
    "missed: taken by another item",
    "missed: below the threshold",
    "rightly not linked",
)
"""In report order."""

_LINKED: Final = frozenset({"right link", "wrong link", "linked, but is not there"})
_WANTED: Final = frozenset(OUTCOMES) - {"linked, but is not there", "rightly not linked"}


@dataclass(frozen=True)
class Found:
    """The alignment's decision on one item in one database.

    Attributes:
        name: name of the item.
        ids: ids it was linked to.
        decision: match, unsure or no_match.
        score: of the link, or 0.
        candidates: id → score of the stored candidates.
        taken: whether the best candidate was linked to another item that fits it better.
    """

    name: str
    ids: frozenset[str]
    decision: str
    score: float
    candidates: Mapping[str, float]
    taken: bool = False


@dataclass(frozen=True)
class Judged:
    """A gold row with its outcome.

    Attributes:
        reachable: whether a correct id is in the dump.
    """

    raw_id: str
    gold: frozenset[str]
    found: Found
    outcome: Outcome
    reachable: bool


@dataclass(frozen=True)
class Measured:
    """Scores of a set of gold rows; 95% intervals (low, high) by bootstrap over rows.

    Attributes:
        gold: items that have a correct id.
        linked: items that were linked.
        right: correct links.
    """

    gold: int
    linked: int
    right: int
    score: Score
    precision_interval: tuple[float, float]
    recall_interval: tuple[float, float]
    f1_interval: tuple[float, float]


def judge(
    gold: Mapping[str, frozenset[str]],
    found: Mapping[str, Found],
    *,
    present: Collection[str] | None = None,
) -> list[Judged]:
    """Compare decisions with gold links; items not in the gold data are left out.

    Args:
        gold: the publisher's id → correct ids, none if the database has no such entry.
        found: the publisher's id → decision. Gold rows of other items are left out, too.
        present: ids that occur in the dump; by default every id counts as present.
    """
    judged = []
    for raw, right in gold.items():
        if raw in found:
            reachable = any(present is None or key in present for key in right)
            outcome = _outcome(right, found[raw], reachable)
            judged.append(Judged(raw, right, found[raw], outcome, reachable))
    return judged


def _outcome(right: frozenset[str], found: Found, reachable: bool) -> Outcome:
    if found.ids:
        if not right:
            return "linked, but is not there"
        return "right link" if found.ids & right else "wrong link"
    if not right:
        return "rightly not linked"
    if not reachable:
        return "missed: not in the database"
    if not any(key in found.candidates for key in right):
        return "missed: no candidate"
    if found.decision == "unsure":
        return "missed: left to a person"
    return "missed: taken by another item" if found.taken else "missed: below the threshold"


def measure(judged: Sequence[Judged], *, rounds: int = 1000, seed: int = 0) -> Measured:
    """Precision, recall and F1 of links, with bootstrap intervals.

    Precision is the share of correct links among those of items in the gold data, recall the share
    of items with a correct id that are linked to it.
    """
    counts = Counter(
        (row.outcome in _LINKED, row.outcome in _WANTED, row.outcome == "right link")
        for row in judged
    )
    kinds = sorted(counts)
    table = np.array(kinds, dtype=float).reshape(len(kinds), 3)
    sizes = np.array([counts[kind] for kind in kinds], dtype=float)
    linked, wanted, right = (sizes @ table).tolist() if kinds else (0.0, 0.0, 0.0)
    intervals = [(0.0, 1.0)] * 3
    if kinds:
        random = np.random.default_rng(seed)
        # rows with the same outcome are interchangeable: draw the number of rows per outcome
        drawn = random.multinomial(int(sizes.sum()), sizes / sizes.sum(), size=rounds) @ table
        scores = [_score(*row) for row in drawn.tolist()]
        intervals = [
            _interval([getattr(score, part) for score in scores])
            for part in ("precision", "recall", "f1")
        ]
    return Measured(int(wanted), int(linked), int(right), _score(linked, wanted, right), *intervals)


def name_consistent(row: Judged, names: Mapping[str, str]) -> bool:
    """Whether a correct entry has the item's name, ignoring spelling.

    Args:
        row: the gold row.
        names: id → name of the entry; if missing, the id is read as a title.
    """
    own = squeeze(name_key(row.found.name))
    titles = (names.get(key, key.replace("_", " ")) for key in row.gold)
    return any(squeeze(name_key(split_title(title)[0])) == own for title in titles)


def worst(judged: Sequence[Judged]) -> list[Judged]:
    """The worst errors first: confident wrong links, then misses by the correct one's score."""
    errors = [row for row in judged if row.outcome not in {"right link", "rightly not linked"}]

    def rank(row: Judged) -> tuple[bool, bool, float, str]:
        missed = row.outcome not in _LINKED
        candidate = max((row.found.candidates.get(key, 0.0) for key in row.gold), default=0.0)
        absent = row.outcome == "missed: not in the database"
        return missed, absent, -candidate if missed else -row.found.score, row.raw_id

    return sorted(errors, key=rank)


def _score(linked: float, wanted: float, right: float) -> Score:
    return Score(right / linked if linked else 1.0, right / wanted if wanted else 1.0)


def _interval(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975]).tolist()
    return low, high
