"""Stage 6, triples: build Turtle, N-Triples, TriG, integer triples and labelled ratings."""

from kg_builder.triples.config import RatingsConfig, TriplesConfig
from kg_builder.triples.description import description
from kg_builder.triples.integers import Numbering, number
from kg_builder.triples.ratings import Ratings, items_of, ratings, times_of_positives
from kg_builder.triples.turtle import Piece, graph_pieces, provenance_trig, users_turtle
from kg_builder.triples.users import UserNumbering, number_users

__all__ = [
    "Numbering",
    "Piece",
    "Ratings",
    "RatingsConfig",
    "TriplesConfig",
    "UserNumbering",
    "description",
    "graph_pieces",
    "items_of",
    "number",
    "number_users",
    "provenance_trig",
    "ratings",
    "times_of_positives",
    "users_turtle",
]
