"""The data model, designed top-down: what kinds of things there are and what is said of them."""

from kg_builder.ontology.iris import PREFIXES, curie, expand, local_name
from kg_builder.ontology.schema import ClassDef, Predicate, Schema, load_schema

__all__ = [
    "PREFIXES",
    "ClassDef",
    "Predicate",
    "Schema",
    "curie",
    "expand",
    "load_schema",
    "local_name",
]
