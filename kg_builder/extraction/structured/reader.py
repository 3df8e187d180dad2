"""Read the tables of a structured source (entities, links, triples, RDF) into statements."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

import regex

from kg_builder.databases import NO_ID, NoIdError, address_id, check_prefix, column_id
from kg_builder.errors import DataError
from kg_builder.extraction.arrow_batches import read_segment, write_segment
from kg_builder.extraction.collector import Collector, id_key, plain_id
from kg_builder.extraction.left_out_pairs import NONE_LEFT_OUT, LeftOutPairs
from kg_builder.extraction.objects import object_type, read_literal, read_name, why_not
from kg_builder.extraction.row_units import line_ranges
from kg_builder.extraction.structured.columns import (
    METHOD,
    ColumnReader,
    Place,
    Types,
    readable_iri,
)
from kg_builder.extraction.structured.config import (
    ColumnMap,
    LinkTable,
    RdfTable,
    RecordTable,
    StructuredSource,
    TripleTable,
)
from kg_builder.extraction.structured.links import LinkTableReader
from kg_builder.extraction.structured.list_rows import one_thing_a_row
from kg_builder.extraction.structured.rdf import read_rdf
from kg_builder.extraction.structured.triples import TripleTableReader
from kg_builder.extraction.tabular import Cell, Chunk, RowReader, read_rows
from kg_builder.extraction.tabular.list_cells import OPENING, values_in
from kg_builder.extraction.tabular.text_lines import LineRange
from kg_builder.extraction.values import (
    article_in_front,
    clean_text,
    decoded,
    is_no_name,
    is_placeholder,
    without_disambiguator,
    without_honorific,
)
from kg_builder.extraction.values.patterns import search
from kg_builder.extraction.values.text import LONGEST_NAME, fold
from kg_builder.ontology import Schema, load_schema
from kg_builder.progress import Progress, silent
from kg_builder.units import FilePart, RunUnits, Unit

_DEFERRED: Final = "deferred.json"
_IN_BRACES: Final = re.compile(r"\{([^{}]+)\}")
_EMPTY_BRACKETS: Final = re.compile(r"\(\W*\)|\[\W*\]")
_PART: Final = 1 << 22
"""Approximate bytes of a part of a large table: a unit keeps what it reads in memory."""

_COMPARED: Final = 1_000_000
"""Most rows of a table whose ids are looked at for several names."""

_SHOWN: Final = 60


@dataclass(frozen=True)
class SeveralNames:
    """Ids of a table whose rows have different names: their number, and one with its lines."""

    table: str
    ids: int
    example: str


class RecordTableReader:
    """Convert every row to a record and statements of its mapped columns."""

    def __init__(
        self,
        name: str,
        table: RecordTable,
        out: Collector,
        *,
        scope_of: Callable[[str], str],
        known: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
        names: dict[str, str] | None = None,
    ) -> None:
        """Check the mapping.

        Args:
            name, table: the table and its name.
            out: takes the records and statements.
            scope_of: middle part of the keys of a table's rows.
            known: table → record key → name, of tables read before that this one refers to.
            names: takes the record keys and names of this table, if others need them.
        """
        self.name, self.table, self.out = name, table, out
        self._known, self._record_names = known, names
        self._where = f"source {out.source!r}, table {name!r}"
        self._scope = scope_of(name)
        self._names = (table.name,) if isinstance(table.name, str) else table.name
        self._template = ""
        if isinstance(table.name, str) and (parts := _IN_BRACES.findall(table.name)):
            self._names, self._template = tuple(dict.fromkeys(parts)), table.name
            if rest := re.search(r".{0,20}[{}].{0,20}", _IN_BRACES.sub("", table.name)):
                raise DataError(
                    f"name {table.name!r} has a brace without a column: {rest[0].strip()!r}",
                    where=self._where,
                    remedy="write each column as {column}",
                )
        self._columns = [
            ColumnReader(column, mapping, out, layout=table, where=self._where, scope_of=scope_of)
            for column, mappings in table.columns.items()
            for mapping in ((mappings,) if isinstance(mappings, ColumnMap) else mappings)
        ]
        for prefix in table.external_ids.values():
            check_prefix(prefix, f"{self._where}, external_ids")
        self._types = Types(table.type, out.schema, self._where)
        try:
            self._name_pattern = regex.compile(table.name_pattern) if table.name_pattern else None
        except regex.error as fault:
            raise DataError(f"bad name_pattern: {fault}", where=self._where) from None
        self._ends = {type_: self._columns_of_ends(type_) for type_ in self._types.names}
        self._mapped: dict[str, list[ColumnReader]] = {}
        for item in self._columns:
            self._mapped.setdefault(item.column, []).append(item)
        self._refs = {item.column: item for item in self._columns if item.mapping.ref in known}
        self._by_facts = {type_ for type_ in self._types.names if out.schema.identity(type_)}
        self._of_people = {
            type_ for type_ in self._types.names if out.schema.compatible(type_, "Person")
        }

    def _columns_of_ends(self, type_: str) -> list[ColumnReader]:
        """Columns without which a row about a fact, such as a membership, says nothing."""
        class_ = self.out.schema.classes[type_]
        ends = {class_.subject_by, class_.object_by} if class_.reifies else set()
        return [item for item in self._columns if item.mapping.predicate in ends]

    def columns(self) -> list[str]:
        """Required columns of the file."""
        table = self.table
        wanted = [
            *([table.id] if table.id else []),
            *self._names,
            *table.aliases,
            *table.external_ids,
            *([self._types.column] if self._types.column else []),
            *table.columns,
            *(reader.mapping.labels for reader in self._columns if reader.mapping.labels),
            *(reader.mapping.before for reader in self._columns if reader.mapping.before),
            *(condition.column for condition in table.where),
        ]
        return list(dict.fromkeys(wanted))

    def read(self, rows: RowReader) -> None:
        """Read all rows."""
        for chunk in rows:
            chunk = self._divided(chunk, rows)
            evidence = [rows.evidence(number) for number in chunk.places]
            keys = [self._record(chunk, index, rows) for index in range(len(chunk))]
            for reader in self._columns:
                labels, before = reader.mapping.labels, reader.mapping.before
                cells = chunk.columns[reader.column]
                reader.read_column(
                    list(map(preceded, chunk.columns[before], cells)) if before else cells,
                    keys,
                    evidence,
                    chunk.columns[labels] if labels else None,
                )
            self._constants(
                [Place(key, where) for key, where in zip(keys, evidence, strict=True) if key]
            )
            self.out.take_rejects(rows.rejects)

    def _divided(self, chunk: Chunk, rows: RowReader) -> Chunk:
        """A row for each thing of a row."""
        leading = chunk.columns[self.table.id or self._names[0]]
        if self.table.split or any(map(_may_be_list, leading)):
            return one_thing_a_row(chunk, self.table, self._names, rows)
        return chunk

    def several_names(self, root: Path) -> SeveralNames | None:
        """Look for ids that have rows of different names, apart from case and accents.

        Returns `None` if there are none, or if names are composed or ids not given.
        """
        table, ids, rows_read = self.table, set[str](), 0
        if not table.id or self._template or table.is_on_a_server:
            return None
        wanted = [table.id, *self._names, *table.external_ids]
        wanted += [condition.column for condition in table.where]
        rows = read_rows(table, root, columns=list(dict.fromkeys(wanted)))
        first: dict[str, tuple[str, int]] = {}
        example = ""
        for chunk in rows:
            chunk = self._divided(chunk, rows)
            for index, number in enumerate(chunk.places):
                id_ = _first(chunk.columns[table.id][index])
                name, _ = self._names_in(chunk, index)
                if not id_ or not name:
                    continue
                id_ = plain_id(id_)
                known, place = first.setdefault(id_, (name, number))
                if name != known and fold(name) != fold(known):
                    ids.add(id_)
                    example = example or (
                        f"{id_!r} is {known[:_SHOWN]!r} in {rows.evidence(place)}, "
                        f"{name[:_SHOWN]!r} in {rows.evidence(number)}"
                    )
            rows_read += len(chunk)
            if rows_read >= _COMPARED:
                break
        return SeveralNames(self.name, len(ids), example) if ids else None

    def write_deferred(self, folder: Path) -> None:
        """Write what waits for `finish` into a folder, instead of adding it."""
        deferred = [reader.deferred() for reader in self._columns]
        (folder / _DEFERRED).write_text(json.dumps(deferred), encoding="utf-8")

    def take_deferred(self, folder: Path) -> None:
        """Read what a reader of other rows of the table has written, before `finish`."""
        deferred = json.loads((folder / _DEFERRED).read_text(encoding="utf-8"))
        for reader, of_column in zip(self._columns, deferred, strict=True):
            reader.take(of_column)

    def finish(self) -> None:
        """Add the statements deferred to the end of the source."""
        for reader in self._columns:
            reader.finish()

    def _record(self, chunk: Chunk, index: int, rows: RowReader) -> str | None:
        number = chunk.places[index]
        name, others = self._names_in(chunk, index)
        if not name:
            refused = self._name_pattern and _first(chunk.columns[self._names[0]][index])
            reason = "name does not match the pattern" if refused else "empty name"
            rows.refuse(reason, number, refused or "")
            return None
        type_text = self._type_text(chunk, index)
        type_ = self._types.of(type_text)
        if type_ is None:
            rows.refuse("unknown type", number, type_text)
            return None
        if name not in self.table.real_names and is_no_name(name, type_):
            rows.refuse(why_not(name, type_.lower(), type_), number, name)
            return None
        if fault := self._fault_of_ends(type_, chunk, index):
            rows.refuse(fault, number, name)
            return None
        record_id = str(number)
        if type_ in self._by_facts:  # not an id: equal facts are one entity
            record_id = f"{self.out.schema.prefix(type_)}/line {number}"
        if self.table.id:
            record_id = plain_id(_first(chunk.columns[self.table.id][index]))
            nothing = record_id not in self.table.real_names and is_placeholder(record_id, "Work")
            if not record_id or nothing:
                rows.refuse("empty id", number, name)
                return None
            if len(record_id) > LONGEST_NAME:
                rows.refuse(f"longer than {LONGEST_NAME:,} characters: no id", number, record_id)
                return None
        external, refused = self._external_ids(chunk, index, type_)
        short = address_id(record_id)
        if short:
            record_id, external = short, [short, *external]
        key = id_key(self.out.source, self._scope, record_id)
        self.out.record(
            key,
            type_,
            name,
            record_id=record_id,
            evidence=rows.evidence(number),
            aliases=[*others, *self._aliases(chunk, index, name, type_)],
            external_ids=external,
        )
        self.out.row(key, optional=self.table.only_if_used)
        if self._record_names is not None:
            self._record_names[key] = name
        for reason, text in refused:
            self.out.reject(reason, rows.evidence(number), text)
        return key

    def _fault_of_ends(self, type_: str, chunk: Chunk, index: int) -> str:
        """Why a row about a fact tells none: an end is empty or unknown, or both are the same."""
        seen: set[str] = set()
        for reader in self._ends[type_]:
            cell = chunk.columns[reader.column][index]
            if not reader.is_told_by(cell):
                return f"{type_.lower()} without {reader.column}"
            keys = set(reader.keys_of(cell))
            if reader.column in self._refs:
                keys &= self._known[str(reader.mapping.ref)].keys()
                if not keys:
                    return f"{type_.lower()} of an unknown {reader.column}"
            if keys & seen:
                reified = self.out.schema.predicates[self.out.schema.classes[type_].reifies]
                return f"{reified.label} itself"
            seen |= keys
        return ""

    def _names_in(self, chunk: Chunk, index: int) -> tuple[str, list[str]]:
        """Name and aliases in the same cell, from the first non-empty name column."""
        if self._template:
            return self._composed(chunk, index), []
        for column in self._names:
            names = []
            cell = chunk.columns[column][index]
            texts: Sequence[str | None] = (
                (cell,)
                if cell is None or (isinstance(cell, str) and not cell.startswith(OPENING))
                else values_in(cell, numbers=False)
            )
            for text in texts:
                if self._name_pattern is not None:
                    text = search(self._name_pattern, text or "", where=self._where)
                name = clean_text(text or "", repair=self.table.repair)
                if name.startswith(("http://", "https://")):
                    name = without_disambiguator(readable_iri(name))
                # keep "(drummer)": fusion uses it to distinguish namesakes
                names.append(article_in_front(name))
            names = list(dict.fromkeys(filter(None, names)))
            if names:
                return names[0], names[1:]
        return "", []

    def _composed(self, chunk: Chunk, index: int) -> str:
        """Fill the name's template; '' if all its columns are empty."""
        texts = {column: self._text(column, chunk.columns[column][index]) for column in self._names}
        if not any(texts.values()):
            return ""
        name = _IN_BRACES.sub(lambda found: texts[found[1]], self._template)
        return clean_text(_EMPTY_BRACKETS.sub("", name), repair=self.table.repair).strip(" ,;–-")

    def _text(self, column: str, cell: Cell) -> str:
        """What a cell adds to a composed name: of a reference the name, of a reject nothing."""
        if reader := self._refs.get(column):
            known = self._known[str(reader.mapping.ref)]
            if names := [known[key] for key in reader.keys_of(cell) if key in known]:
                return ", ".join(names)
        readers = self._mapped.get(column)
        told = not readers or any(reader.is_told_by(cell) for reader in readers)
        return _first(cell) if told else ""

    def _type_text(self, chunk: Chunk, index: int) -> str:
        column = self._types.column
        return _first(chunk.columns[column][index]) if column else ""

    def _aliases(self, chunk: Chunk, index: int, name: str, type_: str) -> list[str]:
        found: dict[str, None] = {}
        if type_ in self._of_people:
            found[without_honorific(name)] = None
        for column in self.table.aliases:
            for text in values_in(chunk.columns[column][index], numbers=False, words="several"):
                text = decoded(text) if self.table.repair else text
                parts = text.split(self.table.aliases_split) if self.table.aliases_split else [text]
                found.update((clean_text(part, repair=self.table.repair), None) for part in parts)
        found.pop("", None)
        found.pop(name, None)
        return list(found)

    def _external_ids(
        self, chunk: Chunk, index: int, type_: str
    ) -> tuple[list[str], list[tuple[str, str]]]:
        """Parse external ids; returns CURIEs, and the reasons and texts of those refused."""
        good: list[str] = []
        bad: list[tuple[str, str]] = []
        for column, prefix in self.table.external_ids.items():
            texts = dict.fromkeys(
                filter(None, values_in(chunk.columns[column][index], words="several"))
            )
            if prefix and len(texts) > 1:  # at most one of them is this entity
                detail = f"{len(texts)} ids of {prefix} for one thing: {' '.join(texts)}"
                bad.append((NO_ID, detail))
                continue
            for text in texts:
                try:
                    short = column_id(
                        prefix, text, column=column, type_=type_, classes=self.out.schema
                    )
                except NoIdError as fault:
                    bad.append((str(fault), f"{column}={text}, of the {type_}"))
                else:
                    good.append(short)
        return good, bad

    def _constants(self, places: list[Place]) -> None:
        for constant in self.table.constants:
            predicate = self.out.schema.predicate(constant.predicate)
            for location in places:
                if predicate.is_attribute:
                    literal = read_literal(constant.value, str(predicate.datatype))
                    if literal is None:
                        raise DataError(
                            f"{constant.value!r} is no {predicate.datatype}", where=self._where
                        )
                    text, kind = literal.text, literal.kind
                else:
                    type_ = object_type(predicate, constant.type, self.out.schema, self._where)
                    name = read_name(constant.value, type_) or constant.value
                    text = self.out.mention(
                        type_, name, evidence=location.evidence, owner=location.subject
                    )
                    kind = "record"
                self.out.statement(
                    location.subject,
                    constant.predicate,
                    text,
                    kind,
                    method=METHOD,
                    evidence=location.evidence,
                )


