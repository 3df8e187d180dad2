"""Command to compare trained runs with paired tests: `python -m recommender.compare RUN RUN …`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from recommender.cli import OneLineParser, add_settings, main_guard, settings_of
from recommender.comparison import Comparison, compare_runs, measure
from recommender.display import wide_console
from recommender.evaluation import EvaluationConfig
from recommender.metrics.lists import list_metrics
from recommender.metrics.significance.contrast import Contrast

__all__ = ["main"]

_DEFAULT_RESAMPLES = 1000
_FAMILIES = {"rows": "classified rows", "ranking": "the ranking", "lists": "the lists"}


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, compare the runs, print tables."""
    arguments = _parser().parse_args(argv)
    settings = {"bootstrap": _DEFAULT_RESAMPLES, **settings_of(arguments, EvaluationConfig)}
    config = EvaluationConfig.parse(settings)
    runs = [measure(folder, config) for folder in arguments.runs]
    comparisons = compare_runs(runs, config)
    if arguments.format == "json":
        report = [comparison.as_dict() for comparison in comparisons]
        sys.stdout.write(json.dumps(report, indent=2, allow_nan=False) + "\n")
        return 0
    console = wide_console()
    for comparison in comparisons:
        _print(console, comparison)
    _print_notes(console, comparisons)
    return 0


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="python -m recommender.compare",
        usage="%(prog)s RUN RUN [RUN ...] [settings]",
        description="Compare runs with the first one. Runs on the same rows are compared row "
        "by row; runs on several splits are grouped by their settings and paired by seed.",
        allow_abbrev=False,
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders")
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="default: %(default)s"
    )
    add_settings(
        parser, EvaluationConfig, title="measuring", defaults={"bootstrap": _DEFAULT_RESAMPLES}
    )
    return parser


def _print(console: Console, comparison: Comparison) -> None:
    console.print("A", comparison.first, style="bold", highlight=False, soft_wrap=True)
    pairs = f"  ({comparison.seeds} pairs of runs)" if comparison.seeds > 1 else ""
    console.print("B", comparison.second + pairs, style="bold", highlight=False, soft_wrap=True)
    over_seeds = comparison.seeds > 1
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    columns = ["metric", "A", "B", "B − A", "95% from", "to", "p", "Holm"]
    for n, column in enumerate(columns + ["Wilcoxon"] * over_seeds):
        table.add_column(column, justify="right" if n else "left", no_wrap=True)
    for before, contrast in zip([None, *comparison.contrasts], comparison.contrasts, strict=False):
        if before is not None and before.family != contrast.family:
            table.add_section()
        row = _row(contrast)
        table.add_row(*(row if over_seeds else row[:-1]))
    console.print(table)


def _row(contrast: Contrast) -> list[str]:
    spreads = contrast.spread or (None, None)
    metric = list_metrics().get(contrast.metric.partition("@")[0])
    digits = metric.digits if metric else 4
    if digits == 0 and contrast.spread:
        digits = 1  # means of counts
    return [
        contrast.metric,
        _value(contrast.first, spreads[0], digits),
        _value(contrast.second, spreads[1], digits),
        *(_change(v, digits) for v in (contrast.difference, contrast.low, contrast.high)),
        *(_p(p) for p in (contrast.p_value, contrast.p_holm, contrast.p_other)),
    ]


def _print_notes(console: Console, comparisons: list[Comparison]) -> None:
    contrasts = [c for comparison in comparisons for c in comparison.contrasts]
    tests: dict[str, list[str]] = {}
    for contrast in contrasts:
        name = contrast.metric if contrast.family == "rows" else _FAMILIES[contrast.family]
        names = tests.setdefault(contrast.test, [])
        if contrast.test != "none" and name not in names:
            names.append(name)
    if any(comparison.seeds > 1 for comparison in comparisons):
        note = "p: Student's paired t over the pairs of runs, and its interval of the difference"
    else:
        tested = [f"{test} for {', '.join(names)}" for test, names in tests.items() if names]
        note = f"p: {'; '.join(tested)}. Interval: bootstrap over users"
    counts = Counter(c.family for c in contrasts if c.p_value is not None)
    parts = [f"{n} of {_FAMILIES[family]}" for family, n in counts.items()]
    note += f". Holm: corrected for the tests shown, {', '.join(parts)}"
    note += ", each group by itself." if len(parts) > 1 else "."
    console.print(note, style="dim", highlight=False)


def _value(value: float | None, spread: float | None, digits: int) -> str:
    if value is None:
        return "–"
    text = f"{value:,.{digits}f}"
    return text if spread is None else f"{text}±{spread:,.{digits}f}"


def _change(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:+,.{digits}f}"


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main_guard(main))
