"""Command to plot accuracy against a re-ranking criterion: `python -m recommender.trade_off`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from recommender.cli import OneLineParser, main_guard, positive
from recommender.display import wide_console
from recommender.lists.criteria import criteria, criterion_named
from recommender.lists.options import DEFAULT_POOL
from recommender.lists.trade_off import LIST_METRICS, TradeOff, trade_off
from recommender.metrics.lists import list_metrics
from recommender.runs import add_run_flags, open_run
from safe_io.atomic import replacing, write_atomically
from safe_io.locks import folder_lock

__all__ = ["draw", "main"]

#: The metric of each criterion.
_AIMS = {"calibration": "calibration", "diversity": "diversity", "popularity": "popularity_share"}
_BLUE, _ORANGE = "#1f5f8b", "#c8641b"


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, re-rank with every weight, print, write, plot."""
    arguments = _parser().parse_args(argv)
    folder, run = open_run(arguments.run, arguments.data, arguments.device, held_out=True)
    name = arguments.criterion
    weights = arguments.weights or _grid(name)
    for weight in weights:  # before the work
        criterion_named(name).check(weight)
    bar = Progress(
        TextColumn("re-ranking"), BarColumn(), TimeRemainingColumn(), console=Console(stderr=True)
    )
    held_out = run.split.valid if arguments.part == "valid" else run.split.test
    users = len(np.unique(held_out.users[held_out.labels == 1]))
    with folder_lock(folder, "command"):
        with bar:
            task = bar.add_task("", total=len(weights) * users)
            points = trade_off(
                run.model,
                run.split,
                held_out,
                name,
                weights,
                k=arguments.top,
                pool=arguments.pool,
                progress=lambda done: bar.advance(task, done),
            )
        report = {
            "run": str(folder),
            "criterion": name,
            "part": arguments.part,
            "k": arguments.top,
            "pool": arguments.pool,
            "points": [{"weight": point.weight, **point.values} for point in points],
        }
        text = json.dumps(report, indent=2, allow_nan=False) + "\n"
        stem = folder / f"trade_off-{name}"
        write_atomically(stem.with_suffix(".json"), text)
        draw(points, name, arguments.top, stem.with_suffix(".png"))
    if arguments.format == "json":
        sys.stdout.write(text)
    else:
        _print(points, name, arguments.top)
        Console().print(f"written to {stem}.json and .png", soft_wrap=True)
    return 0


def draw(points: Sequence[TradeOff], criterion: str, k: int, path: Path) -> None:
    """Plot NDCG against the criterion's metric, each point labelled with its weight."""
    aim = _AIMS.get(criterion, "popularity_share")
    places = [
        (point.weight, x, y)
        for point in points
        if (x := point.values[aim]) is not None and (y := point.values["ndcg"]) is not None
    ]
    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    axis.plot([x for _, x, _ in places], [y for _, _, y in places], color=_BLUE, linewidth=1.2)
    for weight, x, y in places:
        colour = _ORANGE if weight == 0 else _BLUE
        axis.plot([x], [y], "o", color=colour, markersize=5, zorder=3)
        axis.annotate(
            f"{weight:g}",
            (x, y),
            textcoords="offset points",
            xytext=(4, -11),  # below: the curve rises to the right
            fontsize=8,
            color=colour,
        )
    axis.set_xlabel(list_metrics()[aim].title)
    axis.set_ylabel(f"NDCG@{k}")
    axis.set_title(f"--{criterion} (0: the order of the scores)", fontsize=10, loc="left")
    axis.grid(color="#dddddd", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})


def _grid(name: str) -> list[float]:
    """Eleven weights around 0 if the criterion allows negative ones, else from 0 to 1."""
    if criterion_named(name).least < 0:
        return [-1.0, -0.7, -0.5, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.5]
    return [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def _print(points: Sequence[TradeOff], name: str, k: int) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    metrics = [list_metrics()[column] for column in LIST_METRICS]
    for column in (f"--{name}", f"NDCG@{k}", f"Recall@{k}", *(m.title for m in metrics)):
        table.add_column(column, justify="right")
    digits = {"ndcg": 4, "recall": 4, **{metric.name: metric.digits for metric in metrics}}
    for point in points:
        cells = [_cell(point.values[column], places) for column, places in digits.items()]
        style = "bold" if point.weight == 0 else None
        table.add_row(f"{point.weight:g}", *cells, style=style)
    wide_console().print(table)


def _cell(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="python -m recommender.trade_off",
        description="Re-rank all users' lists with a series of weights of a criterion: its "
        "cost in accuracy and its gain.",
        allow_abbrev=False,
    )
    add_run_flags(parser)
    parser.add_argument(
        "--criterion",
        choices=tuple(criteria()),
        default="popularity",
        help="re-ranking criterion (default: %(default)s)",
    )
    parser.add_argument(
        "--weights", type=float, nargs="+", metavar="W", help="weights (default: eleven of them)"
    )
    parser.add_argument(
        "--part", choices=("valid", "test"), default="valid", help="default: %(default)s"
    )
    parser.add_argument(
        "--top", type=positive, default=10, metavar="K", help="length of the lists (default: 10)"
    )
    parser.add_argument(
        "--pool",
        type=positive,
        default=DEFAULT_POOL,
        metavar="N",
        help="best items by score to choose from (default: %(default)s)",
    )
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="default: %(default)s"
    )
    parser.add_argument(
        "--device", default="auto", help="`auto`, `cpu`, `cuda`, `cuda:1`, `mps` (default: auto)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main_guard(main))
