"""Relation extractors trained on texts with triples: by mention pairs, or subject first."""
