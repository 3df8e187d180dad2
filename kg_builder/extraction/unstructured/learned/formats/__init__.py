"""Readers of annotated collections."""

from kg_builder.extraction.unstructured.learned.formats.text2kgbench import (
    Ontology,
    read_ontology,
    read_text2kgbench,
)
from kg_builder.extraction.unstructured.learned.formats.webnlg import read_webnlg

__all__ = ["Ontology", "read_ontology", "read_text2kgbench", "read_webnlg"]
