"""Well-formed but wrong run folders and data, and a second training in one folder."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

from recommender import load, load_run, split
from recommender.cli import main_guard
from recommender.errors import DataError, RunError
from recommender.plots import learning_curve
from recommender.recommend import main as recommend
from recommender.train import main as train
from recommender.training.runs import read_metrics
from safe_io.locks import folder_lock

QUICK = ("--model", "mkr", "--epochs", "1", "--dim", "4", "--device", "cpu")


@pytest.fixture
def run(toy_runs, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(toy_runs["mkr", 1], folder)
    return folder


def rewrite(folder, change):
    content = torch.load(folder / "checkpoint.pt", weights_only=True)
    change(content)
    torch.save(content, folder / "checkpoint.pt")


def first(content):
    return next(iter(content["best_model"]))


DAMAGES = {
    "shape": lambda c: c["best_model"].update({first(c): torch.zeros(3, 5)}),
    "missing": lambda c: c["best_model"].pop(first(c)),
    "not finite": lambda c: c["best_model"][first(c)].fill_(float("nan")),
    "no tensor": lambda c: c["best_model"].update({first(c): "text"}),
    "epoch": lambda c: c.update(epoch="many"),
    "stopping": lambda c: c.update(stopping=[1]),
    "parameters": lambda c: c.update(best_model=[torch.zeros(1)]),
    "key": lambda c: c.update(more=1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_checkpoint_that_does_not_fit_is_refused_in_one_line(run, damage):
    rewrite(run, DAMAGES[damage])
    with pytest.raises(RunError, match=r"checkpoint\.pt") as fault:
        load_run(run)
    assert "\n" not in str(fault.value)


CONTENTS = {
    "cut": lambda whole: whole[: len(whole) // 2],
    "empty": lambda whole: b"",
    "text": lambda whole: b"no tensors",
    "page": lambda whole: b"<html>" * 99,
}


@pytest.mark.parametrize("damage", CONTENTS)
def test_a_damaged_checkpoint_is_called_that_with_a_remedy(run, damage, capsys):
    path = run / "checkpoint.pt"
    path.write_bytes(CONTENTS[damage](path.read_bytes()))
    config = json.loads((run / "config.json").read_text())
    resume = ["--data", config["data"], "--model", "mkr", "--out", str(run), "--resume"]
    for command, arguments in ((recommend, ["--run", str(run), "--user", "0"]), (train, resume)):
        assert main_guard(command, arguments) == 2
        assert capsys.readouterr().err.splitlines()[-1] == (
            f"error: {path}: damaged, or not written by this program; train again without "
            "--resume, or restore the file from a copy"
        )


def test_a_training_says_which_run_it_replaces(named_toy_data, tmp_path, capsys):
    out = tmp_path / "run"
    command = ["--data", str(named_toy_data), *QUICK, "--out", str(out)]
    assert main_guard(train, command) == 0
    assert "replacing" not in capsys.readouterr().err
    assert main_guard(train, [*command, "--seed", "3"]) == 0
    assert f"{out}: replacing the finished run there (another --out keeps it)" in (
        capsys.readouterr().err
    )
    (out / "metrics.json").unlink()
    assert main_guard(train, command) == 0
    assert "replacing the unfinished run there (--resume continues it)" in capsys.readouterr().err
    assert main_guard(train, [*command, "--resume"]) == 0
    assert "replacing" not in capsys.readouterr().err


def test_settings_of_another_size_are_refused(run):
    config = json.loads((run / "config.json").read_text())
    config["model_settings"]["dim"] = 5
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match="does not fit the model"):
        load_run(run)


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "metrics.jsonl"])
@pytest.mark.parametrize("content", [b'{"a": "\xb5"}', b"[1]", b"{"])
def test_a_damaged_file_beside_the_checkpoint_is_refused_in_one_line(run, name, content):
    (run / name).write_bytes(content)
    read = {
        "config.json": load_run,
        "metrics.json": read_metrics,
        "metrics.jsonl": learning_curve,
    }
    with pytest.raises(RunError, match=f"{name}: ") as fault:
        read[name](run)
    assert "\n" not in str(fault.value)


def test_a_second_training_in_one_folder_is_refused(named_toy_data, tmp_path, capsys):
    out = tmp_path / "run"
    command = ["--data", str(named_toy_data), *QUICK, "--out", str(out)]
    with folder_lock(out, "training"):
        assert main_guard(train, command) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith(f"error: {out}: another training is at work here")
    assert not (out / "metrics.jsonl").exists()
    assert main_guard(train, command) == 0


def test_rows_of_one_label_are_called_that_before_the_training(named_toy_data, tmp_path, capsys):
    data = tmp_path / "data"
    shutil.copytree(named_toy_data, data, ignore=shutil.ignore_patterns("models"))
    path = data / "ratings_final.txt"
    path.write_text(path.read_text().replace("\t0\n", "\t1\n"))
    assert main_guard(train, ["--data", str(data), *QUICK]) == 2
    error = capsys.readouterr().err
    assert "the validation rows are all positive" in error
    assert "diverged" not in error


@pytest.mark.parametrize("cell", ["1e3", "1.0", "+1", " 1", "0x1"])
def test_an_id_is_digits_and_nothing_else(toy_data, tmp_path, cell):
    shutil.copytree(toy_data, tmp_path / "data", ignore=shutil.ignore_patterns("models"))
    path = tmp_path / "data" / "ratings_final.txt"
    lines = path.read_text().splitlines()
    lines[2] = f"1\t{cell}\t1"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"ratings_final\.txt:3: item"):
        load(tmp_path / "data")


@pytest.mark.parametrize("content", [bytes(range(256)) * 9, b"id\tname\n\0\1\2", b"\xff\xfe" * 99])
def test_a_table_of_names_that_is_binary_is_refused(named_toy_data, tmp_path, content):
    data = tmp_path / "data"
    shutil.copytree(named_toy_data, data, ignore=shutil.ignore_patterns("models"))
    (data / "items.tsv").write_bytes(content)
    with pytest.raises(DataError, match=r"items\.tsv"):
        load(data).catalogue.item_name(0)


def test_data_that_are_rebuilt_after_they_were_read_get_no_hash(named_toy_data, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(named_toy_data, data, ignore=shutil.ignore_patterns("models"))
    parts = split(load(data), 1)
    path = data / "kg_final.txt"
    (data / "new").write_text(path.read_text() + "0\t1\t33\n")
    (data / "new").replace(path)
    with pytest.raises(DataError, match="has changed since it was read"):
        parts.dataset.hashes()
