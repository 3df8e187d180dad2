"""Decode bytes into lines, block by block; parse delimited text and JSON Lines into rows."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv

from kg_builder.errors import DataError
from kg_builder.extraction.tabular.config import Cell, Chunk, CodedCells, RowsConfig, missing_column
from kg_builder.extraction.tabular.typed_cells import follow, joined, reaches, scalar
from kg_builder.packed_files import Stream, is_packed

csv.field_size_limit(2**31 - 1)
# A process-wide setting, as there is no other: lines are bounded by `max_line` before `csv` sees
# them, and its default limit (128 KiB) would reject cells that the recipe allows.

BLOCK: Final = 1 << 20
LARGE_BLOCK: Final = 1 << 22
"""Bytes of a block of coded columns: fewer blocks have fewer distinct values in all."""

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, longest first, as some are prefixes of others."""

_ARCHIVES: Final = (
    (b"PK\3\4", 0), (b"7z\xbc\xaf\x27\x1c", 0), (b"Rar!", 0), (b"\x28\xb5\x2f\xfd", 0),
    (b"ustar", 257),
)  # fmt: skip
"""Bytes of archives (zip, 7-Zip, RAR, Zstandard, tar), and where they are."""

_FEW: Final = 3
_PER_BYTE: Final = 100
"""In a text few bytes are zero, or other control characters, by accident: so many, or 1 of 100."""

_FIRST_ROWS: Final = 100

_CONTROLS: Final = bytes({*range(1, 32), 127} - {*b"\t\n\v\f\r\x1b"})
_SEPARATING: Final = 4
"""Most control characters that separate cells, rows and items of lists in one text."""

Complain = Callable[[str, int, str], None]
"""Callback with (reason, line, detail) for an unusable line."""


def why_no_text(head: bytes) -> str:
    """What to do with a file that is not text, by its first bytes; empty if it is text.

    UTF-16 and UTF-32 are text if a byte order mark says so.
    """
    if any(head[at : at + len(magic)] == magic for magic, at in _ARCHIVES):
        return "an archive: unpack it, and name the files in it"
    if head.startswith(tuple(mark for mark, _ in _MARKS)):
        return ""
    most = max(_FEW, len(head) // _PER_BYTE)
    controls = len(head) - len(head.translate(None, _CONTROLS))
    is_binary = controls > most and len({*head} & {*_CONTROLS}) > _SEPARATING
    if not (is_binary or head.startswith(b"%PDF-") or head.count(b"\0") > most):
        return ""
    for first, order in ((1, "le"), (0, "be")):
        if (
            head[first::2].count(b"\0") * 2
            > len(head[first::2])
            > head[1 - first :: 2].count(b"\0")
        ):
            return f"save it as UTF-8, or say utf-16-{order} in `encodings`: UTF-16 without a mark"
    return "save it as UTF-8 text, CSV, JSON, Parquet or Excel (.xlsx)"


@dataclass(frozen=True)
class LineRange:
    """Consecutive whole lines of a file.

    Attributes:
        start, end: bytes of the file.
        number: number of the first line.
    """

    start: int
    end: int
    number: int


def is_cut_at_line_ends(config: RowsConfig, path: Path) -> bool:
    """Whether each line of a file is a row or a blank, as far as its first bytes and layout tell.

    Lines of a file with quotation marks may be parts of a row.
    """
    if config.layout not in {"csv", "tsv", "dat"} or config.rows or config.escape:
        return False
    with path.open("rb") as file:
        first = file.read(BLOCK)
    wide = config.encodings[0].lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    marked = first.startswith(tuple(mark for mark, _ in _MARKS))
    return b"\n" in first and not (wide or marked or is_packed(first))


def line_blocks(
    stream: Stream,
    *,
    encodings: Sequence[str],
    max_line: int,
    complain: Complain,
    counts: Counter[str],
    number: int = 1,
    size: int = BLOCK,
) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of the first line, decoded lines without their ends).

    `number` is that of the stream's first line; `size` is in bytes.

    A line that is too long, contains a null byte or fits none of the encodings is reported and
    replaced by an empty line, which keeps line numbers correct.

    Raises:
        DataError: the file is no text; an encoding is unknown, or UTF-16 has no known byte order;
            the compressed file is damaged.
    """
    pending, skipping = b"", False
    blocks, encodings = _blocks(stream, encodings, size)
    if number == 1:
        blocks = _with_line_feeds(_of_text(blocks, stream.where))
    for block in blocks:
        if skipping:
            end = block.find(b"\n")
            if end < 0:
                continue
            block, skipping = block[end + 1 :], False
            yield number, [""]
            number += 1
        content = pending + block
        end = content.rfind(b"\n")
        if end < 0:
            pending = content
        else:
            lines = _decode(content[:end], number, encodings, max_line, complain, counts)
            yield number, lines
            number, pending = number + len(lines), content[end + 1 :]
        if len(pending) > max_line:
            complain("line too long", number, f"more than {max_line} bytes")
            pending, skipping = b"", True
    if pending:
        yield number, _decode(pending, number, encodings, max_line, complain, counts)


def _blocks(
    stream: Stream, encodings: Sequence[str], size: int
) -> tuple[Iterator[bytes], Sequence[str]]:
    """Yield the blocks of a file and their encodings; UTF-16 and UTF-32 are converted to UTF-8.

    Their bytes cannot be split at line ends. A byte order mark overrides the configured encodings,
    as spreadsheets write such files by default.
    """
    for encoding in encodings:
        try:
            "".encode(encoding)
        except LookupError:
            raise DataError(
                f"unknown encoding {encoding!r}",
                where=stream.where,
                remedy="for example utf-8, cp1252, latin-1",
            ) from None
    first = stream.read(size)
    blocks: Iterator[bytes] = chain((first,), iter(lambda: stream.read(size), b""))
    marked = next((name for mark, name in _MARKS if first.startswith(mark)), "")
    wide = marked or encodings[0].lower().replace("_", "-")
    if not wide.startswith(("utf-16", "utf-32")):
        return blocks, encodings
    if first and not marked and wide in {"utf-16", "utf-32"}:
        raise DataError(
            f"{wide} without a byte order mark",
            where=stream.where,
            remedy=f"say {wide}-le or {wide}-be in encodings",
        )
    return _as_utf8(blocks, wide), ("utf-8",)


def _of_text(blocks: Iterator[bytes], where: str) -> Iterator[bytes]:
    """Pass on the blocks of a file of which the first one is text."""
    first = next(blocks, b"")
    if remedy := why_no_text(first):
        raise DataError("binary content, not text", where=where, remedy=remedy)
    return chain((first,), blocks)


def _with_line_feeds(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Convert carriage returns to line feeds, for files of old Mac programs."""
    first = next(blocks, b"")
    alone = b"\r" in first[:-1] and b"\n" not in first
    for block in chain((first,), blocks):
        yield block.replace(b"\r", b"\n") if alone else block


