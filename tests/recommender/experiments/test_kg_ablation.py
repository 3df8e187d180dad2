"""Models × graphs: a model's graph, paired comparisons, text of the page."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recommender import Trainer, create_model, load, split
from recommender.data.dataset import USER_GRAPH_FILE
from recommender.data.graph import KnowledgeGraph
from recommender.data.provenance import inferred_triples
from recommender.data.resampled_negatives import redraw_negatives
from recommender.errors import ConfigError, DataError
from recommender.experiments import runner
from recommender.experiments.__main__ import main
from recommender.experiments.kg_ablation.cells import make_ablation_cell
from recommender.experiments.kg_ablation.findings import read_leak, read_parts, read_short
from recommender.experiments.kg_ablation.graphs import Graph, check_same_rows, graphs_of
from recommender.experiments.kg_ablation.page import sizes_of
from recommender.experiments.kg_ablation.results import METRICS, Ablation
from recommender.experiments.kg_ablation.study import AblationStudy, read_models, read_study
from recommender.experiments.rows import Row
from recommender.models.registry import model_names

RESOURCE = "https://w3id.org/musickg/"
STUDY = """
stock = "toy"
ours = "built"
lead = "cke"
models = ["models/cke", "models/mkr"]
corruption = [0.5]
[without]
dbpedia = "python -m pipeline build --dataset built --without dbpedia --out {folder}"
"""
MODEL = """model = "{name}"
[experiment]
label = "{label}"
dataset = "toy"
order = 0
[settings]
dim = 4
batch_size = 64
[training]
epochs = 2
"""


@pytest.fixture
def root(named_toy_data: Path, tmp_path: Path) -> Path:
    """Folders `toy` and `built`: the same rows; one triple fewer, the second relation inferred."""
    root = tmp_path / "data"
    for name in ("toy", "built"):
        shutil.copytree(named_toy_data, root / name, ignore=shutil.ignore_patterns("models"))
    built = root / "built"
    triples = (built / "kg_final.txt").read_text().splitlines()
    (built / "kg_final.txt").write_text("\n".join(triples[:-1]) + "\n")
    entities = pd.read_csv(built / "entities.tsv", sep="\t")
    entities["iri"] = [f"{RESOURCE}thing/{n}" for n in entities["id"]]
    entities.to_csv(built / "entities.tsv", sep="\t", index=False)
    relations = pd.read_csv(built / "relations.tsv", sep="\t")
    relations["iri"] = [f"{RESOURCE}ontology#{name}" for name in relations["name"]]
    relations.to_csv(built / "relations.tsv", sep="\t", index=False)
    names = relations["name"].tolist()
    rows = [
        (f"thing:{h}", names[r], f"thing:{t}", r == 1)
        for h, r, t in zip(*columns(load(built).graph), strict=True)
    ]
    # A fact that is inferred and stated too, and one about things that are not in the graph.
    rows += [(rows[31][0], rows[31][1], rows[31][2], False), ("thing:900", "genre", "x", True)]
    statements = pd.DataFrame(rows, columns=["subject", "predicate", "object", "inferred"])
    statements.to_parquet(built / "statements.parquet")
    return root


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    for name in ("cke", "mkr"):
        text = MODEL.format(name=name, label=name.upper())
        (tmp_path / "models" / f"{name}.toml").write_text(text)
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


def columns(graph: KnowledgeGraph) -> tuple[list[int], list[int], list[int]]:
    return graph.head.tolist(), graph.relation.tolist(), graph.tail.tolist()


def arguments(root: Path, study: Path, *more: str) -> list[str]:
    return [
        "kg-ablation", "--data-root", str(root), "--study", str(study),
        "--rows", str(study.parent), "--out", str(root / "page"), "--jobs", "1",
        "--seeds", "555", "1", *more,
    ]  # fmt: skip


def a_cell(root: Path, study: Path, name: str, seed: int, **more: Any) -> Any:
    parsed = read_study(study)
    (graph,) = (graph for graph in graphs_of(parsed) if graph.name == name)
    return make_ablation_cell(read_models(parsed, study.parent)[0], graph, seed, root, **more)


def test_the_page_and_the_second_run(
    root: Path, study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The published tables are tested with processes of their own, each of which loads PyTorch.
    monkeypatch.setattr(runner, "ProcessPoolExecutor", lambda jobs, **_: ThreadPoolExecutor(jobs))
    assert main(arguments(root, study)) == 0
    progress = capsys.readouterr().err.replace("\n", " ")
    assert "28 trainings to do" in progress  # 7 graphs, 2 models, 2 seeds
    assert (
        "for N = 555, 1; build each with `python -m recommender.experiments kg-ablation" in progress
    )
    assert "pipeline build --dataset built --without dbpedia" in progress
    page = root / "page" / "kg-ablation.md"
    text, html = page.read_text(), page.with_suffix(".html").read_text()
    cells = [json.loads(path.read_text()) for path in (root / "experiments").rglob("*.json")]
    assert len(cells) == 28
    stock = [
        cell["test"]["auc"]
        for cell in cells
        if cell["model"] == "mkr" and cell["inputs"]["graph"] == {"change": None}
        and cell["dataset"] == "toy"
    ]  # fmt: skip
    assert f"| stock | {np.mean(stock):.3f} ± {np.std(stock, ddof=1):.3f} |" in text
    for plot in ("graphs", "gains", "corruption"):
        assert (root / "page" / f"kg-ablation-{plot}.png").read_bytes()[:4] == b"\x89PNG"
        assert f'src="kg-ablation-{plot}.png"' in html
    assert "user-side knowledge (such as friendships) is switched off" in text
    assert "without dbpedia: no finished data folder" in text
    before = page.read_bytes()
    assert main(arguments(root, study)) == 0
    assert "28 results at hand, 0 trainings to do" in capsys.readouterr().err
    assert page.read_bytes() == before


def test_models_and_graphs_can_be_chosen(
    root: Path, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--models", "mkr", "--graphs", "ours", "stock", "--estimate"]
    assert main(arguments(root, study, *more)) == 0
    assert "4 trainings to do" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="--graphs: no 'ourz' in this study; there are none"):
        main(arguments(root, study, "--graphs", "ourz"))


def test_a_seed_has_the_same_rows_and_only_the_graph_differs(root: Path, study: Path) -> None:
    expected = split(redraw_negatives(load(root / "toy"), 1), 1)
    for name in ("none", "stock-shuffled", "ours", "without-inference", "corrupted-50"):
        parts = a_cell(root, study, name, 1).split()
        for part in ("train", "valid", "test"):
            for column in ("users", "items", "labels"):
                own, other = (getattr(getattr(p, part), column) for p in (parts, expected))
                assert np.array_equal(own, other)
        assert parts.train.user_graph is None
    assert len(a_cell(root, study, "none", 1).split().train.graph) == 0


def test_the_chance_in_a_graph_comes_from_the_seed(root: Path, study: Path) -> None:
    for name in ("ours-shuffled", "corrupted-50"):
        first, again, other = (
            columns(a_cell(root, study, name, seed).split().train.graph) for seed in (1, 1, 2)
        )
        assert first == again != other


def test_inferred_triples_go_unless_a_source_states_them(root: Path, study: Path) -> None:
    whole = load(root / "built")
    inferred = inferred_triples(whole.folder, whole.graph)
    assert inferred.sum() == 29  # 30 of the relation, one of them stated too
    left = a_cell(root, study, "without-inference", 555).split().train.graph
    gone = set(zip(*columns(whole.graph), strict=True)) - set(zip(*columns(left), strict=True))
    assert len(gone) == 29 and {relation for _, relation, _ in gone} == {1}


def test_a_turned_triple_is_found_by_its_statement(root: Path) -> None:
    """A statement with an item only as object is inverted in the graph."""
    built = root / "built"
    graph = load(built).graph
    statements = pd.read_parquet(built / "statements.parquet")
    turned = statements["predicate"] == "genre"
    statements.loc[turned, ["subject", "object"]] = statements.loc[
        turned, ["object", "subject"]
    ].to_numpy()
    # What else is stated of the same two things does not make it stated.
    statements.loc[turned, "inferred"] = True
    other = statements[turned].head(1).assign(predicate="recordLabel", inferred=False)
    pd.concat([statements, other]).to_parquet(built / "statements.parquet")
    inferred = inferred_triples(built, graph)
    assert inferred[graph.relation == 0].all()
    statements[~turned].to_parquet(built / "statements.parquet")
    with pytest.raises(DataError, match="30 of 61 triples have no statement there"):
        inferred_triples(built, graph)


def test_cells_know_all_that_they_depend_on(root: Path, study: Path) -> None:
    names = ("none", "stock", "stock-shuffled", "ours", "ours-shuffled", "without-inference")
    keys = {a_cell(root, study, name, 1).key for name in (*names, "corrupted-50")}
    assert len(keys) == 7
    (root / "toy" / USER_GRAPH_FILE).write_text("0\t0\t1\n")
    known = a_cell(root, study, "stock", 1, users_from=root / "toy").key
    assert known not in keys
    with pytest.raises(ConfigError, match=r"no user_kg_final.txt; take --user-knowledge off"):
        a_cell(root, study, "stock", 1, users_from=root / "built")


def test_other_rows_are_refused(
    root: Path, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_same_rows(root / "built", root / "toy")
    ratings = root / "built" / "ratings_final.txt"
    lines = ratings.read_text().splitlines()
    ratings.write_text("\n".join([lines[1], lines[0], *lines[2:]]) + "\n")
    from recommender.experiments.cells import load_folder

    load_folder.cache_clear()
    with pytest.raises(DataError, match="rows are not those of"):
        check_same_rows(root / "built", root / "toy")
    assert main(arguments(root, study, "--estimate")) == 0
    progress = capsys.readouterr().err.replace("\n", " ")
    assert "left out: ours: " in progress and "build both with the same --seed" in progress
    assert "12 trainings to do" in progress


def test_a_folder_per_seed_is_used_for_the_seeds_that_have_one(
    root: Path, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(root / "built", root / "built-without-pairs-split1")
    assert main(arguments(root, study, "--graphs", "without-pairs", "--estimate")) == 0
    progress = capsys.readouterr().err
    assert "2 trainings to do" in progress and "for N = 555;" in progress
    # Another that is not finished, and one with other rows, do not take the first away.
    (root / "built-without-pairs-split2").mkdir()
    shutil.copytree(root / "built", root / "built-without-pairs-split3")
    ratings = root / "built-without-pairs-split3" / "ratings_final.txt"
    ratings.write_text(ratings.read_text().rpartition("\n0\t")[0] + "\n")
    more = ["--graphs", "without-pairs", "--estimate", "--seeds", "1", "2", "3"]
    assert main(arguments(root, study, *more)) == 0
    progress = capsys.readouterr().err
    assert (
        "2 trainings to do" in progress
        and "for N = 2;" in progress
        and "split3: its users" in progress
    )


def test_held_out_pairs_are_written_in_the_publishers_ids(root: Path, study: Path) -> None:
    assert main(arguments(root, study, "--write-pairs", str(root / "pairs"))) == 0
    lines = (root / "pairs" / "split1.tsv").read_text().splitlines()
    parts = split(redraw_negatives(load(root / "toy"), 1), 1)
    expected = {
        f"{100 + user}\ta{item}"
        for part in (parts.valid, parts.test)
        for user, item in zip(part.users, part.items, strict=True)
    }
    assert lines[0] == "user\titem" and set(lines[1:]) == expected


GRAPHS = graphs_of(
    AblationStudy(stock="s", ours="o", models=("x",), lead="cke", without={"dbpedia": ""})
)


def an_ablation(values: dict[str, list[float]]) -> Ablation:
    """One model with these values for all metrics, by graph."""
    row = Row(
        label="CKE", dataset="s", order=0, table="kg_ablation", file=Path("x.toml"), model="cke"
    )
    cells = {
        ("cke", name): {
            seed: {
                "test": {m: value for m in METRICS if "@" not in m},
                "ranking": {m: value for m in METRICS if "@" in m},
            }
            for seed, value in enumerate(given)
        }
        for name, given in values.items()
    }
    return Ablation([row], GRAPHS, cells, "cke")


def test_differences_are_paired_by_seed_and_corrected_within_a_model_and_metric() -> None:
    ablation = an_ablation(
        {"ours": [0.90, 0.80, 0.85], "stock": [0.88, 0.79, 0.83], "none": [0.89, 0.79, 0.85]}
    )
    contrast = ablation.contrast("cke", "stock", "ours", "ndcg@10")
    assert contrast is not None and contrast.difference == pytest.approx(0.05 / 3)
    # t = 5 with 2 degrees of freedom: p = 0.0377 by the tables; Holm over two comparisons.
    assert contrast.p_value == pytest.approx(0.0377, abs=1e-4)
    assert contrast.p_holm == pytest.approx(2 * 0.0377, abs=2e-4)
    assert contrast.low == pytest.approx(0.05 / 3 - 4.303 * 0.005774 / 3**0.5, abs=1e-4)
    assert ablation.contrast("cke", "stock", "without-pairs", "auc") is None


def test_only_seeds_that_both_graphs_have_are_paired() -> None:
    ablation = an_ablation({"ours": [0.9, 0.8], "stock": [0.8, 0.7, 0.1]})
    contrast = ablation.contrast("cke", "stock", "ours", "auc")
    assert contrast is not None and contrast.difference == pytest.approx(0.1)


def test_the_sentences_follow_the_figures() -> None:
    values = {
        "ours": [0.90, 0.91, 0.92],
        "stock": [0.87, 0.88, 0.90],
        "ours-shuffled": [0.86, 0.87, 0.88],
        "without-pairs": [0.89, 0.91, 0.91],
        "without-dbpedia": [0.88, 0.88, 0.89],
    }
    ablation = an_ablation(values)
    text = "\n".join(read_short(ablation))
    assert "our graph in place of the stock graph: AUC +0.0267" in text
    assert "0.883 → 0.910" in text
    assert "in their held-out rows, in place of the stock graph: AUC +0.0200" in text
    assert "which 3 seeds leave uncertain. What the left out pairs had added: AUC +0.0067" in text
    assert "3 seeds only" in text
    assert "dbpedia +0.0267" in "\n".join(read_parts(ablation, ablation.models[0]))
    for clean, verdict in (
        ([0.86, 0.87, 0.87], "does not survive"),
        ([0.88, 0.89, 0.91], "survives"),
    ):
        values["without-pairs"] = clean
        (sentence,) = read_leak(an_ablation(values), ablation.models[0])
        assert f"The effect {verdict}." in sentence


def test_the_sizes_of_a_graph_are_counted() -> None:
    graph = KnowledgeGraph(np.array([0, 0, 4]), np.array([0, 2, 0]), np.array([4, 5, 1]), 7, 3)
    changed = KnowledgeGraph(graph.head, graph.relation, np.array([4, 6, 1]), 7, 3)
    sizes = sizes_of(changed, 3, graph)
    assert (sizes.triples, sizes.relations, sizes.entities, sizes.bare_items) == (3, 2, 5, 1)
    assert sizes.unchanged == pytest.approx(2 / 3)


def test_the_projects_own_study_can_be_read() -> None:
    study = read_study()
    rows = read_models(study)
    assert rows[0].model == study.lead
    assert set(study.needs_graph) <= {row.model for row in rows}
    assert {row.model for row in rows} <= set(model_names())
    assert all(isinstance(graph, Graph) for graph in graphs_of(study))


@pytest.mark.parametrize("row", read_models(read_study()), ids=lambda row: row.model)
@pytest.mark.parametrize("change", ["none", "shuffled"])
def test_every_model_of_the_study_learns_from_every_kind_of_graph(
    row: Row, change: Any, named_toy_data: Path
) -> None:
    if change == "none" and row.model in read_study().needs_graph:
        pytest.skip("knows a user by triples alone")
    graph = Graph("x", "x", named_toy_data.name, (), change)
    cell = make_ablation_cell(row, graph, 1, named_toy_data.parent, epochs=1)
    parts = cell.split()
    assert (len(parts.train.graph) == 0) == (change == "none")
    model = create_model(row.model, parts.train, **cell.settings)
    run = Trainer(cell.training).fit(model, parts)
    assert run.metrics["test"]["auc"] is not None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ('corruption = [0.5]\n:corruption = [1.5]\n', "no share"),
        ('lead = "cke"\n:', "lead"),
        ('"models/mkr"]:"models/cke"]', "several rows"),
        ('"models/mkr"]:"models/none"]', "none.toml"),
    ],
)  # fmt: skip
def test_a_study_that_makes_no_sense(root: Path, study: Path, change: str, word: str) -> None:
    old, new = change.split(":")
    study.write_text(STUDY.replace(old, new))
    with pytest.raises(ConfigError, match=word):
        main(arguments(root, study, "--estimate"))
