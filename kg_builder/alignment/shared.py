"""Ids that one database states for a thing in the others: they carry the alignment across."""

from __future__ import annotations

from collections.abc import Iterable

from kg_builder.alignment.things import Thing


def shared_ids(known: Iterable[str], thing: Thing) -> tuple[list[str], list[str]]:
    """What a linked thing's ids elsewhere add to those that an entity has.

    Returns:
        The ids in databases where the entity has none yet; and those that contradict the one it
        has, which are not taken over: a link of ours has been weighed, and somebody should look.
    """
    own = {one.partition(":")[0]: one for one in sorted(known)}
    added, contradicting = [], []
    for other in thing.same_as:
        prefix = other.partition(":")[0]
        if prefix not in own:
            own[prefix] = other
            added.append(other)
        elif own[prefix] != other:
            contradicting.append(other)
    return added, contradicting
