"""Multiply each vector by its relation's matrix M_r, grouped by relation (TransR, KGAT)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["relation_products"]


def relation_products(vectors: Tensor, relations: Tensor, matrices: Tensor) -> Tensor:
    """Compute M_r x for every row.

    Args:
        vectors: x, ``[n, d]``.
        relations: r, int64 ``[n]``.
        matrices: M, ``[n_relations, k, d]``.

    Returns:
        ``[n, k]``.
    """
    if not len(relations):
        return vectors.new_zeros(0, matrices.shape[1])
    first = relations[:1]
    if bool((relations == first).all()):
        return vectors @ matrices[int(first)].T
    order = relations.argsort(stable=True)
    counts = torch.bincount(relations, minlength=len(matrices))
    present = counts.nonzero().squeeze(1).tolist()
    parts = vectors[order].split(counts[present].tolist())  # type: ignore[no-untyped-call]
    transposed = matrices.mT.unbind()
    products = [part @ transposed[r] for r, part in zip(present, parts, strict=True)]
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order), device=order.device)
    return torch.cat(products)[back]
