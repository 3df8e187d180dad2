"""Extraction from semi_structured sources."""
