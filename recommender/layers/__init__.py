"""Pieces that several models share."""
