"""Relation extraction that is trained on texts with their triples."""
