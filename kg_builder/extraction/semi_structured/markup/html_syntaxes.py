"""Parse microdata (HTML standard, section 5), RDFa Lite and Open Graph tags into nodes."""

from __future__ import annotations

from typing import Final

from lxml import html

from kg_builder.extraction.semi_structured.markup.nodes import SCHEMA_ORG, Node, Text, term
from kg_builder.ontology import PREFIXES

_ADDRESS: Final = {
    **dict.fromkeys(("a", "area", "link"), "href"),
    **dict.fromkeys(("audio", "embed", "iframe", "img", "source", "track", "video"), "src"),
    "object": "data",
}
_VALUE: Final = {"meta": "content", "data": "value", "meter": "value"}


def parse_microdata(root: html.HtmlElement) -> list[Node]:
    """Parse the top-level microdata items of a page, in order."""
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
            child_pointer = f"{pointer}/{name}"
            number = len(node.properties.get(term(name, vocabulary), []))
            child_pointer = f"{child_pointer}/{number}" if number else child_pointer
            if child.get("itemscope") is not None:
                if child not in above:
                    value: Node | Text = _item(child, child_pointer, ids, (*above, element))
                    node.add(term(name, vocabulary), value)
            elif text := _microdata_text(child):
                node.add(term(name, vocabulary), Text(text, child_pointer))
        if child.get("itemscope") is None:
            todo = [*_children(child), *todo]
    return node


def _children(element: html.HtmlElement) -> list[html.HtmlElement]:
    return [child for child in element if isinstance(child.tag, str)]


def _microdata_text(element: html.HtmlElement) -> str:
    tag = str(element.tag)
    if tag in _VALUE or element.get("content") is not None:
        value = element.get(_VALUE.get(tag, "content")) or element.get("content") or ""
        return str(value).strip()
    if tag == "time":
        return str(element.get("datetime") or element.text_content()).strip()
    text = " ".join(str(element.text_content()).split())
    if tag in _ADDRESS:
        address = (element.get(_ADDRESS[tag]) or "").strip()
        # A link's text is the entity's name; its address matters only if a page is expected.
        addressed = set((element.get("itemprop") or "").split()) & {"url", "sameAs", "image"}
        return address if addressed or not text else text
    return text


def parse_rdfa(root: html.HtmlElement) -> list[Node]:
    """Parse the top-level typed RDFa nodes of a page, in order."""
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
            if text := _rdfa_text(element, name):
                parent.add(name, Text(text, f"{parent.pointer}/{name.rpartition('/')[2]}"))
    for child in element:
        _walk(child, inner, vocabulary, prefixes, found, depth + 1)


def _last(names: list[str]) -> str:
    return names[0].rpartition("/")[2] if names else "item"


def _term(name: str, vocabulary: str, prefixes: dict[str, str]) -> str:
    prefix, colon, local = name.partition(":")
    if colon and not local.startswith("//") and prefix in prefixes:
        return term(prefixes[prefix] + local)
    return term(name, vocabulary)


def _rdfa_text(element: html.HtmlElement, name: str) -> str:
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


_TYPES: Final = {
    "music.musician": "MusicGroup",
    "music.album": "MusicAlbum",
    "music.song": "MusicRecording",
    "profile": "Person",
    "book": "Book",
    "video.movie": "Movie",
}
_PROPERTIES: Final = {
    "og:title": "name",
    "og:description": "description",
    "og:url": "url",
    "og:image": "image",
    "music:release_date": "datePublished",
    "music:duration": "duration",
    "music:musician": "byArtist",
    "music:album": "inAlbum",
}


def parse_open_graph(root: html.HtmlElement) -> list[Node]:
    """Parse the page's entity, if its tags have a title and a class of the data model."""
    node = Node("open-graph/0")
    for index, meta in enumerate(root.iter("meta")):
        name = str(meta.get("property") or meta.get("name") or "").strip().lower()
        content = str(meta.get("content") or "").strip()
        if not content:
            continue
        if name == "og:type" and content.lower() in _TYPES:
            node.types.append(SCHEMA_ORG + _TYPES[content.lower()])
        elif name in _PROPERTIES:
            if name == "music:duration" and content.isdigit():
                content = f"PT{content}S"
            if name in {"music:musician", "music:album"} and "://" in content:
                continue  # an address, not a name
            node.add(SCHEMA_ORG + _PROPERTIES[name], Text(content, f"meta/{index}"))
    return [node] if node.types and node.first("name") else []
