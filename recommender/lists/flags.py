"""Command-line flags for list filters and re-ranking criteria, parsed to `ListOptions`."""

from __future__ import annotations

import argparse

from recommender.cli import positive
from recommender.data import Split
from recommender.data.items import ItemNames
from recommender.lists import filters
from recommender.lists.conditions import GraphVocabulary
from recommender.lists.criteria import criteria
from recommender.lists.filters import ItemFilter
from recommender.lists.options import DEFAULT_POOL, ListOptions

__all__ = ["add_list_flags", "list_options"]


def add_list_flags(parser: argparse.ArgumentParser) -> None:
    """Add flags for the filters and for each re-ranking criterion."""
    group = parser.add_argument_group("what may be in the list")
    group.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="RELATION=VALUE",
        help="items with this fact, such as genre=jazz or 'genre=jazz|blues'; may be repeated, "
        "all must hold; a caret before the relation inverts it. For a song that does not state it, "
        "its performer's counts (for a book, its writer's), except for decades and awards",
    )
    group.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="RELATION=VALUE",
        help="no items that --only would keep, or not the item of this name; may be repeated",
    )
    group.add_argument(
        "--country",
        action="append",
        default=[],
        metavar="NAME",
        help="items from one country: its name or ISO code; may be repeated, all must hold",
    )
    played = group.add_mutually_exclusive_group()
    played.add_argument(
        "--not-played",
        dest="allow_played",
        action="store_false",
        default=False,
        help="no items known to be played by the user (the default)",
    )
    played.add_argument(
        "--allow-played", action="store_true", help="also items that the user already plays"
    )
    group = parser.add_argument_group("re-ranking weights (0: off, the default)")
    for name, criterion in criteria().items():
        group.add_argument(
            f"--{name}",
            type=float,
            default=0.0,
            metavar="W",
            help=f"{criterion.summary}; {criterion.least:g} to {criterion.most:g}",
        )
    group.add_argument(
        "--pool",
        type=positive,
        default=DEFAULT_POOL,
        metavar="N",
        help="best items by score to choose from (default: %(default)s)",
    )


def list_options(arguments: argparse.Namespace, split: Split, items: ItemNames) -> ListOptions:
    """Convert the flags to `ListOptions`.

    Raises:
        ConfigError: a name that is not in the graph, or a weight out of range.
        DataError: a filter is given, but the data folder has no names.
    """
    return ListOptions(
        filters=tuple(_filters(arguments, split, items)),
        weights={name: getattr(arguments, name) for name in criteria()},
        pool=arguments.pool,
        allow_played=arguments.allow_played,
    )


def _filters(arguments: argparse.Namespace, split: Split, items: ItemNames) -> list[ItemFilter]:
    if not (arguments.only or arguments.exclude or arguments.country):
        return []
    vocabulary = GraphVocabulary.of(split.train)
    found = [filters.only(vocabulary, text) for text in arguments.only]
    found += [filters.country(vocabulary, text) for text in arguments.country]
    found += [filters.exclude(vocabulary, items, text) for text in arguments.exclude]
    return found
