"""Stream an XML file into records and statements by paths that the recipe gives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final, cast

from lxml import etree

from kg_builder.errors import DataError
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.adapters.json_paths import ThingReader
from kg_builder.extraction.semi_structured.xml_stream import safe_pull_parser
from kg_builder.extraction.tabular.nested_json import Nested
from kg_builder.extraction.xml_safety import checked_blocks
from kg_builder.packed_files import open_binary

_TEXT: Final = "#text"
_DEEPEST: Final = 100


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
        for path, element in _elements(document, mapping.records.split("."), seen):
            thing = value_of(element)
            if isinstance(thing, str):
                thing = {_TEXT: thing}
            if isinstance(thing, dict):
                count += 1
                reader.add(Nested(thing, path))
        reader.finish()
        if count:
            document.out.counts["documents used"] += 1
        else:
            detail = f"no {mapping.records!r}; there are: {', '.join(seen)}"
            document.out.reject("document without usable things", document.name, detail)


def value_of(element: etree._Element, depth: int = 0) -> Any:
    """Convert an element to JSON-like values.

    Attributes are keys with '@', children keys by their local names (a list if repeated), text
    beside them is '#text'. A `dict` of a property list becomes an object with its keys.
    """
    children = [child for child in element if isinstance(child.tag, str)]
    if depth > _DEEPEST:
        return None
    if children and children[0].tag == "key":
        pairs = zip(children[::2], children[1::2], strict=False)
        return {(key.text or "").strip(): value_of(value, depth + 1) for key, value in pairs}
    if element.tag == "array":
        return [value_of(child, depth + 1) for child in children]
    text = " ".join("".join([element.text or "", *(c.tail or "" for c in element)]).split())
    if not children and not element.attrib:
        if element.tag in {"true", "false"} and not text:
            return element.tag == "true"
        return text
    found: dict[str, Any] = {
        f"@{_local(str(name))}": value for name, value in element.attrib.items()
    }
    for child in children:
        found.setdefault(_local(child.tag), []).append(value_of(child, depth + 1))
    if text:
        found[_TEXT] = text
    return found


def _elements(
    document: Document, path: list[str], seen: dict[str, None]
) -> Iterator[tuple[str, etree._Element]]:
    """Yield the elements at a path with their locations; other elements are freed."""
    names: list[str] = []
    number = 0
    with open_binary(document.path) as stream:
        blocks = checked_blocks(stream, str(document.path), abbreviations=True)
        parser = safe_pull_parser()
        for block in chain(blocks, (None,)):
            fault: etree.XMLSyntaxError | None = None
            try:
                if block is None:
                    parser.close()
                else:
                    parser.feed(block)
            except etree.XMLSyntaxError as broken:
                fault = broken
            for event, element in cast(Iterator[tuple[str, etree._Element]], parser.read_events()):
                if event == "start":
                    names.append(_local(str(element.tag)))
                    if len(names) <= len(path) + 1 and len(seen) < 20:
                        seen[".".join(names)] = None
                    continue
                if _fits(names, path):
                    number += 1
                    yield f"/{'/'.join(names)}/{number}", element
                if len(names) <= len(path):
                    _forget(element)
                names.pop()
            if fault is not None:
                where = f"{document.name}#line={fault.lineno}"
                document.out.reject("broken XML", where, str(fault.msg))
                return


def _fits(names: list[str], path: list[str]) -> bool:
    return len(names) == len(path) and all(
        wanted in {"*", name} for name, wanted in zip(names, path, strict=True)
    )


def _forget(element: etree._Element) -> None:
    """Free an element and its preceding siblings; a `key` is kept until its value is read."""
    element.clear()
    parent = element.getparent()
    while parent is not None and len(parent) > 1 and parent[0] is not element:
        del parent[0]


def _local(name: str) -> str:
    return name.rpartition("}")[2]
