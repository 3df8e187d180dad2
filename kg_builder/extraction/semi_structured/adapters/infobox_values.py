"""Split a wikitext infobox field into values, each with text, linked article and trailing note."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from typing import Any, Final

import mwparserfromhell
from mwparserfromhell.nodes import ExternalLink, HTMLEntity, Tag, Template, Text, Wikilink

from kg_builder.extraction.text import lexicon
from kg_builder.extraction.values import clean_text, dated_award, parse_date, parse_period
from kg_builder.extraction.values.text import bracket_turns

_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_LISTS: Final = frozenset(
    {
        "hlist",
        "flatlist",
        "plainlist",
        "plain list",
        "ubl",
        "unbulleted list",
        "cslist",
        "comma separated entries",
        "unbulleted",
        "bulleted list",
        "collapsible list",
        "düz liste",
        "yatay liste",
        "flatliste",
        "قائمة أفقية",
        "قائمة بدون نقط",
        "liste à puces",
        "lista",
        "csv",
    }
)
_WRAPPERS: Final = frozenset(
    {
        "nowrap",
        "nobr",
        "nobreak",
        "small",
        "smaller",
        "big",
        "nobold",
        "noitalics",
        "longitem",
        "nowraplinks",
        "no wrap",
        "resize",
        "italics",
        "bold",
        "abbr",
        "tooltip",
        "transl",
        "awrap",
        "nihongo",
        "nihongo2",
        "korean",
    }
)
_LANGUAGE: Final = frozenset(
    {"lang", "langx", "lang-ja", "lang-de", "lang-fr", "lang-ru", "lang-is"}
)
_DATES: Final = frozenset(
    {
        "start date",
        "start date and age",
        "end date",
        "birth date",
        "birth date and age",
        "bda",
        "birth-date",
        "birth-date and age",
        "death date",
        "death date and age",
        "death-date",
        "death-date and age",
        "dda",
        "film date",
        "birth year and age",
        "death year and age",
        "birth date and age2",
        "birth year",
        "death year",
        "start-date",
        "end-date",
        "bya",
    }
)
_DROPPED: Final = frozenset({"ref", "references", "gallery", "score", "math", "sup"})
_DATE_IN: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{4}-\d{2}\b"
    r"|\d{4}\s*[年년](?:\s*\d{1,2}\s*[月월](?:\s*\d{1,2}\s*[日일])?)?"
    r"|(?:\d{1,2}(?:er|[.º])?\s+(?:de\s+|d['’])?)?[^\W\d_]{3,12}\.?(?:\s+\d{1,2},|\s+de|\s+del)?\s+\d{4}"
    r"|\b\d{1,2}\.\s?\d{1,2}\.\s?\d{4}"
    r"|(?<!\d)\d{4}(?!\d)"
)
_BREAK: Final = "\n"
_SPLIT: Final = re.compile(r"[\n•·]|(?<=\s)/(?=\s)")
_COMMA: Final = re.compile(r"[,;،、](?!\d{3}\b)\s*")
_CONJUNCTION: Final = r"(?:and|&|und|et|y|e|og|och|en|ve|и)\s+"
BETWEEN_PLACES: Final = re.compile(rf"\s*[,;،、]\s*(?:{_CONJUNCTION})?|\s+{_CONJUNCTION}")
_STUDIO: Final = re.compile(
    r"(?:studios?|estúdios?|stúdíó|stüdyosu|студи[яи])\b|スタジオ|\b(?:château|théâtre)\b|"
    r"\b(?:sound|record(?:ers|ing|ings)|room|house|hall|theat(?:er|re)|auditorium|ballroom|arena|"
    r"stadium|garden|club|centre|center|church|chapel|cathedral|castle|manor|mansion|barn|farm|"
    r"ranch|mill|factory|works|plant|lab|laboratory|basement|garage|loft|lodge)s?$",
    re.IGNORECASE,
)
"""A name of a studio or venue."""

_NOTE: Final = re.compile(r"\s*\([^()]*\)\s*$")
_COUNTRY: Final = re.compile(r"^\([A-Z]{2,3}\)\s+(?=\S)")
_ELSEWHERE: Final = re.compile(
    r"^(?:see|siehe|voir|ver|zie|vedi|se|см\.|zob\.)\s.*(?:\b(?:section|below|above|members?|list|article|"
    r"page|discography|unten|abschnitt|liste|mitglieder|membres|sección|miembros|seção|integrantes)\b"
    r"|ниже|состав)",
    re.IGNORECASE,
)


def refers_elsewhere(text: str) -> bool:
    """Whether a value only points to another part of the article.

    >>> refers_elsewhere("See members section"), refers_elsewhere("See You")
    (True, False)
    """
    return len(text) < _LONGEST and _ELSEWHERE.match(text) is not None


_LONGEST: Final = 100


@dataclass(frozen=True)
class Item:
    """A value: its text, the linked article (if any), and a trailing note."""

    text: str
    target: str = ""
    note: str = ""


Details = dict[str, list[str]]
"""Predicate → values of a membership or an honour."""


def member(text: str, note: str = "") -> tuple[str, list[Details]]:
    """A member's name, and details by period: "Cy Roe – drums (1990–1995, 2003–present)".

    >>> member("Cy Roe – drums, vocals", "1990–1995; former")
    ('Cy Roe', [{'role': ['drums', 'vocals'], 'beginDate': ['1990'], 'endDate': ['1995']}])
    >>> member("Jay-Z", "1982")
    ('Jay-Z', [{'beginDate': ['1982'], 'endDate': ['1982']}])
    """
    name, *played = _DASH.split(text, maxsplit=1)
    periods: list[Details] = []
    roles: list[str] = []
    for part in _AND.split(", ".join([*played, note])):
        begin, end = parse_period(_NARROW.sub("–", part.strip()))
        if begin is not None:
            last = end if end or _RANGE.search(part) else begin  # "(1982)": in that year
            periods.append({"beginDate": [begin.text], "endDate": [last.text] if last else []})
        elif is_part_played(part):
            roles.append(part.strip())
    found = [{"role": roles, **period} if roles else period for period in periods or [{}]]
    kept = [{name: values for name, values in details.items() if values} for details in found]
    return name.strip() or text, [details for details in kept if details]


def _members(values: Iterable[Item]) -> Iterator[Item]:
    """Members of a list in which what one plays may be divided by commas as well.

    >>> list(_members([Item("Ann – bass"), Item("vocals", note="1990")]))
    [Item(text='Ann – bass', target='', note='vocals; 1990')]
    """
    last: Item | None = None
    for item in values:
        if last is not None and not item.target and is_part_played(item.text):
            note = "; ".join(filter(None, (last.note, item.text, item.note)))
            last = replace(last, note=note)
            continue
        if last is not None:
            yield last
        last = item
    if last is not None:
        yield last


def described(predicate: str, values: Iterable[Item]) -> Iterator[tuple[Item, list[Details]]]:
    """The values of a predicate, and the details of each as a membership or honour.

    >>> list(described("award", [Item("Mercury Prize", note="1992, 1993")]))[0][1]
    [{'eventDate': ['1992']}, {'eventDate': ['1993']}]
    """
    if predicate == "hasMember":
        for item in _members(values):
            name, details = member(item.text, item.note)
            yield replace(item, text=name), details
        return
    for item in values:
        if predicate == "memberOf":
            yield item, member(item.text, item.note)[1]
        elif predicate == "award":
            name, years = dated_award(item.text) if not item.note else (item.text, [])
            given = [{"eventDate": [year]} for year in years]
            yield replace(item, text=name), given or _years(item.note)
        else:
            yield item, []


def _years(note: str) -> list[Details]:
    dates = [part.strip() for part in _AND.split(note) if parse_date(part.strip()) is not None]
    return [{"eventDate": [date]} for date in dates]


def is_part_played(text: str) -> bool:
    """Whether a text is an instrument or role rather than a name.

    >>> is_part_played("lead guitar"), is_part_played("Drums"), is_part_played("Ann Bass")
    (True, True, False)
    """
    text, known = text.strip(), lexicon.instruments()
    word = text.casefold()
    is_kind = text[:1].islower() and word.rpartition(" ")[2] in known
    return word in known or word in lexicon.roles() or is_kind


_DASH: Final = re.compile(r"\s+[–—-]\s+")
_NARROW: Final = re.compile(r"\s*[–—−]\s*")
_RANGE: Final = re.compile(r"[–—−-]|since", re.IGNORECASE)
_AND: Final = re.compile(r"[,;/&،、]|\band\b")


@dataclass(frozen=True)
class Part:
    """A part of a line: its text, the linked article (if any), and the separator before it."""

    text: str
    target: str = ""
    before: str = ""


def single_places(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Group the parts of a line by the place that they tell of: a studio or venue and its city.

    >>> cut = [Part("Ann Sound"), Part("Bo Way", before=", "), Part("Cy Studios", before=" and ")]
    >>> cut.append(Part("London", before=", "))
    >>> [" in ".join(part.text for part in place) for place in single_places(cut)]
    ['Ann Sound', 'Bo Way', 'Cy Studios in London']
    """
    place: list[Part] = []
    for at, part in enumerate(parts):
        if place and _is_own_place(parts, at):
            yield place
            place = []
        place.append(part)
    if place:
        yield place


