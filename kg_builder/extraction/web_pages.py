"""Decode web pages, parse them into trees without network access, and tell what is visible."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from kg_builder.extraction.values.text import Repair

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
    classes, style = element.get("class"), element.get("style")
    return _is_unseen(str(element.tag), str(classes or ""), str(style or ""))


def _is_unseen(tag: str, classes: str, style: str) -> bool:
    unseen = {"reference", "mw-editsection", "noprint", "mw-ref", "Inline-Template"}
    if tag in _HIDDEN or not unseen.isdisjoint(classes.split()):
        return True
    return "display:none" in style.replace(" ", "").lower()


# ------------------------------------------------------------------------------ running text

_PAGE: Final = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary",
    "table", "td", "th", "tr", "ul",
})  # fmt: skip
_VOID: Final = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr",
})  # fmt: skip
_NO_TEXT: Final = _HIDDEN | {"title"}
"""Elements whose content is not on the page."""

_AROUND: Final = frozenset({
    "aside", "button", "footer", "form", "iframe", "nav", "noscript", "object", "select", "svg",
    "textarea",
})  # fmt: skip
"""Elements around a text, such as menus."""

_WORDS: Final = re.compile(r"\S+(?: \S+)*")
_REFERENCE: Final = re.compile(r"&#?\w+;?")
_OF_SITE: Final = re.compile(r"\s+(?:[|–—·•»]|-)\s+")
"""What a title has between the name of a page and that of its site."""


@dataclass(frozen=True)
class PageText:
    """The visible text of a page.

    Attributes:
        title: the only heading of the first level; else the title, without the name of the site.
        text: paragraphs separated by an empty line, white space as it is shown.
        repairs: what `text` has in the place of tags, references and white space, ascending.
    """

    title: str
    text: str
    repairs: tuple[Repair, ...]

    def part(self, start: int, end: int) -> str:
        """The visible text of a span of the file."""
        return self.text[self._offset(start) : self._offset(end)]

    def _offset(self, in_file: int) -> int:
        at = bisect_right(self.repairs, in_file, key=lambda item: item.start_in_file) - 1
        if at < 0:
            return in_file
        repair = self.repairs[at]
        if in_file < repair.end_in_file:
            return repair.start
        return in_file - repair.end_in_file + repair.end


def is_page(text: str) -> bool:
    """Whether a text is HTML, by its beginning."""
    return _PAGE.match(text) is not None


def page_text(page: str) -> PageText:
    """Extract the visible text of HTML, however malformed, with the place of each part of it.

    Menus and the like are left out, unless there is nothing else: an end tag may be missing.

    >>> page_text("<h1>Blur</h1><p>Blur are an <b>English</b>\\n band.").text
    'Blur\\n\\nBlur are an English band.'
    """
    for left_out in (_NO_TEXT | _AROUND, _NO_TEXT):
        reader = _Reader(page, left_out)
        reader.feed(page)
        reader.close()
        if reader.seen.parts:
            break
    named = " ".join("".join(reader.title).split())
    return reader.seen.page_text(_OF_SITE.split(named)[0])


class VisibleText:
    """Gather the visible text of a file; `repairs` tells where the file differs from it.

    Args:
        page: the file's text.
    """

    def __init__(self, page: str) -> None:
        self.parts: list[str] = []
        self.in_heading = False
        self._headings: list[list[str]] = []
        self._repairs: list[Repair] = []
        self._page = page
        self._length = self._end = 0
        self._gap = ""

    def begin_heading(self) -> None:
        """Begin a heading of the first level; it ends when `in_heading` is set to false."""
        self.in_heading = True
        self._headings.append([])

    def begin_block(self) -> None:
        """Begin a paragraph or the like."""
        self._gap = "\n\n"

    def break_line(self) -> None:
        """Begin a line within a paragraph."""
        if self._gap != "\n\n":
            self._gap = "\n"

    def add(self, text: str, start: int, length: int) -> None:
        """Add what the file has from an offset on; of a reference `text` is what it stands for."""
        if text.isspace():
            self._gap = self._gap or " "
            return
        done = 0
        for words in _WORDS.finditer(text):
            if words.start() > done:
                self._gap = self._gap or " "
            whole = len(text) != length  # a reference, which is replaced as a whole
            begin, end = (0, length) if whole else words.span()
            self._word(words[0], start + begin, start + end)
            done = words.end()
        if done < len(text):
            self._gap = " "

    def page_text(self, title: str) -> PageText:
        """The text; its title is the only heading of the first level, else the one given."""
        headings = [found for parts in self._headings if (found := "".join(parts).strip())]
        if len(headings) == 1:
            title = headings[0]
        return PageText(title, "".join(self.parts), tuple(self._repairs))

    def _word(self, word: str, start: int, end: int) -> None:
        gap = self._gap if self.parts else ""
        if self._page[self._end : start] != gap:
            self._repairs.append(Repair(self._length, self._length + len(gap), self._end, start))
        if end - start != len(word) or not self._page.startswith(word, start):
            at = self._length + len(gap)
            self._repairs.append(Repair(at, at + len(word), start, end))
        self.parts += [gap, word]
        self._length += len(gap) + len(word)
        self._end, self._gap = end, ""
        if self.in_heading:
            self._headings[-1] += [" " if gap else "", word]


class _Reader(HTMLParser):
    """Gather the visible text of an HTML page."""

    def __init__(self, page: str, left_out: frozenset[str]) -> None:
        super().__init__(convert_charrefs=False)
        self.seen = VisibleText(page)
        self.title: list[str] = []
        self._page = page
        self._left_out = left_out
        self._lines = [0, *accumulate(len(line) + 1 for line in page.split("\n"))]
        self._skipped = ""
        self._depth = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped:
            self._depth += tag == self._skipped
            return
        given = dict(attrs)
        unseen = _is_unseen(tag, given.get("class") or "", given.get("style") or "")
        self._in_title = tag == "title"
        if tag not in _VOID and (unseen or tag in self._left_out):
            self._skipped, self._depth = tag, 1
        elif tag == "h1":
            self.seen.begin_heading()
        self._space(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._depth -= tag == self._skipped
            if not self._depth:
                self._skipped = ""
                self._in_title = False
            return
        if tag == "h1":
            self.seen.in_heading = False
        self._space(tag)

    def handle_data(self, data: str) -> None:
        self._add(data, self._offset(), len(data))

    def handle_entityref(self, name: str) -> None:
        self._add_reference()

    def handle_charref(self, name: str) -> None:
        self._add_reference()

    def _add_reference(self) -> None:
        start = self._offset()
        found = _REFERENCE.match(self._page, start)
        written = found[0] if found else "&"
        self._add(unescape(written), start, len(written))

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _space(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.seen.begin_block()
        elif tag == "br":
            self.seen.break_line()

    def _add(self, text: str, start: int, length: int) -> None:
        if not self._skipped:
            self.seen.add(text, start, length)
        elif self._in_title:
            self.title.append(text)
