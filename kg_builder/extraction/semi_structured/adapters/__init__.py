"""Adapters, one per publisher's format, from semi-structured files to records and statements."""
