"""What may be in a list and in which order: filters, and re-ranking beside relevance."""

from recommender.lists.filters import ItemFilter, allowed_items
from recommender.lists.options import ListOptions
from recommender.lists.statements import GraphVocabulary, Statement

__all__ = ["GraphVocabulary", "ItemFilter", "ListOptions", "Statement", "allowed_items"]
