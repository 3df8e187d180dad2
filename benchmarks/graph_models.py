"""Training steps of KGCN, KGNN-LS and RippleNet on one thread, and RecBole's beside them.

    python benchmarks/graph_models.py                                  random rows, Last.FM's size
    python benchmarks/graph_models.py --data data/processed/lastfm-stock
    python benchmarks/graph_models.py --recbole /envs/recbole/bin/python

Both get the same rows and triples and the published settings for Last.FM (batch, dimension,
neighbours, hops, memories). An epoch goes once through the rows: forward, backward, Adam, and on
RecBole's side its own negative sampling, which is part of its epoch. The figure is the median of
three epochs after a warm-up, by the clock of the process, so that a busy neighbour is not
measured. What is not the same: RecBole penalises the rows in use, KGCN's public code and ours
whole tables, which is more work.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table
from training import last_fm_sized, write_rows

from recommender import create_model, load, split
from recommender.data import TrainingSplit, make_sampler
from recommender.layers.embedding import EmbeddingTable
from recommender.training.adam import Adam
from recommender.training.steps import TorchSteps

#: our model → RecBole's name and the same settings in its words
PEERS: dict[str, tuple[str, dict[str, Any]]] = {
    "kgcn": (
        "KGCN",
        {
            "embedding_size": 16, "n_iter": 1, "aggregator": "sum", "neighbor_sample_size": 8,
            "reg_weight": 1e-4, "train_batch_size": 128,
        },
    ),
    "kgnn_ls": (
        "KGNNLS",
        {
            "embedding_size": 16, "n_iter": 1, "aggregator": "sum", "neighbor_sample_size": 8,
            "reg_weight": 1e-4, "ls_weight": 0.1, "train_batch_size": 128,
        },
    ),
    "ripplenet": (
        "RippleNet",
        {
            "embedding_size": 16, "n_hop": 3, "n_memory": 32, "reg_weight": 1e-5,
            "kg_weight": 0.02, "train_batch_size": 1024,
        },
    ),
}  # fmt: skip
EPOCHS = 3


def ours(name: str, train: TrainingSplit) -> float:
    """Rows per second of our epochs."""
    model = create_model(name, train)
    task = model.tasks(make_sampler("static", train))[0]
    tables = [module for module in model.modules() if isinstance(module, EmbeddingTable)]
    optimizer = Adam(task.parameters(), tables, learning_rate=task.learning_rate, rowwise=True)
    steps = TorchSteps(task, optimizer)
    rates = []
    for epoch in range(EPOCHS + 1):
        began = time.process_time()
        rng = np.random.default_rng(epoch)
        columns = task.samples(rng)
        order = rng.permutation(len(columns[0]))
        tensors = tuple(torch.from_numpy(column[order]) for column in columns)
        with optimizer.stepping():
            steps.run(tensors)
        rates.append(len(order) / (time.process_time() - began))
    return median(rates[1:])


def theirs(python: str | None, data: Path, name: str) -> tuple[float | None, str]:
    """Rows per second of RecBole's epochs, or why there are none."""
    if not python:
        return None, "not installed"
    model, settings = PEERS[name]
    script = Path(__file__).parent / "peers" / "recbole_graph.py"
    done = subprocess.run(
        [python, str(script), str(data), model, json.dumps(settings)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
    )
    if done.returncode:
        return None, "failed: " + (done.stderr.strip().splitlines() or ["no message"])[-1]
    return float(json.loads(done.stdout.splitlines()[-1])["rows_per_second"]), ""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="data folder in place of the random rows")
    parser.add_argument(
        "--recbole", default=os.environ.get("RECBOLE_PYTHON"), metavar="PYTHON",
        help="interpreter that has RecBole (default: environment variable RECBOLE_PYTHON)",
    )  # fmt: skip
    parser.add_argument("--models", nargs="+", choices=PEERS, default=list(PEERS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    train = split(load(arguments.data)).train if arguments.data else last_fm_sized()
    table = Table(box=box.SIMPLE_HEAD, title=f"{len(train):,} rows per epoch, one thread")
    columns = ("model", "ours, rows/s", "s/epoch", "RecBole, rows/s", "s/epoch", "faster")
    for n, column in enumerate(columns):
        table.add_column(column, justify="right" if n else "left")
    with tempfile.TemporaryDirectory() as folder:
        write_rows(train, Path(folder))
        for name in arguments.models:
            mine = ours(name, train)
            row = [name, f"{mine:,.0f}", f"{len(train) / mine:.2f}"]
            peer, note = theirs(arguments.recbole, Path(folder), name)
            if peer is None:
                row += [note, "–", "–"]
            else:
                row += [f"{peer:,.0f}", f"{len(train) / peer:.2f}", f"{mine / peer:.1f} ×"]
            table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 110).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