def _is_own_place(parts: Sequence[Part], at: int) -> bool:
    """Whether a part names another place than the parts before it, not the city of theirs."""
    part, earlier = parts[at], parts[at - 1]
    if ";" in part.before or earlier.text.rstrip().endswith(")"):
        return True
    if part.target and any(item.target for item in parts[:at]):
        return True
    is_studio, words = _STUDIO.search(part.text) is not None, " " in part.text.strip()
    conjunction = part.before.strip(" ,،、")
    if not conjunction:
        return is_studio or (words and _goes_on_with_studio(parts[at + 1 :]))
    if any(" " in item.text.strip() and _STUDIO.search(item.text) for item in parts[:at]):
        return True
    # "Black and White Studio" and "Sound & Vision Studios" are each one name
    return is_studio and words and " " in earlier.text.strip() and conjunction != "&"


def _goes_on_with_studio(parts: Sequence[Part]) -> bool:
    """Whether a list of places goes on, up to a semicolon, with a name of a studio."""
    same = takewhile(lambda part: ";" not in part.before, parts)
    return any(_STUDIO.search(part.text) for part in same)


def items(value: Any, *, commas: bool, places: bool = False) -> list[Item]:
    """The distinct values of a field, in order.

    Args:
        value: wikicode of the field.
        commas: whether commas separate values if there is no list markup.
        places: whether the values are places, which may be followed by their cities.
    """
    pieces = list(_flatten(value))
    parted: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.target:
            parted[-1].append(piece)
            continue
        for index, part in enumerate(_SPLIT.split(piece.text)):
            if index:
                parted.append([])
            if part:
                parted[-1].append(Piece(part))
    groups = [group for group in parted if any(piece.text.strip(" *#:") for piece in group)]
    found: dict[str, Item] = {}
    for group in groups:
        if places:
            listed = _places_of(group)
        else:
            listed = _items_of(group, commas=_names_several(group) or (commas and len(groups) == 1))
        for item in listed:
            found.setdefault(item.text.casefold(), item)
    return list(found.values())


