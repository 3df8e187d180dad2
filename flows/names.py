"""Constants: the names of the Prefect flows and of their deployments."""

from __future__ import annotations

from typing import Final

BUILD_KG: Final = "build-kg"
TRAIN: Final = "train"
RECOMMEND: Final = "recommend"
REFRESH: Final = "refresh"

DEPLOYMENTS: Final = frozenset({BUILD_KG, TRAIN, RECOMMEND, REFRESH})
