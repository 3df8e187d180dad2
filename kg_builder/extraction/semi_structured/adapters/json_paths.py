"""Read nested JSON and XML into records and statements by paths that the recipe gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from kg_builder.databases import NO_ID, NoIdError, check_prefix, column_id
from kg_builder.errors import DataError
from kg_builder.extraction.collector import id_key
from kg_builder.extraction.objects import why_not
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.config import JsonMap, SemiStructuredSource
from kg_builder.extraction.structured.columns import ColumnReader, Place, Types
from kg_builder.extraction.structured.config import ColumnMap
from kg_builder.extraction.tabular.nested_json import Nested, documents, nested_at, no_rows
from kg_builder.extraction.tabular.typed_cells import scalar
from kg_builder.extraction.values import clean_text, is_no_name
from kg_builder.extraction.web_pages import decode_page
from kg_builder.extraction.xml_elements import elements_at
from kg_builder.packed_files import open_binary, without_packing

_BEGINS: Final = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[{\]\"\d-])")


class JsonFiles:
    """Adapter of JSON and JSON Lines files; the mapping selects the objects that are entities."""

    name = "json"
    independent = False

    def recognises(self, path: Path, head: bytes) -> bool:
        """Recognise JSON that is not JSON-LD."""
        return bool(_BEGINS.match(head))

    def read(self, document: Document) -> None:
        """Add the entities of a file.

        Raises:
            DataError: the recipe selects this adapter without a mapping.
        """
        mapping = document.source.mapping
        if mapping is None:
            if document.source.format != self.name:
                document.out.reject("nested JSON without a mapping", document.name)
                return
            raise DataError(
                "nested JSON needs a mapping",
                where=f"source {document.source.name!r}",
                remedy="add [sources.mapping] with records, type, name and paths",
            )
        content = document.bytes()
        if content is None:
            return
        out = document.out
        out.counts["documents read"] += 1

        def complain(reason: str, line: int, detail: str) -> None:
            out.reject(reason, f"{document.name}#line={line}", detail)

        text, examples = decode_page(content), list[Any]()
        things: list[Nested] = []
        for whole in documents(text, lines=_is_lines(document.path), complain=complain):
            examples.append(whole.value)
            things += (
                thing
                for thing in nested_at(whole, mapping.records)
                if isinstance(thing.value, dict) and thing.value
            )
        if not things:
            if examples:
                fault = no_rows(mapping.records, examples[:3], "", "records")
                detail = f"{fault.what} ({fault.remedy})"
                out.reject("document without usable things", document.name, detail)
            return
        out.counts["documents used"] += 1
        reader = ThingReader(document, mapping)
        for thing in things:
            reader.add(thing)
        reader.finish()


class XmlFiles:
    """Adapter of XML files; the mapping's `records` is the path of the entities' elements."""

    name = "xml"
    independent = False

    def recognises(self, path: Path, head: bytes) -> bool:
        """Never: the recipe must define which elements are entities."""
        return False

    def read(self, document: Document) -> None:
        """Add the entities of a file; if the XML is malformed, those before the error are kept.

        Raises:
            DataError: the recipe has no mapping, or the file declares entities.
        """
        mapping = document.source.mapping
        if mapping is None or not mapping.records:
            raise DataError(
                "XML needs a mapping with the path of its records",
                where=f"source {document.source.name!r}",
                remedy="add [sources.mapping] with records = 'playlist.trackList.track', type, ...",
            )
        reader = ThingReader(document, mapping)
        document.out.counts["documents read"] += 1
        count = 0
        seen: dict[str, None] = {}

        def complain(reason: str, line: int, detail: str) -> None:
            document.out.reject(reason, f"{document.name}#line={line}", detail)

        with open_binary(document.path) as stream:
            path = mapping.records.split(".")
            for pointer, thing in elements_at(stream, path, complain, seen):
                count += 1
                reader.add(Nested(thing, pointer))
        reader.finish()
        if count:
            document.out.counts["documents used"] += 1
        else:
            detail = f"no {mapping.records!r}; there are: {', '.join(seen)}"
            document.out.reject("document without usable things", document.name, detail)


class ThingReader:
    """Convert each object that describes an entity to a record and statements."""

    def __init__(self, document: Document, mapping: JsonMap) -> None:
        self._document, self._mapping = document, mapping
        where = f"source {document.source.name!r}"
        for prefix in mapping.external_ids.values():
            check_prefix(prefix, f"{where}, external_ids")
        self._types = Types(mapping.type, document.out.schema, where)
        self._readers = [
            (
                path,
                ColumnReader(
                    path,
                    _with_confidence(item, document.source),
                    document.out,
                    where=where,
                    scope_of=lambda name: "",
                    ref_source=item.ref,
                ),
            )
            for path, items in mapping.paths.items()
            for item in ((items,) if isinstance(items, ColumnMap) else items)
        ]
        labels = (reader.mapping.labels for _, reader in self._readers)
        befores = (reader.mapping.before for _, reader in self._readers)
        wanted = [mapping.name, *filter(None, [mapping.id, *labels, *befores]), *mapping.aliases]
        self._unmet = dict.fromkeys([*wanted, *mapping.external_ids, *mapping.paths])

    def finish(self) -> None:
        """Resolve the deferred values, and count the paths found in no entity."""
        for _, reader in self._readers:
            reader.finish()
        for path in self._unmet:
            self._document.out.counts[f"documents without the field {path}"] += 1

    def add(self, thing: Nested) -> None:
        """Add one entity; one without a name becomes a reject."""
        document, mapping = self._document, self._mapping
        for path in [path for path in self._unmet if thing.reaches(path)]:
            del self._unmet[path]
        out, evidence = document.out, f"{document.name}#{thing.pointer}"
        names = [clean_text(text) for _, text in _texts(thing, mapping.name)]
        name = next(filter(None, names), "")
        if not name:
            out.reject("empty name", evidence)
            return
        column = self._types.column
        type_text = next(iter(_texts(thing, column)), ("", ""))[1] if column else ""
        type_ = self._types.of(type_text)
        if type_ is None:
            out.reject("unknown type", evidence, type_text)
            return
        if name not in mapping.real_names and is_no_name(name, type_):
            out.reject(why_not(name, type_.lower(), type_), evidence, name)
            return
        ids = [text for _, text in _texts(thing, mapping.id)] if mapping.id else []
        if len(ids) > 1:
            detail = f"{mapping.id} holds {len(ids)} ids; let records name the list of things"
            out.reject("several ids for one thing", evidence, detail)
            return
        record_id = ids[0] if ids else ""
        key = id_key(out.source, "", record_id or evidence)
        external: list[str] = []
        for path, prefix in mapping.external_ids.items():
            found = {text: pointer for pointer, text in reversed(_texts(thing, path))}
            texts = list(reversed(found))
            if prefix and len(texts) > 1:
                out.reject(
                    NO_ID,
                    evidence,
                    f"{len(texts)} ids of {prefix} for one thing: {' '.join(texts)}",
                )
                continue
            for text in texts:
                try:
                    short = column_id(prefix, text, column=path, type_=type_, classes=out.schema)
                except NoIdError as fault:
                    place = f"{document.name}#{found[text]}"
                    out.reject(str(fault), place, f"{path}={text}, of the {type_}")
                else:
                    external.append(short)
        out.record(
            key,
            type_,
            name,
            evidence=evidence,
            record_id=record_id,
            aliases=[
                *(other for other in names if other and other != name),
                *(text for path in mapping.aliases for _, text in _texts(thing, path)),
            ],
            external_ids=external,
        )
        for path, reader in self._readers:
            labels = _texts(thing, reader.mapping.labels) if reader.mapping.labels else []
            values = _texts(thing, path)
            if before := reader.mapping.before:
                first = _labels(values, _texts(thing, before))
                values = [
                    (pointer, f"{front} {text}" if front else text)
                    for (pointer, text), front in zip(values, first, strict=True)
                ]
            for (pointer, text), label in zip(values, _labels(values, labels), strict=True):
                reader.read(text, Place(key, f"{document.name}#{pointer}"), label)


def _with_confidence(path: ColumnMap, source: SemiStructuredSource) -> ColumnMap:
    """Give a path without a confidence that of its source, if set."""
    if "confidence" in path.model_fields_set or "confidence" not in source.model_fields_set:
        return path
    return path.model_copy(update={"confidence": source.confidence})


def _labels(values: list[tuple[str, str]], labels: list[tuple[str, str]]) -> list[str | None]:
    """Match each value with its label: in the same list element, else at the same index."""
    by_element: dict[str, str] = {}
    for pointer, text in labels:
        by_element.setdefault(pointer.rpartition("/")[0], text)
    parents = [pointer.rpartition("/")[0] for pointer, _ in values]
    if len(set(parents)) == len(parents) and any(parent in by_element for parent in parents):
        return [by_element.get(parent) for parent in parents]
    if len(labels) != len(values):
        return [None] * len(values)
    return [text for _, text in labels]


def _texts(value: Nested, path: str) -> list[tuple[str, str]]:
    return [
        (pointer, text.strip())
        for pointer, leaf in value.find(path)
        if (text := scalar(leaf)) is not None and text.strip()
    ]


def _is_lines(path: Path) -> bool:
    return without_packing(path.name.lower()).endswith((".jsonl", ".ndjson"))
