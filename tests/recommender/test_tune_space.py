"""Search spaces of the models."""

from __future__ import annotations

from typing import Any

from recommender.models.registry import resolve
from recommender.training.config import TrainConfig
from recommender.tune import study_name, suggest


class FirstOfAll:
    """A trial that always draws the least value."""

    def suggest_float(self, name: str, low: float, high: float, log: bool) -> float:
        assert 0 < low < high and log
        return low

    def suggest_categorical(self, name: str, values: tuple[Any, ...]) -> Any:
        return values[0]


def drawn(model: str, **fixed: Any) -> dict[str, Any]:
    return suggest(FirstOfAll(), resolve(model), fixed)  # type: ignore[arg-type]


def test_a_model_trained_by_rows_is_searched_in_its_rate_and_penalty() -> None:
    assert {"lr", "l2_weight", "dim", "batch_size"} == set(drawn("kgcn"))
    assert "lambda2" in drawn("mmss_mkr") and "lr" not in drawn("mmss_mkr")


def test_what_is_given_stays() -> None:
    assert drawn("dkn", lr=0.5)["lr"] == 0.5


def test_a_penalty_on_another_scale_is_left_alone() -> None:
    assert resolve("als").config.l2_weight > 1  # of counts, not of a mean
    assert "l2_weight" not in drawn("als")


def test_every_draw_makes_a_valid_model() -> None:
    for model in ("ripplenet", "shine", "wide_deep", "libfm", "per", "cke", "als"):
        resolve(model).configure(drawn(model))


def test_trials_of_different_objectives_are_not_mixed() -> None:
    preset = resolve("als")
    names = [study_name(preset, TrainConfig(monitor=m)) for m in ("auc+acc", "auc", "ndcg@10")]
    assert len(set(names)) == 3
    assert names[0] == "als"  # the studies that people have
