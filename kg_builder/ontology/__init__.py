"""The data model (ontology): classes, predicates, naming of resources; designed top-down."""

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
