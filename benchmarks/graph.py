"""Benchmark a finished graph: Turtle against rdflib, rules against owlrl, loading, lookups.

    python benchmarks/graph.py                          data/processed/lastfm
    python benchmarks/graph.py --data DIR --only write rules load look

Seconds are CPU time (all threads) unless marked as wall, the minimum of three runs, with the peer
in the same process right after ours; loading shows both, as it uses two threads.
"""

from __future__ import annotations

import argparse
import gzip
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any

import owlrl
import pandas as pd
import pyoxigraph as ox
import rdflib
from rich.console import Console
from rich.table import Table

from kg_builder.inference.engine import closure, derived
from kg_builder.inference.rules import Atom, Rule
from kg_builder.ontology import PREFIXES, expand, load_schema
from kg_builder.sql import database
from kg_builder.triples import prefixes_of_statements, write_graph
from kg_builder.triples.turtle import prefixes, turtle_body
from pipeline.explore import Graph
from pipeline.stages.artefact_names import TYPED_ENTITIES
from pipeline.units import UnitRunner

Row = tuple[str, str, str, str]
OWL = rdflib.OWL


def timed(work: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    """Minimum CPU seconds of several runs, and the last result."""
    best, found = float("inf"), None
    for _ in range(repeats):
        found = None  # free the previous result first
        started = time.process_time()
        found = work()
        best = min(best, time.process_time() - started)
    return best, found


def writing(data: Path) -> Iterator[Row]:
    """Write Turtle from triples in memory, as in rdflib, and from the tables of a build."""
    plain = gzip.decompress((data / "kg.nt.gz").read_bytes())
    triples = [quad.triple for quad in ox.parse(plain, format=ox.RdfFormat.N_TRIPLES)]
    used = prefixes(PREFIXES)
    ours, text = timed(lambda: turtle_body(triples, ox.RdfFormat.TURTLE, used))
    graph = rdflib.Graph()
    graph.parse(data=plain, format="nt")
    for prefix, namespace in used.items():
        graph.bind(prefix, namespace)
    theirs, _ = timed(lambda: graph.serialize(format="turtle"), repeats=1)
    yield (
        f"Turtle from {len(triples):,} triples in memory",
        f"{ours:.2f} s, {len(triples) / ours:,.0f} triples/s",
        f"rdflib {theirs:.1f} s",
        f"{theirs / ours:.0f} ×",
    )
    with tempfile.TemporaryDirectory() as name:
        folder, statements = Path(name), data / "statements.parquet"
        units = UnitRunner(folder / "units")
        whole, _ = timed(
            lambda: write_graph(
                statements,
                data / TYPED_ENTITIES,
                folder / "kg.ttl",
                folder / "kg.nt.gz",
                found=prefixes_of_statements(statements, units),
                schema=load_schema(),
                title="benchmark",
                run_units=units,
            ),
            1,
        )
        size = (folder / "kg.ttl").stat().st_size
    yield (
        f"the same from the tables, with N-Triples ({size >> 20} MiB and more)",
        f"{whole:.2f} s, {len(triples) / whole:,.0f} triples/s",
        "",
        f"{theirs / whole:.1f} ×",
    )
    assert len(text) > size / 2


def places(count: int, seed: int = 1) -> pd.DataFrame:
    """Generate artists from places nested four levels deep, some of whom collaborated."""
    draw = random.Random(seed)
    rows = [
        (f"place:p{n}", "locatedIn", f"place:p{draw.randrange(n // 4, n)}") for n in range(1, count)
    ]
    rows += [
        (f"artist:a{n}", "origin", f"place:p{draw.randrange(count)}") for n in range(3 * count)
    ]
    pairs = {tuple(sorted((f"artist:a{draw.randrange(3 * count)}", f"artist:a{n}")))
             for n in range(count)}  # fmt: skip
    rows += [(one, "collaboratedWith", other) for one, other in sorted(pairs) if one != other]
    frame = pd.DataFrame(rows, columns=["subject", "predicate", "object"]).drop_duplicates()
    return frame.assign(object_kind="entity", confidence=1.0)


RULES = [
    Rule("inside", "", (Atom("?a", "locatedIn", "?b"), Atom("?b", "locatedIn", "?c")),
         Atom("?a", "locatedIn", "?c"), 1.0),
    Rule("from", "", (Atom("?a", "origin", "?b"), Atom("?b", "locatedIn", "?c")),
         Atom("?a", "origin", "?c"), 1.0),
    Rule("with", "", (Atom("?a", "collaboratedWith", "?b"),),
         Atom("?a", "associatedWith", "?b"), 1.0),
]  # fmt: skip
AXIOMS = """
@prefix m: <https://w3id.org/musickg/ontology#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
m:locatedIn a owl:TransitiveProperty . m:origin owl:propertyChainAxiom ( m:origin m:locatedIn ) .
m:collaboratedWith rdfs:subPropertyOf m:associatedWith .
"""


def rules(count: int) -> Iterator[Row]:
    """Apply a transitive relation, a property chain and a subproperty: same closure from both."""
    facts = places(count)
    names = pd.concat([facts["subject"], facts["object"]]).unique()
    schema, columns = load_schema(), ["subject", "predicate", "object"]

    def infer() -> list[pd.DataFrame]:
        with tempfile.TemporaryDirectory() as folder, database(Path(folder)) as base:
            base.register("stated", facts)
            base.execute("CREATE TABLE thing (entity VARCHAR, type VARCHAR)")
            closure(base, RULES, schema)
            return [table.to_pandas() for table in derived(base)]

    ours, inferred = timed(infer)
    found = set(pd.concat([facts, *inferred])[columns].itertuples(index=False, name=None))

    def reason() -> rdflib.Graph:
        graph = rdflib.Graph().parse(data=AXIOMS, format="turtle")
        for row in facts[columns].itertuples(index=False, name=None):
            graph.add(tuple(rdflib.URIRef(expand(part)) for part in row))
        owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
        return graph

    theirs, graph = timed(reason, repeats=1)
    own = {expand(name): name for name in ("locatedIn", "origin", "collaboratedWith",
                                           "associatedWith")}  # fmt: skip
    short = {expand(name): name for name in names}
    peer = {
        (short[str(s)], own[str(p)], short[str(o)])
        for s, p, o in graph
        if str(p) in own and str(s) in short and str(o) in short
    }
    assert found == peer, (len(found), len(peer))
    yield (
        f"rules: {len(facts):,} facts, {sum(map(len, inferred)):,} inferred, the same by both",
        f"{ours:.2f} s",
        f"owlrl {theirs:.1f} s",
        f"{theirs / ours:.0f} ×",
    )


def loading(data: Path) -> Iterator[Row]:
    """Time from the files of a build to the first answer, and to a later one."""
    count = "select (count(*) as ?n) { ?s ?p ?o }"
    with tempfile.TemporaryDirectory() as cache:
        for what in ("loading for queries, the first time", "the same, once loaded"):
            wall, cpu = time.perf_counter(), time.process_time()
            graph = Graph.open(data, cache=cache)
            answer = graph.query(count)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            graph.close()
            n = answer.values()[0][0]
            yield what, f"{wall:.2f} s wall, {cpu:.2f} s CPU", f"{n:,} triples", ""


def looking(data: Path, count: int = 500) -> Iterator[Row]:
    """Time cards of random and of the best connected entities, and searches."""
    with tempfile.TemporaryDirectory() as cache, Graph.open(data, cache=cache) as graph:
        started = time.process_time()
        graph.show(graph.search("a", limit=1)[0].id)
        yield "index of facts, made once", f"{time.process_time() - started:.2f} s", "", ""
        table = pd.read_parquet(data / TYPED_ENTITIES, columns=["entity", "name"])
        drawn = table.sample(min(count, len(table)), random_state=1)
        seconds = {
            "card of a thing": [_once(lambda n=n: graph.show(n)) for n in drawn["entity"]],
            "search for a misspelled name": [
                _once(lambda n=n: graph.search(n[1:] + "e")) for n in drawn["name"][:100]
            ],
        }
        for what, all_ in seconds.items():
            p50, p95 = (1000 * quantiles(all_, n=100)[at] for at in (49, 94))
            yield what, f"p50 {p50:.1f} ms, p95 {p95:.1f} ms CPU", "", ""


def _once(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("data/processed/lastfm"))
    parser.add_argument("--places", type=int, default=1600, help="size of the rules' facts")
    parts = ("write", "rules", "load", "look")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    options = parser.parse_args()
    cases: dict[str, Callable[[], Iterator[Row]]] = {
        "write": lambda: writing(options.data),
        "rules": lambda: rules(options.places),
        "load": lambda: loading(options.data),
        "look": lambda: looking(options.data),
    }
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("what", "here", "beside", "ratio"):
        table.add_column(heading)
    for name in options.only:
        for row in cases[name]():
            table.add_row(*row)
    Console(width=150).print(table, highlight=False)


if __name__ == "__main__":
    main()
