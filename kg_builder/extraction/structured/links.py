"""Read a table whose rows link two entities: a statement per row, or per pair with enough votes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import product

from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector, id_key
from kg_builder.extraction.left_out_pairs import LeftOutPairs
from kg_builder.extraction.objects import object_type, read_name, why_not
from kg_builder.extraction.structured.columns import METHOD, Types
from kg_builder.extraction.structured.config import End, LinkTable, TypeColumn
from kg_builder.extraction.tabular import Cell, Chunk, RowReader
from kg_builder.extraction.tabular.list_cells import OPENING, values_in

_Named = tuple[str, str]
"""(id or name, class of an entity given by its name)"""

_Pair = tuple[_Named, _Named]


class _EndReader:
    """Find the ids or names at one end of the links, with their classes."""

    def __init__(self, end: End, types: Types | None, scope: str) -> None:
        self.end, self.scope, self._types = end, scope, types
        of_type = types.column if types else None
        self.columns = [end.column, *([of_type] if of_type else [])]

    def each(self, chunk: Chunk, rows: RowReader) -> Iterator[list[_Named]]:
        """The ids or names of each row; those without a known class are rejects."""
        cells = chunk.columns[self.end.column]
        by = self._types.column if self._types else None
        if self._types is None or by is None:
            type_ = (self._types and self._types.of("")) or ""
            for cell in cells:
                yield [(text, type_) for text in _each(cell)]
            return
        for cell, kind, number in zip(cells, chunk.columns[by], chunk.places, strict=True):
            texts, told = _each(cell), _each(kind)
            if len(told) != len(texts):
                told = [_text(kind)] * len(texts)
            found = []
            for text, of_text in zip(texts, told, strict=True):
                if (of := self._types.of(of_text)) is None:
                    rows.refuse_value("unknown type", number, f"{by}={of_text}")
                else:
                    found.append((text, of))
            yield found


class LinkTableReader:
    """Convert every row, or every pair with enough votes, to a statement.

    Rows that are a user's action on an item are left out (and counted) if the pair is in
    `left_out`.
    """

    def __init__(
        self,
        name: str,
        table: LinkTable,
        out: Collector,
        *,
        scope_of: Callable[[str], str],
        left_out: LeftOutPairs,
    ) -> None:
        self.table, self.out, self._left_out = table, out, left_out
        self._where = f"source {out.source!r}, table {name!r}"
        predicate = out.schema.predicate(table.predicate, where=self._where)
        if predicate.is_attribute:
            raise DataError(
                f"{table.predicate!r} is an attribute: it links nothing", where=self._where
            )
        if table.subject.ref is None and table.subject.type is None:
            raise DataError("the subject needs ref or type", where=self._where)
        given = table.object.type
        if table.object.ref is None and not isinstance(given, TypeColumn):
            given = object_type(predicate, given, out.schema, self._where)
        self._subject = self._end(table.subject, table.subject.type, scope_of)
        self._object = self._end(table.object, given, scope_of)

    def _end(
        self, end: End, type_: str | TypeColumn | None, scope_of: Callable[[str], str]
    ) -> _EndReader:
        if end.ref or type_ is None:
            return _EndReader(end, None, scope_of(end.ref) if end.ref else "")
        return _EndReader(end, Types(type_, self.out.schema, self._where), "")

    def columns(self) -> list[str]:
        """Required columns of the file."""
        wanted = [*self._subject.columns, *self._object.columns]
        wanted += [column for column in (self.table.distinct, self.table.user) if column]
        wanted += [condition.column for condition in self.table.where]
        return list(dict.fromkeys(wanted))

    def read(self, rows: RowReader) -> None:
        """Read all rows."""
        if self.table.counts_votes:
            self._read_votes(rows)
        else:
            self._read_each(rows)

    def _read_each(self, rows: RowReader) -> None:
        for chunk in self._chunks(rows):
            for subjects, objects, number in self._ends(chunk, rows):
                for one, other in product(subjects, objects):
                    self._state(one, other, rows.evidence(number), 1.0)

    def _ends(
        self, chunk: Chunk, rows: RowReader
    ) -> Iterator[tuple[list[_Named], list[_Named], int]]:
        """The subjects, objects and number of each row; a row without either is a reject."""
        of_subject, of_object = (
            chunk.columns[reader.end.column] for reader in (self._subject, self._object)
        )
        for number, one, other, subjects, objects in zip(
            chunk.places,
            of_subject,
            of_object,
            self._subject.each(chunk, rows),
            self._object.each(chunk, rows),
            strict=True,
        ):
            if one is None or other is None:
                rows.refuse("empty end of a link", number)
            yield subjects, objects, number

    def _chunks(self, rows: RowReader) -> Iterator[Chunk]:
        """The chunks of the file without the rows of left-out pairs."""
        column = self.table.user
        if column is None or not self._left_out:
            yield from rows
            return
        ends = [
            (reader.end.column, reader.scope)
            for reader in (self._subject, self._object)
            if reader.end.ref
        ]
        for chunk in rows:
            users = chunk.columns[column]
            keep = [
                not any(
                    (users[index], id_key(self.out.source, scope, _text(chunk.columns[end][index])))
                    in self._left_out
                    for end, scope in ends
                )
                for index in range(len(chunk))
            ]
            rows.leave_out("rows of left-out pairs", keep.count(False))
            yield chunk if all(keep) else chunk.rows(keep)

    def _read_votes(self, rows: RowReader) -> None:
        votes, first = self._count_votes(rows)
        uses = Counter(object_ for _, object_ in votes)
        strongest: dict[_Named, int] = {}
        for (subject, _), count in votes.items():
            strongest[subject] = max(strongest.get(subject, 0), count)
        for (subject, object_), count in votes.items():
            if count < self.table.min_count:
                fault = f"pairs below {self.table.min_count}"
            elif uses[object_] < self.table.min_uses:
                fault = "pairs with a rare object"
            elif count < self.table.min_share * strongest[subject]:
                fault = "pairs with few of the votes"
            else:
                fault = ""
            if fault:
                self.out.counts[f"{self.table.predicate}: {fault}"] += 1
                continue
            evidence = f"{rows.evidence(first[subject, object_])};votes={count}"
            self._state(subject, object_, evidence, 1 - 1 / (1 + count))

    def _count_votes(self, rows: RowReader) -> tuple[dict[_Pair, int], dict[_Pair, int]]:
        """Votes and first row number of each pair, in the order of first rows."""
        seen: set[tuple[_Named, _Named, Cell | int]] = set()
        votes: dict[_Pair, int] = {}
        first: dict[_Pair, int] = {}
        for chunk in self._chunks(rows):
            voters: Sequence[Cell | int] = (
                chunk.columns[self.table.distinct] if self.table.distinct else chunk.places
            )
            for (subjects, objects, number), voter in zip(
                self._ends(chunk, rows), voters, strict=True
            ):
                for pair in product(subjects, objects):
                    if (*pair, voter) in seen:
                        continue
                    seen.add((*pair, voter))
                    count = votes.get(pair, 0)
                    votes[pair] = count + 1
                    if not count:
                        first[pair] = number
        return votes, first

    def _state(self, subject: _Named, object_: _Named, evidence: str, confidence: float) -> None:
        one = self._key(subject, self._subject, evidence)
        if one is None:
            return
        other = self._key(object_, self._object, evidence, owner=one)
        if other is None:
            return
        self.out.statement(
            one,
            self.table.predicate,
            other,
            method=METHOD if self.table.distinct is None else "votes",
            evidence=evidence,
            confidence=confidence,
        )

    def _key(self, named: _Named, reader: _EndReader, evidence: str, owner: str = "") -> str | None:
        text, type_ = named
        end = reader.end
        if end.ref:
            return id_key(self.out.source, reader.scope, text)
        name = read_name(text, type_, self.table.repair, self.table.real_names)
        if not name:
            reason = why_not(text, type_.lower(), type_)
            self.out.reject(reason, evidence, f"{end.column}={text}")
            return None
        return self.out.mention(type_, name, evidence=evidence, owner=owner)


def _each(cell: Cell) -> list[str]:
    """The ids or names in the cell of a link's end."""
    if isinstance(cell, str) and not cell.startswith(OPENING):
        return [cell] if cell else []
    return list(filter(None, values_in(cell, words="several")))


def _text(cell: Cell) -> str:
    return next(filter(None, cell), "") if isinstance(cell, tuple) else cell or ""
