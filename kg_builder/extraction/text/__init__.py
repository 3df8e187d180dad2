"""Information extraction from running text: NER, coreference resolution, relations.

`reader` is the entry point. It is not imported here, because the settings (`config`) are imported
for every recipe, and spaCy, which `reader` needs, takes seconds to import.
"""
