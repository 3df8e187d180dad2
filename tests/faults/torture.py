"""Inject faults into every writing command until a time limit (`make torture`).

    python -m tests.faults.torture [--minutes 90] [--seed 1] [--report FILE.json] [--only NAME …]

Each of `commands`, in random order, is killed when it opens a file for writing, renames, removes or
creates a folder, and repeated: the bytes must equal those of an undisturbed run. Two instances run
at once: each succeeds or is refused, and the bytes are the same. It runs with a limit on file
sizes, as on a full disk. A bit of its output is flipped, keeping the file's time, and it runs
again.

In between, `fetch` and a build with a language model use misbehaving servers (`servers.py`), and
once Prefect's server and the process that serves the deployments are killed and restarted during a
run, and two runs of one deployment start at once (`prefect_attacks.py`). No run may end in a
traceback or take over a minute (`--longest`, for a busy machine).

The exit status is 0 if there are no findings; the report lists every attack with a finding.
"""

from __future__ import annotations

import argparse
import http.server
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.faults.attacks import Attack, Campaign, Command, content
from tests.faults.prefect_attacks import PrefectAttack
from tests.faults.processes import Run, Running
from tests.faults.servers import ANSWERS, bad_server

RECIPE = """
name = "small"
title = "Three bands"
[[fetch]]
url = "http://127.0.0.1:{port}/bands.csv"
path = "bands.csv"
[[fetch]]
url = "http://127.0.0.1:{port}/plays.tsv"
path = "plays.tsv"
[[sources]]
kind = "structured"
name = "shop"
[sources.tables.bands]
path = "bands.csv"
type = "Band"
id = "id"
name = "name"
[sources.tables.bands.columns]
genre = {{ predicate = "genre" }}
city = {{ predicate = "origin" }}
[[interactions]]
path = "plays.tsv"
user = "user"
item = "band"
records = "shop"
"""
TEXTS = """
[[sources]]
kind = "unstructured"
name = "notes"
path = "notes.jsonl"
model = "none"
"""
"""Running text beside the catalogue."""
ASKS = """
[[sources.external]]
kind = "llm"
url = "http://127.0.0.1:{port}/v1"
model = "any"
cache = "{cache}"
wait = 0.1
"""
"""A language model that reads the text as well."""
ROW = """
model = "mkr"
[experiment]
label = "MKR"
dataset = "small"
order = 1
[settings]
dim = 4
[training]
epochs = 2
device = "cpu"
"""
"""A row of the paper's Table 9, on the small data set."""


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """Serve the files of a folder over HTTP; yields the port."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield made.server_address[1]
    finally:
        made.shutdown()


def commands(folder: Path, port: int) -> list[Command]:
    """The commands and their common data."""
    recipe, raw = folder / "small.toml", folder / "files"
    recipe.write_text(RECIPE.format(port=port), encoding="utf-8")
    build = ("--dataset", str(recipe), "--raw", str(raw), "--out")
    run(folder, "pipeline", "build", *build, str(folder / "small"))
    (folder / "texts.toml").write_text(RECIPE.format(port=port) + TEXTS, encoding="utf-8")
    texts = ("--dataset", str(folder / "texts.toml"), "--raw", str(raw), "--out")
    data = ("--data", str(folder / "small"))
    short = ("--epochs", "3", "--dim", "4", "--device", "cpu", "--threads", "1")
    train = ("recommender.train", *data, *short, "--checkpoint-seconds", "0")
    kge = ("recommender.train_kge", *data, *short)
    run(folder, *train, "--out", str(folder / "run"))
    (folder / "rows" / "table9").mkdir(parents=True)
    (folder / "rows" / "table9" / "mkr.toml").write_text(ROW, encoding="utf-8")
    rows = ("--rows", str(folder / "rows"), "--data-root", str(folder))
    pages = ("--cache", "{out}/cache", "--out", "{out}/pages", "--seeds", "1", "--jobs", "1")
    adding = {  # to the folder of a run
        "recommend": ("--all", "--top", "1", "--allow-played"),
        "evaluate": ("--device", "cpu"),
        "trade_off": ("--criterion", "popularity", "--weights", "0", "1", "--device", "cpu"),
    }
    resume = ("--resume",)
    return [
        Command("build", ("pipeline", "build", *build, "{out}")),
        Command("build-texts", ("pipeline", "build", *texts, "{out}")),
        Command("fetch", ("pipeline", "fetch", str(recipe), "--raw", "{out}")),
        Command("export", ("pipeline", "export", "--format", "recbole", *data, "{out}")),
        Command("train", (*train, "--out", "{out}"), again=resume),
        Command("train_kge", (*kge, "--out", "{out}"), again=resume),
        Command("experiments", ("recommender.experiments", "table9", *rows, *pages)),
        *(
            Command(name, (f"recommender.{name}", "--run", "{out}", *words), given=folder / "run")
            for name, words in adding.items()
        ),
        Command("build-kg", ("flows.build_kg", *build, "{out}")),
    ]


def run(folder: Path, *words: str) -> None:
    """Run a command that must succeed."""
    ended = Running(Run(words, home=folder / "prefect")).finish(600)
    if ended.status:
        raise SystemExit(f"{' '.join(words)}: {ended.error[-500:]}")


class ServerAttack:
    """`fetch`, and a build with a language model, against each of the servers in turn."""

    def __init__(self, campaign: Campaign, folder: Path) -> None:
        self.campaign, self.folder = campaign, folder
        self.left: list[tuple[str, str]] = []

    def attack(self) -> None:
        """Run one command against one server: it ends, with a one-line error if it fails."""
        if not self.left:
            self.left = [(what, name) for what in ("fetch", "llm") for name in ANSWERS]
            self.campaign.rng.shuffle(self.left)
        what, name = self.left.pop()
        with bad_server(name) as port, tempfile.TemporaryDirectory() as made:
            out = Path(made)
            began = time.monotonic()
            ended = Running(Run(self._words(what, port, out), home=out, largest=1 << 28)).finish(
                self.campaign.longest
            )
        problem = ended.problem
        if not problem and ended.status not in {0, 2}:
            problem = f"status {ended.status}: {ended.error.strip()[-300:]}"
        lines = [line for line in ended.error.splitlines() if line.startswith("error: ")]
        if not problem and ended.status == 2 and len(lines) != 1:
            problem = f"{len(lines)} lines for one error: {ended.error.strip()[-300:]}"
        seconds = f"{time.monotonic() - began:.0f} s"
        self.campaign.note(what, f"server: {name} ({seconds})", problem)

    def _words(self, what: str, port: int, out: Path) -> tuple[str, ...]:
        recipe = out / "recipe.toml"
        text = RECIPE.format(port=port)
        if what == "fetch":
            recipe.write_text(text, encoding="utf-8")
            return ("pipeline", "fetch", str(recipe), "--raw", str(out / "raw"))
        text += TEXTS + ASKS.format(port=port, cache=out / "cache")
        recipe.write_text(text, encoding="utf-8")
        raw = ("--raw", str(self.folder / "files"), "--out", str(out / "out"))
        return ("pipeline", "build", "--dataset", str(recipe), *raw)


def raw_files(folder: Path, rng: random.Random) -> None:
    """Write a catalogue of 300 bands, plays of twenty users, and notes about some bands."""
    folder.mkdir()
    genres = ["trip hop", "rock", "thrash metal", "house", "shoegaze"]
    cities = [f"Town {n}" for n in range(30)]
    bands = [f"{n},Band {n},{rng.choice(genres)},{rng.choice(cities)}\n" for n in range(300)]
    plays = [f"u{u}\t{b}\n" for u in range(20) for b in rng.sample(range(300), 9)]
    notes = [
        {"id": str(n), "title": f"Band {n}", "text": f"Band {n} are a {rng.choice(genres)} band "
         f"from {rng.choice(cities)}, formed in {1960 + n}. They signed to Island Records."}
        for n in range(20)
    ]  # fmt: skip
    (folder / "bands.csv").write_text("id,name,genre,city\n" + "".join(bands))
    (folder / "plays.tsv").write_text("user\tband\n" + "".join(plays))
    (folder / "notes.jsonl").write_text("".join(json.dumps(note) + "\n" for note in notes))


def main() -> int:
    """Run attacks until the time limit; print and write the findings."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=90.0, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument(
        "--longest",
        type=float,
        default=60.0,
        metavar="S",
        help="longer hangs (default: %(default)s)",
    )
    parser.add_argument("--report", type=Path, help="file for the report (JSON)")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="commands to attack; also: servers, deployment"
    )
    flags = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1"}
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    began, rng = time.monotonic(), random.Random(flags.seed)
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        raw_files(folder / "files", rng)
        campaign = Campaign(rng, began, flags.longest, folder / "attacks")
        with server(folder / "files") as port:
            attacks = attack_all(campaign, folder, port, flags.minutes, flags.only)
    report = {
        "seed": flags.seed,
        "minutes": round((time.monotonic() - began) / 60, 1),
        "kills": sum(n for name, n in campaign.counts.items() if name.endswith(": kill")),
        "writes": {attack.command.name: attack.writes for attack in attacks},
        "attacks": dict(sorted(campaign.counts.items())),
        "found": campaign.found,
    }
    text = json.dumps(report, indent=1, ensure_ascii=False)
    print(text)
    if flags.report is not None:
        flags.report.write_text(text + "\n", encoding="utf-8")
    return 1 if campaign.found else 0


def attack_all(
    campaign: Campaign, folder: Path, port: int, minutes: float, only: list[str] | None
) -> list[Attack]:
    """Attack all or some commands until the time limit; returns the counts per command."""
    chosen = [c for c in commands(folder, port) if not only or c.name in only]
    run(folder, "flows.build_kg", "--help")
    # The modules have been compiled; from here on, a command makes the same writes in every run.
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    attacks = [Attack(campaign, command) for command in chosen]
    campaign.deadline = time.monotonic() + 60 * minutes  # of attacks
    if not only or PrefectAttack.name in only:
        recipe, raw = folder / "small.toml", folder / "files"
        PrefectAttack(campaign, recipe, raw, content(folder / "small")).attack()
    servers = ServerAttack(campaign, folder)
    while not campaign.over:
        if not only or "servers" in only:
            servers.attack()
        for attack in attacks:
            # mostly kills: there are hundreds of moments, and few kinds of crowds
            several: list[Callable[[], None]] = [attack.kill] * 7
            campaign.rng.choice([*several, attack.crowd, attack.fill, attack.corrupt])()
            if campaign.over:
                break
    return attacks


if __name__ == "__main__":
    sys.exit(main())
