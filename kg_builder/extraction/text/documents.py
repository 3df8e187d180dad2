"""Read documents of a text source, and decide the topic of each: an artist or a work."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.markdown_pages import is_markdown, markdown_text
from kg_builder.extraction.structured.config import TypeColumn
from kg_builder.extraction.tabular import RowsConfig, read_rows
from kg_builder.extraction.tabular.text_lines import why_no_text
from kg_builder.extraction.text.config import UnstructuredSource
from kg_builder.extraction.text.mentions import (
    ALBUM,
    GROUP,
    GROUP_NOUN,
    PERSON,
    SONG,
    WORK,
    Entity,
    Mention,
    sentence_ends,
)
from kg_builder.extraction.text.names import FUNCTION, TITLE
from kg_builder.extraction.values import without_disambiguator
from kg_builder.extraction.values.text import (
    LONGEST_NAME,
    Repair,
    clean_text,
    fold,
    repaired,
    without_halves,
)
from kg_builder.extraction.web_pages import PageText, decode_page, is_page, page_text
from kg_builder.ontology import Schema
from kg_builder.packed_files import Stream, matching_files, open_binary, without_packing

_LARGEST_PAGE: Final = 16 << 20
"""Bytes of a page to read, most of which may be markup."""

_RUN: Final = re.compile(r"(?<![^\w\s])[^\w\s]{40,}|(?<!\S)\S{1000,}")
"""Runs of marks without a word, and endless words, on which tokenisers take quadratic time."""


@dataclass(frozen=True)
class TextDocument:
    """A text about one topic."""

    id: str
    title: str
    text: str
    place: str
    """Location of the text; a sentence adds its offsets."""

    type: str = ""
    """Class of the topic by a field of the source, if it has one."""

    repairs: tuple[Repair, ...] = ()
    """What is written otherwise in the file, ascending."""

    original: str = ""
    """The text as the file has it, if anything was repaired."""

    def evidence(self, start: int, end: int) -> str:
        """Location of a span of the text in the file, with offsets in code points."""
        return f"{self.place};char={self._in_file(start)},{self._in_file(end, is_end=True)}"

    def _in_file(self, offset: int, *, is_end: bool = False) -> int:
        return _offset_in_file(self.repairs, offset, is_end=is_end)


def _offset_in_file(repairs: Sequence[Repair], offset: int, *, is_end: bool = False) -> int:
    """Convert an offset in a text to that in the file; within a repair, to its bound."""
    at = bisect_right(repairs, offset - is_end, key=lambda item: item.start) - 1
    if at < 0:
        return offset
    repair = repairs[at]
    if offset < repair.end:
        return repair.end_in_file if is_end else repair.start_in_file
    return offset - repair.end + repair.end_in_file


def read_documents(
    source: UnstructuredSource, root: Path, out: Collector | None = None
) -> Iterator[TextDocument]:
    """Read a source's texts in order; unusable ones become rejects of `out`, if given.

    Raises:
        DataError: no such file, a field that occurs in no object, damaged compression.
    """
    if without_packing(source.path.lower()).endswith((".jsonl", ".ndjson")):
        yield from _json_lines(source, root, out)
    elif isinstance(source.topic_type, TypeColumn):
        raise DataError(
            "text files have no fields, in one of which a class could stand",
            where=f"source {source.name!r}",
            remedy="set topic_type to a class, or write the texts as JSON lines",
        )
    else:
        yield from _files(source, root, out)


def _json_lines(
    source: UnstructuredSource, root: Path, out: Collector | None
) -> Iterator[TextDocument]:
    types = None
    columns = [source.id, source.title, source.text]
    if isinstance(source.topic_type, TypeColumn):
        types = source.topic_type
        columns.append(types.column)
    rows = read_rows(
        RowsConfig(path=source.path, format="jsonl"), root, columns=columns, chunk_rows=1000
    )
    for chunk in rows:
        kinds = chunk.columns[types.column] if types else [None] * len(chunk)
        for id_, title, text, kind, number in zip(
            chunk.columns[source.id],
            chunk.columns[source.title],
            chunk.columns[source.text],
            kinds,
            chunk.places,
            strict=True,
        ):
            type_ = types.of(kind if isinstance(kind, str) else "") if types else ""
            if not isinstance(text, str) or not isinstance(title, str):
                rows.refuse("text or title missing", number)
            elif len(text) > source.max_chars:
                rows.refuse("text too long", number, f"{len(text)} characters")
            elif len(title) > LONGEST_NAME:
                rows.refuse("title too long", number, f"{len(title)} characters")
            elif type_ is None:
                rows.refuse("unknown type", number, str(kind or ""))
            else:
                name = id_ if isinstance(id_, str) else str(number)
                yield _document(name, title, text, rows.evidence(number), type_, out)
    if out is not None:
        out.take_rejects(rows.rejects)
        for what, count in rows.counts.items():
            out.counts[f"documents: {what}"] += count


def _files(source: UnstructuredSource, root: Path, out: Collector | None) -> Iterator[TextDocument]:
    for path in matching_files(root, source.path):
        name = path.relative_to(root).as_posix()
        with open_binary(path) as stream:
            content = stream.read(4 * source.max_chars + 4)
            is_binary = bool(why_no_text(content))
            page, original = _text_of_file(path.name, content, stream)
        text, reject = page.text, ("", "")
        if is_binary:
            reject = ("binary content, not text", "")
        elif len(text) > source.max_chars:
            reject = ("text too long", f"more than {source.max_chars} characters")
        elif not text.strip():
            reject = ("text or title missing", "")
        reason, detail = reject
        if out is not None:
            out.counts["documents: rows read"] += 1
            if reason:
                out.reject(reason, name, detail)
            else:
                out.counts["documents: rows used"] += 1
        if not reason:
            stem = without_packing(path.name).rpartition(".")[0]
            title = page.title if 0 < len(page.title) <= LONGEST_NAME else stem.replace("_", " ")
            document = _document(stem, title, text, f"{name}#", "", out)
            if page.repairs:
                repairs = _joined(page.repairs, document.repairs)
                document = replace(document, repairs=repairs, original=original)
            yield document


def _text_of_file(name: str, content: bytes, rest: Stream) -> tuple[PageText, str]:
    """The text of a file, and what the file has if that is a page, most of which may be markup."""
    text = decode_page(content)
    markdown = not is_page(text) and is_markdown(name)
    if not markdown and not is_page(text):
        return PageText("", text, ()), ""
    original = without_halves(decode_page(content + rest.read(_LARGEST_PAGE)))
    if rest.read(1):  # cut: too long for a text
        return PageText("", original, ()), ""
    return markdown_text(original) if markdown else page_text(original), original


def _document(
    name: str, title: str, text: str, place: str, type_: str, out: Collector | None
) -> TextDocument:
    """A document with title and text repaired."""
    text = without_halves(text)
    whole, repairs = repaired(text)
    original = text if repairs else ""
    whole = _without_runs(whole, out)
    return TextDocument(name, clean_text(title), whole, place, type_, repairs, original)


def _joined(first: Sequence[Repair], second: Sequence[Repair]) -> tuple[Repair, ...]:
    """The repairs of a file's text that is repaired twice; the second ones hide others in them."""
    found = [
        Repair(
            start,
            end,
            _offset_in_file(first, start_before),
            _offset_in_file(first, end_before, is_end=True),
        )
        for start, end, start_before, end_before in second
    ]
    for repair in first:
        at = bisect_right(second, repair.start, key=lambda item: item.start_in_file) - 1
        shift = second[at].end - second[at].end_in_file if at >= 0 else 0
        if at < 0 or repair.start >= second[at].end_in_file:
            found.append(repair._replace(start=repair.start + shift, end=repair.end + shift))
    return tuple(sorted(found))


