"""Facts about a new item (relation, entity, direction), for scoring it without retraining."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.data.tables import IntArray

__all__ = ["Facts"]


@dataclass(frozen=True, eq=False)
class Facts:
    """The triples of one new item.

    Attributes:
        relation: ``[n]`` relation ids.
        entity: ``[n]`` the entity at the other end, an id of the training graph.
        forward: ``[n]`` bool, whether the item is the head.
    """

    relation: IntArray
    entity: IntArray
    forward: np.ndarray

    def __len__(self) -> int:
        return len(self.relation)