def _may_be_list(cell: Cell) -> bool:
    return isinstance(cell, tuple) or (cell is not None and cell.startswith(OPENING))


def _first(cell: Cell) -> str:
    if isinstance(cell, str) and not cell.startswith(OPENING):
        return cell
    return next(filter(None, values_in(cell, words="several")), "")


def extract_structured(
    source: StructuredSource,
    root: Path,
    out: Collector,
    *,
    left_out: LeftOutPairs = NONE_LEFT_OUT,
    ontology: tuple[Path, ...] = (),
    run_units: RunUnits | None = None,
    progress: Progress = silent,
) -> None:
    """Read all tables of a source, except the interactions of `left_out` pairs.

    Counts are given per table: `<table>: rows read`, `rows used`, `rows rejected`.

    Args:
        source: the source's settings.
        root: folder of the raw files.
        out: collects records and statements.
        left_out: user–item pairs whose interactions are skipped.
        ontology: Turtle files that `out.schema` was read from besides the built-in data model.
        run_units: executes the parts of large tables; by default all is read in this process.
        progress: called with the number of bytes read and their total.

    Raises:
        DataError: a file or column is missing, the mapping does not fit the data model.
    """
    _check_scopes(source, out.schema)
    sizes = {
        name: _size(root / table.path) if table.path else 0 for name, table in source.tables.items()
    }
    whole, before = sum(sizes.values()), 0

    def report(done: int, total: int | None = None) -> None:
        progress(before + done, whole)

    of_things: list[RecordTableReader] = []
    known: dict[str, dict[str, str]] = {}
    order, needed = _in_order(source, out.schema)
    for name in order:
        table = source.tables[name]
        parts = _parts(name, source, needed, root, out.schema) if run_units is not None else []
        if isinstance(table, RdfTable):
            read_rdf(name, table, out, root)
        elif run_units is not None and parts and isinstance(table, RecordTable):
            reader = RecordTableReader(name, table, out, scope_of=partial(_scope, source))
            units = [_unit(name, source, root, ontology, *part) for part in parts]
            for unit, folder in zip(units, run_units(units), strict=True):
                out.add_segment(read_segment(folder))
                reader.take_deferred(folder)
                report(unit.arguments["lines"].end)
            of_things.append(reader)
        else:
            names: dict[str, str] | None = {} if name in needed else None
            read = _read_rows(name, table, source, out, root, left_out, report, known, names)
            if names is not None:
                known[name] = names
            of_things += [read] if isinstance(read, RecordTableReader) else []
        before += sizes[name]
        progress(before, whole)
    for reader in of_things:
        reader.finish()


