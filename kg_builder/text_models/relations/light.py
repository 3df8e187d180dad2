"""The light classifier of pairs: sparse features and a small network, nothing pretrained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kg_builder.text_models.relations import network
from kg_builder.text_models.relations.knowledge import Knowledge, WordLists
from kg_builder.text_models.relations.network import Labels, WideDeep
from kg_builder.text_models.relations.pairs import PairFeatures
from kg_builder.text_models.relations.tasks import PairTask
from kg_builder.text_models.relations.vocabulary import Vocabulary

_LEAST_ROWS = 3
_VOCABULARY = "light.features.txt"
_WEIGHTS = "light.pt"


class LightScorer:
    """Tells the relations of pairs from `PairFeatures`."""

    def __init__(self, knowledge: Knowledge, lists: WordLists) -> None:
        self._knowledge, self._lists = knowledge, lists
        self._vocabulary = Vocabulary()
        self._model: WideDeep | None = None

    def fit(self, tasks: Sequence[PairTask], *, seed: int) -> None:
        """Learn from tasks with labels."""
        vocabulary = Vocabulary()
        rows = [
            vocabulary.add(features.of(int(a), int(b)))
            for task in tasks
            for features in [self._features(task)]
            for a, b in task.pairs
        ]
        rows = vocabulary.prune(rows, least=_LEAST_ROWS)
        labels = [task.labels for task in tasks if task.labels is not None]
        self._vocabulary = vocabulary
        self._model = network.fit(
            rows,
            Labels(
                np.concatenate([label.positive for label in labels]),
                np.concatenate([label.weight for label in labels]),
            ),
            len(vocabulary),
            seed=seed,
        )

    def predict(self, tasks: Sequence[PairTask]) -> list[NDArray[np.float32]]:
        """Logits of every pair of every task."""
        assert self._model is not None
        found = []
        for task in tasks:
            features = self._features(task)
            rows = [self._vocabulary.encode(features.of(int(a), int(b))) for a, b in task.pairs]
            found.append(network.predict(self._model, rows))
        return found

    def save(self, folder: Path) -> None:
        """Write the vocabulary, a feature a line, and the network's weights."""
        assert self._model is not None
        features = "".join(f"{feature}\n" for feature in self._vocabulary.features)
        (folder / _VOCABULARY).write_text(features, encoding="utf-8")
        torch.save(self._model.state_dict(), folder / _WEIGHTS)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        features = (folder / _VOCABULARY).read_text(encoding="utf-8").split("\n")[:-1]
        self._vocabulary = Vocabulary(features)
        weights = torch.load(folder / _WEIGHTS, weights_only=True)
        width, relations = weights["deep.weight"].shape[1], weights["out.bias"].shape[0]
        self._model = WideDeep(len(self._vocabulary), relations, width=width, dropout=0.0)
        self._model.load_state_dict(weights)
        self._model.eval()

    def _features(self, task: PairTask) -> PairFeatures:
        return PairFeatures(task.reading, task.candidates, self._knowledge, self._lists, task.group)
