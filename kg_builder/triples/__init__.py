"""Stage 6: statements → Turtle, N-Triples and TriG, integer triples, labelled ratings."""

from kg_builder.triples.config import RatingsConfig, TriplesConfig
from kg_builder.triples.integers import Numbering, number
from kg_builder.triples.ratings import Ratings, items_of, ratings
from kg_builder.triples.turtle import Piece, graph_pieces, provenance_trig

__all__ = [
    "Numbering",
    "Piece",
    "Ratings",
    "RatingsConfig",
    "TriplesConfig",
    "graph_pieces",
    "items_of",
    "number",
    "provenance_trig",
    "ratings",
]
