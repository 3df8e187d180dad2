"""Make recommendation lists with names and reasons, for known and for new users.

By default, known positives of a user (train, validation and test) are not recommended. (Ranking
metrics, in contrast, keep held-out positives as candidates.) Reasons refer to the training
positives, which the model was trained on; for newcomers, to their stated likes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from recommender.data import Catalogue, Split
from recommender.errors import ConfigError
from recommender.explanation import (
    Evidence,
    Explainer,
    Narrator,
    Reason,
    Step,
    Vocabulary,
    contributions_of,
)
from recommender.lists.filters import OnlyAllowed, allowed_items
from recommender.lists.options import ListOptions
from recommender.lists.rerank import Reranker
from recommender.models.base import Recommender
from recommender.scoring import DEFAULT_BLOCK, ItemScorer, ItemSets, TopK, top_k
from recommender.scoring.forked_map import forked_map
from safe_io.atomic import replacing

__all__ = [
    "NEWCOMER",
    "SCHEMA",
    "Recommendations",
    "best_lists",
    "recommendations_for",
    "recommendations_for_newcomers",
    "write_recommendations",
]

NEWCOMER = -1
"""User id of a newcomer, who is not in the data."""

USERS_AT_A_TIME = 8192
"""Users with lists and reasons in memory at once: about 18 KB each."""

_PLAYED = "you play it already"

SCHEMA = pa.schema(
    [
        pa.field("user", pa.int64(), nullable=False),
        pa.field("user_raw_id", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("item", pa.int64(), nullable=False),
        pa.field("item_raw_id", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("iri", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("by", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, eq=False)
class Recommendations:
    """Lists of several users.

    Attributes:
        users: ``[n]``; `NEWCOMER` for users not in the data.
        items: ``[n, k]``, best first, padded with -1.
        scores, probabilities: ``[n, k]``, raw scores and ŷ.
        reasons: ``[n][k]``; None for -1 and for items of the history.
        catalogue: the names.
    """

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    scores: NDArray[np.floating]
    probabilities: NDArray[np.floating]
    reasons: Sequence[Sequence[Reason | None]]
    catalogue: Catalogue

    def to_table(self) -> pa.Table:
        """One row per recommendation, users in requested order, ranks from 1; see `SCHEMA`."""
        rows, columns = np.nonzero(self.items >= 0)
        items, users = self.items[rows, columns], self.users[rows]
        narrator, names = Narrator(self.catalogue), self.catalogue
        reasons = [self.reasons[r][c] for r, c in zip(rows.tolist(), columns.tolist(), strict=True)]
        return pa.table(
            {
                "user": users,
                "user_raw_id": _look_up(self.user_name, users),
                "rank": (columns + 1).astype(np.int32),
                "item": items,
                "item_raw_id": _look_up(names.item_raw_id, items),
                "name": _look_up(names.item_name, items),
                "iri": _look_up(names.entity_iri, items),
                "score": self.scores[rows, columns].astype(np.float64),
                "probability": self.probabilities[rows, columns].astype(np.float64),
                "reason": [_PLAYED if r is None else narrator.tell(r) for r in reasons],
                "by": _look_up(names.item_by, items),
            },
            schema=SCHEMA,
        )

    def user_name(self, user: int) -> str:
        """The publisher's id of a user; `newcomer` for users not in the data."""
        return "newcomer" if user == NEWCOMER else self.catalogue.user_raw_id(user)

    def to_frame(self) -> pd.DataFrame:
        """The table as a pandas frame."""
        return pd.DataFrame(self.to_table().to_pydict())

    def reason(self, row: int, column: int) -> Reason | None:
        """The reason of a listed item; None for items of the history."""
        return self.reasons[row][column]

    def evidence(self, row: int, column: int) -> list[dict[str, Any]]:
        """The arguments behind one recommendation, with names and IRIs, for ``json.dumps``."""
        reason = self.reasons[row][column]
        return [] if reason is None else [self._fields(argument) for argument in reason.evidence]

    def _fields(self, argument: Evidence) -> dict[str, Any]:
        fields: dict[str, Any] = {"kind": argument.kind}
        if argument.items:
            fields["history"] = [
                {"item": i, "name": self.catalogue.item_name(i)} for i in argument.items
            ]
        for name, steps in (
            ("steps", argument.steps),
            ("middle", argument.middle),
            ("ends", argument.ends),
        ):
            if steps:
                fields[name] = [self._step(step) for step in steps]
        if argument.makers is not None:
            fields["makers"] = self._fields(argument.makers)
        if argument.kind == "listeners":
            fields["together"], fields["audience"] = argument.together, argument.audience
        elif argument.kind != "model":
            fields["weight"], fields["basis"] = round(argument.weight, 6), argument.basis
        return fields

    def _step(self, step: Step) -> dict[str, Any]:
        return {
            "relation": self.catalogue.relation_name(step.relation),
            "direction": "out" if step.forward else "in",
            "entity": self.catalogue.entity_name(step.entity),
            "iri": self.catalogue.entity_iri(step.entity),
        }


