"""Interface of recommenders: score items for users, and give the training loop its tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from recommender.data.facts import Facts
from recommender.data.negatives import InteractionSampler, NegativesPolicy
from recommender.data.splits import TrainingSplit
from recommender.errors import ConfigError
from recommender.scoring import ItemScorer, ItemSets
from recommender.training.distributed import Group
from recommender.training.tasks import TrainingTask

if TYPE_CHECKING:
    from recommender.training.division import Division

__all__ = ["ModelConfig", "Recommender", "TrainingTask", "TripleContributions"]


_NUMBERS_AT_A_TIME: Final = 2**26
"""Numbers in memory while scoring a block of items: 256 MB."""


class ModelConfig(BaseModel):
    """Base of the models' settings: immutable, no unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class TripleContributions:
    """Contributions of triples of G at the items to the scores of b pairs.

    Attributes:
        pairs: ``[n]`` position of the pair in the request, ascending.
        triples: ``[n]`` position of the triple in `train.graph`; the item is its head or its tail.
        values: ``[n]`` contribution to the score, in its units; may be negative.
    """

    pairs: NDArray[np.int64]
    triples: NDArray[np.int64]
    values: NDArray[np.float64]


class Recommender(nn.Module, ABC):
    """Base class of all models. Built from its configuration and the training split only.

    A subclass sets `name` and `Config`, and implements `score` and `tasks` (or `fit`, if it is
    not trained by gradients). Adding a model is adding one file: the registry finds subclasses.
    """

    name: ClassVar[str]
    Config: ClassVar[type[ModelConfig]]
    calibrates: ClassVar[bool] = False  # whether to call `calibrate` before each validation
    preset: str

    def __init__(self, config: Any, train: TrainingSplit) -> None:
        super().__init__()
        self.preset = self.name
        self.config = config
        self.n_users, self.n_items = train.n_users, train.n_items

    @abstractmethod
    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """Raw scores of the pairs, [b]; higher is better. `users`, `items`: int64 [b]."""

    def predict(self, users: Tensor, items: Tensor) -> Tensor:
        """ŷ of the pairs in (0, 1), [b]: the displayed value, monotone in `score`."""
        return self.probability(self.score(users, items))

    def probability(self, scores: Tensor) -> Tensor:
        """ŷ of raw scores; same shape. The sigmoid unless overridden."""
        return torch.sigmoid(scores)

    def calibrate(self, scores: np.ndarray, labels: np.ndarray) -> None:
        """Fit `probability` to raw scores and labels of validation, [n] each; see `calibrates`.

        Only ŷ may change, not the order of scores.
        """

    def take_calibration(self, other: Recommender) -> None:
        """Copy what `calibrate` has fitted in a model of the same class (`recommender.refit`)."""

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """Raw scores of the items start … stop - 1 for each user, [b, stop - start].

        For scoring the whole catalogue in blocks. Models whose score factorises override this
        and compute the item side once.
        """
        items = torch.arange(start, stop, device=users.device)
        size = max(1, _NUMBERS_AT_A_TIME // self.numbers_per_pair)
        pairs = zip(
            users.repeat_interleave(len(items)).split(size),  # type: ignore[no-untyped-call]
            items.repeat(len(users)).split(size),  # type: ignore[no-untyped-call]
            strict=True,
        )
        scores = torch.cat([self.score(user, item) for user, item in pairs])
        return scores.view(len(users), len(items))

    @property
    def numbers_per_pair(self) -> int:
        """Approximate numbers in memory per pair in `score`."""
        return 128

    def fold_in(self, histories: ItemSets) -> ItemScorer:
        """Create a scorer for new users, without retraining.

        Its user n has the history `histories.of(n)` and no other data; empty histories are allowed.

        Raises:
            ConfigError: the model does not support this.
        """
        raise ConfigError(f"model {self.preset} cannot score people that it was not trained on")

    def fold_in_items(self, facts: Sequence[Facts]) -> ItemScorer:
        """Create a scorer of new items from their facts only, without retraining.

        Its users are the model's; its item n is described by `facts[n]`.

        Raises:
            ConfigError: the model does not support this.
        """
        raise ConfigError(f"model {self.preset} cannot score items that it was not trained on")

    def triple_contributions(self, users: Tensor, items: Tensor) -> TripleContributions | None:
        """Contribution of each triple at the item to the score of the pair; int64 [b] each.

        None if unavailable: the score does not use the graph, or does not decompose over triples.
        """
        return None

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The training objectives to alternate between, in order.

        `samples` generates the interaction rows of an epoch according to the run's settings. Models
        not trained by gradients return none and override `fit`.
        """
        return ()

    def divide(
        self, group: Group, train: TrainingSplit, negatives: NegativesPolicy
    ) -> Division | None:
        """Keep a part of the tables, to train in parallel with other processes on the CPU.

        None if not supported; every process then holds the whole model.
        """
        return None

    def faster_on_cpu(self) -> bool:
        """Whether a step is too short for a GPU, so that one CPU thread trains faster."""
        return False

    def fit(self) -> None:
        """Fit in closed form to the constructor's data; for models without tasks."""

    def forget(self) -> None:
        """Drop cached values computed from the parameters."""

    def train(self, mode: bool = True) -> Self:
        """Switch between training and scoring, and drop cached values."""
        self.forget()
        return super().train(mode)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Load parameters, and drop cached values."""
        self.forget()
        return super().load_state_dict(*args, **kwargs)

    @classmethod
    def presets(cls) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
        """Preset names → one-line summary and settings; at least the class's name."""
        summary = (cls.__doc__ or cls.name).strip().splitlines()[0]
        return {cls.name: (summary, {})}

    @property
    def device(self) -> torch.device:
        """Device of the parameters."""
        for tensor in (*self.parameters(), *self.buffers()):
            return tensor.device
        return torch.device("cpu")
