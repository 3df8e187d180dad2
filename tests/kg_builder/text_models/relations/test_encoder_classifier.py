"""The fine-tuned encoder; skipped if its extra is not installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kg_builder.text_models.corpora import AnnotatedText
from kg_builder.text_models.encoder import is_installed
from kg_builder.text_models.relations.joint_extractor import Signature
from kg_builder.text_models.relations.labelling import Aligner, induce_classes
from kg_builder.text_models.relations.mention_pairs import PairTask, label_pairs
from kg_builder.text_models.relations.mentions import true_candidates
from kg_builder.text_models.relations.parsed_text import parse_texts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="the extra `encoder` is not there"),
]


def _tasks(texts: list[AnnotatedText]) -> list[PairTask]:
    aligner = Aligner()
    parsed_texts = parse_texts([text.text for text in texts], None)
    aligned = [
        aligner.align(text, parsed) for text, parsed in zip(texts, parsed_texts, strict=True)
    ]
    classes = induce_classes(triple for text in texts for triple in text.triples)
    signature = Signature.of(aligned, classes)
    columns = {relation: number for number, relation in enumerate(signature.relations)}
    return [
        label_pairs(
            text, tuple(true_candidates(text, classes)), signature.allowed, columns, unstated=1.0
        )
        for text in aligned
    ]


def test_the_encoder_learns_repeats_and_is_kept(
    singers: list[AnnotatedText], tmp_path: Path
) -> None:
    from kg_builder.text_models.relations.encoder_classifier import EncoderClassifier

    tasks = _tasks(singers[:48])
    classifier = EncoderClassifier(epochs=3)
    classifier.fit(tasks, seed=1)
    logits = classifier.predict(tasks)
    positive = np.concatenate([task.labels.positive for task in tasks if task.labels is not None])
    flat = np.concatenate(logits)
    assert flat.shape == positive.shape
    assert flat[positive == 1].mean() > flat[positive == 0].mean() + 1
    classifier.save(tmp_path)
    kept = EncoderClassifier(epochs=3)
    kept.load(tmp_path)
    for one, other in zip(logits, kept.predict(tasks), strict=True):
        np.testing.assert_array_equal(one, other)
