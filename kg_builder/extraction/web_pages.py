"""Decode web pages, parse them into trees without network access, and tell what is visible."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lxml import html

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED: Final = re.compile(
    rb"""<(?:meta[^>]+charset|\?xml[^>]+encoding)\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE
)
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*\?>")
_HIDDEN: Final = frozenset({"style", "script", "template"})


def decode_page(content: bytes) -> str:
    """Decode by byte order mark, declared encoding, UTF-8, Windows-1252, in this order.

    Null bytes are dropped, as parsers stop at them.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace").replace("\0", "")
    declared = _DECLARED.search(content[:4096])
    names = ["utf-8", "cp1252", "latin-1"]
    if declared:
        name = declared[1].decode("ascii", "replace")
        try:
            codecs.lookup(name)
        except LookupError:
            pass
        else:
            names.insert(0, name)
    for name in names:
        try:
            return content.decode(name).replace("\0", "")
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1").replace("\0", "")


def parse_page(content: bytes) -> html.HtmlElement | None:
    """Parse a page, however malformed; `None` if there is nothing in it."""
    from lxml import etree, html  # lazy: texts are decoded without it

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