def plain(value: Any) -> str:
    """Render a field as one line of text."""
    return clean_text(" ".join(piece.text for piece in _flatten(value)).replace(_BREAK, " "))


@dataclass(frozen=True)
class Piece:
    """A piece of a field's text, with the linked article."""

    text: str
    target: str = ""


def _flatten(value: Any) -> Iterator[Piece]:
    for node in value.nodes if hasattr(value, "nodes") else []:
        if isinstance(node, Text):
            yield Piece(str(node.value))
        elif isinstance(node, HTMLEntity):
            yield Piece(node.normalize() or " ")
        elif isinstance(node, Wikilink):
            title = str(node.title).strip()
            if title.casefold().startswith(("file:", "image:", "category:")):
                continue
            text = plain(node.text) if node.text else title.partition("#")[0]
            yield Piece(text or title, title.partition("#")[0].lstrip(":"))
        elif isinstance(node, ExternalLink):
            yield Piece(plain(node.title) if node.title else str(node.url))
        elif isinstance(node, Tag):
            yield from _tag(node)
        elif isinstance(node, Template):
            yield from _template(node)


def _tag(node: Tag) -> Iterator[Piece]:
    name = str(node.tag).strip().lower()
    if name in _DROPPED:
        return
    if name in {"br", "li", "dd", "dt", "p", "div", "tr"}:
        yield Piece(_BREAK)
    if node.contents is not None:
        yield from _flatten(node.contents)


