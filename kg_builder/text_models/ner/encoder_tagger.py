"""Fine-tune the pretrained encoder as a BIO tagger; average an ensemble of several seeds."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from kg_builder.errors import DataError
from kg_builder.progress import Progress, silent
from kg_builder.text_models.config import EncoderConfig
from kg_builder.text_models.crf import Marginals
from kg_builder.text_models.encoder import (
    device,
    fine_tune,
    load_encoder,
    load_tokenizer,
    make_optimiser,
    pad,
    seeded,
)
from kg_builder.text_models.ner.bio_tags import Span, TaggedWords, tags_of

_MAX_PIECES: Final = 510
_PARTS: Final = 10
_WARM_UP: Final = 0.1
_BATCHES_OF_LIKE_LENGTH: Final = 8
_IGNORED: Final = -100


class WordTagger(nn.Module):
    """The encoder with a linear layer on the mean of each word's pieces, a torch module."""

    def __init__(self, tags: int, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = load_encoder(frozen_layers=config.frozen_layers)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(self.encoder.config.hidden_size, tags)

    def forward(self, pieces: Tensor, mask: Tensor, pooling: Tensor) -> Tensor:
        """Scores of tags.

        Args:
            pieces: ids, shape (sentences, pieces).
            mask: 1 for a piece, 0 for padding; same shape.
            pooling: share of each piece in each word, shape (sentences, words, pieces).

        Returns:
            Shape (sentences, words, tags).
        """
        hidden = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        scores: Tensor = self.head(self.dropout(torch.bmm(pooling, hidden)))
        return scores

    def trained(self) -> dict[str, Tensor]:
        """The trainable weights."""
        names = {name for name, weight in self.named_parameters() if weight.requires_grad}
        return {
            name: value.cpu().contiguous()
            for name, value in self.state_dict().items()
            if name in names
        }


class EncoderEnsemble:
    """Fine-tuned encoders with averaged probabilities. Create with `fit` or `load`."""

    def __init__(self, members: Sequence[WordTagger], tags: Sequence[str]) -> None:
        self._members, self._tags = list(members), list(tags)

    @classmethod
    def fit(
        cls,
        sentences: Sequence[TaggedWords],
        *,
        tags: Sequence[str],
        config: EncoderConfig,
        seed: int,
        progress: Progress = silent,
    ) -> tuple[EncoderEnsemble, dict[int, Marginals]]:
        """Fine-tune the members; each holds out a different tenth of the sentences.

        Returns:
            The ensemble, and for each held-out sentence (by index) that member's marginals.
        """
        order = np.random.default_rng(seed).permutation(len(sentences))
        members: list[WordTagger] = []
        of_left_out: dict[int, Marginals] = {}
        for number in range(config.members):
            left_out = {int(index) for index in order[number::_PARTS]}
            inside = [row for index, row in enumerate(sentences) if index not in left_out]
            member = _fit_member(inside, tags, config, seed * config.members + number)
            members.append(member)
            indices = sorted(left_out)
            texts = [sentences[index].words for index in indices]
            of_left_out.update(zip(indices, _marginals(member, texts, len(tags)), strict=True))
            progress(number + 1, config.members)
        return cls(members, tags), of_left_out

    def marginals(self, sentences: Sequence[Sequence[str]]) -> list[Marginals]:
        """Mean probabilities of tags, shape (words, tags) for each sentence."""
        each = [_marginals(member, sentences, len(self._tags)) for member in self._members]
        return [np.mean(found, axis=0) for found in zip(*each, strict=True)]

    def save(self, folder: Path) -> None:
        """Write the trainable weights."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, member in enumerate(self._members):
            save_file(member.trained(), folder / f"member-{number}.safetensors")

    @classmethod
    def load(cls, folder: Path, *, tags: Sequence[str], config: EncoderConfig) -> EncoderEnsemble:
        """Read what `save` wrote.

        Raises:
            DataError: a file is missing or does not fit.
        """
        members = []
        for number in range(config.members):
            path = folder / f"member-{number}.safetensors"
            member = WordTagger(len(tags), config)
            try:
                member.load_state_dict(load_file(path), strict=False)
            except (OSError, RuntimeError, ValueError) as fault:
                raise DataError(f"not an encoder's weights: {fault}", where=str(path)) from None
            members.append(member.to(device()).eval())
        return cls(members, tags)


def _fit_member(
    sentences: Sequence[TaggedWords], tags: Sequence[str], config: EncoderConfig, seed: int
) -> WordTagger:
    column = {tag: number for number, tag in enumerate(tags)}
    names = names_by_class(sentences)
    draw = random.Random(seed)

    def batches() -> Iterator[Sequence[TaggedWords]]:
        rows = [swap_names(row, names, config.swaps, draw) for row in sentences]
        yield from _batches(rows, config.batch_size, draw)

    with seeded(seed):
        model = WordTagger(len(tags), config).to(device())
        optimiser = make_optimiser(model, rate=config.rate, head_rate=config.head_rate, fused=True)
        steps = config.epochs * -(-len(sentences) // config.batch_size)
        warm_up = max(1.0, _WARM_UP * steps)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: min(1.0, step / warm_up, max(0.0, 1 - step / steps) + 1e-3)
        )
        epochs = (batches() for _ in range(config.epochs))
        fine_tune(model, epochs, partial(_loss, model, column), optimiser, schedule)
    return model


def _loss(model: WordTagger, column: Mapping[str, int], batch: Sequence[TaggedWords]) -> Tensor:
    pieces, mask, pooling = _tensors([row.words for row in batch])
    gold = torch.full(pooling.shape[:2], _IGNORED)
    for number, row in enumerate(batch):
        columns = [column[tag] for tag in tags_of(row)][: gold.shape[1]]
        gold[number, : len(columns)] = torch.tensor(columns)
    scores = model(pieces, mask, pooling)
    return cross_entropy(scores.transpose(1, 2), gold.to(scores.device), ignore_index=_IGNORED)


def names_by_class(sentences: Sequence[TaggedWords]) -> dict[str, list[tuple[str, ...]]]:
    """Class → the annotated names, repeated by frequency."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for sentence in sentences:
        for start, end, label in sentence.spans:
            found.setdefault(label, []).append(sentence.words[start:end])
    return found


def swap_names(
    sentence: TaggedWords,
    names: Mapping[str, Sequence[tuple[str, ...]]],
    chance: float,
    random_: random.Random,
) -> TaggedWords:
    """Randomly replace names by others of the same class.

    This makes the model use contexts instead of memorising names.
    """
    words: list[str] = []
    spans: list[Span] = []
    done = 0
    for start, end, label in sentence.spans:
        words += sentence.words[done:start]
        name = sentence.words[start:end]
        if random_.random() < chance:
            name = random_.choice(names[label])
        spans.append(Span(len(words), len(words) + len(name), label))
        words += name
        done = end
    words += sentence.words[done:]
    return TaggedWords(tuple(words), tuple(spans))


def _batches(
    rows: Sequence[TaggedWords], size: int, draw: random.Random
) -> Iterator[Sequence[TaggedWords]]:
    """Batches of sentences of similar length, shuffled."""
    order = list(rows)
    draw.shuffle(order)
    for start in range(0, len(order), size * _BATCHES_OF_LIKE_LENGTH):
        bucket = sorted(
            order[start : start + size * _BATCHES_OF_LIKE_LENGTH], key=lambda row: len(row.words)
        )
        batches = [bucket[at : at + size] for at in range(0, len(bucket), size)]
        draw.shuffle(batches)
        yield from batches


def _marginals(model: WordTagger, sentences: Sequence[Sequence[str]], tags: int) -> list[Marginals]:
    found: list[Marginals] = []
    with torch.inference_mode():
        for start in range(0, len(sentences), 32):
            batch = sentences[start : start + 32]
            pieces, mask, pooling = _tensors(batch)
            scores = model(pieces, mask, pooling).softmax(-1)
            covered = pooling.sum(-1, keepdim=True) > 0
            outside = torch.zeros(tags, device=scores.device)
            outside[0] = 1.0  # a word beyond the encoder's maximum length
            rows = torch.where(covered, scores, outside).double().cpu().numpy()
            found += [row[: len(words)] for words, row in zip(batch, rows, strict=True)]
    return found


def _tensors(sentences: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor, Tensor]:
    """Pieces, mask and pooling of a batch; see `WordTagger.forward`."""
    tokenizer = load_tokenizer()
    encoded = [tokenizer.encode(list(words), is_pretokenized=True) for words in sentences]
    pieces, mask = pad([item.ids[:_MAX_PIECES] for item in encoded])
    length = pieces.shape[1]
    pooling = torch.zeros(len(encoded), max(1, *map(len, sentences)), length)
    for row, item in enumerate(encoded):
        for number, word in enumerate(item.word_ids[:length]):
            if word is not None:
                pooling[row, word, number] = 1.0
    pooling /= pooling.sum(-1, keepdim=True).clamp(min=1.0)
    return pieces, mask, pooling.to(device())
