"""Beyond-accuracy metrics of lists: coverage, novelty, diversity, calibration.

Metrics map `RecommendedLists` to one value per list length; each is a file here with a subclass of
`PerUserMetric` or `AggregateMetric`, found by its `name`.
"""

from recommender.metrics.lists.base import (
    AggregateMetric,
    ListMetric,
    PerUserMetric,
    RecommendedLists,
)
from recommender.metrics.lists.evaluate import ListResult, evaluate_lists
from recommender.metrics.lists.registry import list_metrics

__all__ = [
    "AggregateMetric",
    "ListMetric",
    "ListResult",
    "PerUserMetric",
    "RecommendedLists",
    "evaluate_lists",
    "list_metrics",
]
