"""Query a built graph in SPARQL, show an entity with its evidence, compare two builds.

from pipeline.explore import Graph, diff
graph = Graph.open("data/processed/lastfm")
graph.query("select ?label { ?band a mkg:Band ; rdfs:label ?label }").frame()
graph.show("Radiohead").frame()
diff("data/processed/before", "data/processed/lastfm").summary()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pipeline.explore.cards import Card, Fact, Hit, LostValue, Record, Source, Thing
    from pipeline.explore.changes import Changes, diff
    from pipeline.explore.graph import Graph, UnknownNameError
    from pipeline.explore.places import Place
    from pipeline.explore.premises import Why
    from pipeline.explore.sparql import QueryResult, QueryTimeoutError

__all__ = [
    "Card",
    "Changes",
    "Fact",
    "Graph",
    "Hit",
    "LostValue",
    "Place",
    "QueryResult",
    "QueryTimeoutError",
    "Record",
    "Source",
    "Thing",
    "UnknownNameError",
    "Why",
    "diff",
]

# Lazy imports: a query needs neither pandas nor DuckDB.
_MODULE_OF: Final = {
    **dict.fromkeys(("Card", "Fact", "Hit", "LostValue", "Record", "Source", "Thing"), "cards"),
    **dict.fromkeys(("Changes", "diff"), "changes"),
    **dict.fromkeys(("Graph", "UnknownNameError"), "graph"),
    "Place": "places",
    "Why": "premises",
    **dict.fromkeys(("QueryResult", "QueryTimeoutError"), "sparql"),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
