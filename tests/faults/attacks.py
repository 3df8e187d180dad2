"""Inject faults into a command that writes a folder, and compare with an undisturbed run."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import re
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from tests.faults.processes import Ended, Run, Running

# On pages, times have a unit or, in tables, one decimal; measures have three.
_PAGE_TIMES = re.compile(r"\d+(\.\d+)? (s|min|h)\b|(?<![\d.])\d+\.\d(?!\d)")
_TIMES = re.compile(r"seconds|per_second|versions|^data$|^run$")


@dataclass(frozen=True)
class Command:
    """A command that writes a folder.

    Attributes:
        name: as in the report.
        words: module and arguments; `{out}` is the folder that it writes.
        again: additional arguments to resume after a kill.
        given: folder copied to `{out}` before the command runs, for commands that add to one.
    """

    name: str
    words: tuple[str, ...]
    again: tuple[str, ...] = ()
    given: Path | None = None


@dataclass
class Campaign:
    """Counts and findings of attacks, with time limits in seconds for all and for each run."""

    rng: random.Random
    deadline: float
    longest: float
    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    found: list[dict[str, str]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.deadline

    def note(self, name: str, attack: str, problem: str) -> None:
        """Count an attack on a command, and record its finding."""
        self.counts[f"{name}: {attack.split(' ')[0]}"] += 1
        if problem:
            self.found.append({"command": name, "attack": attack, "problem": problem})
            print(f"FOUND {name}: {attack}: {problem}", flush=True)


def content(folder: Path) -> dict[str, str]:
    """Hashes of a folder's files, without times, versions and hidden files."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if path.is_file() and not hidden and path.name != "manifest.json":
            found[name] = hashlib.sha256(_timeless(path)).hexdigest()
    return found


def _timeless(path: Path) -> bytes:
    if path.name == "checkpoint.pt":
        state, made = torch.load(path, weights_only=True), io.BytesIO()
        state["stopping"].pop("seconds", None)
        torch.save(state, made)
        return made.getvalue()
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
    """The attacks on one command, compared with an undisturbed run."""

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
        """An output folder in its state before the command's first run."""
        out = self.folder / name / "out"
        shutil.rmtree(out.parent, ignore_errors=True)
        out.parent.mkdir()
        if self.command.given is not None:
            shutil.copytree(self.command.given, out)
        return out

    def kill(self) -> None:
        """Kill at a random write, repeat, compare."""
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
        """Run two at once: each succeeds or is refused in one line."""
        out = self.fresh("crowd")
        running = [self._start(out) for _ in range(2)]
        ends = [run.finish(self.campaign.longest) for run in running]
        problem = next((end.problem for end in ends if end.problem), "")
        statuses = sorted(end.status for end in ends)
        if not problem and (statuses[0] != 0 or statuses[1] not in {0, 2}):
            problem = f"statuses {statuses}: {' | '.join(e.error.strip()[-150:] for e in ends)}"
        self._note("crowd of two", problem, out)

    def fill(self) -> None:
        """Run with a limit on file sizes, then without."""
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
        """Flip a bit in a file, keeping its time: the next run reports it, or rewrites the file."""
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
        self.campaign.note(self.command.name, f"corrupt {path.relative_to(out)}", problem)

    def _run(self, out: Path, **how: Any) -> Ended:
        return self._start(out, **how).finish(self.campaign.longest)

    def _start(self, out: Path, *, again: bool = False, **how: Any) -> Running:
        words = self.command.words + (self.command.again if again else ())
        words = tuple(word.format(out=out) for word in words)
        return Running(Run(words, home=out.parent / "prefect", **how))

    def _note(self, attack: str, problem: str, out: Path) -> None:
        self.campaign.note(
            self.command.name, attack, problem or difference(self.wanted, content(out))
        )
