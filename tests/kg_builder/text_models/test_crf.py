"""The conditional random field of all taggers."""

from __future__ import annotations

import numpy as np

from kg_builder.text_models.crf import Crf, CrfConfig

_FEATURES = [[["w=by"], ["w=x"], ["w=y"]], [["w=x"], ["w=by"], ["w=x"]]] * 10
_TAGS = [["O", "B", "I"], ["O", "O", "B"]] * 10


def test_tags_and_their_probabilities_come_in_the_order_that_was_asked_for() -> None:
    crf = Crf.fit(_FEATURES, _TAGS, config=CrfConfig(), order=["I", "never", "O", "B"])
    best, marginals = crf.predict(_FEATURES[0])
    assert best == _TAGS[0]
    assert marginals.shape == (3, 4)
    assert (marginals[:, 1] == 0).all()  # never trained on
    np.testing.assert_allclose(marginals.sum(axis=1), 1)
    assert [crf.tags[column] for column in marginals.argmax(axis=1)] == best


def test_a_kept_model_predicts_the_same_and_the_default_order_is_sorted() -> None:
    crf = Crf.fit(_FEATURES, _TAGS, config=CrfConfig())
    kept = Crf(crf.model)
    assert kept.tags == ["B", "I", "O"]
    np.testing.assert_array_equal(
        kept.predict(_FEATURES[1]).marginals, crf.predict(_FEATURES[1]).marginals
    )


def test_a_text_without_words_has_no_tags() -> None:
    best, marginals = Crf.fit(_FEATURES, _TAGS, config=CrfConfig()).predict([])
    assert best == []
    assert marginals.shape == (0, 3)
