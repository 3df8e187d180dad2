"""Facts about users: loaded with the rows, ignored for older runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from recommender import DataError, Trainer, create_model, load, split
from recommender.training.runs import load_run

FACTS = "0\t0\t3\n0\t1\t40\n2\t1\t41\n"


@pytest.fixture
def folder_with_users(named_toy_data: Path, tmp_path: Path) -> Path:
    """The toy data with friends 0–3 and two ages."""
    folder = tmp_path / "toy"
    shutil.copytree(named_toy_data, folder, ignore=shutil.ignore_patterns("models"))
    (folder / "user_kg_final.txt").write_text(FACTS)
    (folder / "user_entities.tsv").write_text(
        "id\tiri\tname\ttype\n0\tx\t100\tUser\n40\ty\t18-24\tage group\n"
    )
    (folder / "user_relations.tsv").write_text("id\tiri\tname\n0\tx\tfriend\n")
    return folder


def test_the_graph_and_its_names_are_read(folder_with_users: Path, toy_data: Path) -> None:
    data = load(folder_with_users)
    graph = data.user_graph
    assert graph is not None
    assert (len(graph), graph.n_entities, graph.n_relations) == (3, 42, 2)
    assert split(data, 1).train.user_graph is graph
    names = data.catalogue
    assert (names.user_entity_name(40), names.user_entity_type(40)) == ("18-24", "age group")
    assert (names.user_entity_name(7), names.user_entity_type(7)) == ("user entity 7", "")
    assert [names.user_relation_name(n) for n in (0, 1)] == ["friend", "user relation 1"]
    plain = load(toy_data)
    assert plain.user_graph is None
    assert split(plain, 1).train.user_graph is None


def test_every_user_is_an_entity_of_it(folder_with_users: Path) -> None:
    (folder_with_users / "user_kg_final.txt").write_text("0\t0\t3\n")
    graph = load(folder_with_users).user_graph
    assert graph is not None
    assert graph.n_entities == 40


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("0\t0\t3\n40\t0\t1\n", r"user_kg_final\.txt:2: head 40 is no user.* have 40; build"),
        ("0\t0\n", r"user_kg_final\.txt:1: 2 columns instead of 3"),
        ("0\t0\tbob\n", r"user_kg_final\.txt:1: tail 'bob' is not an integer"),
        ("", r"user_kg_final\.txt: the file is empty"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    folder_with_users: Path, text: str, complaint: str
) -> None:
    (folder_with_users / "user_kg_final.txt").write_text(text)
    with pytest.raises(DataError, match=complaint):
        load(folder_with_users)


def test_its_hash_is_there_only_where_it_is(folder_with_users: Path, toy_data: Path) -> None:
    assert set(load(folder_with_users).hashes()) == {
        "ratings_final.txt",
        "kg_final.txt",
        "user_kg_final.txt",
    }
    assert set(load(toy_data).hashes()) == {"ratings_final.txt", "kg_final.txt"}


def test_a_run_from_before_the_file_still_loads_without_it(folder_with_users: Path) -> None:
    (folder_with_users / "user_kg_final.txt").rename(folder_with_users / "later")
    parts = split(load(folder_with_users), 1)
    model = create_model("shine", parts.train, seed=1, dim=2, hidden_dim=2)
    run = folder_with_users / "models" / "old"
    Trainer(epochs=1, split_seed=1, seed=1, device="cpu", out=run).fit(model, parts)
    (folder_with_users / "later").rename(folder_with_users / "user_kg_final.txt")
    loaded = load_run(run)
    assert loaded.dataset.user_graph is None
    assert loaded.split.train.user_graph is None


def test_a_run_with_it_is_refused_where_it_has_changed(folder_with_users: Path) -> None:
    parts = split(load(folder_with_users), 1)
    model = create_model("shine", parts.train, seed=1, dim=2, hidden_dim=2)
    run = folder_with_users / "models" / "new"
    Trainer(epochs=1, split_seed=1, seed=1, device="cpu", out=run).fit(model, parts)
    assert "user_kg_final.txt" in json.loads((run / "config.json").read_text())["data_hashes"]
    assert load_run(run).split.train.user_graph is not None
    for change in ("0\t0\t5\n", None):
        if change is None:
            (folder_with_users / "user_kg_final.txt").unlink()
        else:
            (folder_with_users / "user_kg_final.txt").write_text(change)
        with pytest.raises(Exception, match="not the data"):
            load_run(run)
