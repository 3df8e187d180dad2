"""`python -m recommender.recommend`: output for a user, and files for all users."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch

from recommender import Trainer, create_model, load, split
from recommender.cli import main_guard
from recommender.errors import RunError
from recommender.recommend import main
from recommender.recommendations import recommendations_for, write_recommendations
from recommender.training.runs import load_run


def recommend(*arguments: object) -> int:
    return main_guard(main, [str(argument) for argument in arguments])


def as_json(capsys, *arguments: object) -> dict:
    assert recommend(*arguments, "--format", "json") == 0
    return json.loads(capsys.readouterr().out)


def test_ten_named_artists_with_reasons(toy_runs, capsys):
    assert recommend("--run", toy_runs["mkr", 1], "--user", 104, "--top", 4) == 0
    shown = capsys.readouterr().out
    assert "User 104" in shown
    assert "plays" in shown
    assert "in your library" in shown
    assert sum(line.split()[:2][-1:] == ["Artist"] for line in shown.splitlines()) == 4


def test_lists_hold_nothing_that_the_user_is_known_to_like(toy_runs, capsys):
    folder = toy_runs["mkr", 1]
    dataset = load(folder.parent.parent)
    users, items = dataset.interactions.positives
    for user in (0, 7):
        found = as_json(capsys, "--run", folder, "--user", 100 + user, "--top", 50)
        listed = [row["item"] for row in found["recommendations"]]
        liked = set(items[users == user].tolist())
        assert sorted([*listed, *liked]) == list(range(dataset.n_items))
        scores = [row["score"] for row in found["recommendations"]]
        assert scores == sorted(scores, reverse=True)
        assert [row["rank"] for row in found["recommendations"]] == list(range(1, len(listed) + 1))


def test_lists_hold_nothing_that_the_user_has_rated_low(toy_runs, tmp_path, capsys):
    folder = tmp_path / "toy"
    shutil.copytree(toy_runs["mkr", 1].parent.parent, folder)
    run = folder / "models" / "mkr-1"
    asked = ("--run", run, "--data", folder, "--user", 104, "--top", 3)
    before = [row["item"] for row in as_json(capsys, *asked)["recommendations"]]
    (folder / "ratings_unliked.tsv").write_text(f"user\titem\n4\t{before[0]}\n")
    for flags in ((), ("--allow-played",)):
        found = as_json(capsys, *asked, *flags)
        assert before[0] not in [row["item"] for row in found["recommendations"]]
    held_out = found["held_out"]
    assert held_out + len(found["history"]) == 9  # the likes of a user
    assert recommend(*asked) == 0
    shown = capsys.readouterr().out
    assert (f"{held_out} more held out" in shown) == bool(held_out)


def test_evidence_is_in_the_graph_and_in_the_history(toy_runs, capsys):
    folder = toy_runs["mmss_mkr", 1]
    graph = load(folder.parent.parent).graph
    found = as_json(capsys, "--run", folder, "--user", 104)
    history = {entry["item"] for entry in found["history"]}
    names = ["genre", "recordLabel", "locatedIn"]
    seen = 0
    for row in found["recommendations"]:
        for argument in row["evidence"]:
            if argument["kind"] != "shared":
                continue
            for step in argument["steps"]:
                relation = names.index(step["relation"])
                tails = {
                    item: set(
                        graph.tail[(graph.head == item) & (graph.relation == relation)].tolist()
                    )
                    for item in [row["item"], *(h["item"] for h in argument["history"])]
                }
                assert set.intersection(*tails.values())
                assert step["entity"] in row["reason"]
                seen += 1
            assert {h["item"] for h in argument["history"]} <= history
    assert seen


def test_unknown_user_gets_a_line_with_examples(toy_runs, capsys):
    with pytest.raises(SystemExit) as left:
        recommend("--run", toy_runs["mkr", 1], "--user", "nobody")
    assert left.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "user 'nobody' is not in" in error
    assert "100, 101, 102" in error


def test_everybodys_lists_are_the_single_ones(toy_runs, tmp_path, capsys):
    folder = toy_runs["mkr", 2]
    assert recommend("--run", folder, "--all", "--top", 3) == 0
    table = pd.read_parquet(folder / "recommendations.parquet")
    columns = ["user", "user_raw_id", "rank", "item", "item_raw_id", "name", "iri", "score"]
    assert list(table)[:8] == columns
    assert table["user"].nunique() == 40
    capsys.readouterr()
    single = as_json(capsys, "--run", folder, "--user", 117, "--top", 3)
    rows = table[table["user_raw_id"] == "117"].to_dict("records")
    for row, expected in zip(rows, single["recommendations"], strict=True):
        for name in ("rank", "item", "item_raw_id", "name", "iri", "reason"):
            assert row[name] == expected[name]
        assert row["score"] == pytest.approx(expected["score"], rel=1e-5)
    again = tmp_path / "again.parquet"
    assert recommend("--run", folder, "--all", "--top", 3, "--out", again) == 0
    assert again.read_bytes() == (folder / "recommendations.parquet").read_bytes()


def test_several_workers_write_the_same_bytes(toy_runs, tmp_path):
    model, _, parts, _ = load_run(toy_runs["mkr", 1])
    done = {"scoring": 0, "explaining": 0}

    def progress(name: str, n_users: int) -> None:
        done[name] += n_users

    paths = [tmp_path / f"by-{workers}.parquet" for workers in (1, 2, 3)]
    for workers, path in enumerate(paths, 1):
        write_recommendations(
            path, model, parts, 3, users_at_a_time=7, workers=workers, progress=progress
        )
    first, *others = (path.read_bytes() for path in paths)
    assert all(other == first for other in others)
    assert done == dict.fromkeys(done, 3 * parts.dataset.n_users)


def test_a_fault_in_a_worker_is_that_of_the_command(toy_runs, tmp_path):
    model, _, parts, _ = load_run(toy_runs["mkr", 1])
    with torch.no_grad():
        model.users.weight[20] = torch.nan
    path = tmp_path / "lists.parquet"
    with pytest.raises(RunError, match="its training diverged"):
        write_recommendations(path, model, parts, 3, users_at_a_time=7, workers=2)
    assert list(tmp_path.iterdir()) == []


def test_lists_written_block_by_block_are_those_made_at_once(toy_runs, tmp_path):
    model, _, parts, _ = load_run(toy_runs["mkr", 1])
    path = tmp_path / "lists.parquet"
    n_users = parts.dataset.n_users
    written = write_recommendations(path, model, parts, 3, users_at_a_time=7)
    file = pq.ParquetFile(path)
    assert file.num_row_groups == -(-n_users // 7)
    assert written == (file.metadata.num_rows, n_users)
    found, expected = file.read(), recommendations_for(model, parts, top=3).to_table()
    assert found.drop(["score", "probability"]) == expected.drop(["score", "probability"])
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-5)


def test_a_failure_half_way_leaves_no_half_of_a_file(toy_runs, tmp_path):
    model, _, parts, _ = load_run(toy_runs["mkr", 1])

    def fail(_name: str, _done: int) -> None:
        if any(tmp_path.iterdir()):  # the first block is under way
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_recommendations(tmp_path / "lists", model, parts, users_at_a_time=7, progress=fail)
    assert not list(tmp_path.iterdir())


def test_from_a_notebook(toy_runs):
    model, _, parts, _ = load_run(toy_runs["mkr", 1])
    frame = recommendations_for(model, parts, users=[5, 3], top=2).to_frame()
    assert frame["user"].tolist() == [5, 5, 3, 3]
    assert frame["reason"].str.len().gt(0).all()


def test_data_of_other_programs_has_users_by_number(toy_data, tmp_path, capsys):
    parts = split(load(toy_data), 1)
    model = create_model("mkr", parts.train, dim=4)
    Trainer(epochs=1, split_seed=1, device="cpu", out=tmp_path / "run").fit(model, parts)
    found = as_json(capsys, "--run", tmp_path / "run", "--user", 7, "--top", 1)
    assert found["user"] == "7"
    assert found["recommendations"][0]["name"].startswith("item ")


@pytest.mark.parametrize(
    "wrong",
    [
        ("--user", "100", "--all"),
        (),
        ("--user", "100", "--top", "0"),
        ("--user", "100", "--pool", "0"),
        ("--user", "100", "--out", "lists.parquet"),
        ("--user", "100", "--workers", "2"),
        ("--all", "--why"),
        ("--all", "--format", "json"),
    ],
)
def test_wrong_flags_leave_with_two(toy_runs, wrong):
    with pytest.raises(SystemExit) as left:
        recommend("--run", toy_runs["mkr", 1], *wrong)
    assert left.value.code == 2


def test_a_file_that_cannot_be_written_is_reported_before_the_work(toy_runs, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "lists.parquet"
    assert recommend("--run", toy_runs["mkr", 1], "--all", "--out", out) == 2
    error = capsys.readouterr().err
    assert "can be written to" in error
    assert error.count("\n") == 1


def test_a_folder_is_no_file_for_the_lists(toy_runs, tmp_path, capsys):
    assert recommend("--run", toy_runs["mkr", 1], "--all", "--out", tmp_path) == 2
    error = capsys.readouterr().err
    assert f"{tmp_path}: is a folder" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("flags", [("--top", 10**20), ("--pool", 10**20, "--diversity", 0.2)])
def test_a_list_is_no_longer_than_the_catalogue(toy_runs, capsys, flags):
    found = as_json(capsys, "--run", toy_runs["mkr", 1], "--user", 100, *flags)
    assert 0 < len(found["recommendations"]) <= 30
