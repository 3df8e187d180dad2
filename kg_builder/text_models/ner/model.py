"""The recogniser of names: fitted on marked sentences, kept in a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from kg_builder.errors import DataError
from kg_builder.progress import Progress, silent
from kg_builder.text_models.ner.calibration import Calibration
from kg_builder.text_models.ner.config import NerConfig
from kg_builder.text_models.ner.crf import Crf, Marginals
from kg_builder.text_models.ner.decoding import decode, tag_order
from kg_builder.text_models.ner.features import FeatureReader
from kg_builder.text_models.ner.linguistics import read_words
from kg_builder.text_models.ner.names import NameList
from kg_builder.text_models.ner.tagging import Span, TaggedWords, labels_of, tags_of

if TYPE_CHECKING:
    from kg_builder.text_models.ner.encoder import EncoderEnsemble

_SETTINGS: Final = "ner.json"
_FIELD: Final = "ner.crfsuite"
_ENCODER: Final = "encoder"
_FORMAT: Final = 1


class FoundName(NamedTuple):
    """A name found in a sentence, with the probability that it is one of that class."""

    span: Span
    confidence: float


class NerModel:
    """Finds the names of a sentence.

    A conditional random field sees spelling, neighbours, how common words are, and known names;
    where it is asked for, a fine-tuned encoder reads beside it, and their probabilities are
    averaged. Use `fit` or `load`.
    """

    def __init__(
        self,
        *,
        config: NerConfig,
        labels: Sequence[str],
        seen: NameList,
        listed: NameList,
        crf: Crf,
        encoder: EncoderEnsemble | None,
        calibrations: Sequence[Calibration],
    ) -> None:
        self.config, self.labels = config, list(labels)
        self._calibrations = list(calibrations)
        """Of the field alone, and, with an encoder, of both together."""

        self._tags = tag_order(self.labels)
        self._seen, self._listed, self._crf, self._encoder = seen, listed, crf, encoder
        self._features = FeatureReader(seen, listed)

    @classmethod
    def fit(
        cls,
        sentences: Sequence[TaggedWords],
        *,
        config: NerConfig | None = None,
        names: NameList | None = None,
        progress: Progress = silent,
    ) -> NerModel:
        """Fit on marked sentences; the same sentences and seed give the same model.

        Args:
            sentences: those to learn from.
            config: how.
            names: names known from elsewhere (they need not be right, or complete).
            progress: told the fits that are done.

        Raises:
            DataError: fewer sentences than parts, or none that marks a name; an encoder is asked
                for that is not installed.
        """
        config = config or NerConfig()
        labels = labels_of(sentences)
        if len(sentences) < config.held_out or not labels:
            raise DataError(
                f"{len(sentences)} sentences with {len(labels)} classes of names",
                remedy=f"at least {config.held_out} sentences, some of which mark names",
            )
        listed = names or NameList()
        total = 1 + config.held_out + (config.encoder.members if config.encoder else 0)
        readings = read_words((item.words for item in sentences), config.linguistics)
        parts = split(len(sentences), config.held_out, config.seed)

        def fit_field(chosen: Sequence[int]) -> tuple[Crf, FeatureReader, NameList]:
            rows = [sentences[place] for place in chosen]
            seen = NameList.of_sentences(rows)
            reader = FeatureReader(seen, listed)
            features = [
                reader.read(row.words, readings[place], training=row)
                for place, row in zip(chosen, rows, strict=True)
            ]
            marks = [tags_of(row) for row in rows]
            return Crf.fit(features, marks, order=tags, config=config.crf), reader, seen

        apart: dict[int, Marginals] = {}
        tags = tag_order(labels)
        for number, part in enumerate(parts):
            inside = set(part)
            field, reader, _ = fit_field([i for i in range(len(sentences)) if i not in inside])
            for place in part:
                apart[place] = field.marginals(reader.read(sentences[place].words, readings[place]))
            progress(number + 1, total)
        field, _, seen = fit_field(range(len(sentences)))
        progress(config.held_out + 1, total)
        calibrations = [_calibrate(sentences, apart, tags)]
        encoder = None
        if config.encoder is not None:
            from kg_builder.text_models.ner.encoder import EncoderEnsemble

            encoder, held = EncoderEnsemble.fit(
                sentences,
                tags=tags,
                config=config.encoder,
                seed=config.seed,
                progress=lambda done, _=None: progress(config.held_out + 1 + done, total),
            )
            apart = {
                place: _mean(apart[place], marginals, config.encoder.weight)
                for place, marginals in held.items()
            }
            calibrations.append(_calibrate(sentences, apart, tags))
        return cls(
            config=config,
            labels=labels,
            seen=seen,
            listed=listed,
            crf=field,
            encoder=encoder,
            calibrations=calibrations,
        )

    def without_encoder(self) -> NerModel:
        """The conditional random field alone, as `fit` without an encoder would have it."""
        return NerModel(
            config=self.config.model_copy(update={"encoder": None}),
            labels=self.labels,
            seen=self._seen,
            listed=self._listed,
            crf=self._crf,
            encoder=None,
            calibrations=self._calibrations[:1],
        )

    def predict(self, sentences: Sequence[Sequence[str]]) -> list[list[FoundName]]:
        """The names of each sentence, in order; none overlaps another."""
        calibrate = self._calibrations[-1]
        return [
            [FoundName(found.span, calibrate(found.score)) for found in decode(row, self._tags)]
            for row in self.marginals(sentences)
        ]

    def marginals(self, sentences: Sequence[Sequence[str]]) -> list[Marginals]:
        """Probabilities of tags, shape (words, tags) for each sentence."""
        readings = read_words(sentences, self.config.linguistics)
        found = [
            self._crf.marginals(self._features.read(words, reading))
            for words, reading in zip(sentences, readings, strict=True)
        ]
        if self._encoder is None or self.config.encoder is None:
            return found
        return [
            _mean(field, encoded, self.config.encoder.weight)
            for field, encoded in zip(found, self._encoder.marginals(sentences), strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write the model; equal models are written as equal bytes.

        Raises:
            DataError: the folder cannot be written.
        """
        settings = {
            "format": _FORMAT,
            "config": self.config.model_dump(mode="json"),
            "labels": self.labels,
            "calibrations": [item.model_dump() for item in self._calibrations],
            "seen": self._seen.counts(),
            "listed": self._listed.counts(),
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps(settings, ensure_ascii=False, indent=0)
            (folder / _SETTINGS).write_text(text + "\n", "utf-8")
            (folder / _FIELD).write_bytes(self._crf.model)
            if self._encoder is not None:
                self._encoder.save(folder / _ENCODER)
        except OSError as fault:
            raise DataError(f"cannot be written: {fault.strerror}", where=str(folder)) from None

    @classmethod
    def load(cls, folder: Path) -> NerModel:
        """Read what `save` wrote.

        Raises:
            DataError: no model there, or one of another version.
        """
        try:
            settings = json.loads((folder / _SETTINGS).read_text("utf-8"))
            field = (folder / _FIELD).read_bytes()
        except (OSError, ValueError):
            raise DataError(
                "no model of names in this folder",
                where=str(folder),
                remedy="python -m pipeline train-extractor --out FOLDER writes one",
            ) from None
        if settings.get("format") != _FORMAT:
            raise DataError(
                "a model of another version", where=str(folder), remedy="train it again"
            )
        config = NerConfig.model_validate(settings["config"])
        tags = tag_order(settings["labels"])
        encoder = None
        if config.encoder is not None:
            from kg_builder.text_models.ner.encoder import EncoderEnsemble

            encoder = EncoderEnsemble.load(folder / _ENCODER, tags=tags, config=config.encoder)
        return cls(
            config=config,
            labels=settings["labels"],
            seen=NameList(settings["seen"]),
            listed=NameList(settings["listed"]),
            crf=Crf(field, tags),
            encoder=encoder,
            calibrations=[Calibration.model_validate(row) for row in settings["calibrations"]],
        )


def split(count: int, parts: int, seed: int) -> list[list[int]]:
    """Cut 0..count-1 into parts of nearly equal size, drawn by the seed."""
    order = np.random.default_rng(seed).permutation(count)
    return [sorted(int(place) for place in order[part::parts]) for part in range(parts)]


def _calibrate(
    sentences: Sequence[TaggedWords], apart: Mapping[int, Marginals], tags: Sequence[str]
) -> Calibration:
    """Fit on what was said of sentences by models that had not seen them."""
    scores, right = [], []
    for place in sorted(apart):
        gold = set(sentences[place].spans)
        for found in decode(apart[place], tags):
            scores.append(found.score)
            right.append(found.span in gold)
    return Calibration.fit(scores, right)


def _mean(field: Marginals, encoder: Marginals, weight: float) -> Marginals:
    mixed: Marginals = (1 - weight) * field + weight * encoder
    return mixed