def _without_runs(text: str, out: Collector | None) -> str:
    """Blank out runs of marks, keeping all offsets."""
    blank, runs = _RUN.subn(lambda run: " " * len(run[0]), text)
    if runs and out is not None:
        out.counts["documents: long runs of characters passed over"] += runs
    return blank


def check_titles(source: UnstructuredSource) -> None:
    """Check that title and text are different fields.

    Raises:
        DataError: title and text are the same field.
    """
    if source.title == source.text:
        raise DataError("title and text are the same field", where=f"source {source.name!r}")


_KIND: Final = re.compile(
    rf"\b(?:(?P<album>{ALBUM})|(?P<song>{SONG})|(?P<agent>{GROUP}|{PERSON}))s?\b(?![-'’])"
)
_OPENING_LENGTH: Final = 90
"""Maximum characters after "is" within which a text states its topic's class"""

_NAMED: Final = rf"[“\"‘']?(?P<title>{TITLE}[!?]?)[”\"’']?"
_MADE: Final = (
    "released|recorded|produced|written|composed|issued|put out|published|followed|preceded|"
    "performed|sung"
)
_IS: Final = re.compile(rf"{_NAMED}(?: \([^)]*\))?,? (?:is|was) (?=(?:an?|the|one of)\b)")
_UNTITLED: Final = (
    re.compile(
        rf"(?<!\bby ){_NAMED}"
        rf"(?: (?:was|is) (?:\w+ )?(?:{_MADE})\b|, (?:\w+ )?(?:{_MADE}) (?:by|in|at|on)\b)"
    ),
    _IS,
    re.compile(rf"{_NAMED} (?:runs (?:for|to)|lasts|came out (?:in|on))\b"),
    re.compile(rf"\b(?:{WORK}),? (?:titled |called |entitled |named )?{_NAMED}"),
    re.compile(rf"{_NAMED}, (?:an?|the) (?:[\w'’-]+ ){{0,5}}?(?:{WORK})\b"),
)
"""Ways in which a text names the work that it is about"""

