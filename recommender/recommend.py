"""Command to recommend from a run: `--user ID`, `--likes "A, B"`, or `--all` to a file."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from recommender.cli import OneLineParser, main_guard, make_folder, positive
from recommender.data.catalogue import integer_id
from recommender.data.items import NamedItem
from recommender.data.statements import STATEMENTS_FILE
from recommender.display import wide_console
from recommender.errors import ConfigError, DataError
from recommender.explanation import ReasonPaths, fact_lines
from recommender.lists import ListOptions
from recommender.lists.flags import add_list_flags, list_options
from recommender.newcomers.people import item_names, recommend_to_newcomer
from recommender.recommendations import Recommendations, recommendations_for, write_recommendations
from recommender.runs import add_run_flags, open_run
from recommender.scoring import DEFAULT_BLOCK, ItemSets
from recommender.training.runs import LoadedRun
from safe_io.locks import file_lock, folder_lock

__all__ = ["RECOMMENDATIONS_FILE", "main", "user_of"]

RECOMMENDATIONS_FILE = "recommendations.parquet"
_SHOWN_HISTORY = 8


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, recommend, print or write."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    _check_flags(parser, arguments)
    ability = "fold_in" if arguments.likes else ""
    folder, run = open_run(arguments.run, arguments.data, arguments.device, ability=ability)
    options = list_options(arguments, run.split, item_names(run.split))
    if arguments.all:
        _write_all(run, folder, options, arguments)
        return 0
    if arguments.likes:
        person, found = _newcomer(run, options, arguments)
    else:
        try:
            user = user_of(arguments.user, run)
        except DataError as error:
            parser.exit(2, f"error: {error}\n")
        person, found = _user(user, run, options, arguments)
    if not (found.items >= 0).any():
        raise ConfigError(_nothing_left(person, options))
    paths = ReasonPaths.of_split(run.split, sources=arguments.why)
    if arguments.format == "json":
        report = _as_dict(person, found, folder, paths)
        sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _print(person, found, options, run)
        if arguments.why:
            _print_why(found, paths)
    return 0


def _check_flags(parser: OneLineParser, arguments: argparse.Namespace) -> None:
    """Raise an error for flags that would have no effect."""
    if not arguments.all:
        if arguments.out is not None:
            parser.error("argument --out: only --all writes a file")
        if arguments.workers != 1:
            parser.error("argument --workers: only --all is shared out")
        return
    for flag, given in (("--why", arguments.why), ("--format", arguments.format != "table")):
        if given:
            parser.error(f"argument {flag}: not allowed with argument --all")


@dataclass(frozen=True)
class _Person:
    """The person of a single list: display name, likes, ambiguous names.

    Attributes:
        held_out: number of likes in the validation and test parts, unknown to the model.
    """

    title: str
    raw_id: str | None
    history: list[int]
    held_out: int = 0
    ambiguous: tuple[NamedItem, ...] = ()


def _user(
    user: int, run: LoadedRun, options: ListOptions, arguments: argparse.Namespace
) -> tuple[_Person, Recommendations]:
    raw_id = run.dataset.catalogue.user_raw_id(user)
    history = ItemSets(*run.split.train.history).of(user).tolist()
    found = recommendations_for(
        run.model, run.split, [user], arguments.top, options=options, block=arguments.block
    )
    users, _ = run.dataset.interactions.positives
    held_out = int((users == user).sum()) - len(history)
    return _Person(f"User {raw_id}", raw_id, history, held_out), found


def _newcomer(
    run: LoadedRun, options: ListOptions, arguments: argparse.Namespace
) -> tuple[_Person, Recommendations]:
    likes = item_names(run.split).resolve_all(arguments.likes)
    if not likes:
        raise ConfigError("--likes names nothing; name an artist or two")
    history = [like.match.id for like in likes]
    found = recommend_to_newcomer(run, likes=history, top=arguments.top, options=options)
    ambiguous = tuple(like for like in likes if like.is_ambiguous)
    return _Person("Newcomer", None, history, ambiguous=ambiguous), found


def _nothing_left(person: _Person, options: ListOptions) -> str:
    conditions = ", ".join(f.text for f in options.filters)
    if conditions:
        return f"{person.title} plays all that passes {conditions}; give --allow-played, or less"
    return f"{person.title} plays the whole catalogue already; give --allow-played"


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="python -m recommender.recommend",
        description="Recommend items that a user is not known to like yet, with a reason for "
        "each: facts that they share with the user's history, or other listeners of both.",
        allow_abbrev=False,
    )
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", metavar="ID", help="raw id of a user, as in users.tsv")
    who.add_argument(
        "--likes",
        action="append",
        metavar="NAMES",
        help="likes of a new user: 'Radiohead, Portishead', in any spelling; may be repeated; "
        "a name with a comma may be quoted, and id:RAW_ID selects one of several items "
        "with one name",
    )
    who.add_argument(
        "--all", action="store_true", help=f"every user's list, to {RECOMMENDATIONS_FILE}"
    )
    add_run_flags(parser)
    parser.add_argument(
        "--top", type=positive, default=10, metavar="N", help="items per user (default: 10)"
    )
    parser.add_argument(
        "--why",
        action="store_true",
        help="show the facts of each reason with their source rows or sentences",
    )
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="default: %(default)s"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="file of --all (default: in the run folder)"
    )
    parser.add_argument(
        "--block",
        type=positive,
        default=DEFAULT_BLOCK,
        metavar="N",
        help="scores in memory at a time; bounds the memory (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="number of processes for the lists of --all; the file does not depend on it "
        "(default: 1)",
    )
    add_list_flags(parser)
    parser.add_argument(
        "--device", default="auto", help="`auto`, `cpu`, `cuda`, `cuda:1`, `mps` (default: auto)"
    )
    return parser


def user_of(raw_id: str, run: LoadedRun) -> int:
    """Look up a user by `raw_id` in the run's data.

    Raises:
        DataError: there is no such user; the message has examples.
    """
    user = run.dataset.catalogue.user_of_raw_id(raw_id)
    if user is None and not (run.dataset.folder / "users.tsv").is_file():
        user = integer_id(raw_id, run.dataset.n_users)
    if user is None or user >= run.dataset.n_users:
        raise DataError(_unknown(raw_id, run))
    return user


def _unknown(raw_id: str, run: LoadedRun) -> str:
    names = run.dataset.catalogue
    some = ", ".join(names.user_raw_id(user) for user in range(min(5, run.dataset.n_users)))
    return (
        f"user {raw_id!r} is not in {run.dataset.folder}; its {run.dataset.n_users:,} users are in "
        f"users.tsv, for example {some}"
    )


def _write_all(
    run: LoadedRun, folder: Path, options: ListOptions, arguments: argparse.Namespace
) -> None:
    path = arguments.out or folder / RECOMMENDATIONS_FILE
    make_folder(path.parent)
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder; name a file in it with --out")
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("users"),
        TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
    # A given file may be anywhere, outside run folders.
    lock = file_lock(path, "command") if arguments.out else folder_lock(folder, "command")
    with lock, bar:
        tasks = {
            name: bar.add_task(name, total=run.dataset.n_users)
            for name in ("scoring", "explaining")
        }
        n_rows, n_users = write_recommendations(
            path,
            run.model,
            run.split,
            arguments.top,
            options=options,
            block=arguments.block,
            progress=lambda name, done: bar.advance(tasks[name], done),
            workers=arguments.workers,
        )
    Console().print(f"{n_rows:,} recommendations for {n_users:,} users: {path}", soft_wrap=True)


def _as_dict(
    person: _Person, found: Recommendations, folder: Path, paths: ReasonPaths
) -> dict[str, Any]:
    names = found.catalogue
    fields = ("rank", "item", "item_raw_id", "name", "by", "iri", "score", "probability", "reason")
    return {
        "user": person.raw_id,
        "run": str(folder),
        "history": [{"item": i, "name": names.item_name(i)} for i in person.history],
        "held_out": person.held_out,
        "ambiguous": {like.text: list(like.match.ids) for like in person.ambiguous},
        "recommendations": [
            {
                **{f: row[f] for f in fields},
                "evidence": found.evidence(0, row["rank"] - 1),
                "paths": [] if reason is None else paths.of(row["item"], reason),
            }
            for row in found.to_table().to_pylist()
            for reason in [found.reason(0, row["rank"] - 1)]
        ],
    }


def _print(person: _Person, found: Recommendations, options: ListOptions, run: LoadedRun) -> None:
    console, names = wide_console(), item_names(run.split)
    for like in person.ambiguous:
        first, *others = (names.describe(i) for i in like.match.ids)
        note = f"{like.text!r} is taken as {first}, the most played; others: {', '.join(others)}"
        console.print(escape(note), style="yellow")
    history = person.history
    shown = ", ".join(names.distinct(item) for item in history[:_SHOWN_HISTORY])
    more = len(history) - _SHOWN_HISTORY
    listed = f"{shown} and {more} more" if more > 0 else shown or "nothing in the training data"
    verb = "history" if person.raw_id is not None else "likes"
    if person.held_out:
        listed += f" ({person.held_out} more held out to measure quality)"
    console.print(f"[bold]{escape(person.title)}[/] · {verb}: {escape(listed)}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", justify="right", style="dim")
    table.add_column("recommended", style="bold", max_width=32, overflow="fold")
    table.add_column("score", justify="right")
    table.add_column("why", ratio=1, overflow="fold")  # "ellipsis" would cut wide letters
    for row in found.to_table().to_pylist():
        table.add_row(
            str(row["rank"]),
            escape(names.distinct(row["item"])),
            f"{row['score']:.3f}",
            escape(row["reason"]),
        )
    console.print(table)
    made = [f"{run.config.model} on {run.dataset.name}", *options.described()]
    console.print(escape(" · ".join(made)), style="dim")


def _print_why(found: Recommendations, paths: ReasonPaths) -> None:
    """Print the facts behind each recommendation's reason, with their sources."""
    console = wide_console()
    for row in found.to_table().to_pylist():
        title = found.catalogue.item_title(row["item"])
        console.print(f"[bold]{row['rank']} {escape(title)}[/]: {escape(row['reason'])}")
        reason = found.reason(0, row["rank"] - 1)
        for triple in [] if reason is None else paths.facts(row["item"], reason):
            for line in fact_lines(paths.triple(triple)):
                indent = len(line) - len(line.lstrip())
                text = Padding(escape(line.lstrip()), (0, 0, 0, 2 + indent), expand=False)
                console.print(text, style="dim" if indent else None)
    if paths.sources_missing:
        console.print(
            f"the data folder has no {STATEMENTS_FILE}: the sources of the facts are unknown",
            style="dim",
        )


if __name__ == "__main__":
    sys.exit(main_guard(main))
