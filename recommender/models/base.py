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
"""Numbers that scoring a block of items may hold: 256 MB."""


class ModelConfig(BaseModel):
    """Base of the models' settings: immutable, no unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class TripleContributions:
    """Parts of the scores of b pairs that triples of G at the pairs' items account for.

    Attributes:
        pairs: ``[n]`` position of the pair in what was asked, ascending.
        triples: ``[n]`` position of the triple in `train.graph`; the item is its head or its tail.
        values: ``[n]`` what the score owes to it, in units of the score; may be negative.
    """

    pairs: NDArray[np.int64]
    triples: NDArray[np.int64]
    values: NDArray[np.float64]


class Recommender(nn.Module, ABC):
    """Base class of all models. Built from its configuration and the training split, no more.

    A subclass sets `name` and `Config`, and implements `score` and `tasks` (or `fit`, if it is
    not trained by gradients). Adding a model is adding one file: the registry finds subclasses.
    """

    name: ClassVar[str]
    Config: ClassVar[type[ModelConfig]]
    calibrates: ClassVar[bool] = False  # whether `calibrate` is wanted before each validation
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
        """ŷ of the pairs in (0, 1), [b]: the value shown to people, monotone in `score`."""
        return self.probability(self.score(users, items))

    def probability(self, scores: Tensor) -> Tensor:
        """ŷ of raw scores; same shape. The plain sigmoid unless a model says otherwise."""
        return torch.sigmoid(scores)

    def calibrate(self, scores: np.ndarray, labels: np.ndarray) -> None:
        """Learn `probability` from validation's raw scores and labels, [n] each; see `calibrates`.

        Nothing but ŷ may change: the order of the scores is the model's own.
        """

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
        """Numbers that `score` holds for each pair, about: what its memory grows with."""
        return 128

    def fold_in(self, histories: ItemSets) -> ItemScorer:
        """A scorer for people whom the training did not know, without retraining.

        Its user n is somebody who likes `histories.of(n)` and of whom nothing else is known; an
        empty history is allowed.

        Raises:
            ConfigError: the model has no way to do so.
        """
        raise ConfigError(f"model {self.preset} cannot score people that it was not trained on")

    def fold_in_items(self, facts: Sequence[Facts]) -> ItemScorer:
        """A scorer of items that the training did not know, each from its facts alone.

        Its users are the model's own; its item n is the one that `facts[n]` describe.

        Raises:
            ConfigError: the model has no way to do so.
        """
        raise ConfigError(f"model {self.preset} cannot score items that it was not trained on")

    def triple_contributions(self, users: Tensor, items: Tensor) -> TripleContributions | None:
        """How much each triple at the item adds to the score of the pair; int64 [b] each.

        None where the model cannot tell: it does not use the graph in scoring, or not in a way
        that splits into triples.
        """
        return None

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The objectives to alternate between, in their order within an epoch.

        `samples` makes the interaction rows of an epoch, as the run's settings ask. Models that
        are not trained by gradients return none and override `fit`.
        """
        return ()

    def divide(
        self, group: Group, train: TrainingSplit, negatives: NegativesPolicy
    ) -> Division | None:
        """Keep a part of the rows, and train it beside the other processes, on this CPU.

        None where the model cannot: then every process holds the whole of it.
        """
        return None

    def fit(self) -> None:
        """Learn in closed form, from what the constructor was given; for models without tasks."""

    def forget(self) -> None:
        """Drop cached values computed from the parameters, in models that have such a cache."""

    def train(self, mode: bool = True) -> Self:
        """Switch between training and scoring; what scoring has computed is forgotten."""
        self.forget()
        return super().train(mode)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Take over parameters; what scoring has computed is forgotten."""
        self.forget()
        return super().load_state_dict(*args, **kwargs)

    @classmethod
    def presets(cls) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
        """Names that people may ask for → one-line summary, settings. The class's own at least."""
        summary = (cls.__doc__ or cls.name).strip().splitlines()[0]
        return {cls.name: (summary, {})}

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        for tensor in (*self.parameters(), *self.buffers()):
            return tensor.device
        return torch.device("cpu")
