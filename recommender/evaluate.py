"""Measure a trained run: `python -m recommender.evaluate --ranking --bootstrap 1000`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from recommender.cli import OneLineParser, add_settings, main_guard, settings_of
from recommender.display import wide_console
from recommender.evaluation import EvaluationConfig, check_own_metrics, evaluate_run
from recommender.metrics.ranking import RANKING_METRICS
from recommender.runs import add_run_flags, open_run
from recommender.training.checkpoint import write_atomically

__all__ = ["REPORT_FILE", "main"]

REPORT_FILE = "evaluation.json"


def main(argv: list[str] | None = None) -> int:
    """Parse, measure, print; write `evaluation.json` into the run folder."""
    arguments = _parser().parse_args(argv)
    config = EvaluationConfig.parse(settings_of(arguments, EvaluationConfig))
    folder, run = open_run(arguments.run, arguments.data, config.device)
    report = evaluate_run(run, config)
    check_own_metrics(folder, config.part, report["ctr"])
    text = json.dumps(report, indent=2, allow_nan=False)
    write_atomically(folder / REPORT_FILE, f"{text}\n".encode())
    if arguments.format == "json":
        sys.stdout.write(f"{text}\n")
        return 0
    console = wide_console()
    console.print(f"{run.config.model} on {run.dataset.name}, {config.part} rows", style="bold")
    _print_ctr(console, report["ctr"])
    if config.ranking:
        _print_ranking(console, report["ranking"], sorted(set(config.ks)))
    console.print(f"written to {folder / REPORT_FILE}", style="dim", soft_wrap=True)
    return 0


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="python -m recommender.evaluate",
        description="Measure a trained run on held-out rows: AUC and ACC, total and on items with "
        "(warm) and without (cold) a positive in train; with --ranking also the whole catalogue.",
        allow_abbrev=False,
    )
    add_run_flags(parser)
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="default: %(default)s"
    )
    add_settings(parser, EvaluationConfig, title="measuring")
    return parser


def _print_ctr(console: Console, ctr: Mapping[str, Any]) -> None:
    intervals, counts = ctr.get("intervals", {}), ctr["counts"]
    table = _table(("rows told apart", "rows", "positive", "AUC", "ACC"))
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
    bands = _table(("by the item's positives in train", "rows", "positive", "AUC"))
    for band in (band for band in ctr["bands"] if band["rows"]):
        share = _share(band["positives"], band["rows"])
        bands.add_row(band["train_positives"], f"{band['rows']:,}", share, _number(band["auc"]))
    console.print(bands)


def _print_ranking(console: Console, ranking: Mapping[str, Any], ks: list[int]) -> None:
    table = _table(("whole catalogue", *(f"@{k}" for k in ks)))
    intervals = ranking.get("intervals", {})
    for name in RANKING_METRICS:
        table.add_row(name, *(_figure(ranking, f"{name}@{k}", intervals) for k in ks))
    console.print(table)
    people = f"{ranking['users']:,} users with {ranking['relevant']:,} relevant items"
    console.print(f" {people}; left out of the lists: {ranking['excluded']}", style="dim")


def _table(columns: tuple[str, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for n, column in enumerate(columns):
        table.add_column(column, justify="right" if n else "left")
    return table


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
