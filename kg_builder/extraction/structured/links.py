"""Read a table whose rows link two entities: a statement per row, or per pair with enough votes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import product

from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector, id_key
from kg_builder.extraction.left_out_pairs import LeftOutPairs
from kg_builder.extraction.objects import object_type, read_name, why_not
from kg_builder.extraction.structured.columns import METHOD
from kg_builder.extraction.structured.config import End, LinkTable
from kg_builder.extraction.tabular import Cell, Chunk, RowReader
from kg_builder.extraction.tabular.list_cells import values_in

Pair = tuple[Cell, Cell]


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
        predicate = out.schema.predicate(table.predicate)
        if predicate.is_attribute:
            raise DataError(
                f"{table.predicate!r} is an attribute: it links nothing", where=self._where
            )
        if table.subject.ref is None and table.subject.type is None:
            raise DataError("the subject needs ref or type", where=self._where)
        self._subject_scope = scope_of(table.subject.ref) if table.subject.ref else ""
        self._object_scope = scope_of(table.object.ref) if table.object.ref else ""
        self._subject_type = table.subject.type or ""
        self._object_type = (
            ""
            if table.object.ref
            else object_type(predicate, table.object.type, out.schema, self._where)
        )

    def columns(self) -> list[str]:
        """Required columns of the file."""
        wanted = [self.table.subject.column, self.table.object.column]
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
            pairs = zip(
                chunk.columns[self.table.subject.column],
                chunk.columns[self.table.object.column],
                chunk.places,
                strict=True,
            )
            for subject, object_, number in pairs:
                if subject is None or object_ is None:
                    self._reject_empty(rows, number)
                    continue
                for one, other in product(_each(subject), _each(object_)):
                    self._state(one, other, rows.evidence(number), 1.0)

    def _chunks(self, rows: RowReader) -> Iterator[Chunk]:
        """The chunks of the file without the rows of left-out pairs."""
        column = self.table.user
        if column is None or not self._left_out:
            yield from rows
            return
        ends = [
            (end.column, scope)
            for end, scope in (
                (self.table.subject, self._subject_scope),
                (self.table.object, self._object_scope),
            )
            if end.ref
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
        strongest: dict[Cell, int] = {}
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

    def _count_votes(self, rows: RowReader) -> tuple[dict[Pair, int], dict[Pair, int]]:
        """Votes and first row number of each pair, in the order of first rows."""
        seen: set[tuple[Cell, Cell, Cell | int]] = set()
        votes: dict[Pair, int] = {}
        first: dict[Pair, int] = {}
        for chunk in self._chunks(rows):
            voters: Sequence[Cell | int] = (
                chunk.columns[self.table.distinct] if self.table.distinct else chunk.places
            )
            for vote, number in zip(
                zip(
                    chunk.columns[self.table.subject.column],
                    chunk.columns[self.table.object.column],
                    voters,
                    strict=True,
                ),
                chunk.places,
                strict=True,
            ):
                subject, object_, voter = vote
                if subject is None or object_ is None:
                    self._reject_empty(rows, number)
                    continue
                for pair in product(_each(subject), _each(object_)):
                    if (*pair, voter) in seen:
                        continue
                    seen.add((*pair, voter))
                    count = votes.get(pair, 0)
                    votes[pair] = count + 1
                    if not count:
                        first[pair] = number
        return votes, first

    def _state(self, subject: Cell, object_: Cell, evidence: str, confidence: float) -> None:
        one = self._key(
            subject, self.table.subject, self._subject_scope, self._subject_type, evidence
        )
        if one is None:
            return
        other = self._key(
            object_, self.table.object, self._object_scope, self._object_type, evidence, owner=one
        )
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

    def _key(
        self, cell: Cell, end: End, scope: str, type_: str, evidence: str, owner: str = ""
    ) -> str | None:
        text = _text(cell)
        if end.ref:
            return id_key(self.out.source, scope, text)
        name = read_name(text, type_, self.table.repair, self.table.real_names)
        if not name:
            reason = why_not(text, type_.lower(), type_)
            self.out.reject(reason, evidence, f"{end.column}={text}")
            return None
        return self.out.mention(type_, name, evidence=evidence, owner=owner)

    def _reject_empty(self, rows: RowReader, number: int) -> None:
        rows.refuse("empty end of a link", number)


def _each(cell: Cell) -> list[str]:
    """The ids or names in the cell of a link's end."""
    return list(filter(None, values_in(cell, words="several")))


def _text(cell: Cell) -> str:
    return next(filter(None, cell), "") if isinstance(cell, tuple) else cell or ""
