"""Classes of things, induced from which slots of relations the same names fill.

A corpus of triples has relations but not always an ontology. Slots that share fillers (where
somebody was born, died, comes from) take things of one class.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from kg_builder.text_models.relations.annotation import Slot, Triple, slots_of
from kg_builder.text_models.relations.dates import iso_date

_FURTHEST: Final = 0.93
_LEAST: Final = 0.0015
DATE: Final = "date"
OTHER: Final = "other"


@dataclass(frozen=True)
class Classes:
    """Class of each slot, and of each name by the slots that it fills."""

    of_slot: Mapping[Slot, str]
    of_name: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """All classes, sorted."""
        return tuple(sorted({DATE, *self.of_slot.values()}))

    def of(self, name: str) -> str:
        """The class of a name; dates are known by their form."""
        return DATE if iso_date(name) else self.of_name.get(name, "")


def induce_classes(
    triples: Iterable[Triple], declared: Mapping[Slot, str] | None = None
) -> Classes:
    """Cluster slots by the names that they share (average linkage over cosine distances).

    A class is called after its most frequent slot. Slots filled with dates are one class, slots
    for which an ontology declares one class too, and classes that are hardly ever filled become
    one rest.
    """
    fillers: dict[Slot, Counter[str]] = defaultdict(Counter)
    triples = sorted(triples)
    for triple in triples:
        for slot, name in slots_of(triple):
            fillers[slot][DATE if iso_date(name) else name] += 1
    of_slot = {slot: DATE for slot, names in fillers.items() if names.most_common(1)[0][0] == DATE}
    slots = sorted(slot for slot in fillers if slot not in of_slot)
    sizes = {slot: fillers[slot].total() for slot in slots}
    for members in _clusters(slots, fillers, declared or {}):
        chief = max(members, key=lambda slot: (sizes[slot], slot))
        rare = sum(sizes[slot] for slot in members) < _LEAST * 2 * len(triples)
        of_slot.update(dict.fromkeys(members, OTHER if rare else f"{chief.relation}.{chief.side}"))
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for slot, names in fillers.items():
        for name, times in names.items():
            votes[name][of_slot[slot]] += times
    of_name = {
        name: max(counts, key=lambda class_: (counts[class_], class_))
        for name, counts in votes.items()
    }
    return Classes(of_slot, of_name)


def _clusters(
    slots: list[Slot], fillers: Mapping[Slot, Counter[str]], declared: Mapping[Slot, str]
) -> list[list[Slot]]:
    if len(slots) < 2:
        return [slots] if slots else []
    names = sorted({name for slot in slots for name in fillers[slot]})
    column = {name: number for number, name in enumerate(names)}
    matrix = np.zeros((len(slots), len(names)))
    for row, slot in enumerate(slots):
        for name, times in fillers[slot].items():
            matrix[row, column[name]] = np.log1p(times)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    distances = np.clip(1 - matrix @ matrix.T, 0, None)
    for row, slot in enumerate(slots):
        for column_, other in enumerate(slots):
            if slot in declared and other in declared:
                distances[row, column_] = float(declared[slot] != declared[other])
    np.fill_diagonal(distances, 0)
    labels = fcluster(
        linkage(squareform(distances, checks=False), "average"), _FURTHEST, "distance"
    )
    found: dict[int, list[Slot]] = defaultdict(list)
    for slot, label in zip(slots, labels.tolist(), strict=True):
        found[label].append(slot)
    return list(found.values())
