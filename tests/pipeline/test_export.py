"""Exported folders are readable by other programs, tested with the program or by its rules.

RecBole, PyKEEN and LensKit are not dependencies; their tests run if they are installed. The strict
readers here parse lines like these programs, KGAT's and Neo4j's.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from urllib.parse import unquote

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kg_builder.errors import DataError
from pipeline.cli import app
from pipeline.export.command import FORMATS, export
from recommender.data import load
from safe_io.locks import InUseError, folder_lock

NAMES = ['"Weird Al" Yankovic', "=HYPERLINK(1)", "a, b; c", "'quoted'", "Nirvana", "Nirvana", "+/-"]
GENRES = ["NA", "rock\\pop", "@home", "-5"]
N_ITEMS, N_USERS = len(NAMES), 6
N_ENTITIES = N_ITEMS + len(GENRES)
POSITIVES = [(user, item) for user in range(N_USERS) for item in range(N_ITEMS) if item != user]
TRIPLES = [(i, r, N_ITEMS + t) for i in range(N_ITEMS) for r in (0, 1) for t in range(len(GENRES))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A processed folder with awkward names."""
    home = tmp_path / "band data"
    home.mkdir()
    iri = "https://example.org/"
    names = [*NAMES, *GENRES]
    _tsv(home / "entities.tsv", "id iri name type",
         [(n, f"{iri}a%20{n}", name, "Band" if n < N_ITEMS else "Genre")
          for n, name in enumerate(names)])  # fmt: skip
    _tsv(home / "items.tsv", "id iri name raw_id",
         [(n, f"{iri}a%20{n}", name, f"{n} 100%") for n, name in enumerate(NAMES)])  # fmt: skip
    _tsv(home / "relations.tsv", "id iri name",
         [(0, f"{iri}genre", "played genre"), (1, f"^{iri}genre", "played-genre")])  # fmt: skip
    _tsv(home / "users.tsv", "id raw_id", [(n, f"=user{n}") for n in range(N_USERS)])
    rows = [(*pair, 1) for pair in POSITIVES] + [(user, user, 0) for user in range(N_USERS)]
    _tsv(home / "ratings_final.txt", "", rows)
    _tsv(home / "kg_final.txt", "", TRIPLES)
    return home


@pytest.fixture
def timed(folder: Path) -> Path:
    """The folder with a time for each positive."""
    rows = [(user, item, 1_000 + 10 * user + item) for user, item in POSITIVES]
    _tsv(folder / "ratings_times.tsv", "user item time", rows)
    return folder


def _tsv(path: Path, heading: str, rows: list[tuple[object, ...]]) -> None:
    lines = ["\t".join(heading.split())] if heading else []
    lines += ["\t".join(map(str, row)) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _files(target: Path) -> dict[str, bytes]:
    found = (path for path in target.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(target)): path.read_bytes() for path in found}


