"""Measure CPU time and peak memory of each construction stage on generated data of any size.

    python benchmarks/scale.py                    # 10,000, 30,000 and 100,000 artists
    python benchmarks/scale.py --artists 300000 --plays 17000000 --users 360000
    python benchmarks/scale.py --keep DIR         # leaves the files there

The data are seeded: a catalogue of artists with unique names (so that the cost of comparing
namesakes, measured by `resolution.py`, is excluded) and a file of plays, both with a realistic
skewed popularity. Each stage runs in a separate process, for a separate peak. The slope is that of
log time over log artists: 1 is linear.
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

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from pipeline.build import Build
from pipeline.recipe import load_recipe
from pipeline.stages.registry import STAGES

SIZES = (10_000, 30_000, 100_000)
PLAYS_PER_ARTIST = 17
COUNTRIES = ("US", "GB", "FR", "DE", "JP", "BR", "SE", "ML", "IS", "IT", "CA", "AU")
INSTRUMENTS = ("guitar", "piano", "violin", "drums", "bass guitar", "trumpet", "cello", "harp")
GENRES_PER_ROOT = 4
"""Genres per square root of the artists: vocabularies grow with the data (Heaps' law)."""
BLOCK = 1_000_000

RECIPE = """
name = "generated"
title = "Generated artists and listeners"
licence = "CC0"

[[sources]]
kind = "structured"
name = "catalogue"

[sources.tables.artists]
path = "artists.csv"
type = { column = "type", values = { band = "Band", person = "SoloArtist" } }
id = "id"
name = "name"

[sources.tables.artists.columns]
country = { predicate = "country" }
begin = { predicate = "beginDate" }
genres = { predicate = "genre", split = ";" }
instruments = { predicate = "instrument", split = ";" }
influences = { predicate = "influencedBy", ref = "artists", split = ";" }
label = { predicate = "recordLabel" }

[traits.catalogue]
clean = true
primary = true

[inference]
similar = { nearest = 3, shared = 2, least = 0.3 }

[[interactions]]
path = "plays.csv"
user = "user"
item = "artist"
weight = "plays"
records = "catalogue"
"""


def generate(folder: Path, artists: int, plays: int, users: int, *, seed: int = 0) -> None:
    """Write the recipe, the catalogue and the plays; deterministic in the numbers."""
    rng, genres = np.random.default_rng(seed), int(GENRES_PER_ROOT * artists**0.5)
    (folder / "generated.toml").write_text(RECIPE, encoding="utf-8")
    genre = np.minimum(rng.zipf(1.3, size=(artists, 3)) - 1, genres - 1)
    country = np.minimum(rng.zipf(1.5, size=artists) - 1, len(COUNTRIES) - 1)
    tools = rng.integers(len(INSTRUMENTS), size=(artists, 2))
    how_many = rng.integers(1, 3, size=(artists, 3))
    others = rng.integers(artists, size=(artists, 2))
    years, labels = (
        rng.integers(1950, 2021, size=artists),
        rng.integers(artists // 50 + 1, size=artists),
    )
    band = rng.random(artists) < 0.6
    with (folder / "artists.csv").open("w", encoding="utf-8") as file:
        file.write("id,name,type,country,begin,genres,instruments,influences,label\n")
        for i in range(artists):
            few = how_many[i]
            cells = (
                str(i),
                f"{_word(i)} {_word(i * 7919 + 13)} {i}",
                "band" if band[i] else "person",
                COUNTRIES[country[i]],
                str(years[i]),
                ";".join(sorted({f"style {g}" for g in genre[i, : few[0] + 1].tolist()})),
                ";".join(sorted({INSTRUMENTS[t] for t in tools[i, : few[1]].tolist()})),
                ";".join(sorted({str(o) for o in others[i, : few[2] - 1].tolist()})),
                f"Label {_word(int(labels[i]))} {labels[i]}",
            )
            file.write(",".join(cells) + "\n")
    popularity = (np.arange(artists) + 10.0) ** -0.8
    steps = np.cumsum(popularity / popularity.sum())
    with (folder / "plays.csv").open("w", encoding="utf-8") as file:
        file.write("user,artist,plays\n")
        for start in range(0, plays, BLOCK):
            size = min(BLOCK, plays - start)
            user = rng.integers(users, size=size)
            artist = np.minimum(np.searchsorted(steps, rng.random(size)), artists - 1)
            times = rng.integers(1, 500, size=size)
            rows = zip(user.tolist(), artist.tolist(), times.tolist(), strict=True)
            file.writelines(f"u{u},{a},{t}\n" for u, a, t in rows)


def _word(number: int) -> str:
    """A pronounceable word for a number, deterministic."""
    onsets, vowels = "bdfgklmnprstvz", "aeiou"
    word = ""
    for _ in range(3):
        number, one = divmod(number, len(onsets))
        number, two = divmod(number, len(vowels))
        word += onsets[one] + vowels[two]
    return word.capitalize()


def run_stage(folder: Path, stage: str) -> dict[str, float]:
    """Run one stage in this process; returns CPU and wall-clock seconds and peak MB."""
    build = Build(load_recipe(folder / "generated.toml"), raw=folder, out=folder / "out")
    cpu, wall = time.process_time(), time.perf_counter()
    build.run_stage(stage, force=True)
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "cpu": time.process_time() - cpu + children.ru_utime + children.ru_stime,
        "wall": time.perf_counter() - wall,
        "peak_mb": max(own.ru_maxrss, children.ru_maxrss) / 1024,
    }


def measure(folder: Path, stages: list[str]) -> dict[str, dict[str, float]]:
    """Measure each stage of the build in a separate process."""
    found = {}
    for stage in stages:
        command = [sys.executable, __file__, "--stage", stage, str(folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{stage}: the process failed with status {done.returncode}")
        found[stage] = json.loads(done.stdout)
        print(f"{folder.name} {stage}: {found[stage]}", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Measure, and print one row per stage and size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--artists", type=int, nargs="+", default=SIZES)
    parser.add_argument("--plays", type=int, help="rows of plays; 17 per artist")
    parser.add_argument("--users", type=int, help="listeners; 1.2 per artist")
    parser.add_argument("--stages", nargs="+", default=[stage.name for stage in STAGES])
    parser.add_argument(
        "--keep", type=Path, help="folder for the files; a temporary one by default"
    )
    parser.add_argument("--stage", nargs=2, metavar=("STAGE", "DIR"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        stage, folder = arguments.stage
        print(json.dumps(run_stage(Path(folder), stage)))
        return
    rows: dict[int, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for artists in arguments.artists:
            folder = (arguments.keep or Path(temporary)) / str(artists)
            if not (folder / "plays.csv").is_file():
                folder.mkdir(parents=True, exist_ok=True)
                plays = arguments.plays or artists * PLAYS_PER_ARTIST
                generate(folder, artists, plays, arguments.users or artists * 6 // 5)
            rows[artists] = measure(folder, arguments.stages)
    table = Table("artists", "stage", "CPU s", "s", "peak MB", "slope", box=box.SIMPLE)
    earlier: dict[str, dict[str, float]] = {}
    before = 0
    for artists, found in rows.items():
        total = {key: sum(row[key] for row in found.values()) for key in ("cpu", "wall")}
        total["peak_mb"] = max(row["peak_mb"] for row in found.values())
        for stage, row in {**found, "all": total}.items():
            slope = ""
            if stage in earlier:
                slope = (
                    f"{np.log(row['cpu'] / earlier[stage]['cpu']) / np.log(artists / before):.2f}"
                )
            table.add_row(f"{artists:,}", stage, f"{row['cpu']:.1f}", f"{row['wall']:.1f}",
                          f"{row['peak_mb']:,.0f}", slope)  # fmt: skip
        earlier, before = {**found, "all": total}, artists
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
