"""Relation classifier of mention pairs on the pretrained encoder, fine-tuned like SpERT.

Eberts & Ulges, "Span-based Joint Entity and Relation Extraction with Transformer Pre-training"
(2020): a text is encoded once; a pair is represented by the mean of each mention's word pieces, the
mean of the pieces between them, and the text's first token. Classes and distance of the mentions
are added. During training mentions are masked at random, so that it learns contexts instead of
names.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from kg_builder.text_models.encoder import (
    device,
    fine_tune,
    load_encoder,
    load_tokenizer,
    make_optimiser,
    pad,
    seeded,
)
from kg_builder.text_models.relations.mention_pairs import PairTask

_WIDTH: Final = 384
_EMBEDDING: Final = 24
_MAX_DISTANCE: Final = 8
_FROZEN_LAYERS: Final = 2
_MASKED: Final = 0.35
_BATCH: Final = 16
_PREDICTED_AT_ONCE: Final = 32
_MAX_PIECES: Final = 256
_RATE: Final = 1e-4
_HEAD_RATE: Final = 1e-3
_FILE: Final = "encoder.pt"
_MASK: Final = 103
"""Id of the word piece [MASK]"""


class PairEncoder(nn.Module):
    """Logits of relations for pairs of mentions of encoded texts."""

    def __init__(self, encoder: nn.Module, classes: int, relations: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.classes = nn.Embedding(classes + 1, _EMBEDDING)
        self.distance = nn.Embedding(2 * _MAX_DISTANCE + 1, _EMBEDDING)
        self.dropout = nn.Dropout(0.15)
        self.hidden = nn.Linear(4 * _WIDTH + 3 * _EMBEDDING, 256)
        self.out = nn.Linear(256, relations)
        nn.init.constant_(self.out.bias, -4.0)

    def forward(
        self,
        pieces: torch.Tensor,
        mask: torch.Tensor,
        ranges: Sequence[torch.Tensor],
        kinds: Sequence[torch.Tensor],
    ) -> torch.Tensor:
        """Logits, shape (pairs of all texts, relations).

        Args:
            pieces, mask: word pieces of the texts, shape (texts, length).
            ranges: for each text, start and end pieces of subject, object and the span between
                them, shape (pairs, 6).
            kinds: for each text, the classes of both and their distance, shape (pairs, 3).
        """
        encoded = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        pairs = []
        for text, spans, kind in zip(encoded, ranges, kinds, strict=True):
            sums = torch.cat([text.new_zeros(1, _WIDTH), text.cumsum(0)])
            means = [
                (sums[spans[:, at + 1]] - sums[spans[:, at]])
                / (spans[:, at + 1] - spans[:, at]).clamp(min=1)[:, None]
                for at in (0, 2, 4)
            ]
            first = text[:1].expand(len(spans), -1)
            small = [self.classes(kind[:, 0]), self.classes(kind[:, 1]), self.distance(kind[:, 2])]
            pairs.append(torch.cat([*means, first, *small], dim=1))
        hidden = torch.relu(self.hidden(self.dropout(torch.cat(pairs))))
        logits: torch.Tensor = self.out(self.dropout(hidden))
        return logits


class EncoderClassifier:
    """Pair classifier on a fine-tuned encoder.

    Args:
        epochs: passes over the training texts.
    """

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._tokenizer = load_tokenizer()
        self._classes: dict[str, int] = {}
        self._model: PairEncoder | None = None

    def fit(self, tasks: Sequence[PairTask], *, seed: int) -> None:
        """Train on tasks with labels."""
        tasks = [task for task in tasks if len(task.pairs) and task.labels is not None]
        random = np.random.default_rng(seed)
        names = sorted({item.class_ for task in tasks for item in task.candidates})
        self._classes = {name: number for number, name in enumerate(names, 1)}
        assert tasks[0].labels is not None
        relations = tasks[0].labels.positive.shape[1]
        with seeded(seed):
            model = self._new_model(relations, frozen_layers=_FROZEN_LAYERS)
            optimiser = make_optimiser(model, rate=_RATE, head_rate=_HEAD_RATE)
            steps = max(self._epochs * -(-len(tasks) // _BATCH), 2)
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimiser, [_RATE, _HEAD_RATE], total_steps=steps, pct_start=0.1
            )
            epochs = (_batches(tasks, random) for _ in range(self._epochs))
            fine_tune(model, epochs, partial(self._loss, model, random), optimiser, schedule)
        self._model = model

    def _loss(
        self, model: PairEncoder, random: np.random.Generator, tasks: Sequence[PairTask]
    ) -> torch.Tensor:
        positive = [task.labels.positive for task in tasks if task.labels is not None]
        weight = [task.labels.weight for task in tasks if task.labels is not None]
        logits = model(*self._encode(tasks, random))
        loss = binary_cross_entropy_with_logits(
            logits,
            torch.from_numpy(np.concatenate(positive)).to(logits),
            weight=torch.from_numpy(np.concatenate(weight)).to(logits),
            reduction="sum",
        )
        return loss / len(logits)

    def predict(self, tasks: Sequence[PairTask]) -> list[NDArray[np.float32]]:
        """Logits of every pair of every task."""
        assert self._model is not None
        relations = self._model.out.out_features
        found = [np.zeros((0, relations), dtype=np.float32) for _ in tasks]
        order = [number for number, task in enumerate(tasks) if len(task.pairs)]
        order.sort(key=lambda number: len(tasks[number].parsed))
        with torch.no_grad():
            for start in range(0, len(order), _PREDICTED_AT_ONCE):
                numbers = order[start : start + _PREDICTED_AT_ONCE]
                chosen = [tasks[number] for number in numbers]
                logits = self._model(*self._encode(chosen)).cpu().numpy()
                bounds = np.cumsum([len(task.pairs) for task in chosen])[:-1]
                for number, part in zip(numbers, np.split(logits, bounds), strict=True):
                    found[number] = part
        return found

    def save(self, folder: Path) -> None:
        """Write classes and weights."""
        assert self._model is not None
        state = {"classes": self._classes, "weights": self._model.state_dict()}
        torch.save(state, folder / _FILE)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        state = torch.load(folder / _FILE, weights_only=True, map_location="cpu")
        self._classes = state["classes"]
        self._model = self._new_model(state["weights"]["out.bias"].shape[0])
        self._model.load_state_dict(state["weights"])
        self._model.eval()

    def _new_model(self, relations: int, *, frozen_layers: int = 0) -> PairEncoder:
        encoder = load_encoder(frozen_layers=frozen_layers)
        return PairEncoder(encoder, len(self._classes), relations).to(device())

    def _encode(
        self, tasks: Sequence[PairTask], random: np.random.Generator | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
        encoded, ranges, kinds = [], [], []
        for task in tasks:
            pieces, first = self._pieces(task, random)
            encoded.append(pieces)
            ranges.append(torch.from_numpy(_ranges(task, first)).to(device()))
            kinds.append(torch.from_numpy(self._kinds(task)).to(device()))
        return *pad(encoded), ranges, kinds

    def _pieces(
        self, task: PairTask, random: np.random.Generator | None
    ) -> tuple[list[int], NDArray[np.int64]]:
        """Word pieces, and the index of the first piece of each word (and of the end)."""
        encoding = self._tokenizer.encode(list(task.parsed.words), is_pretokenized=True)
        ids, owners = list(encoding.ids), list(encoding.word_ids)
        if random is not None:
            masked: set[int] = set()
            for item in task.candidates:
                if random.random() < _MASKED:
                    masked.update(range(*item.span))
            ids = [
                _MASK if owner in masked else piece
                for piece, owner in zip(ids, owners, strict=True)
            ]
        ids = ids[:_MAX_PIECES]
        first = np.full(len(task.parsed) + 1, len(ids), dtype=np.int64)
        for at in range(min(len(owners), len(ids)) - 1, -1, -1):
            owner = owners[at]
            if owner is not None:
                first[owner] = at
        for word in range(len(task.parsed) - 1, -1, -1):
            first[word] = min(first[word], first[word + 1])
        return ids, first

    def _kinds(self, task: PairTask) -> NDArray[np.int64]:
        class_ = np.array([self._classes.get(item.class_, 0) for item in task.candidates])
        subject, object_ = task.pairs.T
        distance = np.clip(object_ - subject, -_MAX_DISTANCE, _MAX_DISTANCE) + _MAX_DISTANCE
        return np.stack([class_[subject], class_[object_], distance], axis=1)


def _ranges(task: PairTask, first: NDArray[np.int64]) -> NDArray[np.int64]:
    start = first[[item.span.start for item in task.candidates]]
    end = first[[item.span.end for item in task.candidates]]
    subject, object_ = task.pairs.T
    low = np.minimum(end[subject], end[object_])
    high = np.maximum(start[subject], start[object_])
    return np.stack(
        [start[subject], end[subject], start[object_], end[object_], low, np.maximum(low, high)],
        axis=1,
    )


def _batches(tasks: Sequence[PairTask], random: np.random.Generator) -> list[list[PairTask]]:
    """Batches of texts of similar length, in random order."""
    order = sorted(
        random.permutation(len(tasks)).tolist(), key=lambda number: len(tasks[number].parsed) // 8
    )
    groups = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
    return [[tasks[i] for i in groups[g]] for g in random.permutation(len(groups))]