def _as_utf8(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _decode(
    content: bytes,
    number: int,
    encodings: Sequence[str],
    max_line: int,
    complain: Complain,
    counts: Counter[str],
) -> list[str]:
    try:
        lines = _split(content.decode(encodings[0]))
    except UnicodeDecodeError:
        lines = []
        for raw in content.split(b"\n"):
            lines.append(_decode_line(raw, number + len(lines), encodings, complain, counts))
    if len(content) > max_line:
        for index, line in enumerate(lines):
            if len(line.encode("utf-8")) > max_line:
                complain("line too long", number + index, f"more than {max_line} bytes")
                lines[index] = ""
    if b"\0" in content:
        for index, line in enumerate(lines):
            if "\0" in line:
                complain("null byte", number + index, "")
                lines[index] = ""
    return lines


def _decode_line(
    raw: bytes, number: int, encodings: Sequence[str], complain: Complain, counts: Counter[str]
) -> str:
    for rank, encoding in enumerate(encodings):
        try:
            line = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if rank:
            counts[f"lines read as {encoding}"] += 1
        return line.removesuffix("\r")
    complain("undecodable line", number, f"none of {', '.join(encodings)}")
    return ""


def _split(text: str) -> list[str]:
    if "\r" in text:
        text = text.replace("\r\n", "\n").removesuffix("\r")
    return text.split("\n")


def without_hint(blocks: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Leave out a first line "sep=;", by which spreadsheet programs tell the separator."""
    for number, (first, lines) in enumerate(blocks):
        if not number and lines and _HINT.fullmatch(lines[0]):
            first, lines = first + 1, lines[1:]
        yield first, lines


_HINT: Final = re.compile(r'\ufeff?"?sep=(?:.|\\t)"?\s*', re.IGNORECASE)


def without_first(
    blocks: Iterator[tuple[int, list[str]]], count: int
) -> Iterator[tuple[int, list[str]]]:
    """Blank the first `count` lines of the file."""
    for first, lines in blocks:
        if first <= count:
            drop = count - first + 1
            yield first, [""] * min(drop, len(lines)) + lines[drop:]
        else:
            yield first, lines


Row = tuple[int, list[str]]
"""(number of the row's first line, cells)"""


def separator(config: RowsConfig) -> str:
    """The cell separator."""
    return config.separator or ("," if config.layout == "csv" else "\t")


def quote(config: RowsConfig) -> str:
    """The quoting character, or '' if quotes are text."""
    if config.quote is not None:
        return config.quote
    return '"' if config.layout == "csv" and len(separator(config)) == 1 else ""


_TERM: Final = re.compile(
    r"<(?P<iri>[^<>]*)>|(?P<quote>\"\"\"|\"|'''|')(?P<text>.*)(?P=quote)(?:@[A-Za-z0-9-]+|\^\^\S+)?",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(?:([tnrbf\"'\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
_ESCAPED: Final = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


def text_of_term(cell: str) -> str:
    """The text or address of an RDF term as SPARQL results in TSV have it (W3C, 2013).

    >>> text_of_term('"Rock"@en'), text_of_term('<http://e.org/a>'), text_of_term('12')
    ('Rock', 'http://e.org/a', '12')
    """
    found = _TERM.fullmatch(cell)
    if found is None:
        return cell
    return _ESCAPE.sub(_unescaped, found["iri"] if found["iri"] is not None else found["text"])


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return _ESCAPED.get(found[1], found[1])
    code = int(found[2] or found[3], 16)
    return chr(code) if code < 0x110000 else found[0]


def check_separator(config: RowsConfig) -> None:
    """Reject quoting with a separator of several characters, which has no common semantics.

    Raises:
        DataError: both are set, or they are the same character.
    """
    if quote(config) and (len(separator(config)) > 1 or quote(config) == separator(config)):
        raise DataError(
            f"separator {separator(config)!r} cannot be combined with quoting by {quote(config)!r}",
            where=config.path,
            remedy='set quote = ""',
        )


def end_with_separator(lines: Iterable[str], width: int, config: RowsConfig) -> bool:
    """Whether most of the first rows have one cell more than columns, an empty one at the end."""
    first, mark = list(islice(filter(None, lines), _FIRST_ROWS)), quote(config)
    cut = separator(config)
    rows: Iterable[list[str]] = (line.split(cut) for line in first)
    if mark:
        rows = csv.reader(first, delimiter=cut, quotechar=mark, escapechar=config.escape)
    found: list[bool] = []
    with suppress(csv.Error):  # reported where the row is read
        found += (len(row) == width + 1 and not row[-1].strip() for row in rows)
    return sum(found) * 2 > len(found)


def plain_columns(
    lines: list[str], first: int, width: int, cut: str, complain: Complain
) -> tuple[list[int], list[list[str]]]:
    """Split unquoted lines into `width` columns; blank lines are skipped.

    Returns the numbers of the lines used and the columns. Cells are split from the joined lines at
    once instead of row by row, which is several times faster.
    """
    places, whole = [], []
    for number, line in enumerate(lines, first):
        if line.count(cut) == width - 1 and line:
            places.append(number)
            whole.append(line)
        elif "\r" in line:
            complain(_RETURNED, number, _around_return(line))
        elif line:
            complain("wrong number of cells", number, f"{line.count(cut) + 1} instead of {width}")
    if not whole:
        return [], [[] for _ in range(width)]
    cells = cut.join(whole).split(cut)
    return places, [cells[column::width] for column in range(width)]


def coded_columns(
    lines: list[str], names: Sequence[str], cut: str, wanted: Container[str]
) -> dict[str, CodedCells] | None:
    """Split unquoted lines into columns whose texts are stored once, several times faster still.

    Returns the wanted columns; None if a line is blank or does not have a cell for each name: then
    use `plain_columns`.
    """
    text = "\n".join(lines)
    if len(cut) > 1 and _UNIT_SEPARATOR not in text:
        text, cut = text.replace(cut, _UNIT_SEPARATOR), _UNIT_SEPARATOR
    if len(names) < 2 or len(cut) > 1 or not cut.isascii() or "" in lines:
        return None
    if "\r" in text or text.startswith("\ufeff"):  # line end and mark, to the parser
        return None
    content, numbers = text.encode(), [str(number) for number in range(len(names))]
    chosen = {number: name for number, name in zip(numbers, names, strict=True) if name in wanted}
    try:
        table = pa.csv.read_csv(
            pa.py_buffer(content),
            pa.csv.ReadOptions(
                column_names=numbers, block_size=len(content) + 1, use_threads=False
            ),
            pa.csv.ParseOptions(delimiter=cut, quote_char=False, ignore_empty_lines=False),
            pa.csv.ConvertOptions(
                column_types=dict.fromkeys(chosen, pa.string()), include_columns=list(chosen)
            ),
        )
    except pa.ArrowInvalid:
        return None
    return {name: CodedCells.of(table[number]) for number, name in chosen.items()}


_UNIT_SEPARATOR: Final = "\x1f"


_RETURNED: Final = "carriage return within a line"


def _around_return(line: str) -> str:
    """What is before and after a carriage return, at which several rows may meet."""
    before, _, after = line.partition("\r")
    return f"it may end a row: {before[-40:]!r}, then {after[:40]!r}"


class QuotedRows:
    """Iterate over quoted rows, whose cells may contain separators and line ends.

    Blank lines are skipped. A row of several lines is accepted only if its quotes are closed at a
    cell's end within `max_line` bytes, and if it has `width` cells. Otherwise it was opened by a
    stray quotation mark: its first line is reported, and reading continues with the second.

    Attributes:
        width: number of cells per row, once known from the heading.
    """

    def __init__(
        self, blocks: Iterable[tuple[int, list[str]]], config: RowsConfig, complain: Complain
    ) -> None:
        self.width: int | None = None
        self._blocks = iter(blocks)
        self._first, self._next, self._block = 1, 0, list[str]()
        self._again: deque[tuple[int, str]] = deque()
        self._taken: list[tuple[int, str]] = []
        self._complain, self._longest = complain, config.max_line
        self._format: dict[str, Any] = {
            "delimiter": separator(config),
            "quotechar": quote(config),
            "escapechar": config.escape,
            "doublequote": True,
        }
        self._reader = csv.reader(self._next_lines(), **self._format)
        special = "".join(filter(None, (quote(config), config.escape, "\r", "\0")))
        self._special = re.compile(f"[{re.escape(special)}]")

    def __iter__(self) -> Iterator[Row]:
        while self.has_more():
            yield from self.of_block()

    def has_more(self) -> bool:
        """Whether lines are left; loads the next block if the current one is consumed."""
        while not self._again and self._next >= len(self._block):
            found = next(self._blocks, None)
            if found is None:
                return False
            self._first, self._block = found
            self._next = 0
        return True

    def ahead(self) -> list[str]:
        """The remaining lines of a block."""
        self.has_more()
        return [*(line for _, line in self._again), *self._block[self._next :]]

    def plain_lines(self) -> tuple[int, list[str]]:
        """The remaining lines of a block with the first one's number; none if any is quoted."""
        number, lines = self._first + self._next, self._block[self._next :]
        if self._again or self._special.search("\n".join(lines)):
            return number, []
        self._next = len(self._block)
        return number, lines

    def of_block(self) -> Iterator[Row]:
        """Yield the rows that begin in the remainder of a block."""
        taken, again, cut = self._taken, self._again, self._format["delimiter"]
        while again or self._next < len(self._block):
            if not again:
                number, line = self._line()
                # fast path for a line without quotes
                if not self._special.search(line):
                    if line:
                        yield number, line.split(cut)
                    continue
                again.append((number, line))
            taken.clear()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._refuse(str(error))
                continue
            unclear = len(taken) > 1 or (cells and cells[-1].endswith("\n"))
            if unclear and (fault := self._fault(cells)):
                self._refuse(fault)
                continue
            if cells:
                yield taken[0][0], cells

    def _line(self) -> tuple[int, str]:
        """The next line of the block, and its number."""
        self._next += 1
        return self._first + self._next - 1, self._block[self._next - 1]

    def _next_lines(self) -> Iterator[str]:
        size = 0
        while self.has_more():
            number, line = self._again.popleft() if self._again else self._line()
            if not self._taken:
                size = 0
            size += len(line)
            self._taken.append((number, line))
            if size > self._longest and len(self._taken) > 1:
                raise csv.Error(f"no end within {self._longest} bytes")
            yield line + "\n"

    def _fault(self, cells: list[str]) -> str:
        """The fault of a row of several lines, or of one truncated by the end of the file."""
        if not cells:
            return ""
        lines = (line + "\n" for _, line in self._taken)
        try:
            next(csv.reader(lines, strict=True, **self._format))
        except csv.Error as fault:
            return str(fault)
        if len(self._taken) > 1 and self.width is not None and len(cells) != self.width:
            return f"{len(cells)} cells instead of {self.width}"
        return ""

    def _refuse(self, fault: str) -> None:
        (number, line), *rest = self._taken
        if "\r" in line and not rest:
            self._complain(_RETURNED, number, _around_return(line))
        else:
            detail = f"a quotation mark that no other closes ({fault}): {line[:80]}"
            self._complain("unreadable row", number, detail)
        self._again.extendleft(reversed(rest))
        self._reader = csv.reader(self._next_lines(), **self._format)


Columns = tuple[Sequence[int], Mapping[str, Sequence[str | None]]]
"""Numbers of rows, and their columns by name."""


def regrouped(pieces: Iterable[Columns], size: int) -> Iterator[Columns]:
    """Regroup rows to chunks of `size`."""
    places: list[int] = []
    columns: dict[str, list[str | None]] = {}
    for more, cells in pieces:
        places += more
        for name, new in cells.items():
            columns.setdefault(name, []).extend(new)
        while len(places) >= size:
            yield places[:size], {name: column[:size] for name, column in columns.items()}
            places = places[size:]
            columns = {name: column[size:] for name, column in columns.items()}
    if places:
        yield places, columns


def json_rows(
    blocks: Iterable[tuple[int, list[str]]],
    *,
    wanted: Sequence[str] | None,
    nulls: frozenset[str],
    chunk_rows: int,
    counts: Counter[str],
    complain: Complain,
    where: str,
) -> Iterator[Chunk]:
    """Read objects; several values at a path become a tuple.

    Raises:
        DataError: a required path occurs in no object of the file, or the file is an array.
    """
    seen: dict[str, None] = {}
    met: set[str] = set()
    batch: list[tuple[int, dict[str, Any]]] = []
    for number, value in _objects(blocks, counts, complain, where):
        batch.append((number, value))
        seen.update(dict.fromkeys(value))
        if len(batch) >= chunk_rows:
            yield _columnar(batch, wanted or list(seen), nulls, met)
            batch = []
    if batch:
        yield _columnar(batch, wanted or list(seen), nulls, met)
    for path in wanted or ():
        if seen and path not in met:
            raise missing_column(path, list(seen), where)


def _objects(
    blocks: Iterable[tuple[int, list[str]]],
    counts: Counter[str],
    complain: Complain,
    where: str,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of JSON Lines with their line numbers.

    Raises:
        DataError: the file is a JSON array.
    """
    for first, lines in blocks:
        for number, line in enumerate(lines, first):
            if not line or line.isspace():
                continue
            if line.lstrip().startswith("[") and not counts["rows read"]:
                raise DataError(
                    "a JSON array, not an object on each line",
                    where=where,
                    remedy='set format = "json" for this file in the recipe',
                )
            counts["rows read"] += 1
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as fault:
                complain("broken JSON", number, str(fault))
                continue
            if isinstance(value, dict):
                yield number, value
            else:
                complain("not a JSON object", number, type(value).__name__)


def _columnar(
    batch: list[tuple[int, dict[str, Any]]],
    names: Sequence[str],
    nulls: frozenset[str],
    met: set[str],
) -> Chunk:
    columns: dict[str, list[Cell]] = {}
    for name in names:
        columns[name] = [_cell(value, name, nulls) for _, value in batch]
        if name not in met and any(name in value or reaches(value, name) for _, value in batch):
            met.add(name)
    return Chunk(columns, [number for number, _ in batch])


def _cell(value: dict[str, Any], path: str, nulls: frozenset[str]) -> Cell:
    found = value.get(path)
    if isinstance(found, str) and path != "value":  # most cells; of RDF terms it may have a mark
        text = found.strip()
        return None if not text or text in nulls else text
    texts = (scalar(leaf) for _, leaf in follow(value, path))
    return joined((None if text is None else text.strip() for text in texts), nulls)
