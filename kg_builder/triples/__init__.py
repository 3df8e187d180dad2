"""Stage 6, triples: build Turtle, N-Triples, TriG, integer triples and labelled ratings."""

from kg_builder.triples.config import RatingsConfig, TriplesConfig
from kg_builder.triples.description import description
from kg_builder.triples.graph_files import prefixes_of_statements, write_graph, write_provenance
from kg_builder.triples.graph_tables import GraphCounts, GraphTables
from kg_builder.triples.integers import Numbering, number
from kg_builder.triples.ratings import Ratings, items_of, ratings, times_of_positives
from kg_builder.triples.turtle import users_turtle
from kg_builder.triples.users import UserNumbering, number_users

__all__ = [
    "GraphCounts",
    "GraphTables",
    "Numbering",
    "Ratings",
    "RatingsConfig",
    "TriplesConfig",
    "UserNumbering",
    "description",
    "items_of",
    "number",
    "number_users",
    "prefixes_of_statements",
    "ratings",
    "times_of_positives",
    "users_turtle",
    "write_graph",
    "write_provenance",
]
