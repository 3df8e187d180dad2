"""Run read-only SPARQL queries on a build's graph, with limits on time, memory and rows."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Full, LifoQueue
from typing import TYPE_CHECKING, Any, Final

from kg_builder.errors import DataError
from pipeline.explore import sparql_worker

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Queries", "QueryResult", "QueryTimeoutError"]

MEMORY: Final = 2 << 30  # memory of a query, in bytes
_BYTES: Final = 64 << 20  # size of an answer, in bytes
_LONGEST: Final = 100_000  # length of a query, in characters
_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
# Tokens that are not keywords: strings, IRIs, comments, variables, language tags, local names. A
# local name ends at its first dot here, as does a prefix: no space is needed after a keyword.
_NO_KEYWORD: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""'
    r"|'''(?:[^\\]|\\.)*?'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
    r'|<[^<>"{}|^`\\\s]*>'
    r"|\#[^\n]*"
    r"|[?$@]\w+"
    r"|:(?:[\w%-]|\\.)*",
    re.DOTALL,
)
_LITERAL: Final = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|<[^<>\"{}|^`\\\s]*>|#[^\n]*"
)
_POSITION: Final = re.compile(r"error at (?P<line>\d+):(?P<column>\d+): ")
_QUOTED: Final = 30  # maximum characters of a query in a message
_NUMBERS: Final = re.compile(r"#(?:integer|int|long|decimal|double|float)$")


class QueryTimeoutError(DataError):
    """A query that was stopped at its time limit."""


@dataclass(frozen=True)
class QueryResult:
    """Result of a query.

    Attributes:
        kind: `select`, `ask` or `graph` (CONSTRUCT and DESCRIBE).
        columns: the variables; for a graph subject, predicate, object.
        rows: cells as in SPARQL 1.1 Query Results JSON, None for an unbound variable.
        truncated: whether there were more rows than the limit.
        seconds: time taken.
        prefixes: prefix → namespace, used to shorten IRIs.
    """

    kind: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Mapping[str, str] | None]]
    truncated: bool
    seconds: float
    prefixes: Mapping[str, str] = field(repr=False, default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        """The answer of an ASK query; for others whether there are rows."""
        if self.kind == "ask":
            cell = self.rows[0][0]
            return cell is not None and cell["value"] == "true"
        return bool(self.rows)

    def values(self) -> list[list[Any]]:
        """The rows as Python values: IRIs as CURIEs, numbers as numbers, other literals as text."""
        shorten = _Shortener(self.prefixes)
        return [[_value(cell, shorten) for cell in row] for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """The rows as a data frame, with cells as in `values`."""
        import pandas as pd  # lazy import: not needed on the command line

        return pd.DataFrame(self.values(), columns=list(self.columns))

    def json(self) -> str:
        """SPARQL 1.1 Query Results JSON; for a graph with three variables."""
        if self.kind == "ask":
            return json.dumps({"head": {}, "boolean": bool(self)})
        bindings = [
            {name: cell for name, cell in zip(self.columns, row, strict=True) if cell is not None}
            for row in self.rows
        ]
        document = {"head": {"vars": list(self.columns)}, "results": {"bindings": bindings}}
        return json.dumps(document, ensure_ascii=False, indent=1)

    def csv(self) -> str:
        """SPARQL 1.1 Query Results CSV: a header, then plain values and full IRIs."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(self.columns)
        writer.writerows([cell["value"] if cell else "" for cell in row] for row in self.rows)
        return text.getvalue()

    def turtle(self) -> str:
        """The triples of a CONSTRUCT or DESCRIBE query as Turtle.

        Raises:
            DataError: the answer is not a graph.
        """
        if self.kind != "graph":
            raise DataError(
                "the answer is a table, not a graph",
                where="--format turtle",
                remedy="ask with CONSTRUCT or DESCRIBE, or take --format table, json or csv",
            )
        import pyoxigraph as ox

        lines = "".join(f"{' '.join(_ntriples(cell) for cell in row)} .\n" for row in self.rows)
        triples = [
            ox.Triple(quad.subject, quad.predicate, quad.object)
            for quad in ox.parse(input=lines, format=ox.RdfFormat.N_TRIPLES)
        ]
        used = {p: n for p, n in self.prefixes.items() if f"<{n}" in lines}
        head = "".join(f"@prefix {prefix}: <{used[prefix]}> .\n" for prefix in sorted(used))
        body = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=used) or b""
        kept = [line for line in body.decode().splitlines() if not line.startswith("@prefix")]
        return head + "\n" + "\n".join(kept) + "\n"

    def _repr_html_(self) -> str:
        return str(self.frame().to_html(max_rows=60))


