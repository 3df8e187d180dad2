"""Readers of annotated collections."""

from kg_builder.text_models.corpora.text2kgbench import (
    Ontology,
    read_ontology,
    read_text2kgbench,
)
from kg_builder.text_models.corpora.webnlg import read_webnlg

__all__ = ["Ontology", "read_ontology", "read_text2kgbench", "read_webnlg"]