def has_parts(source: StructuredSource, root: Path, schema: Schema) -> bool:
    """Whether a source has a large table that is read in parts, each a unit of work."""
    order, needed = _in_order(source, schema)
    return any(_parts(name, source, needed, root, schema) for name in order)


def several_names(source: StructuredSource, root: Path, schema: Schema) -> list[SeveralNames]:
    """Find ids with rows of different names, in the first million rows of each table.

    Their rows are one entity, as the ids say: a second name is an alias. It may as well be that an
    id was given twice by mistake.
    """
    out = Collector(source.name, schema)
    readers = (
        RecordTableReader(name, table, out, scope_of=partial(_scope, source))
        for name, table in source.tables.items()
        if isinstance(table, RecordTable)
    )
    return [found for reader in readers if (found := reader.several_names(root)) is not None]


def read_part(
    folder: Path,
    *,
    source: StructuredSource,
    name: str,
    layout: RecordTable,
    lines: LineRange,
    root: Path,
    ontology: tuple[Path, ...],
    progress: Progress = silent,
) -> None:
    """Read some rows of a table into a segment of the source (the function of a unit)."""
    # a hold that large: a segment is never staged
    out = Collector(source.name, load_schema(*ontology), hold=sys.maxsize)
    reader = RecordTableReader(name, layout, out, scope_of=partial(_scope, source))
    _read_with(reader, name, layout, source, out, root, progress, lines)
    write_segment(out.segment(), folder)
    reader.write_deferred(folder)