def _csv(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=delimiter, strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


# Each format


def test_recbole_gets_atomic_files_with_typed_headings(timed, tmp_path):
    export(timed, tmp_path / "out", "recbole")
    home = tmp_path / "out" / "band data"
    assert sorted(path.name for path in home.iterdir()) == [
        f"band data.{kind}" for kind in ("inter", "item", "kg", "link")
    ]
    # RecBole reads with pandas' own rules of quoting.
    tables = {
        kind: pd.read_csv(home / f"band data.{kind}", delimiter="\t", dtype=str)
        for kind in ("inter", "item", "kg", "link")
    }
    inter = tables["inter"]
    assert list(inter) == ["user_id:token", "item_id:token", "timestamp:float"]
    assert inter.astype(int).values.tolist() == [[u, i, 1_000 + 10 * u + i] for u, i in POSITIVES]
    assert tables["item"]["name:token_seq"].tolist() == NAMES
    assert tables["kg"].astype(int).values.tolist() == [list(triple) for triple in TRIPLES]
    assert tables["link"].values.tolist() == [[str(n)] * 2 for n in range(N_ITEMS)]


def test_recbole_itself_loads_them(timed, tmp_path):
    pytest.importorskip("recbole", reason="RecBole is not installed")
    if not hasattr(np, "float_"):
        pytest.skip("RecBole 1.2 needs numpy 1")
    from recbole.config import Config
    from recbole.data import create_dataset

    export(timed, tmp_path / "out", "recbole")
    settings = {"data_path": str(tmp_path / "out"), "use_gpu": False, "state": "ERROR",
                "checkpoint_dir": str(tmp_path)}  # fmt: skip
    config = Config(model="CKE", dataset="band data", config_dict=settings)
    dataset = create_dataset(config)
    assert dataset.user_num == N_USERS + 1  # RecBole counts its padding
    assert dataset.item_num == N_ITEMS + 1
    assert dataset.entity_num == N_ENTITIES + 1
    assert len(dataset.kg_feat) == len(TRIPLES)
    assert len(dataset.item2entity) == N_ITEMS


def _kgat_rows(path: Path) -> dict[int, list[int]]:
    """A KGAT file, parsed as its program does: one space, integers, each user once."""
    rows = [[int(cell) for cell in line.strip().split(" ")] for line in path.open()]
    users = {row[0]: row[1:] for row in rows}
    assert len(users) == len(rows) and all(users.values())
    return users


def test_kgat_gets_a_split_that_its_loader_can_use(folder, tmp_path):
    export(folder, tmp_path / "out", "kgat", seed=1)
    train, test = (_kgat_rows(tmp_path / "out" / f"{part}.txt") for part in ("train", "test"))
    assert set(test) <= set(train)
    together = [(u, i) for part in (train, test) for u, items in part.items() for i in items]
    assert sorted(together) == POSITIVES
    assert all(len(items) == (len(items) + len(train[u])) // 5 for u, items in test.items())
    triples = np.loadtxt(tmp_path / "out" / "kg_final.txt", dtype=np.int32)
    assert [tuple(row) for row in triples.tolist()] == TRIPLES
    export(folder, tmp_path / "other", "kgat", seed=2)
    assert _kgat_rows(tmp_path / "other" / "test.txt") != test


def test_lists_of_kgat_have_one_word_for_each_id(folder, tmp_path):
    export(folder, tmp_path / "out", "kgat")
    lists = {}
    for name in ("entity", "relation", "user", "item"):
        lines = (tmp_path / "out" / f"{name}_list.txt").read_text().splitlines()
        lists[name] = [line.split(" ") for line in lines]
        assert {len(row) for row in lists[name]} == {len(lists[name][0])}
        assert [int(row[1]) for row in lists[name][1:]] == list(range(len(lines) - 1))
    assert lists["entity"][0] == ["org_id", "remap_id"]
    assert lists["entity"][1] == ["https://example.org/a%200", "0"]
    assert [unquote(row[0]) for row in lists["item"][1:]] == [f"{n} 100%" for n in range(N_ITEMS)]
    assert lists["relation"][2][0] == "^https://example.org/genre"
    assert len(lists["user"]) == N_USERS + 1


def test_pykeen_gets_three_parts_and_knows_every_entity_from_training(folder, tmp_path):
    export(folder, tmp_path / "out", "pykeen")
    parts = {
        part: pd.read_csv(
            tmp_path / "out" / f"{part}.tsv",
            sep="\t",
            header=None,
            dtype=str,
            keep_default_na=False,
        )
        for part in ("train", "valid", "test")
    }
    assert [len(part) for part in parts.values()] == [46, 5, 5]
    train = parts["train"]
    assert set(train[0]) | set(train[2]) == {f"https://example.org/a%20{n}" for n in range(11)}
    assert set(train[1]) == {"https://example.org/genre", "^https://example.org/genre"}
    assert len(pd.concat(parts.values()).drop_duplicates()) == len(TRIPLES)
    names = _csv(tmp_path / "out" / "entities.tsv", "\t")
    assert names[0] == {
        "label": "https://example.org/a%200", "name": NAMES[0], "type": "Band"
    }  # fmt: skip


def test_pykeen_itself_loads_them(folder, tmp_path):
    pytest.importorskip("pykeen", reason="PyKEEN is not installed")
    from pykeen.datasets import PathDataset

    export(folder, tmp_path / "out", "pykeen")
    train, test, valid = (tmp_path / "out" / f"{part}.tsv" for part in ("train", "test", "valid"))
    dataset = PathDataset(training_path=train, testing_path=test, validation_path=valid)
    assert dataset.num_entities == N_ENTITIES
    assert dataset.num_relations == 2
    parts = (dataset.training, dataset.testing, dataset.validation)
    assert sum(part.num_triples for part in parts) == len(TRIPLES)


def test_lenskit_gets_interactions_and_names(timed, tmp_path):
    export(timed, tmp_path / "out", "lenskit")
    inter = pd.read_csv(tmp_path / "out" / "interactions.csv")
    assert list(inter) == ["user_id", "item_id", "timestamp"]
    assert inter[["user_id", "item_id"]].values.tolist() == [list(pair) for pair in POSITIVES]
    items = _csv(tmp_path / "out" / "items.csv")
    assert [row["name"] for row in items] == [
        *NAMES
    ]  # fmt: skip
    assert _csv(tmp_path / "out" / "users.csv")[0] == {"user_id": "0", "raw_id": "=user0"}


def test_lenskit_itself_loads_them(folder, tmp_path):
    pytest.importorskip("lenskit", reason="LensKit is not installed")
    from lenskit.data import from_interactions_df

    export(folder, tmp_path / "out", "lenskit")
    dataset = from_interactions_df(pd.read_csv(tmp_path / "out" / "interactions.csv"))
    assert dataset.user_count == N_USERS
    assert dataset.item_count == N_ITEMS
    assert dataset.interaction_count == len(POSITIVES)


def test_networkx_loads_the_graph_with_every_name_as_it_is(folder, tmp_path):
    export(folder, tmp_path / "out", "networkx")
    text = (tmp_path / "out" / "graph.json").read_text(encoding="utf-8")
    graph = nx.node_link_graph(json.loads(text), edges="edges")
    assert isinstance(graph, nx.MultiDiGraph)
    assert list(graph.edges(keys=True)) == [(h, t, r) for h, r, t in sorted(TRIPLES, key=_by_edge)]
    assert [graph.nodes[n]["name"] for n in range(N_ENTITIES)] == [*NAMES, *GENRES]
    assert [n for n, is_item in graph.nodes(data="item") if is_item] == list(range(N_ITEMS))
    assert graph.edges[0, N_ITEMS, 1] == {
        "relation": "played-genre", "iri": "^https://example.org/genre"
    }  # fmt: skip


def _by_edge(triple: tuple[int, int, int]) -> tuple[int, int, int]:
    return triple[0], triple[2], triple[1]


def test_neo4j_gets_nodes_and_relationships_that_its_importer_accepts(folder, tmp_path):
    export(folder, tmp_path / "out", "neo4j-csv")
    for name in ("nodes", "relationships"):  # its importer refuses a line break within quotes
        lines = (tmp_path / "out" / f"{name}.csv").read_text(encoding="utf-8").split("\n")
        assert all(line.count('"') % 2 == 0 for line in lines)
    nodes = _csv(tmp_path / "out" / "nodes.csv")
    assert list(nodes[0]) == ["id:ID", "name", "iri", "raw_id", ":LABEL"]
    assert [row["id:ID"] for row in nodes] == [str(n) for n in range(N_ENTITIES)]
    assert nodes[0]["name"] == NAMES[0]
    assert [row["name"] for row in nodes] == [*NAMES, *GENRES]
    assert [row[":LABEL"] for row in nodes] == ["Band;Item"] * N_ITEMS + ["Genre"] * len(GENRES)
    edges = _csv(tmp_path / "out" / "relationships.csv")
    assert list(edges[0]) == [":START_ID", ":END_ID", ":TYPE", "iri"]
    ids = {row["id:ID"] for row in nodes}
    assert {row[":START_ID"] for row in edges} | {row[":END_ID"] for row in edges} <= ids
    assert len(edges) == len(TRIPLES)
    # "played genre" and "played-genre" would be one type.
    assert {row[":TYPE"] for row in edges} == {"PLAYED_GENRE_0", "PLAYED_GENRE_1"}


# All formats


@pytest.mark.parametrize(
    ("style", "table"),
    [("pykeen", "entities.tsv"), ("lenskit", "items.csv"), ("neo4j-csv", "nodes.csv"),
     ("recbole", "band data/band data.item")],
)  # fmt: skip
def test_on_demand_no_cell_is_a_formula(folder, tmp_path, style, table):
    names = []
    for spreadsheets in (False, True):
        out = tmp_path / str(spreadsheets)
        export(folder, out, style, spreadsheets=spreadsheets)
        rows = _csv(out / table, "," if table.endswith(".csv") else "\t")
        column = next(name for name in rows[0] if name.startswith("name"))
        names.append([row[column] for row in rows][: len(NAMES)])
    exact, safe = names
    assert exact == NAMES
    assert safe == [NAMES[0], "'=HYPERLINK(1)", *NAMES[2:6], "'+/-"]


@pytest.mark.parametrize("style", FORMATS)
def test_the_same_data_gives_the_same_bytes_and_other_files_stay(style, timed, tmp_path):
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "notes").write_text("mine")
    for target in ("one", "two", "two"):
        export(timed, tmp_path / target, style)
    once, twice = _files(tmp_path / "one"), _files(tmp_path / "two")
    assert twice.pop("notes") == b"mine"
    assert once == twice
    assert once


@pytest.mark.parametrize("style", FORMATS)
def test_the_public_programs_folder_of_two_files_is_exported_too(style, folder, tmp_path):
    for table in folder.glob("*.tsv"):
        table.unlink()
    assert export(folder, tmp_path / "out", style)


@pytest.mark.parametrize("style", FORMATS)
def test_a_graph_without_interactions_is_exported_or_refused_in_one_line(style, folder, tmp_path):
    (folder / "ratings_final.txt").write_text("")
    _tsv(folder / "users.tsv", "id raw_id", [])
    if not FORMATS[style].needs_interactions:
        assert export(folder, tmp_path / "out", style)
        return
    with pytest.raises(DataError, match=rf"no interactions, and --format {style} needs them"):
        export(folder, tmp_path / "out", style)
    assert not (tmp_path / "out").exists()


def test_control_characters_of_names_and_ids_end_no_line(folder, tmp_path):
    entities = (folder / "entities.tsv").read_text().replace("a, b; c", "a\x0b b\x85c\u2028d")
    (folder / "entities.tsv").write_text(entities, encoding="utf-8")
    items = (folder / "items.tsv").read_text().replace("a, b; c", "a\x0b b\x85c\u2028d")
    (folder / "items.tsv").write_text(items.replace("3 100%", "3\x0c\x85"), encoding="utf-8")
    for style in FORMATS:
        for path in export(folder, tmp_path / style, style):
            if path.name != "graph.json":
                text = path.read_text(encoding="utf-8")
                assert text.count("\n") == len(text.splitlines()), path


# What goes wrong


def test_the_command_names_the_files_and_refuses_an_unknown_format(folder, tmp_path):
    runner, out = CliRunner(), tmp_path / "out"
    done = runner.invoke(
        app, ["export", "--format", "pykeen", "--data", str(folder), str(out)],
        env={"COLUMNS": "20"},
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        str(out / name) for name in ("entities.tsv", "test.tsv", "train.tsv", "valid.tsv")
    ]
    wrong = runner.invoke(app, ["export", "--format", "csv", "--data", str(folder), str(out)])
    assert isinstance(wrong.exception, DataError)
    assert "one of: recbole, kgat, pykeen" in str(wrong.exception)


def test_the_processed_folder_itself_is_never_overwritten(folder):
    before = _files(folder)
    with pytest.raises(DataError, match="the processed folder itself"):
        export(folder, folder / ".", "kgat")
    assert _files(folder) == before


@pytest.mark.parametrize("name", ["kg_final.txt", "ratings_final.txt"])
def test_a_damaged_file_is_named_with_its_line(name, folder, tmp_path):
    lines = (folder / name).read_text().splitlines()
    (folder / name).write_text("\n".join([lines[0], "1\tx\t2", *lines[2:]]))
    with pytest.raises(DataError, match=rf"{name}:2: "):
        export(folder, tmp_path / "out", "lenskit")


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    for style in FORMATS:
        with pytest.raises(DataError, match="no such data folder"):
            export(tmp_path / "none", tmp_path / "out", style)


def test_two_exports_into_one_folder_do_not_mix(folder, tmp_path):
    with folder_lock(tmp_path / "out", "export"), pytest.raises(InUseError):
        export(folder, tmp_path / "out", "kgat")


def test_a_failed_export_leaves_the_earlier_one_whole(folder, tmp_path, monkeypatch):
    export(folder, tmp_path / "out", "neo4j-csv")
    before = _files(tmp_path / "out")
    monkeypatch.setattr("pipeline.export.graphs._relationship_types", _no_room)
    with pytest.raises(OSError, match="No space left"):
        export(folder, tmp_path / "out", "neo4j-csv", seed=2)
    assert _files(tmp_path / "out") == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".lock", "nodes.csv", "relationships.csv"
    ]  # fmt: skip


