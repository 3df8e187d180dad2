"""People and items that the training did not know: recommendations, and how good they are."""

from recommender.newcomers.items import Placements, place_new_item
from recommender.newcomers.people import recommend_to_newcomer

__all__ = ["Placements", "place_new_item", "recommend_to_newcomer"]