def _parts(
    name: str, source: StructuredSource, needed: Container[str], root: Path, schema: Schema
) -> list[tuple[RecordTable, FilePart, LineRange]]:
    """The parts of a large table; none if others need its names, or it needs those of others."""
    table = source.tables[name]
    if not isinstance(table, RecordTable) or name in needed or any(_needed_by(table, schema)):
        return []
    return line_ranges(table, root, (), _PART)


def _unit(
    name: str,
    source: StructuredSource,
    root: Path,
    ontology: tuple[Path, ...],
    layout: RecordTable,
    part: FilePart,
    lines: LineRange,
) -> Unit:
    arguments = {
        "source": source,
        "name": name,
        "layout": layout,
        "lines": lines,
        "root": root,
        "ontology": ontology,
    }
    label = f"{source.name}, {name} from line {lines.number}"
    return Unit(label, read_part, arguments, (part, *ontology))


def _read_rows(
    name: str,
    table: RecordTable | LinkTable | TripleTable,
    source: StructuredSource,
    out: Collector,
    root: Path,
    left_out: LeftOutPairs,
    report: Progress,
    known: Mapping[str, Mapping[str, str]],
    names: dict[str, str] | None,
) -> RecordTableReader | LinkTableReader | TripleTableReader:
    scope_of = partial(_scope, source)
    reader: RecordTableReader | LinkTableReader | TripleTableReader
    if isinstance(table, RecordTable):
        reader = RecordTableReader(name, table, out, scope_of=scope_of, known=known, names=names)
    elif isinstance(table, LinkTable):
        reader = LinkTableReader(name, table, out, scope_of=scope_of, left_out=left_out)
    else:
        reader = TripleTableReader(table, out, root)
    _read_with(reader, name, table, source, out, root, report)
    return reader


