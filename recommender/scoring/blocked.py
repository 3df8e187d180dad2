"""Find each user's k best items of the whole catalogue, in blocks of bounded memory.

The catalogue is scored in blocks of users × items. From each block only scores above a user's k
best so far are kept, so that the full score matrix is never built or sorted: memory depends on the
block and on k, not on the number of items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from recommender.errors import RunError
from recommender.scoring.item_sets import ItemSets

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEFAULT_BLOCK", "ItemScorer", "TopK", "score_pairs", "top_k"]

#: Scores held at a time. A model whose score does not factorise builds all these pairs: half a
#: million keep even 128 numbers for each within 256 MB.
DEFAULT_BLOCK = 2**19

_USERS_AT_A_TIME = 512
_USERS_OF_PAIRS = 256


class ItemScorer(Protocol):
    """Interface of a model for `top_k`, implemented by every `Recommender`."""

    n_items: int

    @property
    def device(self) -> torch.device:
        """Device of the user ids."""

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """Scores ``[len(users), stop - start]`` of the items ``start … stop - 1``."""


def score_pairs(model: ItemScorer, users: Tensor, items: Tensor) -> Tensor:
    """Scores ``[n]`` of pairs, by a model to which all items of a user cost as much as one.

    Args:
        model: scores whole rows of the catalogue.
        users, items: ``[n]`` each.
    """
    distinct, inverse = torch.unique(users, return_inverse=True)
    scores = torch.zeros(len(users), device=model.device)
    for start in range(0, len(distinct), _USERS_OF_PAIRS):
        pairs = ((inverse >= start) & (inverse < start + _USERS_OF_PAIRS)).nonzero().squeeze(1)
        block = model.score_items(distinct[start : start + _USERS_OF_PAIRS], 0, model.n_items)
        scores[pairs] = block[inverse[pairs] - start, items[pairs]]
    return scores


@dataclass(frozen=True, eq=False)
class TopK:
    """The best items, best first, one row per requested user.

    Attributes:
        items: ``[n, k]`` item ids, padded with -1.
        scores: ``[n, k]`` their scores, padded with -inf.
    """

    items: NDArray[np.int64]
    scores: NDArray[np.floating]


def top_k(
    model: ItemScorer,
    users: ArrayLike,
    k: int,
    exclude: ItemSets | None = None,
    *,
    block: int = DEFAULT_BLOCK,
    progress: Callable[[int], None] | None = None,
) -> TopK:
    """Find every user's `k` best items; ties by lower item id.

    Args:
        model: scores blocks of items.
        users: ``[n]`` user ids, in result order.
        k: length of each list.
        exclude: items to exclude, by user id (for all users of the data).
        block: number of scores in memory at a time; does not affect the result.
        progress: called with the number of users done since its last call.

    Raises:
        ValueError: `k` or `block` is not positive.
        RunError: the model returns NaN.
    """
    if k < 1 or block < 1:
        raise ValueError(f"k and block must be at least 1, not {k} and {block}")
    n_items, device = model.n_items, model.device
    asked = np.asarray(users, dtype=np.int64)
    batch_size = min(_USERS_AT_A_TIME, block, max(len(asked), 1))
    width = max(1, min(block // batch_size, n_items))
    items = np.full((len(asked), k), -1, dtype=np.int64)
    scores: NDArray[np.floating] = np.full((len(asked), k), -np.inf, dtype=np.float32)
    with torch.inference_mode():
        for first in range(0, len(asked), batch_size):
            batch = asked[first : first + batch_size]
            best = _Best(len(batch), min(k, n_items), device)
            excluded = _ExcludedByBlock(exclude, batch, width)
            ids = torch.as_tensor(batch, device=device)
            for start in range(0, n_items, width):
                stop = min(start + width, n_items)
                values = model.score_items(ids, start, stop)
                best.take(excluded.mask(values, start), start)
            found, found_scores = best.result()
            scores = scores.astype(found_scores.dtype, copy=False)
            rows, columns = slice(first, first + len(batch)), slice(found.shape[1])
            items[rows, columns], scores[rows, columns] = found, found_scores
            if progress is not None:
                progress(len(batch))
    return TopK(items, scores)


class _ExcludedByBlock:
    """The excluded (row, item) pairs of a batch of users, sorted by item for slicing."""

    def __init__(self, exclude: ItemSets | None, users: NDArray[np.int64], width: int) -> None:
        rows, items = (exclude or ItemSets.empty(int(users.max()) + 1)).pairs(users)
        order = np.argsort(items, kind="stable")
        self._rows, self._items, self._width = rows[order], items[order], width

    def mask(self, scores: Tensor, start: int) -> Tensor:
        """Copy of `scores` (of items from `start`) with -inf at excluded positions."""
        low, high = np.searchsorted(self._items, [start, start + self._width])
        if low == high:
            return scores
        rows = torch.as_tensor(self._rows[low:high], device=scores.device)
        columns = torch.as_tensor(self._items[low:high] - start, device=scores.device)
        masked = scores.clone()  # a model may return a view of its memory
        masked[rows, columns] = -torch.inf
        return masked


class _Best:
    """The k best (score, item) of each row so far; items must be offered in ascending order."""

    def __init__(self, n_rows: int, k: int, device: torch.device) -> None:
        self._k = k
        self._scores: Tensor | None = None
        self._items = torch.full((n_rows, k), -1, dtype=torch.int64, device=device)

    def take(self, scores: Tensor, start: int) -> None:
        """Merge a block of `scores` ``[rows, width]`` whose first item is `start`."""
        if self._scores is None:
            self._items = self._items.to(scores.device)
            self._scores = torch.full_like(self._items, -torch.inf, dtype=scores.dtype)
        # A later item with the same score has a higher id and loses, so only strictly better ones
        # matter; "not <=" keeps NaN, to be reported at the end.
        better = ~(scores.amax(dim=1) <= self._scores[:, -1])
        rows = better.nonzero().squeeze(1)
        if not len(rows):
            return
        part = scores if len(rows) == len(scores) else scores[rows]
        values, columns = _largest(part, min(self._k, part.shape[1]))
        best, ids = self._scores[rows], self._items[rows]
        # Known items have the lower ids, so a stable sort leaves them first among equals.
        merged, order = torch.cat((best, values), 1).sort(dim=1, descending=True, stable=True)
        both = torch.cat((ids, columns + start), 1)
        self._scores[rows] = merged[:, : self._k]
        self._items[rows] = both.gather(1, order[:, : self._k])

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
        """Items and scores ``[rows, k]``; items with -inf become -1."""
        if self._scores is None:
            empty = self._items.cpu().numpy()[:, :0]
            return empty, empty.astype(np.float32)
        if bool(self._scores.isnan().any()):
            raise RunError(
                "the model's scores are not numbers (NaN): its training diverged; train again with "
                "a lower learning rate"
            )
        items = self._items.masked_fill(self._scores == -torch.inf, -1)
        exact = torch.promote_types(self._scores.dtype, torch.float32)  # numpy has no bfloat16
        return items.cpu().numpy(), self._scores.to(exact).cpu().numpy()


def _largest(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """`torch.topk` with ties by lower column, also at the cut; descending order."""
    values, columns = scores.topk(k, dim=1, sorted=True)
    if k < scores.shape[1]:
        # topk may take any of the columns that tie with the last one. If more tie than were taken,
        # sort the row; that is rare with real scores.
        last = values[:, -1:]
        unsure = ((scores == last).sum(1) > (values == last).sum(1)).nonzero().squeeze(1)
        if len(unsure):
            ordered, places = scores[unsure].sort(dim=1, descending=True, stable=True)
            values[unsure], columns[unsure] = ordered[:, :k], places[:, :k]
    columns, by_column = columns.sort(dim=1)
    values, by_value = values.gather(1, by_column).sort(dim=1, descending=True, stable=True)
    return values, columns.gather(1, by_value)
