"""Item filters (`--only`, `--exclude`, `--country`), applied before the ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recommender.data.items import ItemNames
from recommender.errors import ConfigError
from recommender.lists.conditions import GraphVocabulary
from recommender.lists.countries import country_statement
from recommender.scoring import ItemScorer

__all__ = ["ItemFilter", "OnlyAllowed", "allowed_items", "country", "exclude", "only"]


@dataclass(frozen=True, eq=False)
class ItemFilter:
    """A condition on the items of a list.

    Attributes:
        text: as on the command line, for messages: `--only genre=jazz`.
        allowed: ``[n_items]``, mask of items that pass.
    """

    text: str
    allowed: NDArray[np.bool_]


def only(vocabulary: GraphVocabulary, text: str) -> ItemFilter:
    """Items with the fact `relation=value`.

    Raises:
        ConfigError: unknown names; the message suggests some.
    """
    statement = vocabulary.statement(text)
    return ItemFilter(f"--only {statement.text}", vocabulary.items_with(statement))


def exclude(vocabulary: GraphVocabulary, items: ItemNames, text: str) -> ItemFilter:
    """All items except those with the fact `relation=value`, or except a named item.

    Raises:
        ConfigError: unknown names; the message suggests some.
    """
    if "=" in text:
        statement = vocabulary.statement(text)
        return ItemFilter(f"--exclude {statement.text}", ~vocabulary.items_with(statement))
    found = items.resolve(text)
    allowed = np.ones(len(items), dtype=bool)
    allowed[list(found.match.ids)] = False
    return ItemFilter(f"--exclude {found.match.name}", allowed)


def country(vocabulary: GraphVocabulary, text: str) -> ItemFilter:
    """Items from a country, given by name or ISO 3166 code.

    Raises:
        ConfigError: the graph has no countries, or not this one.
    """
    statement = country_statement(vocabulary, text)
    name = statement.text.partition("=")[2]
    return ItemFilter(f"--country {name}", vocabulary.items_with(statement))


def allowed_items(filters: Sequence[ItemFilter], n_items: int) -> NDArray[np.bool_] | None:
    """``[n_items]``, mask of items that pass all filters; None without filters.

    Raises:
        ConfigError: no item passes; the message names the filter that removed the last one.
    """
    if not filters:
        return None
    allowed = np.ones(n_items, dtype=bool)
    for index, condition in enumerate(filters):
        left = allowed & condition.allowed
        if not left.any():
            alone = int(condition.allowed.sum())
            before = ", ".join(f"{f.text} ({int(f.allowed.sum()):,})" for f in filters[:index])
            reason = (
                f"{condition.text}: no item passes"
                if not alone
                else f"{condition.text}: none of its {alone:,} items passes {before} too"
            )
            raise ConfigError(f"{reason}; leave a filter out")
        allowed = left
    return allowed


class OnlyAllowed:
    """A scorer restricted to some items: all others get -inf, and are never listed.

    Args:
        model: the underlying scorer.
        allowed: ``[n_items]``.
    """

    def __init__(self, model: ItemScorer, allowed: NDArray[np.bool_]) -> None:
        self._model = model
        self._hidden = torch.from_numpy(~allowed).to(model.device)
        self.n_items = model.n_items

    @property
    def device(self) -> torch.device:
        """Device of the model."""
        return self._model.device

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """The model's scores, with -inf for items that are not allowed."""
        scores = self._model.score_items(users, start, stop)
        return scores.masked_fill(self._hidden[start:stop], -torch.inf)
