"""The trained NER model: find names in sentences with probabilities; save and load a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from kg_builder.errors import DataError
from kg_builder.text_models.calibration import Calibration
from kg_builder.text_models.classifiers import BoostedTrees
from kg_builder.text_models.config import NerConfig
from kg_builder.text_models.crf import Crf, Marginals
from kg_builder.text_models.ner.bio_tags import Span, decode, tag_order
from kg_builder.text_models.ner.features import (
    FeatureExtractor,
    SpacyWord,
    analyse_with_spacy,
)
from kg_builder.text_models.ner.name_lists import NameList
from kg_builder.text_models.ner.span_ranking import SpanRanker

if TYPE_CHECKING:
    from kg_builder.text_models.ner.encoder_tagger import EncoderEnsemble

_SETTINGS: Final = "ner.json"
_CRF: Final = "ner.crfsuite"
_ENCODER: Final = "encoder"
_TREES: Final = "spans-{}.npy"
_FORMAT: Final = 2


class FoundName(NamedTuple):
    """A name found in a sentence, with the probability that it is one of that class."""

    span: Span
    confidence: float


class NerModel:
    """Trained NER model.

    A conditional random field over spelling, neighbours, word frequencies and known names; if
    configured, its probabilities are averaged with those of a fine-tuned encoder. If there were
    enough names to train on, a ranker of whole spans makes the choice. Created by
    `training.fit_ner_model` or `load`.
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
        rankers: Sequence[SpanRanker | None],
    ) -> None:
        self.config, self.labels = config, list(labels)
        self._calibrations, self._rankers = list(calibrations), list(rankers)
        """Of the CRF alone and, with an encoder, of their average"""

        self._tags = tag_order(self.labels)
        self._seen, self._listed, self._crf, self._encoder = seen, listed, crf, encoder
        self._features = FeatureExtractor(seen, listed)

    def without_encoder(self) -> NerModel:
        """The model with the CRF only, as if trained without an encoder."""
        return NerModel(
            config=self.config.model_copy(update={"encoder": None}),
            labels=self.labels,
            seen=self._seen,
            listed=self._listed,
            crf=self._crf,
            encoder=None,
            calibrations=self._calibrations[:1],
            rankers=self._rankers[:1],
        )

    def predict(self, sentences: Sequence[Sequence[str]]) -> list[list[FoundName]]:
        """Find the names of each sentence, in order and without overlaps."""
        calibrate, ranker = self._calibrations[-1], self._rankers[-1]
        analyses = analyse_with_spacy(sentences, self.config.linguistics)
        marginals = self._marginals(sentences, analyses)
        if ranker is None:
            chosen = [decode(row, self._tags) for row in marginals]
        else:
            features = ranker.features(self.labels, self._seen, self._listed)
            rows = zip(sentences, marginals, analyses, strict=True)
            chosen = ranker.rank([features.of(*row) for row in rows])
        return [[FoundName(found.span, calibrate(found.score)) for found in row] for row in chosen]

    def marginals(self, sentences: Sequence[Sequence[str]]) -> list[Marginals]:
        """Probabilities of tags, shape (words, tags) for each sentence."""
        return self._marginals(sentences, analyse_with_spacy(sentences, self.config.linguistics))

    def _marginals(
        self,
        sentences: Sequence[Sequence[str]],
        analyses: Sequence[Sequence[SpacyWord] | None],
    ) -> list[Marginals]:
        found = [
            self._crf.predict(self._features.extract(words, analysis)).marginals
            for words, analysis in zip(sentences, analyses, strict=True)
        ]
        if self._encoder is None or self.config.encoder is None:
            return found
        return [
            average(of_crf, of_encoder, self.config.encoder.weight)
            for of_crf, of_encoder in zip(found, self._encoder.marginals(sentences), strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write the model; equal models give equal bytes.

        Raises:
            DataError: the folder cannot be written.
        """
        settings = {
            "format": _FORMAT,
            "config": self.config.model_dump(mode="json"),
            "labels": self.labels,
            "calibrations": [item.model_dump() for item in self._calibrations],
            "rankers": [
                {"edges": item.edges, "threshold": item.threshold} if item else None
                for item in self._rankers
            ],
            "seen": self._seen.counts(),
            "listed": self._listed.counts(),
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps(settings, ensure_ascii=False, indent=0)
            (folder / _SETTINGS).write_text(text + "\n", "utf-8")
            (folder / _CRF).write_bytes(self._crf.model)
            for number, ranker in enumerate(self._rankers):
                if ranker is not None:
                    ranker.trees.save(folder / _TREES.format(number))
            if self._encoder is not None:
                self._encoder.save(folder / _ENCODER)
        except OSError as fault:
            raise DataError(f"cannot be written: {fault.strerror}", where=str(folder)) from None

    @classmethod
    def load(cls, folder: Path) -> NerModel:
        """Read what `save` wrote.

        Raises:
            DataError: no model in the folder, or one of another version.
        """
        try:
            settings = json.loads((folder / _SETTINGS).read_text("utf-8"))
            crf = (folder / _CRF).read_bytes()
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
        rankers = [
            SpanRanker(
                tuple(item["edges"]),
                BoostedTrees.load(folder / _TREES.format(number)),
                item["threshold"],
            )
            if item
            else None
            for number, item in enumerate(settings["rankers"])
        ]
        encoder = None
        if config.encoder is not None:
            from kg_builder.text_models.ner.encoder_tagger import EncoderEnsemble

            encoder = EncoderEnsemble.load(folder / _ENCODER, tags=tags, config=config.encoder)
        return cls(
            config=config,
            labels=settings["labels"],
            seen=NameList(settings["seen"]),
            listed=NameList(settings["listed"]),
            crf=Crf(crf, tags),
            encoder=encoder,
            calibrations=[Calibration.model_validate(row) for row in settings["calibrations"]],
            rankers=rankers,
        )


def average(of_crf: Marginals, of_encoder: Marginals, weight: float) -> Marginals:
    """Weighted mean of both probabilities; `weight` is the encoder's."""
    mixed: Marginals = (1 - weight) * of_crf + weight * of_encoder
    return mixed