def _read_with(
    reader: RecordTableReader | LinkTableReader | TripleTableReader,
    name: str,
    table: RecordTable | LinkTable | TripleTable,
    source: StructuredSource,
    out: Collector,
    root: Path,
    report: Progress,
    lines: LineRange | None = None,
) -> None:
    rows: RowReader = read_rows(
        table,
        root,
        columns=reader.columns(),
        lines=lines,
        chunk_rows=source.chunk_rows,
        progress=report,
    )
    reader.read(rows)
    out.take_rejects(rows.rejects)
    for what, count in rows.counts.items():
        out.counts[f"{name}: {what}"] += count


def _in_order(source: StructuredSource, schema: Schema) -> tuple[list[str], set[str]]:
    """The tables, each after those of which it needs the names; and all such tables."""
    order: dict[str, None] = {}
    needed: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        table = source.tables.get(name)
        if isinstance(table, RecordTable) and name not in order:
            for other in _needed_by(table, schema):
                if other not in (*above, name):
                    needed.add(other)
                    visit(other, (*above, name))
        if table is not None:
            order[name] = None

    for name in source.tables:
        visit(name, ())
    return list(order), needed


def _needed_by(table: RecordTable, schema: Schema) -> Iterator[str]:
    """Tables to which a name in braces, or an end of a fact such as a membership, refers."""
    shown = _IN_BRACES.findall(table.name) if isinstance(table.name, str) else []
    names = {table.type} if isinstance(table.type, str) else {*table.type.values.values()}
    classes = [item for item in schema.classes.values() if item.name in names and item.reifies]
    ends = {end for item in classes for end in (item.subject_by, item.object_by)}
    for column, mappings in table.columns.items():
        for item in (mappings,) if isinstance(mappings, ColumnMap) else mappings:
            if item.ref and (column in shown or item.predicate in ends):
                yield item.ref


