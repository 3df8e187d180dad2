"""Microdata (HTML standard, section 5) as nodes."""

from __future__ import annotations

from typing import Final

from lxml import html

from kg_builder.extraction.semi_structured.markup.nodes import SCHEMA_ORG, Node, Text, term

_ADDRESS: Final = {
    **dict.fromkeys(("a", "area", "link"), "href"),
    **dict.fromkeys(("audio", "embed", "iframe", "img", "source", "track", "video"), "src"),
    "object": "data",
}
_VALUE: Final = {"meta": "content", "data": "value", "meter": "value"}


def parse_microdata(root: html.HtmlElement) -> list[Node]:
    """The outermost items of a page, in their order."""
    ids = {element.get("id"): element for element in root.iter() if _is(element, "id")}
    items = [
        element
        for element in root.iter()
        if _is(element, "itemscope") and not _is(element, "itemprop")
    ]
    return [_item(element, f"microdata/{index}", ids, ()) for index, element in enumerate(items)]


def _is(element: html.HtmlElement, attribute: str) -> bool:
    return isinstance(element.tag, str) and element.get(attribute) is not None


def _item(
    element: html.HtmlElement,
    pointer: str,
    ids: dict[str | None, html.HtmlElement],
    above: tuple[html.HtmlElement, ...],
) -> Node:
    types = (element.get("itemtype") or "").split()
    node = Node(pointer, [term(name) for name in types], (element.get("itemid") or "").strip())
    vocabulary = types[0].rpartition("/")[0] + "/" if types and "/" in types[0] else SCHEMA_ORG
    vocabulary = term(vocabulary)
    todo = [*_children(element)]
    todo += [
        ids[name]
        for name in (element.get("itemref") or "").split()
        if name in ids and ids[name] not in (*above, element)
    ]
    while todo:
        child = todo.pop(0)
        names = (child.get("itemprop") or "").split()
        for name in names:
            place = f"{pointer}/{name}"
            number = len(node.properties.get(term(name, vocabulary), []))
            place = f"{place}/{number}" if number else place
            if child.get("itemscope") is not None:
                if child not in above:
                    value: Node | Text = _item(child, place, ids, (*above, element))
                    node.add(term(name, vocabulary), value)
            elif text := _text(child):
                node.add(term(name, vocabulary), Text(text, place))
        if child.get("itemscope") is None:
            todo = [*_children(child), *todo]
    return node


def _children(element: html.HtmlElement) -> list[html.HtmlElement]:
    return [child for child in element if isinstance(child.tag, str)]


def _text(element: html.HtmlElement) -> str:
    tag = str(element.tag)
    if tag in _VALUE or element.get("content") is not None:
        value = element.get(_VALUE.get(tag, "content")) or element.get("content") or ""
        return str(value).strip()
    if tag == "time":
        return str(element.get("datetime") or element.text_content()).strip()
    text = " ".join(str(element.text_content()).split())
    if tag in _ADDRESS:
        address = (element.get(_ADDRESS[tag]) or "").strip()
        # A link's text names the thing; its address matters only where a page is meant.
        addressed = set((element.get("itemprop") or "").split()) & {"url", "sameAs", "image"}
        return address if addressed or not text else text
    return text
