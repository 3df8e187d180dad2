"""Guess the meaning of a file's columns from its first rows, and how several files relate.

`pipeline new-recipe` writes the guesses as a recipe, for a person to correct.
"""

from kg_builder.schema_inference.plan import Plan
from kg_builder.schema_inference.planning import make_plan
from kg_builder.schema_inference.reading import read_samples
from kg_builder.schema_inference.samples import Sample
from kg_builder.schema_inference.things import Things

__all__ = ["Plan", "Sample", "Things", "make_plan", "read_samples"]
