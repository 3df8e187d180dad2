"""Read a head–relation–tail file into statements; an index file lists the heads that are items."""

from __future__ import annotations

from pathlib import Path

from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector, id_key
from kg_builder.extraction.structured.config import ItemIndex, TripleTable
from kg_builder.extraction.tabular import RowReader, read_rows
from kg_builder.extraction.values import clean_text

ITEMS, ENTITIES = "items", "entities"
"""Scopes of the record keys: items by their raw id, other entities by the file's id."""


class TripleTableReader:
    """Convert every triple to a statement, in file order, including repeated ones.

    An item's record key is `<source>/items/<raw item id>`, so that interactions can name it; any
    other entity's is `<source>/entities/<entity id>`.
    """

    def __init__(self, table: TripleTable, out: Collector, root: Path) -> None:
        self.table, self.out, self._root = table, out, root
        for type_ in (table.entity_type, *([table.items.type] if table.items else [])):
            out.schema.class_named(type_, where=f"source {out.source!r}")

    def columns(self) -> list[str]:
        """Required columns of the file."""
        names = list(self.table.names)
        if len(names) < 3:
            raise DataError("a triple needs three columns", where=self.table.path)
        return names[:3]

    def read(self, rows: RowReader) -> None:
        """Read the index, then all triples."""
        keys = self._items(self.table.items) if self.table.items else {}
        closed = self.table.items is not None
        head_column, relation_column, tail_column = self.columns()
        for chunk in rows:
            for head, relation, tail, number in zip(
                chunk.columns[head_column],
                chunk.columns[relation_column],
                chunk.columns[tail_column],
                chunk.places,
                strict=True,
            ):
                if not (isinstance(head, str) and isinstance(relation, str)) or not isinstance(
                    tail, str
                ):
                    rows.refuse("empty cell in a triple", number)
                    continue
                if head not in keys:
                    if closed:
                        rows.refuse(
                            "head is neither an item nor an earlier tail", number, f"head {head}"
                        )
                        continue
                    keys[head] = self._entity(head, rows.evidence(number))
                if tail not in keys:
                    keys[tail] = self._entity(tail, rows.evidence(number))
                self.out.statement(
                    keys[head],
                    f"{self.table.namespace}:{relation}",
                    keys[tail],
                    method="triples",
                    evidence=rows.evidence(number),
                )

    def _entity(self, name: str, evidence: str) -> str:
        return self.out.record(
            id_key(self.out.source, ENTITIES, name),
            self.table.entity_type,
            name,
            record_id=name,
            evidence=evidence,
        )

    def _items(self, index: ItemIndex) -> dict[str, str]:
        """Read the index: entity id → record key, adding a record for every item."""
        labels = self._labels(index)
        raw_column, entity_column = index.names[:2]
        reader = read_rows(index, self._root, columns=[raw_column, entity_column])
        found: dict[str, str] = {}
        for chunk in reader:
            for raw, entity, number in zip(
                chunk.columns[raw_column],
                chunk.columns[entity_column],
                chunk.places,
                strict=True,
            ):
                if not isinstance(raw, str) or not isinstance(entity, str):
                    reader.refuse("empty cell in the item index", number)
                    continue
                if entity in found:
                    reader.refuse("entity has two items", number, f"entity {entity}")
                    continue
                found[entity] = self.out.record(
                    id_key(self.out.source, ITEMS, raw),
                    index.type,
                    labels.get(raw) or raw,
                    record_id=raw,
                    evidence=reader.evidence(number),
                )
        self.out.take_rejects(reader.rejects)
        self.out.counts["items in the index"] = len(found)
        return found

    def _labels(self, index: ItemIndex) -> dict[str, str]:
        if index.labels is None:
            return {}
        table = index.labels
        found: dict[str, str] = {}
        for chunk in read_rows(table, self._root, columns=[table.id, table.name]):
            for raw, name in zip(chunk.columns[table.id], chunk.columns[table.name], strict=True):
                if isinstance(raw, str) and isinstance(name, str):
                    found.setdefault(raw, clean_text(name, repair=table.repair))
        return found
