"""Create KGE models by name, with their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import ValidationError

from recommender.errors import ConfigError, explain
from recommender.kge.base import KGEConfig, TripleModel
from recommender.kge.complex import ComplEx
from recommender.kge.matching import MatchingModel
from recommender.kge.rotate import RotatE
from recommender.kge.transe import TransE
from recommender.kge.transh import TransH
from recommender.kge.transr import TransR

__all__ = ["EMBEDDINGS", "PRESETS", "Preset", "configure", "create_embedding"]

EMBEDDINGS: Mapping[str, type[TripleModel]] = {
    model.name: model for model in (ComplEx, MatchingModel, RotatE, TransE, TransH, TransR)
}


@dataclass(frozen=True)
class Preset:
    """A model with its settings and training settings."""

    model: str
    settings: Mapping[str, Any]
    training: Mapping[str, Any]


_SHORT = {"schedule": "linear", "patience": 0, "evaluate_every": 5, "precision": "bf16"}

PRESETS: Mapping[str, Preset] = {
    "fb15k-237-complex": Preset(
        "complex",
        {
            "dim": 1024,
            "lr": 0.2,
            "n3": 0.05,
            "batch_size": 512,
            "candidates": 3000,
            "relation_weight": 0.25,
        },
        {**_SHORT, "epochs": 36, "evaluate_every": 6},
    ),
    "fb15k-237-transe": Preset(
        "transe",
        {
            "norm": 2,
            "against": "all",
            "optimizer": "adagrad",
            "dim": 384,
            "lr": 0.2,
            "batch_size": 1024,
            "candidates": 3000,
        },
        {**_SHORT, "epochs": 8, "evaluate_every": 4},
    ),
}
"""Settings for published data, by name, as `--preset` takes it.

Chosen on triples held out from the training file (docs/models.md, Against all entities).
"""


def configure(name: str, settings: Mapping[str, Any]) -> KGEConfig:
    """Validate the settings of a named embedding.

    Raises:
        ConfigError: no such embedding, an unknown setting or one out of range.
    """
    if name not in EMBEDDINGS:
        raise ConfigError(f"no embedding {name!r}; there are {', '.join(EMBEDDINGS)}")
    try:
        return EMBEDDINGS[name].Config.model_validate(dict(settings))
    except ValidationError as error:
        raise ConfigError(f"embedding {name}: {explain(error)}") from None


def create_embedding(
    name: str, n_entities: int, n_relations: int, *, seed: int = 555, **settings: Any
) -> TripleModel:
    """Build an embedding; torch's global generator is not affected.

    Raises:
        ConfigError: unknown name or setting.
    """
    config = configure(name, settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return EMBEDDINGS[name](config, n_entities, n_relations)
