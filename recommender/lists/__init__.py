"""Filter and re-rank recommendation lists: genre, country, diversity, calibration, popularity."""

from recommender.lists.conditions import GraphVocabulary, Statement
from recommender.lists.filters import ItemFilter, allowed_items
from recommender.lists.options import ListOptions

__all__ = ["GraphVocabulary", "ItemFilter", "ListOptions", "Statement", "allowed_items"]
