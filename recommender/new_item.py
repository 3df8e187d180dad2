"""Command to score a new item by its facts: the best users for it, and its rank in their lists."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.markup import escape
from rich.table import Table

from recommender.cli import OneLineParser, main_guard, positive
from recommender.data.facts import Facts
from recommender.display import wide_console
from recommender.errors import ConfigError
from recommender.lists import GraphVocabulary, Statement
from recommender.lists.conditions import conditions_in
from recommender.newcomers.items import Placements, place_new_item
from recommender.runs import add_run_flags, open_run
from recommender.scoring import ItemSets
from recommender.training.runs import LoadedRun

__all__ = ["main"]

_PLACES = (10, 100)
_LIKED_SHOWN = 3


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, rank the item in all users' lists, print."""
    arguments = _parser().parse_args(argv)
    folder, run = open_run(arguments.run, arguments.data, arguments.device, ability="fold_in_items")
    vocabulary = GraphVocabulary.of(run.split.train)
    texts = [part for text in arguments.facts for part in conditions_in(text)]
    statements = [vocabulary.statement(text) for text in texts]
    if not statements:
        raise ConfigError("--facts is empty; give relation=value, several separated by semicolons")
    facts = vocabulary.facts(statements)
    placements = place_new_item(run.model, run.split, facts)
    report = _report(placements, statements, facts, run, folder, arguments.top)
    if arguments.format == "json":
        sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _print(report, run)
    return 0


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="python -m recommender.new_item",
        description="Score a new item without plays from its facts: the best target users, and "
        "its ranks in their lists.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--facts",
        action="append",
        required=True,
        metavar="FACTS",
        help="facts about the item, such as 'genre=trip hop; origin=Bristol; similar "
        "to=Portishead'; may be repeated",
    )
    add_run_flags(parser)
    parser.add_argument(
        "--top", type=positive, default=10, metavar="N", help="users to list (default: 10)"
    )
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="default: %(default)s"
    )
    parser.add_argument(
        "--device", default="auto", help="`auto`, `cpu`, `cuda`, `cuda:1`, `mps` (default: auto)"
    )
    return parser


def _report(
    placements: Placements,
    statements: list[Statement],
    facts: Facts,
    run: LoadedRun,
    folder: Path,
    top: int,
) -> dict[str, Any]:
    names, history = run.dataset.catalogue, ItemSets(*run.split.train.history)
    popularity = np.bincount(run.split.train.positives[1], minlength=run.dataset.n_items)
    vocabulary = GraphVocabulary.of(run.split.train)
    alike = np.sum([vocabulary.items_with(statement) for statement in statements], axis=0)

    def listened(user: int) -> list[str]:
        """The user's items that share most of the facts, the best known first."""
        own = history.of(user)
        order = own[np.lexsort((own, -popularity[own], -alike[own]))]
        return [names.item_title(int(i)) for i in order[:_LIKED_SHOWN] if alike[i]]

    return {
        "run": str(folder),
        "facts": [statement.text for statement in statements],
        "triples": len(facts),
        "users": len(placements.ranks),
        "users_within": {str(rank): placements.users_within(rank) for rank in _PLACES},
        "median_rank": float(np.median(placements.ranks)),
        "items": placements.n_items,
        "audience": [
            {
                "user": names.user_raw_id(int(user)),
                "rank": int(placements.ranks[user]),
                "score": float(placements.scores[user]),
                "plays": listened(int(user)),
            }
            for user in placements.audience(top)
        ],
    }


def _print(report: dict[str, Any], run: LoadedRun) -> None:
    console = wide_console()
    console.print(f"[bold]New item[/] · {escape('; '.join(report['facts']))}")
    within = " · ".join(
        f"in the top {rank} of {count:,} users" for rank, count in report["users_within"].items()
    )
    console.print(
        f"{within} of {report['users']:,} · median place {report['median_rank']:,.0f} "
        f"of {report['items']:,}"
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("user", style="bold")
    table.add_column("place in the list", justify="right")
    table.add_column("score", justify="right")
    table.add_column("plays, of the same kind", ratio=1, overflow="fold")
    for row in report["audience"]:
        table.add_row(
            escape(row["user"]),
            f"{row['rank']:,}",
            f"{row['score']:.3f}",
            escape(", ".join(row["plays"])) or "–",
        )
    console.print(table)
    console.print(f"{run.config.model} on {run.dataset.name}", style="dim")


if __name__ == "__main__":
    sys.exit(main_guard(main))
