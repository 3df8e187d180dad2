"""Stage 5: statements → statements that the data model allows, and a report of what was dropped."""

from kg_builder.cleaning.clean import Cleaning, CleaningConfig, clean

__all__ = ["Cleaning", "CleaningConfig", "clean"]
