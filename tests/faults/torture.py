"""The slow part of the campaign: every command that writes, attacked until the time is up.

    python tests/faults/torture.py [--minutes 90] [--seed 1] [--report FILE.json] [--only NAME …]

For each of `commands`, in turns that the seed orders: it is killed at one of the moments at which
it opens a file for writing, renames, removes or makes a folder, and repeated: the bytes must be
those of an undisturbed run. Two of it run at once: each succeeds or is refused, and the bytes are
the same. It runs under a limit on the size of files, as on a disk that fills up. A bit of what it
wrote is flipped, with the time of the file unchanged, and it runs again. Nothing may end in a
traceback, or take over a minute (`--longest`, for a machine that has other work).

The exit status is 0 where nothing was found; the report holds every attack that found something.
"""

from __future__ import annotations

import argparse
import hashlib
import http.server
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Run in the attacked process: counts its writes, and kills it at the one that is asked for.
KILLER = """
import os, runpy, signal, sys
limit, log, module = int(sys.argv[1]), sys.argv[2], sys.argv[3]
seen, me = 0, os.getpid()
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
def hook(event, args):
    global seen
    if event == "open":
        if not isinstance(args[2], int) or not args[2] & WRITING or str(args[0]).startswith("/dev"):
            return
    elif event not in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"):
        return
    if os.getpid() != me or "__pycache__" in str(args[0]):
        return
    seen += 1
    if seen == limit:
        os.kill(me, signal.SIGKILL)
    if not limit:
        with_log.write(b".")
with_log = open(log, "wb", buffering=0)
sys.addaudithook(hook)
sys.argv = [module, *sys.argv[4:]]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""
# On pages, times have a unit or, in tables, one decimal; measures have three.
_PAGE_TIMES = re.compile(r"\d+(\.\d+)? (s|min|h)\b|(?<![\d.])\d+\.\d(?!\d)")
_TIMES = re.compile(r"seconds|per_second|versions|^data$|^run$")
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


@dataclass(frozen=True)
class Command:
    """One command that writes a folder.

    Attributes:
        name: as in the report.
        words: module and arguments; `{out}` is the folder that it writes.
        again: further arguments when it goes on after a kill.
        given: folder whose copy `{out}` is before the command runs, for commands that add to one.
    """

    name: str
    words: tuple[str, ...]
    again: tuple[str, ...] = ()
    given: Path | None = None


@dataclass
class Ended:
    """How a run ended; `hung` says that it had to be ended."""

    status: int
    error: str
    hung: bool

    @property
    def problem(self) -> str:
        """What no run may do, killed or not."""
        if self.hung:
            return "hangs"
        if "Traceback (most recent call last)" in self.error:
            return "traceback: " + self.error.strip().splitlines()[-1][:200]
        return ""


@dataclass
class Campaign:
    """Attacks, what they found, and how long they and each run may take, in seconds."""

    rng: random.Random
    deadline: float
    longest: float
    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    found: list[dict[str, str]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.deadline

    def note(self, command: Command, attack: str, problem: str) -> None:
        """Count an attack, and what it found."""
        self.counts[f"{command.name}: {attack.split(' ')[0]}"] += 1
        if problem:
            self.found.append({"command": command.name, "attack": attack, "problem": problem})
            print(f"FOUND {command.name}: {attack}: {problem}", flush=True)


def start(
    command: Command,
    out: Path,
    *,
    kill_at: int = -1,
    log: Path | None = None,
    again: bool = False,
    largest: int | None = None,
) -> subprocess.Popen[str]:
    """Start a command; `kill_at` 0 counts its writes into `log`."""
    words = [word.format(out=out) for word in command.words + (command.again if again else ())]
    how = ["-m"] if kill_at < 0 else ["-c", KILLER, str(kill_at), str(log or os.devnull)]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
        "PREFECT_HOME": str(out.parent / "prefect"), "PREFECT_LOGGING_LEVEL": "ERROR",
    }  # fmt: skip

    def limit() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return subprocess.Popen(
        [sys.executable, *how, *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        preexec_fn=limit,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], longest: float) -> Ended:
    """Wait for a run; one that takes `longest` seconds is ended, with all that it started."""
    hung = False
    try:
        _, error = process.communicate(timeout=longest)
    except subprocess.TimeoutExpired:
        hung = True
        os.killpg(process.pid, signal.SIGKILL)
        _, error = process.communicate()
    return Ended(process.returncode, error or "", hung)


def content(folder: Path) -> dict[str, str]:
    """Hashes of a folder's files; times and versions do not count, nor hidden files."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if path.is_file() and not hidden and path.name != "manifest.json":
            found[name] = hashlib.sha256(_timeless(path)).hexdigest()
    return found


