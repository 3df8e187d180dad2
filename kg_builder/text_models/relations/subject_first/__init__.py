"""Reading texts that are about one thing each: the subject first, then what is said of it."""

from kg_builder.text_models.relations.subject_first.extractor import (
    SubjectFirstExtractor,
)
from kg_builder.text_models.relations.subject_first.fitting import about_one_thing

__all__ = ["SubjectFirstExtractor", "about_one_thing"]
