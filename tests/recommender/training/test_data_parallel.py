"""torchrun: two processes give the steps of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from recommender.train import main
from recommender.training.checkpoint import read_checkpoint
from recommender.training.distributed import Group

ROOT = Path(__file__).resolve().parents[3]


def test_slices_cover_a_batch_once() -> None:
    for size in (1, 2, 3, 5):
        for n in (0, 1, 2, 7, 256):
            parts = [range(n)[Group(rank, size).slice(n)] for rank in range(size)]
            assert [i for part in parts for i in part] == list(range(n))


@pytest.mark.slow
def test_two_processes_learn_what_one_does(toy_data: Path, tmp_path: Path) -> None:
    arguments = [
        *("--data", str(toy_data), "--dim", "8", "--batch-size", "50"),
        *("--epochs", "4", "--patience", "0", "--threads", "1", "--precision", "float64"),
        *("--kernel", "torch", "--lr-rs", "0.01", "--device", "cpu"),
    ]
    one, two = tmp_path / "one", tmp_path / "two"
    assert main([*arguments, "--out", str(one)]) == 0
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *torchrun, "-m", "recommender.train", *arguments, "--out", str(two)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    metrics = [json.loads((out / "metrics.json").read_text()) for out in (one, two)]
    assert abs(metrics[0]["test"]["auc"] - metrics[1]["test"]["auc"]) < 0.003
    assert len((two / "metrics.jsonl").read_text().splitlines()) == 4  # one process writes
    models = [read_checkpoint(out / "checkpoint.pt").model for out in (one, two)]
    for name, value in models[0].items():
        torch.testing.assert_close(models[1][name], value, rtol=0, atol=1e-6, msg=name)


@pytest.mark.slow
def test_an_error_of_all_processes_is_reported_once_and_torchrun_ends_with_it() -> None:
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *torchrun, "-m", "recommender.train", "--modle", "mkr"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    line = "error: unrecognized arguments: --modle mkr; see python -m recommender.train --help"
    lines = done.stderr.strip().splitlines()
    assert lines.count(line) == 1
    assert lines[-2].endswith(f"traceback : {line}")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_torchrun_on_a_gpu(toy_data: Path, tmp_path: Path) -> None:
    """The process group uses nccl; with one GPU it has one member."""
    arguments = [
        *("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "1"),
        *("-m", "recommender.train", "--data", str(toy_data), "--dim", "8", "--epochs", "4"),
        *("--patience", "0", "--lr-rs", "0.01", "--device", "cuda", "--out", str(tmp_path / "run")),
    ]
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads((tmp_path / "run/metrics.json").read_text())["epochs"] == 4
