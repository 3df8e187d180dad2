"""Terminal output of the experiments: cached results, expected time, a progress bar."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from recommender.experiments.runner import Outcome, Plan, run

__all__ = ["announce", "cores", "run_with_bar"]


def cores() -> int:
    """Number of cores available to this process."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def announce(console: Console, todo: Plan, jobs: int) -> None:
    """Print the number of cached results and the expected time for the others."""
    text = f"{len(todo.done)} results at hand, {len(todo.todo)} trainings to do"
    if todo.todo:
        text += f", about {_minutes(todo.total(jobs))} on {jobs} core{'s' if jobs > 1 else ''}"
    console.print(text, soft_wrap=True)


def run_with_bar(console: Console, todo: Plan, cache: Path, jobs: int) -> list[Outcome]:
    """Run with a progress bar in expected seconds, so that it moves evenly."""
    bar = Progress(
        TextColumn("{task.fields[ended]} of {task.fields[all]} trainings"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[last]}"),
        console=console,
    )
    work = bar.add_task("", total=sum(todo.seconds.values()), ended=0, all=len(todo.todo), last="")
    ended = 0

    def finished(outcome: Outcome) -> None:
        nonlocal ended
        ended += 1
        cell = outcome.cell
        last = f"{cell.row.label}, seed {cell.seed}: "
        if outcome.result is None:
            last += outcome.problem
            console.print(last, style="red", soft_wrap=True)
        else:
            auc = outcome.result["test"]["auc"]
            last += f"AUC {auc:.4f}" if auc is not None else "AUC undefined"
        if not console.is_terminal and outcome.result is not None:  # no progress bar in a log
            console.print(f"{ended} of {len(todo.todo)}: {last}", soft_wrap=True)
        bar.update(work, advance=todo.seconds[cell.key], ended=ended, last=last)

    with bar:
        return run(todo.todo, cache, jobs, finished)


def _minutes(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
