"""Benchmark entity resolution of synthetic music records, from ten thousand to a million.

    python benchmarks/resolution.py                                # 10k, 30k, 100k, 300k, 1M
    python benchmarks/resolution.py --sizes 10000 20000 --clean    # sources without duplicates
    python benchmarks/resolution.py --plot docs/images/resolution.png

Every size runs in a separate process, without labels and with the default settings of a build;
generating the records is not timed. Wall-clock and CPU time are both shown; on a busy machine
compare CPU time. The growth is the slope of a linear fit in the log-log plot: 1 is linear.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from synthetic_records import SOURCES, synthetic_records

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
COLUMNS = ("records", "wall s", "cpu s", "peak GB", "pairs", "recall", "reduction", "P", "R", "F1")


def measure(count: int, *, clean: bool, seed: int) -> dict[str, float]:
    """Resolve the given number of records and score the result."""
    from kg_builder.evaluation.matching import blocking, pairwise
    from kg_builder.fusion import FusionConfig, SourceTraits, match_records
    from kg_builder.ontology import load_schema

    made = synthetic_records(count, seed=seed)
    traits = {name: SourceTraits(clean=clean) for name in SOURCES}
    schema = load_schema()
    wall, cpu = time.perf_counter(), time.process_time()
    matching = match_records(made.records, FusionConfig(), schema=schema, traits=traits)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    of = dict(zip(made.records["record"].tolist(), made.truth.tolist(), strict=True))
    truth = [of[key] for key in matching.profiles.record]
    met = blocking(matching.comparison.pairs, truth)
    score = pairwise(matching.clustering.label.tolist(), truth)
    values = (
        count, wall, cpu, peak, met.candidates, met.recall, met.reduction,
        score.precision, score.recall, score.f1,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def growth(sizes: list[float], seconds: list[float]) -> float:
    """Exponent of the growth: the slope of log seconds over log sizes."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def plot(rows: list[dict[str, float]], path: Path) -> None:
    """Plot seconds and memory by number of records, on logarithmic axes."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    sizes = [row["records"] for row in rows]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    for name, mark in (("cpu s", "o-"), ("wall s", "s:")):
        left.loglog(sizes, [row[name] for row in rows], mark, label=name)
    start = rows[0]["cpu s"] / sizes[0]
    left.loglog(sizes, [start * size for size in sizes], "--", color="grey", label="linear")
    left.set(xlabel="records", ylabel="seconds", title="time")
    left.legend()
    right.loglog(sizes, [row["peak GB"] for row in rows], "o-")
    right.axhline(8, linestyle="--", color="grey")
    right.set(xlabel="records", ylabel="GB", title="peak memory (dashed: 8 GB)")
    for axes in (left, right):
        axes.grid(alpha=0.3, which="both")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure each size in turn, print the table as it grows, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--clean", action="store_true", help="declare the sources clean")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path, help="PNG file of the plot")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        print(json.dumps(measure(given.one, clean=given.clean, seed=given.seed)))
        return
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start")
    print("".join(f"{name:>12}" for name in COLUMNS), flush=True)
    rows: list[dict[str, float]] = []
    for size in given.sizes:
        command = [sys.executable, __file__, "--one", str(size), "--seed", str(given.seed)]
        done = subprocess.run(
            [*command, *(["--clean"] if given.clean else [])],
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        row = json.loads(done.stdout.splitlines()[-1])
        rows.append(row)
        shown = [f"{row[name]:,.0f}" for name in ("records",)]
        shown += [f"{row[name]:.1f}" for name in ("wall s", "cpu s", "peak GB")]
        shown += [f"{row['pairs']:,.0f}", f"{row['recall']:.4f}", f"{row['reduction']:.6f}"]
        shown += [f"{row[name]:.4f}" for name in ("P", "R", "F1")]
        print("".join(f"{text:>12}" for text in shown), flush=True)
        if given.json:
            given.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    if len(rows) > 1:
        sizes = [row["records"] for row in rows]
        slope = growth(sizes, [row["cpu s"] for row in rows])
        print(f"growth: processor time ~ records^{slope:.2f}")
    if given.plot and rows:
        plot(rows, given.plot)


if __name__ == "__main__":
    main()
