"""Settings of a training run, whatever the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recommender.data.negatives import NegativesPolicy
from recommender.errors import ConfigError, explain

__all__ = ["TrainConfig"]


class TrainConfig(BaseModel):
    """How to train: data protocol, length, stopping, device, logging."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    negatives: NegativesPolicy = Field(
        "fresh",
        description="negatives of Algorithm 1, line 4: `static`, the prepared ones; `fresh`, one "
        "uniform unobserved item per positive, drawn anew every epoch",
    )
    split_seed: int = Field(555, ge=0, description="seed of the 6:2:2 split of the rows")
    seed: int = Field(555, ge=0, description="seed of initial values, batches and sampling")
    epochs: int = Field(200, ge=1, description="n_epochs: most epochs to train")
    patience: int = Field(
        20, ge=0, description="stop after so many epochs without a better validation; 0: never"
    )
    monitor: Literal["auc", "acc", "auc+acc"] = Field(
        "auc+acc", description="validation metric that chooses the epoch; or the sum of both"
    )
    evaluate_every: int = Field(1, ge=1, description="validate every so many epochs")
    checkpoint_seconds: float = Field(
        10, ge=0, description="write the checkpoint at most so often; 0: after every epoch"
    )
    device: str = Field("auto", description="`auto`, `cpu`, `cuda`, `cuda:1`, `mps`")
    precision: Literal["float32", "float64", "bf16"] = Field(
        "float32", description="arithmetic of a step; bf16 is mixed precision"
    )
    optimizer: Literal["auto", "dense", "rowwise"] = Field(
        "auto",
        description="Adam over whole embedding tables (`dense`) or, with the same result, over "
        "the rows in use (`rowwise`); `auto`: rowwise on a CPU",
    )
    kernel: Literal["auto", "torch", "native"] = Field(
        "auto",
        description="who computes a step: torch's autograd, or the fused native kernel where the "
        "model has one for its settings; `auto`: native where possible",
    )
    compile: bool = Field(False, description="run the steps through torch.compile")
    threads: int = Field(0, ge=0, description="CPU threads; 0: leave torch's choice")
    tensorboard: bool = Field(False, description="also log to TensorBoard (extra `tracking`)")
    mlflow: bool = Field(False, description="also log to MLflow (extra `tracking`)")

    def monitored(self, values: Mapping[str, float]) -> float:
        """The number that chooses the epoch, from the validation metrics by name."""
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
