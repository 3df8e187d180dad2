"""The paper's tables: `python -m recommender.experiments table5`, or `all`; `kg-ablation`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from recommender.cli import OneLineParser, main_guard
from recommender.errors import ConfigError, RecommenderError
from recommender.experiments.cells import Cell, CellKey, make_cell
from recommender.experiments.console import announce, cores, run_with_bar
from recommender.experiments.kg_ablation import command as kg_ablation
from recommender.experiments.report import Study, write_report
from recommender.experiments.rows import FOLDER, TABLES, Row, read_rows
from recommender.experiments.runner import plan

__all__ = ["main"]

SEEDS = (555, 1, 2, 3, 4)


def main(argv: list[str] | None = None) -> int:
    """Plan, say how long it will take, run what is missing, write the page."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == [kg_ablation.NAME]:
        return kg_ablation.main(words[1:])
    arguments = _parser().parse_args(argv)
    tables = list(TABLES) if arguments.table == "all" else [arguments.table]
    rows = {name: read_rows(name, arguments.rows) for name in tables if name != "table3"}
    cells, problems = _cells(rows, arguments)
    cache = arguments.cache or arguments.data_root / "experiments"
    jobs = arguments.jobs or cores()
    todo = plan([cell for cell, _ in cells], cache)
    console = Console(stderr=True)
    for name, problem in problems.items():
        console.print(f"left out: {name}: {problem.split('; ')[0]}", style="yellow", soft_wrap=True)
    announce(console, todo, jobs)
    if arguments.estimate:
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end the processes then too
    try:
        outcomes = [] if arguments.cached else run_with_bar(console, todo, cache, jobs)
    except KeyboardInterrupt:
        console.print("stopped; what is finished is kept: repeat the command to go on")
        return 130
    done = {**todo.done, **{o.cell.key: o.result for o in outcomes if o.result is not None}}
    for outcome in outcomes:
        if outcome.result is None:
            problems[outcome.cell.row.name] = f"seed {outcome.cell.seed}: {outcome.problem}"
    study = Study(
        tables=tables,
        rows=rows,
        results=_by_row(cells, done),
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
    return 1 if any(outcome.result is None for outcome in outcomes) else 0


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m recommender.experiments",
        description="Train every system of a table of the paper on several splits, in parallel, "
        "and write the table beside the paper's. Finished cells are cached: a killed run goes on "
        "where it was, a repeated one ends at once.",
        epilog=f"`{kg_ablation.NAME} --help`: what the knowledge graph is worth, a study of its "
        "own.",
        allow_abbrev=False,
    )
    parser.add_argument("table", choices=(*TABLES, "all"))
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
        help="each is the seed of the negatives, the split and the model (default: "
        + " ".join(map(str, SEEDS)) + ")",
    )  # fmt: skip
    parser.add_argument(
        "--negatives",
        choices=("static", "fresh"),
        help="training negatives, in place of what each row's file says",
    )
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="processes, one thread each (default: all cores)"
    )
    parser.add_argument("--estimate", action="store_true", help="say how long it would take")
    parser.add_argument(
        "--cached", action="store_true", help="train nothing: the page from the results at hand"
    )
    parser.add_argument(
        "--epochs", type=int, metavar="N", help="at most so many epochs: a trial, not the paper's"
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="results (default: DATA_ROOT/experiments)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("docs/results"),
        metavar="DIR",
        help="folder of the page and the figures (default: %(default)s)",
    )
    parser.add_argument(
        "--rows", type=Path, default=FOLDER, metavar="DIR", help="rows other than the paper's"
    )
    return parser


def _cells(
    rows: Mapping[str, Sequence[Row]], arguments: argparse.Namespace
) -> tuple[list[tuple[Cell, Row]], dict[str, str]]:
    """All cells, and the rows that cannot be run with the reason."""
    if len(set(arguments.seeds)) != len(arguments.seeds) or min(arguments.seeds) < 0:
        raise ConfigError("--seeds: give different integers >= 0")
    for name in ("jobs", "epochs"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise ConfigError(f"--{name}: give at least 1")
    cells, problems = [], {}
    for row in (row for table in rows.values() for row in table):
        try:
            mine = [
                make_cell(row, seed, arguments.data_root, arguments.negatives, arguments.epochs)
                for seed in arguments.seeds
            ]
            for cell in mine:
                _ = cell.key  # reads the data: complain now
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
    if arguments.epochs:
        words += ["--epochs", str(arguments.epochs)]
    if arguments.cached:
        words.append("--cached")
    return " ".join(words)


if __name__ == "__main__":
    sys.exit(main_guard(main))