def _scope(source: StructuredSource, name: str) -> str:
    """Middle part of the keys of a table's rows."""
    table = source.tables.get(name)
    if not isinstance(table, RecordTable):
        things = [key for key, item in source.tables.items() if isinstance(item, RecordTable)]
        raise DataError(
            f"no table {name!r} of things",
            where=f"source {source.name!r}",
            remedy=f"tables of entities: {', '.join(things) or 'none'}",
        )
    if table.scope is not None:
        return table.scope
    return name if len(source.tables) > 1 else ""


def _check_scopes(source: StructuredSource, schema: Schema) -> None:
    """Check that keys of rows do not collide with keys of entities given by name."""
    prefixes = {item.prefix for item in schema.classes.values()}
    for name, table in source.tables.items():
        if isinstance(table, RecordTable) and _scope(source, name) in prefixes:
            raise DataError(
                f"{_scope(source, name)!r} is the key prefix of entities known only by name",
                where=f"source {source.name!r}, table {name!r}",
                remedy="call the table (or its scope) by the plural",
            )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def preceded(before: Cell, cell: Cell) -> Cell:
    """Put the text of another cell before that of a cell; lists, and what is empty, stay.

    >>> preceded("Ann", "Example"), preceded(None, "Samples"), preceded("Ann", None)
    ('Ann Example', 'Samples', None)
    """
    return f"{before} {cell}" if isinstance(before, str) and isinstance(cell, str) else cell
