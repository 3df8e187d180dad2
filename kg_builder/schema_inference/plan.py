"""The contents of a guessed recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kg_builder.schema_inference.samples import Sample
from kg_builder.schema_inference.things import Mapped, Things


@dataclass
class Acts:
    """A file of interactions; `settings` as in the recipe, `why` for each of its keys."""

    sample: Sample
    settings: dict[str, Any]
    why: dict[str, str]
    table: Things


@dataclass(frozen=True)
class Texts:
    """A file of texts, each about one thing.

    Attributes:
        keys: as in the recipe.
        columns: those that are read.
        is_all: whether the rows have nothing else than these.
    """

    sample: Sample
    keys: dict[str, Any]
    why: str
    columns: frozenset[str]
    is_all: bool


@dataclass
class Plan:
    """The contents of the recipe.

    Attributes:
        left_out: columns that are not used, and why.
        unread: files that are not read, or only in part, and why.
        warnings: files, and what is doubtful about what is read of them.
    """

    tables: list[Things] = field(default_factory=list)
    acts: list[Acts] = field(default_factory=list)
    links: list[tuple[Sample, dict[str, Any], str]] = field(default_factory=list)
    users: list[tuple[Sample, str, list[Mapped]]] = field(default_factory=list)
    texts: list[Texts] = field(default_factory=list)
    left_out: list[tuple[Sample, str, str]] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)


def table_key(plan: Plan, about: str) -> str:
    """A name that no table has, such as "songs2"."""
    keys = {table.key for table in plan.tables}
    key, number = f"{about}s", 2
    while key in keys:
        key, number = f"{about}s{number}", number + 1
    return key
