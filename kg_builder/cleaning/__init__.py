"""Stage 5, cleaning: drop statements that violate the data model, and report each with a reason."""

from kg_builder.cleaning.clean import Cleaning, CleaningConfig, clean
from kg_builder.cleaning.parts import clean_in_parts

__all__ = ["Cleaning", "CleaningConfig", "clean", "clean_in_parts"]
