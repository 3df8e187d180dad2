"""Collective evidence: two performers with similar names whose works have been merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from kg_builder.fusion.compare import NAME, Comparison
from kg_builder.fusion.profiles import Profiles
from kg_builder.fusion.score import Contribution

_CLOSE: Final = NAME.levels.index("close")
_CERTAIN: Final = 0.95
_PRIOR: Final = (5.0, 0.5, 10.0)
"""Matches and others with a work in common, of ten each, that the estimate starts from."""


@dataclass(frozen=True, eq=False)
class SharedWorks:
    """Pairs of performers with similar names that have a work in common, and what that tells.

    Attributes:
        rows: positions of the pairs in the comparison; not those that are certain without it.
        weight: contribution to the log-odds of each.
    """

    rows: NDArray[np.int64]
    weight: float

    def raised(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probabilities of all pairs with this evidence, shape (n,)."""
        found = probability.copy()
        found[self.rows] = expit(logit(found[self.rows]) + self.weight)
        return found

    def contribution(self) -> Contribution:
        """For the explanation of a pair."""
        return Contribution("works in common", "merged", self.weight)


def shared_works(
    comparison: Comparison,
    probability: NDArray[np.float64],
    label: NDArray[np.int64],
    statements: pd.DataFrame,
    profiles: Profiles,
) -> SharedWorks | None:
    """Find performers with similar names that have a work in common; None if there are none.

    A song by "Rihanna" and one by "Rhianna" were merged: then the performers are probably one as
    well ("Collective entity resolution in relational data", Bhattacharya and Getoor, TKDD 2007).
    How much that tells is estimated from the pairs that are certain without it. If a source names
    both as performers of the work, as of a duet, it tells nothing.

    Args:
        comparison: the candidate pairs.
        probability: of each pair, shape (n,).
        label: cluster of each record.
        statements: table `STATEMENTS` over record keys.
        profiles: the records.
    """
    rows = np.flatnonzero(comparison.levels[:, 0] >= _CLOSE)
    pairs = comparison.pairs[rows].tolist()
    credits = _Credits(statements, profiles, label, {index for pair in pairs for index in pair})
    if not credits.works:
        return None
    shared = np.array([credits.share(*pair) for pair in pairs], dtype=bool)
    matches, others = probability[rows] >= _CERTAIN, probability[rows] <= 1 - _CERTAIN
    of_matches, of_others, total = _PRIOR
    weight = np.log((shared[matches].sum() + of_matches) / (matches.sum() + total)) - np.log(
        (shared[others].sum() + of_others) / (others.sum() + total)
    )
    doubtful = rows[shared & ~matches & ~others]
    return SharedWorks(doubtful, float(weight)) if len(doubtful) and weight > 0 else None


class _Credits:
    """The works of the given performers, and all performers of these."""

    def __init__(
        self,
        statements: pd.DataFrame,
        profiles: Profiles,
        label: NDArray[np.int64],
        wanted: set[int],
    ) -> None:
        chosen = statements[
            (statements["predicate"] == "performer") & (statements["object_kind"] == "record")
        ]
        self.works: dict[int, dict[int, list[int]]] = {}
        """Performer → merged work → its records."""

        self._keys = profiles.names
        self._makers: dict[int, set[int]] = {}
        for work, maker in zip(chosen["subject"].tolist(), chosen["object"].tolist(), strict=True):
            performer, record = profiles.position.get(maker), profiles.position.get(work)
            if performer is None or record is None:
                continue
            self._makers.setdefault(record, set()).add(performer)
            if performer in wanted:
                own = self.works.setdefault(performer, {})
                own.setdefault(int(label[record]), []).append(record)

    def share(self, one: int, other: int) -> bool:
        """Whether they have a work in common, of which neither source names both."""
        works, others = self.works.get(one, {}), self.works.get(other, {})
        return any(
            not self._names(record, other) and not self._names(second, one)
            for work in works.keys() & others.keys()
            for record in works[work]
            for second in others[work]
        )

    def _names(self, record: int, performer: int) -> bool:
        """Whether a record of a work names somebody of the performer's name."""
        key = self._keys[performer].squeezed
        return any(self._keys[maker].squeezed == key for maker in self._makers[record])
