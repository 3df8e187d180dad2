"""Check that a model can score new users or new items without retraining; else raise."""

from __future__ import annotations

from recommender.errors import ConfigError
from recommender.models.base import Recommender
from recommender.models.registry import names_with


def require_fold_in(model: Recommender) -> None:
    """Check that a model can score new users.

    Raises:
        ConfigError: it cannot; the message lists the models that can.
    """
    _require(model, "fold_in", "people")


def require_fold_in_items(model: Recommender) -> None:
    """Check that a model can score new items.

    Raises:
        ConfigError: it cannot; the message lists the models that can.
    """
    _require(model, "fold_in_items", "items")


def _require(model: Recommender, ability: str, what: str) -> None:
    if getattr(type(model), ability) is getattr(Recommender, ability):
        able = ", ".join(names_with(ability)) or "no model yet"
        raise ConfigError(
            f"model {model.preset} cannot score {what} that it was not trained on; "
            f"train one that can: {able}"
        )
