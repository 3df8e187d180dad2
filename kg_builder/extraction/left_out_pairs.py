"""Read user–item pairs whose rows a build is to leave out (option `--without-pairs`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kg_builder.errors import DataError
from kg_builder.extraction.collector import plain_id
from kg_builder.extraction.tabular import RowsConfig, read_rows

SOURCE: Final = "left-out pairs"
"""Name under which the counts are listed."""

_HEADING: Final = re.compile(r"(raw[_ ]?)?user([_ ]?id)?", re.IGNORECASE)


@dataclass(frozen=True)
class LeftOutPairs:
    """Pairs of the publisher's user id and an item's record key.

    Attributes:
        pairs: (user, record key).
        where: the file that lists them.
    """

    pairs: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    where: str = ""

    def __contains__(self, pair: object) -> bool:
        return pair in self.pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def counts(self, interactions: Iterable[tuple[str, str]]) -> dict[str, int]:
        """Count the pairs, and those that are not interactions.

        Raises:
            DataError: no pair is an interaction: the ids are not those of the publisher.
        """
        unknown = len(self.pairs.difference(interactions))
        if unknown == len(self.pairs):
            raise DataError(
                f"none of the {unknown:,} pairs is an interaction",
                where=self.where,
                remedy="give the publisher's ids, user<TAB>item; `python -m "
                "recommender.held_out_pairs` writes such a file",
            )
        return {
            f"{SOURCE}: pairs": len(self.pairs),
            f"{SOURCE}: pairs that are no interaction": unknown,
        }


NONE_LEFT_OUT: Final = LeftOutPairs()


def read_left_out_pairs(path: Path, records: str) -> LeftOutPairs:
    """Read a file of user<TAB>item lines with the publisher's ids.

    A first row starting with `user`, `userID` or `user_id` is a heading.

    Args:
        path: the file.
        records: record keys of the items are `<records>/<item id>`.

    Raises:
        DataError: the file is missing or empty, or a row is not a pair.
    """
    layout = RowsConfig(path=path.name, format="tsv", header=False, names=("user", "item"))
    reader = read_rows(layout, path.parent)
    pairs: set[tuple[str, str]] = set()
    for chunk in reader:
        for user, item, number in zip(
            chunk.columns["user"], chunk.columns["item"], chunk.places, strict=True
        ):
            if number == 1 and isinstance(user, str) and _HEADING.fullmatch(user):
                continue
            if not (isinstance(user, str) and isinstance(item, str)):
                raise _no_pair(path, number)
            pairs.add((user, f"{records}/{plain_id(item)}"))
    for reject in reader.rejects:
        raise _no_pair(path, int(reject.evidence.rpartition("=")[2]))
    if not pairs:
        raise DataError("no pair in the file", where=str(path), remedy="write user<TAB>item lines")
    return LeftOutPairs(frozenset(pairs), str(path))


def _no_pair(path: Path, line: int) -> DataError:
    return DataError(
        "not a user and an item", where=f"{path}, line {line}", remedy="write user<TAB>item"
    )
