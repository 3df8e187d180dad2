"""The activations S1, T, S2, S3 of MMSS_MKR and their mean, used for its predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from pydantic import AfterValidator
from torch import Tensor
from torch.nn import functional

__all__ = ["ACTIVATIONS", "HIDDEN", "Mixture", "PredictionMixture", "TripleMixture", "mixture"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "S1": torch.sigmoid,  # σ, Eq. 4 and 12
    "T": torch.tanh,  # α, Eq. 5 and 13
    "S2": functional.softsign,  # β, Eq. 6 and 14
    "S3": functional.softplus,  # δ, Eq. 15
}

HIDDEN: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "linear": lambda x: x,
}


class Mixture:
    """The mean of some activations, for tensors of any shape; `S1+T+S2` in the paper's notation.

    The mean of all three is the bracket of Eq. 3, that of all four is Eq. 10. All of them are
    strictly increasing, so a mixture preserves order.
    """

    def __init__(self, names: str) -> None:
        self.names = names
        self.functions = [ACTIVATIONS[name] for name in names.split("+")]

    def __call__(self, x: Tensor) -> Tensor:
        """The mean, same shape."""
        total = self.functions[0](x)
        for function in self.functions[1:]:
            total = total + function(x)
        return total / len(self.functions)

    def __repr__(self) -> str:
        return f"Mixture({self.names})"


def mixture(names: str, allowed: tuple[str, ...]) -> str:
    """Validate and normalise a subset: `T+S1` gives `S1+T`.

    Raises:
        ValueError: empty, a duplicate, or a name not in `allowed`.
    """
    given = [name.strip().upper() for name in names.split("+")]
    if len(set(given)) != len(given) or not set(given) <= set(allowed):
        raise ValueError(f"{names!r} is no subset of {'+'.join(allowed)} joined by +")
    return "+".join(name for name in allowed if name in given)


def _prediction(names: str) -> str:
    return "plain" if names.strip().lower() == "plain" else mixture(names, ("S1", "T", "S2"))


def _triple(names: str) -> str:
    return mixture(names, ("S1", "T", "S2", "S3"))


PredictionMixture = Annotated[str, AfterValidator(_prediction)]
TripleMixture = Annotated[str, AfterValidator(_triple)]
