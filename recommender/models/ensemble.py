"""Ensemble: train one model with several seeds, and average the scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from recommender.data.facts import Facts
from recommender.data.negatives import InteractionSampler
from recommender.data.splits import TrainingSplit
from recommender.models.base import ModelConfig, Recommender, TrainingTask, TripleContributions
from recommender.models.calibrated import CalibratedRecommender
from recommender.scoring import ItemScorer, ItemSets

__all__ = ["Ensemble", "EnsembleConfig", "MeanScorer"]


class EnsembleConfig(ModelConfig):
    """Settings of `Ensemble`."""

    member: str = Field("mmss_mkr_g", description="model of the members, as in --model")
    n_members: int = Field(3, ge=1, description="number of members")
    member_settings: dict[str, Any] = Field(
        default_factory=dict, description="settings of the members, overriding the preset"
    )


class Ensemble(CalibratedRecommender):
    """The mean score of `n_members` models that differ in initial values, batches and negatives.

    "Deep ensembles" (Lakshminarayanan et al., NeurIPS 2017), of raw scores, which averages out the
    members' dependence on seeds. Members are trained in parallel, epoch by epoch; validation of the
    mean chooses one epoch for all. The ensemble supports what its members do (fold-in,
    contributions of facts).
    """

    name = "ensemble"
    Config = EnsembleConfig
    config: EnsembleConfig

    def __init__(self, config: EnsembleConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        from recommender.models.registry import resolve  # lazy: the registry imports this file

        preset = resolve(config.member)
        self.members = nn.ModuleList()
        for _ in range(config.n_members):
            member = preset.model(preset.configure(config.member_settings), train)
            member.preset = preset.name
            self.members.append(member)

    def _each(self) -> Iterator[Recommender]:
        for member in self.members:
            assert isinstance(member, Recommender)
            yield member

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """The mean over the members."""
        return torch.stack([member.score(users, items) for member in self._each()]).mean(dim=0)

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """The mean over the members' block scores."""
        return MeanScorer(list(self._each())).score_items(users, start, stop)

    def fold_in(self, histories: ItemSets) -> ItemScorer:
        """The mean of the members' scores for new users."""
        return MeanScorer([member.fold_in(histories) for member in self._each()])

    def fold_in_items(self, facts: Sequence[Facts]) -> ItemScorer:
        """The mean of the members' scores of new items."""
        return MeanScorer([member.fold_in_items(facts) for member in self._each()])

    def triple_contributions(self, users: Tensor, items: Tensor) -> TripleContributions | None:
        """The mean of the members' contributions of each triple."""
        found = [member.triple_contributions(users, items) for member in self._each()]
        if any(one is None for one in found):
            return None
        contributions = [one for one in found if one is not None]
        pairs = np.concatenate([one.pairs for one in contributions])
        keys = np.stack([pairs, np.concatenate([one.triples for one in contributions])])
        both, inverse = np.unique(keys, axis=1, return_inverse=True)
        values = np.concatenate([one.values for one in contributions]) / len(contributions)
        sums = np.zeros(both.shape[1])
        np.add.at(sums, inverse.reshape(-1), values)
        return TripleContributions(both[0], both[1], sums)

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """All members' tasks, each with separate samples."""
        tasks: list[TrainingTask] = []
        for number, member in enumerate(self._each(), start=1):
            for task in member.tasks(samples):
                if number > 1:  # the first one keeps the name shown in logs and progress bars
                    task.name = f"{task.name}_{number}"
                tasks.append(task)
        return tasks

    def fit(self) -> None:
        """Fit every member, if not trained by gradients."""
        for member in self._each():
            member.fit()

    def forget(self) -> None:
        """Drop cached values in every member."""
        for member in self._each():
            member.forget()


class MeanScorer:
    """The mean of several scorers of the same users and items (an `ItemScorer`)."""

    def __init__(self, scorers: Sequence[ItemScorer]) -> None:
        self._scorers = scorers
        self.n_items = scorers[0].n_items

    @property
    def device(self) -> torch.device:
        """Device of the scorers."""
        return self._scorers[0].device

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """Scores ``[len(users), stop - start]``."""
        return torch.stack(
            [scorer.score_items(users, start, stop) for scorer in self._scorers]
        ).mean(dim=0)
