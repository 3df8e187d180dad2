"""Extraction from structured sources: tables with a declared mapping, triple files, RDF."""

from kg_builder.extraction.structured.reader import extract_structured

__all__ = ["extract_structured"]
