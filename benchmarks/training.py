"""Benchmark training steps of the recommendation module against peers, on one thread.

    python benchmarks/training.py                     random tables of Last.FM's size
    python benchmarks/training.py --device cuda       the same on a GPU, and steps of a CUDA graph
    RECBOLE_PYTHON=/envs/recbole/bin/python TF_MKR=/src/MKR/src TF_PYTHON=/envs/tf/bin/python \\
        python benchmarks/training.py                 with peers, each in its environment

Every engine gets the same rows and takes the same kind of step: forward, backward, Adam. A row of
the table is the median of several passes after a warm-up. On one CPU thread, time is CPU time
(equal to wall-clock time on an idle machine), which excludes other processes. The roofline is the
cost of the step's matrix products at this machine's rate for that shape, plus the memory traffic of
Adam at this machine's copy rate.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from peers.naive_mkr import naive_epochs
from rich import box
from rich.console import Console
from rich.table import Table

from recommender import create_model
from recommender.data import Interactions, KnowledgeGraph, TrainingSplit, make_sampler
from recommender.layers.embedding import EmbeddingTable
from recommender.training.adam import Adam
from recommender.training.recorded_steps import CudaRecorder, RecordedSteps
from recommender.training.steps import TorchSteps
from recommender.training.tasks import Steps

N_USERS, N_ITEMS, N_ENTITIES, N_RELATIONS, N_TRIPLES = 1_872, 3_846, 9_366, 60, 15_518
N_ROWS = 25_408  # the training part of Last.FM's 42,346 rows
SECONDS = 2.0  # passes per engine and case, after the warm-up

#: dim, batch size → required samples/s of the engine on one CPU thread
CASES = {(128, 256): 60_000, (128, 4096): 200_000, (4, 256): 250_000}


@dataclass
class Result:
    """Samples per second of one engine on one case; None with the reason if unavailable."""

    rate: float | None
    note: str = ""


def last_fm_sized() -> TrainingSplit:
    """Random rows and triples of Last.FM's size, with a realistic item popularity."""
    rng = np.random.default_rng(0)
    users = rng.integers(N_USERS, size=N_ROWS)
    popular = np.minimum(rng.zipf(1.3, size=N_ROWS // 2) - 1, N_ITEMS - 1)
    items = np.concatenate([popular, rng.integers(N_ITEMS, size=N_ROWS - len(popular))])
    labels = np.repeat([1, 0], [len(popular), N_ROWS - len(popular)])
    order = rng.permutation(N_ROWS)
    rows = Interactions(users, items[order], labels[order])
    graph = KnowledgeGraph(
        rng.integers(N_ITEMS, size=N_TRIPLES),
        rng.integers(N_RELATIONS, size=N_TRIPLES),
        rng.integers(N_ENTITIES, size=N_TRIPLES),
        N_ENTITIES,
        N_RELATIONS,
    )
    return TrainingSplit(rows, graph, N_USERS, N_ITEMS)


def measure(epochs: Iterator[int], clock: Callable[[], float], seconds: float = SECONDS) -> float:
    """Median samples/s of the passes of `epochs`; each `next` is one, returning its rows."""
    next(epochs)
    rates: list[float] = []
    end = clock() + seconds
    while clock() < end or len(rates) < 3:
        began = clock()
        rows = next(epochs)
        rates.append(rows / (clock() - began))
    return median(rates)


def ours(
    train: TrainingSplit, dim: int, batch: int, device: torch.device, *, engine: str
) -> Iterator[int]:
    """Passes of our engine: `native`, `torch` (row-wise Adam), `dense`, `compile` or `recorded`."""
    model = create_model("mkr", train, dim=dim, batch_size=batch, lambda2=1e-6).to(device)
    task = model.tasks(make_sampler("static", train))[0]
    tables = [module for module in model.modules() if isinstance(module, EmbeddingTable)]
    rowwise = engine in ("native", "torch")
    optimizer = Adam(
        task.parameters(),
        tables,
        learning_rate=1e-3,
        rowwise=rowwise,
        capturable=engine == "recorded",
    )
    steps: Steps | None = task.native_steps(optimizer) if engine == "native" else None
    if engine == "recorded":
        steps = RecordedSteps(task, optimizer, CudaRecorder(device))
    if steps is None:
        steps = TorchSteps(task, optimizer, compiled=engine == "compile")
    columns = task.samples(np.random.default_rng(0))
    tensors = tuple(torch.from_numpy(np.ascontiguousarray(c)).to(device) for c in columns)
    while True:
        with optimizer.stepping():
            steps.run(tensors)  # reads the loss at the end, which synchronises a GPU
        yield len(tensors[0])


def from_peer(python: str | None, script: str, data: Path, dim: int, batch: int) -> Result:
    """Run a peer's script in its environment; it prints one JSON object."""
    if not python:
        return Result(None, "not installed")
    path = Path(__file__).parent / "peers" / script
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""}
    done = subprocess.run(
        [python, str(path), str(data), str(dim), str(batch)],
        capture_output=True,
        text=True,
        env=environment,
    )
    if done.returncode:
        return Result(None, "failed: " + (done.stderr.strip().splitlines() or ["no message"])[-1])
    return Result(float(json.loads(done.stdout.splitlines()[-1])["samples_per_second"]))


def roofline(dim: int, batch: int, device: torch.device) -> tuple[float, float, float]:
    """`(samples/s, GFLOP/s, GB/s)`: the bound, and its two rates."""
    x, w = torch.randn(batch, dim, device=device), torch.randn(dim, dim, device=device)
    out = torch.empty(batch, dim, device=device)
    product = best_seconds(lambda: torch.mm(x, w, out=out), device)
    flops = 2 * batch * dim * dim
    big = torch.empty(2**25, device=device)
    target = torch.empty_like(big)
    copied = best_seconds(lambda: target.copy_(big), device)
    bandwidth = 2 * big.nbytes / copied
    # Adam reads and writes θ, m and v of each row in use: expected distinct rows of each table
    rows = sum(n * (1 - (1 - 1 / n) ** batch) for n in (N_USERS, N_ITEMS, N_ITEMS))
    step = 3 * product + rows * dim * 4 * 3 * 2 / bandwidth
    return batch / step, flops / product / 1e9, bandwidth / 1e9


def best_seconds(work: Callable[[], object], device: torch.device) -> float:
    """The fastest of many repetitions."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    best, count, end = float("inf"), 0, time.perf_counter() + 0.5
    work()
    while time.perf_counter() < end or count < 5:
        count += 1
        wait()
        began = time.perf_counter()
        work()
        wait()
        best = min(best, time.perf_counter() - began)
    return best


def write_rows(train: TrainingSplit, folder: Path) -> None:
    """Write rows and triples as the public files, for the peers."""
    rows = np.stack([train.users, train.items, train.labels], axis=1)
    np.savetxt(folder / "ratings_final.txt", rows, fmt="%d", delimiter="\t")
    graph = train.graph
    triples = np.stack([graph.head, graph.relation, graph.tail], axis=1)
    np.savetxt(folder / "kg_final.txt", triples, fmt="%d", delimiter="\t")


def compare(
    train: TrainingSplit, dim: int, batch: int, device: torch.device, compiled: bool
) -> dict[str, Result]:
    """Measure all engines on one case."""
    engines = ["native"] if device.type == "cpu" else []
    engines += (["torch"] if device.type == "cpu" else []) + ["dense"]
    engines += ["recorded"] if device.type == "cuda" else []
    engines += ["compile"] if compiled else []
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.process_time if alone else time.perf_counter
    results = {
        f"ours, {name}": Result(measure(ours(train, dim, batch, device, engine=name), clock))
        for name in engines
    }
    naive = naive_epochs(train, dim, batch, device, limit=max(batch, 4096))
    results["naive (DataLoader, d × d)"] = Result(measure(naive, clock))
    if device.type == "cpu":
        with tempfile.TemporaryDirectory() as folder:
            write_rows(train, Path(folder))
            for name, variable, script in (
                ("RecBole's MKR", "RECBOLE_PYTHON", "recbole_mkr.py"),
                ("public TensorFlow MKR", "TF_PYTHON", "tensorflow_mkr.py"),
            ):
                python = os.environ.get(variable)
                results[name] = from_peer(python, script, Path(folder), dim, batch)
    return results


def show(
    console: Console, dim: int, batch: int, results: dict[str, Result], device: torch.device
) -> None:
    """Print one table per case, with ratios to the first engine."""
    bound, gflops, bandwidth = roofline(dim, batch, device)
    title = f"d {dim}, batch {batch}"
    if device.type == "cpu":
        title += f" (asked: {CASES[dim, batch]:,} samples/s)"
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    for heading in ("engine", "samples/s", "the first is faster by", "of the roofline"):
        table.add_column(heading, justify="left" if heading == "engine" else "right")
    first = next(iter(results.values())).rate or float("nan")
    for name, result in results.items():
        if result.rate is None:
            table.add_row(name, result.note, "", "")
        else:
            share = f"{result.rate / bound:.0%}"
            table.add_row(name, f"{result.rate:,.0f}", f"{first / result.rate:.1f} ×", share)
    table.add_row(f"roofline ({gflops:.0f} GFLOP/s, {bandwidth:.1f} GB/s)", f"{bound:,.0f}")
    console.print(table)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    parser.add_argument("--compile", action="store_true", help="also measure torch.compile")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    console = Console(width=100)
    train = last_fm_sized()
    for dim, batch in CASES:
        results = compare(train, dim, batch, device, arguments.compile)
        show(console, dim, batch, results, device)
    return 0


if __name__ == "__main__":
    sys.exit(main())
