"""Base class of re-ranking criteria, and their lookup by name.

A list is filled greedily. With the criteria's weights w, the next item maximises

    (1 - Σ w of criteria that reduce the weight of relevance) · relevance + Σ w · gain

where the relevance of the pool's items is scaled to 0 … 1. With only diversity this is maximal
marginal relevance, with only calibration Steck's greedy algorithm.
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
    """The candidates for one person's list.

    Attributes:
        items: ``[p]`` the best items by score, best first.
        relevance: ``[p]`` from 1 for the first to 0 for the last.
        history: ``[h]`` items of the person's history.
    """

    items: IntArray
    relevance: FloatArray
    history: IntArray


class Gains(Protocol):
    """A criterion's gains of the candidates while a list is built."""

    def values(self) -> FloatArray:
        """Gain of each candidate as the next item of the list, ``[p]``."""

    def add(self, candidate: int) -> None:
        """Add the candidate with this index to the list."""


class Criterion(ABC):
    """Base class of re-ranking criteria.

    A subclass sets `name` (also its flag, and its field in the service), `summary`, the range of
    its weight, and what the least and the greatest weight favour, for the two ends of a slider.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    ends: ClassVar[tuple[str, str]]
    least: ClassVar[float] = 0.0
    most: ClassVar[float] = 1.0
    takes_from_relevance: ClassVar[bool] = True

    @abstractmethod
    def __init__(self, train: TrainingSplit) -> None:
        """Precompute everything that is independent of the person."""

    @abstractmethod
    def start(self, candidates: Candidates) -> Gains:
        """Start an empty list for one person."""

    @classmethod
    def check(cls, weight: float) -> None:
        """Check that a weight is in range.

        Raises:
            ConfigError: it is not.
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
    """Look up a criterion by name.

    Raises:
        ConfigError: there is no such criterion; the message lists all.
    """
    try:
        return criteria()[name]
    except KeyError:
        allowed = ", ".join(criteria())
        raise ConfigError(f"lists have no criterion {name!r}; there are {allowed}") from None
