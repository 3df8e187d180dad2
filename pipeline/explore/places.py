"""Read the raw data that an evidence string points to: a row, a sentence, an element, a field.

file#line=12                 a row of a text file           file#line=3;char=10,80  a sentence
page.html#/0/genre/1         a value of embedded JSON-LD    page.html#microdata/…   an attribute
bio.txt#;char=10,80          a sentence of a text or page
data.json#/artists/0/name    a JSON value                   x.wikitext#/genre/0     a field
dump.xml.gz#/artists/12      an XML element by its id       table.parquet#row=4     a row
list.xml#/list/track/3       an XML element by its number
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
from lxml import etree, html

from kg_builder.errors import DataError
from kg_builder.extraction.markdown_pages import is_markdown, markdown_text
from kg_builder.extraction.semi_structured.markup.html_syntaxes import (
    parse_microdata,
    parse_rdfa,
)
from kg_builder.extraction.semi_structured.markup.nodes import Node, Text
from kg_builder.extraction.tabular.config import RowsConfig, layout_by_name
from kg_builder.extraction.tabular.html_tables import html_rows
from kg_builder.extraction.web_pages import decode_page, is_page, page_text
from kg_builder.extraction.xml_elements import elements_at
from kg_builder.packed_files import open_binary, open_dump, without_packing
from recommender.data.quotes import Quotes

__all__ = ["Place", "Places"]

_LONGEST: Final = 300
_MOST: Final = 64 << 20  # maximum size of a page or JSON file that is parsed for a quotation
_ROW: Final = re.compile(r"row=(\d+)")
_LINE: Final = re.compile(r"line=(\d+)(/.*)")
_SENTENCE: Final = re.compile(r";char=(\d+),(\d+)")


@dataclass(frozen=True)
class Place:
    """A location in a raw file.

    Attributes:
        evidence: the statement's evidence.
        file: the file, if it still exists.
        text: the content, as one line; '' if no longer readable.
    """

    evidence: str
    file: Path | None
    text: str


class Places:
    """Reader of locations in a build's raw files.

    Args:
        folder: the processed folder, whose manifest lists the files.
    """

    def __init__(self, folder: Path) -> None:
        self._quotes = Quotes(folder)

    def read(self, evidence: Iterable[str]) -> dict[str, Place]:
        """Read the content at each location; a file is read once for all its lines."""
        wanted = list(dict.fromkeys(evidence))
        quoted = self._quotes.quotes(wanted)
        return {name: self._place(name, quoted[name]) for name in wanted}

    def _place(self, evidence: str, quoted: str) -> Place:
        name, sign, where = evidence.partition("#")
        path = self._quotes.path_of(name) if sign else None
        if path is None or (quoted and not _LINE.fullmatch(where)):
            return Place(evidence, path, quoted)
        try:
            text = _at(path, where)
        except (OSError, EOFError, ValueError, DataError, LookupError, etree.LxmlError):
            text = ""
        text = re.sub(r"\s+", " ", text).strip()
        return Place(evidence, path, text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def _at(path: Path, where: str) -> str:
    """The text at a location of a file, by file type."""
    ending = without_packing(path.name.lower()).rpartition(".")[2]
    if row := _ROW.fullmatch(where):
        return _row(path, ending, int(row[1]))
    if nested := _LINE.fullmatch(where):
        with open_dump(path) as lines:
            line = next(islice(lines, int(nested[1]) - 1, None), b"")
        return _plain(_pointed(json.loads(line), nested[2]))
    if layout_by_name(path.name) == "xml":
        return _element(path, where) or _xml_row(path, where)
    with open_binary(path) as file:
        content = file.read(_MOST)
    if sentence := _SENTENCE.fullmatch(where):
        text = decode_page(content)
        start, end = int(sentence[1]), int(sentence[2])
        if is_page(text):
            return page_text(text).part(start, end)
        return markdown_text(text).part(start, end) if is_markdown(path.name) else text[start:end]
    if ending in {"html", "htm", "xhtml"}:
        return _of_page(content, where)
    if ending in {"wikitext", "wiki"}:
        return _of_infobox(content.decode("utf-8", errors="replace"), where)
    return _plain(_pointed(json.loads(content), where))


def _pointed(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901); if a step fails, its deepest parent."""
    for step in filter(None, pointer.split("/")):
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:  # a single value in place of a list, or a key made up by the reader
            break
    return value


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_page(content: bytes, where: str) -> str:
    root = html.document_fromstring(content, parser=html.HTMLParser(no_network=True))
    if where.startswith("/"):
        _, number, *steps = where.split("/")
        scripts = [
            script.text or ""
            for script in root.iter("script")
            if "ld+json" in str(script.get("type") or "").lower()
        ]
        value = _pointed(json.loads(scripts[int(number)]), "/" + "/".join(steps))
        named = [step for step in steps if not step.isdigit()]
        return f"{named[-1] if named else 'JSON-LD'}: {_plain(value)}"
    syntaxes = {"microdata": parse_microdata, "rdfa": parse_rdfa}
    nodes = syntaxes[where.partition("/")[0]](root)
    return next((text for pointer, text in _values(nodes) if pointer == where), "")


