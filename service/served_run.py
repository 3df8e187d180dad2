"""Serve one trained run: users and items, recommendation lists, similar items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from recommender.data.fact_vectors import FactVectors, nearest_rows
from recommender.data.items import ItemNames
from recommender.data.quotes import Quotes
from recommender.data.statements import curie
from recommender.errors import ConfigError
from recommender.explanation.statements import Statements
from recommender.lists import GraphVocabulary, ItemFilter, ListOptions, filters
from recommender.lists.options import DEFAULT_POOL
from recommender.lists.rerank import Reranker
from recommender.models.base import Recommender
from recommender.newcomers.capabilities import require_fold_in
from recommender.newcomers.people import item_names
from recommender.recommend import user_of
from recommender.recommendations import best_lists
from recommender.scoring import ItemScorer, ItemSets, TopK, top_k
from recommender.training.runs import LoadedRun
from service.answers import ListSettings
from service.cache import BoundedCache
from service.person import Person
from service.reasons import RunReasons

__all__ = ["MOST_ANSWERS", "Found", "ServedRun"]

_MOST_POOLED: Final = 20_000_000  # maximum cached list positions: 240 MB
_USERS_AT_A_TIME: Final = 512
MOST_ANSWERS: Final = 5_000  # that are kept as they were sent
_LONGEST_ANSWER: Final = 16 << 10  # bytes; so they are 80 MB at most
_WORDED: Final = 10  # places of each list whose reasons are worded in advance
_NEIGHBOURS: Final = 100

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Found:
    """A list: items best first, their scores and probabilities, and the filters in words."""

    items: list[int]
    scores: list[float]
    probabilities: list[float]
    filters: list[str]


class ServedRun:
    """Answers requests about one run; thread-safe.

    Args:
        name: of the run folder.
        run: the loaded run.
        shared: statements and quotes of the data folder, shared by runs.
        metrics: figures of the run to show.

    Attributes:
        reasons: reasons of recommended items.
    """

    def __init__(
        self,
        name: str,
        run: LoadedRun,
        shared: tuple[Statements, Quotes] | None,
        metrics: dict[str, float],
    ) -> None:
        self.name, self.model_name, self.metrics = name, run.config.model, metrics
        self.run = run
        self._model, self._split = run.model, run.split
        self.catalogue = run.dataset.catalogue
        self.n_items, self.n_users = run.dataset.n_items, run.dataset.n_users
        self._history = ItemSets(*run.split.train.history)
        self._known = ItemSets.from_pairs(*run.dataset.known, self.n_users)
        self._unliked = ItemSets.from_pairs(*run.dataset.unliked, self.n_users)
        self._liked = ItemSets.from_pairs(*run.dataset.interactions.positives, self.n_users)
        self.reasons = RunReasons(run, self._liked, shared)
        self._answers: BoundedCache[ListSettings, bytes] = BoundedCache(MOST_ANSWERS)
        self._pools: TopK | None = None
        self._rerankers = lru_cache(16)(self._make_reranker)
        self._filter = lru_cache(256)(self._make_filter)
        self._neighbours: BoundedCache[int, list[tuple[int, float]]] = BoundedCache(10_000)

    # Preparation

    def prepare(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Precompute tables of names and facts, and all users' lists.

        Optional: until then, requests are computed on demand.

        Args:
            stopped: whether to stop; checked between blocks of users.
        """
        self._best(self._model, np.arange(1), self._known, DEFAULT_POOL)
        self.reasons.of(Person(0, None, (), {}), [0])
        self.names.resolve(self.catalogue.item_name(0))
        if self.n_users * DEFAULT_POOL > _MOST_POOLED:  # too many lists to cache
            return
        blocks = []
        for first in range(0, self.n_users, _USERS_AT_A_TIME):
            if stopped():
                return
            users = np.arange(first, min(first + _USERS_AT_A_TIME, self.n_users))
            blocks.append(self._best(self._model, users, self._known, DEFAULT_POOL))
        self._pools = TopK(
            np.concatenate([block.items for block in blocks]),
            np.concatenate([block.scores for block in blocks]),
        )

    def warm(self, may_go_on: Callable[[float], bool]) -> None:
        """Precompute the reasons of all users' top positions, a few users at a time.

        Args:
            may_go_on: called with the CPU seconds of the last batch, may pause; False stops the
                work.
        """
        if self._pools is None:
            return
        self.reasons.word_in_advance(self._pools.items[:, :_WORDED], may_go_on)

    # People and items

    @property
    def newcomers(self) -> bool:
        """Whether the model recommends from likes."""
        return type(self._model).fold_in is not Recommender.fold_in

    def user(self, raw_id: str) -> Person:
        """The user with the publisher's id.

        Raises:
            DataError: there is no such user; the message has examples.
        """
        user = user_of(raw_id, self.run)
        history = tuple(self._history.of(user).tolist())
        held_out = len(self._liked.of(user)) - len(history)
        return Person(user, raw_id, history, {}, held_out)

    def newcomer(self, likes: Sequence[str]) -> Person:
        """A new user who likes items of the given names or ids.

        Raises:
            ConfigError: an unknown name, or a model that cannot fold people in.
        """
        require_fold_in(self._model)
        history: dict[int, None] = {}
        ambiguous: dict[str, tuple[int, ...]] = {}
        for like in likes:
            if (known := self._item_ids.get(like)) is not None:
                history[known] = None
                continue
            found = self.names.resolve(like)
            history[found.match.id] = None
            if found.is_ambiguous:
                ambiguous[like] = found.match.ids
        return Person(None, None, tuple(history), ambiguous)

    def newcomer_of_text(self, text: str) -> Person:
        """A new user with the likes in a text: names separated by commas or line breaks.

        Raises:
            ConfigError: an unknown name, or a model that cannot fold people in.
        """
        require_fold_in(self._model)
        found = self.names.resolve_all([text])
        if not found:
            raise ConfigError("no artist is named; type one or two")
        ambiguous = {like.text: like.match.ids for like in found if like.is_ambiguous}
        return Person(None, None, tuple(like.match.id for like in found), ambiguous)

    def number_of(self, id_: str) -> int | None:
        """The item with an entity's id, or None."""
        return self._item_ids.get(id_)

    def most_played(self, most: int) -> list[tuple[str, str]]:
        """Id and name of the items with the most listeners."""
        counts = np.bincount(self._history.items, minlength=self.n_items)
        best = np.argsort(-counts, kind="stable")[:most].tolist()
        return [(self.item_id(item), self.catalogue.item_name(item)) for item in best]

    def item(self, text: str) -> int:
        """Look up an item by id, name, publisher's id (`id:7`) or number.

        Raises:
            ConfigError: there is no such item; the message suggests names.
        """
        known = self._item_ids.get(text)
        return self.names.resolve(text).match.id if known is None else known

    @cached_property
    def names(self) -> ItemNames:
        """Name index of the items; the most popular first among namesakes."""
        return item_names(self._split)

    def item_id(self, item: int) -> str:
        """The item's entity as a CURIE (`artist:Radiohead`), or its number."""
        return curie(self.catalogue.entity_iri(item)) or str(item)

    def listeners(self, start: str, most: int) -> list[int]:
        """Users whose publisher's id begins with a text, in the order of the data."""
        found: list[int] = []
        for user in range(self.n_users):
            if self.catalogue.user_raw_id(user).startswith(start):
                found.append(user)
                if len(found) == most:
                    break
        return found

    def history_of(self, user: int) -> IntArray:
        """Training positives of a user."""
        return self._history.of(user)

    # Lists

    def answered(self, asked: ListSettings, make: Callable[[], bytes]) -> bytes:
        """Cached response to a request about a user, as a run never changes."""
        found = self._answers.get(asked)
        if found is None:
            found = make()
            if len(found) <= _LONGEST_ANSWER:
                self._answers.put(asked, found)
        return found

    def recommend(self, person: Person, settings: ListSettings) -> Found:
        """The best items for a person.

        Raises:
            ConfigError: a filter has an unknown name, or no item passes.
        """
        options = self._options(settings)
        with torch.inference_mode():
            best = self._lists(person, options, min(settings.top, self.n_items))
            scores = torch.from_numpy(best.scores)
            probabilities = self._model.probability(scores).numpy()
        kept = best.items[0] >= 0
        return Found(
            best.items[0][kept].tolist(),
            best.scores[0][kept].tolist(),
            probabilities[0][kept].tolist(),
            [f.text.removeprefix("--") for f in options.filters],
        )

    def _lists(self, person: Person, options: ListOptions, top: int) -> TopK:
        if person.user is not None:
            if self._pools is not None and not options.selects:
                user = slice(person.user, person.user + 1)
                pool = TopK(self._pools.items[user], self._pools.scores[user])
                if not options.active:
                    return TopK(pool.items[:, :top], pool.scores[:, :top])
                reranker = self._reranker(options.active)
                return reranker.choose(pool, [person.user], self._history, top)
            scorer: ItemScorer = self._model
            number, histories = person.user, self._history
            left_out = self._unliked if options.allow_played else self._known
        else:
            histories = ItemSets.of_lists([np.array(person.history, dtype=np.int64)])
            scorer, number = self._model.fold_in(histories), 0
            left_out = ItemSets.empty(1) if options.allow_played else histories
        return best_lists(
            scorer,
            self._split,
            np.array([number]),
            histories,
            left_out,
            top,
            options,
            reranker=self._reranker,
        )

    def _best(self, scorer: ItemScorer, people: IntArray, known: ItemSets, length: int) -> TopK:
        return top_k(scorer, people, min(length, self.n_items), known)

    def _options(self, settings: ListSettings) -> ListOptions:
        texts = [("only", t) for t in settings.only] + [("country", t) for t in settings.country]
        texts += [("exclude", t) for t in settings.exclude]
        return ListOptions(
            tuple(self._filter(kind, text) for kind, text in texts),
            settings.weights,
            allow_played=settings.allow_played,
        )

    def _make_filter(self, kind: str, text: str) -> ItemFilter:
        if kind == "only":
            return filters.only(self.vocabulary, text)
        if kind == "country":
            return filters.country(self.vocabulary, text)
        return filters.exclude(self.vocabulary, self.names, text)

    def _reranker(self, weights: Mapping[str, float]) -> Reranker:
        return self._rerankers(tuple(weights.items()))

    def _make_reranker(self, weights: tuple[tuple[str, float], ...]) -> Reranker:
        return Reranker(self._split.train, dict(weights))

    # Similar items

    def similar_by_graph(self, item: int, most: int) -> list[tuple[int, float]]:
        """Items with the facts most similar to an item's: cosine of tf-idf vectors."""
        found = self._neighbours.get(item)
        if found is None:
            row = self._facts.matrix[[item]]
            near = nearest_rows(row, self._facts.matrix, _NEIGHBOURS + 1)
            pairs = zip(near.indices.tolist(), near.data.tolist(), strict=True)
            ranked = sorted((-value, other) for other, value in pairs if other != item)
            found = [(other, -value) for value, other in ranked[:_NEIGHBOURS]]
            self._neighbours.put(item, found)
        return found[:most]

    def similar_by_model(self, item: int, most: int) -> list[tuple[int, float]]:
        """The model's list for a new user with only this like.

        Raises:
            ConfigError: the model cannot fold people in.
        """
        require_fold_in(self._model)
        found = self.recommend(
            Person(None, None, (item,), {}), ListSettings(top=most, reasons="none")
        )
        return list(zip(found.items, found.scores, strict=True))

    @cached_property
    def vocabulary(self) -> GraphVocabulary:
        """Names that filters may use."""
        return GraphVocabulary.of(self._split.train)

    @cached_property
    def _facts(self) -> FactVectors:
        return FactVectors(self._split.train.graph, self.n_items)

    @cached_property
    def _item_ids(self) -> dict[str, int]:
        return {self.item_id(item): item for item in range(self.n_items)}