def _timeless(path: Path) -> bytes:
    if path.suffix not in {".json", ".jsonl", ".html", ".md"}:
        return path.read_bytes()
    text = path.read_text(encoding="utf-8")
    if path.suffix in {".html", ".md"}:
        return _PAGE_TIMES.sub("", text).encode()
    lines = text.splitlines() if path.suffix == ".jsonl" else [text]
    return json.dumps([_without_times(json.loads(line)) for line in lines]).encode()


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without_times(v) for k, v in value.items() if not _TIMES.search(k)}
    return [_without_times(item) for item in value] if isinstance(value, list) else value


def difference(wanted: dict[str, str], found: dict[str, str]) -> str:
    """The files in which two folders differ."""
    names = sorted(n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n))
    return f"other bytes: {', '.join(names[:5])}" if names else ""


class Attack:
    """The attacks on one command, beside what an undisturbed run of it gives."""

    def __init__(self, campaign: Campaign, command: Command) -> None:
        self.campaign, self.command = campaign, command
        self.folder = campaign.folder / command.name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        whole, log = self.fresh("whole"), self.folder / "writes"
        ended = self._run(whole, kill_at=0, log=log)
        if ended.status:
            how = ended.problem or ended.error[-500:]
            raise SystemExit(f"{command.name} fails undisturbed: {how}")
        self.wanted, self.writes = content(whole), log.stat().st_size
        self.moments = list(range(1, self.writes + 1))
        campaign.rng.shuffle(self.moments)

    def fresh(self, name: str) -> Path:
        """A folder to write, as it is before the command's first run."""
        out = self.folder / name / "out"
        shutil.rmtree(out.parent, ignore_errors=True)
        out.parent.mkdir()
        if self.command.given is not None:
            shutil.copytree(self.command.given, out)
        return out

    def kill(self) -> None:
        """Kill at a write, repeat, compare."""
        if not self.moments:
            self.moments = list(range(1, self.writes + 1))
            self.campaign.rng.shuffle(self.moments)
        moment, out = self.moments.pop(), self.fresh("killed")
        first = self._run(out, kill_at=moment)
        second = self._run(out, again=True)
        problem = first.problem or second.problem
        if not problem and second.status:
            problem = f"status {second.status} after the kill: {second.error.strip()[-200:]}"
        self._note(f"kill at write {moment} of {self.writes}", problem, out)

    def crowd(self) -> None:
        """Two at once: each succeeds or is refused in one line."""
        out = self.fresh("crowd")
        ends = [
            finish(process, self.campaign.longest)
            for process in [start(self.command, out) for _ in range(2)]
        ]
        problem = next((end.problem for end in ends if end.problem), "")
        statuses = sorted(end.status for end in ends)
        if not problem and (statuses[0] != 0 or statuses[1] not in {0, 2}):
            problem = f"statuses {statuses}: {' | '.join(e.error.strip()[-150:] for e in ends)}"
        self._note("crowd of two", problem, out)

    def fill(self) -> None:
        """A limit on the size of files, then a run without one."""
        largest = int(2 ** self.campaign.rng.uniform(6, 17))
        out = self.fresh("full")
        first = self._run(out, largest=largest)
        problem = first.problem
        left = [path.name for path in out.rglob(".*") if path.suffix in {".tmp", ".partial"}]
        if not problem and first.status not in {0, 2}:
            problem = f"status {first.status}: {first.error.strip()[-200:]}"
        elif not problem and left:
            problem = f"left behind: {left[:3]}"
        second = self._run(out, again=True)
        if not problem and second.status:
            problem = f"status {second.status} with room again: {second.error.strip()[-200:]}"
        self._note(f"fill: files of at most {largest} bytes", problem or second.problem, out)

    def corrupt(self) -> None:
        """A flipped bit in a file whose time stays: the next run says so, or makes it anew."""
        out = self.fresh("corrupt")
        self._run(out)
        paths = [p for p in sorted(out.rglob("*")) if p.is_file() and p.stat().st_size]
        path = self.campaign.rng.choice(paths)
        status, raw = path.stat(), bytearray(path.read_bytes())
        raw[self.campaign.rng.randrange(len(raw))] ^= 1 << self.campaign.rng.randrange(8)
        path.write_bytes(raw)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        ended = self._run(out, again=True)
        problem = ended.problem
        if not problem and ended.status not in {0, 2}:
            problem = f"status {ended.status}: {ended.error.strip()[-200:]}"
        self.campaign.note(self.command, f"corrupt {path.relative_to(out)}", problem)

    def _run(self, out: Path, **how: Any) -> Ended:
        return finish(start(self.command, out, **how), self.campaign.longest)

    def _note(self, attack: str, problem: str, out: Path) -> None:
        self.campaign.note(self.command, attack, problem or difference(self.wanted, content(out)))


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """The files of a folder over HTTP; gives the port."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """No line for each request."""

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield made.server_address[1]
    finally:
        made.shutdown()


def commands(folder: Path, port: int) -> list[Command]:
    """The commands, and the data that they share."""
    recipe, raw = folder / "small.toml", folder / "files"
    recipe.write_text(RECIPE.format(port=port), encoding="utf-8")
    build = ("--dataset", str(recipe), "--raw", str(raw), "--out")
    run("pipeline", "build", *build, str(folder / "small"))
    data = ("--data", str(folder / "small"))
    short = ("--epochs", "3", "--dim", "4", "--device", "cpu", "--threads", "1")
    train = ("recommender.train", *data, *short, "--checkpoint-seconds", "0")
    kge = ("recommender.train_kge", *data, *short)
    run(*train, "--out", str(folder / "run"))
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


def run(*words: str) -> None:
    """Run a command that must succeed."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environment, check=True, capture_output=True
    )


