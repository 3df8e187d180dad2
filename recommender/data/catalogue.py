"""Read names, raw ids and IRIs of users, items, entities and relations from `*.tsv` files."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from recommender.errors import DataError

__all__ = ["Catalogue", "integer_id"]

_DIGITS = 18  # of an integer that numpy can represent

#: Control characters and bidirectional overrides, removed so that names in a file cannot control
#: the terminal.
_STEERING = r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"


def integer_id(text: str, size: int) -> int | None:
    """Parse an integer id below `size`, of a folder without the publisher's ids; else None."""
    valid = text.isascii() and text.isdecimal() and len(text) <= _DIGITS and int(text) < size
    return int(text) if valid else None


class Catalogue:
    """Names, raw ids, IRIs and types of users, items, entities and relations.

    Files are read lazily. Without the files (public data folders have none), integers serve as
    names, so that all downstream code works unchanged.

    Args:
        folder: the data folder.
        sizes: expected number of ids per file, such as ``{"items.tsv": 307}``; a truncated file is
            rejected.
    """

    def __init__(self, folder: Path, sizes: Mapping[str, int] | None = None) -> None:
        self.folder, self._sizes = folder, sizes or {}
        self._texts: dict[tuple[int, str], dict[int, str]] = {}

    def item_name(self, item: int) -> str:
        """The item's name, or `item 7` if unknown."""
        return self._text(self._items, "name", item) or self._text(
            self._entities, "name", item, f"item {item}"
        )

    def item_by(self, item: int) -> str:
        """Performers of the item, or authors of a book, as listed in items.tsv; else ''."""
        return self._text(self._items, "by", item)

    def item_title(self, item: int) -> str:
        """Name with performers or authors: `Angel by Massive Attack`."""
        name, by = self.item_name(item), self.item_by(item)
        return f"{name} by {by}" if by else name

    def item_raw_id(self, item: int) -> str:
        """The item's id in the publisher's file, or the integer itself."""
        return self._text(self._items, "raw_id", item, str(item))

    def entity_name(self, entity: int) -> str:
        """The entity's name, or `entity 7` if unknown."""
        return self._text(self._entities, "name", entity, f"entity {entity}")

    def entity_type(self, entity: int) -> str:
        """The entity's type (`Artist`, `Genre`, …), or an empty string."""
        return self._text(self._entities, "type", entity)

    def entity_iri(self, entity: int) -> str:
        """The entity's IRI in `kg.ttl`, or an empty string."""
        return self._text(self._entities, "iri", entity)

    def item_names(self, n_items: int) -> list[tuple[int, str]]:
        """`(item, name)` of the items 0 … n_items - 1, as by `item_name`."""
        own = self._column(self._items, "name")
        common = self._column(self._entities, "name")
        return [(i, own.get(i) or common.get(i) or f"item {i}") for i in range(n_items)]

    def entity_names(self) -> dict[int, str]:
        """The names of all entities that have one."""
        names = self._column(self._entities, "name")
        return {entity: name for entity, name in names.items() if name}

    def relation_names(self, n_relations: int) -> list[str]:
        """The names of the relations 0 … n_relations - 1."""
        return [self.relation_name(relation) for relation in range(n_relations)]

    def entity_aliases(self) -> list[tuple[int, str]]:
        """`(entity, alias)` pairs of `aliases.tsv`; none if there is no such file."""
        table = self._aliases
        if "alias" not in table:
            return []
        return list(zip(table.index.tolist(), table["alias"].tolist(), strict=True))

    def entities_by_iri(self) -> dict[str, int]:
        """IRI → entity, for every entity that has one."""
        if "iri" not in self._entities:
            return {}
        return {str(iri): int(n) for n, iri in self._entities["iri"].items() if iri}  # type: ignore[call-overload]

    def relation_name(self, relation: int) -> str:
        """The relation's name, or `relation 7` if unknown."""
        return self._text(self._relations, "name", relation, f"relation {relation}")

    def user_entity_name(self, entity: int) -> str:
        """Name of an entity of the user graph: a user's raw id, a value such as `25-34`."""
        default = f"user entity {entity}"
        return self._text(self._user_entities, "name", entity, default)

    def user_entity_type(self, entity: int) -> str:
        """Type of an entity of the user graph (`User`, `age group`, …), or an empty string."""
        return self._text(self._user_entities, "type", entity)

    def user_relation_name(self, relation: int) -> str:
        """Name of a relation of the user graph, such as `friend`."""
        return self._text(self._user_relations, "name", relation, f"user relation {relation}")

    def relation_iri(self, relation: int) -> str:
        """The relation's IRI, preceded by `^` for an inverse, or an empty string."""
        return self._text(self._relations, "iri", relation)

    def user_raw_id(self, user: int) -> str:
        """The user's id in the publisher's file, or the integer itself."""
        return self._text(self._users, "raw_id", user, str(user))

    @property
    def has_raw_ids(self) -> bool:
        """Whether the folder has the publisher's ids of items."""
        return "raw_id" in self._items

    def item_of_raw_id(self, raw_id: str) -> int | None:
        """The item with this publisher's id, or None."""
        return self._item_ids.get(raw_id)

    def user_of_raw_id(self, raw_id: str) -> int | None:
        """The user with this publisher's id, or None."""
        return self._user_ids.get(raw_id)

    @cached_property
    def _item_ids(self) -> dict[str, int]:
        if "raw_id" not in self._items:
            return {}
        pairs = zip(self._items.index.tolist(), self._items["raw_id"].tolist(), strict=True)
        return {raw: item for item, own in pairs for raw in str(own).split("|")}

    @cached_property
    def _user_ids(self) -> dict[str, int]:
        if "raw_id" not in self._users:
            return {}
        return {str(raw): int(i) for i, raw in self._users["raw_id"].items()}  # type: ignore[call-overload]

    @cached_property
    def _items(self) -> pd.DataFrame:
        return self._read("items.tsv")

    @cached_property
    def _entities(self) -> pd.DataFrame:
        return self._read("entities.tsv")

    @cached_property
    def _aliases(self) -> pd.DataFrame:
        return self._read("aliases.tsv")

    @cached_property
    def _relations(self) -> pd.DataFrame:
        return self._read("relations.tsv")

    @cached_property
    def _users(self) -> pd.DataFrame:
        return self._read("users.tsv")

    @cached_property
    def _user_entities(self) -> pd.DataFrame:
        return self._read("user_entities.tsv")

    @cached_property
    def _user_relations(self) -> pd.DataFrame:
        return self._read("user_relations.tsv")

    def _read(self, file: str) -> pd.DataFrame:
        path = self.folder / file
        if not path.is_file():
            return pd.DataFrame()
        try:
            table = pd.read_csv(path, sep="\t", dtype=str, na_filter=False, quoting=csv.QUOTE_NONE)
        except (ValueError, pd.errors.ParserError) as error:
            problem = " ".join(str(error).split())
            raise DataError.at(path, None, problem, "build the data set again") from None
        if "id" not in table:
            raise DataError.at(path, 1, "no column `id` in the header", "build the data set again")
        wrong = ~table["id"].str.fullmatch(r"\d{1,18}")
        if wrong.any():
            line = int(wrong.to_numpy().argmax()) + 2
            bad = table["id"].iloc[line - 2]
            raise DataError.at(path, line, f"id {bad!r} is no integer", "build the data set again")
        for column in table.columns.intersection(["name", "alias", "type", "by"]):
            table[column] = table[column].str.replace(_STEERING, " ", regex=True)
        numbers = table["id"].astype("int64")
        twice = numbers.duplicated()
        if file in self._sizes and twice.any():
            line = int(twice.to_numpy().argmax()) + 2
            problem = f"id {numbers.iloc[line - 2]} occurs earlier in the file"
            raise DataError.at(path, line, problem, "build the data set again")
        size = self._sizes.get(file, 0)
        last = int(numbers.max()) if len(numbers) else -1
        if last < size - 1:  # gaps are unknown names; a missing end means missing rows
            problem = f"ends at id {last} of {size - 1}: it was cut off, or is of other data"
            raise DataError.at(path, None, problem, "build the data set again")
        return table.set_index(numbers)

    @staticmethod
    def _column(table: pd.DataFrame, column: str) -> dict[int, str]:
        if column not in table:
            return {}
        return dict(zip(table.index.tolist(), table[column].tolist(), strict=True))

    def _text(self, table: pd.DataFrame, column: str, index: int, default: str = "") -> str:
        key = (id(table), column)  # cached as long as the catalogue exists
        if key not in self._texts:
            self._texts[key] = self._column(table, column)
        return self._texts[key].get(index) or default
