"""Read nested JSON of any shape into records and statements, by paths given in the recipe."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from kg_builder.databases import column_id
from kg_builder.errors import DataError
from kg_builder.extraction.collector import id_key
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.config import JsonMap
from kg_builder.extraction.semi_structured.page_text import decode_page
from kg_builder.extraction.structured.columns import ColumnReader, Place
from kg_builder.extraction.structured.config import ColumnMap
from kg_builder.extraction.tabular.config import follow, scalar
from kg_builder.extraction.values import clean_text

_BEGINS: Final = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[{\]\"\d-])")


class JsonFiles:
    """A file is one JSON value; the mapping says which of its objects are things."""

    name = "json"

    def recognises(self, path: Path, head: bytes) -> bool:
        """JSON that is no JSON-LD."""
        return bool(_BEGINS.match(head))

    def read(self, document: Document) -> None:
        """Add the things of a file.

        Raises:
            DataError: the recipe asks for this adapter and gives no mapping.
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
        try:
            value = json.loads(decode_page(content))
        except (ValueError, RecursionError) as fault:
            out.reject("broken JSON", document.name, str(fault))
            return
        things = [
            (pointer, thing)
            for pointer, thing in follow(value, mapping.records)
            if isinstance(thing, dict)
        ]
        if not things:
            out.reject("document without usable things", document.name, mapping.records)
            return
        out.counts["documents used"] += 1
        readers = [
            (
                path,
                ColumnReader(
                    path,
                    item,
                    out,
                    repair=True,
                    where=f"source {document.source.name!r}",
                    scope_of=_no_table,
                ),
            )
            for path, items in mapping.paths.items()
            for item in ((items,) if isinstance(items, ColumnMap) else items)
        ]
        for pointer, thing in things:
            self._thing(document, mapping, pointer, thing, readers)

    def _thing(
        self,
        document: Document,
        mapping: JsonMap,
        pointer: str,
        thing: dict[str, Any],
        readers: list[tuple[str, ColumnReader]],
    ) -> None:
        out, evidence = document.out, f"{document.name}#{pointer}"
        name = clean_text(next(iter(_texts(thing, mapping.name)), ("", ""))[1])
        if not name:
            out.reject("empty name", evidence)
            return
        record_id = next(iter(_texts(thing, mapping.id)), ("", ""))[1] if mapping.id else ""
        key = id_key(out.source, "", record_id or f"{document.name}#{pointer}")
        external = [
            short
            for path, prefix in mapping.external_ids.items()
            for _, text in _texts(thing, path)
            if (short := column_id(prefix, text))
        ]
        out.record(
            key,
            mapping.type,
            name,
            evidence=evidence,
            record_id=record_id,
            aliases=[text for path in mapping.aliases for _, text in _texts(thing, path)],
            external_ids=external,
        )
        for path, reader in readers:
            for place, text in _texts(thing, path):
                reader.read(text, Place(key, evidence + place))


def _texts(value: Any, path: str) -> list[tuple[str, str]]:
    return [
        (pointer, text.strip())
        for pointer, leaf in follow(value, path)
        if (text := scalar(leaf)) is not None and text.strip()
    ]


def _no_table(name: str) -> str:
    raise DataError(f"no table {name!r}: nested JSON has none to refer to")
