"""Base class of re-ranking criteria, and their lookup by name.

A list is filled greedily. With the criteria's weights w, the next item is the one with the greatest

    (1 - Σ w of those that take from the relevance) · relevance + Σ w · gain

where the relevance of the pool's items runs from 0 to 1. With diversity alone this is maximal
marginal relevance, with calibration alone Steck's greedy algorithm.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.data import TrainingSplit
from recommender.errors import ConfigError

__all__ = ["Candidates", "Criterion", "Gains", "criteria", "criterion_named"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """What one person's list is chosen from.

    Attributes:
        items: ``[p]`` the best items by score, best first.
        relevance: ``[p]`` from 1 for the first to 0 for the last.
        history: ``[h]`` items that the person likes.
    """

    items: IntArray
    relevance: FloatArray
    history: IntArray


class Gains(Protocol):
    """What a criterion says of the candidates while a list grows."""

    def values(self) -> FloatArray:
        """``[p]``, how much the list would gain by each candidate as its next item."""

    def add(self, candidate: int) -> None:
        """The candidate of this index has joined the list."""


class Criterion(ABC):
    """Something that matters in a list beside the relevance of its items.

    A subclass sets `name` (also its flag), `summary`, and the range of its weight.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    least: ClassVar[float] = 0.0
    most: ClassVar[float] = 1.0
    takes_from_relevance: ClassVar[bool] = True

    @abstractmethod
    def __init__(self, train: TrainingSplit) -> None:
        """Prepare what does not depend on the person."""

    @abstractmethod
    def start(self, candidates: Candidates) -> Gains:
        """Begin an empty list for one person."""

    @classmethod
    def check(cls, weight: float) -> None:
        """Refuse a weight out of range.

        Raises:
            ConfigError: it is.
        """
        if not cls.least <= weight <= cls.most:
            raise ConfigError(
                f"--{cls.name} {weight:g}: give a weight from {cls.least:g} to {cls.most:g}"
            )


@cache
def criteria() -> Mapping[str, type[Criterion]]:
    """All criteria by name, in alphabetical order."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{__package__}.{module.name}")
    found = {criterion.name: criterion for criterion in Criterion.__subclasses__()}
    return dict(sorted(found.items()))


def criterion_named(name: str) -> type[Criterion]:
    """The criterion of that name.

    Raises:
        ConfigError: there is none; the message lists all.
    """
    try:
        return criteria()[name]
    except KeyError:
        allowed = ", ".join(criteria())
        raise ConfigError(f"lists have no criterion {name!r}; there are {allowed}") from None
