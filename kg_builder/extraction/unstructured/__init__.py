"""Extraction from running text: entities, coreference, relations."""

from kg_builder.extraction.unstructured.reader import TextReader, extract_unstructured
from kg_builder.extraction.unstructured.relations import ReadText, Relation, RelationExtractor

__all__ = ["ReadText", "Relation", "RelationExtractor", "TextReader", "extract_unstructured"]