def raw_files(folder: Path, rng: random.Random) -> None:
    """A catalogue of 300 bands and what twenty users play of it."""
    folder.mkdir()
    genres = ["trip hop", "rock", "thrash metal", "house", "shoegaze"]
    cities = [f"Town {n}" for n in range(30)]
    bands = [f"{n},Band {n},{rng.choice(genres)},{rng.choice(cities)}\n" for n in range(300)]
    plays = [f"u{u}\t{b}\n" for u in range(20) for b in rng.sample(range(300), 9)]
    (folder / "bands.csv").write_text("id,name,genre,city\n" + "".join(bands))
    (folder / "plays.tsv").write_text("user\tband\n" + "".join(plays))


def main() -> int:
    """Attack until the time is up; print and write what was found."""
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
    parser.add_argument("--only", nargs="+", metavar="NAME", help="commands to attack")
    flags = parser.parse_args()
    began, rng = time.monotonic(), random.Random(flags.seed)
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        raw_files(folder / "files", rng)
        campaign = Campaign(rng, began, flags.longest, folder / "attacks")
        with server(folder / "files") as port:
            chosen = [c for c in commands(folder, port) if c.name in (flags.only or {c.name})]
            attacks = [Attack(campaign, command) for command in chosen]
            campaign.deadline = time.monotonic() + 60 * flags.minutes  # of attacks
            while not campaign.over:
                for attack in attacks:
                    # mostly kills: there are hundreds of moments, and few kinds of crowds
                    several: list[Callable[[], None]] = [attack.kill] * 7
                    rng.choice([*several, attack.crowd, attack.fill, attack.corrupt])()
                    if campaign.over:
                        break
    report = {
        "seed": flags.seed,
        "minutes": round((time.monotonic() - began) / 60, 1),
        "writes": {attack.command.name: attack.writes for attack in attacks},
        "attacks": dict(sorted(campaign.counts.items())),
        "found": campaign.found,
    }
    text = json.dumps(report, indent=1, ensure_ascii=False)
    print(text)
    if flags.report is not None:
        flags.report.write_text(text + "\n", encoding="utf-8")
    return 1 if campaign.found else 0


if __name__ == "__main__":
    sys.exit(main())
