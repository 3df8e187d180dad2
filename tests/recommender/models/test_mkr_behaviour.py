"""Effects of the settings of MKR and MMSS_MKR, beyond single equations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from recommender import ConfigError, create_model, load, model_names, split
from recommender.layers.cross_compress import CrossCompress, UnitStack
from recommender.models.mkr import MKR
from recommender.models.registry import resolve

PRESETS = (
    "mkr",
    "mkr_1l",
    "mkr_dcn",
    "mkr_stitch",
    "mmss_mkr",
    "ms_mkr",
    "sm_mkr",
    "ss_mkr",
)


def test_all_names_resolve() -> None:
    assert set(PRESETS) <= set(model_names())


@pytest.mark.parametrize("name", PRESETS)
def test_presets_build_and_score(name: str, toy_data: Path) -> None:
    model = create_model(name, split(load(toy_data), 1).train, dim=4).eval()
    with torch.no_grad():
        predictions = model.predict(torch.tensor([0, 1]), torch.tensor([2, 3]))
    assert ((predictions > 0) & (predictions < 1)).all()


def test_table_9_adds_one_thing_at_a_time() -> None:
    """SM: Eq. 3. MS: Eq. 10. SS: Eq. 10 and the false triples of Eq. 20."""
    mkr = resolve("mkr").config.model_dump()

    def changed(name: str) -> set[str]:
        settings = resolve(name).config.model_dump()
        return {key for key in settings if settings[key] != mkr[key]}

    assert changed("sm_mkr") == {"prediction"}
    assert changed("ms_mkr") == {"triple_score"}
    assert changed("ss_mkr") == {"triple_score", "false_triples"}


def test_range_of_y_hat(toy_data: Path) -> None:
    """Reading 1: ŷ of Eq. 3 lies in (0.339, 0.731) and is 0.54 at score 0."""
    model = create_model("mmss_mkr", split(load(toy_data), 1).train, dim=4)
    low, middle, high = model.probability(torch.tensor([-1e6, 0.0, 1e6])).tolist()
    assert (low, middle, high) == pytest.approx((0.339, 0.5416, 0.731), abs=5e-4)


@pytest.mark.parametrize("names", ["S1", "T", "S2", "S1+T", "S1+S2", "T+S2", "S1+T+S2", "plain"])
def test_no_subset_of_table_7_changes_an_order(names: str, toy_data: Path) -> None:
    """Reading 2: every mixture is increasing, so at inference none can change an AUC."""
    model = create_model("mmss_mkr", split(load(toy_data), 1).train, dim=4, prediction=names)
    scores = torch.linspace(-6, 6, 2001, dtype=torch.float64)
    assert (torch.diff(model.probability(scores)) > 0).all()


def test_s1_alone_never_says_no(toy_data: Path) -> None:
    """Reading 3: σ(σ(f)) is at least 0.5."""
    model = create_model("mmss_mkr", split(load(toy_data), 1).train, dim=4, prediction="S1")
    assert (model.probability(torch.linspace(-50, 50, 99)) >= 0.5).all()


@pytest.mark.parametrize("given", ["S1+S3", "", "T+T", "sigmoid"])
def test_impossible_predictions_are_refused(given: str, toy_data: Path) -> None:
    with pytest.raises(ConfigError, match="prediction"):
        create_model("mmss_mkr", split(load(toy_data), 1).train, prediction=given)


def test_subset_order_does_not_matter() -> None:
    assert resolve("mmss_mkr").configure({"prediction": "s2+s1"}).model_dump()["prediction"] == (
        "S1+S2"
    )


def test_unknown_model_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="mmss_mkr"):
        resolve("nonsense")


def test_same_seed_same_parameters(toy_data: Path) -> None:
    train = split(load(toy_data), 1).train
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first, second = create_model("mkr", train, seed=7), create_model("mkr", train, seed=7)
    other = create_model("mkr", train, seed=8)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))
    assert not torch.equal(first.users.weight, other.users.weight)


def test_cross_compress_never_builds_the_product() -> None:
    """A batch of 64 at d = 2,048 would need a gigabyte for its d × d products."""
    unit = CrossCompress(2048)
    v, e = torch.randn(64, 2048), torch.randn(64, 2048)
    with torch.profiler.profile(profile_memory=True) as profile:
        unit(v, e)
    largest = max(event.self_cpu_memory_usage for event in profile.key_averages())
    assert largest < 64 * 2048 * 2048 * 4 / 50


@pytest.mark.parametrize("name", ["cross_compress", "deep_cross", "cross_stitch"])
def test_halves_of_a_stack_equal_the_whole(name: str) -> None:
    stack = UnitStack(name, 5, 3).double()  # type: ignore[arg-type]
    v, e = torch.randn(4, 5).double(), torch.randn(4, 5).double()
    both = stack(v, e)
    torch.testing.assert_close(stack.item(v, e), both[0])
    torch.testing.assert_close(stack.entity(v, e), both[1])


def test_scoring_uses_the_mean_of_the_neighbours(toy_data: Path) -> None:
    """E over e ~ S(v) of Eq. 2 is exact for one layer, since the unit is linear in e."""
    train = split(load(toy_data), 1).train
    model = create_model("mmss_mkr", train, dim=4, associated="neighbour").double().eval()
    assert isinstance(model, MKR)
    offsets, members = model.associations.entity_lists()
    users, items = torch.tensor([3]), torch.tensor([6])
    neighbours = torch.from_numpy(members[offsets[6] : offsets[7]])
    assert len(neighbours) > 1
    with torch.no_grad():
        one_by_one = model.item_features(items.expand(len(neighbours)), neighbours).mean(dim=0)
        expected = model.user_features(users)[0] @ one_by_one
        assert model.score(users, items).item() == pytest.approx(expected.item(), abs=1e-12)


def test_scores_follow_the_parameters(toy_data: Path) -> None:
    """Cached item features are discarded when the model is trained further or loaded."""
    train = split(load(toy_data), 1).train
    model, other = create_model("mkr", train, dim=4), create_model("mkr", train, dim=4, seed=9)
    users, items = torch.tensor([0]), torch.tensor([1])
    with torch.no_grad():
        before = model.eval().score(users, items)
        model.load_state_dict(other.state_dict())
        after = model.eval().score(users, items)
        np.testing.assert_array_equal(after, other.eval().score(users, items))
    assert not torch.equal(before, after)
