"""Peak memory of reading inputs of growing size; `extraction.py --memory` runs it.

Each case runs in a separate process, for a separate peak.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from extraction_inputs import KINDS, source
from rich import box
from rich.console import Console
from rich.table import Table

from kg_builder.extraction import extract_to

SIZES = (10, 100, 1000)
TEXT_SIZES = (1, 4, 16)
"""Megabytes; a gigabyte of running text would take half a day."""


def memory(arguments: argparse.Namespace) -> None:
    """Print (and draw) the peak memory of reading inputs of growing size."""
    found: dict[str, list[tuple[float, float]]] = {}
    table = Table("input", "MB", "records", "statements", "CPU s", "peak MB", box=box.SIMPLE)
    for kind in arguments.kinds:
        for size in arguments.text_sizes if kind == "text" else arguments.sizes:
            row = _in_a_process(kind, size, arguments.data)
            found.setdefault(kind, []).append((size, row["peak_mb"]))
            table.add_row(
                kind,
                f"{size:,g}",
                f"{row['records']:,.0f}",
                f"{row['statements']:,.0f}",
                f"{row['seconds']:,.0f}",
                f"{row['peak_mb']:,.0f}",
            )
            print(f"{kind} {size:g} MB: {row}", file=sys.stderr, flush=True)
    Console(width=100).print(table)
    if arguments.plot:
        _draw(found, arguments.plot)


def _in_a_process(kind: str, size: float, data: Path) -> dict[str, float]:
    name, make, _ = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        with Path(folder, name).open("wb") as file:
            for block in make(data, size):
                file.write(block)
        script = str(Path(__file__).with_name("extraction.py"))
        command = [sys.executable, script, "--case", kind, folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{kind}, {size} MB: the process failed with status {done.returncode}")
    return dict(json.loads(done.stdout))


def measure(kind: str, folder: Path) -> dict[str, float]:
    """Measure reading the input in a folder, in this process."""
    _, _, settings = KINDS[kind]
    start = time.process_time()
    extract_to(folder / "out", source=source(**settings), root=folder)
    counts = json.loads((folder / "out" / "counts.json").read_text(encoding="utf-8"))
    return {
        "seconds": time.process_time() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "records": counts["records"],
        "statements": counts["statements"],
    }


def _draw(found: dict[str, list[tuple[float, float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5.5, 3))
    for kind, points in found.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=kind)
    axes.set(xscale="log", xlabel="input, MB", ylabel="peak memory, MB", ylim=(0, None))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
