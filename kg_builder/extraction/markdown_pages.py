"""Read the visible text of Markdown files, with the place of each part of it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import accumulate
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from kg_builder.extraction.web_pages import PageText, VisibleText
from kg_builder.packed_files import without_packing

_ENDINGS: Final = (".md", ".markdown")
_FRONT: Final = re.compile(
    r"\A\ufeff?---[ \t]*\r?\n(?:.*?\n)?(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)", re.DOTALL
)
"""Metadata before the text, in YAML (Jekyll, Hugo, Obsidian)."""

_TITLE: Final = re.compile(r"^title:[ \t]*([\"']?)(.+?)\1[ \t]*\r?$", re.MULTILINE)
_LINE: Final = re.compile(r"\r\n?|\n")
_NOTE: Final = re.compile(r"\[\^[^\]\s]+\]")
_TAG: Final = re.compile(r"<!--.*?(?:-->|\Z)|<[^>]*>", re.DOTALL)
_BREAK: Final = re.compile(r"</?(?:br|d[dtl]|div|h\d|li|[ou]l|p|t[dhr]|table)\b", re.IGNORECASE)
_AT: Final = "at"
"""Key of a token's offset in its block."""

_Part = tuple[str, int, int]
"""Visible text with its offset and length in a block; "\\n" begins a line."""


def is_markdown(name: str) -> bool:
    """Whether a file is Markdown, by its ending."""
    return without_packing(name.lower()).endswith(_ENDINGS)


def markdown_text(page: str) -> PageText:
    r"""Extract the visible text of Markdown (CommonMark, tables, footnotes), and its places.

    The title is the only heading of the first level, else that of the front matter.

    >>> markdown_text("# Blur\n**Blur** are an [English](https://x.org)\nband.").text
    'Blur\n\nBlur are an English band.'
    """
    front = _FRONT.match(page)
    begin = front.end() if front else 0
    named = _TITLE.search(page, 0, begin)
    starts = [begin, *(found.end() for found in _LINE.finditer(page, begin)), len(page)]
    seen = VisibleText(page)
    position = 0  # end of what was read; a row of a table has several blocks
    for token in _parser().parse(page[begin:]):
        if token.type == "heading_open" and token.tag == "h1":
            seen.begin_heading()
        elif token.type == "heading_close":
            seen.in_heading = False
        if not token.content or not token.map:
            seen.begin_block()
            continue
        lines = token.content.split("\n")
        places = []
        for number, line in enumerate(lines, token.map[0] + (token.type == "fence")):
            end = starts[min(number + 1, len(starts) - 1)]
            found = page.find(
                line.strip(), max(position, starts[min(number, len(starts) - 1)]), end
            )
            places.append(found - (len(line) - len(line.lstrip())) if found >= 0 else None)
            position = max(position, found + len(line.strip()))
        _add_block(seen, token, lines, places)
    return seen.page_text(named[2] if named else "")


def _add_block(seen: VisibleText, token: Token, lines: list[str], places: list[int | None]) -> None:
    """Add a block, whose lines begin at places of the file, if known."""
    begins = [0, *accumulate(len(line) + 1 for line in lines)]
    for text, start, length in _parts(token, begins):
        if text == "\n":
            seen.break_line()
            continue
        at = bisect_right(begins, start) - 1
        place = places[at]
        if place is not None:
            seen.add(text, place + start - begins[at], length)


def _parts(token: Token, begins: list[int]) -> Iterator[_Part]:
    if token.type == "inline":
        note = _NOTE.match(token.content)
        if not (note and token.content.startswith(":", note.end())):
            yield from _of_inline(token.children or ())
    elif token.type == "html_block":
        yield "\n", 0, 1
        yield from _of_html(token.content)
    else:  # code
        for line, begin in zip(token.content.split("\n"), begins, strict=False):
            yield "\n", begin, 1
            yield line, begin, len(line)


def _of_inline(tokens: Iterable[Token]) -> Iterator[_Part]:
    for token in tokens:
        at = token.meta.get(_AT, 0)
        if token.type == "text":
            yield token.content, at, len(token.content)
        elif token.type == "code_inline":
            yield token.content, at + len(token.markup), len(token.content)
        elif token.type == "text_special":  # a reference or an escaped sign
            yield token.content, at, len(token.markup)
        elif token.type == "softbreak":
            yield " ", at, 1
        elif token.type == "hardbreak" or _BREAK.match(token.content):
            yield "\n", at, 1


def _of_html(content: str) -> Iterator[_Part]:
    done = 0
    for tag in [*_TAG.finditer(content), None]:
        end = tag.start() if tag else len(content)
        for number, line in enumerate(content[done:end].split("\n")):
            if number:
                yield " ", done, 1
            yield line, done, len(line)
            done += len(line) + 1
        if tag:
            if _BREAK.match(tag[0]):
                yield "\n", end, 1
            done = tag.end()


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.inline = _PlacedInline()
    parser.configure("commonmark").enable(["table", "strikethrough", "note"])
    # Joined tokens would have the place of only one of them.
    return parser.disable(["fragments_join", "text_join"])


class _PlacedInline(ParserInline):
    """Parser of what is in a line, which adds the offset of each token."""

    def __init__(self) -> None:
        super().__init__()
        self.ruler.before("link", "note", _note)
        for rule in self.ruler.__rules__:
            rule.fn = _placed(rule.fn)

    def tokenize(self, state: StateInline) -> None:
        count = len(state.tokens)
        super().tokenize(state)
        if len(state.tokens) > count and _AT not in state.tokens[-1].meta:
            last = state.tokens[-1]
            last.meta[_AT] = state.pos - len(last.content)


def _note(state: StateInline, silent: bool) -> bool:
    """Pass over the mark of a footnote."""
    note = _NOTE.match(state.src, state.pos, state.posMax)
    if note:
        if state.pending and not silent:
            state.pushPending()
        state.pos = note.end()
    return note is not None


def _placed(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """A rule that adds the offsets of its tokens; the first one may be text before it."""

    def placed(state: StateInline, silent: bool) -> bool:
        start, count, before = state.pos, len(state.tokens), len(state.pending)
        if not rule(state, silent):
            return False
        at = start - before if len(state.tokens) > count else start
        for token in state.tokens[count:]:
            if _AT not in token.meta:
                token.meta[_AT] = at
                at = start if at < start else at + len(token.content)
        return True

    return placed
