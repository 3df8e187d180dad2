"""Sample delimited text, guessing its layout: separator, heading, lines to skip."""

from __future__ import annotations

import csv
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any, Final

from kg_builder.errors import DataError
from kg_builder.extraction.tabular.config import layout_by_name
from kg_builder.extraction.tabular.nested_json import decoded
from kg_builder.extraction.tabular.text_lines import why_no_text
from kg_builder.extraction.values import parse_date
from kg_builder.extraction.values.numbers import DecimalSign, parse_number
from kg_builder.packed_files import without_packing
from kg_builder.schema_inference.columns import CODE, mostly
from kg_builder.schema_inference.samples import ENCODINGS, ROWS, Sample, is_number
from kg_builder.schema_inference.words import MEANING, plain_words

_LONGEST_PREAMBLE: Final = 20
_FEW: Final = 20
"""One row in so many may be broken; if more are short, rows may be."""

_SENTENCE: Final = 8
"""Least words of a paragraph of prose."""

_ONLY_SENTENCE: Final = 4
"""Least words of the only line of a text."""

_SENTENCE_END: Final = re.compile(r"""[.!?…]["'”’»)\]*_]*\s""")
_NEARLY_ALL: Final = 0.9
_HEADING: Final = re.compile(r"^(?:#{1,6} .*|[=~-]{3,}) *\n", re.MULTILINE)
"""Of Markdown; of reStructuredText the line below."""

_FRONT: Final = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
"""Metadata above Markdown."""

_SLASHED: Final = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(?:\d{4}|\d{2})(?![\d/.-])")
_MANY: Final = 0.5

_WIDE: Final = frozenset({b"\xff\xfe", b"\xfe\xff"})
"""First bytes of texts in UTF-16."""

_SEPARATORS: Final = ("\t", "<SEP>", "::", ";", "|", ",")


def text_layout(path: str, head: bytes, *, whole: bool) -> dict[str, Any] | None:
    """Guess the recipe keys of a text's layout; `None` if it has no rows.

    Args:
        path: the file, for messages and known names.
        head: its first bytes.
        whole: whether these are all.

    Raises:
        DataError: it is no text.
    """
    wide = head[:2] in _WIDE
    if remedy := why_no_text(head):
        raise DataError("neither text nor a format that is known", where=path, remedy=remedy)
    lines = decoded(head, ("utf-16",) if wide else ENCODINGS).splitlines()[: ROWS + 1]
    lines = lines if whole else lines[:-1]
    if not any(map(str.strip, lines)):
        return None
    filled = [line for line in lines if line.strip()]
    separator = _separator([line for line in filled if not line.startswith("#")] or filled)
    default = layout_by_name(path)
    layout: dict[str, Any] = {}
    if default not in {"csv", "tsv", "dat"} or Path(path).suffix not in {".csv", ".tsv", ".dat"}:
        layout["format"] = default = "tsv" if separator == "\t" else "csv"
    if separator != ("," if default == "csv" else "\t"):
        layout["separator"] = separator
    if default != "csv" and any(f'"{separator}"' in line for line in lines):
        layout["quote"] = '"'
    if skip := _preamble(lines, separator):
        layout["skip_rows"] = skip
    rows = _cells([line for line in lines[skip:] if line.strip()][:200], separator)
    if len(rows) > 1 and all(row[-1] == "" for row in rows[1:]):  # a separator ends each line
        width = len(rows[1])
        rows = [row[:-1] if len(row) == width else row for row in rows]
    width = max(map(len, rows))
    short = sum(len(row) < width for row in rows)
    if short * _FEW > len(rows) and (_known_names(path, width) or len(rows[0]) == width):
        layout["short_rows"] = True
        rows = [row + [""] * (width - len(row)) for row in rows]
    names = _known_names(path, len(rows[0]))
    levels = 1 if names else _heading_rows(rows)
    if levels > 1:
        layout["header_rows"] = levels
        return layout
    if names or not _has_heading(rows):
        layout["header"] = False
        layout["names"] = names or [f"column{n}" for n in range(1, len(rows[0]) + 1)]
    return layout


def lines_with_zeros(head: bytes) -> list[int]:
    """The lines with zero bytes in the beginning of a text, which a build rejects."""
    if head[:2] in _WIDE:
        return []
    return [n for n, line in enumerate(head.split(b"\n"), start=1) if b"\0" in line]


