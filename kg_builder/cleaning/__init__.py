"""Stage 5, cleaning: drop statements that violate the data model, and report each with a reason."""

from kg_builder.cleaning.clean import Cleaning, CleaningConfig, clean

__all__ = ["Cleaning", "CleaningConfig", "clean"]
