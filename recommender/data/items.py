"""Resolve item names entered by users to item ids, and report ambiguous names."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from recommender.data.catalogue import Catalogue, integer_id
from recommender.data.names import Match, NameIndex, fold_name
from recommender.errors import ConfigError

__all__ = ["ItemNames", "NamedItem"]

_RAW_ID = "id:"
_CREDITED = re.compile(r" by | [-–—] | ?\(|\)$")  # Angel by X; X - Angel; Angel (X)
_DESCRIBED = re.compile(rf"(?P<name>.*) \({_RAW_ID}(?P<id>[^()]+)\)")

_SHOWN = 60
"""Maximum length of a name quoted in a message."""


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


@dataclass(frozen=True)
class NamedItem:
    """An entered name, and the item it was resolved to."""

    text: str
    match: Match

    @property
    def is_ambiguous(self) -> bool:
        """Whether several items have the name."""
        return len(self.match.ids) > 1


class ItemNames:
    """Resolve names of items; of several with the same name, the most popular is chosen.

    Args:
        catalogue: names, aliases and publisher's ids.
        n_items: number of items.
        popularity: ``[n_items]``, popularity of each item.
    """

    def __init__(self, catalogue: Catalogue, n_items: int, popularity: ArrayLike) -> None:
        self._catalogue, self._n_items = catalogue, n_items
        aliases = [(e, alias) for e, alias in catalogue.entity_aliases() if e < n_items]
        self._index = NameIndex(catalogue.item_names(n_items), aliases, popularity)

    def __len__(self) -> int:
        return self._n_items

    def resolve(self, text: str) -> NamedItem:
        """The item of that name, or of that publisher's id.

        These are `Radiohead`, `id:1084`, or both as `describe` gives them: `Radiohead (id:1084)`.
        A work may have its performer: `Angel by Massive Attack`, `Massive Attack - Angel`.

        Raises:
            ConfigError: there is no such item; the message suggests names.
        """
        if text.startswith(_RAW_ID):
            raw_id = text.removeprefix(_RAW_ID).strip()
            item = self._item_of(raw_id)
            if item is None:
                raise ConfigError(
                    f"no item has the id {_shortened(raw_id)!r}; {self._where('ids')}"
                )
            return NamedItem(text, Match((item,), self._index.name(item)))
        described = _DESCRIBED.fullmatch(text)
        if described and (item := self._item_of(described["id"])) is not None:
            return NamedItem(text, Match((item,), self._index.name(item)))
        found = self._find(text)
        if found is None:
            suggestions = self._index.suggest(text[: 2 * _SHOWN])
            if works := self._works_by(text):
                suggestions = [f"{works[0]!r}, one of its {len(works):,} among the items"]
            if self._item_of(text) is not None:
                suggestions = [f"{_RAW_ID}{text}"]
            if suggestions:
                hint = f"did you mean {' or '.join(suggestions)}?"
            elif self._is_in_graph(text):
                hint = "it is in the graph, but no user has liked it, so that it is no item"
            else:
                hint = self._where("names")
            raise ConfigError(
                f"{_shortened(text)!r} is not in {self._catalogue.folder.name}; {hint}"
            )
        return NamedItem(text, found)

    def resolve_all(self, texts: Iterable[str]) -> list[NamedItem]:
        """The distinct items of several lists of names, in the given order.

        Names are separated by commas or line breaks. A name with a comma may be in double quotes,
        which is not necessary if an item has exactly this name.

        Raises:
            ConfigError: an unknown name, or a list that cannot be parsed.
        """
        found: dict[int, NamedItem] = {}
        for text in texts:
            for name in self._split(text):
                item = self.resolve(name)
                found.setdefault(item.match.id, item)
        return list(found.values())

    def describe(self, item: int) -> str:
        """Title and publisher's id, which distinguishes namesakes."""
        raw_id = self._catalogue.item_raw_id(item).partition("|")[0]
        return f"{self._catalogue.item_title(item)} ({_RAW_ID}{raw_id})"

    def distinct(self, item: int) -> str:
        """The item's title, as by `describe` if another item has the same one."""
        title = self._catalogue.item_title(item)
        found = self._index.find(self._catalogue.item_name(item))
        namesakes = () if found is None else found.ids
        same = sum(self._catalogue.item_title(other) == title for other in namesakes)
        return self.describe(item) if same > 1 else title

    def _is_in_graph(self, text: str) -> bool:
        """Whether an entity that is no item has the name."""
        key = fold_name(text)
        return any(fold_name(name) == key for name in self._catalogue.entity_names().values())

    def _item_of(self, raw_id: str) -> int | None:
        """The item with this publisher's id; of a folder without ids, the item of this number."""
        if self._catalogue.has_raw_ids:
            return self._catalogue.item_of_raw_id(raw_id)
        return integer_id(raw_id, self._n_items)

    def _find(self, text: str) -> Match | None:
        """Look up a name or title; a title selects among the works of that name."""
        found = self._index.find(text)
        if found is not None and len(found.ids) == 1:
            return found
        for mark in _CREDITED.finditer(text):
            parts = (text[: mark.start()], text[mark.end() :].removesuffix(")"))
            for name, by in (parts, parts[::-1]):
                named = self._index.find(name)
                ids = [] if named is None else [n for n in named.ids if self._is_by(n, by)]
                if ids:
                    return Match(tuple(ids), self._catalogue.item_title(ids[0]))
        return found

    def _where(self, what: str) -> str:
        if self._catalogue.has_raw_ids:
            return f"{what} are in items.tsv"
        return (
            f"the folder has no items.tsv with {what}: id:0 to id:{self._n_items - 1} are its items"
        )

    def _works_by(self, name: str) -> list[str]:
        """Titles of the works by a performer."""
        return [self._catalogue.item_title(i) for i in range(self._n_items) if self._is_by(i, name)]

    def _is_by(self, item: int, by: str) -> bool:
        credit = self._catalogue.item_by(item)
        return bool(credit) and fold_name(by) in map(fold_name, [credit, *credit.split(" & ")])

    def _split(self, text: str) -> list[str]:
        try:
            rows = list(csv.reader(text.splitlines(), skipinitialspace=True))
        except csv.Error as error:
            raise ConfigError(
                f"{_shortened(text)!r}: no list of names ({error}); part by commas"
            ) from None
        names = []
        for row in rows:
            parts, start = [part.strip() for part in row if part.strip()], 0
            while start < len(parts):
                stop = self._end_of_name(parts, start)
                names.append(", ".join(parts[start:stop]))
                start = stop
        return names

    def _end_of_name(self, parts: Sequence[str], start: int) -> int:
        """End of the longest name with commas that starts at part `start`; else one part."""
        for stop in range(len(parts), start + 1, -1):
            text = ", ".join(parts[start:stop])
            described = _DESCRIBED.fullmatch(text)
            found = self._find(described["name"] if described else text)
            if found is not None and found.name.count(",") >= stop - start - 1:
                return stop
        return start + 1
