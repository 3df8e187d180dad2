"""Extraction from unstructured sources."""
