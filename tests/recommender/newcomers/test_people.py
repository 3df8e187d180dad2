"""Recommendations for users not in the data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recommender import Trainer, create_model
from recommender.cli import main_guard
from recommender.errors import ConfigError
from recommender.lists import GraphVocabulary, ListOptions, filters
from recommender.newcomers import recommend_to_newcomer
from recommender.recommend import main
from recommender.recommendations import recommendations_for, recommendations_for_newcomers
from recommender.scoring import ItemSets

EVEN = ["Artist 0", "artist 2", "ARTIST 4"]


def test_a_newcomer_gets_what_shares_the_taste_with_reasons(als, parts):
    found = recommend_to_newcomer(als, parts, likes=EVEN, top=5)
    frame = found.to_frame()
    assert all(int(item) % 2 == 0 for item in frame["item"])
    assert not {0, 2, 4} & set(frame["item"])
    assert set(frame["user_raw_id"]) == {"newcomer"}
    assert frame["reason"].str.contains("Trip hop").any()
    odd = recommend_to_newcomer(als, parts, likes=[1, 3, 5], top=5)
    assert all(int(item) % 2 == 1 for item in odd.to_frame()["item"])


def test_somebody_like_a_known_user_gets_the_known_users_list(als, parts):
    """The same history as a training user and as a newcomer, apart from held-out likes."""
    history = ItemSets(*parts.train.history).of(6)
    newcomer = recommend_to_newcomer(als, parts, likes=history.tolist(), top=30)
    known = recommendations_for(als, parts, [6], top=30)
    held_out = set(range(30)) - set(history.tolist()) - set(known.items[0].tolist())
    left = [i for i in newcomer.items[0].tolist() if i >= 0 and i not in held_out]
    assert left == [i for i in known.items[0].tolist() if i >= 0]


def test_reasons_are_those_of_a_user_with_the_same_history(als, parts):
    history = ItemSets(*parts.train.history).of(6).tolist()
    newcomer = recommend_to_newcomer(als, parts, likes=history, top=30).to_frame()
    known = recommendations_for(als, parts, [6], top=30).to_frame()
    both = newcomer.merge(known, on="item", suffixes=("", "_known"))
    graph = both[~both["reason"].str.contains("listeners")]
    assert len(graph)
    assert graph["reason"].tolist() == graph["reason_known"].tolist()


def test_several_newcomers_do_not_disturb_each_other(als, parts):
    together = recommendations_for_newcomers(
        als, parts, ItemSets.of_lists([[4, 2, 0], [1, 3], []]), top=4
    )
    for row, likes in enumerate(([0, 2, 4], [1, 3], [])):
        alone = recommend_to_newcomer(als, parts, likes=likes, top=4)
        assert together.items[row].tolist() == alone.items[0].tolist()
    assert (together.items[2] >= 0).all()  # nothing is known, and still there is a list


def test_filters_and_criteria_hold_for_newcomers(als, parts):
    vocabulary = GraphVocabulary.of(parts.train)
    shoegaze = filters.only(vocabulary, "genre=Shoegaze")
    options = ListOptions(filters=(shoegaze,), weights={"diversity": 0.5})
    found = recommend_to_newcomer(als, parts, likes=EVEN, top=4, options=options)
    assert all(item % 2 == 1 for item in found.items[0].tolist())


def test_a_model_that_cannot_names_those_that_can(mkr, parts):
    with pytest.raises(
        ConfigError, match=r"model mkr cannot score people .*train one that can: .*als"
    ):
        recommend_to_newcomer(mkr, parts, likes=["Artist 1"])


def test_a_model_without_its_split_and_an_item_out_of_range(als, parts):
    with pytest.raises(ConfigError, match="split"):
        recommend_to_newcomer(als, likes=["Artist 1"])
    with pytest.raises(ConfigError, match="no item 30; items are 0 to 29"):
        recommend_to_newcomer(als, parts, likes=[30])


@pytest.fixture(scope="module")
def run(parts, tmp_path_factory):
    out = tmp_path_factory.mktemp("als") / "run"
    model = create_model("als", parts.train, dim=2, l2_weight=1.0)
    Trainer(split_seed=1, device="cpu", out=out).fit(model, parts)
    return out


def recommend(*arguments: object) -> int:
    return main_guard(main, [str(argument) for argument in arguments])


def test_likes_on_the_command_line(run, capsys):
    assert recommend("--run", run, "--likes", "artist 0, Artist 2", "--likes", "id:a4") == 0
    shown = capsys.readouterr().out
    assert "Newcomer · likes: Artist 0, Artist 2, Artist 4" in shown
    assert "Trip hop" in shown


def test_why_shows_the_facts_for_a_newcomer_too(run, capsys):
    assert recommend("--run", run, "--likes", "artist 0, artist 2", "--top", 2, "--why") == 0
    shown = capsys.readouterr().out
    assert "Trip hop" in shown.split("als on toy")[1]
    assert recommend("--run", run, "--user", 100, "--top", 30, "--why", "--allow-played") == 0
    assert "you play it already" in capsys.readouterr().out.split("als on toy")[1]


def test_likes_as_json(run, capsys):
    assert recommend("--run", run, "--likes", "artist 0", "--format", "json", "--top", 3) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["user"] is None
    assert report["history"] == [{"item": 0, "name": "Artist 0"}]
    assert report["ambiguous"] == {}
    assert len(report["recommendations"]) == 3


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--likes", "Artst 7"], "did you mean Artist 7"),
        (["--likes", " , "], "--likes names nothing"),
        (["--likes", "Artist 1", "--only", "genre=Jazz"], "no genre 'Jazz'"),
        (["--likes", "Artist 1", "--diversity", "2"], "--diversity 2"),
        (
            ["--likes", "Artist 1", "--only", "^genre=Artist 1"],
            "no ^genre 'Artist 1' in the graph; it has genre in the other direction",
        ),
    ],
)
def test_mistakes_are_one_line(run, flags, message, capsys):
    assert recommend("--run", run, *flags) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_filters_on_the_command_line(run, capsys):
    flags = ("--user", 100, "--only", "genre=trip hop", "--exclude", "Artist 8", "--top", 30)
    assert recommend("--run", run, *flags, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)["recommendations"]
    assert found
    assert all(row["item"] % 2 == 0 and row["item"] != 8 for row in found)
    assert recommend("--run", run, *flags, "--diversity", 0.2) == 0
    made = capsys.readouterr().out.splitlines()[-1]
    assert made == ("als on toy · --only genre=Trip hop · --exclude Artist 8 · --diversity 0.2")


def test_played_items_are_listed_only_when_allowed(run, parts, capsys):
    liked = np.unique(
        parts.dataset.interactions.items[
            (parts.dataset.interactions.users == 0) & (parts.dataset.interactions.labels == 1)
        ]
    )
    common = ("--run", run, "--user", 100, "--top", 30, "--format", "json")
    assert recommend(*common, "--allow-played") == 0
    rows = json.loads(capsys.readouterr().out)["recommendations"]
    assert len(rows) == 30
    played = {row["item"] for row in rows if row["reason"] == "you play it already"}
    assert played == set(liked.tolist())
    assert recommend(*common, "--not-played") == 0
    assert not played & {
        row["item"] for row in json.loads(capsys.readouterr().out)["recommendations"]
    }


def test_a_user_who_plays_all_items_that_pass_the_filter_gets_a_message(run, parts, capsys):
    dataset = parts.dataset
    users, items = dataset.interactions.positives
    labels = {item: 32 + item % 9 for item in range(30)}
    for user in range(40):
        mine = set(items[users == user].tolist())
        for label in range(32, 41):
            having = {item for item in labels if labels[item] == label}
            if having <= mine:
                flags = ("--user", 100 + user, "--only", f"record label=Label {label}")
                assert recommend("--run", run, *flags) == 2
                error = capsys.readouterr().err
                assert f"plays all that passes --only record label=Label {label}" in error
                return
    both = ("--only", "genre=trip hop", "--only", "genre=shoegaze")
    assert recommend("--run", run, "--user", 100, *both) == 2
    assert "--only genre=Shoegaze: none of its 15 items passes" in capsys.readouterr().err
