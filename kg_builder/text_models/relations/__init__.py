"""Relation extractors trained on texts with their triples: joint, and subject-first."""
