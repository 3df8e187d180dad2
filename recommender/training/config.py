"""Settings of a training run for any model: split, epochs, early stopping, device, logging."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from recommender.data.negatives import NegativesPolicy
from recommender.data.splits import LARGEST_SEED, SplitKind
from recommender.errors import ConfigError, explain
from recommender.metrics.ranking import DEFAULT_KS, RANKING_METRICS

__all__ = ["TrainConfig"]

_OF_ROWS = ("auc", "acc")
_OF_LISTS = re.compile(rf"(?:{'|'.join(RANKING_METRICS)})@([1-9]\d{{0,5}})")


class TrainConfig(BaseModel):
    """Settings of a training: data protocol, length, stopping, device, logging."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    negatives: NegativesPolicy = Field(
        "fresh",
        description="negatives of Algorithm 1, line 4: `static`, the prepared ones; `fresh`, "
        "one uniform unobserved item per positive, resampled every epoch",
    )
    split: SplitKind = Field(
        "random",
        description="how the rows are split, 6:2:2: `random`; `time`, train before validation "
        "before test for all users; `time-per-user`, each user's last positives held out; "
        "`given`, as in ratings_parts.tsv; `all`: nothing is held out (recommender.refit)",
    )
    split_seed: int = Field(
        555,
        ge=0,
        le=LARGEST_SEED,
        description="seed of the split of the rows; for time splits, of negatives and ties",
    )
    seed: int = Field(
        555, ge=0, le=LARGEST_SEED, description="seed of initial values, batches and sampling"
    )
    epochs: int = Field(200, ge=1, description="n_epochs: maximum number of epochs")
    patience: int = Field(
        20,
        ge=0,
        description="stop after this many epochs without improvement on validation; 0: never",
    )
    monitor: str = Field(
        "auc+acc",
        description="validation metric that selects the epoch: `auc`, `acc`, `ndcg@10`, "
        "`recall@20`, `hit@10`, `mrr@10`, `precision@10` with any K, or several joined by "
        "`+`",
    )
    evaluate_every: int = Field(1, ge=1, description="epochs between validations")
    rank_users: int = Field(
        2000,
        ge=0,
        description="maximum number of users to rank the catalogue for, always the same ones: "
        "at the end, and at validations if the monitor needs it; 0: all",
    )
    checkpoint_seconds: float = Field(
        10, ge=0, description="minimum seconds between checkpoints; 0: after every epoch"
    )
    device: str = Field(
        "auto",
        description="`auto`, `cpu`, `cuda`, `cuda:1`, `mps`; `auto`: a GPU if there is one, unless "
        "the model's steps are too short for it",
    )
    precision: Literal["float32", "float64", "bf16"] = Field(
        "float32", description="arithmetic of a step; bf16 is mixed precision"
    )
    optimizer: Literal["auto", "dense", "rowwise"] = Field(
        "auto",
        description="Adam on whole embedding tables (`dense`) or, with the same result, on the "
        "rows in use (`rowwise`); `auto`: rowwise on a CPU",
    )
    kernel: Literal["auto", "torch", "native", "cuda-graph"] = Field(
        "auto",
        description="implementation of a step: torch's autograd, the fused native kernel if the "
        "model supports its settings, or (MKR on a CUDA GPU) autograd recorded once as a CUDA "
        "graph; `auto`: native if possible, else torch",
    )
    compile: bool = Field(False, description="compile the steps with torch.compile")
    threads: int = Field(0, ge=0, description="CPU threads; 0: torch's default")
    tensorboard: bool = Field(False, description="also log to TensorBoard (extra `tracking`)")
    mlflow: bool = Field(False, description="also log to MLflow (extra `tracking`)")

    @field_validator("monitor")
    @classmethod
    def _known_metrics(cls, monitor: str) -> str:
        for name in monitor.split("+"):
            if name not in _OF_ROWS and not _OF_LISTS.fullmatch(name):
                ranking = ", ".join(f"{metric}@K" for metric in RANKING_METRICS)
                raise ValueError(
                    f"{name!r} is none of {', '.join(_OF_ROWS)}, {ranking} (K at least 1); join "
                    "several by +"
                )
        return monitor

    @property
    def monitored_lengths(self) -> tuple[int, ...]:
        """K of the ranking metrics in the monitor, ascending; empty if none."""
        found = (_OF_LISTS.fullmatch(name) for name in self.monitor.split("+"))
        return tuple(sorted({int(match[1]) for match in found if match}))

    @property
    def lengths(self) -> tuple[int, ...]:
        """K at which the finished model's lists are evaluated."""
        return tuple(sorted({*DEFAULT_KS, *self.monitored_lengths}))

    def identity(self, exclude: set[str]) -> dict[str, Any]:
        """The settings that identify a training, for hashes: JSON values by name.

        The random split is omitted, so that names from before other splits existed are unchanged.

        Args:
            exclude: names of further settings to leave out.
        """
        usual = {"split"} if self.split == "random" else set()
        return self.model_dump(mode="json", exclude=exclude | usual)

    def monitored(self, values: Mapping[str, float]) -> float:
        """The monitored value, from the validation metrics by name."""
        return sum(float(values[name]) for name in self.monitor.split("+"))

    @classmethod
    def parse(cls, settings: Mapping[str, Any]) -> TrainConfig:
        """Check settings by name.

        Raises:
            ConfigError: an unknown name or a value out of range, each named.
        """
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            raise ConfigError(f"training: {explain(error)}") from None
