"""Layers, sparse operations and features that several models share."""