def _template(node: Template) -> Iterator[Piece]:
    name = str(node.name).strip().casefold().replace("_", " ")
    positional = [item.value for item in node.params if not item.showkey]
    if name in _LISTS:
        for part in positional:
            yield Piece(_BREAK)
            yield from _flatten(part)
        yield Piece(_BREAK)
    elif name in _DATES:
        yield Piece(_date(name, positional))
    elif name in {"circa", "c.", "ca"} and positional:
        yield Piece(f"c. {plain(positional[0])}")
    elif name in {"duration", "dur"}:
        parts = {str(item.name).strip(): plain(item.value) for item in node.params}
        hours = parts.get("h") or "0"
        yield Piece(f"{hours}:{parts.get('m') or '0':0>2}:{parts.get('s') or '0':0>2}")
    elif name in {"url", "official website", "official url"} and positional:
        yield Piece(plain(positional[0]))
    elif name in _LANGUAGE and positional:
        yield from _flatten(
            positional[-1] if name != "lang" else positional[min(1, len(positional) - 1)]
        )
    elif name in _WRAPPERS and positional:
        yield from _flatten(positional[0])
    elif name in {"ill", "interlanguage link"} and positional:
        yield Piece(plain(positional[0]))
    elif name in {"·", "•", "dot", "bullet", "clear", "break", "br", "crlf"}:
        yield Piece(_BREAK)
    elif name in {"spaced ndash", "snd", "ndash", "spnd", "endash", "en dash"}:
        yield Piece("–")
    elif name in {"flag", "bayrak"} and positional:
        yield Piece(plain(positional[0]))
    elif date := _numbers_of_date(positional):
        yield Piece(date)


def _date(name: str, positional: list[Any]) -> str:
    """The date of a date template: its leading numbers."""
    numbers: list[str] = []
    for part in positional:
        text = plain(part)
        if not _NUMBER.fullmatch(text):
            if not numbers and text:
                return text
            break
        numbers.append(text)
    if "year" in name or name == "bya":
        numbers = numbers[:1]
    numbers = [number for number in numbers[:3] if int(number)]
    return "-".join([number.zfill(2) for number in numbers])


def _numbers_of_date(positional: list[Any]) -> str:
    """The date in a template of any edition's name: {{ДН|21|11|1965}}, {{Doğum tarihi|1965|11|21}}.

    '' if its first values are no year, month and day, in this order or from the day on.
    """
    texts = [plain(part) for part in positional[:3]]
    if len(texts) < 3 or not all(map(_NUMBER.fullmatch, texts)):
        return ""
    one, month, other = map(int, texts)
    year, day = (one, other) if one > _DAYS else (other, one)
    if not (_EARLIEST <= year <= _LATEST and 0 <= month <= 12 and 0 <= day <= _DAYS):
        return ""
    parts = [f"{year:04}", *([f"{month:02}", *([f"{day:02}"] if day else [])] if month else [])]
    return "-".join(parts)


_DAYS: Final = 31
_EARLIEST: Final = 1000
_LATEST: Final = 2200


_MONTHS: Final = re.compile(
    r"\b([^\W\d_]{3,12})\s*[–—-]\s*[^\W\d_]{3,12}((?:\s+(?:de|of))?\s+\d{4})\b"
)
"""A recording from May to June 2004 is dated by its beginning."""


def date_in(text: str) -> str:
    """The first date in a text, in any language; the text if there is none.

    >>> date_in("born 12 mai 1997 in Oslo"), date_in("около 1990 года")
    ('12 mai 1997', '1990')
    """
    text = _MONTHS.sub(r"\1\2", text)
    if parse_date(text) is not None:
        return text
    for found in _DATE_IN.finditer(text):
        year = re.search(r"\d{4}", found[0])
        for part in (found[0], year[0] if year else ""):
            if parse_date(part) is not None:
                return part
    return text