_BY: Final = re.compile(r"(?P<word>[\w'’-]+)[”\"’']?,? by (?:the )?(?:[\w-]+ ){0,4}$")
_MAKING: Final = frozenset({"recorded", "performed", "sung", "made"})
_OWNED: Final = re.compile(
    rf"['’]s? (?:[\w,'’-]+ ){{0,5}}(?:{WORK})s?\b|['’]s? [“\"‘']?(?=[^\W\d_a-z])"
)
_BAND_OF_HIS: Final = re.compile(rf"\b(?:his|her) (?:[\w-]+ ){{0,3}}(?:{GROUP_NOUN})s?,? $")
"""Before a band of the performer's, which is another one: "his band X had broken up"."""
_AFTER_BY: Final = re.compile(r"\bby (?:the )?$")


def topic_type(
    title: str, text: str, *, declared: str, known: Iterable[str], schema: Schema
) -> str:
    """Determine the class of a text's topic.

    Args:
        title: the topic's name.
        text: the text, which may state "X is an album by Y".
        declared: the class of topics in the recipe.
        known: classes under which the title is known from other sources.
        schema: the data model.
    """
    stated = _stated_class(title, text)
    if schema.is_a(declared, "Work"):
        stated = stated or _class_before_title(title, text)
        return stated if stated and schema.is_a(stated, declared) else declared
    if stated:
        return stated
    agents = [name for name in known if schema.is_a(name, "Agent")]
    return schema.most_specific(agents) if agents else "Artist"


def _stated_class(title: str, text: str) -> str:
    """Album or Song, if that is how the text first describes its topic."""
    is_a = _is_a(title).search(text)
    if is_a is None:
        return "Album" if _follows(title).match(text) else ""
    other = _NOT_BUT.match(text, is_a.end())
    return _kind(text, other.end() if other else is_a.end())


