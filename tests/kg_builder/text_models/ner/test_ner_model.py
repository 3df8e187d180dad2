"""The NER model: training, prediction, and serialisation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kg_builder.errors import DataError
from kg_builder.text_models.config import EncoderConfig, NerConfig
from kg_builder.text_models.encoder import is_installed
from kg_builder.text_models.ner import span_ranking
from kg_builder.text_models.ner.bio_tags import Span, TaggedWords, decode, tag_order
from kg_builder.text_models.ner.model import NerModel
from kg_builder.text_models.ner.training import fit_ner_model

_CONFIG = NerConfig(linguistics=None)
_NEW = ["songs", "like", "zapora", "kunt", "by", "elmo", "draska"]


@pytest.fixture(scope="module")
def model(queries: list[TaggedWords]) -> NerModel:
    return fit_ner_model(queries, config=_CONFIG)


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
    fit_ner_model(queries, config=_CONFIG).save(tmp_path / "other")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["ner.crfsuite", "ner.json"]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_a_model_reads_the_same_after_it_was_kept(model: NerModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    assert NerModel.load(tmp_path).predict([_NEW]) == model.predict([_NEW])


def test_with_enough_names_whole_spans_are_ranked(
    queries: list[TaggedWords], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_ranking, "_MIN_NAMES", 100)
    model = fit_ner_model(queries, config=_CONFIG)
    (found, nothing) = model.predict([_NEW, []])
    assert [item.span for item in found] == [Span(2, 4, "WoA"), Span(5, 7, "Artist")]
    assert all(0.5 < item.confidence < 1 for item in found)
    assert nothing == []
    model.save(tmp_path)
    assert (tmp_path / "spans-0.npy").is_file()
    assert NerModel.load(tmp_path).predict([_NEW]) == [found]


def test_a_folder_without_a_model_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no model of names in this folder"):
        NerModel.load(tmp_path)


def test_sentences_without_names_cannot_be_learnt_from() -> None:
    with pytest.raises(DataError, match="9 sentences with 0 classes of names"):
        fit_ner_model([TaggedWords(("no", "names"), ())] * 9, config=_CONFIG)


@pytest.mark.skipif(not is_installed(), reason="the extra `encoder` is not installed")
def test_an_encoder_reads_beside_the_crf(queries: list[TaggedWords], tmp_path: Path) -> None:
    config = NerConfig(linguistics=None, encoder=EncoderConfig(members=1, epochs=2, rate=5e-4))
    model = fit_ner_model(queries[:80], config=config)
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
