"""Read HTML and JSON-LD files: JSON-LD, microdata, RDFa; else Open Graph; else tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from lxml import html

from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.markup.html_syntaxes import (
    parse_microdata,
    parse_open_graph,
    parse_rdfa,
)
from kg_builder.extraction.semi_structured.markup.json_ld import BrokenJsonLdError, parse_json_ld
from kg_builder.extraction.semi_structured.markup.labelled_values import add_facts
from kg_builder.extraction.semi_structured.markup.mapping import NodeMapper
from kg_builder.extraction.semi_structured.markup.nodes import Node
from kg_builder.extraction.web_pages import decode_page, page_address, parse_page
from kg_builder.packed_files import without_packing

_SIGNS: Final = re.compile(
    rb"<html|<!doctype html|application/ld\+json|itemscope|typeof=", re.IGNORECASE
)
_UNMARKED: Final = 0.8
"""Confidence factor of facts without markup."""


class HtmlPages:
    """Adapter of HTML pages; a page is one document."""

    name = "html"
    independent = True

    def recognises(self, path: Path, head: bytes) -> bool:
        """Recognise by the suffix or by tags."""
        ending = without_packing(path.name.lower()).rpartition(".")[2]
        return ending in {"html", "htm", "xhtml"} or bool(_SIGNS.search(head))

    def read(self, document: Document) -> None:
        """Add the entities of a page; a page without any is counted and rejected."""
        content = document.bytes()
        if content is None:
            return
        root = parse_page(content)
        out = document.out
        if root is None:
            detail = "no HTML element" if content.strip() else "the file is empty"
            out.reject("not a readable page", document.name, detail)
            return
        page = page_address(root)
        found = self._add(document, "json-ld", _json_ld(document, root), page)
        if not found:  # other syntaxes on the same page repeat the JSON-LD
            found += self._add(document, "microdata", parse_microdata(root), page)
            found += self._add(document, "rdfa", parse_rdfa(root), page)
        if not found:
            found += self._add(document, "open-graph", parse_open_graph(root), page)
        if not found:
            source = document.source
            found += add_facts(
                root,
                out,
                document.name,
                type_=source.type,
                confidence=source.confidence * _UNMARKED,
                address=page,
            )
        out.counts["pages read"] += 1
        if found:
            out.counts["pages used"] += 1
        else:
            out.reject("page without usable markup", document.name)

    @staticmethod
    def _add(document: Document, method: str, nodes: list[Node], page: str) -> int:
        source = document.source
        mapper = NodeMapper(
            document.out,
            document.name,
            method=method,
            confidence=source.confidence,
            address=page,
        )
        return mapper.add(nodes)


def _json_ld(document: Document, root: html.HtmlElement) -> list[Node]:
    found: list[Node] = []
    scripts = [
        script
        for script in root.iter("script")
        if "ld+json" in str(script.get("type") or "").lower()
    ]
    for index, script in enumerate(scripts):
        text = script.text or ""
        if not text.strip():
            continue
        try:
            found += parse_json_ld(text, f"/{index}")
        except BrokenJsonLdError as fault:
            document.out.reject("broken JSON-LD", f"{document.name}#/{index}", str(fault))
    return found


class JsonLdFiles:
    """Adapter of JSON-LD files; a file describes one or more entities."""

    name = "json-ld"
    independent = True

    def recognises(self, path: Path, head: bytes) -> bool:
        """Recognise by the suffix, or by JSON with typed objects."""
        ending = without_packing(path.name.lower()).rpartition(".")[2]
        return ending == "jsonld" or (
            head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
            and (b'"@type"' in head or b'"@context"' in head)
            and b"<html" not in head
        )

    def read(self, document: Document) -> None:
        """Add the entities of a file."""
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
