"""Keep a bounded number of database entries per name: those with the most facts."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from typing import Generic, TypeVar

_T = TypeVar("_T", str, bytes)


class Namesakes(Generic[_T]):
    """Bounded sets of entries per name; of equally described entries the first is kept.

    Args:
        most: entries kept per name.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._best: dict[str, list[tuple[int, int, _T]]] = defaultdict(list)
        self._holds: dict[_T, int] = {}
        self._seen = 0

    def __contains__(self, thing: _T) -> bool:
        return thing in self._holds

    def keep(self, thing: _T) -> None:
        """Keep an entry regardless of its namesakes."""
        self._holds[thing] = self._holds.get(thing, 0) + 1

    def enter(self, thing: _T, facts: int, keys: Iterable[str]) -> list[tuple[_T, str]]:
        """Add an entry with its number of facts under its names.

        Returns:
            The entries no longer kept under any name, with the last name that dropped them.
        """
        losers: list[tuple[_T, str]] = []
        for key in sorted(keys):
            best = self._best[key]
            if any(other == thing for _, _, other in best):
                continue
            self._seen += 1
            self.keep(thing)
            heapq.heappush(best, (facts, -self._seen, thing))
            if len(best) > self._most:
                losers.append((heapq.heappop(best)[2], key))
        gone = []
        for loser, key in losers:
            self._holds[loser] -= 1
            if not self._holds[loser]:
                del self._holds[loser]
                gone.append((loser, key))
        return gone
