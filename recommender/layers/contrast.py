"""In-batch contrast (InfoNCE) between the vectors of users and their items, in both directions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from recommender.layers.columns import Columns

__all__ = ["contrast"]


def contrast(
    left: Tensor,
    right: Tensor,
    users: Tensor,
    items: Tensor,
    temperature: float,
    columns: Columns,
) -> Tensor:
    """The mean cross-entropy of each pair among all pairs (van den Oord et al. 2018).

    Other pairs with the same user or item are masked.

    Args:
        left, right: vectors of the pairs' users and items, [n, dim] each.
        users, items: their ids, int64 [n] each.
        temperature: of the cosines.
        columns: the processes that share the rows; the result is this one's share of the sum.
    """
    n, part = len(users), columns.share(len(users))
    own = torch.arange(n, device=users.device)[part]
    rows = torch.arange(len(own), device=users.device)
    left, right = functional.normalize(left[part], dim=1), functional.normalize(right, dim=1)
    logits = left @ right.T / temperature
    same = (users[part, None] == users) | (items[part, None] == items)
    same[rows, own] = False
    logits = logits.float()
    logits = logits.masked_fill(same, torch.finfo(logits.dtype).min)
    by_user = functional.cross_entropy(logits, own, reduction="sum")
    if columns.size == 1:
        by_item = functional.cross_entropy(logits.T, own, reduction="sum")
    else:  # a column's rows are distributed
        parts = columns.whole(torch.logsumexp(logits, dim=0)[:, None], columns.size)
        by_item = (torch.logsumexp(parts, dim=1)[part] - logits[rows, own]).sum()
    return (by_user / n + by_item / n) / 2
