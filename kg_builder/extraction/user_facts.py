"""Read attributes of users (age, country) and relations between them (friends) from files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from kg_builder.extraction.arrow_batches import Reject
from kg_builder.extraction.tabular import Cell, Chunk, RowReader, RowsConfig, read_rows
from kg_builder.extraction.values import clean_text
from kg_builder.progress import Progress, silent
from kg_builder.tables import REJECTS, USER_FACTS

USER: Final = "User"
"""Type of an object that is a user."""

SOURCE: Final = "users"
"""Source name of user tables in rejects and counts."""

_Word = Annotated[str, Field(pattern=r"^\w[\w -]*$")]


class UserColumn(BaseModel):
    """Mapping of one column to facts about the row's user."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    relation: Annotated[_Word, Field(description="Name of the relation, such as 'friend'.")]
    user: Annotated[bool, Field(description="The cell is the id of another user.")] = False
    undirected: Annotated[
        bool, Field(description="The relation between users holds in both directions.")
    ] = False
    type: Annotated[
        _Word | None, Field(description="Class of the values; by default the relation's name.")
    ] = None
    values: Annotated[
        dict[str, str],
        Field(description="Names for whole values, such as codes; '' for one without meaning."),
    ] = {}
    split: Annotated[
        str | None, Field(min_length=1, description="Separator of several values in one cell.")
    ] = None

    @model_validator(mode="after")
    def _of_users_or_values(self) -> Self:
        if self.undirected and not self.user:
            raise ValueError("'undirected' is for relations between users: add 'user = true'")
        if self.user and (self.type or self.values):
            raise ValueError("'type' and 'values' describe values, and with 'user' there are none")
        if self.type == USER:
            raise ValueError(f"type {USER!r} is that of users: use 'user = true'")
        return self

    @property
    def object_type(self) -> str:
        """Type of the objects."""
        return USER if self.user else self.type or self.relation


class UserTable(RowsConfig):
    """A file with one user, or one pair of users, per row."""

    user: Annotated[str, Field(description="Column with the user's id, as in the interactions.")]
    columns: Annotated[
        dict[str, UserColumn], Field(min_length=1, description="Column → its facts about the user.")
    ]

    @model_validator(mode="after")
    def _relations_agree(self) -> Self:
        check_relations([self])
        return self


def check_relations(tables: Iterable[UserTable]) -> None:
    """Check that a relation is defined consistently across columns.

    Raises:
        ValueError: it is not.
    """
    kinds: dict[str, tuple[str, bool]] = {}
    for table in tables:
        for column in table.columns.values():
            kind = (column.object_type, column.undirected)
            if kinds.setdefault(column.relation, kind) != kind:
                raise ValueError(
                    f"relation {column.relation!r} is stated with different objects or directions"
                )


@dataclass(frozen=True)
class UserFacts:
    """`tables.USER_FACTS`, rejects (`tables.REJECTS`), and counts."""

    facts: pd.DataFrame
    rejects: pd.DataFrame
    counts: dict[str, int]


def read_user_facts(
    tables: Iterable[UserTable], root: Path, *, progress: Progress = silent
) -> UserFacts:
    """Read the facts of user tables, in row order.

    Empty cells are counted; a row without one of its users is a reject.

    Args:
        tables: the files and their columns.
        root: raw folder.
        progress: called with the number of bytes read so far and the file's size.

    Raises:
        DataError: a file or a column is missing.
    """
    rows: list[dict[str, object]] = []
    rejects: list[Reject] = []
    counts: Counter[str] = Counter()
    for table in tables:
        reader = read_rows(table, root, columns=[table.user, *table.columns], progress=progress)
        for chunk in reader:
            rows += _facts_of(table, chunk, reader, counts)
        rejects += reader.rejects
        counts.update({f"{table.path}: {what}": n for what, n in reader.counts.items()})
    return UserFacts(
        facts=USER_FACTS.frame(rows),
        rejects=REJECTS.frame(
            {
                "stage": "extraction",
                "source": SOURCE,
                "reason": reject.reason,
                "evidence": reject.evidence,
                "detail": reject.detail,
            }
            for reject in rejects
        ),
        counts={f"{SOURCE}: {what}": count for what, count in counts.items()},
    )


def _facts_of(
    table: UserTable, chunk: Chunk, reader: RowReader, counts: Counter[str]
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for index, number in enumerate(chunk.places):
        user = chunk.columns[table.user][index]
        objects_by_column = [
            (column, _objects(column, chunk.columns[name][index], repair=table.repair))
            for name, column in table.columns.items()
        ]
        if not isinstance(user, str) or any(
            c.user and not objects for c, objects in objects_by_column
        ):
            reader.refuse("empty user", number)
            continue
        for column, objects in objects_by_column:
            if not objects:
                counts[f"{table.path}: rows without {column.relation}"] += 1
            rows += [
                {
                    "user": user,
                    "relation": column.relation,
                    "object": thing,
                    "type": column.object_type,
                    "undirected": column.undirected,
                    "evidence": reader.evidence(number),
                }
                for thing in objects
            ]
    return rows


def _objects(column: UserColumn, cell: Cell, *, repair: bool) -> list[str]:
    """The objects in a cell: users by id, or names of values."""
    cells = cell if isinstance(cell, tuple) else (cell or "",)
    parts = [
        part for text in cells for part in (text.split(column.split) if column.split else [text])
    ]
    if column.user:
        return [part.strip() for part in parts if part.strip()]
    named = (column.values.get(part.strip(), part) for part in parts)
    return [name for name in (clean_text(text, repair=repair) for text in named) if name]
