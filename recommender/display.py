"""Rich tables on the terminal for the commands: console width, figures, ranking metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from recommender.metrics.lists import list_metrics
from recommender.metrics.ranking import RANKING_METRICS

__all__ = ["figures_table", "print_ranking", "wide_console"]

_WIDTH_OF_A_FILE = 110
_TITLES = {"ndcg": "NDCG", "mrr": "MRR"}


def wide_console() -> Console:
    """Console for standard output: as wide as the terminal, or 110 columns in a pipe or file."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_OF_A_FILE)


def figures_table(columns: tuple[str, ...]) -> Table:
    """An empty table of figures: the first column is a label, the others are numbers."""
    table = Table(box=box.SIMPLE_HEAD)
    for n, column in enumerate(columns):
        table.add_column(column, justify="right" if n else "left")
    return table


def print_ranking(console: Console, report: Mapping[str, Any]) -> None:
    """Print ranking and list metrics of `CatalogueResult.report` in two tables.

    With `intervals` in the report, they are shown beside the metrics.
    """
    ks = sorted({int(name.partition("@")[2]) for name in report if re.search(r"@\d+$", name)})
    intervals = report.get("intervals", {})
    table = figures_table(("whole catalogue", *(f"@{k}" for k in ks)))
    for name in RANKING_METRICS:
        cells = [_figure(report, f"{name}@{k}", intervals, 4) for k in ks]
        table.add_row(_TITLES.get(name, name), *cells)
    console.print(table)
    lists = figures_table(("lists", *(f"@{k}" for k in ks)))
    for name, metric in list_metrics().items():
        cells = [_figure(report, f"{name}@{k}", intervals, metric.digits) for k in ks]
        lists.add_row(metric.title, *cells)
    console.print(lists)
    people = f"{report['users']:,} users with {report['relevant']:,} relevant items"
    if report["ranked_users"] < report["all_users"]:
        people += f" among {report['ranked_users']:,} users drawn from {report['all_users']:,}"
    notes = [f"{people}; {report['lists']:,} lists; left out of them: {report['excluded']}"]
    for name, basis in report["basis"].items():
        notes.append(f"{list_metrics()[name].title.partition(' (')[0]} by: {basis}")
    for note in notes:
        console.print(f" {note}", style="dim", highlight=False)


def _figure(values: Mapping[str, Any], name: str, intervals: Mapping[str, Any], digits: int) -> str:
    value, interval = values.get(name), intervals.get(name)
    if value is None:
        return "–"
    text = f"{value:,.{digits}f}"
    if not interval:
        return text
    return f"{text} [{interval[0]:,.{digits}f}, {interval[1]:,.{digits}f}]"
