"""Logistic regressions over named features, boosted trees over numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from kg_builder.text_models.classifiers import BoostedTrees, LinearModel

_ROWS = [["a", "b"], ["a"], ["a", "c"], ["b"], ["b", "c"], ["c"], ["c"], ["b", "rare"]]
_LABELS = np.array([[True], [True], [True], [False], [False], [False], [True], [False]])


def test_probabilities_are_those_of_a_dense_logistic_regression() -> None:
    model = LinearModel.fit(_ROWS, _LABELS, strength=0.7)
    dense = np.array([[name in row for name in "abc"] for row in _ROWS], dtype=float)
    theirs = LogisticRegression(C=0.7, solver="liblinear", random_state=0)
    expected = theirs.fit(dense, _LABELS[:, 0]).predict_proba(dense)[:, 1]
    assert model.vocabulary.features == ("a", "b", "c")  # "rare" has one row
    np.testing.assert_allclose(model.probabilities(_ROWS)[:, 0], expected, atol=1e-6)


def test_rare_features_weigh_more_in_rows_of_unit_length(tmp_path: Path) -> None:
    rows = [[f"common {n % 2}", "all"] for n in range(40)]
    rows[::8] = [["rare", *row] for row in rows[::8]]
    labels = np.array([["rare" in row] for row in rows])
    model = LinearModel.fit(rows, labels, strength=1, by_rarity=True)
    assert model.scales is not None
    scale = dict(zip(model.vocabulary.features, model.scales[1:].tolist(), strict=True))
    assert scale["rare"] > scale["common 0"] > scale["all"] > 0
    # the same features again, or features never seen, change nothing
    found = model.probabilities([["rare"], ["rare", "rare", "new"], []])[:, 0]
    assert found[0] == found[1] > 0.5 > found[2]
    model.save(tmp_path, "one")
    loaded = LinearModel.load(tmp_path, "one")
    np.testing.assert_array_equal(loaded.probabilities(rows), model.probabilities(rows))
    np.save(tmp_path / "one.scales.npy", np.ones(2))
    with pytest.raises(ValueError, match="do not belong together"):
        LinearModel.load(tmp_path, "one")


def test_an_uncertain_label_counts_for_both_in_part() -> None:
    rows = [["a"]] * 40 + [["b"]] * 40
    shares = np.array([[0.75]] * 40 + [[0.0]] * 40)
    found = LinearModel.fit(rows, shares, strength=100).probabilities([["a"], ["b"]])
    np.testing.assert_allclose(found[:, 0], [0.75, 0], atol=0.05)
    certain = LinearModel.fit(rows, shares > 0, strength=100).probabilities([["a"]])
    assert certain[0, 0] > 0.95


def test_cells_that_are_not_used_do_not_teach() -> None:
    labels = np.column_stack([_LABELS[:, 0], ~_LABELS[:, 0]])
    used = np.ones_like(labels)
    used[:3, 1] = False
    model = LinearModel.fit(_ROWS, labels, strength=0.7, used=used)
    alone = LinearModel.fit(_ROWS, labels[:, :1], strength=0.7)
    np.testing.assert_allclose(model.weights[0], alone.weights[0])
    assert model.probabilities([["a"]])[0, 1] > 0.1  # nothing taught that "a" speaks against it


def test_an_output_without_examples_is_never_predicted() -> None:
    labels = np.column_stack([_LABELS[:, 0], np.zeros(8, bool), np.ones(8, bool)])
    found = LinearModel.fit(_ROWS, labels, strength=1).probabilities([["a"], []])
    assert (found[:, 1] < 1e-4).all()
    assert (found[:, 2] > 1 - 1e-4).all()


def test_a_saved_model_predicts_the_same_and_a_mixed_one_is_refused(tmp_path: Path) -> None:
    model = LinearModel.fit(_ROWS, _LABELS, strength=1)
    model.save(tmp_path, "one")
    loaded = LinearModel.load(tmp_path, "one")
    np.testing.assert_array_equal(loaded.probabilities(_ROWS), model.probabilities(_ROWS))
    (tmp_path / "one.features.txt").write_text("a\n")
    with pytest.raises(ValueError, match="do not belong together"):
        LinearModel.load(tmp_path, "one")


def test_boosted_trees_give_the_probabilities_of_scikit_learn(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(400, 6)).astype(np.float32)
    labels = rows[:, 0] * rows[:, 1] + random.normal(size=400) > 0.5
    trees = BoostedTrees.fit(rows, labels, trees=20, seed=3)
    theirs = GradientBoostingClassifier(
        n_estimators=20,
        max_depth=4,
        random_state=3,
        learning_rate=0.06,
        min_samples_leaf=20,
        max_features=0.4,
    ).fit(rows, labels)
    found = trees.probabilities(rows)
    np.testing.assert_allclose(found, theirs.predict_proba(rows)[:, 1], rtol=1e-9)
    trees.save(tmp_path / "trees.npy")
    loaded = BoostedTrees.load(tmp_path / "trees.npy")
    np.testing.assert_array_equal(loaded.probabilities(rows), found)
    assert len(trees.probabilities([])) == 0
    np.save(tmp_path / "other.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"other\.npy holds no trees"):
        BoostedTrees.load(tmp_path / "other.npy")