def _names_several(group: list[Piece]) -> bool:
    """Whether a line has several links outside brackets."""
    return sum(bool(piece.target) and not inside for piece, inside in _with_brackets(group)) > 1


def _with_brackets(group: list[Piece]) -> Iterator[tuple[Piece, bool]]:
    """The pieces of a line, cut at brackets: (piece, whether it is within a pair of them)."""
    turns = bracket_turns("".join(piece.text for piece in group))
    at = 0
    for piece in group:
        end = at + len(piece.text)
        cuts = [at, *turns[bisect_right(turns, at) : bisect_left(turns, end)], end]
        for start, stop in pairwise(cuts):
            inside = bisect_right(turns, start) % 2 == 1
            yield Piece(piece.text[start - at : stop - at], piece.target), inside
        at = end


def _items_of(group: list[Piece], *, commas: bool) -> Iterator[Item]:
    """Split a line into values at commas outside links and brackets."""
    for part in _cut(group, _COMMA if commas else None):
        yield from _item(part.text, part.target)


def _places_of(group: list[Piece]) -> Iterator[Item]:
    """Split a line into places."""
    parts = [part for part in _cut(group, BETWEEN_PLACES) if part.text.strip()]
    for first, *more in single_places(parts):
        text = first.text + "".join(part.before + part.text for part in more)
        yield from _item(text, first.target)


def _cut(group: list[Piece], separator: re.Pattern[str] | None) -> Iterator[Part]:
    """Cut a line at the separators outside links and brackets."""
    text, target, before = "", "", ""
    for piece, inside in _with_brackets(group):
        if piece.target or inside:
            text += piece.text
            target = target or ("" if inside else piece.target)
            continue
        at = 0
        for found in separator.finditer(piece.text) if separator else ():
            yield Part(text + piece.text[at : found.start()], target, before)
            text, target, before, at = "", "", found[0], found.end()
        text += piece.text[at:]
    yield Part(text, target, before)


def _item(text: str, target: str) -> Iterator[Item]:
    text = clean_text(text).strip(" *#:•·-–—|'\"").strip()
    text = _COUNTRY.sub("", text)
    found = _NOTE.search(text)
    note = found[0].strip(" ()") if found else ""
    if found:
        text = text[: found.start()].strip()
    if text:
        yield Item(text, target, note)


def parse(text: str) -> Any:
    """Parse an article's wikitext."""
    return mwparserfromhell.parse(text, skip_style_tags=True)


def without_comments(text: str) -> str:
    """Remove comments from wikitext, as MediaWiki does.

    An unclosed comment extends to the end of the text.
    """
    kept = []
    at = 0
    while (start := text.find("<!--", at)) >= 0:
        kept.append(text[at:start])
        end = text.find("-->", start + 4)
        at = len(text) if end < 0 else end + 3
    return "".join([*kept, text[at:]])


_MARKUP: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})\b([^<>]{0,2000})>|\{\||\|\}(?!\})")
_SINGLE: Final = frozenset({"br", "hr", "wbr", "li", "dt", "dd", "img", "th", "td", "tr"})
_DEEP: Final = 20
"""Maximum nesting of a tag in itself, near the parser's own limit."""


def without_unclosed(text: str) -> str:
    """Remove opening tags and table starts that are never closed.

    The parser rescans the text after each of them, which takes quadratic time; they have no effect.
    This is a single pass in linear time.
    """
    opened: dict[str, list[int]] = {}
    marks = list(_MARKUP.finditer(text))
    closed: set[int] = set()
    for number, mark in enumerate(marks):
        name = mark[2].lower() if mark[2] else "{|"
        begins = opened.setdefault(name, [])
        if mark[0] == "|}" or mark[1]:
            if begins:
                begin = begins.pop()
                if len(begins) < _DEEP:
                    closed.update((begin, number))
        elif name in _SINGLE or (mark[3] or "").endswith("/"):
            closed.add(number)
        else:
            begins.append(number)
    kept, at = [], 0
    for number, mark in enumerate(marks):
        if number not in closed and mark[0] != "|}":
            kept.append(text[at : mark.start()])
            at = mark.end()
    return "".join([*kept, text[at:]])
