"""Terminal output of builds, downloads, trainings: progress bars, a line per stage, a summary."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from pipeline.stages.artefact_names import BREAKS

if TYPE_CHECKING:  # the help of a command needs a console, and no stage
    from kg_builder.progress import Progress as Report
    from pipeline.build import BuildReport
    from pipeline.fetch import FetchProgress
    from pipeline.stages.stage import Stage, StageReport

_HEADLINES = 4
_WIDE, _HIGH = 140, 50


def terminal(*, stderr: bool = False) -> Console:
    """The console of commands; in a pipe or file, wide enough for one line per table row."""
    stream = sys.stderr if stderr else sys.stdout
    has_width = stream.isatty() or bool(os.environ.get("COLUMNS"))
    # A width without a height is ignored if TERM is "dumb".
    return (
        Console(stderr=stderr) if has_width else Console(stderr=stderr, width=_WIDE, height=_HIGH)
    )


class BuildDisplay:
    """Progress bar for the running stage, and a line for each completed one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<10}"),
            BarColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._noted: set[str] = set()

    def __enter__(self) -> BuildDisplay:
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.showwarning = self._note
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()
        self._warnings.__exit__(None, None, None)

    def _note(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        """Print a warning once as one line, without its source code."""
        if str(message) in self._noted:
            return
        self._noted.add(str(message))
        self._bars.console.print(
            "[yellow]note:[/]", escape(str(message)), highlight=False, soft_wrap=True
        )

    def started(self, stage: Stage) -> Report:
        """Show a stage's bar; returns its progress callback."""
        task = self._task = self._bars.add_task(stage.name, total=None)

        def report(done: int, total: int | None = None) -> None:
            self._bars.update(task, completed=done, total=total)

        return report

    def ended(self, report: StageReport) -> None:
        """Replace the bar by a line about the completed stage."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        counts = list(report.counts.items())
        shown = counts[:_HEADLINES] + [one for one in counts[_HEADLINES:] if one[0] == BREAKS]
        headline = ", ".join(f"{count:,} {what}" for what, count in shown)
        time = "[dim]unchanged[/]" if report.skipped else f"{report.seconds:6.1f} s "
        memory = f"{report.peak_mb:7,} MB" if report.peak_mb and not report.skipped else " " * 10
        self._bars.console.print(
            f"[green]✓[/] {report.name:<10} {time}{memory}  {headline}",
            highlight=False,
            soft_wrap=True,
        )


def summary(report: BuildReport, console: Console) -> None:
    """Print what was built, and where."""
    last = report.stages[-1].counts
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="bold")
    table.add_column()
    for what in ("triples", "entities", "relations", "items", "users", "rating rows"):
        if what in last:
            table.add_row(f"{last[what]:,}", what)
    console.print(table)
    skipped = sum(stage.skipped for stage in report.stages)
    note = f" ({skipped} of {len(report.stages)} stages unchanged)" if skipped else ""
    console.print(f"{report.seconds:.1f} s of work{note}", highlight=False)
    for name, what in (("kg.ttl", "the graph"), ("quality.html", "what was built and dropped")):
        console.print(f"{report.out / name}  [dim]{what}[/]", highlight=False, soft_wrap=True)


@contextmanager
def download_bars(console: Console) -> Iterator[FetchProgress]:
    """Progress bars of downloads: yields a callback of (path, bytes done, total)."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
    )
    tasks: dict[str, TaskID] = {}

    def report(path: str, done: int, total: int | None) -> None:
        if path not in tasks:
            tasks[path] = bars.add_task(path, total=total)
        bars.update(tasks[path], completed=done, total=total)

    with bars:
        yield report


@contextmanager
def training_progress(console: Console, what: str) -> Iterator[Report]:
    """Yield a callback of (steps done, total); a total of None keeps the last one.

    Args:
        console: output console; standard error in commands.
        what: description, such as "training on 838 texts".
    """
    started, steps = time.monotonic(), 0
    if not console.is_terminal:
        console.print(what, highlight=False)

        def line(done: int, total: int | None = None) -> None:
            nonlocal steps
            steps = total or steps
            seconds = time.monotonic() - started
            console.print(f"{what}: step {done} of {steps}, {seconds:.0f} s", highlight=False)

        yield line
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bars:
        task = bars.add_task(what, total=None)

        def bar(done: int, total: int | None = None) -> None:
            bars.update(task, completed=done, total=total)

        yield bar
