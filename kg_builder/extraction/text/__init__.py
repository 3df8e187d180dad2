"""Information extraction from running text: NER, coreference resolution, relations.

`reader` is the entry. It is not imported here: its settings (`config`) are part of every recipe,
and spaCy, which it needs, takes seconds to import.
"""
