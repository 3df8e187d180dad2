"""Ask a built graph in SPARQL, look at one thing with its evidence, compare two builds."""

from pipeline.explore.cards import Card, Fact, Hit, LostValue, Source, Thing
from pipeline.explore.graph import Graph, UnknownNameError
from pipeline.explore.sparql import QueryResult, QueryTimeoutError

__all__ = [
    "Card",
    "Fact",
    "Graph",
    "Hit",
    "LostValue",
    "QueryResult",
    "QueryTimeoutError",
    "Source",
    "Thing",
    "UnknownNameError",
]
