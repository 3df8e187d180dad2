"""Read a published list of items, whose order fixes the item ids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from kg_builder.errors import DataError
from kg_builder.extraction.collector import plain_id
from kg_builder.extraction.tabular import RowsConfig, read_rows
from kg_builder.fusion.rewrite import entity_of


class ItemList(RowsConfig):
    """Settings of a file with one item per row, in the order of the item ids."""

    column: Annotated[str, Field(description="Column with the publisher's id of the item.")]
    records: Annotated[
        str, Field(description="Record keys of the items are `<records>/<item id>`.")
    ]


def listed_items(listed: ItemList, root: Path, links: pd.DataFrame) -> list[str]:
    """CURIEs of the items listed in a file, in file order.

    Args:
        listed: the file's settings.
        root: raw folder.
        links: `tables.LINKS`, from records to entities.

    Raises:
        DataError: the file or the column is missing, the file is empty, a row cannot be read or has
            no id, an id is unknown or repeated, or two ids were resolved to one entity.
    """
    entities = entity_of(links)
    entity = dict(zip(entities.index.tolist(), entities.tolist(), strict=True))
    found: dict[str, tuple[str, str]] = {}
    for raw, where in _ids(listed, root):
        key = f"{listed.records}/{plain_id(raw)}"
        if key not in entity:
            raise DataError(
                f"item {raw!r} is unknown: there is no record {key!r}",
                where=where,
                remedy="take the row out, or check 'records' and the sources of the recipe",
            )
        if entity[key] in found:
            earlier, location = found[entity[key]]
            again = "is listed twice" if raw == earlier else f"and {earlier!r} are one thing"
            raise DataError(
                f"item {raw!r} {again}, {entity[key]}",
                where=where,
                remedy=f"take this row or {location} out",
            )
        found[entity[key]] = (raw, where)
    if not found:
        raise DataError("no item is listed", where=str(root / listed.path))
    return list(found)


def _ids(listed: ItemList, root: Path) -> Iterator[tuple[str, str]]:
    """Yield each id and its location."""
    reader = read_rows(listed, root, columns=[listed.column])
    for chunk in reader:
        for cell, number in zip(chunk.columns[listed.column], chunk.places, strict=True):
            if not isinstance(cell, str):
                raise DataError(
                    f"a row without an id in column {listed.column!r}",
                    where=reader.evidence(number),
                    remedy="give the id, or take the row out",
                )
            yield cell, reader.evidence(number)
    for reject in reader.rejects:
        raise DataError(
            f"unreadable row: {reject.reason} {reject.detail}".strip(),
            where=reject.evidence,
            remedy="correct the row, or how the recipe reads the file",
        )
