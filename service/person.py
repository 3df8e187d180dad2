"""Somebody whom a list is for: a user of the data, or a newcomer who says what he likes."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Person"]


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody whom a list is for.

    Attributes:
        user: the number in the data; None for a newcomer.
        raw_id: the publisher's id; None for a newcomer.
        history: what he is known to like: training positives, or what he says.
        ambiguous: likes whose name several items have → these items.
    """

    user: int | None
    raw_id: str | None
    history: tuple[int, ...]
    ambiguous: dict[str, tuple[int, ...]]
