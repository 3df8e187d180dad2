"""Layers, sparse operations and features shared by several models."""
