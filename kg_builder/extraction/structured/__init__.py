"""Extraction from structured sources: tables with a declared mapping, triple files, RDF."""

from kg_builder.extraction.structured.reader import extract_structured, has_parts

__all__ = ["extract_structured", "has_parts"]
