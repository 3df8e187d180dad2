"""Schemas of the tables that the stages exchange: declare columns and types, check data frames.

In memory a table is a pandas frame with Arrow types; on disk it is Parquet with the same schema.
Columns with few distinct texts are pandas categories in memory. References are CURIEs
(`artist:Radiohead`, `freebase:m.07qnf`) once an entity exists, and record keys (`<source>/<record
id>`) before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from kg_builder.errors import DataError

LITERAL_KINDS: Final = frozenset(
    {
        "string",
        "integer",
        "decimal",
        "boolean",
        "gYear",
        "gYearMonth",
        "date",
        "duration",
        "anyURI",
    }
)
"""Values of `object_kind` for literals: the local names of their XML Schema datatypes."""

OBJECT_KINDS: Final = LITERAL_KINDS | {"record", "entity"}
"""Kinds of objects of a statement: a record (before fusion), an entity, or a literal."""

DECISIONS: Final = frozenset({"match", "no_match", "unsure"})
"""Decisions of a link; `unsure` abstains and leaves the candidates to a person."""


@dataclass(frozen=True)
class Table:
    """A named table with a fixed schema, and the closed vocabularies of some columns.

    Attributes:
        name: shown in messages.
        schema: columns and types on disk.
        vocabularies: the values that a column may hold.
        required: columns without nulls.
        categorical: text columns that are categories in memory.
    """

    name: str
    schema: pa.Schema
    vocabularies: Mapping[str, frozenset[str]]
    required: tuple[str, ...]
    categorical: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Column names in their order on disk."""
        return list(self.schema.names)

    def only(self, *columns: str, categorical: tuple[str, ...] | None = None) -> Table:
        """A table of the given columns; `categorical` overrides which are categories in memory."""
        coded = self.categorical if categorical is None else categorical
        return replace(
            self,
            schema=pa.schema([self.schema.field(name) for name in columns]),
            vocabularies={k: v for k, v in self.vocabularies.items() if k in columns},
            required=tuple(name for name in self.required if name in columns),
            categorical=tuple(name for name in coded if name in columns),
        )

    def frame(self, rows: Iterable[Mapping[str, Any]] | Mapping[str, object]) -> pd.DataFrame:
        """Build a checked frame from an iterable of row mappings or from a mapping of columns.

        Raises:
            DataError: when a value does not fit its column.
        """
        try:
            if isinstance(rows, Mapping):
                table = pa.Table.from_pydict(dict(rows), schema=self.schema)
            else:
                table = pa.Table.from_pylist([dict(row) for row in rows], schema=self.schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError) as fault:
            raise DataError(f"a row does not fit the table: {fault}", where=self.name) from fault
        return self.from_arrow([table])

    def from_arrow(self, pieces: Iterable[pa.Table]) -> pd.DataFrame:
        """Build a checked frame from one or more Arrow tables, concatenated.

        Categorical columns may be dictionary-encoded, with a dictionary per chunk.

        Raises:
            DataError: as `check`.
        """
        coded: dict[str, Categories] = {}
        others = []
        for piece in pieces:
            names = [name for name in self.categorical if name in piece.column_names]
            for name in names:
                coded.setdefault(name, Categories()).add_arrow(piece[name])
            others.append(piece.drop_columns(names))
        frame = pa.concat_tables(others).to_pandas(types_mapper=pd.ArrowDtype)
        return self.check(frame.assign(**{name: each.whole() for name, each in coded.items()}))

    def empty(self) -> pd.DataFrame:
        """A frame with the table's columns and no rows."""
        return self.frame([])

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with exactly the declared columns and types, index 0..n-1.

        Raises:
            DataError: a column is missing, a required value is null, a value does not convert or
                lies outside its vocabulary.
        """
        missing = [column for column in self.columns if column not in frame.columns]
        if missing:
            raise DataError(f"missing columns {missing}", where=f"table {self.name}")
        frame = frame.loc[:, self.columns].reset_index(drop=True)
        for field in self.schema:
            wanted: Any = pd.ArrowDtype(field.type)
            if field.name in self.categorical:
                if isinstance(frame[field.name].dtype, pd.CategoricalDtype):
                    continue
                wanted = "category"
            if frame[field.name].dtype != wanted:
                try:
                    frame[field.name] = frame[field.name].astype(wanted)
                except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError) as fault:
                    raise DataError(
                        f"column {field.name!r} is not {field.type}: {fault}",
                        where=f"table {self.name}",
                    ) from fault
        for column in self.required:
            if frame[column].isna().any():
                row = int(frame[column].isna().to_numpy().argmax())
                raise DataError(
                    f"column {column!r} is empty in row {row}", where=f"table {self.name}"
                )
        for column, allowed in self.vocabularies.items():
            strange = set(frame[column].dropna().unique()) - allowed
            if strange:
                raise DataError(
                    f"column {column!r} holds {sorted(strange)}",
                    where=f"table {self.name}",
                    remedy=f"allowed: {sorted(allowed)}",
                )
        return frame


def recoded(column: pd.Series, change: Callable[[pd.Index], Sequence[str | None]]) -> pd.Series:
    """Map the categories of a column to other texts, or to none.

    Args:
        column: the categories.
        change: maps the distinct texts to their replacements.
    """
    numbers, distinct = pd.factorize(np.array(change(column.cat.categories), dtype=object))
    codes = np.append(numbers, -1).astype(np.int32)[column.cat.codes]
    recoded = pd.Categorical.from_codes(codes, pd.Index(distinct, dtype=object))
    return pd.Series(recoded, index=column.index)


class Categories:
    """Builder of a categorical column from chunks of texts; each distinct text is stored once."""

    def __init__(self) -> None:
        self._chunks: list[pa.DictionaryArray] = []

    def add(self, cells: Sequence[str | None]) -> None:
        """Append cells."""
        self._append(pa.array(cells, pa.string()).dictionary_encode())

    def add_arrow(self, cells: pa.ChunkedArray) -> None:
        """Append cells of a text or dictionary array."""
        for chunk in cells.chunks:
            self._append(chunk.dictionary_encode().cast(_CODED))

    def add_codes(self, values: Sequence[str | None], codes: NDArray[np.int32]) -> None:
        """Append cells given by their positions in `values`."""
        distinct = pa.array(values, pa.string()).dictionary_encode()
        self._append(distinct.take(pa.array(codes)))

    def whole(self) -> pd.Categorical:
        """The complete column, with its texts in the order of their first cells."""
        cells = self._joined()
        texts = pd.Index(cells.dictionary.to_pylist(), dtype=object)
        return pd.Categorical.from_codes(cells.indices.fill_null(-1).to_numpy(), texts)

    def _append(self, cells: pa.DictionaryArray) -> None:
        self._chunks.append(cells)
        if len(self._chunks) >= _CHUNKS:
            self._chunks = [self._joined()]

    def _joined(self) -> pa.DictionaryArray:
        chunks = pa.chunked_array(self._chunks, _CODED).unify_dictionaries().combine_chunks()
        return chunks.chunk(0) if isinstance(chunks, pa.ChunkedArray) else chunks


_CODED: Final = pa.dictionary(pa.int32(), pa.string())
_CHUNKS: Final = 64
"""Chunks with dictionaries of their own."""


def _table(
    name: str,
    columns: Mapping[str, pa.DataType],
    *,
    optional: Iterable[str] = (),
    vocabularies: Mapping[str, frozenset[str]] | None = None,
    categorical: tuple[str, ...] = (),
) -> Table:
    loose = set(optional)
    return Table(
        name=name,
        schema=pa.schema(list(columns.items())),
        vocabularies=vocabularies or {},
        required=tuple(column for column in columns if column not in loose),
        categorical=categorical,
    )


_TEXT = pa.string()
_TEXTS = pa.list_(pa.string())

RECORDS: Final = _table(
    "records",
    {
        "record": _TEXT,  # key: <source>/<record id>, unique in the table
        "source": _TEXT,
        "record_id": _TEXT,  # the publisher's own id
        "type": _TEXT,  # class of the data model
        "name": _TEXT,
        "aliases": _TEXTS,
        "external_ids": _TEXTS,  # CURIEs stated by the source
        "attributes": _TEXT,  # JSON object: predicate -> list of values, keys sorted
        "evidence": _TEXT,  # where it was read: file#row=12, file#/json/pointer, file#char=10,20
    },
)
"""One source's description of one entity."""