def _kind(text: str, start: int) -> str:
    """Album or Song, if the first class noun in the rest of the sentence is one of these."""
    kind = _KIND.search(text, start, start + _OPENING_LENGTH)
    if kind is None or kind["agent"] or "." in text[start : kind.start()]:
        return ""
    return "Album" if kind["album"] else "Song"


def _class_before_title(title: str, text: str) -> str:
    """Album or Song, from the words before the title of a work: "the album Exodus"."""
    before = rf"\b(?:(?P<album>{ALBUM})|(?P<song>{SONG})),? [“\"‘']?(?={re.escape(title)}(?!\w))"
    found = re.search(before, text)
    return "" if found is None else "Album" if found["album"] else "Song"


_NOT_BUT: Final = re.compile(
    r"not (?:an?|the)\b[^.;]{0,60}?\bbut (?:rather |actually )?(?=an?|the)"
)
"""What something is not, before what it is: "is not a band but an album"."""


@lru_cache(maxsize=256)
def _follows(title: str) -> re.Pattern[str]:
    """What only a work does: it follows another one of a year."""
    return re.compile(
        rf"[“\"‘']?{re.escape(title)}[”\"’']? (?:follow(?:s|ed)|precede[sd]?) (?:19|20)\d\d['’]s "
    )


@lru_cache(maxsize=256)
def _is_a(title: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<!\w){re.escape(title)}[”\"’']?(?: \([^)]*\))?(?:,[^,.]{{0,40}},)? (?:is|was) "
        r"(?=(?:not )?an?\b|(?:not )?the\b|one of\b|[^\W\d_a-z][^.]{0,40}['’]s? )"
    )


def work_named(text: str) -> str:
    """The title of the work that a text without a title is about, or '' if there is none.

    >>> work_named("Steely Dan's Aja is a jazz album."), work_named("Steely Dan are a band.")
    ('Aja', '')
    """
    named = [
        (found.start("title"), FUNCTION.sub("", found["title"]))
        for pattern in _UNTITLED
        for found in pattern.finditer(text)
        if pattern is not _IS or _kind(text, found.end())
    ]
    titles = (re.split(r"['’]s? ", title)[-1].partition(" with ")[0] for _, title in sorted(named))
    return next((title for title in titles if len(title) > 1), "")


def performer_of(
    topic: Entity, text: str, mentions: Sequence[Mention], schema: Schema
) -> Entity | None:
    """The most likely performer of the work that a text is about.

    The artist after "by" or before "'s album"; else the first one mentioned.
    """
    named = [
        item
        for item in mentions
        if item.entity is not None
        and item.entity is not topic
        and (item.type == "Name" or schema.is_a(item.type, "Agent"))
        and item.type != "RecordLabel"
    ]
    ends = {item.end for item in topic.mentions}
    for item in named:
        before = text[max(0, item.start - 80) : item.start]
        if _BAND_OF_HIS.search(before):
            continue
        if by := _BY.search(before):
            begun = item.start - len(before) + by.end("word")
            work = re.fullmatch(rf"(?:{WORK})s?", by["word"], re.IGNORECASE)
            if work or by["word"] in _MAKING or not ends.isdisjoint((begun, begun - 1)):
                return item.entity
        elif _OWNED.match(text, item.end):
            return item.entity
    artists = [
        item
        for item in named
        if item.type not in {"Name", "Person"}
        and not _BAND_OF_HIS.search(text, max(0, item.start - 80), item.start)
    ]
    return artists[0].entity if artists else None


def is_of_performer(text: str, start: int, end: int) -> bool:
    """Whether the name of a work denotes its performer here: "Portishead by Portishead"."""
    if _AFTER_BY.search(text, max(0, start - 10), start):
        return True
    return bool(re.match(rf"['’]s? (?:[\w,-]+ ){{0,4}}(?:{WORK})\b", text[end : end + 60]))


