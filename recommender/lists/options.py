"""Settings of recommendation lists: filters, re-ranking criteria, their weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from recommender.errors import ConfigError
from recommender.lists.criteria import criterion_named
from recommender.lists.filters import ItemFilter

__all__ = ["DEFAULT_POOL", "ListOptions"]

DEFAULT_POOL = 200


@dataclass(frozen=True)
class ListOptions:
    """Options of a recommendation list: filters and re-ranking.

    Attributes:
        filters: conditions on the items; all must hold.
        weights: weight of each criterion of `recommender.lists.criteria` by name; by default items
            are ordered by score.
        pool: number of best items by score that are re-ranked.
        allow_played: whether items of the history may be listed.

    Raises:
        ConfigError: an unknown criterion, or weights out of range.
    """

    filters: tuple[ItemFilter, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    pool: int = DEFAULT_POOL
    allow_played: bool = False

    def __post_init__(self) -> None:
        if self.pool < 1:
            raise ConfigError(f"a pool of {self.pool} items is none; give at least 1")
        taken: dict[str, float] = {}
        for name, weight in self.weights.items():
            criterion = criterion_named(name)
            criterion.check(weight)
            if weight and criterion.takes_from_relevance:
                taken[name] = weight
        if sum(taken.values()) > 1:
            names = " and ".join(taken)
            raise ConfigError(f"the weights of {names} are more than 1 together; lower them")

    @property
    def selects(self) -> bool:
        """Whether a list may differ from the best items by score, apart from their order."""
        return replace(self, weights={}, pool=DEFAULT_POOL) != ListOptions()

    def described(self) -> list[str]:
        """The options that differ from the defaults, as flags: '--only genre=jazz'."""
        found = [item_filter.text for item_filter in self.filters]
        found += ["--allow-played"] if self.allow_played else []
        return found + [f"--{name} {weight:g}" for name, weight in self.active.items()]

    @property
    def active(self) -> dict[str, float]:
        """The criteria with non-zero weight."""
        return {name: weight for name, weight in self.weights.items() if weight}