STATEMENTS: Final = _table(
    "statements",
    {
        "subject": _TEXT,  # record key, or entity CURIE after fusion
        "predicate": _TEXT,  # local name in the data model, or a CURIE of a foreign vocabulary
        "object": _TEXT,
        "object_kind": _TEXT,
        "source": _TEXT,
        "method": _TEXT,  # how it was read: mapping, json-ld, infobox, pattern, rule:<name>, ...
        "confidence": pa.float64(),  # probability in (0, 1] that the source states the fact
        "evidence": _TEXT,
        "inferred": pa.bool_(),
    },
    vocabularies={"object_kind": OBJECT_KINDS},
)
"""One fact, as one source states it or one rule infers it."""

LINKS: Final = _table(
    "links",
    {
        "subject": _TEXT,  # record key (kind record) or entity CURIE (kind external)
        "kind": _TEXT,
        "target": _TEXT,  # name of the database linked to; "entity" for kind record
        "object": _TEXT,  # entity CURIE or external CURIE; null if nothing was selected
        "score": pa.float64(),  # probability of the selected candidate (0 if none)
        "decision": _TEXT,
        "method": _TEXT,
        "candidates": _TEXT,  # JSON list of {"id", "name", "score", ...}, best first
    },
    optional=("object",),
    vocabularies={"kind": frozenset({"record", "external"}), "decision": DECISIONS},
)
"""Which record is which entity, and which entity is which external id, with the alternatives."""

