"""The data model (ontology) of the graph: classes, predicates, and identifiers."""

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
