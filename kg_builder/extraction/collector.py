"""Collect records, statements and rejects of a source in bounded memory; write them as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kg_builder.credits import FROM_TITLE, JOINT, MAY_NAME_GUESTS, guests_in_title
from kg_builder.databases import OTHER_KIND, address_id, may_identify
from kg_builder.extraction.arrow_batches import (
    PART,
    REJECT,
    STATEMENT,
    Extraction,
    Part,
    Reject,
    Row,
    Segment,
    numbered,
    part_batch,
    statement_batch,
)
from kg_builder.extraction.merging import narrower
from kg_builder.extraction.staging_store import MEMORY, StagingStore
from kg_builder.extraction.values import clean_text, is_placeholder
from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema
from kg_builder.ordered_pool import in_order
from kg_builder.tables import RECORDS, REJECTS, STATEMENTS, Table

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(dict[Key, Value]):
    """A dictionary that is cleared when it is full.

    A cache in which readers look up the record of a repeated name or id instead of adding it again;
    after a miss the record is simply added again.
    """

    def __init__(self, size: int = 65_536) -> None:
        super().__init__()
        self._size = size

    def __setitem__(self, key: Key, value: Value) -> None:
        if len(self) >= self._size:
            self.clear()
        super().__setitem__(key, value)


def id_key(source: str, scope: str, record_id: str) -> str:
    """Build a record key from the publisher's id; a database's address becomes its id."""
    if record_id.startswith("http"):
        record_id = address_id(record_id) or record_id
    record_id = plain_id(record_id)
    return f"{source}/{scope}/{record_id}" if scope else f"{source}/{record_id}"


def plain_id(text: str) -> str:
    """Strip the ".0" of ids from programs without nullable integers.

    >>> plain_id("12.0"), plain_id("0012"), plain_id("v1.0")
    ('12', '0012', 'v1.0')
    """
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def name_key(source: str, type_: str, name: str, schema: Schema, *, owner: str = "") -> str:
    """Build the key of an entity that has only a name; `owner` is the record that names it."""
    prefix = schema.prefix(type_)
    if owner and is_owned(type_, schema):
        return f"{source}/{prefix}/{owner.removeprefix(source + '/')}/{fold(name)}"
    return f"{source}/{prefix}/{fold(name)}"


def is_owned(type_: str, schema: Schema) -> bool:
    """Whether entities of a class with only a name are scoped to the record that mentions them."""
    return schema.is_a(type_, "Work") or schema.is_a(type_, "Event")


Used = TypeVar("Used")

_NAMES: Final = 1_000_000
"""Maximum number of artist names to remember."""

HOLD: Final = 50_000
"""Records, statements or rejects buffered as Python objects before they are staged."""


_LONGEST_DETAIL: Final = 300
"""Characters of what was rejected to keep, such as a text in place of a name."""

_IN_TITLE: Final = 0.95
"""Confidence of a performer named as a guest in a title."""


class Collector:
    """Collects one source's records and statements; `finish` (or `finish_to`) builds the tables.

    Memory is bounded: after `hold` records, statements or rejects, they are moved to a staging
    store, which has a memory limit too.

    Args:
        source: name of the source.
        schema: the data model.
        hold: rows buffered before they are staged.
        memory: memory limit of the store.
    """

    def __init__(
        self, source: str, schema: Schema, *, hold: int = HOLD, memory: str = MEMORY
    ) -> None:
        self.source, self.schema = source, schema
        self.counts: Counter[str] = Counter()
        self.rejects: list[Reject] = []
        self.names_of_artists: set[str] = set()
        """Lower-case names of people and artists so far, needed to split joint credits."""
        self._acting = {
            name for name in schema.classes if schema.compatible(name, "Artist") or name == "Person"
        }
        self._hold, self._memory = hold, memory
        self._parts: dict[str, Part] = {}
        self._rows: list[Row] = []
        self._named: Recent[tuple[str, str], str] = Recent()
        self._narrower = lru_cache(maxsize=None)(partial(narrower, schema=schema))
        self._next_part = self._next_row = 0
        self._segments = 0
        self._titled = [
            name
            for name in schema.classes
            if "performer" in schema.predicates
            and any(schema.is_a(name, one) for one in ("Song", "Album"))
        ]
        self._titles: dict[tuple[str, str], str] = {}
        """(key of a song or an album, a title that may name guests) → evidence"""
        self._store: StagingStore | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __contains__(self, key: str) -> bool:
        """Whether a record was added since records were last staged."""
        return key in self._parts

    def record(
        self,
        key: str,
        type_: str,
        name: str,
        *,
        evidence: str,
        record_id: str = "",
        aliases: Iterable[str] = (),
        external_ids: Iterable[str] = (),
    ) -> str:
        """Add a record, or further data of a known one, and return its key.

        A second name becomes an alias; the type becomes the more specific of two compatible ones.
        """
        found = self._parts.get(key)
        if found is None:
            if len(self._parts) >= self._hold:
                self._move_parts()
            record_id = record_id or key.removeprefix(self.source + "/")
            found = Part(self._next_part, record_id, type_, name, evidence)
            self._parts[key] = found
            self._next_part += 1
            if type_ in self._acting and len(self.names_of_artists) < _NAMES:
                self.names_of_artists.add(name.casefold())
        else:
            if type_ != found.type:
                found.type = self._narrower(type_, found.type)
            if name != found.name and fold(name) != fold(found.name):
                if found.aliases is None:
                    found.aliases = {}
                found.aliases.setdefault(name)
        if aliases:
            if found.aliases is None:
                found.aliases = {}
            for alias in aliases:
                if alias != found.name:
                    found.aliases.setdefault(alias)
        if external_ids:
            if found.external_ids is None:
                found.external_ids = {}
            for short in external_ids:
                if may_identify(short, found.type, self.schema):
                    found.external_ids[short] = None
                else:
                    self.reject(OTHER_KIND, evidence, f"{short}, of the {found.type} {name}")
        return key

    def row(self, key: str, *, optional: bool = False) -> None:
        """Mark the record just added as having its own table row.

        An optional record is dropped if no statement mentions it.
        """
        part = self._parts[key]
        part.rows += 1
        part.optional |= optional

    def mention(
        self,
        type_: str,
        name: str,
        *,
        evidence: str,
        owner: str = "",
        external_ids: Iterable[str] = (),
    ) -> str:
        """Add an entity that has only a name and return its key."""
        if owner and is_owned(type_, self.schema):
            key = name_key(self.source, type_, name, self.schema, owner=owner)
            return self.record(key, type_, name, evidence=evidence, external_ids=external_ids)
        existing = self._named.get((type_, name))
        if existing is not None and not external_ids:
            return existing
        key = name_key(self.source, type_, name, self.schema)
        self._named[type_, name] = key
        return self.record(key, type_, name, evidence=evidence, external_ids=external_ids)

    def statement(
        self,
        subject: str,
        predicate: str,
        object_: str,
        kind: str = "record",
        *,
        method: str,
        evidence: str,
        confidence: float = 1.0,
    ) -> None:
        """Add one statement; kind "record" means that the object is a record key."""
        self.add((subject, predicate, object_, kind, method, confidence, evidence))

    def add(self, row: Row) -> None:
        """Add one statement as a row."""
        self._rows.append(row)
        if len(self._rows) >= self._hold:
            self._move_rows()

    def statements(self, rows: Iterable[Row]) -> None:
        """Add statements as rows."""
        self._rows.extend(rows)
        if len(self._rows) >= self._hold:
            self._move_rows()

    def add_segment(self, segment: Segment) -> None:
        """Add the rows of a segment of the source, after those added individually."""
        self._move_rows()
        self._move_parts()
        self._segments += 2  # one more, and one for entities that occur in it twice
        parts, self._next_part = numbered(segment.parts, self._next_part, PART)
        self._note_names(parts)
        self._note_titles(parts)
        statements, self._next_row = numbered(segment.statements, self._next_row, STATEMENT)
        self._opened().add_parts(parts)
        self._opened().add_statements(statements)
        self.take_rejects(list(segment.rejects))
        self.counts.update(segment.counts)

    def segment(self) -> Segment:
        """Return what was collected as a segment, and clear this collector.

        No rows may have been staged: use a `hold` that is large enough.
        """
        if self._store is not None:
            raise RuntimeError("what a segment holds was moved to the store; give a larger `hold`")
        parts = pa.Table.from_batches([self._take_parts()])
        rows = pa.Table.from_batches([self._take_rows()])
        rejects, self.rejects = self.rejects, []
        return Segment(parts, rows, rejects, self.counts)

    def reject(self, reason: str, evidence: str, detail: str = "") -> None:
        """Add a reject."""
        self.rejects.append(Reject(reason, evidence, detail))
        if len(self.rejects) >= self._hold:
            self._move_rejects()

    def take_rejects(self, rejects: list[Reject]) -> None:
        """Move a reader's list of rejects to this collector."""
        self.rejects += rejects
        rejects.clear()
        if len(self.rejects) >= self._hold:
            self._move_rejects()

    def finish(self) -> Extraction:
        """Build the tables in memory.

        A statement whose subject or object record is in no table of the source becomes a reject;
        optional records without statements are counted and dropped.
        """
        records, statements, rejects = self._read_tables(_frame)
        return Extraction(records, statements, rejects, dict(sorted(self.counts.items())))

    def finish_to(self, folder: Path) -> Mapping[str, int]:
        """Write the tables as Parquet files into a folder, in bounded memory; returns the counts.

        The files are `records.parquet`, `statements.parquet` and `rejects.parquet`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._read_tables(partial(_write, folder))
        return dict(sorted(self.counts.items()))

    def close(self) -> None:
        """Delete the staging store's files."""
        if self._store is not None:
            self._store.close()
            self._store = None

    # ------------------------------------------------------------------------------ internals

    def _read_tables(
        self, use: Callable[[Table, Callable[[], Iterator[pa.Table]]], Used]
    ) -> list[Used]:
        """Build each of the three tables concurrently."""
        store = self._settle()
        reading = (store.records, store.statements, store.rejects)
        with ThreadPoolExecutor(len(reading)) as pool:
            return list(pool.map(use, (RECORDS, STATEMENTS, REJECTS), reading))

    def _settle(self) -> StagingStore:
        self._move_parts()
        self._state_guests()
        self._move_rows()
        self._move_parts()
        self._move_rejects()
        store = self._opened()
        self.counts.update(store.settle(repeated=self._segments > 1))
        return store

    def _note_names(self, parts: pa.RecordBatch) -> None:
        """Remember names of artists, as `record` does."""
        if self._titled and len(self.names_of_artists) < _NAMES:
            acting = pc.is_in(parts["type"], pa.array(sorted(self._acting)))
            names = parts["name"].filter(acting).to_pylist()
            self.names_of_artists.update(map(str.casefold, names))

    def _note_titles(self, parts: pa.RecordBatch) -> None:
        """Keep titles that may name guests until all artists of the source are known."""
        if not self._titled:
            return
        rows = pc.and_(
            pc.match_substring_regex(parts["name"], MAY_NAME_GUESTS),
            pc.and_not(pc.is_in(parts["type"], pa.array(self._titled)), parts["optional"]),
        )
        chosen = parts.filter(rows)
        columns = (chosen[name].to_pylist() for name in ("key", "name", "evidence"))
        for key, title, evidence in zip(*columns, strict=True):
            self._titles.setdefault((key, title), evidence)

    def _state_guests(self) -> None:
        """Add the guests in titles ("Rain (feat. Bob)") as performers."""
        # titles with one guest first: their names may be needed to split "Ann & Bob"
        titles = sorted(self._titles.items(), key=lambda row: bool(JOINT.search(row[0][1])))
        self._titles = {}
        for (work, title), evidence in titles:
            for guest in map(clean_text, guests_in_title(title, self.names_of_artists)):
                if guest and not is_placeholder(guest, "Artist"):
                    artist = self.mention("Artist", guest, evidence=evidence)
                    self.add((work, "performer", artist, "record", FROM_TITLE, _IN_TITLE, evidence))

    def _opened(self) -> StagingStore:
        if self._store is None:
            self._store = StagingStore(self.source, self.schema, memory=self._memory)
        return self._store

    def _move_rows(self) -> None:
        if self._rows:
            self._opened().add_statements(self._take_rows())

    def _take_rows(self) -> pa.RecordBatch:
        rows, self._rows = self._rows, []
        first, self._next_row = self._next_row, self._next_row + len(rows)
        try:
            return statement_batch(rows, first)
        except UnicodeEncodeError:
            sound = [row for row in rows if _is_text(*row[:3], row[6])]
            for row in rows:
                if not _is_text(*row[:3], row[6]):
                    self.reject(_NO_TEXT, row[6], f"{row[0]} {row[1]} {row[2]}")
            return statement_batch(sound, first)

    def _move_parts(self) -> None:
        if self._parts:
            self._segments += 1
            batch = self._take_parts()
            self._note_titles(batch)
            self._opened().add_parts(batch)

    def _take_parts(self) -> pa.RecordBatch:
        parts, self._parts = self._parts, {}
        try:
            return part_batch(parts)
        except UnicodeEncodeError:
            for key, part in list(parts.items()):
                texts = (key, part.record_id, part.name, part.evidence)
                if not _is_text(*texts, *(part.aliases or ()), *(part.external_ids or ())):
                    self.reject(_NO_TEXT, part.evidence, key)
                    del parts[key]
            return part_batch(parts)

    def _move_rejects(self) -> None:
        rejects, self.rejects = self.rejects, []
        columns = [
            [_as_text(item.reason) for item in rejects],
            [_as_text(item.evidence) for item in rejects],
            [_as_text(_shortened(item.detail)) for item in rejects],
        ]
        self._opened().add_rejects(pa.RecordBatch.from_arrays(columns, schema=REJECT))


_NO_TEXT: Final = "text that is no Unicode"


def _frame(table: Table, read: Callable[[], Iterator[pa.Table]]) -> pd.DataFrame:
    return table.from_arrow([table.schema.empty_table(), *read()])


def _write(folder: Path, table: Table, read: Callable[[], Iterator[pa.Table]]) -> None:
    with (
        pq.ParquetWriter(folder / f"{table.name}.parquet", table.schema) as file,
        ThreadPoolExecutor(1) as writer,
    ):
        # written in the background while the next rows are built
        for _ in in_order(writer, file.write_table, read(), ahead=1):
            pass


def _is_text(*texts: str) -> bool:
    """Whether all texts can be encoded as UTF-8 (no lone surrogates)."""
    return all(text == _as_text(text) for text in texts)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_DETAIL else f"{text[:_LONGEST_DETAIL]}…"


def _as_text(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
