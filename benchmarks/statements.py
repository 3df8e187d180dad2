"""Measure inference, cleaning and triples on any number of generated statements.

    python benchmarks/statements.py                            # 1 million statements
    python benchmarks/statements.py --statements 1000000 3000000 10000000 --workers 2
    python benchmarks/statements.py --keep DIR --stages cleaning triples

`synthetic_statements.py` writes the tables. Each stage runs in processes of its own. Memory is the
sum of the proportional set sizes (PSS) of all of them, CPU time that of all of them, sampled ten
times per second. The slope is that of log CPU time over log statements: 1 is linear.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from synthetic_statements import generate

from kg_builder.sql import megabytes
from pipeline.build import Build
from pipeline.recipe import load_recipe
from pipeline.stages.artefact_names import ALIGNED_ENTITIES
from pipeline.units import LocalWorkers

STAGES = ("inference", "cleaning", "triples")


def run_stage(folder: Path, stage: str, workers: int, memory: str) -> None:
    """Run one stage in this process and its workers."""
    recipe = load_recipe(folder / "generated.toml")
    with LocalWorkers(workers) if workers > 1 else nullcontext() as processes:
        build = Build(
            recipe, raw=folder, out=folder / "out", workers=processes, memory=megabytes(memory)
        )
        print(build.run_stage(stage, force=True).counts)


def measure(command: list[str]) -> dict[str, float]:
    """Run a command; CPU and wall-clock seconds and the peak PSS in MB of all its processes."""
    started = time.perf_counter()
    seconds: dict[int, float] = {}
    peak = 0.0
    process = subprocess.Popen(command, stdout=sys.stderr, start_new_session=True)
    while process.poll() is None:
        total = 0.0
        for pid in _session(process.pid):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                seconds[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().split("\nPss:")[1]
                total += int(rollup.split()[0]) / 1024
            except (OSError, IndexError):
                continue  # it has ended
        peak = max(peak, total)
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{command}: status {process.returncode}")
    return {
        "cpu": sum(seconds.values()),
        "wall": time.perf_counter() - started,
        "peak_mb": peak,
    }


def _session(leader: int) -> Iterator[int]:
    """The processes of a session."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if os.getsid(int(process.name)) == leader:
                    yield int(process.name)
            except OSError:
                continue


def main() -> None:
    """Measure, and print one row per stage and size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--statements", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--stages", nargs="+", default=list(STAGES))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--keep", type=Path, help="folder for the files; temporary by default")
    parser.add_argument("--stage", nargs=2, metavar=("STAGE", "DIR"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        run_stage(Path(arguments.stage[1]), arguments.stage[0], arguments.workers, arguments.memory)
        return
    table = Table("statements", "stage", "CPU s", "s", "peak MB", "slope", box=box.SIMPLE)
    earlier: dict[str, tuple[int, float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for size in arguments.statements:
            folder = (arguments.keep or Path(temporary)) / str(size)
            if not (folder / "out" / ALIGNED_ENTITIES).is_file():
                folder.mkdir(parents=True, exist_ok=True)
                generate(folder, size)
            found = {}
            for stage in arguments.stages:
                command = [sys.executable, __file__, "--stage", stage, str(folder)]
                command += ["--workers", str(arguments.workers), "--memory", arguments.memory]
                found[stage] = measure(command)
                print(json.dumps({"statements": size, "stage": stage, **found[stage]}), flush=True)
            total = {key: sum(row[key] for row in found.values()) for key in ("cpu", "wall")}
            total["peak_mb"] = max(row["peak_mb"] for row in found.values())
            for stage, row in {**found, "all": total}.items():
                slope = ""
                if stage in earlier:
                    before, cpu = earlier[stage]
                    slope = f"{np.log(row['cpu'] / cpu) / np.log(size / before):.2f}"
                table.add_row(f"{size:,}", stage, f"{row['cpu']:.1f}", f"{row['wall']:.1f}",
                              f"{row['peak_mb']:,.0f}", slope)  # fmt: skip
                earlier[stage] = size, row["cpu"]
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
