"""Explain the lists of one run: reasons, their sentences, and their paths."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recommender.data.quotes import Quotes
from recommender.explanation import Explainer, Narrator, Reason, ReasonPaths, Vocabulary
from recommender.explanation import contributions_of as model_contributions
from recommender.explanation.statements import Statements
from recommender.scoring import ItemSets
from recommender.training.runs import LoadedRun
from service.cache import BoundedCache
from service.person import Person

__all__ = ["ALREADY_PLAYED", "RunReasons"]

ALREADY_PLAYED: Final = "you play it already"
"""In place of the reason for an item of the history."""

_SENTENCES: Final = 100_000  # maximum cached
_USERS_AT_A_TIME: Final = 4  # users per batch; a concurrent request waits for it


class RunReasons:
    """Reasons of one run; thread-safe.

    Args:
        run: the loaded run.
        known: positives of each user; no reasons are given for these.
        shared: statements and quotes of the data folder, if any.
    """

    def __init__(
        self, run: LoadedRun, known: ItemSets, shared: tuple[Statements, Quotes] | None
    ) -> None:
        self._run, self._known, self._shared = run, known, shared
        self._kept: BoundedCache[tuple[int, int], str] = BoundedCache(_SENTENCES)

    @property
    def sources_known(self) -> bool:
        """Whether the data folder has the sources of facts."""
        return self._shared is not None

    def of(self, person: Person, items: Sequence[int]) -> list[Reason | None]:
        """A reason for each item; None for items of the history."""
        known = person.history if person.user is None else self._known.of(person.user).tolist()
        asked = np.array([[-1 if item in set(known) else item for item in items]])
        if person.user is not None:
            return self._explainer.explain([person.user], asked)[0]
        likes = ItemSets.of_lists([np.array(person.history, dtype=np.int64)])
        newcomer = self._run.dataset.n_users
        return self._explainer.joined_by(likes).explain([newcomer], asked)[0]

    def sentences(self, person: Person, items: Sequence[int]) -> list[str]:
        """A sentence for each item; cached for users."""
        if person.user is None:
            return [self.word(reason) for reason in self.of(person, items)]
        kept = [self._kept.get((person.user, item)) for item in items]
        missing = [item for item, text in zip(items, kept, strict=True) if text is None]
        made: dict[int, str] = {}
        if missing:
            for item, reason in zip(missing, self.of(person, missing), strict=True):
                made[item] = self.word(reason)
                self._kept.put((person.user, item), made[item])
        return [made[i] if text is None else text for i, text in zip(items, kept, strict=True)]

    def word(self, reason: Reason | None) -> str:
        """Verbalise a reason in one sentence."""
        return ALREADY_PLAYED if reason is None else self._narrator.tell(reason)

    def paths(
        self, items: Sequence[int], reasons: Sequence[Reason | None]
    ) -> list[list[dict[str, Any]]]:
        """The paths of each item's reason with the sources of every fact."""
        found = [(i, reason) for i, reason in zip(items, reasons, strict=True) if reason]
        self._paths.read_quotes(found)
        paths = {item: self._paths.of(item, reason) for item, reason in found}
        return [paths.get(item, []) for item in items]

    def word_in_advance(self, lists: NDArray[np.int64], may_go_on: Callable[[float], bool]) -> None:
        """Precompute the sentences of all users' lists, a few users at a time.

        Args:
            lists: items, [users, places].
            may_go_on: called before each batch with the CPU seconds of the last one; may block,
                returns False to stop.
        """
        spent = 0.0
        for first in range(0, min(len(lists), _SENTENCES // lists.shape[1]), _USERS_AT_A_TIME):
            if not may_go_on(spent):
                return
            began = time.thread_time()
            items = lists[first : first + _USERS_AT_A_TIME]
            users = np.arange(first, first + len(items))
            for user, row, reasons in zip(
                users.tolist(), items, self._explainer.explain(users, items), strict=True
            ):
                for item, reason in zip(row.tolist(), reasons, strict=True):
                    if reason is not None:
                        self._kept.put((user, item), self._narrator.tell(reason))
            spent = time.thread_time() - began

    @cached_property
    def _explainer(self) -> Explainer:
        words = Vocabulary.of(self._run.dataset.catalogue, self._run.dataset.n_relations)
        return Explainer(self._run.split.train, words, model_contributions(self._run.model))

    @cached_property
    def _narrator(self) -> Narrator:
        return Narrator(self._run.dataset.catalogue)

    @cached_property
    def _paths(self) -> ReasonPaths:
        graph, catalogue = self._run.split.train.graph, self._run.dataset.catalogue
        index, makers = self._explainer.index, self._explainer.index_of_makers
        return ReasonPaths(graph, index, catalogue, *(self._shared or ()), makers=makers)
