"""RDFa Lite (vocab, typeof, property, resource, prefix) as nodes."""

from __future__ import annotations

from lxml import html

from kg_builder.extraction.semi_structured.markup.nodes import SCHEMA_ORG, Node, Text, term
from kg_builder.ontology import PREFIXES


def parse_rdfa(root: html.HtmlElement) -> list[Node]:
    """The outermost typed things of a page, in their order."""
    found: list[Node] = []
    _walk(root, None, SCHEMA_ORG, dict(PREFIXES), found, 0)
    return found


def _walk(
    element: html.HtmlElement,
    parent: Node | None,
    vocabulary: str,
    prefixes: dict[str, str],
    found: list[Node],
    depth: int,
) -> None:
    if not isinstance(element.tag, str) or depth > 200:
        return
    if element.get("vocab"):
        vocabulary = term(str(element.get("vocab")))
        if not vocabulary.endswith(("/", "#")):
            vocabulary += "/"
    if element.get("prefix"):
        words = str(element.get("prefix")).split()
        prefixes = prefixes | {
            name.removesuffix(":"): iri for name, iri in zip(words[::2], words[1::2], strict=False)
        }
    names = [
        _term(name, vocabulary, prefixes) for name in str(element.get("property") or "").split()
    ]
    inner = parent
    if element.get("typeof") is not None:
        inner = Node(
            f"rdfa/{len(found)}" if parent is None else f"{parent.pointer}/{_last(names)}",
            [_term(name, vocabulary, prefixes) for name in str(element.get("typeof")).split()],
            str(element.get("resource") or element.get("about") or "").strip(),
        )
        if parent is None:
            found.append(inner)
        else:
            for name in names:
                parent.add(name, inner)
    elif parent is not None:
        for name in names:
            if text := _text(element, name):
                parent.add(name, Text(text, f"{parent.pointer}/{name.rpartition('/')[2]}"))
    for child in element:
        _walk(child, inner, vocabulary, prefixes, found, depth + 1)


def _last(names: list[str]) -> str:
    return names[0].rpartition("/")[2] if names else "item"


def _term(name: str, vocabulary: str, prefixes: dict[str, str]) -> str:
    prefix, colon, rest = name.partition(":")
    if colon and not rest.startswith("//") and prefix in prefixes:
        return term(prefixes[prefix] + rest)
    return term(name, vocabulary)


def _text(element: html.HtmlElement, name: str) -> str:
    if element.get("content") is not None:
        return str(element.get("content")).strip()
    if element.tag == "time" and element.get("datetime"):
        return str(element.get("datetime")).strip()
    text = " ".join(str(element.text_content()).split())
    for attribute in ("href", "src", "resource"):
        address = element.get(attribute)
        if address and (not text or name.rpartition("/")[2] in {"url", "sameAs", "image"}):
            return str(address).strip()
    return text
