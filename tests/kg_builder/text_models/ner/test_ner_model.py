"""The recogniser of names: what it learns, keeps and says of itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kg_builder.errors import DataError
from kg_builder.text_models.ner.calibration import (
    Calibration,
    expected_calibration_error,
)
from kg_builder.text_models.ner.config import EncoderConfig, NerConfig
from kg_builder.text_models.ner.decoding import decode, tag_order
from kg_builder.text_models.ner.model import NerModel
from kg_builder.text_models.ner.pretrained import is_installed
from kg_builder.text_models.ner.tagging import Span, TaggedWords

_CONFIG = NerConfig(linguistics=None)
_NEW = ["songs", "like", "zapora", "kunt", "by", "elmo", "draska"]


@pytest.fixture(scope="module")
def model(queries: list[TaggedWords]) -> NerModel:
    return NerModel.fit(queries, config=_CONFIG)


def test_names_never_seen_are_found_by_what_stands_around_them(model: NerModel) -> None:
    (found,) = model.predict([_NEW])
    assert [item.span for item in found] == [Span(2, 4, "WoA"), Span(5, 7, "Artist")]
    assert all(0 < item.confidence < 1 for item in found)


def test_a_sentence_without_names_has_none(model: NerModel) -> None:
    assert model.predict([["need", "sad", "songs", "for", "a", "rainy", "day"], []]) == [[], []]


def test_the_same_sentences_and_seed_give_the_same_bytes(
    queries: list[TaggedWords], model: NerModel, tmp_path: Path
) -> None:
    model.save(tmp_path / "one")
    NerModel.fit(queries, config=_CONFIG).save(tmp_path / "other")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["ner.crfsuite", "ner.json"]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_a_model_reads_the_same_after_it_was_kept(model: NerModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    assert NerModel.load(tmp_path).predict([_NEW]) == model.predict([_NEW])


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no model of names in this folder"):
        NerModel.load(tmp_path)


def test_sentences_without_names_cannot_be_learnt_from() -> None:
    with pytest.raises(DataError, match="9 sentences with 0 classes of names"):
        NerModel.fit([TaggedWords(("no", "names"), ())] * 9, config=_CONFIG)


@pytest.mark.skipif(not is_installed(), reason="the extra `encoder` is not installed")
def test_an_encoder_reads_beside_the_field(queries: list[TaggedWords], tmp_path: Path) -> None:
    config = NerConfig(linguistics=None, encoder=EncoderConfig(members=1, epochs=2, rate=5e-4))
    model = NerModel.fit(queries[:80], config=config)
    (found,) = model.predict([_NEW])
    assert Span(5, 7, "Artist") in [item.span for item in found]
    both, alone = model.marginals([_NEW])[0], model.without_encoder().marginals([_NEW])[0]
    assert np.abs(both - alone).max() > 0.01
    model.save(tmp_path)
    assert NerModel.load(tmp_path).predict([_NEW]) == [found]


@given(
    arrays(np.float64, st.tuples(st.integers(1, 8), st.just(5)), elements=st.floats(0.01, 1)),
)
def test_whatever_the_probabilities_spans_are_valid(raw: np.ndarray) -> None:
    tags = tag_order(["Artist", "WoA"])
    found = decode(raw / raw.sum(axis=1, keepdims=True), tags)
    end = 0
    for item in found:
        assert end <= item.span.start < item.span.end <= len(raw)
        assert 0 <= item.score <= 1
        end = item.span.end


def test_confidences_are_put_right() -> None:
    draw = np.random.default_rng(0)
    scores = draw.uniform(0.5, 1, 2000)
    right = draw.uniform(size=2000) < scores**2  # scores promise too much
    calibration = Calibration.fit(scores[:1000].tolist(), right[:1000].tolist())
    before = expected_calibration_error(scores[1000:].tolist(), right[1000:].tolist())
    after = expected_calibration_error(
        [calibration(score) for score in scores[1000:]], right[1000:].tolist()
    )
    assert before > 0.1
    assert after < 0.06


def test_too_little_to_calibrate_on_leaves_scores_alone() -> None:
    assert Calibration.fit([0.3, 0.9], [True, False])(0.4) == pytest.approx(0.4)
    assert Calibration.fit([0.9] * 50, [True] * 50)(0.4) == pytest.approx(0.4)
