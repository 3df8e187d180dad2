"""Relation extraction that is trained from texts with their triples."""

from kg_builder.text_models.relations.annotation import AnnotatedText, Slot, Triple
from kg_builder.text_models.relations.config import LearnedConfig
from kg_builder.text_models.relations.distant import label_texts
from kg_builder.text_models.relations.extractor import FoundTriple, JointExtractor
from kg_builder.text_models.relations.in_text import TrainedRelations

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
