"""Time and memory of training graph models on one thread, compared with RecBole.

    python benchmarks/graph_models.py                                  random rows, Last.FM's size
    python benchmarks/graph_models.py --data data/processed/lastfm-stock
    python benchmarks/graph_models.py --recbole /envs/recbole/bin/python
    python benchmarks/graph_models.py --data … --whole --models mmss_mkr_g lightgcn kgin

Both use the same rows, triples and settings (batch, dimension, neighbours, hops, layers, dropout,
rate), those published for Last.FM for KGCN, KGNN-LS and RippleNet. An epoch is one pass over the
training positives with their negatives: forward, backward, Adam, and negative sampling. Seconds are
medians of three epochs after a warm-up, in CPU time, which excludes other processes, and in
wall-clock time. Every case runs in a separate process, for a separate memory peak; the part added
by model and training to the peak of libraries and data is shown as well.

`--whole` measures whole trainings instead of epochs: both validate after every epoch by NDCG@10 of
the validation positives among all items, and stop after ten epochs without improvement.

Differences:

- RecBole penalises the rows in use, KGCN's public code and ours whole tables, which is more work;
  for LightGCN and KGIN its penalty has a different form, with the default weight;
- MMSS_MKR-G, which RecBole lacks, has 16 negatives per positive instead of one, uses facts about
  users, ends after 8 epochs by its schedule, and is measured with its defaults (d 128) and with the
  dimension of the others;
- RecBole ranks only items with a training or validation positive, and its KGIN uses `torch_scatter`
  if installed, else torch's own operations.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peers.cost import cost_of_epochs, peak_mb, timed
from rich import box
from rich.console import Console
from rich.table import Table
from training import last_fm_sized, write_rows

from recommender import Trainer, create_model, load, split
from recommender.data import Split, TrainingSplit, make_sampler
from recommender.layers.embedding import EmbeddingTable
from recommender.training.adam import Adam
from recommender.training.steps import TorchSteps


@dataclass(frozen=True)
class Case:
    """One of our models with its settings, and RecBole's equivalent."""

    model: str
    settings: dict[str, Any] = field(default_factory=dict)
    peer: str | None = None
    peer_settings: dict[str, Any] = field(default_factory=dict)


#: `train_batch_size` counts rows: a pair of a positive and a negative is two
CASES: dict[str, Case] = {
    "kgcn": Case(
        "kgcn",
        {},
        "KGCN",
        {
            "embedding_size": 16, "n_iter": 1, "aggregator": "sum", "neighbor_sample_size": 8,
            "reg_weight": 1e-4, "train_batch_size": 128, "learning_rate": 5e-4,
        },
    ),
    "kgnn_ls": Case(
        "kgnn_ls",
        {},
        "KGNNLS",
        {
            "embedding_size": 16, "n_iter": 1, "aggregator": "sum", "neighbor_sample_size": 8,
            "reg_weight": 1e-4, "ls_weight": 0.1, "train_batch_size": 128, "learning_rate": 5e-4,
        },
    ),
    "ripplenet": Case(
        "ripplenet",
        {},
        "RippleNet",
        {
            "embedding_size": 16, "n_hop": 3, "n_memory": 32, "reg_weight": 1e-5,
            "kg_weight": 0.02, "train_batch_size": 1024,
        },
    ),
    "lightgcn": Case(
        "lightgcn",
        {"dim": 64, "layers": 3, "batch_size": 2048, "lr": 5e-3},
        "LightGCN",
        {
            "embedding_size": 64, "n_layers": 3, "train_batch_size": 4096, "learning_rate": 5e-3,
        },
    ),
    "kgin": Case(
        "kgin",
        {"dim": 64, "layers": 2, "intents": 4, "batch_size": 2048, "lr": 5e-3},
        "KGIN",
        {
            "embedding_size": 64, "context_hops": 2, "n_factors": 4, "ind": "distance",
            "sim_regularity": 1e-4, "node_dropout_rate": 0.5, "mess_dropout_rate": 0.1,
            "train_batch_size": 4096, "learning_rate": 5e-3,
        },
    ),
    "mmss_mkr_g": Case("mmss_mkr_g"),
    "mmss_mkr_g-d64": Case("mmss_mkr_g", {"dim": 64}),
}  # fmt: skip
EPOCHS = 3
LONGEST, PATIENCE = 300, 10  # epochs of a whole training


def epochs_of_ours(case: Case, train: TrainingSplit) -> dict[str, float]:
    """Measure our epochs."""
    before_mb = peak_mb()
    model = create_model(case.model, train, **case.settings)
    task = model.tasks(make_sampler("static", train))[0]
    tables = [module for module in model.modules() if isinstance(module, EmbeddingTable)]
    optimizer = Adam(task.parameters(), tables, learning_rate=task.learning_rate, rowwise=True)
    steps = TorchSteps(task, optimizer)
    rng = np.random.default_rng(0)

    def epoch() -> None:
        columns = task.samples(rng)
        order = rng.permutation(len(columns[0]))
        with optimizer.stepping():
            steps.run(tuple(torch.from_numpy(column[order]) for column in columns))

    return cost_of_epochs(epoch, EPOCHS, before_mb)


