"""Relation extraction that is trained from texts with their triples."""

from kg_builder.extraction.unstructured.learned.annotation import AnnotatedText, Slot, Triple
from kg_builder.extraction.unstructured.learned.config import LearnedConfig
from kg_builder.extraction.unstructured.learned.distant import label_texts
from kg_builder.extraction.unstructured.learned.extractor import FoundTriple, JointExtractor
from kg_builder.extraction.unstructured.learned.in_text import TrainedRelations

__all__ = [
    "AnnotatedText",
    "FoundTriple",
    "JointExtractor",
    "LearnedConfig",
    "Slot",
    "TrainedRelations",
    "Triple",
    "label_texts",
]
