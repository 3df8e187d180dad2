"""Recommendation models, found by name through the registry."""
