"""Stage 6: statements → Turtle, N-Triples and TriG, integer triples, labelled ratings."""

from kg_builder.triples.config import RatingsConfig, TriplesConfig
from kg_builder.triples.integers import Numbering, number
from kg_builder.triples.ratings import Ratings, items_of, ratings
from kg_builder.triples.turtle import ntriples_gz, provenance_trig, turtle

__all__ = [
    "Numbering",
    "Ratings",
    "RatingsConfig",
    "TriplesConfig",
    "items_of",
    "ntriples_gz",
    "number",
    "provenance_trig",
    "ratings",
    "turtle",
]
