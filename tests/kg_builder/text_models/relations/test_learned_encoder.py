"""The fine-tuned encoder: only where its extra is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kg_builder.text_models.ner import pretrained
from kg_builder.text_models.relations import AnnotatedText
from kg_builder.text_models.relations.alignment import Aligner
from kg_builder.text_models.relations.classes import induce_classes
from kg_builder.text_models.relations.extractor import Signature
from kg_builder.text_models.relations.reading import read_texts
from kg_builder.text_models.relations.tagger import true_candidates
from kg_builder.text_models.relations.tasks import PairTask, labelled

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not pretrained.is_installed(), reason="the extra `encoder` is not there"),
]


def _tasks(texts: list[AnnotatedText]) -> list[PairTask]:
    aligner = Aligner()
    readings = read_texts([text.text for text in texts], None)
    aligned = [aligner.align(text, read) for text, read in zip(texts, readings, strict=True)]
    classes = induce_classes(triple for text in texts for triple in text.triples)
    signature = Signature.of(aligned, classes)
    columns = {relation: number for number, relation in enumerate(signature.relations)}
    return [
        labelled(
            text, tuple(true_candidates(text, classes)), signature.allowed, columns, unstated=1.0
        )
        for text in aligned
    ]


def test_the_encoder_learns_repeats_and_is_kept(
    singers: list[AnnotatedText], tmp_path: Path
) -> None:
    from kg_builder.text_models.relations.encoder import EncoderScorer

    tasks = _tasks(singers[:48])
    scorer = EncoderScorer(epochs=3)
    scorer.fit(tasks, seed=1)
    logits = scorer.predict(tasks)
    positive = np.concatenate([task.labels.positive for task in tasks if task.labels is not None])
    flat = np.concatenate(logits)
    assert flat.shape == positive.shape
    assert flat[positive == 1].mean() > flat[positive == 0].mean() + 1
    scorer.save(tmp_path)
    kept = EncoderScorer(epochs=3)
    kept.load(tmp_path)
    for one, other in zip(logits, kept.predict(tasks), strict=True):
        np.testing.assert_array_equal(one, other)
