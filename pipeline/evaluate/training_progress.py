"""Progress of a training: a bar on a terminal, and a line for each step in a file or pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kg_builder.progress import Progress as Report


@contextmanager
def training_progress(console: Console, what: str) -> Iterator[Report]:
    """Give a function to call with the steps done and their number; a number of None keeps it.

    Args:
        console: where to; standard error in commands.
        what: what is going on, such as "training on 838 texts".
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
