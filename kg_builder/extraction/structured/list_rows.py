"""Split a row whose id and name cells hold lists into one row per listed id."""

from __future__ import annotations

from collections.abc import Sequence

from kg_builder.extraction.structured.config import ColumnMap, RecordTable
from kg_builder.extraction.tabular import Cell, Chunk, RowReader
from kg_builder.extraction.tabular.list_cells import values_in


def one_thing_a_row(
    chunk: Chunk, table: RecordTable, names: Sequence[str], rows: RowReader
) -> Chunk:
    """Expand a chunk to one row per entity; entities of one row keep its location.

    A row describes as many entities as its id cell (or, without an id column, its name cell) has
    values. Lists of that length are taken element by element; a single value applies to every
    entity. A row whose numbers of ids and names differ is a reject, as they cannot be matched; any
    other list of a different length is a reject too, but the row is read without it.
    """
    indices: list[int] = []
    elements: list[int | None] = []
    """Index of the entity in its row; none if there is only one."""
    instead: dict[tuple[str, int], tuple[str, ...]] = {}
    for index in range(len(chunk)):
        count = len(_values(chunk, table, table.id or names[0], index, named=not table.id))
        if count < 2:
            indices.append(index)
            elements.append(None)
        elif fault := _unequal(chunk, table, names, index, count):
            rows.refuse("lists of different lengths", chunk.places[index], fault)
        else:
            _align(chunk, table, names, index, count, rows, instead)
            indices += [index] * count
            elements += range(count)
            rows.counts["rows used"] += count - 1
            rows.counts["things beside the first of their row"] += count - 1
    columns: dict[str, list[Cell]] = {
        name: [
            cells[index]
            if element is None or (listed := instead.get((name, index))) is None
            else (listed[element] or None if listed else None)
            for index, element in zip(indices, elements, strict=True)
        ]
        for name, cells in chunk.columns.items()
    }
    return Chunk(columns, [chunk.places[index] for index in indices])


def _values(
    chunk: Chunk, table: RecordTable, column: str, index: int, *, named: bool
) -> tuple[str, ...]:
    alone = named and not table.id  # a name without an id: "[A, B]" may be a title
    return values_in(
        chunk.columns[column][index],
        split=table.split,
        numbers=not named,
        words="quoted" if alone else "several",
    )


def _unequal(chunk: Chunk, table: RecordTable, names: Sequence[str], index: int, count: int) -> str:
    """The fault of a row whose numbers of ids, names and external ids differ."""
    for column in (*names, *table.external_ids):
        values = _values(chunk, table, column, index, named=column in names)
        if values and len(values) != count:
            first = table.id or names[0]
            return f"{first} holds {count} values and {column} {len(values)}"
    return ""


def _align(
    chunk: Chunk,
    table: RecordTable,
    names: Sequence[str],
    index: int,
    count: int,
    rows: RowReader,
    instead: dict[tuple[str, int], tuple[str, ...]],
) -> None:
    """Mark the cells of a row that are lists with one element per entity."""
    identifying = {*names, *table.external_ids, *([table.id] if table.id else [])}
    for column, cells in chunk.columns.items():
        if column in identifying:
            instead[column, index] = _values(chunk, table, column, index, named=column in names)
            continue
        maps = table.columns.get(column, ())
        named = any(item.type for item in ((maps,) if isinstance(maps, ColumnMap) else maps))
        values = values_in(cells[index], numbers=not named, words="several")
        if len(values) == count:
            instead[column, index] = values
        elif len(values) > 1:
            instead[column, index] = ()
            rows.refuse_value(
                "lists of different lengths",
                chunk.places[index],
                f"{column} holds {len(values)} values for {count} things",
            )
