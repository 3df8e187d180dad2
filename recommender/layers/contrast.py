"""Contrast of two views of the same things: each is to recognise itself in the other view."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["contrast"]


def contrast(anchors: Tensor, others: Tensor, temperature: float) -> Tensor:
    """InfoNCE of every anchor with negatives from both views (Eq. 10 and 15 of MCCLK).

    -log(e^{s(a_i, b_i)/τ} / (e^{s(a_i, b_i)/τ} + Σ_{k≠i} e^{s(a_i, a_k)/τ} + Σ_{k≠i}
    e^{s(a_i, b_k)/τ})), s the cosine.

    Args:
        anchors: a, ``[m, d]``.
        others: b, ``[m, d]``, row i of the same thing as row i of `anchors`.
        temperature: τ.

    Returns:
        ``[m]``.
    """
    a, b = functional.normalize(anchors), functional.normalize(others)
    within, across = a @ a.T / temperature, a @ b.T / temperature
    itself = torch.eye(len(a), dtype=torch.bool, device=a.device)
    logits = torch.cat([across, within.masked_fill(itself, -torch.inf)], dim=1)
    return logits.logsumexp(dim=1) - across.diagonal()