def training_of_ours(case: Case, parts: Split) -> dict[str, float]:
    """Measure our whole training: cost, number of epochs, and best NDCG@10."""
    before_mb = peak_mb()
    trainer = Trainer(
        epochs=LONGEST, patience=PATIENCE, monitor="ndcg@10", rank_users=0, threads=1,
        device="cpu", test=False, rank=False,
    )  # fmt: skip
    run, cpu, wall = timed(
        lambda: trainer.fit(create_model(case.model, parts.train, **case.settings), parts)
    )
    figures = {"epochs": run.epochs, "value": run.validation, "cpu": cpu, "wall": wall}
    return {**figures, "peak_mb": peak_mb(), "before_mb": before_mb}


def cost_of_ours(name: str, data: Path | None, whole: bool) -> dict[str, float]:
    """Measure our model in this process; see `in_a_process`."""
    torch.set_num_threads(1)
    if whole and data:
        return training_of_ours(CASES[name], split(load(data)))
    return epochs_of_ours(CASES[name], split(load(data)).train if data else last_fm_sized())


def in_a_process(command: list[str]) -> tuple[dict[str, float] | None, str]:
    """Run a command on one thread, and return the JSON it prints last, or the error."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        return None, "failed: " + (done.stderr.strip().splitlines() or ["no message"])[-1]
    return dict(json.loads(done.stdout.splitlines()[-1])), ""


def cost_of_theirs(
    python: str | None, rows: Path, case: Case, whole: bool
) -> tuple[dict[str, float] | None, str]:
    """Measure RecBole in its environment, or return the error."""
    if case.peer is None:
        return None, "RecBole has none"
    if not python:
        return None, "not installed"
    settings = dict(case.peer_settings)
    if whole:
        settings |= {
            "epochs": LONGEST, "stopping_step": PATIENCE, "valid_metric": "NDCG@10",
            "metrics": ["NDCG"], "topk": [10], "eval_batch_size": 2**22,
        }  # fmt: skip
    script = Path(__file__).parent / "peers" / "recbole_graph.py"
    command = ["env", "PYTHONPATH=", python, str(script), str(rows), case.peer]
    command += [json.dumps(settings)] + ([] if whole else [str(EPOCHS)])
    return in_a_process(command)


def write_validation(parts: Split, folder: Path) -> None:
    """Write the validation rows besides those of `write_rows`."""
    rows = np.stack([parts.valid.users, parts.valid.items, parts.valid.labels], axis=1)
    np.savetxt(folder / "validation_final.txt", rows, fmt="%d", delimiter="\t")


def row_of(cost: dict[str, float]) -> list[str]:
    """The cells of one side."""
    cells = [f"{cost['cpu']:.2f}", f"{cost['wall']:.2f}", f"{cost['peak_mb']:,.0f}"]
    cells += [f"{cost['peak_mb'] - cost['before_mb']:,.0f}"]
    if "epochs" in cost:
        cells += [f"{cost['epochs']:.0f}", f"{cost['cpu'] / cost['epochs']:.2f}"]
        cells += [f"{cost['value']:.3f}"]
    return cells


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="data folder instead of random rows")
    parser.add_argument(
        "--recbole", default=os.environ.get("RECBOLE_PYTHON"), metavar="PYTHON",
        help="Python interpreter with RecBole (default: environment variable RECBOLE_PYTHON)",
    )  # fmt: skip
    parser.add_argument("--models", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument(
        "--whole", action="store_true", help="complete trainings instead of epochs; needs --data"
    )
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.whole and not arguments.data:
        parser.error("--whole validates on held-out rows: name a data folder by --data")
    if arguments.case:
        print(json.dumps(cost_of_ours(arguments.case, arguments.data, arguments.whole)))
        return 0
    parts = split(load(arguments.data)) if arguments.data else None
    train = parts.train if parts else last_fm_sized()
    n_positives = len(train.positive_keys)
    unit = "training" if arguments.whole else "epoch"
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"{len(train):,} rows, {n_positives:,} positives, {len(train.graph):,} triples; "
        f"one thread, one {unit}",
    )
    columns = ["model", "side", "CPU s", "wall s", "peak MB", "training adds"]
    columns += ["epochs", "CPU s/epoch", "NDCG@10"] if arguments.whole else []
    for n, column in enumerate([*columns, "ours: faster", "less memory"]):
        table.add_column(column, justify="right" if n > 1 else "left")
    if not arguments.recbole:
        print(
            "RecBole is not measured: name an interpreter that has it by --recbole or "
            "RECBOLE_PYTHON (docs/experiments.md says how to install it)",
            file=sys.stderr,
        )
    with tempfile.TemporaryDirectory() as folder:
        write_rows(train, Path(folder))
        if parts:
            write_validation(parts, Path(folder))
        for name in arguments.models:
            command = [sys.executable, __file__, "--case", name]
            command += ["--data", str(arguments.data)] if arguments.data else []
            command += ["--whole"] if arguments.whole else []
            mine, note = in_a_process(command)
            if mine is None:
                raise SystemExit(f"{name}: {note}")
            table.add_row(name, "ours", *row_of(mine))
            peer, note = cost_of_theirs(
                arguments.recbole, Path(folder), CASES[name], arguments.whole
            )
            if peer is None:
                table.add_row("", "RecBole", note)
                continue
            faster = f"{peer['cpu'] / mine['cpu']:.1f} ×"
            less = f"{peer['peak_mb'] / mine['peak_mb']:.1f} ×"
            table.add_row("", "RecBole", *row_of(peer), faster, less)
    Console(width=None if sys.stdout.isatty() else 130).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
