"""Collect records and statements of a part of a source column-wise, in their reading order.

A reader that parses many entities at once adds them as columns; each row has an order number, by
which the batch restores the reading order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg_builder.extraction.arrow_batches import (
    PART,
    STATEMENT,
    TO_CLEAN,
    Numbers,
    Reject,
    Segment,
    Texts,
    first_places,
    is_filled,
    mapped,
)
from kg_builder.extraction.collector import name_key
from kg_builder.extraction.objects import Literal, PlaceName, read_literal, read_name, why_not
from kg_builder.extraction.values import clean_text
from kg_builder.ontology import Schema

_TEXT: Final = pa.string()
_PART: Final = PART.remove(0)
_STATEMENT: Final = STATEMENT.remove(0)


class Batch:
    """Collects columns of records and statements; `close` returns them in reading order.

    Every method takes columns of equal length. The rows of all calls are sorted by `order`; rows
    with equal numbers stay in the order in which they were added.

    Args:
        source: name of the source.
        schema: the data model.
        method: extraction method of all statements.
        confidence: of every statement.

    Attributes:
        counts: counts by name.
    """

    def __init__(self, source: str, schema: Schema, method: str, confidence: float) -> None:
        self.source, self.schema = source, schema
        self.counts: Counter[str] = Counter()
        self._method, self._confidence = method, confidence
        self._part_order: list[Numbers] = []
        self._parts: list[list[pa.Array]] = []
        self._own: list[NDArray[np.bool_]] = []
        self._row_order: list[Numbers] = []
        self._rows: list[list[pa.Array]] = []
        self._rejects: list[tuple[int, Reject]] = []

    def things(
        self,
        order: Numbers,
        keys: Texts,
        types: Texts | str,
        names: Texts,
        evidence: Texts,
        *,
        record_ids: Texts | None = None,
        aliases: pa.ListArray | None = None,
        external_ids: pa.ListArray | None = None,
        own: bool = False,
    ) -> None:
        """Add records, or further data of known ones, as `Collector.record` does.

        With `own`, a row is kept even if an earlier one has the same type and name.
        """
        if record_ids is None:
            record_ids = pc.utf8_slice_codeunits(keys, len(self.source) + 1)
        columns = [
            *(keys, record_ids, _column(types, len(keys)), names, evidence),
            *(_empty(len(keys)) if texts is None else texts for texts in (aliases, external_ids)),
            pa.array(np.zeros(len(keys), np.int64)),
            pa.array(np.zeros(len(keys), np.bool_)),
        ]
        self._part_order.append(order)
        self._parts.append(columns)
        self._own.append(np.full(len(keys), own))

    def mentions(self, order: Numbers, type_: str, names: Texts, evidence: Texts) -> Texts:
        """Add entities that have only a name; returns their keys."""
        source, schema = self.source, self.schema
        distinct = names.dictionary_encode()
        firsts = first_places(distinct.indices.to_numpy())
        keys = [name_key(source, type_, name, schema) for name in distinct.dictionary.to_pylist()]
        found = pa.array(keys, _TEXT)
        where = evidence.take(pa.array(firsts))
        self.things(order[firsts], found, type_, distinct.dictionary, where)
        return found.take(distinct.indices)

    def places(self, order: Numbers, places: Sequence[PlaceName], evidence: Texts) -> Texts:
        """Add places and their countries; returns the places' keys."""
        source, schema = self.source, self.schema
        keys = pa.array([name_key(source, p.type, p.name, schema) for p in places], _TEXT)
        types = pa.array([place.type for place in places], _TEXT)
        self.things(order, keys, types, pa.array([p.name for p in places], _TEXT), evidence)
        inner = [row for row, place in enumerate(places) if place.country]
        countries = pa.array([places[row].country for row in inner], _TEXT)
        order, where = order[inner], evidence.take(pa.array(inner, pa.int64()))
        others = self.mentions(order, "Country", countries, where)
        self.links(order, keys.take(pa.array(inner, pa.int64())), "locatedIn", others, where)
        return keys

    def names(
        self,
        order: Numbers,
        subjects: Texts,
        predicate: str,
        type_: str,
        texts: Texts,
        where: Texts,
    ) -> None:
        """Add statements whose objects are given by name; invalid names become rejects."""
        distinct = texts.dictionary_encode()
        read = [read_name(text, type_) for text in distinct.dictionary.to_pylist()]
        names = pa.array(read, _TEXT).take(distinct.indices)
        valid = names.is_valid()
        kept = valid.to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(~kept).tolist():
            if (text := texts[row].as_py()).strip():
                reason, detail = why_not(text, type_.lower(), type_), f"{predicate}={text}"
                self.reject(order[row], reason, where[row].as_py(), detail)
        where = where.filter(valid)
        keys = self.mentions(order[kept], type_, names.filter(valid), where)
        self.links(order[kept], subjects.filter(valid), predicate, keys, where)

    def links(
        self, order: Numbers, subjects: Texts, predicates: Texts | str, objects: Texts, where: Texts
    ) -> None:
        """Add relations between records."""
        size = len(subjects)
        sure = pa.array(np.full(size, self._confidence))
        self._add(order, subjects, predicates, objects, "record", sure, where)

    def literals(
        self, order: Numbers, subjects: Texts, predicate: str, texts: Texts, where: Texts
    ) -> None:
        """Add literal statements; values that do not parse become rejects."""
        datatype = str(self.schema.predicate(predicate).datatype)
        if datatype == "string":
            self._strings(order, subjects, predicate, texts, where)
            return
        distinct = texts.dictionary_encode()
        read = [read_literal(text, datatype) for text in distinct.dictionary.to_pylist()]
        values = [item or Literal("", "") for item in read]
        valid = np.array([item is not None for item in read], np.bool_)[distinct.indices.to_numpy()]
        self._reject_literals(order, predicate, datatype, texts, where, valid)
        kept = pa.array(valid)
        codes = distinct.indices.filter(kept)
        factors = np.array([item.factor for item in values], np.float64)[codes.to_numpy()]
        self._add(
            order[valid],
            subjects.filter(kept),
            predicate,
            pa.array([item.text for item in values], _TEXT).take(codes),
            pa.array([item.kind for item in values], _TEXT).take(codes),
            pa.array(self._confidence * factors),
            where.filter(kept),
        )

    def _strings(
        self, order: Numbers, subjects: Texts, predicate: str, texts: Texts, where: Texts
    ) -> None:
        """Add string literals; only those empty after cleaning are rejected."""
        values = mapped(texts, clean_text, where=TO_CLEAN)
        valid = is_filled(values)
        self._reject_literals(order, predicate, "string", texts, where, valid)
        kept = pa.array(valid)
        columns = (column.filter(kept) for column in (subjects, values, where))
        subjects, values, where = columns
        sure = pa.array(np.full(len(values), self._confidence))
        self._add(order[valid], subjects, predicate, values, "string", sure, where)

    def _reject_literals(
        self,
        order: Numbers,
        predicate: str,
        datatype: str,
        texts: Texts,
        where: Texts,
        valid: NDArray[np.bool_],
    ) -> None:
        for row in np.flatnonzero(~valid).tolist():
            if (text := texts[row].as_py()).strip():
                reason, detail = f"not a {datatype}", f"{predicate}={text[:80]}"
                self.reject(order[row], reason, where[row].as_py(), detail)

    def reject(self, order: int, reason: str, evidence: str, detail: str = "") -> None:
        """Add rejects."""
        self._rejects.append((order, Reject(reason, evidence, detail)))

    def count(self, what: str, times: int) -> None:
        """Add to a count, unless by zero."""
        if times:
            self.counts[what] += times

    def close(self) -> Segment:
        """Return everything as a segment, in reading order."""
        rejects = [reject for _, reject in sorted(self._rejects, key=lambda item: item[0])]
        return Segment(self._sorted_parts(), self._sorted_rows(), rejects, self.counts)

    def _add(
        self,
        order: Numbers,
        subjects: Texts,
        predicates: Texts | str,
        objects: Texts,
        kinds: Texts | str,
        sure: pa.DoubleArray,
        where: Texts,
    ) -> None:
        constants = (_column(item, len(order)) for item in (predicates, kinds, self._method))
        predicates, kinds, methods = constants
        self._row_order.append(order)
        self._rows.append([subjects, predicates, objects, kinds, methods, sure, where])

    def _sorted_parts(self) -> pa.Table:
        rows = _table(self._parts, _PART)
        sorting = np.argsort(_joined(self._part_order), kind="stable")
        own = np.concatenate([*self._own, np.zeros(0, np.bool_)])[sorting]
        rows = rows.take(pa.array(sorting))
        keys = rows["key"].combine_chunks().dictionary_encode().indices.to_numpy()
        among_others = np.bincount(keys)[keys] > 1
        own |= ~among_others
        several = rows.select(["type", "name"]).filter(pa.array(among_others))
        codes = keys[among_others]
        for name in several.column_names:
            column = several[name].combine_chunks().dictionary_encode()
            codes = codes * len(column.dictionary) + column.indices.to_numpy()
        own[np.flatnonzero(among_others)[first_places(codes)]] = True
        return rows.filter(pa.array(own))

    def _sorted_rows(self) -> pa.Table:
        rows = _table(self._rows, _STATEMENT)
        sorting = np.argsort(_joined(self._row_order), kind="stable")
        return rows.take(pa.array(sorting))


def _column(texts: Texts | str, size: int) -> Texts:
    return pa.repeat(pa.scalar(texts, _TEXT), size) if isinstance(texts, str) else texts


def _empty(size: int) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(np.zeros(size + 1, np.int32)), pa.array([], _TEXT))


def _joined(orders: list[Numbers]) -> Numbers:
    return np.concatenate([np.zeros(0, np.int64), *orders])


def _table(columns: list[list[pa.Array]], schema: pa.Schema) -> pa.Table:
    tables = [pa.Table.from_arrays(arrays, schema=schema) for arrays in columns]
    return pa.concat_tables([schema.empty_table(), *tables]).combine_chunks()
