"""Parse HTML pages into trees, without network access, and tell what of them is visible."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree, html

from kg_builder.extraction.semi_structured.page_text import decode_page

_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*\?>")
_HIDDEN: Final = frozenset({"style", "script", "template"})


def parse_page(content: bytes) -> html.HtmlElement | None:
    """Parse a page, however malformed; `None` if there is nothing in it."""
    text = _DECLARATION.sub("", decode_page(content))
    if not text.strip():
        return None
    try:
        return html.document_fromstring(
            text, parser=html.HTMLParser(no_network=True, huge_tree=False, recover=True)
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def page_address(root: html.HtmlElement) -> str:
    """The page's address: its base, canonical or sharing (Open Graph) link."""
    found = [str(base.get("href") or "") for base in root.iter("base")]
    found += [
        str(link.get("href") or "")
        for link in root.iter("link")
        if "canonical" in str(link.get("rel") or "").lower().split()
    ]
    found += [
        str(meta.get("content") or "")
        for meta in root.iter("meta")
        if str(meta.get("property") or "").lower() == "og:url"
    ]
    return next((one.strip() for one in found if one.strip().startswith("http")), "")


def is_unseen(element: html.HtmlElement) -> bool:
    """Whether an element is not visible content: footnotes, hidden text, edit buttons."""
    if element.tag in _HIDDEN:
        return True
    classes = set(str(element.get("class") or "").split())
    if classes & {"reference", "mw-editsection", "noprint", "mw-ref", "Inline-Template"}:
        return True
    return "display:none" in str(element.get("style") or "").replace(" ", "").lower()