ENTITIES: Final = _table(
    "entities",
    {
        "entity": _TEXT,  # CURIE, unique in the table
        "type": _TEXT,  # most specific class
        "name": _TEXT,
        "aliases": _TEXTS,
        "external_ids": _TEXTS,
        "attributes": _TEXT,  # JSON object as in records, after fusion
        "records": pa.int64(),  # number of records fused
    },
)
"""The entities of the graph, after fusion."""

INTERACTIONS: Final = _table(
    "interactions",
    {
        "user": _TEXT,  # the publisher's user id
        "item": _TEXT,  # record key, or entity CURIE after fusion
        "raw_item": _TEXT,  # the publisher's item id
        "weight": pa.float64(),  # plays, stars, or 1
        "liked": pa.bool_(),  # whether the weight reaches the source's threshold
        "time": pa.int64(),  # null in all rows if the source has no times
        "evidence": _TEXT,
    },
    optional=("time",),
    categorical=("user", "item", "raw_item"),
)
"""Who listened to (rated, read) what."""

USER_FACTS: Final = _table(
    "user facts",
    {
        "user": _TEXT,  # the publisher's user id
        "relation": _TEXT,  # as named in the recipe: friend, age group
        "object": _TEXT,  # a user's id, or a value
        "type": _TEXT,  # type of the object: "User", or the kind of value
        "undirected": pa.bool_(),  # whether the relation holds in both directions
        "evidence": _TEXT,
    },
)
"""What a source states about users: relations between them, and their attributes."""

REJECTS: Final = _table(
    "rejects",
    {
        "stage": _TEXT,
        "source": _TEXT,
        "reason": _TEXT,  # a short fixed phrase, counted in the quality report
        "evidence": _TEXT,
        "detail": _TEXT,
    },
)
"""Unused input with its location and the reason: nothing is lost silently."""