_WORD: Final = r"[^\W\d_a-zß-öø-ÿ](?:[\w'’-]|\.(?=\w))*\.?"
_NICKNAME: Final = r"(?: [“\"‘'(][^”\"’')]{2,25}[”\"’')])?"
_OPENING: Final = re.compile(
    rf"\s*((?:{_WORD}{_NICKNAME} (?:(?:de|da|do|la|van|von|der|al|bin) )?){{1,4}}{_WORD})"
    r"(?=,? \(|,? (?:was|is|were|are)\b|,? (?:better |best |also |professionally |mostly )?known|"
    r", born\b|, [A-Z]{2,4}\b)"
)
_BORN_AS: Final = re.compile(
    rf"(?:\(|, |\b)(?:[Bb]orn|né|née|(?:real|birth|full) name(?: is| was|:)?) "
    rf"((?:{_WORD} ){{1,4}}{_WORD})(?=[),.;]| (?:on|in)\b)"
)
_KNOWN_AS: Final = re.compile(
    rf"((?:{_WORD}{_NICKNAME} ){{1,4}}{_WORD}),? (?:(?:who )?(?:is|was) )?(?:\w+ )?known "
    r"(?:\w+ )?(?:as|by (?:his|her|the|their) (?:\w+ )?name(?: of)?) [“\"]?$"
)
_NEAR: Final = 40
_LONGEST_NAME: Final = 120


def topic_spans(text: str, title: str) -> Iterator[tuple[int, int]]:
    """Yield the spans at which a text names its topic; they may overlap.

    Besides the title itself: the title in other capitals or with other punctuation ("Jay Z" for
    "Jay-Z"); in the first sentence, the full name ("Bennett Lester Carter" at its beginning, in a
    text about Benny Carter; "Robert Allen Zimmerman, known as" the title); and the birth name
    right after the title, or before it: "Born Robert Allen Zimmerman in Duluth, ...".

    >>> text = "Jay Z (born Shawn Carter) raps."
    >>> [text[start:end] for start, end in topic_spans(text, "Jay-Z")]
    ['Jay Z', 'Shawn Carter']
    """
    named = [
        match.span()
        for match in _spelled(title).finditer(text)
        if match[0] == title or match[0][0].isupper()
    ]
    plain, first = without_disambiguator(title), next(iter(sentence_ends(text)), len(text))
    opening = _OPENING.match(text)
    if opening and _is_full(opening[1].split(), plain.split()):
        named.append(opening.span(1))
    if longer := _with_middle_names(plain):
        named += [match.span() for match in longer.finditer(text, 0, first)]
    for start, _ in named[:1]:
        if known := _KNOWN_AS.search(text, max(0, start - _LONGEST_NAME), min(start, first)):
            named.append(known.span(1))
    yield from named
    for match in _BORN_AS.finditer(text):
        follows = any(end <= match.start() < end + _NEAR for _, end in named)
        if follows or (match.start() == 0 and any(start < first for start, _ in named)):
            yield match.span(1)


def _with_middle_names(title: str) -> re.Pattern[str] | None:
    """Pattern of a person's name with more names between its first and last one."""
    words = title.split()
    if len(words) < 2 or fold(words[0]) == "the":
        return None
    given, last = re.escape(words[0]), re.escape(words[-1])
    return re.compile(rf"(?<!\w){given}(?: {_WORD}){{1,3}} {last}(?!\w)")


def _is_full(name: list[str], title: list[str]) -> bool:
    """Whether a person's name is a longer form of the title: the same last (or only) name."""
    if title and fold(title[0]) == "the":
        return False
    if len(title) == 1:
        return len(name) > 1 and name[0] == title[0]
    return bool(title) and name[-1] == title[-1]


def _spelled(title: str) -> re.Pattern[str]:
    """Pattern of the title in any capitalisation and punctuation."""
    forms = [re.escape(title)]
    words = re.findall(r"\w+", title)
    if len("".join(words)) > 2:
        loose = r"[-.&'’/\s]{0,2}".join(map(re.escape, words))
        forms.append(f"(?i:{loose})")
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)")
