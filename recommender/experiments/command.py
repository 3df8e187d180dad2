"""Shared parts of the experiment commands: flags, checks, planning and running."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from recommender.cli import OneLineParser
from recommender.errors import ConfigError
from recommender.experiments.cells import Cell, CellKey, publish, read_published
from recommender.experiments.console import announce, cores, run_with_bar
from recommender.experiments.rows import FOLDER
from recommender.experiments.runner import Outcome, plan
from safe_io.atomic import remove_leftovers
from safe_io.locks import folder_lock

__all__ = ["Measured", "add_flags", "check_numbers", "common_words", "measure", "output_locks"]

SEEDS = (555, 1, 2, 3, 4)


@dataclass(frozen=True)
class Measured:
    """Results of a command.

    Attributes:
        done: available results, by cell.
        failed: cells without one.
        status: exit status of the command; None if a page must be written first.
    """

    done: Mapping[CellKey, Mapping[str, Any]]
    failed: Sequence[Outcome] = ()
    status: int | None = None


def add_flags(parser: OneLineParser, *, seed_of: str, trial: str, figures: str) -> None:
    """Add the flags of every experiment.

    Args:
        seed_of: help text: what the seeds determine.
        trial: help text: what a trial with fewer epochs is.
        figures: help text: files beside the page.
    """
    parser.add_argument(
        "--data-root",
        type=Path,
        default=Path("data/processed"),
        metavar="DIR",
        help="folder of the data folders (default: %(default)s)",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=list(SEEDS),
        metavar="N",
        help=f"each is the seed of {seed_of} (default: {' '.join(map(str, SEEDS))})",
    )
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="processes, one thread each (default: all cores)"
    )
    parser.add_argument("--estimate", action="store_true", help="print the estimated duration")
    parser.add_argument(
        "--cached",
        action="store_true",
        help="train nothing; write the page from cached and published results",
    )
    parser.add_argument(
        "--published",
        action="store_true",
        help="take the results published in OUT/cells, and train only the others",
    )
    parser.add_argument(
        "--epochs", type=int, metavar="N", help=f"at most so many epochs: a trial, {trial}"
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="results (default: DATA_ROOT/experiments)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("docs/results"),
        metavar="DIR",
        help=f"folder of the page and the {figures} (default: %(default)s)",
    )
    parser.add_argument(
        "--rows",
        type=Path,
        default=FOLDER,
        metavar="DIR",
        help="rows to use instead of the project's",
    )


def check_numbers(arguments: argparse.Namespace) -> None:
    """Raise a ConfigError for invalid numbers."""
    if len(set(arguments.seeds)) != len(arguments.seeds) or min(arguments.seeds) < 0:
        raise ConfigError("--seeds: give different integers >= 0")
    for name in ("jobs", "epochs"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise ConfigError(f"--{name}: give at least 1")


def measure(console: Console, cells: Sequence[Cell], arguments: argparse.Namespace) -> Measured:
    """Estimate the time and run missing cells, according to the flags."""
    cache = _cache(arguments)
    published = read_published(arguments.out) if arguments.cached or arguments.published else {}
    todo, jobs = plan(cells, cache, published), arguments.jobs or cores()
    announce(console, todo, jobs)
    if arguments.estimate:
        return Measured({}, status=0)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the processes are stopped
    try:
        outcomes = [] if arguments.cached else run_with_bar(console, todo, cache, jobs)
    except KeyboardInterrupt:
        console.print("stopped; finished results are kept: repeat the command to continue")
        return Measured({}, status=130)
    done = {**todo.done, **{o.cell.key: o.result for o in outcomes if o.result is not None}}
    if arguments.epochs is None:
        publish(arguments.out, done)
    return Measured(done, [o for o in outcomes if o.result is None])


@contextmanager
def output_locks(arguments: argparse.Namespace) -> Iterator[None]:
    """Lock the output folders given by the flags against other experiments.

    Raises:
        InUseError: another experiment is using one of them.
    """
    cache = _cache(arguments)
    with ExitStack() as locks:
        if not (arguments.estimate or arguments.cached):
            locks.enter_context(folder_lock(cache, "experiment"))
            for folder in cache.iterdir():
                if folder.is_dir():  # one results folder per model
                    remove_leftovers(folder)
        if not arguments.estimate:
            locks.enter_context(folder_lock(arguments.out, "experiment"))
        yield


def common_words(arguments: argparse.Namespace) -> list[str]:
    """The flags repeated at the end of the command on a page."""
    words = ["--epochs", str(arguments.epochs)] if arguments.epochs else []
    return words + [f"--{name}" for name in ("cached", "published") if getattr(arguments, name)]


def _cache(arguments: argparse.Namespace) -> Path:
    folder: Path = arguments.cache or arguments.data_root / "experiments"
    return folder
