"""Adapters: one per publisher's format."""