def recommendations_for(
    model: Recommender,
    split: Split,
    users: Sequence[int] | NDArray[np.int64] | None = None,
    top: int = 10,
    *,
    options: ListOptions | None = None,
    block: int = DEFAULT_BLOCK,
    progress: Callable[[str, int], None] | None = None,
) -> Recommendations:
    """Score the whole catalogue for the users, select the best, and find reasons.

    Args:
        model: a trained model.
        split: the split that it was trained on.
        users: user ids; all of them by default.
        top: length of each list.
        options: filters and re-ranking; by default ordered by score.
        block: scores in memory at a time, see `recommender.scoring.top_k`.
        progress: called with "scoring" or "explaining" and the number of users done since.

    Raises:
        ConfigError: no item passes the filters.
        RunError: the model returns NaN.
    """
    asked = np.arange(split.dataset.n_users) if users is None else np.asarray(users, np.int64)
    lists = _lists_of_users(model, split)
    return lists.make(model, asked, asked, top, options or ListOptions(), block, progress)


def write_recommendations(
    path: Path,
    model: Recommender,
    split: Split,
    top: int = 10,
    *,
    options: ListOptions | None = None,
    block: int = DEFAULT_BLOCK,
    progress: Callable[[str, int], None] | None = None,
    users_at_a_time: int = USERS_AT_A_TIME,
    workers: int = 1,
) -> tuple[int, int]:
    """Write all users' lists to a Parquet file, in blocks of users; see `SCHEMA`.

    Memory depends on the block, not on the number of users. The file is written atomically; the
    same lists give the same bytes, with any number of workers. Each worker uses one thread, so that
    sums do not depend on their number.

    Args:
        path: the file.
        model, split, top, options, block, progress: see `recommendations_for`.
        users_at_a_time: users processed at a time, and written as one row group.
        workers: number of processes; they share this process's memory.

    Returns:
        The numbers of recommendations and of users.

    Raises:
        ConfigError: several workers on a system without `fork`, or for a model on a GPU.
    """
    n_users, n_rows = split.dataset.n_users, 0
    lists = _lists_of_users(model, split)

    def make(start: int, shown: Callable[[str, int], None] | None = None) -> pa.Table:
        users = np.arange(start, min(start + users_at_a_time, n_users))
        made = lists.make(model, users, users, top, options or ListOptions(), block, shown)
        return made.to_table()

    starts = range(0, n_users, users_at_a_time)
    with (
        replacing(path) as temporary,
        _parquet_writer(temporary) as writer,
        _one_thread(),
        closing(_tables(make, starts, workers, model, progress)) as tables,
    ):
        for table in tables:
            writer.write_table(table)
            n_rows += len(table)
    return n_rows, n_users


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _tables(
    make: Callable[..., pa.Table],
    starts: Sequence[int],
    workers: int,
    model: Recommender,
    progress: Callable[[str, int], None] | None,
) -> Generator[pa.Table]:
    """Yield the blocks' tables in order, computed here or in forked processes."""
    if workers == 1:
        yield from (make(start, progress) for start in starts)
        return
    if model.device.type != "cpu":
        raise ConfigError(f"--workers {workers}: only for a model on the CPU; add --device cpu")
    for table in forked_map(make, starts, workers):
        if progress is not None:
            n_users = len(pc.unique(table["user"]))
            progress("scoring", n_users)
            progress("explaining", n_users)
        yield table


def _parquet_writer(path: Path) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, SCHEMA, compression="zstd")


def recommendations_for_newcomers(
    model: Recommender,
    split: Split,
    histories: ItemSets,
    top: int = 10,
    *,
    options: ListOptions | None = None,
    block: int = DEFAULT_BLOCK,
    progress: Callable[[str, int], None] | None = None,
) -> Recommendations:
    """`recommendations_for` for users not in the data, without retraining.

    Args:
        model: a trained model that can fold people in.
        split: the split that it was trained on.
        histories: their histories, which may be empty.
        top, options, block, progress: see `recommendations_for`.

    Raises:
        ConfigError: the model cannot fold people in, or no item passes the filters.
        RunError: the model returns NaN.
    """
    model.eval()
    with torch.inference_mode():
        scorer = model.fold_in(histories)
    explainer = _explainer(model, split).joined_by(histories)
    n_known = split.train.n_users

    def explain(
        people: NDArray[np.int64],
        items: NDArray[np.int64],
        progress: Callable[[int], None] | None,
    ) -> list[list[Reason | None]]:
        return explainer.explain(people + n_known, items, progress)

    people = np.arange(histories.n_users)
    nothing = ItemSets.empty(histories.n_users)
    lists = _Lists(model, split, histories, histories, nothing, histories, explain)
    users = np.full(histories.n_users, NEWCOMER, dtype=np.int64)
    return lists.make(scorer, people, users, top, options or ListOptions(), block, progress)


