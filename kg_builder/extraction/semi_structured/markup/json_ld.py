"""Parse JSON-LD into nodes: schema.org contexts, @graph, lists, nesting, references by @id."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from kg_builder.extraction.semi_structured.markup.nodes import (
    DESCRIBING,
    SCHEMA_ORG,
    Node,
    Text,
    term,
)
from kg_builder.extraction.tabular.typed_cells import escape, scalar
from kg_builder.ontology import PREFIXES

MAX_DEPTH: Final = 64
_ALIASES: Final = 4
"""Maximum number of aliases of aliases in a context."""
_NO_REFERENCES: Final = DESCRIBING | {SCHEMA_ORG + name for name in ("url", "image")}
_WRAPPING: Final = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|"
    r"(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*;?\s*$"
)


class BrokenJsonLdError(ValueError):
    """A block that is not valid JSON."""


def parse_json_ld(text: str, pointer: str) -> list[Node]:
    """Parse one JSON-LD document; top-level nodes come first.

    Comments and CDATA marks around the block, a byte order mark and raw line ends within strings,
    all frequent on the web, are tolerated.

    Raises:
        BrokenJsonLdError: the text is not JSON, or is nested too deeply.
    """
    text = _WRAPPING.sub("", text.strip().lstrip("\ufeff")).strip()
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError) as fault:
        raise BrokenJsonLdError(str(fault)) from None
    return nodes_of(value, pointer)


def nodes_of(value: Any, pointer: str) -> list[Node]:
    """The nodes in a JSON value; objects without a type are searched for nested ones."""
    found = list(_top(value, pointer, _Context(), 0))
    _resolve(found)
    return found


class _Context:
    """Prefixes and vocabulary of a document.

    Remote contexts are not fetched; their terms are taken as schema.org's.
    """

    def __init__(
        self,
        prefixes: dict[str, str] | None = None,
        vocabulary: str = SCHEMA_ORG,
        keywords: dict[str, str] | None = None,
    ):
        self.prefixes = prefixes or dict(PREFIXES)
        self.vocabulary = vocabulary
        self.keywords = keywords or {}
        """Other names of keywords: schema.org's context has "type" for "@type"."""

    def extended(self, value: Any) -> _Context:
        prefixes, vocabulary, keywords = dict(self.prefixes), self.vocabulary, dict(self.keywords)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, str):
                keywords |= {"id": "@id", "type": "@type"}
            if not isinstance(part, dict):
                continue
            for key, item in part.items():
                if isinstance(item, dict):
                    item = item.get("@id")
                if not isinstance(item, str):
                    continue
                if key == "@vocab":
                    vocabulary = term(item)
                elif item.startswith("@"):
                    keywords[key] = item
                elif not key.startswith("@"):
                    prefixes[key] = item
        return _Context(prefixes, vocabulary, keywords)

    def spelled_out(self, value: dict[str, Any]) -> dict[str, Any]:
        """An object with its own context's names of keywords in place of aliases."""
        if not self.keywords or self.keywords.keys().isdisjoint(value):
            return value
        return {
            key if key.startswith("@") else self.keywords.get(key, key): item
            for key, item in value.items()
        }

    def term(self, name: str, depth: int = 0) -> str:
        """The address for a term, a compact address ("schema:name") or an alias of either."""
        prefix, colon, local = name.partition(":")
        if colon and not local.startswith("//") and prefix in self.prefixes:
            return term(self.prefixes[prefix] + local)
        if not colon and name in self.prefixes:
            alias = self.prefixes[name]
            if "://" in alias:
                return term(alias)
            if alias != name and depth < _ALIASES:
                return self.term(alias, depth + 1)
        return term(name, self.vocabulary)


def _top(value: Any, pointer: str, context: _Context, depth: int) -> Iterator[Node]:
    if depth > MAX_DEPTH:
        raise BrokenJsonLdError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _top(item, f"{pointer}/{index}", context, depth + 1)
    elif isinstance(value, dict):
        if "@context" in value:
            context = context.extended(value["@context"])
        value = context.spelled_out(value)
        if "@type" in value or ("@id" in value and "@graph" not in value):
            yield _node(value, pointer, context, depth)
        for key, item in value.items():
            if key == "@graph" or "@type" not in value:
                yield from _top(item, f"{pointer}/{escape(key)}", context, depth + 1)


def _node(value: dict[str, Any], pointer: str, context: _Context, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise BrokenJsonLdError(f"nested deeper than {MAX_DEPTH}")
    if "@context" in value:
        context = context.extended(value["@context"])
    value = context.spelled_out(value)
    types = value.get("@type", [])
    node = Node(
        pointer,
        types=[
            context.term(name)
            for name in (types if isinstance(types, list) else [types])
            if isinstance(name, str)
        ],
        id=value["@id"].strip() if isinstance(value.get("@id"), str) else "",
    )
    for key, item in value.items():
        if key == "@reverse" and isinstance(item, dict):
            continue
        if not key.startswith("@"):
            for found in _values(item, f"{pointer}/{escape(key)}", context, depth + 1):
                node.add(context.term(key), found)
    return node


def _values(value: Any, pointer: str, context: _Context, depth: int) -> Iterator[Node | Text]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _values(item, f"{pointer}/{index}", context, depth)
    elif isinstance(value, dict):
        for wrapper in ("@list", "@set"):
            if wrapper in value:
                yield from _values(value[wrapper], f"{pointer}/{wrapper}", context, depth)
                return
        if "@value" in value:
            yield from _values(value["@value"], pointer, context, depth)
        else:
            yield _node(value, pointer, context, depth)
    else:
        text = scalar(value)
        if text is not None and text.strip():
            yield Text(text, pointer)


def _resolve(found: list[Node]) -> None:
    """Resolve nodes with only an @id, and texts that are one, to the node with that id.

    Properties that say what a node is called or where it is are no references.
    """
    described: dict[str, Node] = {}
    everything = [node for top in found for node in _walk(top)]
    for node in everything:
        if node.id and node.properties:
            described.setdefault(node.id, node)
    for node in everything:
        for name, values in node.properties.items():
            for index, value in enumerate(values):
                if isinstance(value, Node):
                    if value.id and not value.properties:
                        values[index] = described.get(value.id, value)
                elif value.value in described and name not in _NO_REFERENCES:
                    values[index] = described[value.value]


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for values in node.properties.values():
        for value in values:
            if isinstance(value, Node):
                yield from _walk(value)
