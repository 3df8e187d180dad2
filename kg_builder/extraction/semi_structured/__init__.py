"""Extraction from semi-structured sources: pages, articles, XML dumps, nested JSON."""

from kg_builder.extraction.semi_structured.reader import extract_semi_structured, is_divisible

__all__ = ["extract_semi_structured", "is_divisible"]
