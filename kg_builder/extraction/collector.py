"""Where the readers put what they find: records, statements, rejects and counts of one source."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from kg_builder.errors import DataError
from kg_builder.extraction.keys import name_key
from kg_builder.extraction.rejects import Reject
from kg_builder.extraction.result import Extraction
from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema
from kg_builder.tables import RECORDS, REJECTS, STATEMENTS

_FLUSH: Final = 100_000
_LONG: Final = 200
_NOT_COMPARED: Final = frozenset({"description", "homepage", "image"})


class _Record:
    """A record in the making; names beyond the first become aliases."""

    __slots__ = ("aliases", "evidence", "external_ids", "name", "record_id", "type")

    def __init__(self, record_id: str, type_: str, name: str, evidence: str) -> None:
        self.record_id, self.type, self.name, self.evidence = record_id, type_, name, evidence
        self.aliases: dict[str, None] = {}
        self.external_ids: dict[str, None] = {}


class Collector:
    """Collects what one source says; `finish` checks it and builds the tables."""

    def __init__(self, source: str, schema: Schema) -> None:
        self.source, self.schema = source, schema
        self.counts: Counter[str] = Counter()
        self.rejects: list[Reject] = []
        self._records: dict[str, _Record] = {}
        self._rows: dict[str, list[str | float]] = {name: [] for name in _OWN_COLUMNS}
        self._batches: list[pa.RecordBatch] = []
        self._hidden: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._records

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
        """Add a thing, or what else is known of it, and return its key.

        A second name becomes an alias; the type becomes the more specific of two compatible ones.
        """
        found = self._records.get(key)
        if found is None:
            record_id = record_id or key.removeprefix(self.source + "/")
            found = self._records[key] = _Record(record_id, type_, name, evidence)
        else:
            if type_ != found.type and self.schema.compatible(type_, found.type):
                found.type = self.schema.most_specific((type_, found.type))
            if fold(name) != fold(found.name):
                found.aliases.setdefault(name)
        for alias in aliases:
            if alias != found.name:
                found.aliases.setdefault(alias)
        found.external_ids.update(dict.fromkeys(external_ids))
        return key

    def mention(
        self,
        type_: str,
        name: str,
        *,
        evidence: str,
        owner: str = "",
        external_ids: Iterable[str] = (),
    ) -> str:
        """Add a thing that is known by its name alone and return its key."""
        key = name_key(self.source, type_, name, self.schema, owner=owner)
        return self.record(key, type_, name, evidence=evidence, external_ids=external_ids)

    def add_external_id(self, key: str, short: str) -> None:
        """Add an id in another database to a record that was added."""
        self._records[key].external_ids.setdefault(short)

    def name_of(self, key: str) -> str:
        """The name of a record that was added."""
        return self._records[key].name

    def rename(self, key: str, name: str) -> None:
        """Give a record a better name; the former one becomes an alias."""
        found = self._records[key]
        if fold(name) != fold(found.name):
            found.aliases.setdefault(found.name)
        found.aliases.pop(name, None)
        found.name = name

    def hide_unless_used(self, keys: Iterable[str]) -> None:
        """Leave these records out where no statement mentions them."""
        self._hidden.update(keys)

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
        """Add one statement; kind "record" says that the object is a record key."""
        rows = self._rows
        rows["subject"].append(subject)
        rows["predicate"].append(predicate)
        rows["object"].append(object_)
        rows["object_kind"].append(kind)
        rows["method"].append(method)
        rows["confidence"].append(confidence)
        rows["evidence"].append(evidence)
        if len(rows["subject"]) >= _FLUSH:
            self._flush()

    def statements(
        self,
        subjects: Sequence[str],
        predicate: str,
        objects: Sequence[str],
        kinds: Sequence[str],
        *,
        method: str,
        evidence: Sequence[str],
        confidence: Sequence[float],
    ) -> None:
        """Add many statements with the same predicate and method."""
        rows = self._rows
        rows["subject"].extend(subjects)
        rows["predicate"].extend([predicate] * len(subjects))
        rows["object"].extend(objects)
        rows["object_kind"].extend(kinds)
        rows["method"].extend([method] * len(subjects))
        rows["confidence"].extend(confidence)
        rows["evidence"].extend(evidence)
        if len(rows["subject"]) >= _FLUSH:
            self._flush()

    def reject(self, reason: str, evidence: str, detail: str = "") -> None:
        """Note input that is not used."""
        self.rejects.append(Reject(reason, evidence, detail))

    def finish(self) -> Extraction:
        """Build the tables.

        A statement whose subject or object is a record that no table of the source has becomes a
        reject; records that were only wanted if used, and were not, are counted and left out.
        """
        self._flush()
        table = pa.Table.from_batches(self._batches, schema=_OWN_SCHEMA)
        columns = {name: table.column(name).to_pylist() for name in ("subject", "object")}
        columns["object_kind"] = table.column("object_kind").to_pylist()
        keep, used = self._check_references(columns, table)
        if not all(keep):
            table = table.filter(pa.array(keep))
        for key in self._hidden - used:
            del self._records[key]
        if self._hidden:
            self.counts["records left out because unused"] = len(self._hidden - used)
        attributes = self._attributes(table)
        self.counts["records"] = len(self._records)
        self.counts["statements"] = table.num_rows
        return Extraction(
            records=self._record_table(attributes),
            statements=self._statement_table(table),
            rejects=REJECTS.frame(
                {
                    "stage": ["extraction"] * len(self.rejects),
                    "source": [self.source] * len(self.rejects),
                    "reason": [item.reason for item in self.rejects],
                    "evidence": [item.evidence for item in self.rejects],
                    "detail": [item.detail for item in self.rejects],
                }
            ),
            counts=dict(sorted(self.counts.items())),
        )

    # ------------------------------------------------------------------------------ internals

    def _flush(self) -> None:
        try:
            batch = pa.RecordBatch.from_pydict(self._rows, schema=_OWN_SCHEMA)
        except (pa.ArrowInvalid, UnicodeEncodeError) as fault:
            raise DataError(
                f"a statement cannot be stored: {fault}", where=f"source {self.source}"
            ) from fault
        self._batches.append(batch)
        for values in self._rows.values():
            values.clear()

    def _check_references(
        self, columns: dict[str, list[str]], table: pa.Table
    ) -> tuple[list[bool], set[str]]:
        keep: list[bool] = []
        used: set[str] = set()
        records = self._records
        rows = zip(columns["subject"], columns["object"], columns["object_kind"], strict=True)
        for index, (subject, object_, kind) in enumerate(rows):
            missing = ""
            if subject not in records:
                missing = subject
            elif kind == "record" and object_ not in records:
                missing = object_
            keep.append(not missing)
            if missing:
                self.reject(
                    "reference to an unknown id",
                    table.column("evidence")[index].as_py(),
                    f"{table.column('predicate')[index].as_py()}: no {missing}",
                )
            else:
                used.add(subject)
                if kind == "record":
                    used.add(object_)
        return keep, used

    def _attributes(self, table: pa.Table) -> dict[str, dict[str, dict[str, None]]]:
        """Per record what it says of itself, and what others say of it by inverse predicates."""
        found: dict[str, dict[str, dict[str, None]]] = {}
        inverse = {
            item.name: item.name if item.symmetric else item.inverse
            for item in self.schema.predicates.values()
        }
        columns = (table.column(name).to_pylist() for name in _ATTRIBUTE_COLUMNS)
        for subject, predicate, object_, kind in zip(*columns, strict=True):
            if predicate in _NOT_COMPARED:
                continue
            value = self._records[object_].name if kind == "record" else object_
            if len(value) > _LONG:
                continue
            found.setdefault(subject, {}).setdefault(predicate, {})[value] = None
            back = inverse.get(predicate)
            if back and kind == "record":
                name = self._records[subject].name
                found.setdefault(object_, {}).setdefault(back, {})[name] = None
        return found

    def _record_table(self, attributes: dict[str, dict[str, dict[str, None]]]) -> pd.DataFrame:
        keys, records = list(self._records), list(self._records.values())
        columns: dict[str, Sequence[Any]] = {
            "record": keys,
            "source": [self.source] * len(keys),
            "record_id": [item.record_id for item in records],
            "type": [item.type for item in records],
            "name": [item.name for item in records],
            "aliases": [list(item.aliases) for item in records],
            "external_ids": [sorted(item.external_ids) for item in records],
            "attributes": [
                json.dumps(
                    {name: list(values) for name, values in attributes.get(key, {}).items()},
                    ensure_ascii=False,
                    sort_keys=True,
                )
                for key in keys
            ],
            "evidence": [item.evidence for item in records],
        }
        return RECORDS.frame(columns)

    def _statement_table(self, table: pa.Table) -> pd.DataFrame:
        count = table.num_rows
        columns: dict[str, Any] = {
            **{name: table.column(name) for name in table.schema.names},
            "source": pa.array([self.source] * count, pa.string()),
            "inferred": pa.array([False] * count, pa.bool_()),
        }
        whole = pa.table({name: columns[name] for name in STATEMENTS.columns})
        return STATEMENTS.check(whole.to_pandas(types_mapper=pd.ArrowDtype))


_ATTRIBUTE_COLUMNS: Final = ("subject", "predicate", "object", "object_kind")
_OWN_COLUMNS: Final = (*_ATTRIBUTE_COLUMNS, "method", "confidence", "evidence")
_OWN_SCHEMA: Final = pa.schema([STATEMENTS.schema.field(name) for name in _OWN_COLUMNS])
