"""The training loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recommender.data import Split
from recommender.models.base import Recommender
from recommender.training.config import TrainConfig
from recommender.training.runs import Run

__all__ = ["Trainer"]


class Trainer:
    """Trains any model: `Trainer(config).fit(model, split)` or `Trainer(epochs=50).fit(…)`."""

    def __init__(
        self, config: TrainConfig | None = None, *, out: Path | None = None, **settings: Any
    ) -> None:
        self.config = (config or TrainConfig()).model_copy(update=settings)
        self.out = out

    def fit(self, model: Recommender, split: Split) -> Run:
        """Train until the stopping rule or the last epoch; the model ends with its best epoch."""
        raise NotImplementedError
