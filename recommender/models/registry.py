"""Find models by name: every `Recommender` subclass in this folder, and presets of settings.

All files in `recommender/models/` are imported; classes with a `name` and the presets of their
`presets` are listed. Nothing is registered by hand.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from pydantic import ValidationError

import recommender.models as package
from recommender.data.splits import TrainingSplit
from recommender.errors import ConfigError, explain
from recommender.models.base import ModelConfig, Recommender

__all__ = ["Preset", "create_model", "model_names", "names_with", "resolve"]


@dataclass(frozen=True)
class Preset:
    """A model name with its class and initial settings."""

    name: str
    model: type[Recommender]
    config: ModelConfig
    summary: str

    def configure(self, settings: Mapping[str, Any]) -> ModelConfig:
        """The preset's settings with `settings` laid over them.

        Raises:
            ConfigError: an unknown name or a value out of range, each named.
        """
        try:
            return self.model.Config.model_validate(
                {**self.config.model_dump(exclude_unset=True), **settings}
            )
        except ValidationError as error:
            raise ConfigError(f"model {self.name}: {explain(error)}") from None


@cache
def _presets() -> dict[str, Preset]:
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    found: dict[str, Preset] = {}
    waiting: list[type[Recommender]] = list(Recommender.__subclasses__())
    while waiting:
        model = waiting.pop(0)
        waiting.extend(model.__subclasses__())
        if "name" not in model.__dict__:
            continue  # an intermediate base class
        for name, (summary, settings) in model.presets().items():
            if name in found:
                raise RuntimeError(f"two models call themselves {name}")
            found[name] = Preset(name, model, model.Config(**settings), summary)
    return found


def model_names() -> list[str]:
    """All names that `resolve` knows, sorted."""
    return sorted(_presets())


def names_with(ability: str) -> list[str]:
    """Names of the models that implement an optional method of `Recommender`.

    Args:
        ability: name of the method, such as `fold_in`.
    """
    return sorted(
        name
        for name, preset in _presets().items()
        if getattr(preset.model, ability) is not getattr(Recommender, ability)
    )


def resolve(name: str) -> Preset:
    """Look up a preset by name.

    Raises:
        ConfigError: no such name; the message lists all.
    """
    try:
        return _presets()[name]
    except KeyError:
        raise ConfigError(f"no model {name!r}; there are {', '.join(model_names())}") from None


def create_model(
    name: str, train: TrainingSplit, *, seed: int = 555, **settings: Any
) -> Recommender:
    """Build a model from the training split: `create_model("mmss_mkr", parts.train, dim=64)`.

    `seed` determines the initial parameters; torch's global generator is not affected.

    Raises:
        ConfigError: unknown model or setting.
    """
    preset = resolve(name)
    config = preset.configure(settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = preset.model(config, train)
    model.preset = name
    return model
