"""The pretrained classifier of pairs: MiniLM, fine-tuned, in the style of SpERT.

Eberts & Ulges, "Span-based Joint Entity and Relation Extraction with Transformer Pre-training"
(2020): a text is encoded once; a pair is the mean of each mention's word pieces, the mean of what
stands between, and the text's first token. Classes and distance of the mentions are added. While
it learns, mentions are hidden at random, so that it reads contexts and not names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import clip_grad_norm_

from kg_builder.text_models.ner import pretrained
from kg_builder.text_models.relations.tasks import PairTask

_WIDTH: Final = 384
_SMALL: Final = 24
_FAR: Final = 8
_FROZEN: Final = 2
_HIDDEN: Final = 0.35
_BATCH: Final = 16
_LONGEST: Final = 256
_RATE: Final = 1e-4
_HEAD_RATE: Final = 1e-3
_FILE: Final = "encoder.pt"
_MASK: Final = 103
"""Number of the word piece [MASK]"""


class PairEncoder(nn.Module):
    """Logits of relations for pairs of mentions of encoded texts."""

    def __init__(self, encoder: nn.Module, classes: int, relations: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.classes = nn.Embedding(classes + 1, _SMALL)
        self.distance = nn.Embedding(2 * _FAR + 1, _SMALL)
        self.dropout = nn.Dropout(0.15)
        self.hidden = nn.Linear(4 * _WIDTH + 3 * _SMALL, 256)
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
            ranges: for each text the pieces of subject, object and what lies between, begin and
                end, shape (pairs, 6).
            kinds: for each text the classes of both and their distance, shape (pairs, 3).
        """
        encoded = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        pairs = []
        for text, places, kind in zip(encoded, ranges, kinds, strict=True):
            sums = torch.cat([text.new_zeros(1, _WIDTH), text.cumsum(0)])
            means = [
                (sums[places[:, at + 1]] - sums[places[:, at]])
                / (places[:, at + 1] - places[:, at]).clamp(min=1)[:, None]
                for at in (0, 2, 4)
            ]
            first = text[:1].expand(len(places), -1)
            small = [self.classes(kind[:, 0]), self.classes(kind[:, 1]), self.distance(kind[:, 2])]
            pairs.append(torch.cat([*means, first, *small], dim=1))
        hidden = torch.relu(self.hidden(self.dropout(torch.cat(pairs))))
        logits: torch.Tensor = self.out(self.dropout(hidden))
        return logits