def is_text(head: bytes) -> bool:
    """Whether the beginning of a file is text with letters in it."""
    return not why_no_text(head) and any(map(str.isalpha, decoded(head, ENCODINGS)))


def is_prose(head: bytes, *, whole: bool) -> bool:
    """Whether the beginning of a file is sentences in paragraphs, not rows of a table.

    Args:
        head: the first bytes.
        whole: whether these are all.
    """
    if b"\0" in head or why_no_text(head):
        return False
    text = "\n".join(decoded(head, ENCODINGS).splitlines()) + "\n"
    text = _HEADING.sub("", _FRONT.sub("", text))
    if not whole:  # the last sentence is cut
        text = text[: max((found.end() for found in _SENTENCE_END.finditer(text)), default=0)]
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or _are_rows(lines):
        return False
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text.strip())]
    least = _SENTENCE if len(lines) > 1 else _ONLY_SENTENCE
    prose = [part for part in paragraphs if _is_prose(part, least)]
    return paragraphs[0] in prose and len(prose) * 2 >= len(paragraphs)


def _is_prose(text: str, least: int) -> bool:
    """Whether a paragraph ends as a sentence, and has words rather than names."""
    words = [word for word in text.split() if any(map(str.isalpha, word))]
    named = sum(not word[:1].islower() and any(map(str.islower, word)) for word in words)
    return len(words) >= least and _is_sentence(text) and named * 2 <= len(words)


def _is_sentence(text: str) -> bool:
    return bool(_SENTENCE_END.search(text[-5:] + " "))


def _are_rows(lines: list[str]) -> bool:
    """Whether nearly all lines have separators of cells; in prose a space follows on commas.

    If a space follows on all, the lines have equally many.
    """
    if len(lines) < 2:
        return False
    is_headed = not _is_sentence(lines[0]) and len(lines[0].split()) < _SENTENCE
    for sign in _SEPARATORS:
        close = rf"{re.escape(sign)}(?!\s)" if sign in ",;" else re.escape(sign)
        if sum(bool(re.search(close, line)) for line in lines) >= _NEARLY_ALL * len(lines):
            return True
        if is_headed and len({line.count(sign) for line in lines} - {0}) == 1:
            return all(sign in line for line in lines)
    return False


def _cells(lines: list[str], separator: str) -> list[list[str]]:
    if len(separator) > 1 or separator == "\t":
        return [[cell.strip() for cell in line.split(separator)] for line in lines]
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except csv.Error:
        rows = [line.split(separator) for line in lines]
    return [[cell.strip().strip('"') for cell in row] for row in rows if row]


def _heading_rows(rows: list[list[str]]) -> int:
    """Number of heading rows: several if the first repeats groups above names of columns."""
    first = rows[0]
    repeated = len(set(first)) < len(first)
    if len(rows) < 3 or not repeated or any(map(is_number, rows[0] + rows[1])):
        return 1
    if not _names_columns([cell for cell in rows[1] if cell]):
        return 1
    third = sum(bool(cell) for cell in rows[2])
    return 3 if third <= 1 < len(first) / 2 else 2


def _preamble(lines: list[str], separator: str) -> int:
    """Number of lines above the table: titles and comments, which have fewer cells."""
    filled = [line for line in lines[:200] if line.strip()]
    rows = [line for line in filled if not line.startswith("#")] or filled
    counts = Counter(line.count(separator) for line in rows)
    usual = max(counts, key=lambda count: (counts[count], count))
    if not usual:
        return 0
    for number, line in enumerate(lines[:_LONGEST_PREAMBLE]):
        if line.strip() and not (line.startswith("#") and line.count(separator) < usual):
            return number if line.count(separator) >= usual / 2 else _first(lines, separator, usual)
    return 0


def _first(lines: list[str], separator: str, usual: int) -> int:
    """The first line with the usual number of cells, if it is near the top."""
    near = enumerate(lines[:_LONGEST_PREAMBLE])
    return next((n for n, line in near if line.count(separator) >= usual), 0)


