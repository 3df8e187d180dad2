"""Command to test the faithfulness of reasons by deletion: `python -m recommender.faithfulness`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from recommender.cli import OneLineParser, add_settings, main_guard, settings_of
from recommender.display import wide_console
from recommender.errors import ConfigError, explain
from recommender.explanation.deletion import DeletionConfig, deletion_test
from recommender.runs import open_run
from safe_io.atomic import write_atomically
from safe_io.locks import folder_lock

__all__ = ["REPORT_FILE", "main"]

REPORT_FILE = "faithfulness.json"

_TITLES = {"facts": "facts of the graph", "interactions": "interactions"}


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, test, print; write `faithfulness.json` to each run folder."""
    arguments = _parser().parse_args(argv)
    try:
        config = DeletionConfig(**settings_of(arguments, DeletionConfig))
    except ValidationError as error:
        raise ConfigError(explain(error)) from None
    reports = [_test(run, arguments.data, config) for run in arguments.run or [None]]
    if arguments.format == "json":
        sys.stdout.write(json.dumps(reports, indent=2, allow_nan=False) + "\n")
    else:
        _print(wide_console(), reports)
    return 0


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="python -m recommender.faithfulness",
        description="Delete the facts named in reasons, rebuild the model on the rest without "
        "retraining, and compare the drop of the score with that of deleting equally many "
        "random facts of the same item.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--run",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="run folders (default: the newest one of --data)",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder, if not the run's")
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="default: %(default)s"
    )
    add_settings(parser, DeletionConfig, title="test")
    return parser


def _test(run: Path | None, data: Path | None, config: DeletionConfig) -> dict[str, Any]:
    folder, loaded = open_run(run, data, config.device)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("rebuilds"),
        TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
    with folder_lock(folder, "command"), bar:
        task = bar.add_task(loaded.config.model, total=None)
        report = deletion_test(
            loaded,
            config,
            lambda done, total: bar.update(task, completed=done, total=max(done, total)),
        )
        text = json.dumps(report, indent=2, allow_nan=False)
        write_atomically(folder / REPORT_FILE, f"{text}\n")
    return {"run": str(folder), **report}


def _print(console: Console, reports: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for n, column in enumerate(
        ("model", "deleted", "pairs", "named", "random", "named > 0", "named > random", "p")
    ):
        table.add_column(column, justify="left" if n < 2 else "right")
    for report in reports:
        for what, title in _TITLES.items():
            if (figures := report[what]) is not None:
                table.add_row(report["model"], title, *_cells(figures))
    console.print(table)
    console.print(
        " drops of the score in standard deviations of the user's scores; p of random sign flips",
        style="dim",
    )
    for report in reports:
        for what, title in _TITLES.items():
            if report[what] is not None and not report[what]["moved"]:
                console.print(f" {report['model']} does not use {title} when it scores: no drop")
        for why, count in report["skipped"].items():
            console.print(f" {report['model']}: {count} left out: {why}", style="dim")
        console.print(f" written to {Path(report['run']) / REPORT_FILE}", style="dim")


def _cells(figures: Mapping[str, Any]) -> list[str]:
    p = figures["p_sign_flip"]
    return [
        f"{figures['pairs']:,}",
        f"{figures['named_drop_sd']:+.4f}",
        f"{figures['random_drop_sd']:+.4f}",
        f"{figures['named_positive']:.0%}",
        f"{figures['named_larger']:.0%}",
        "–" if p is None else f"{p:.4f}",
    ]


if __name__ == "__main__":
    sys.exit(main_guard(main))
