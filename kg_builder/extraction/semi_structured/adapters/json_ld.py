"""JSON-LD in files of its own."""

from __future__ import annotations

from pathlib import Path

from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.adapters.text import decode_page
from kg_builder.extraction.semi_structured.markup.json_ld import BrokenJsonLdError, parse_json_ld
from kg_builder.extraction.semi_structured.markup.mapping import NodeMapper


class JsonLdFiles:
    """A file is one document, with one thing or many."""

    name = "json-ld"

    def recognises(self, path: Path, head: bytes) -> bool:
        """By the ending, or by JSON with typed objects."""
        ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
        return ending == "jsonld" or (
            head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
            and (b'"@type"' in head or b'"@context"' in head)
            and b"<html" not in head
        )

    def read(self, document: Document) -> None:
        """Add the things of a file."""
        content = document.bytes()
        if content is None:
            return
        out, source = document.out, document.source
        out.counts["documents read"] += 1
        try:
            nodes = parse_json_ld(decode_page(content), "")
        except BrokenJsonLdError as fault:
            out.reject("broken JSON-LD", document.name, str(fault))
            return
        mapper = NodeMapper(
            out,
            document.name,
            method=self.name,
            confidence=source.confidence,
        )
        if mapper.add(nodes):
            out.counts["documents used"] += 1
        else:
            out.reject("document without usable things", document.name)