def _values(nodes: Iterable[Node]) -> Iterator[tuple[str, str]]:
    """Yield pointer and text of every node and value."""
    for node in nodes:
        yield node.pointer, f"{' '.join(node.types)} {node.first('name')}"
        for name, values in node.properties.items():
            for value in values:
                if isinstance(value, Text):
                    yield value.pointer, f"{name.rpartition('/')[2]}: {value.value}"
                else:
                    yield from _values([value])


def _of_infobox(content: str, where: str) -> str:
    """A field's raw text, from the first template that has it."""
    import mwparserfromhell  # lazy import: slow to load, and rarely needed

    field = where.strip("/").split("/")[0]
    for template in mwparserfromhell.parse(content).filter_templates():
        for parameter in template.params:
            if str(parameter.name).strip().casefold().replace(" ", "_") == field:
                return f"{field} = {parameter.value}"
    return ""


def _element(path: Path, where: str) -> str:
    """The XML element with an id: `/artists/12` or `/artist/<id>/relation-list/…`."""
    _, name, key, *_ = where.split("/")
    tags = {name, name.removesuffix("s")}
    with open_binary(path) as file:
        for _, element in etree.iterparse(file, events=("end",), resolve_entities=False,
                                          no_network=True):  # fmt: skip
            if etree.QName(element).localname not in tags:
                continue
            if key in {element.get("id"), (element.findtext("id") or "").strip()}:
                return etree.tostring(element, encoding="unicode")
            element.clear()
    return ""


def _xml_row(path: Path, where: str) -> str:
    """A row of a table in XML: `/playlist/trackList/track/3`, the third element at this path."""
    *names, number = where.strip("/").split("/")
    if not number.isdigit():
        return ""
    with open_binary(path) as file:
        rows = elements_at(file, names, lambda *fault: None, {})
        return next((_plain(value) for _, value in islice(rows, int(number) - 1, None)), "")


def _row(path: Path, ending: str, number: int) -> str:
    """Row `number`, from 1, of a Parquet file; of a worksheet or HTML table, with the heading."""
    if ending == "parquet":
        at = number - 1
        for batch in pq.ParquetFile(path).iter_batches():
            if at < batch.num_rows:
                return _cells(batch.slice(at, 1).to_pylist()[0].items())
            at -= batch.num_rows
    elif ending in {"xlsx", "xlsm"}:
        from openpyxl import load_workbook  # lazy import: worksheets are rare

        rows = load_workbook(path, read_only=True, data_only=True).worksheets[0].values
        header = next(rows)
        return _cells(zip(header, next(islice(rows, number - 2, None)), strict=False))
    elif ending in {"html", "htm"}:
        with open_binary(path) as file:
            table = html_rows(file, RowsConfig(path=path.name), None, frozenset())
        at = table.places.index(number)
        return _cells((name, cells[at]) for name, cells in table.columns.items())
    return ""


def _cells(cells: Iterable[tuple[Any, Any]]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in cells if value is not None)
