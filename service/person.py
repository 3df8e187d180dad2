"""The person of a list: a user of the data, or a newcomer with stated likes."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Person"]


@dataclass(frozen=True, eq=False)
class Person:
    """The person of a list.

    Attributes:
        user: the integer user id; None for a newcomer.
        raw_id: the publisher's id; None for a newcomer.
        history: training positives, or stated likes.
        ambiguous: ambiguous likes → the matching items.
        held_out: number of likes in the validation and test parts, unknown to the model.
    """

    user: int | None
    raw_id: str | None
    history: tuple[int, ...]
    ambiguous: dict[str, tuple[int, ...]]
    held_out: int = 0
