"""Extraction from running text: entities, coreference, relations.

`reader` is the entry. It is not imported here: its settings (`config`) are part of every recipe,
and spaCy, which it needs, takes seconds to import.
"""
