"""Wide & Deep relation classifier of mention pairs over sparse features (`PairFeatures`).

Cheng et al., "Wide & Deep Learning for Recommender Systems" (2016): a linear part on single
features, and a small network on the sum of their embeddings for interactions. Its name in
configurations and files is "light".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from kg_builder.text_models.classifiers import PAD, Vocabulary
from kg_builder.text_models.relations.mention_pairs import Labels, PairFeatures, PairTask
from kg_builder.text_models.relations.training_statistics import TrainingStatistics, WordLists

_MIN_STEPS: Final = 400
_MIN_ROWS: Final = 3
_PREDICTED_AT_ONCE: Final = 2048
_VOCABULARY: Final = "light.features.txt"
_WEIGHTS: Final = "light.pt"


class SparseClassifier:
    """Pair classifier over sparse features."""

    def __init__(self, statistics: TrainingStatistics, word_lists: WordLists) -> None:
        self._statistics, self._word_lists = statistics, word_lists
        self._vocabulary = Vocabulary()
        self._model: WideDeep | None = None

    def fit(self, tasks: Sequence[PairTask], *, seed: int) -> None:
        """Train on tasks with labels."""
        vocabulary = Vocabulary()
        rows = [
            vocabulary.add(features.of(int(a), int(b)))
            for task in tasks
            for features in [self._features(task)]
            for a, b in task.pairs
        ]
        rows = vocabulary.prune(rows, min_rows=_MIN_ROWS)
        labels = [task.labels for task in tasks if task.labels is not None]
        self._vocabulary = vocabulary
        self._model = fit_network(
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
            found.append(predict(self._model, rows))
        return found

    def save(self, folder: Path) -> None:
        """Write the vocabulary, one feature per line, and the network's weights."""
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
        return PairFeatures(
            task.parsed, task.candidates, self._statistics, self._word_lists, task.group
        )


class WideDeep(nn.Module):
    """Logits of relations, shape (pairs, relations), from bags of features."""

    def __init__(self, features: int, relations: int, *, width: int, dropout: float) -> None:
        super().__init__()
        self.wide = nn.EmbeddingBag(features, relations, mode="sum", padding_idx=PAD)
        self.deep = nn.EmbeddingBag(features, width, mode="sum", padding_idx=PAD)
        self.hidden = nn.Linear(width, width)
        self.out = nn.Linear(width, relations)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.wide.weight)
        nn.init.normal_(self.deep.weight, std=0.05)
        nn.init.constant_(self.out.bias, -4.0)

    def forward(self, numbers: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
        """Logits of the bags that start at `offsets` in the flat `numbers`."""
        deep = self.dropout(torch.relu(self.deep(numbers, offsets)))
        deep = self.dropout(torch.relu(self.hidden(deep)))
        out: torch.Tensor = self.wide(numbers, offsets) + self.out(deep)
        return out


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limit torch to one thread: more are slower for such small work, and change the sum order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@_one_thread()
def fit_network(
    rows: Sequence[NDArray[np.int32]],
    labels: Labels,
    features: int,
    *,
    seed: int,
    epochs: int = 6,
    width: int = 96,
    keep: float = 0.75,
    rate: float = 3e-3,
    batch: int = 256,
) -> WideDeep:
    """Train on pairs, with feature dropout of `1 - keep`.

    Small training sets are repeated until there were `_MIN_STEPS` steps.

    Args:
        rows: feature indices of each pair.
        labels: labels of each pair.
        features: size of the vocabulary.
        seed: of the initial weights, the shuffling and the dropout.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    model = WideDeep(features, labels.positive.shape[1], width=width, dropout=0.2)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-2)
    each = max(1, -(-len(rows) // batch))
    epochs = max(epochs, -(-_MIN_STEPS // each))
    steps = epochs * each
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps, pct_start=0.1
    )
    model.train()
    for _ in range(epochs):
        order = random.permutation(len(rows))
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            numbers, offsets = bags([rows[i] for i in chosen], random, keep)
            positive = torch.from_numpy(labels.positive[chosen])
            weight = torch.from_numpy(labels.weight[chosen])
            loss = binary_cross_entropy_with_logits(
                model(numbers, offsets), positive, weight=weight, reduction="sum"
            ) / len(chosen)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return model.eval()


@_one_thread()
def predict(model: WideDeep, rows: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
    """Logits of pairs, shape (pairs, relations)."""
    pieces = [np.zeros((0, model.out.out_features), dtype=np.float32)]
    with torch.no_grad():
        for start in range(0, len(rows), _PREDICTED_AT_ONCE):
            numbers, offsets = bags(rows[start : start + _PREDICTED_AT_ONCE])
            pieces.append(model(numbers, offsets).numpy())
    return np.concatenate(pieces)


def bags(
    rows: Sequence[NDArray[np.int32]],
    random: np.random.Generator | None = None,
    keep: float = 1.0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Flatten rows to one tensor, with the start offset of each."""
    flat: NDArray[Any] = np.concatenate([np.zeros(0, dtype=np.int32), *rows])
    lengths = np.array([len(row) for row in rows])
    if random is not None and keep < 1:
        kept = random.random(len(flat)) < keep
        flat = np.where(kept, flat, PAD)
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return torch.from_numpy(flat.astype(np.int64)), torch.from_numpy(offsets.astype(np.int64))