def _where(fault: str, query: str) -> str:
    """Quote the query at a syntax error; the parser lists tokens, seldom the one that is meant."""
    found = _POSITION.match(fault)
    if found is None:
        return fault
    lines = query.split("\n")
    number, column = int(found["line"]), int(found["column"])
    here = lines[number - 1][column - 1 :].strip() if number <= len(lines) else ""
    rest = " ".join([here, *lines[number:]]).strip()
    place = f"at {rest[:_QUOTED]!r}" if rest else "at its end"
    return f"syntax error in line {number}, column {column}, {place}"


class Queries:
    """Pool of processes that answer queries over a store, started on demand and reused.

    Thread-safe: each query runs in its own process.

    Args:
        store: folder of the store.
        prefixes: prefix → namespace, that queries need not declare.
        workers: number of processes kept between queries.
        memory: memory limit of a query, in bytes.
    """

    def __init__(
        self,
        store: Path,
        prefixes: Mapping[str, str],
        *,
        workers: int = 2,
        memory: int = MEMORY,
    ) -> None:
        self._store, self._prefixes, self._memory = store, dict(prefixes), memory
        self._idle: LifoQueue[subprocess.Popen[str]] = LifoQueue(workers)
        self._closed = threading.Event()

    def ask(self, sparql: str, *, timeout: float, limit: int) -> QueryResult:
        """Answer a query.

        Args:
            sparql: SELECT, ASK, CONSTRUCT or DESCRIBE.
            timeout: time limit in seconds.
            limit: maximum number of rows (triples).

        Raises:
            DataError: the query is invalid, calls another server (SERVICE), or needs too much
                memory.
            QueryTimeoutError: the time limit was exceeded.
        """
        if len(sparql) > _LONGEST:
            raise DataError(
                f"longer than {_LONGEST:,} characters", where="query", remedy="ask a shorter one"
            )
        if calls_another_server(sparql):
            raise DataError(
                "SERVICE asks another server, and this one answers from its own graph only",
                where="query",
                remedy="leave the SERVICE block out",
            )
        job = {
            "query": sparql,
            "prefixes": self._prefixes,
            sparql_worker.ROWS: limit,
            sparql_worker.BYTES: _BYTES,
            "seconds": timeout,
        }
        started = time.perf_counter()
        found = self._answer(json.dumps(job) + "\n", timeout)
        if "error" in found:
            if unknown := self._undeclared(sparql, found["error"]):
                known = ", ".join(f"{name}:" for name in sorted(self._prefixes))
                raise DataError(
                    f"the prefix {', '.join(f'{name}:' for name in unknown)} is not declared; "
                    f"use PREFIX, or one of {known}",
                    where="query",
                )
            fault = _where(found["error"], sparql)
            raise DataError(fault, where="query", remedy=_SYNTAX_REMEDY)
        rows = found["rows"]
        if found["kind"] == "ask":
            rows = [[{"type": "literal", "value": str(rows[0]).lower(), "datatype": _BOOLEAN}]]
        return QueryResult(
            kind=found["kind"],
            columns=tuple(found["columns"]),
            rows=rows,
            truncated=found["truncated"],
            seconds=time.perf_counter() - started,
            prefixes=self._prefixes,
        )

    def _undeclared(self, sparql: str, error: str) -> list[str]:
        """The prefixes of a query that are not declared, if that is its error."""
        if "refix not found" not in error:
            return []
        plain = _LITERAL.sub(" ", sparql)
        declared = {*self._prefixes, *re.findall(r"(?i)\bprefix\s+([\w-]*):", plain)}
        used = re.findall(r"(?<![\w:?$/])([A-Za-z][\w.-]*):(?=[\w%\\])", plain)
        return [prefix for prefix in dict.fromkeys(used) if prefix not in declared]

    def close(self) -> None:
        """Stop the processes; a busy one stops after its query."""
        self._closed.set()
        self._stop_idle()

    def _stop_idle(self) -> None:
        while True:
            try:
                _stop(self._idle.get_nowait())
            except Empty:
                return

    def _answer(self, line: str, timeout: float) -> dict[str, Any]:
        worker = self._worker()
        try:
            assert worker.stdin is not None and worker.stdout is not None
            worker.stdin.write(line)
            worker.stdin.flush()
            text = worker.stdout.readline()
        except OSError:  # died between two queries
            text = ""
        except BaseException:
            _stop(worker)
            raise
        if text.endswith("\n"):
            self._keep(worker)
            return dict(json.loads(text))
        worker.kill()
        status = worker.wait()
        _stop(worker)
        if status == -signal.SIGALRM:
            raise QueryTimeoutError(
                f"stopped after {timeout:g} s",
                where="query",
                remedy="make it more selective, or allow more time (--timeout)",
            )
        raise DataError(
            f"needs more than {self._memory >> 20:,} MiB of memory, or is nested too deeply "
            f"(status {status})",
            where="query",
            remedy="make it more selective: start from a name or a class, and join less",
        )

    def _worker(self) -> subprocess.Popen[str]:
        while True:
            try:
                worker = self._idle.get_nowait()
            except Empty:
                break
            if worker.poll() is None:
                return worker
            _stop(worker)
        return subprocess.Popen(
            # -I: the worker must not import from the current folder
            [sys.executable, "-I", sparql_worker.__file__, str(self._store), str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def _keep(self, worker: subprocess.Popen[str]) -> None:
        try:
            self._idle.put_nowait(worker)
        except Full:
            _stop(worker)
        if self._closed.is_set():  # possibly closed during this query
            self._stop_idle()


_BOOLEAN: Final = "http://www.w3.org/2001/XMLSchema#boolean"
_SYNTAX_REMEDY: Final = "SPARQL 1.1: SELECT, ASK, CONSTRUCT or DESCRIBE; updates are refused"


def calls_another_server(sparql: str) -> bool:
    """Whether a query contains the keyword SERVICE, in any case."""
    plain = _ESCAPE.sub(
        lambda found: chr(min(int(found[1] or found[2], 16), sys.maxunicode)), sparql
    )
    return "service" in _NO_KEYWORD.sub(" ", plain).casefold()


class _Shortener:
    """Shorten IRIs to CURIEs by the longest matching namespace."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self._by_length = sorted(prefixes.items(), key=lambda item: -len(item[1]))

    def __call__(self, iri: str) -> str:
        for prefix, namespace in self._by_length:
            if iri.startswith(namespace) and len(iri) > len(namespace):
                return f"{prefix}:{iri[len(namespace) :]}"
        return iri


def _value(cell: Mapping[str, str] | None, shorten: _Shortener) -> Any:
    if cell is None:
        return None
    if cell["type"] == "uri":
        return shorten(cell["value"])
    datatype = cell.get("datatype", "")
    if datatype == _BOOLEAN:
        return cell["value"] in {"true", "1"}
    if _NUMBERS.search(datatype):
        number = float(cell["value"])
        return int(number) if number.is_integer() and "." not in cell["value"] else number
    return cell["value"]


def _ntriples(cell: Mapping[str, str] | None) -> str:
    import pyoxigraph as ox

    if cell is None or cell["type"] == "triple":
        return cell["value"] if cell else ""
    if cell["type"] == "uri":
        return str(ox.NamedNode(cell["value"]))
    if cell["type"] == "bnode":
        return str(ox.BlankNode(cell["value"]))
    if "xml:lang" in cell:
        return str(ox.Literal(cell["value"], language=cell["xml:lang"]))
    return str(ox.Literal(cell["value"], datatype=ox.NamedNode(cell["datatype"])))


def _stop(worker: subprocess.Popen[str]) -> None:
    worker.kill()
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:  # unread output
                continue
    worker.wait()
