"""Numba kernels: sum an item-item matrix over users' histories, without a user-item matrix."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit

__all__ = ["by_item", "history_blocks", "history_pairs", "history_samples"]

_LONGER: Final = 32
"""Maximum ratio of row to history length for a linear scan of the row."""


@njit(cache=True, nogil=True, error_model="numpy")
def _by_bisection(
    history: Any, columns: Any, values: Any, weights: Any
) -> tuple[float, float]:  # pragma: no cover
    """Sum and sum of squares of one row of M over a history, by binary search."""
    total, square, low, end = 0.0, 0.0, 0, len(columns)
    for h in range(len(history)):
        wanted, high = history[h], end
        while low < high:
            middle = (low + high) // 2
            if columns[middle] < wanted:
                low = middle + 1
            else:
                high = middle
        if low == end:
            break
        if columns[low] == wanted:
            value = weights[wanted] * values[low]
            total += value
            square += value * value
    return total, square


@njit(cache=True, nogil=True, error_model="numpy")
def history_pairs(
    starts: Any,
    history: Any,
    rows: Any,
    items: Any,
    offsets: Any,
    columns: Any,
    values: Any,
    weights: Any,
    sums: Any,
    squares: Any,
) -> None:  # pragma: no cover
    """sums[p] = Σ w[j] M[items[p], j], squares[p] = Σ (w[j] M[items[p], j])² over a history's j.

    If the item's row is not much longer than the history, it is scanned with the history marked;
    else each j is found in it by binary search. Sums run by ascending j in both cases.

    Args:
        starts, history: the histories in CSR format, ascending in each.
        rows, items: int64 ``[n]``, the history and the item of each pair.
        offsets, columns, values: M in CSR format, columns ascending in each row.
        weights: w, weight of each item in a history.
        sums, squares: ``[n]``, output.
    """
    marked, marked_row = np.zeros(len(weights), dtype=np.bool_), -1
    for p in range(len(rows)):
        row, item = rows[p], items[p]
        first, end = offsets[item], offsets[item + 1]
        if end - first > _LONGER * (starts[row + 1] - starts[row]):
            sums[p], squares[p] = _by_bisection(
                history[starts[row] : starts[row + 1]],
                columns[first:end],
                values[first:end],
                weights,
            )
            continue
        if row != marked_row:
            if marked_row >= 0:
                for h in range(starts[marked_row], starts[marked_row + 1]):
                    marked[history[h]] = False
            for h in range(starts[row], starts[row + 1]):
                marked[history[h]] = True
            marked_row = row
        total, square = 0.0, 0.0
        for entry in range(first, end):
            other = columns[entry]
            if marked[other]:
                value = weights[other] * values[entry]
                total += value
                square += value * value
        sums[p], squares[p] = total, square


@njit(cache=True, nogil=True, error_model="numpy")
def history_blocks(
    starts: Any,
    history: Any,
    rows: Any,
    offsets: Any,
    items: Any,
    values: Any,
    weights: Any,
    first: int,
    sums: Any,
    squares: Any,
) -> None:  # pragma: no cover
    """`history_pairs` of some histories with all items first … first + width - 1.

    Args:
        starts, history: the histories in CSR format.
        rows: int64 ``[n]``, the histories.
        offsets, items, values: M *transposed*, in CSR format, `items` ascending in each row.
        weights: w, weight of each item in a history.
        first: the first item.
        sums, squares: ``[n, width]``, added to.
    """
    last = first + sums.shape[1]
    for r in range(len(rows)):
        for h in range(starts[rows[r]], starts[rows[r] + 1]):
            weight = weights[history[h]]
            low, high = offsets[history[h]], offsets[history[h] + 1]
            end = high
            while low < high:
                middle = (low + high) // 2
                if items[middle] < first:
                    low = middle + 1
                else:
                    high = middle
            for index in range(low, end):
                item = items[index]
                if item >= last:
                    break
                value = weight * values[index]
                sums[r, item - first] += value
                squares[r, item - first] += value * value


@njit(cache=True, nogil=True, error_model="numpy")
def by_item(items: Any, n_items: int) -> tuple[Any, Any]:  # pragma: no cover
    """Positions of each item's pairs, in CSR format: offsets ``[n_items + 1]``, int32 ``[n]``."""
    offsets = np.zeros(n_items + 1, dtype=np.int64)
    for p in range(len(items)):
        offsets[items[p] + 1] += 1
    offsets = np.cumsum(offsets)
    place, order = offsets[:-1].copy(), np.empty(len(items), dtype=np.int32)
    for p in range(len(items)):
        order[place[items[p]]] = p
        place[items[p]] += 1
    return offsets, order


@njit(cache=True, nogil=True, error_model="numpy")
def history_samples(
    starts: Any,
    history: Any,
    rows: Any,
    width: int,
    bounds: Any,
    order: Any,
    offsets: Any,
    columns: Any,
    values: Any,
    weights: Any,
    sums: Any,
    squares: Any,
    first: int,
    last: int,
) -> None:  # pragma: no cover
    """`history_pairs` of many pairs, item by item: the same sums, each row of M read once.

    Args:
        starts, history: the histories in CSR format, ascending in each.
        rows: int64 ``[n / width]``, the history of every `width` pairs.
        width: pairs in a row with the same history.
        bounds, order: see `by_item`.
        offsets, columns, values: M in CSR format.
        weights: w, weight of each item in a history.
        sums, squares: ``[n]``, output; `squares` may be empty.
        first, last: the part of the items to work on.
    """
    dense = np.zeros(len(weights), dtype=values.dtype)
    for item in range(first, last):
        if bounds[item] == bounds[item + 1]:
            continue
        for entry in range(offsets[item], offsets[item + 1]):
            dense[columns[entry]] = weights[columns[entry]] * values[entry]
        for k in range(bounds[item], bounds[item + 1]):
            row = rows[order[k] // width]
            total, square = 0.0, 0.0
            for h in range(starts[row], starts[row + 1]):
                value = dense[history[h]]
                total += value
                square += value * value
            sums[order[k]] = total
            if len(squares):
                squares[order[k]] = square
        for entry in range(offsets[item], offsets[item + 1]):
            dense[columns[entry]] = 0.0
