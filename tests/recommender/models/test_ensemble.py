"""All outputs of an ensemble are the mean of its members'."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recommender import Trainer, create_model, load, load_run, split
from recommender.data.facts import Facts
from recommender.errors import ConfigError
from recommender.models.ensemble import Ensemble
from recommender.newcomers import recommend_to_newcomer
from recommender.recommend import main as recommend
from recommender.scoring import ItemSets
from recommender.train import main as train

SMALL = {"dim": 4, "schedule": 2, "batch_size": 64}


@pytest.fixture(scope="module")
def parts(named_toy_data):
    return split(load(named_toy_data), 1)


@pytest.fixture(scope="module")
def ensemble(parts):
    model = create_model("ensemble", parts.train, n_members=2, member_settings=SMALL)
    Trainer(threads=1, device="cpu").fit(model, parts)
    assert isinstance(model, Ensemble)
    return model.eval()


def means(model, scores):
    members = [scores(member) for member in model.members]
    assert not torch.allclose(*members)  # each has a seed of its own
    return sum(members) / 2


@torch.no_grad()
def test_scores_are_the_mean_of_the_members(ensemble):
    users, items = torch.tensor([3, 0, 7]), torch.tensor([2, 2, 29])
    histories = ItemSets.of_lists([[1, 3], []])
    facts = [Facts(np.array([0]), np.array([31]), np.array([True]))]
    for scores in (
        lambda model: model.score(users, items),
        lambda model: model.score_items(users, 5, 11),
        lambda model: model.fold_in(histories).score_items(torch.arange(2), 0, 30),
        lambda model: model.fold_in_items(facts).score_items(users, 0, 1),
    ):
        torch.testing.assert_close(scores(ensemble), means(ensemble, scores))


def test_a_triple_adds_the_mean_of_what_it_adds_in_the_members(ensemble, parts):
    def by_triple(model):
        found = model.triple_contributions(torch.tensor([4, 5]), torch.tensor([6, 1]))
        assert (np.diff(found.pairs) >= 0).all()
        values = torch.zeros(2, len(parts.train.graph), dtype=torch.float64)
        values[found.pairs, found.triples] = torch.from_numpy(found.values)
        return values

    torch.testing.assert_close(by_triple(ensemble), means(ensemble, by_triple))


def test_closed_forms_can_be_members_too(parts):
    model = create_model("ensemble", parts.train, member="als", n_members=2)
    Trainer(device="cpu").fit(model, parts)
    users = torch.arange(4)
    scores = [member.score_items(users, 0, 30) for member in model.members]
    torch.testing.assert_close(model.score_items(users, 0, 30), sum(scores) / 2)


def test_what_the_member_cannot_do_is_refused_in_its_name(parts):
    model = create_model("ensemble", parts.train, member="mkr", n_members=2)
    assert model.triple_contributions(torch.tensor([0]), torch.tensor([0])) is None
    with pytest.raises(ConfigError, match="model mkr cannot score people"):
        model.fold_in(ItemSets.empty(1))
    with pytest.raises(ConfigError, match=r"model mkr: .*depth"):
        create_model("ensemble", parts.train, member="mkr", member_settings={"depth": 2})


def test_it_is_trained_and_asked_by_the_commands(named_toy_data, tmp_path, capsys):
    settings = tmp_path / "three.toml"
    settings.write_text(
        'model = "ensemble"\n[settings]\nn_members = 3\n[settings.member_settings]\n'
        "dim = 4\nschedule = 2\nbatch_size = 64\n"
    )
    out = str(tmp_path / "run")
    flags = ["--data", str(named_toy_data), "--config", str(settings), "--n-members", "2"]
    assert train([*flags, "--out", out, "--device", "cpu"]) == 0
    run = load_run(out)
    assert [member.config.dim for member in run.model.members] == [4, 4]
    assert recommend(["--run", out, "--user", "103", "--top", "2"]) == 0
    assert "Artist" in capsys.readouterr().out
    found = recommend_to_newcomer(run, likes=["Artist 3", "Artist 5"], top=2)
    assert found.items.shape == (1, 2)
