"""A memory for what repeats, that stays small whatever is read."""

from __future__ import annotations

from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(dict[Key, Value]):
    """A dictionary that starts anew when it is full.

    Readers keep in it which record a repeated name or id means, and save themselves the work of
    adding the record again; what was forgotten is merely done once more.
    """

    def __init__(self, size: int = 65_536) -> None:
        super().__init__()
        self._size = size

    def __setitem__(self, key: Key, value: Value) -> None:
        if len(self) >= self._size:
            self.clear()
        super().__setitem__(key, value)
