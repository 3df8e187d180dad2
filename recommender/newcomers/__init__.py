"""New users and new items without retraining (fold-in): recommend, and measure the quality."""

from recommender.newcomers.items import Placements, place_new_item
from recommender.newcomers.people import recommend_to_newcomer

__all__ = ["Placements", "place_new_item", "recommend_to_newcomer"]
