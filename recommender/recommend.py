"""Recommend: `python -m recommender.recommend --user ID --top 10`, or `--all` for everybody."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from recommender.cli import OneLineParser, main_guard
from recommender.data import Split
from recommender.display import wide_console
from recommender.errors import ConfigError, DataError
from recommender.explanation import ReasonPaths, fact_lines
from recommender.explanation.statements import STATEMENTS_FILE
from recommender.recommendations import Recommendations, recommendations_for
from recommender.runs import add_run_flags, open_run
from recommender.scoring import DEFAULT_BLOCK, ItemSets
from recommender.training.runs import LoadedRun

__all__ = ["RECOMMENDATIONS_FILE", "main", "user_of"]

RECOMMENDATIONS_FILE = "recommendations.parquet"
_SHOWN_HISTORY = 8


def main(argv: list[str] | None = None) -> int:
    """Parse, recommend, print or write."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    folder, run = open_run(arguments.run, arguments.data, arguments.device)
    if arguments.all:
        _write_all(run, folder, arguments)
        return 0
    try:
        user = user_of(arguments.user, run)
    except DataError as error:
        parser.exit(2, f"error: {error}\n")
    found = recommendations_for(run.model, run.split, [user], arguments.top, block=arguments.block)
    paths = ReasonPaths.of_split(run.split, sources=arguments.why)
    if arguments.format == "json":
        report = _as_dict(found, run.split, folder, paths)
        sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _print(found, run)
        if arguments.why:
            _print_why(found, paths)
    return 0


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="python -m recommender.recommend",
        description="Recommend items that a user is not known to like yet, with a reason each: "
        "what the graph says that they share with his history, or who else plays both.",
        allow_abbrev=False,
    )
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", metavar="ID", help="raw id of a user, as in users.tsv")
    who.add_argument(
        "--all", action="store_true", help=f"every user's list, to {RECOMMENDATIONS_FILE}"
    )
    add_run_flags(parser)
    parser.add_argument(
        "--top", type=_positive, default=10, metavar="N", help="items per user (default: 10)"
    )
    parser.add_argument(
        "--why",
        action="store_true",
        help="show the facts behind each reason and their sources, down to the row or sentence",
    )
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="default: %(default)s"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="file of --all (default: in the run folder)"
    )
    parser.add_argument(
        "--block",
        type=_positive,
        default=DEFAULT_BLOCK,
        metavar="N",
        help="scores held at a time; bounds the memory (default: %(default)s)",
    )
    parser.add_argument(
        "--device", default="auto", help="`auto`, `cpu`, `cuda`, `cuda:1`, `mps` (default: auto)"
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def user_of(raw_id: str, run: LoadedRun) -> int:
    """The user whom the run's data knows under `raw_id`.

    Raises:
        DataError: nobody; the message gives examples.
    """
    user = run.dataset.catalogue.user_of_raw_id(raw_id)
    if user is None and not (run.dataset.folder / "users.tsv").is_file():
        user = _integer_user(raw_id, run.dataset.n_users)
    if user is None or user >= run.dataset.n_users:
        raise DataError(_unknown(raw_id, run))
    return user


def _integer_user(text: str, n_users: int) -> int | None:
    """Data folders of other programs have no users.tsv; their users are known by number."""
    return int(text) if text.isdecimal() and int(text) < n_users else None


def _unknown(raw_id: str, run: LoadedRun) -> str:
    names = run.dataset.catalogue
    some = ", ".join(names.user_raw_id(user) for user in range(min(5, run.dataset.n_users)))
    return (
        f"user {raw_id!r} is not in {run.dataset.folder}; its {run.dataset.n_users:,} users are in "
        f"users.tsv, for example {some}"
    )


def _write_all(run: LoadedRun, folder: Path, arguments: argparse.Namespace) -> None:
    path = arguments.out or folder / RECOMMENDATIONS_FILE
    try:  # before the work, not after it
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{path.parent}: {error.strerror}; name a file in a folder that can be written to"
        ) from None
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("users"),
        TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
    with bar:
        tasks = {
            name: bar.add_task(name, total=run.dataset.n_users)
            for name in ("scoring", "explaining")
        }
        found = recommendations_for(
            run.model,
            run.split,
            top=arguments.top,
            block=arguments.block,
            progress=lambda name, done: bar.advance(tasks[name], done),
        )
    found.write_parquet(path)
    n_rows = int((found.items >= 0).sum())
    Console().print(
        f"{n_rows:,} recommendations for {len(found.users):,} users: {path}", soft_wrap=True
    )


def _as_dict(
    found: Recommendations, split: Split, folder: Path, paths: ReasonPaths
) -> dict[str, Any]:
    user = int(found.users[0])
    names = found.catalogue
    fields = ("rank", "item", "item_raw_id", "name", "iri", "score", "probability", "reason")
    return {
        "user": names.user_raw_id(user),
        "run": str(folder),
        "history": [
            {"item": int(i), "name": names.item_name(int(i))}
            for i in ItemSets(*split.train.history).of(user)
        ],
        "recommendations": [
            {
                **{f: row[f] for f in fields},
                "evidence": found.evidence(0, row["rank"] - 1),
                "paths": paths.of(row["item"], found.reason(0, row["rank"] - 1)),
            }
            for row in found.to_table().to_pylist()
        ],
    }


def _print(found: Recommendations, run: LoadedRun) -> None:
    user = int(found.users[0])
    names, history = found.catalogue, ItemSets(*run.split.train.history).of(user).tolist()
    console = wide_console()
    shown = ", ".join(names.item_name(item) for item in history[:_SHOWN_HISTORY])
    more = len(history) - _SHOWN_HISTORY
    known = f"{shown} and {more} more" if more > 0 else shown or "nothing in the training data"
    console.print(f"[bold]User {escape(names.user_raw_id(user))}[/] · history: {escape(known)}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", justify="right", style="dim")
    table.add_column("recommended", style="bold", max_width=32)
    table.add_column("score", justify="right")
    table.add_column("why", ratio=1)
    for row in found.to_table().to_pylist():
        table.add_row(
            str(row["rank"]),
            escape(row["name"]),
            f"{row['score']:.3f}",
            escape(row["reason"]),
        )
    console.print(table)
    console.print(f"{run.config.model} on {run.dataset.name}", style="dim")


def _print_why(found: Recommendations, paths: ReasonPaths) -> None:
    """Under each recommendation the facts that its reason rests on, and who states them where."""
    console = wide_console()
    for row in found.to_table().to_pylist():
        console.print(f"[bold]{row['rank']} {escape(row['name'])}[/]: {escape(row['reason'])}")
        for triple in paths.facts(row["item"], found.reason(0, row["rank"] - 1)):
            for line in fact_lines(paths.triple(triple)):
                indent = len(line) - len(line.lstrip())
                text = Padding(escape(line.lstrip()), (0, 0, 0, 2 + indent), expand=False)
                console.print(text, style="dim" if indent else None)
    if paths.sources_missing:
        console.print(
            f"the data folder has no {STATEMENTS_FILE}: the facts are known, their sources are not",
            style="dim",
        )


if __name__ == "__main__":
    sys.exit(main_guard(main))
