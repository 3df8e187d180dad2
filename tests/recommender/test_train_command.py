"""`python -m recommender.train` and the Python API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from recommender import Trainer, create_model, load, recommendations_for, split
from recommender.cli import main_guard
from recommender.models.mkr_config import MKRConfig
from recommender.train import main
from recommender.training.config import TrainConfig

SMALL = ["--epochs", "2", "--dim", "4", "--threads", "1"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        status = main_guard(main, list(arguments))
    except SystemExit as leaving:  # argparse's own way out
        status = int(leaving.code or 0)
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_five_lines_of_python(toy_data: Path, tmp_path: Path) -> None:
    parts = split(load(toy_data), seed=1)
    model = create_model("mmss_mkr", parts.train, dim=8, lr_rs=0.01, batch_size=64)
    result = Trainer(out=tmp_path / "run", epochs=40, negatives="static").fit(model, parts)
    frame = recommendations_for(model, parts, users=[0], top=5).to_frame()
    assert result.metrics["test"]["auc"] > 0.7
    assert len(frame) == 5


def test_trains_into_the_data_folder(
    toy_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "world"
    data.mkdir()
    for name in ("ratings_final.txt", "kg_final.txt"):
        (data / name).write_bytes((toy_data / name).read_bytes())
    status, out, _ = run(capsys, "--data", str(data), "--split-seed", "3", *SMALL)
    assert status == 0
    assert "auc_cold" in out
    assert "NDCG" in out and "different items in all lists" in out
    folder = data / "models" / "mmss_mkr-fresh-split3-seed555"
    assert str(folder) in out.replace("\n", "")
    files = {path.name for path in folder.iterdir()}
    assert {"config.json", "checkpoint.pt", "metrics.jsonl", "metrics.json"} <= files
    assert any(name.endswith(".png") for name in files)
    metrics = json.loads((folder / "metrics.json").read_text())
    wanted = {f"{name}@{k}" for name in ("ndcg", "recall", "coverage", "gini") for k in (10, 20)}
    assert wanted <= set(metrics["ranking"]) & set(metrics["valid_ranking"])


def test_file_then_flags(
    toy_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The preset, then --config, then the flags."""
    file = tmp_path / "mine.toml"
    file.write_text(
        'model = "ms_mkr"\n[settings]\ndim = 6\nlambda1 = 0.5\n[training]\nepochs = 3\n'
    )
    arguments = ["--data", str(toy_data), "--config", str(file), "--out", str(tmp_path / "run")]
    assert run(capsys, *arguments, "--dim", "5")[0] == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["model"] == "ms_mkr"
    settings = config["model_settings"]
    assert (settings["dim"], settings["lambda1"], settings["prediction"]) == (5, 0.5, "plain")
    assert config["training"]["epochs"] == 3


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[settings]\ndims = 4\n", "no setting 'dims'"),
        ("[training]\nepochs = 'ten'\n", "epochs"),
        ("[model]\ndim = 4\n", "'model' must be a name"),
        ("dim = 4\n", "'dim' is not one of"),
        ("[settings\n", "not TOML"),
        ('model = "mkrr"\n', "no model 'mkrr'"),
    ],
)
def test_wrong_files_get_one_line(
    content: str,
    complaint: str,
    toy_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(content)
    status, _, err = run(capsys, "--data", str(toy_data), "--config", str(file))
    assert status == 2
    assert complaint in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--dim", "0"], "dim"),
        (["--dim", "four"], "--dim"),
        (["--prediction", "S1+S9"], "S1+T+S2"),
        (["--model", "nobody"], "mmss_mkr"),
        (["--dims", "4"], "--dims"),
        (["--negatives", "some"], "static"),
        (["--monitor", "ndgc@10"], "'ndgc@10' is none of auc, acc, precision@K, recall@K, ndcg@K"),
        (["--monitor", "auc+ndcg@0"], "'ndcg@0'"),
        (["--monitor", "auc+"], "''"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
        (["--data", "nowhere"], "python -m pipeline build"),
    ],
)
def test_wrong_flags_get_one_line(
    arguments: list[str], complaint: str, toy_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, "--data", str(toy_data), *arguments)
    assert status in (1, 2)
    assert complaint in err and err.count("\n") == 1
    assert "Traceback" not in err


def test_without_data_it_names_the_command_that_makes_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = run(capsys)
    assert status == 2
    assert "python -m pipeline build --dataset sample" in err


def test_help_explains_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--help")
    assert status == 0
    text = " ".join(out.split())
    for config in (TrainConfig, MKRConfig):
        for name in config.model_fields:
            assert f"--{name.replace('_', '-')}" in text
    for symbol in ("lambda_1", "S(v)", "f_RS", "kge_interval", "Eq. 3", "Eq. 10"):
        assert symbol in text


def test_table_4_is_to_the_letter(
    toy_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(__file__).parents[2] / "recommender" / "experiments" / "table4.toml"
    arguments = ["--data", str(toy_data), "--config", str(file), "--out", str(tmp_path / "run")]
    assert run(capsys, *arguments, "--epochs", "1")[0] == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    settings, training = config["model_settings"], config["training"]
    names = ("low_layers", "high_layers", "dim", "batch_size", "lr_rs", "lr_kge", "lambda2")
    assert [settings[name] for name in names] == [1, 1, 128, 256, 2e-5, 2e-5, 2e-5]
    assert settings["kge_interval"] == 64
    assert training["negatives"] == "static"


@pytest.mark.real_data
@pytest.mark.slow
def test_quality_on_last_fm(real_data: Path, tmp_path: Path) -> None:
    """One short run on published data lands where the model belongs."""
    parts = split(load(stock_last_fm(real_data, tmp_path / "lastfm")), seed=555)
    model = create_model("mmss_mkr", parts.train, dim=32, lr_rs=5e-4)
    torch.manual_seed(0)
    result = Trainer(epochs=10, threads=1).fit(model, parts)
    assert 0.80 < result.metrics["test"]["auc"] < 0.84


def stock_last_fm(real_data: Path, folder: Path) -> Path:
    """The public code's preparation in short: the recommender's tests do not use the pipeline."""
    import numpy as np

    folder.mkdir()
    source = real_data / "lastfm"
    items = {}
    for line in (source / "stock-kg" / "item_index2entity_id.txt").read_text().splitlines():
        artist, entity = line.split("\t")
        items[artist] = int(entity)
    liked: dict[str, list[int]] = {}
    for line in (source / "user_artists.dat").read_text().splitlines()[1:]:
        user, artist, _ = line.split("\t")
        if artist in items:
            liked.setdefault(user, []).append(items[artist])
    rng = np.random.default_rng(555)
    rows = []
    for user, mine in enumerate(liked.values()):
        others = np.setdiff1d(np.arange(len(items)), mine)
        rows += [f"{user}\t{item}\t1\n" for item in mine]
        rows += [f"{user}\t{item}\t0\n" for item in rng.choice(others, len(mine), replace=False)]
    (folder / "ratings_final.txt").write_text("".join(rows))
    relations: dict[str, int] = {}
    triples = []
    for line in (source / "stock-kg" / "kg.txt").read_text().splitlines():
        head, relation, tail = line.split("\t")
        triples.append(f"{head}\t{relations.setdefault(relation, len(relations))}\t{tail}\n")
    (folder / "kg_final.txt").write_text("".join(triples))
    return folder