class EncoderScorer:
    """Tells the relations of pairs by fine-tuning the pretrained encoder.

    Args:
        epochs: passes over the training texts.
    """

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._tokenizer = pretrained.load_tokenizer()
        self._classes: dict[str, int] = {}
        self._model: PairEncoder | None = None

    def fit(self, tasks: Sequence[PairTask], *, seed: int) -> None:
        """Learn from tasks with labels."""
        tasks = [task for task in tasks if len(task.pairs) and task.labels is not None]
        torch.manual_seed(seed)
        random = np.random.default_rng(seed)
        names = sorted({item.class_ for task in tasks for item in task.candidates})
        self._classes = {name: number for number, name in enumerate(names, 1)}
        assert tasks[0].labels is not None
        model = self._fresh(tasks[0].labels.positive.shape[1])
        optimiser, schedule = _optimiser(model, self._epochs * -(-len(tasks) // _BATCH))
        model.train()
        for _ in range(self._epochs):
            for chosen in _batches(tasks, random):
                positive = [t.labels.positive for t in chosen if t.labels is not None]
                weight = [t.labels.weight for t in chosen if t.labels is not None]
                logits = model(*self._encode(chosen, random))
                loss = binary_cross_entropy_with_logits(
                    logits,
                    torch.from_numpy(np.concatenate(positive)).to(logits),
                    weight=torch.from_numpy(np.concatenate(weight)).to(logits),
                    reduction="sum",
                ) / len(logits)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
                schedule.step()
        self._model = model.eval()

    def predict(self, tasks: Sequence[PairTask]) -> list[NDArray[np.float32]]:
        """Logits of every pair of every task."""
        assert self._model is not None
        relations = self._model.out.out_features
        found = [np.zeros((0, relations), dtype=np.float32) for _ in tasks]
        order = [number for number, task in enumerate(tasks) if len(task.pairs)]
        order.sort(key=lambda number: len(tasks[number].reading))
        with torch.no_grad():
            for start in range(0, len(order), 32):
                numbers = order[start : start + 32]
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
        self._model = self._fresh(state["weights"]["out.bias"].shape[0])
        self._model.load_state_dict(state["weights"])
        self._model.eval()

    def _fresh(self, relations: int) -> PairEncoder:
        model = PairEncoder(pretrained.load_encoder(), len(self._classes), relations)
        return model.to(pretrained.device())

    def _encode(
        self, tasks: Sequence[PairTask], random: np.random.Generator | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
        encoded, ranges, kinds = [], [], []
        where = pretrained.device()
        for task in tasks:
            pieces, first = self._pieces(task, random)
            encoded.append(pieces)
            ranges.append(torch.from_numpy(_ranges(task, first)).to(where))
            kinds.append(torch.from_numpy(self._kinds(task)).to(where))
        length = max(len(pieces) for pieces in encoded)
        ids = np.zeros((len(tasks), length), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, pieces in enumerate(encoded):
            ids[row, : len(pieces)] = pieces
            mask[row, : len(pieces)] = 1
        return torch.from_numpy(ids).to(where), torch.from_numpy(mask).to(where), ranges, kinds

    def _pieces(
        self, task: PairTask, random: np.random.Generator | None
    ) -> tuple[list[int], NDArray[np.int64]]:
        """Word pieces, and the number of the piece that each word (and the end) begins with."""
        encoding = self._tokenizer.encode(list(task.reading.words), is_pretokenized=True)
        ids, owners = list(encoding.ids), list(encoding.word_ids)
        if random is not None:
            hidden: set[int] = set()
            for item in task.candidates:
                if random.random() < _HIDDEN:
                    hidden.update(range(*item.place))
            ids = [
                _MASK if owner in hidden else piece
                for piece, owner in zip(ids, owners, strict=True)
            ]
        ids = ids[:_LONGEST]
        first = np.full(len(task.reading) + 1, len(ids), dtype=np.int64)
        for at in range(min(len(owners), len(ids)) - 1, -1, -1):
            owner = owners[at]
            if owner is not None:
                first[owner] = at
        for word in range(len(task.reading) - 1, -1, -1):
            first[word] = min(first[word], first[word + 1])
        return ids, first

    def _kinds(self, task: PairTask) -> NDArray[np.int64]:
        class_ = np.array([self._classes.get(item.class_, 0) for item in task.candidates])
        subject, object_ = task.pairs.T
        distance = np.clip(object_ - subject, -_FAR, _FAR) + _FAR
        return np.stack([class_[subject], class_[object_], distance], axis=1)


def _ranges(task: PairTask, first: NDArray[np.int64]) -> NDArray[np.int64]:
    start = first[[item.place.start for item in task.candidates]]
    end = first[[item.place.end for item in task.candidates]]
    subject, object_ = task.pairs.T
    low = np.minimum(end[subject], end[object_])
    high = np.maximum(start[subject], start[object_])
    return np.stack(
        [start[subject], end[subject], start[object_], end[object_], low, np.maximum(low, high)],
        axis=1,
    )


def _batches(tasks: Sequence[PairTask], random: np.random.Generator) -> list[list[PairTask]]:
    """Texts of about the same length together, in random order."""
    order = sorted(
        random.permutation(len(tasks)).tolist(), key=lambda number: len(tasks[number].reading) // 8
    )
    groups = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
    return [[tasks[i] for i in groups[g]] for g in random.permutation(len(groups))]


def _optimiser(model: PairEncoder, steps: int) -> tuple[torch.optim.Optimizer, Any]:
    """AdamW with a slower rate for what is pretrained; the lowest layers stay as they are."""
    encoder: Any = model.encoder
    for module in (encoder.embeddings, *encoder.encoder.layer[:_FROZEN]):
        for parameter in module.parameters():
            parameter.requires_grad = False
    old = [p for p in model.encoder.parameters() if p.requires_grad]
    new = [p for name, p in model.named_parameters() if not name.startswith("encoder.")]
    optimiser = torch.optim.AdamW(
        [{"params": old, "lr": _RATE}, {"params": new, "lr": _HEAD_RATE}], weight_decay=0.01
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [_RATE, _HEAD_RATE], total_steps=max(steps, 2), pct_start=0.1
    )
    return optimiser, schedule
