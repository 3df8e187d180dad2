"""Settings of embeddings for published data, each found on held-out training triples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["PRESETS", "Preset"]


@dataclass(frozen=True)
class Preset:
    """A model with its settings, and those of its training."""

    model: str
    settings: Mapping[str, Any]
    training: Mapping[str, Any]


_SHORT = {"schedule": "linear", "patience": 0, "evaluate_every": 5}

PRESETS: Mapping[str, Preset] = {
    "fb15k-237-complex": Preset(
        "complex",
        {"dim": 256, "lr": 0.1, "n3": 0.03, "batch_size": 1024, "candidates": 2000},
        {**_SHORT, "epochs": 40},
    ),
    "fb15k-237-transe": Preset(
        "transe",
        {
            "norm": 2,
            "against": "all",
            "optimizer": "adagrad",
            "dim": 256,
            "lr": 0.1,
            "batch_size": 1024,
            "candidates": 2000,
        },
        {**_SHORT, "epochs": 30},
    ),
}
"""By name, as `--preset` takes it."""