def _no_room(names: list[str]) -> list[str]:
    raise OSError(28, "No space left on device")


def test_data_that_change_meanwhile_are_refused(folder, tmp_path, monkeypatch):
    def changed(path, **options):
        data = load(path, **options)
        (folder / "kg_final.txt").write_text("0\t0\t7\n")
        return data

    monkeypatch.setattr("pipeline.export.command.load", changed)
    with pytest.raises(DataError, match="has changed since it was read"):
        export(folder, tmp_path / "out", "recbole")
    assert _files(tmp_path / "out") == {}


def test_kgat_is_refused_where_it_would_count_too_few_entities(folder, tmp_path):
    _tsv(folder / "kg_final.txt", "", [(0, 0, 1)])
    for table in folder.glob("*.tsv"):
        table.unlink()
    with pytest.raises(DataError, match="item 6 has no triple"):
        export(folder, tmp_path / "out", "kgat")


def test_too_few_rows_for_a_split_are_an_error(folder, tmp_path):
    _tsv(folder / "ratings_final.txt", "", [(0, 1, 1), (0, 2, 1), (1, 0, 0)])
    _tsv(folder / "kg_final.txt", "", [(0, 0, 1), (10, 0, 2)])
    for table in folder.glob("*.tsv"):
        table.unlink()
    with pytest.raises(DataError, match="no user has five items"):
        export(folder, tmp_path / "out", "kgat")
    with pytest.raises(DataError, match="2 triples are too few"):
        export(folder, tmp_path / "out", "pykeen")
