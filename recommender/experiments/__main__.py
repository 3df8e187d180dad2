"""Command that reproduces tables of the MMSS_MKR paper, or runs the knowledge-graph ablation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from recommender.cli import OneLineParser, main_guard
from recommender.errors import RecommenderError
from recommender.experiments.cells import Cell, CellKey, make_cell
from recommender.experiments.command import (
    add_flags,
    check_numbers,
    common_words,
    measure,
    output_locks,
)
from recommender.experiments.kg_ablation import command as kg_ablation
from recommender.experiments.report import Study, write_report
from recommender.experiments.rows import TABLES, Row, read_rows

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Plan, estimate the time, run missing cells, write the page."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == [kg_ablation.NAME]:
        return kg_ablation.main(words[1:])
    arguments = _parser().parse_args(argv)
    with output_locks(arguments):
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    tables = list(TABLES) if arguments.table == "all" else [arguments.table]
    rows = {name: read_rows(name, arguments.rows) for name in tables if name != "table3"}
    cells, problems = _cells(rows, arguments)
    console = Console(stderr=True)
    for name, problem in problems.items():
        console.print(f"left out: {name}: {problem.split('; ')[0]}", style="yellow", soft_wrap=True)
    measured = measure(console, [cell for cell, _ in cells], arguments)
    if measured.status is not None:
        return measured.status
    for outcome in measured.failed:
        problems[outcome.cell.row.name] = f"seed {outcome.cell.seed}: {outcome.problem}"
    study = Study(
        tables=tables,
        rows=rows,
        results=_by_row(cells, measured.done),
        problems=problems,
        command=_command(arguments),
        seeds=tuple(arguments.seeds),
        negatives=arguments.negatives,
        epochs=arguments.epochs,
        data_root=arguments.data_root,
        rows_folder=arguments.rows,
    )
    name = f"{arguments.table}-{arguments.negatives or 'published'}"
    for path in write_report(study, arguments.out, name):
        console.print(f"written: {path}", soft_wrap=True)
    return 1 if measured.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m recommender.experiments",
        description="Train every system of a table of the paper on several splits, in "
        "parallel, and write our figures beside the paper's. Finished cells are cached: a "
        "killed run resumes, a repeated one ends at once.",
        epilog=f"`{kg_ablation.NAME} --help`: what the knowledge graph is worth, a study of its "
        "own.",
        allow_abbrev=False,
    )
    parser.add_argument("table", choices=(*TABLES, "all"))
    parser.add_argument(
        "--negatives",
        choices=("static", "fresh"),
        help="training negatives, overriding the rows' files",
    )
    add_flags(
        parser,
        seed_of="the negatives, the split and the model",
        trial="not the paper's",
        figures="figures",
    )
    return parser


def _cells(
    rows: Mapping[str, Sequence[Row]], arguments: argparse.Namespace
) -> tuple[list[tuple[Cell, Row]], dict[str, str]]:
    """All cells, and the rows that cannot be run with the reasons."""
    check_numbers(arguments)
    cells, problems = [], {}
    for row in (row for table in rows.values() for row in table):
        try:
            mine = [
                make_cell(row, seed, arguments.data_root, arguments.negatives, arguments.epochs)
                for seed in arguments.seeds
            ]
            for cell in mine:
                _ = cell.key  # reads the data: report errors now
        except RecommenderError as error:
            problems[row.name] = str(error).split("; there are ")[0]
            continue
        cells += [(cell, row) for cell in mine]
    return cells, problems


def _by_row(
    cells: Sequence[tuple[Cell, Row]], done: Mapping[CellKey, Mapping[str, Any]]
) -> dict[str, dict[int, Mapping[str, Any]]]:
    results: dict[str, dict[int, Mapping[str, Any]]] = {}
    for cell, row in cells:
        if cell.key in done:
            results.setdefault(row.name, {})[cell.seed] = done[cell.key]
    return results


def _command(arguments: argparse.Namespace) -> str:
    words = ["python -m recommender.experiments", arguments.table]
    words += ["--seeds", *map(str, arguments.seeds)]
    if arguments.negatives:
        words += ["--negatives", arguments.negatives]
    return " ".join(words + common_words(arguments))


if __name__ == "__main__":
    sys.exit(main_guard(main))
