"""Stage 5, cleaning: drop statements that the data model forbids, and report each one dropped."""

from kg_builder.cleaning.clean import Cleaning, CleaningConfig, clean

__all__ = ["Cleaning", "CleaningConfig", "clean"]
