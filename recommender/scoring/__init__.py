"""Score every user against the whole catalogue, in bounded memory."""

from recommender.scoring.blocked import DEFAULT_BLOCK, ItemScorer, TopK, score_pairs, top_k
from recommender.scoring.item_sets import ItemSets

__all__ = ["DEFAULT_BLOCK", "ItemScorer", "ItemSets", "TopK", "score_pairs", "top_k"]
