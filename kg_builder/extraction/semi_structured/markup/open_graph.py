"""Open Graph tags as a node: what is left on pages without other markup."""

from __future__ import annotations

from typing import Final

from lxml import html

from kg_builder.extraction.semi_structured.markup.nodes import SCHEMA_ORG, Node, Text

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
    """The page's thing, if its tags tell a title and a kind of thing that the data model knows."""
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