def best_lists(
    scorer: ItemScorer,
    split: Split,
    people: NDArray[np.int64],
    histories: ItemSets,
    excluded: ItemSets | None,
    top: int,
    options: ListOptions,
    *,
    block: int = DEFAULT_BLOCK,
    progress: Callable[[int], None] | None = None,
    reranker: Callable[[Mapping[str, float]], Reranker] | None = None,
) -> TopK:
    """Compute lists: filter, find the exact best items, re-rank if configured.

    Args:
        scorer: scores the people.
        split: graph and training positives, for the criteria of re-ranking.
        people: ``[n]`` ids of the scorer.
        histories: their histories, by these ids.
        excluded: items to exclude, by these ids.
        top: length of each list, at most the catalogue's.
        options: filters, criteria, pool.
        block, progress: see `recommender.scoring.top_k`.
        reranker: makes or looks up the re-ranker with given weights; by default, a new one.

    Raises:
        ConfigError: no item passes the filters.
        RunError: the model returns NaN.
    """
    allowed = allowed_items(options.filters, scorer.n_items)
    visible = scorer if allowed is None else OnlyAllowed(scorer, allowed)
    weights = options.active
    top = min(top, scorer.n_items)  # memory depends on the length
    length = min(max(top, options.pool), scorer.n_items) if weights else top
    best = top_k(visible, people, length, excluded, block=block, progress=progress)
    if not weights:
        return best
    reranker = reranker or partial(Reranker, split.train)
    return reranker(weights).choose(best, people, histories, top)


def _lists_of_users(model: Recommender, split: Split) -> _Lists:
    """Components for lists of known users."""
    dataset = split.dataset
    liked = ItemSets.from_pairs(*dataset.interactions.positives, dataset.n_users)
    unliked = ItemSets.from_pairs(*dataset.unliked, dataset.n_users)
    known = ItemSets.from_pairs(*dataset.known, dataset.n_users)
    model.eval()
    explain = _explainer(model, split).explain
    return _Lists(model, split, ItemSets(*split.train.history), liked, unliked, known, explain)


@dataclass(frozen=True, eq=False)
class _Lists:
    """Builds `Recommendations` from lists, histories and an explainer.

    Attributes:
        histories: likes of the training part, which criteria and reasons see.
        liked: all likes, which have no reason.
        unliked: pairs rated below the threshold, which are never listed.
        known: both, which are left out by default.
    """

    model: Recommender
    split: Split
    histories: ItemSets
    liked: ItemSets
    unliked: ItemSets
    known: ItemSets
    explain: Callable[..., list[list[Reason | None]]]

    def make(
        self,
        scorer: ItemScorer,
        people: NDArray[np.int64],
        users: NDArray[np.int64],
        top: int,
        options: ListOptions,
        block: int,
        progress: Callable[[str, int], None] | None,
    ) -> Recommendations:
        best = best_lists(
            scorer,
            self.split,
            people,
            self.histories,
            self.unliked if options.allow_played else self.known,
            top,
            options,
            block=block,
            progress=progress and _named(progress, "scoring"),
        )
        with torch.inference_mode():
            raw = torch.from_numpy(best.scores).to(self.model.device)
            probabilities = self.model.probability(raw).cpu().numpy()
        items = best.items
        if options.allow_played:  # items of the history have no reason
            items = np.where(self.liked.contains(people[:, None], items), -1, items)
        reasons = self.explain(people, items, progress and _named(progress, "explaining"))
        catalogue = self.split.dataset.catalogue
        return Recommendations(users, best.items, best.scores, probabilities, reasons, catalogue)


@lru_cache(maxsize=1)
def _explainer(model: Recommender, split: Split) -> Explainer:
    """The explainer of the last model and split (cached), as indexing the graph takes time."""
    dataset = split.dataset
    vocabulary = Vocabulary.of(dataset.catalogue, dataset.n_relations)
    return Explainer(split.train, vocabulary, contributions_of(model))


def _named(progress: Callable[[str, int], None], name: str) -> Callable[[int], None]:
    return lambda done: progress(name, done)


def _look_up(name_of: Callable[[int], str], ids: NDArray[np.int64]) -> list[str]:
    """Names of ids, each distinct id looked up once."""
    wanted, inverse = np.unique(ids, return_inverse=True)
    names = [name_of(i) for i in wanted.tolist()]
    return [names[p] for p in inverse.tolist()]
