"""Texts made ready for a classifier of pairs: mentions, pairs, and what is known of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kg_builder.text_models.relations.alignment import LabelledText, Words
from kg_builder.text_models.relations.network import Labels
from kg_builder.text_models.relations.reading import Reading
from kg_builder.text_models.relations.tagger import Candidate


@dataclass(frozen=True)
class PairTask:
    """A text with its mentions and the ordered pairs of them that may be related.

    Attributes:
        reading: the text.
        group: what it is about; "" for a text that is to be read, not learnt from.
        candidates: the mentions, in order.
        pairs: numbers of subject and object, shape (n, 2).
        labels: what is known of the pairs, for training.
    """

    reading: Reading
    group: str
    candidates: tuple[Candidate, ...]
    pairs: NDArray[np.int64]
    labels: Labels | None = None


class PairScorer(Protocol):
    """A classifier of pairs. Logits have the shape (pairs, relations), one array per task."""

    def fit(self, tasks: Sequence[PairTask], *, seed: int) -> None:
        """Learn from tasks with labels."""

    def predict(self, tasks: Sequence[PairTask]) -> list[NDArray[np.float32]]:
        """Logits of every pair of every task."""

    def save(self, folder: Path) -> None:
        """Write what was learnt."""

    def load(self, folder: Path) -> None:
        """Read what was learnt.

        Raises:
            OSError, ValueError, RuntimeError: a file is missing or damaged.
        """


def possible_pairs(
    candidates: Sequence[Candidate], allowed: frozenset[tuple[str, str]]
) -> NDArray[np.int64]:
    """Ordered pairs of mentions whose classes some relation connects."""
    found = [
        (a, b)
        for a, first in enumerate(candidates)
        for b, second in enumerate(candidates)
        if a != b and (first.class_, second.class_) in allowed
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def mixed(truth: Sequence[Candidate], found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """True mentions, as sure as the tagger was of them, and what it found beside them."""
    sure = {item.place: item.probability for item in found}
    kept = [replace(item, probability=sure.get(item.place, 0.0)) for item in truth]
    kept += [item for item in found if not any(item.place.overlaps(other.place) for other in truth)]
    return tuple(sorted(kept, key=lambda item: item.place))


def labelled(
    text: LabelledText,
    candidates: tuple[Candidate, ...],
    allowed: frozenset[tuple[str, str]],
    relations: Mapping[str, int],
    *,
    unstated: float,
) -> PairTask:
    """A task for training.

    Of several pairs of mentions of the same two things, the nearest states the relation; the
    others may or may not, and are left out.

    Args:
        text: the text with the places of its names.
        candidates: its mentions.
        allowed: pairs of classes that some relation connects.
        relations: relation → column.
        unstated: weight of "does not hold" in texts whose annotation is not complete.
    """
    pairs = possible_pairs(candidates, allowed)
    names: dict[Words, set[str]] = defaultdict(set)
    for name, places in text.places.items():
        for place in places:
            names[place].add(name)
    row = {(int(a), int(b)): number for number, (a, b) in enumerate(pairs)}
    positive = np.zeros((len(pairs), len(relations)), dtype=np.float32)
    weight = np.full_like(positive, 1.0 if text.source.complete else unstated)
    numbers = defaultdict(list)
    for number, item in enumerate(candidates):
        for name in names.get(item.place, ()):
            numbers[name].append(number)
    for triple in text.source.triples:
        if triple.relation not in relations:
            continue
        column = relations[triple.relation]
        stating = sorted(
            (abs(a - b), a > b, row[a, b])
            for a in numbers[triple.subject]
            for b in numbers[triple.object]
            if (a, b) in row
        )
        for rank, (_, _, number) in enumerate(stating):
            if rank == 0:
                positive[number, column] = 1
                weight[number, column] = 1
            elif not positive[number, column]:
                weight[number, column] = 0
    return PairTask(text.reading, text.source.group, candidates, pairs, Labels(positive, weight))
