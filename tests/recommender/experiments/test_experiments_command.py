"""From rows to the page: planning, caching, resuming, hand-checked figures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from recommender.errors import ConfigError
from recommender.experiments.__main__ import main
from recommender.experiments.cells import data_folder, make_cell, run_cell
from recommender.experiments.findings import read_table
from recommender.experiments.page import lists_section
from recommender.experiments.report import Study, write_report
from recommender.experiments.results import LISTS, Figure, gather
from recommender.experiments.rows import Row, read_rows
from recommender.experiments.runner import plan

ROW = """model = "{model}"
[experiment]
label = "{label}"
dataset = "toy"
order = {order}
auc = {auc}
acc = 0.7
{extra}
[settings]
dim = 4
batch_size = 64
[training]
negatives = "static"
epochs = 2
"""


@pytest.fixture
def rows_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rows" / "table9"
    folder.mkdir(parents=True)
    for order, (model, label) in enumerate([("mkr", "MKR"), ("mmss_mkr", "MMSS_MKR")]):
        extra = "reference = true" if model == "mmss_mkr" else ""
        text = ROW.format(model=model, label=label, order=order, auc=0.8 + order / 100, extra=extra)
        (folder / f"{model}.toml").write_text(text)
    return folder.parent


@pytest.fixture
def root(toy_data: Path, tmp_path: Path) -> Path:
    shutil.copytree(toy_data, tmp_path / "data" / "toy")
    return tmp_path / "data"


def arguments(root: Path, rows_folder: Path, *more: str) -> list[str]:
    out = ["--data-root", str(root), "--rows", str(rows_folder), "--out", str(root / "page")]
    return ["table9", *out, "--seeds", "555", "1", "--jobs", "1", *more]


def test_the_page_and_the_second_run(
    root: Path, rows_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(root, rows_folder)) == 0
    assert "4 trainings to do" in capsys.readouterr().err
    cached = sorted((root / "experiments").rglob("*.json"))
    assert len(cached) == 4
    page = root / "page" / "table9-published.md"
    text = page.read_text()
    results = [json.loads(path.read_text()) for path in cached]
    mine = [r["test"]["auc"] for r in results if r["model"] == "mmss_mkr"]
    assert f"| **MMSS_MKR** | {sum(mine) / 2:.3f} ± {abs(mine[0] - mine[1]) / 2**0.5:.3f} |" in text
    assert "--seeds 555 1" in text
    assert (root / "page" / "table9-published-fig9.png").read_bytes()[:4] == b"\x89PNG"
    assert "<td>MMSS_MKR</td>" in page.with_suffix(".html").read_text()
    # Again: nothing to train, the same bytes.
    before = page.read_bytes(), [path.stat().st_mtime_ns for path in cached]
    assert main(arguments(root, rows_folder)) == 0
    assert "4 results at hand, 0 trainings to do" in capsys.readouterr().err
    assert before == (page.read_bytes(), [path.stat().st_mtime_ns for path in cached])


def test_a_page_is_completed_from_published_results(
    root: Path, rows_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(root, rows_folder, "--seeds", "555")) == 0
    first = (root / "page" / "table9-published.md").read_text()
    shutil.rmtree(root / "experiments")  # another machine
    assert main(arguments(root, rows_folder, "--published")) == 0
    assert "2 results at hand, 2 trainings to do" in capsys.readouterr().err
    lines = (root / "page" / "cells" / "mkr.jsonl").read_text().splitlines()
    assert [json.loads(line)["key"]["seed"] for line in lines] == [1, 555]
    shutil.rmtree(root / "experiments")
    assert main(arguments(root, rows_folder, "--seeds", "555", "--cached")) == 0
    again = (root / "page" / "table9-published.md").read_text()
    assert again.replace(" --cached", "") == first
    (root / "page" / "cells" / "mkr.jsonl").write_text("{")
    with pytest.raises(ConfigError, match=r"mkr\.jsonl:1: not a result"):
        main(arguments(root, rows_folder, "--published"))


def test_estimate_runs_nothing(
    root: Path, rows_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(root, rows_folder, "--estimate")) == 0
    assert "4 trainings to do, about 4 minutes on 1 core" in capsys.readouterr().err
    assert not (root / "experiments").exists() and not (root / "page").exists()


def test_a_page_from_what_is_at_hand_trains_nothing(
    root: Path, rows_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_cell(cells(root, rows_folder)[0], root / "experiments")
    assert main(arguments(root, rows_folder, "--cached")) == 0
    assert len(list((root / "experiments").rglob("*.json"))) == 1
    text = (root / "page" / "table9-published.md").read_text()
    assert "MMSS_MKR: not run" in text and "--cached" in text


def cells(root: Path, rows_folder: Path, **kwargs: Any) -> list[Any]:
    settings = {"negatives": None, "epochs": None, **kwargs}
    rows = read_rows("table9", rows_folder)
    return [make_cell(row, seed, root, **settings) for row in rows for seed in (555, 1)]


def test_a_killed_run_goes_on_with_what_is_missing(root: Path, rows_folder: Path) -> None:
    mine, cache = cells(root, rows_folder), root / "cache"
    for cell in mine[:3]:
        run_cell(cell, cache)
    mine[0].key.path(cache).write_text("{ half of a")
    todo = plan(mine, cache)
    assert {cell.key for cell in todo.todo} == {mine[0].key, mine[3].key}
    assert len(todo.done) == 2
    assert todo.seconds[mine[0].key] < 60  # from the other seed, not from the file


def test_cells_of_the_same_settings_are_trained_once(root: Path, rows_folder: Path) -> None:
    table9 = rows_folder / "table9"
    shutil.copy(table9 / "mkr.toml", table9 / "again.toml")
    mine = cells(root, rows_folder)
    assert len(mine) == 6 and len(plan(mine, root / "cache").todo) == 4


def test_what_a_result_depends_on_is_in_its_name(root: Path, rows_folder: Path) -> None:
    first = cells(root, rows_folder)[0].key
    assert first == cells(root, rows_folder)[0].key
    assert first != cells(root, rows_folder, negatives="fresh")[0].key
    assert first != cells(root, rows_folder, epochs=1)[0].key
    ratings = root / "toy" / "ratings_final.txt"
    ratings.write_text("".join(ratings.read_text().splitlines(keepends=True)[:-1]))
    from recommender.experiments import cells as module

    module._hashes.cache_clear()
    module.load_folder.cache_clear()  # no hash is given of a file that is not the one read
    assert first != cells(root, rows_folder)[0].key


def test_a_folder_made_for_a_seed_is_preferred(root: Path) -> None:
    assert data_folder(root, "toy", 555) == (root / "toy", False)
    assert data_folder(root, "toy", 2) == (root / "toy", True)
    (root / "toy-seed2").mkdir()
    assert data_folder(root, "toy", 2) == (root / "toy-seed2", False)


def test_a_row_that_cannot_be_run_leaves_the_others(
    root: Path, rows_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = rows_folder / "table9" / "mkr.toml"
    path.write_text(path.read_text().replace('"mkr"', '"nonsense"'))
    assert main(arguments(root, rows_folder, "--estimate")) == 0
    progress = capsys.readouterr().err
    assert "left out: table9/toy/mkr: no model 'nonsense'" in progress
    assert "2 trainings to do" in progress


@pytest.mark.parametrize(
    ("more", "word"), [(["--seeds", "1", "1"], "--seeds"), (["--jobs", "0"], "--jobs")]
)
def test_impossible_settings(root: Path, rows_folder: Path, more: list[str], word: str) -> None:
    given = arguments(root, rows_folder, "--estimate")
    with pytest.raises(ConfigError, match=word):
        main([*given, *more])  # the last of two equal flags counts


def row(label: str, auc: float, **more: Any) -> Row:
    return Row(
        label=label, dataset="d", order=0, auc=auc, acc=auc, table=more.pop("table", "table5"),
        file=Path(f"{label}.toml"), model="mkr", **more,
    )  # fmt: skip


def results(values: list[float]) -> dict[int, dict[str, Any]]:
    return {
        seed: {
            "test": {"auc": v, "acc": v, "auc_warm": v, "auc_cold": None},
            "parameters": 10, "seconds": 1.0, "best_epoch": 1, "training": {"negatives": "static"},
        }
        for seed, v in enumerate(values)
    }  # fmt: skip


def test_numbers_and_sentences_follow_the_figures() -> None:
    rows = [
        row("DKN", 0.6),
        row("KGCN", 0.8),
        row("MMSS_MKR", 0.82, reference=True),
        row("popularity", 0.5, kind="control"),
    ]
    rows[3] = rows[3].model_copy(update={"auc": None, "acc": None})
    measured = {
        rows[0].name: results([0.60, 0.61, 0.60, 0.61]),
        rows[1].name: results([0.840, 0.851, 0.841, 0.852]),
        rows[2].name: results([0.80, 0.81, 0.80, 0.81]),
        rows[3].name: results([0.70, 0.71, 0.70, 0.712]),
    }
    (table,) = gather(rows, measured, {})
    kgcn = table.row("KGCN")
    assert kgcn is not None
    figure = kgcn.figures["auc"]
    assert figure.mean == pytest.approx(0.846)
    assert figure.difference == pytest.approx(0.046)
    assert figure.contrast is not None and figure.contrast.difference == pytest.approx(0.041)
    assert figure.contrast.p_holm is not None and figure.contrast.p_holm < 0.05
    assert kgcn.figures["auc_cold"].mean is None
    assert figure.sd is not None and figure.new_seed is not None
    # t(0.995, 3) = 5.841 by the tables
    reach = 5.841 * figure.sd * 1.25**0.5
    assert figure.new_seed == pytest.approx((0.846 - reach, 0.846 + reach), abs=1e-4)
    assert [r.negatives for r in table.rows] == ["static"] * 4
    text = "\n".join(read_table(table))
    assert "Here KGCN (0.846) is higher (0.805 for MMSS_MKR); surely so" in text
    assert "MMSS_MKR is surely better than DKN" in text
    assert "“DKN is the least effective” (AUC 0.605) holds." in text
    assert "above it: KGCN (+0.046)" in text
    assert "controls" not in text  # popularity is below
    short = (
        "does not hold here: 1 of 2 higher in AUC (1 surely) and 1 of 2 higher in ACC (1 surely)"
    )
    assert short in text


def test_the_page_says_which_sampling_reaches_the_published_figure() -> None:
    rows = [
        row("MKR", 0.80),
        row("MMSS_MKR", 0.82, reference=True),
        row("MMSS_MKR, fresh", 0.82, kind="ours"),
    ]
    rows[1:] = [r.model_copy(update={"model": "mmss_mkr"}) for r in rows[1:]]
    measured = {
        rows[0].name: results([0.79, 0.80]),
        rows[1].name: results([0.80, 0.81]),
        rows[2].name: results([0.83, 0.84]),
    }
    for cell in measured[rows[2].name].values():
        cell["training"] = {"negatives": "fresh"}
    (table,) = gather(rows, measured, {})
    text = "\n".join(read_table(table))
    assert "The AUC of 0.820 published for MMSS_MKR is not reached with static negatives" in text
    assert "(0.805) and reached with fresh negatives (0.835)." in text
    assert "MMSS_MKR is the best of the paper's rows holds here" in text  # not its own rival


def test_two_seeds_promise_nothing_about_a_third() -> None:
    assert Figure([0.8, 0.81]).new_seed is None
    assert Figure([0.8, None, 0.81]).new_seed is None
    assert Figure([0.5, 0.5, 0.5]).new_seed == (0.5, 0.5)


def test_the_table_says_what_a_row_learns_against() -> None:
    rows = [row("A", 0.8, reference=True), row("B", 0.8), row("C", 0.8)]
    rows[1] = rows[1].model_copy(update={"model": "lightgcn"})
    rows[2] = rows[2].model_copy(update={"model": "als"})
    measured = {r.name: results([0.8, 0.81]) for r in rows}
    for cell in measured[rows[1].name].values():
        cell["settings"] = {"pairs": "uniform"}
    (table,) = gather(rows, measured, {})
    assert [r.negatives for r in table.rows] == ["static", "own", "none"]


def test_the_page_tells_of_negatives_that_a_build_would_not_draw(tmp_path: Path) -> None:
    def page(dataset: str, redrawn: bool) -> str:
        cell = {"dataset": dataset, "redrawn": redrawn}
        study = Study(
            tables=[], rows={}, results={"a": {2: cell}}, problems={}, command="x", seeds=[2],
            negatives=None, epochs=None, data_root=tmp_path, rows_folder=tmp_path,
        )  # fmt: skip
        return write_report(study, tmp_path, "page")[0].read_text()

    assert "movielens-1m, seeds 2: the negatives were drawn" in page("movielens-1m", True)
    assert "rated low" not in page("movielens-1m", False)
    assert "rated low" not in page("lastfm-stock", True)


def test_a_claim_that_fails_is_reported_as_failed() -> None:
    rows = [
        row("S1", 0.79, table="table7"), row("T", 0.80, table="table7"),
        row("S1+T", 0.81, table="table7"), row("S1+T+S2", 0.82, table="table7", reference=True),
        row("ALS", 0.8, table="table7", kind="control"),
    ]  # fmt: skip
    rows[-1] = rows[-1].model_copy(update={"auc": None, "acc": None})
    values = {"S1": 0.81, "T": 0.82, "S1+T": 0.80, "S1+T+S2": 0.79, "ALS": 0.9}
    measured = {r.name: results([values[r.label]]) for r in rows}
    (table,) = gather(rows, measured, {})
    text = "\n".join(read_table(table))
    claim = "“Three functions beat two, and two beat one” does not hold"
    assert f"{claim} for the mean AUC (0.815 · 0.800 · 0.790)" in text
    assert "single seed" in text


def ranked(values: list[float], **more: int) -> dict[int, dict[str, Any]]:
    """Results in the form of `results`, with a ranking on all seeds."""
    cells = results(values)
    for seed, cell in cells.items():
        cell["ranking"] = {
            **dict.fromkeys(LISTS, values[seed]), "distinct_items@10": 1000 + 300 * seed,
            "lists": 1864, "ranked_users": 1872, "all_users": 1872,
            "basis": {"calibration": "genre"}, **more,
        }  # fmt: skip
    return cells


def test_lists_stand_beside_and_earlier_results_have_a_dash() -> None:
    rows = [row("A", 0.8, reference=True), row("B", 0.8), row("C", 0.8), row("D", 0.8)]
    measured = {
        rows[0].name: ranked([0.80, 0.81, 0.80, 0.81]),
        rows[1].name: ranked([0.60, 0.61, 0.60, 0.612]),
        rows[2].name: results([0.7, 0.7, 0.7, 0.7]),  # of an earlier version
    }
    (table,) = gather(rows, measured, {})
    section = lists_section("Table 5", table)
    assert section is not None
    a, b, c, d = (dict(zip(section.columns, cells, strict=True)) for cells in section.rows)
    assert section.emphasised == [True, False, False, False]
    assert a["NDCG@10"] == "0.805 ± 0.006" and a["p"] == "–"
    assert a["different items"] == "1,450 ± 387"
    assert b["p"] == "< 0.001"  # one test in its group: Holm leaves it as it is
    assert set(list(c.values())[1:]) == set(list(d.values())[1:]) == {"–"}
    assert section.reading == ["Measured on the lists of 1,864 users, calibration by genre."]
    assert "from before these were measured: C" in section.notes[0]


def test_lists_of_a_sample_of_users_are_labelled() -> None:
    rows = [row("A", 0.8, reference=True)]
    cells = ranked([0.8, 0.9], lists=1990, ranked_users=2000, all_users=6036)
    (table,) = gather(rows, {rows[0].name: cells}, {})
    section = lists_section("Table 6", table)
    assert section is not None
    assert "1,990 users (drawn from 6,036;" in section.reading[0]


def test_without_any_ranking_there_is_no_table_of_lists() -> None:
    rows = [row("A", 0.8, reference=True), row("B", 0.8)]
    (table,) = gather(rows, {r.name: results([0.8, 0.81]) for r in rows}, {})
    assert lists_section("Table 5", table) is None


def test_tests_of_rows_do_not_depend_on_the_lists() -> None:
    rows = [row("A", 0.8, reference=True), row("B", 0.8)]
    values = [0.80, 0.81, 0.80, 0.81], [0.79, 0.806, 0.80, 0.803]
    tables = []
    for made in (results, ranked):
        measured = {r.name: made(v) for r, v in zip(rows, values, strict=True)}
        tables += gather(rows, measured, {})
    plain, with_lists = (t.rows[1].figures["auc"].contrast for t in tables)
    assert plain is not None and plain == with_lists


def test_a_result_holds_both_rankings(root: Path, rows_folder: Path) -> None:
    result = run_cell(cells(root, rows_folder)[0], root / "cache")
    for part in ("valid_ranking", "ranking"):
        wanted = {f"{name}@{k}" for name in ("ndcg", "recall", "hit", "mrr") for k in (10, 20)}
        assert wanted | set(LISTS) <= set(result[part])
