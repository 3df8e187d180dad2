"""Sentences made from others by putting one name in another's place."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from kg_builder.errors import DataError
from kg_builder.progress import Progress, silent
from kg_builder.text_models.ner.config import EncoderConfig
from kg_builder.text_models.ner.crf import Marginals
from kg_builder.text_models.ner.pretrained import device, load_encoder, load_tokenizer
from kg_builder.text_models.ner.tagging import Span, TaggedWords, tags_of


def names_by_class(sentences: Sequence[TaggedWords]) -> dict[str, list[tuple[str, ...]]]:
    """Class → the names that sentences mark with it, as often as they do."""
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
    """Replace each name, with a chance, by another of its class.

    What surrounds a name must then tell that it is one: a model cannot get by on remembering.
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


_LONGEST: Final = 510
_PARTS: Final = 10
_WARM_UP: Final = 0.1
_BUCKET: Final = 8
_IGNORED: Final = -100


class WordTagger(nn.Module):
    """The encoder with a linear layer on the mean of each word's pieces."""

    def __init__(self, tags: int, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = load_encoder()
        # Few sentences: words that they do not have must stay where pretraining put them.
        kept = [self.encoder.embeddings, *self.encoder.encoder.layer[: config.frozen_layers]]
        for module in kept:
            module.requires_grad_(False)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(self.encoder.config.hidden_size, tags)

    def forward(self, pieces: Tensor, mask: Tensor, pooling: Tensor) -> Tensor:
        """Scores of tags.

        Args:
            pieces: ids, shape (sentences, pieces).
            mask: 1 where there is a piece, same shape.
            pooling: share of each piece in each word, shape (sentences, words, pieces).

        Returns:
            Shape (sentences, words, tags).
        """
        hidden = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        scores: Tensor = self.head(self.dropout(torch.bmm(pooling, hidden)))
        return scores

    def trained(self) -> dict[str, Tensor]:
        """The weights that fine-tuning changes."""
        names = {name for name, weight in self.named_parameters() if weight.requires_grad}
        return {
            name: value.cpu().contiguous()
            for name, value in self.state_dict().items()
            if name in names
        }


class EncoderEnsemble:
    """Fine-tuned encoders whose probabilities are averaged. Use `fit` or `load`."""

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
        """Fine-tune; each member leaves out another tenth of the sentences.

        Returns:
            The ensemble, and for each sentence that a member left out (by its place) what that
            member says of it.
        """
        order = np.random.default_rng(seed).permutation(len(sentences))
        members: list[WordTagger] = []
        apart: dict[int, Marginals] = {}
        for number in range(config.members):
            left_out = {int(place) for place in order[number::_PARTS]}
            inside = [row for place, row in enumerate(sentences) if place not in left_out]
            member = _fine_tune(inside, tags, config, seed * config.members + number)
            members.append(member)
            places = sorted(left_out)
            texts = [sentences[place].words for place in places]
            apart.update(zip(places, _marginals(member, texts, len(tags)), strict=True))
            progress(number + 1, config.members)
        return cls(members, tags), apart

    def marginals(self, sentences: Sequence[Sequence[str]]) -> list[Marginals]:
        """Mean probabilities of tags, shape (words, tags) for each sentence."""
        each = [_marginals(member, sentences, len(self._tags)) for member in self._members]
        return [np.mean(found, axis=0) for found in zip(*each, strict=True)]

    def save(self, folder: Path) -> None:
        """Write the weights that fine-tuning changed."""
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


def _fine_tune(
    sentences: Sequence[TaggedWords], tags: Sequence[str], config: EncoderConfig, seed: int
) -> WordTagger:
    column = {tag: place for place, tag in enumerate(tags)}
    names = names_by_class(sentences)
    draw = random.Random(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = WordTagger(len(tags), config).to(device()).train()
        body = [weight for weight in model.encoder.parameters() if weight.requires_grad]
        optimiser = torch.optim.AdamW(
            [
                {"params": body, "lr": config.rate},
                {"params": model.head.parameters(), "lr": config.head_rate},
            ],
            weight_decay=0.01,
            fused=True,
        )
        steps = config.epochs * -(-len(sentences) // config.batch_size)
        warm = max(1.0, _WARM_UP * steps)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: min(1.0, step / warm, max(0.0, 1 - step / steps) + 1e-3)
        )
        for _ in range(config.epochs):
            rows = [swap_names(row, names, config.swaps, draw) for row in sentences]
            for batch in _batches(rows, config.batch_size, draw):
                pieces, mask, pooling = _tensors([row.words for row in batch])
                wanted = torch.full(pooling.shape[:2], _IGNORED)
                for place, row in enumerate(batch):
                    known = [column[tag] for tag in tags_of(row)][: wanted.shape[1]]
                    wanted[place, : len(known)] = torch.tensor(known)
                scores = model(pieces, mask, pooling)
                loss = cross_entropy(
                    scores.transpose(1, 2), wanted.to(scores.device), ignore_index=_IGNORED
                )
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
                schedule.step()
    return model.eval()


def _batches(
    rows: Sequence[TaggedWords], size: int, draw: random.Random
) -> Iterator[Sequence[TaggedWords]]:
    """Batches of sentences of like length, in an order drawn anew."""
    order = list(rows)
    draw.shuffle(order)
    for start in range(0, len(order), size * _BUCKET):
        bucket = sorted(order[start : start + size * _BUCKET], key=lambda row: len(row.words))
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
            read = pooling.sum(-1, keepdim=True) > 0
            outside = torch.zeros(tags, device=scores.device)
            outside[0] = 1.0  # a word of which no piece is within the encoder's reach
            rows = torch.where(read, scores, outside).double().cpu().numpy()
            found += [row[: len(words)] for words, row in zip(batch, rows, strict=True)]
    return found


def _tensors(sentences: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor, Tensor]:
    """Pieces, mask and pooling of a batch; see `WordTagger.forward`."""
    tokenizer = load_tokenizer()
    encoded = [tokenizer.encode(list(words), is_pretokenized=True) for words in sentences]
    length = min(_LONGEST, max(len(item.ids) for item in encoded))
    pieces = torch.zeros(len(encoded), length, dtype=torch.long)
    mask = torch.zeros(len(encoded), length)
    pooling = torch.zeros(len(encoded), max(1, *map(len, sentences)), length)
    for row, item in enumerate(encoded):
        ids = item.ids[:length]
        pieces[row, : len(ids)] = torch.tensor(ids)
        mask[row, : len(ids)] = 1.0
        for place, word in enumerate(item.word_ids[:length]):
            if word is not None:
                pooling[row, word, place] = 1.0
    pooling /= pooling.sum(-1, keepdim=True).clamp(min=1.0)
    where = device()
    return pieces.to(where), mask.to(where), pooling.to(where)
