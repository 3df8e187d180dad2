"""Process that answers SPARQL queries over a store: one JSON line per query on standard input.

A query can run indefinitely or exhaust memory, and cannot be interrupted within a process; so it
runs in a separate process, with an alarm and a memory limit enforced by the system. Only pyoxigraph
is imported, so that it starts in a tenth of a second.

    {"query": "...", "prefixes": {...}, "rows": 1000, "bytes": 1000000, "seconds": 10}
    → {"kind": "select", "columns": [...], "rows": [[{"type": "uri", "value": "..."}, ...], ...],
       "truncated": false}
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from typing import Any

import pyoxigraph as ox

BYTES, ROWS = "bytes", "rows"


def answer(store: ox.Store, job: dict[str, Any]) -> dict[str, Any]:
    """The answer to one query, or `{"error": ...}`."""
    try:
        found = store.query(job["query"], prefixes=job["prefixes"])
        if isinstance(found, ox.QueryBoolean):
            return {"kind": "ask", "columns": ["answer"], "rows": [bool(found)], "truncated": False}
        if isinstance(found, ox.QueryTriples):
            columns = ["subject", "predicate", "object"]
            rows, truncated = _taken(
                ([_term(t.subject), _term(t.predicate), _term(t.object)] for t in found), job
            )
            return {"kind": "graph", "columns": columns, "rows": rows, "truncated": truncated}
        names = [variable.value for variable in found.variables]
        rows, truncated = _taken(([_term(cell) for cell in solution] for solution in found), job)
        return {"kind": "select", "columns": names, "rows": rows, "truncated": truncated}
    except SyntaxError as fault:
        return {"error": str(fault)}
    except (OSError, ValueError) as fault:
        return {"error": f"cannot be answered: {fault}"}


def _taken(rows: Any, job: dict[str, Any]) -> tuple[list[Any], bool]:
    """Collect rows up to the limits of rows and bytes; also returns whether there were more."""
    kept: list[Any] = []
    size = 0
    for row in rows:
        size += sum(len(cell["value"]) for cell in row if cell)
        if len(kept) == job[ROWS] or size > job[BYTES]:
            return kept, True
        kept.append(row)
    return kept, False


def _term(term: Any) -> dict[str, str] | None:
    """Convert a term to SPARQL 1.1 Query Results JSON; None for an unbound variable."""
    if term is None:
        return None
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.Literal):
        if term.language:
            return {"type": "literal", "value": term.value, "xml:lang": term.language}
        return {"type": "literal", "value": term.value, "datatype": term.datatype.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    return {"type": "triple", "value": str(term)}


def main(path: str, memory: int) -> None:
    """Answer queries until the input ends; the alarm kills the process at the time limit."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    store = ox.Store.read_only(path)
    for line in sys.stdin:
        job = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, job["seconds"])
        text = json.dumps(answer(store, job))
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
