"""Command to evaluate a trained run: `python -m recommender.evaluate --bootstrap 1000`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import Progress

from recommender.cli import OneLineParser, add_settings, main_guard, settings_of
from recommender.display import figures_table, print_ranking, wide_console
from recommender.evaluation import EvaluationConfig, check_own_metrics, evaluate_run
from recommender.runs import add_run_flags, open_run
from safe_io.atomic import write_atomically
from safe_io.locks import folder_lock

__all__ = ["REPORT_FILE", "main"]

REPORT_FILE = "evaluation.json"


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, evaluate, print; write `evaluation.json` to the run folder."""
    arguments = _parser().parse_args(argv)
    config = EvaluationConfig.parse(settings_of(arguments, EvaluationConfig))
    folder, run = open_run(arguments.run, arguments.data, config.device, held_out=True)
    with folder_lock(folder, "command"):
        with _progress(run.dataset.n_users, config) as progress:
            report = evaluate_run(run, config, progress)
        check_own_metrics(folder, config.part, report["ctr"])
        text = json.dumps(report, indent=2, allow_nan=False)
        write_atomically(folder / REPORT_FILE, f"{text}\n")
    if arguments.format == "json":
        sys.stdout.write(f"{text}\n")
        return 0
    console = wide_console()
    console.print(f"{run.config.model} on {run.dataset.name}, {config.part} rows", style="bold")
    _print_ctr(console, report["ctr"])
    if config.ranking:
        print_ranking(console, report["ranking"])
    console.print(f"written to {folder / REPORT_FILE}", style="dim", soft_wrap=True)
    return 0


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="python -m recommender.evaluate",
        description="Evaluate a trained run on held-out rows: AUC and ACC, total and for items "
        "with (warm) and without (cold) a positive in train; and rank the whole catalogue: "
        "accuracy and other properties of the lists.",
        allow_abbrev=False,
    )
    add_run_flags(parser)
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="default: %(default)s"
    )
    add_settings(parser, EvaluationConfig, title="measuring")
    return parser


@contextmanager
def _progress(n_users: int, config: EvaluationConfig) -> Iterator[Callable[[int], None]]:
    """Progress bar of ranked users: models that score pair by pair take minutes for many items."""
    console = Console(stderr=True)
    total = min(n_users, config.rank_users or n_users)
    shown = config.ranking and console.is_terminal
    with Progress(console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task("ranking the catalogue", total=total)
        yield lambda n: bar.advance(task, n)


def _print_ctr(console: Console, ctr: Mapping[str, Any]) -> None:
    intervals, counts = ctr.get("intervals", {}), ctr["counts"]
    table = figures_table(("classified rows", "rows", "positive", "AUC", "ACC"))
    for title, ending, part in (
        ("total", "", ""),
        ("warm", "_warm", "warm_"),
        ("cold", "_cold", "cold_"),
    ):
        rows, positives = counts[f"{part}rows"], counts[f"{part}positives"]
        figures = [_figure(ctr, f"{metric}{ending}", intervals) for metric in ("auc", "acc")]
        table.add_row(title, f"{rows:,}", _share(positives, rows), *figures)
    console.print(table)
    others = (
        ("F1", _figure(ctr, "f1", intervals)),
        ("log-loss", _figure(ctr, "log_loss", intervals)),
        (
            f"ACC at the validation threshold {ctr['valid_threshold']:.3f}",
            _figure(ctr, "acc_valid_threshold", intervals),
        ),
    )
    console.print(" " + " · ".join(f"{name} {figure}" for name, figure in others))
    if counts["not_finite"]:
        console.print(
            f" {counts['not_finite']} predictions are not finite: the training diverged",
            style="red",
        )
    bands = figures_table(("by the item's positives in train", "rows", "positive", "AUC"))
    for band in (band for band in ctr["bands"] if band["rows"]):
        share = _share(band["positives"], band["rows"])
        bands.add_row(band["train_positives"], f"{band['rows']:,}", share, _number(band["auc"]))
    console.print(bands)


def _figure(values: Mapping[str, Any], name: str, intervals: Mapping[str, Any]) -> str:
    text = _number(values[name])
    interval = intervals.get(name)
    return f"{text} [{interval[0]:.4f}, {interval[1]:.4f}]" if interval else text


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"


if __name__ == "__main__":
    sys.exit(main_guard(main))
