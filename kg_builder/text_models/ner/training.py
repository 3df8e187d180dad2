"""Train the NER model (CRF, optional encoders); out of fold, the choice of spans is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kg_builder.errors import DataError
from kg_builder.progress import Progress, silent
from kg_builder.text_models.calibration import Calibration
from kg_builder.text_models.config import NerConfig
from kg_builder.text_models.crf import Crf, Marginals
from kg_builder.text_models.ner.bio_tags import (
    ScoredSpan,
    TaggedWords,
    decode,
    labels_of,
    tag_order,
    tags_of,
)
from kg_builder.text_models.ner.features import FeatureExtractor, analyse_with_spacy
from kg_builder.text_models.ner.model import NerModel, average
from kg_builder.text_models.ner.name_lists import NameList
from kg_builder.text_models.ner.span_ranking import SpanRanker


def fit_ner_model(
    sentences: Sequence[TaggedWords],
    *,
    config: NerConfig | None = None,
    names: NameList | None = None,
    progress: Progress = silent,
) -> NerModel:
    """Fit on annotated sentences; the same sentences and seed give the same model.

    Args:
        sentences: training sentences.
        config: settings.
        names: further known names (they need not be correct or complete).
        progress: called with the number of finished fits.

    Raises:
        DataError: fewer sentences than folds, or none with a name; the configured encoder is not
            installed.
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
    analyses = analyse_with_spacy((item.words for item in sentences), config.linguistics)
    tags = tag_order(labels)

    def fit_crf(chosen: Sequence[int]) -> tuple[Crf, FeatureExtractor, NameList]:
        rows = [sentences[index] for index in chosen]
        seen = NameList.of_sentences(rows)
        extractor = FeatureExtractor(seen, listed)
        features = [
            extractor.extract(row.words, analyses[index], training=row)
            for index, row in zip(chosen, rows, strict=True)
        ]
        gold = [tags_of(row) for row in rows]
        return Crf.fit(features, gold, config=config.crf, order=tags), extractor, seen

    out_of_fold: dict[int, Marginals] = {}
    for number, fold in enumerate(_folds(len(sentences), config.held_out, config.seed)):
        inside = set(fold)
        crf, extractor, _ = fit_crf([i for i in range(len(sentences)) if i not in inside])
        for index in fold:
            features = extractor.extract(sentences[index].words, analyses[index])
            out_of_fold[index] = crf.predict(features).marginals
        progress(number + 1, total)
    crf, _, seen = fit_crf(range(len(sentences)))
    progress(config.held_out + 1, total)

    def fit_choice(marginals: Mapping[int, Marginals]) -> tuple[SpanRanker | None, Calibration]:
        """The ranker, if there are enough names, and the calibration of the chosen spans."""
        numbers = sorted(marginals)
        rows = [sentences[index] for index in numbers]
        fitted = SpanRanker.fit(
            rows,
            [marginals[index] for index in numbers],
            [analyses[index] for index in numbers],
            labels=labels,
            seen=seen,
            listed=listed,
            seed=config.seed,
        )
        if fitted is None:
            return None, _calibrate(rows, [decode(marginals[index], tags) for index in numbers])
        return fitted[0], _calibrate(rows, fitted[1])

    choices = [fit_choice(out_of_fold)]
    encoder = None
    if config.encoder is not None:
        from kg_builder.text_models.ner.encoder_tagger import EncoderEnsemble

        encoder, of_left_out = EncoderEnsemble.fit(
            sentences,
            tags=tags,
            config=config.encoder,
            seed=config.seed,
            progress=lambda done, _=None: progress(config.held_out + 1 + done, total),
        )
        both = {
            index: average(out_of_fold[index], marginals, config.encoder.weight)
            for index, marginals in of_left_out.items()
        }
        choices.append(fit_choice(both))
    return NerModel(
        config=config,
        labels=labels,
        seen=seen,
        listed=listed,
        crf=crf,
        encoder=encoder,
        calibrations=[calibration for _, calibration in choices],
        rankers=[ranker for ranker, _ in choices],
    )


def _folds(count: int, folds: int, seed: int) -> list[list[int]]:
    """Split 0..count-1 into random folds of nearly equal size."""
    order = np.random.default_rng(seed).permutation(count)
    return [sorted(int(index) for index in order[fold::folds]) for fold in range(folds)]


def _calibrate(
    sentences: Sequence[TaggedWords], chosen: Sequence[Sequence[ScoredSpan]]
) -> Calibration:
    """Fit the calibration on out-of-fold spans."""
    scores, right = [], []
    for sentence, spans in zip(sentences, chosen, strict=True):
        gold = set(sentence.spans)
        for found in spans:
            scores.append(found.score)
            right.append(found.span in gold)
    return Calibration.fit(scores, right)
