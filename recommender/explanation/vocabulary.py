"""Arrays of relation weights and phrase ids, and entity names, for wording explanations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.data import Catalogue
from recommender.explanation.names import Names
from recommender.explanation.relations import phrase_ids, wording_of

__all__ = ["Vocabulary"]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Relevance and wording of relations, and names of entities.

    Attributes:
        telling: ``[n_relations]``, how informative it is that two items share an
            entity by this relation, apart from that entity's rarity.
        phrases: ``[n_relations, 2]``, see `GraphIndex`.
        names: of the entities.
    """

    telling: NDArray[np.float64]
    phrases: NDArray[np.int64]
    names: Names

    @classmethod
    def of(cls, catalogue: Catalogue, n_relations: int) -> Vocabulary:
        """Create the vocabulary of a catalogue."""
        words = [wording_of(catalogue.relation_name(r)) for r in range(n_relations)]
        telling = np.array([word.telling for word in words], dtype=np.float64)
        return cls(telling, phrase_ids(words), Names(catalogue))
