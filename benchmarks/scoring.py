"""Benchmark scoring of all users and items: blocked top-k against a full matrix with sorting.

    python benchmarks/scoring.py                      random tables, three sizes
    python benchmarks/scoring.py --run RUN            the same for a trained run
    python benchmarks/scoring.py --device cuda

Each case runs in a separate process, for a separate memory peak, measured relative to the memory
after creating the tables. The naive method runs only if its matrix fits; otherwise only its size is
computed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from recommender.scoring import DEFAULT_BLOCK, ItemScorer, ItemSets, TopK, top_k

K = 10
REPEATS = 5
NAIVE_LIMIT = 2**28  # bytes of scores; sorting them takes some four times as much

#: name → users, items, dimension
CASES = {
    "Last.FM": (1_872, 3_846, 128),
    "1 M items": (32, 1_000_000, 16),
    "10 M items": (256, 10_000_000, 16),
}


class Tables:
    """A model of two tables of random vectors."""

    def __init__(self, n_users: int, n_items: int, dim: int, device: str) -> None:
        generator = torch.Generator().manual_seed(0)
        self.n_items = n_items
        self.device = torch.device(device)
        self._users = torch.randn(n_users, dim, generator=generator).to(device)
        self._items = torch.randn(n_items, dim, generator=generator).to(device)

    def score_items(self, users: torch.Tensor, start: int, stop: int) -> torch.Tensor:
        """Dot products."""
        return self._users[users] @ self._items[start:stop].T


def naive(model: ItemScorer, users: np.ndarray, exclude: ItemSets) -> TopK:
    """Compute all scores at once, and sort each row stably."""
    scores = model.score_items(torch.as_tensor(users, device=model.device), 0, model.n_items)
    rows, items = exclude.pairs(users)
    scores[torch.as_tensor(rows), torch.as_tensor(items)] = -torch.inf
    order = torch.argsort(scores, dim=1, descending=True, stable=True)[:, :K]
    return TopK(order.cpu().numpy(), scores.gather(1, order).cpu().numpy())


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Measure one case in this process: median seconds, peak memory in MB, result digest."""
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.run:
        from recommender.training.runs import load_run

        run = load_run(arguments.run)
        model: ItemScorer = run.model.to(arguments.device).eval()
        users, exclude = np.arange(run.dataset.n_users), ItemSets(*run.split.train.history)
    else:
        n_users, n_items, dim = CASES[arguments.case]
        model = Tables(n_users, n_items, dim, arguments.device)
        users = np.arange(n_users)
        random = np.random.default_rng(0)
        exclude = ItemSets.from_pairs(
            np.repeat(users, 20), random.integers(0, n_items, 20 * n_users), n_users
        )
    # Warm up the thread pool and the allocator, too small to affect the peak.
    if model.n_items < 1_000_000:
        top_k(model, users[:1], K, exclude, block=1024)
    before = _memory(arguments.device)
    seconds = []
    for _ in range(1 if model.n_items >= 1_000_000 else REPEATS):
        if isinstance(model, torch.nn.Module):
            model.train().eval()  # drop the cached item side: its computation is part of the cost
        began = time.perf_counter()
        with torch.inference_mode():
            found = (
                naive(model, users, exclude)
                if arguments.way == "naive"
                else top_k(model, users, K, exclude, block=arguments.block)
            )
        seconds.append(time.perf_counter() - began)
    return {
        "pairs": len(users) * model.n_items,
        "seconds": median(seconds),
        "peak_mb": (_memory(arguments.device) - before) / 2**20,
        "digest": float(found.items.astype(np.float64) @ np.arange(1, K + 1) @ (1.0 + users)),
    }


def _memory(device: str) -> int:
    """Peak memory of the process, or of the GPU, in bytes."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main() -> None:
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run", type=Path, help="a trained run instead of random tables")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: torch's choice")
    parser.add_argument(
        "--block", type=int, default=DEFAULT_BLOCK, help="scores in memory at a time"
    )
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=("blocked", "naive"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        sys.stdout.write(json.dumps(measure(arguments)))
        return
    table = Table(box=box.SIMPLE_HEAD, title=f"top {K} of the catalogue, block {arguments.block:,}")
    columns = (
        "case",
        "pairs",
        "blocked s",
        "pairs/s",
        "peak MB",
        "full matrix + sort s",
        "peak MB",
    )
    for n, column in enumerate((*columns, "faster", "smaller")):
        table.add_column(column, justify="right" if n else "left")
    for case in ["run"] if arguments.run else list(CASES):
        table.add_row(*_row(case, arguments))
    Console(width=None if sys.stdout.isatty() else 130).print(table)


def _row(case: str, arguments: argparse.Namespace) -> list[str]:
    blocked = _in_a_process(case, "blocked", arguments)
    row = [
        case,
        f"{blocked['pairs']:,}",
        f"{blocked['seconds']:.3f}",
        f"{blocked['pairs'] / blocked['seconds']:.2e}",
        f"{blocked['peak_mb']:,.0f}",
    ]
    if 4 * blocked["pairs"] > NAIVE_LIMIT:
        return [*row, "–", f"> {4 * blocked['pairs'] / 2**20:,.0f}", "–", "–"]
    other = _in_a_process(case, "naive", arguments)
    if other["digest"] != blocked["digest"]:
        raise SystemExit(f"{case}: the two ways do not find the same items")
    return [
        *row,
        f"{other['seconds']:.3f}",
        f"{other['peak_mb']:,.0f}",
        f"{other['seconds'] / blocked['seconds']:.1f} ×",
        f"{other['peak_mb'] / max(blocked['peak_mb'], 1):.0f} ×",
    ]


def _in_a_process(case: str, way: str, arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--way", way, "--device", arguments.device]
    command += ["--threads", str(arguments.threads), "--block", str(arguments.block)]
    command += ["--run", str(arguments.run)] if arguments.run else ["--case", case]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{case}, {way}: the process failed with status {done.returncode}")
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    main()