def _separator(lines: list[str]) -> str:
    """Guess the separator: the character that is frequent and equally so in most lines."""
    best, most = ",", 0.0
    for sign in _SEPARATORS:
        counts = Counter(line.count(sign) for line in lines[:200])
        heading = lines[0].count(sign)
        usual, times = counts.most_common(1)[0]
        score = times / min(len(lines), 200) * (usual > 0) + (usual > 0 and usual == heading)
        if score > most:
            best, most = sign, score
    return best


def _names_columns(cells: list[str]) -> bool:
    """Whether at least half of the cells are known column names."""
    known = [
        len(cell) < 40 and any(word in MEANING for word in plain_words(cell)) for cell in cells
    ]
    return sum(known) * 2 >= len(cells)


def _has_heading(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: known words, or text above other values."""
    first, others = rows[0], rows[1:]
    doubled = len(set(first)) < len(first)
    if any(is_number(cell) for cell in first) or (doubled and not _names_columns(first)):
        return False
    repeated = {cell for row in others for cell in row} - {""}
    if any(cell in repeated for cell in first):
        return False
    columns = [[row[n] for row in others if n < len(row) and row[n]] for n in range(len(first))]
    kinds = [_kind_of(cells) for cells in columns]
    if any(kind is not None and kind(cell) for kind, cell in zip(kinds, first, strict=True)):
        return False
    return _names_columns(first) or any(kind is not None for kind in kinds)


def _kind_of(cells: list[str]) -> Callable[[str], object] | None:
    """What most values of a column are that a heading is not: numbers, dates, ids with digits."""
    for kind, least in ((is_number, _MANY), (parse_date, _MANY), (CODE.fullmatch, 1.0)):
        if cells and sum(bool(kind(cell)) for cell in cells) >= least * len(cells):
            return kind
    return None


def _known_names(path: str, width: int) -> list[str] | None:
    """Names of a published file's columns, if its name is known and their number fits."""
    name = without_packing(PurePosixPath(path).name)
    return next(
        (
            list(columns)
            for pattern, columns in _files()
            if len(columns) == width and pattern.fullmatch(name)
        ),
        None,
    )


@lru_cache(maxsize=1)
def _files() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    text = (files(__package__) / "known_files.toml").read_text(encoding="utf-8")
    known = tomllib.loads(text)["files"]
    return tuple((re.compile(file["name"]), tuple(file["columns"])) for file in known)


# ------------------------------------------------------------------------- notations


def decimal_of(sample: Sample) -> tuple[DecimalSign | None, str]:
    """Guess the decimal separator of a file, with the reason, if single numbers are ambiguous.

    It is a comma if some numbers have a decimal comma and none a decimal point; and a point if the
    ambiguous "1,234" occurs in a file without decimal commas.
    """
    seen: dict[DecimalSign, str] = {}
    either = ""
    for column in sample.columns.values():
        if not mostly(column, is_number):
            continue
        for value in column.values:
            text = f"numbers such as {value} in {column.name!r}"
            if (sign := _decimal_in(value)) is not None:
                seen.setdefault(sign, text)
            elif "," in value and parse_number(value, "."):
                either = either or text
    if list(seen) == [","]:
        return ",", seen[","]
    return (".", either) if either and "," not in seen else (None, "")


def _decimal_in(text: str) -> DecimalSign | None:
    """The decimal separator of a number, if unambiguous."""
    found, point, comma = parse_number(text), parse_number(text, "."), parse_number(text, ",")
    if found is None or point == comma:
        return None
    return "." if found == point else ","


def day_first_of(sample: Sample) -> tuple[bool | None, str]:
    """Guess whether dates have the day first, with the reason, from parts above 12.

    Dates with points always have; they decide about others only if none of these tells.
    """
    verdicts: dict[bool, str] = {}
    dotted = ""
    for column in sample.columns.values():
        for found in filter(None, map(_SLASHED.match, column.values)):
            one, sign, other = int(found[1]), found[2], int(found[3])
            if not 0 < min(one, other) <= 12 or max(one, other) > 31:
                continue
            if sign == ".":
                dotted = dotted or f"points, as in {found[0]} in {column.name!r}"
            elif max(one, other) > 12:
                verdicts[one > 12] = f"{found[0]} in {column.name!r}"
    if not verdicts and dotted:
        return True, dotted
    return next(iter(verdicts.items())) if len(verdicts) == 1 else (None, "")
