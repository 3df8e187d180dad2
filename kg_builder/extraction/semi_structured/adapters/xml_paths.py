"""Stream an XML file into records and statements by paths that the recipe gives."""

from __future__ import annotations

from pathlib import Path

from kg_builder.errors import DataError
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.adapters.json_paths import ThingReader
from kg_builder.extraction.tabular.nested_json import Nested
from kg_builder.extraction.xml_elements import elements_at
from kg_builder.packed_files import open_binary


class XmlFiles:
    """Adapter of XML files; the mapping's `records` is the path of the entities' elements."""

    name = "xml"

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
