"""Benchmark builds with one process, several processes, and Prefect's task runners.

    python benchmarks/workers.py                              one process and two
    python benchmarks/workers.py --runners processes dask ray   the flow as well

The data are seeded: tables of artists, a file each, web pages with the markup of schema.org, and
the sample's biographies, repeated with the artists' names. The benchmark fails unless all builds
give the same bytes. CPU seconds cover all processes except a cluster's; the seconds of a flow
include the start of Prefect, its server and a cluster, and its stages are shown separately.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from scale import COUNTRIES, _word

_SET_CHILD_SUBREAPER = 36
SAMPLE = Path(__file__).resolve().parents[1] / "data" / "raw" / "sample" / "biographies.jsonl"
SOURCE = """
[[sources]]
kind = "structured"
name = "catalogue{0}"
[sources.tables.artists]
path = "artists-{0}.csv"
type = "Artist"
id = "id"
name = "name"
[sources.tables.artists.columns]
country = {{ predicate = "country" }}
begin = {{ predicate = "beginDate" }}
genres = {{ predicate = "genre", split = ";" }}
[traits.catalogue{0}]
clean = true
"""
TEXTS = """
[[sources]]
kind = "unstructured"
name = "biographies"
path = "biographies.jsonl"
"""
PAGES = """
[[sources]]
kind = "semi-structured"
name = "pages"
path = "pages/*.html"
"""


def generate(folder: Path, tables: int, rows: int, pages: int, texts: int) -> Path:
    """Generate the recipe and its files; returns the recipe."""
    draw = np.random.default_rng(0)
    recipe = ['name = "generated"', 'title = "Generated artists and texts"']
    for table in range(tables):
        recipe.append(SOURCE.format(table))
        lines = ["id,name,country,begin,genres"]
        for row in range(rows):
            number = table * rows + row
            genres = ";".join(f"style {g}" for g in sorted(set(draw.zipf(1.4, 3).tolist())))
            country = COUNTRIES[int(draw.integers(len(COUNTRIES)))]
            name = f"{_word(number)} {_word(number * 7919 + 13)} {number}"
            lines.append(f"{row},{name},{country},{draw.integers(1950, 2021)},{genres}")
        (folder / f"artists-{table}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if pages:
        recipe.append(PAGES)
        (folder / "pages").mkdir()
    for number in range(pages):
        band = {
            "@context": "https://schema.org",
            "@type": "MusicGroup",
            "name": f"{_word(number * 31 + 7)} {_word(number)} {number}",
            "genre": [f"style {g}" for g in sorted(set(draw.zipf(1.4, 3).tolist()))],
            "foundingDate": int(draw.integers(1950, 2021)),
            "album": [
                {"@type": "MusicAlbum", "name": f"{_word(number * 17 + album)} {album}"}
                for album in range(int(draw.integers(1, 12)))
            ],
        }
        text = "".join(f"<p>{_word(number + word)}</p>" for word in range(2_000))
        (folder / "pages" / f"{number:06}.html").write_text(
            f'<html><body>{text}<script type="application/ld+json">{json.dumps(band)}</script>'
            "</body></html>",
            encoding="utf-8",
        )
    known = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    with (folder / "biographies.jsonl").open("w", encoding="utf-8") as file:
        for number in range(texts):
            text = known[number % len(known)]
            name = f"{_word(number)} {_word(number * 7919 + 13)} {number}"
            changed = {"id": str(number), "title": name}
            changed["text"] = text["text"].replace(text["title"], name)
            file.write(json.dumps(changed, ensure_ascii=False) + "\n")
    recipe.append(TEXTS)
    path = folder / "generated.toml"
    path.write_text("\n".join(recipe) + "\n", encoding="utf-8")
    return path


def built(command: list[str], out: Path) -> dict[str, float]:
    """Run a build; returns wall-clock and CPU seconds, and the seconds of its stages."""
    shutil.rmtree(out, ignore_errors=True)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PREFECT_HOME": str(out.parent / "prefect")}
    done = subprocess.run(
        [sys.executable, "-m", *command, "--out", str(out)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.perf_counter() - started
    with suppress(ChildProcessError):  # the server of the workers ends after the build
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-2000:]}")
    stages = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["stages"]
    return {
        "wall": wall,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        **{name: entry["seconds"] for name, entry in stages.items()},
    }


def digest(out: Path) -> str:
    """Hash everything built."""
    total = hashlib.sha256()
    for path in sorted(out.rglob("*")):
        if path.is_file() and path.name != "manifest.json" and "lock" not in path.name:
            total.update(str(path.relative_to(out)).encode() + path.read_bytes())
    return total.hexdigest()


def main() -> None:
    """Measure, and print a row per build."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=32)
    parser.add_argument("--rows", type=int, default=4000, help="rows per table")
    parser.add_argument("--pages", type=int, default=0)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--runners", nargs="*", default=[])
    arguments = parser.parse_args()
    # what a build leaves behind is waited for here, so that its CPU time counts (Linux)
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    found: dict[str, dict[str, float]] = {}
    digests = set()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe = generate(
            folder, arguments.tables, arguments.rows, arguments.pages, arguments.texts
        )
        common = ["--dataset", str(recipe), "--raw", str(folder)]
        for workers in arguments.workers:
            command = ["pipeline", "build", *common, "--workers", str(workers)]
            found[f"{workers} processes" if workers > 1 else "1 process"] = built(
                command, folder / "out"
            )
            digests.add(digest(folder / "out"))
        for runner in arguments.runners:
            command = ["flows.build_kg", *common, "--runner", runner]
            found[f"flow, {runner}"] = built(command, folder / "out")
            digests.add(digest(folder / "out"))
    table = Table("build", *next(iter(found.values())), box=box.SIMPLE)
    for build, row in found.items():
        table.add_row(build, *(f"{value:.1f}" for value in row.values()))
    Console().print(table)
    print("same bytes" if len(digests) == 1 else "the bytes differ")
    sys.exit(len(digests) != 1)


if __name__ == "__main__":
    main()
