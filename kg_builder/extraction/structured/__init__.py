"""Extraction from structured sources."""
