"""Serialise SPARQL 1.1 query results as JSON, XML, CSV and TSV, after the W3C recommendations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from pipeline.explore import QueryResult

__all__ = ["RESULT_FORMATS", "written"]

_XML_FORBIDS: Final = {number: None for number in range(32) if number not in (9, 10, 13)}


def written(result: QueryResult, media_type: str) -> str:
    """Serialise the answer of a SELECT or ASK query in one of `RESULT_FORMATS`."""
    return RESULT_FORMATS[media_type](result)


def _json(result: QueryResult) -> str:
    return result.json()


def _csv(result: QueryResult) -> str:
    if result.kind == "ask":
        return f"{json.dumps(bool(result))}\r\n"
    return result.csv()


def _tsv(result: QueryResult) -> str:
    if result.kind == "ask":
        return f"{json.dumps(bool(result))}\n"
    lines = ["\t".join(f"?{name}" for name in result.columns)]
    lines += ["\t".join(_turtle_term(cell) for cell in row) for row in result.rows]
    return "\n".join(lines) + "\n"


def _turtle_term(cell: Mapping[str, str] | None) -> str:
    if cell is None:
        return ""
    value = cell["value"]
    if cell["type"] == "uri":
        return f"<{value}>"
    if cell["type"] == "bnode":
        return f"_:{value}"
    if cell["type"] == "triple":
        return value
    text = value.replace("\\", "\\\\").replace('"', '\\"')
    for sign, written_as in (("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(sign, written_as)
    if "xml:lang" in cell:
        return f'"{text}"@{cell["xml:lang"]}'
    kind = cell.get("datatype", "")
    plain = kind in ("", "http://www.w3.org/2001/XMLSchema#string")
    return f'"{text}"' if plain else f'"{text}"^^<{kind}>'


def _xml(result: QueryResult) -> str:
    names = () if result.kind == "ask" else result.columns
    head = "".join(f"<variable name={quoteattr(name)}/>" for name in names)
    if result.kind == "ask":
        body = f"<boolean>{json.dumps(bool(result))}</boolean>"
    else:
        rows = (
            "<result>"
            + "".join(
                f"<binding name={quoteattr(name)}>{_xml_term(cell)}</binding>"
                for name, cell in zip(names, row, strict=True)
                if cell is not None
            )
            + "</result>"
            for row in result.rows
        )
        body = f"<results>{''.join(rows)}</results>"
    return (
        '<?xml version="1.0"?>\n<sparql xmlns="http://www.w3.org/2005/sparql-results#">'
        f"<head>{head}</head>{body}</sparql>\n"
    )


def _xml_term(cell: Mapping[str, str]) -> str:
    text = escape(cell["value"].translate(_XML_FORBIDS))
    if cell["type"] in ("uri", "bnode"):
        return f"<{cell['type']}>{text}</{cell['type']}>"
    if "xml:lang" in cell:
        return f"<literal xml:lang={quoteattr(cell['xml:lang'])}>{text}</literal>"
    kind = cell.get("datatype")
    return (
        f"<literal datatype={quoteattr(kind)}>{text}</literal>"
        if kind
        else (f"<literal>{text}</literal>")
    )


#: Media type → writer; the first is the default.
RESULT_FORMATS: Final[Mapping[str, Callable[[QueryResult], str]]] = {
    "application/sparql-results+json": _json,
    "application/json": _json,
    "application/sparql-results+xml": _xml,
    "application/xml": _xml,
    "text/csv": _csv,
    "text/tab-separated-values": _tsv,
}
