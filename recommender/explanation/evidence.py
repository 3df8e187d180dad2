"""What speaks for a recommendation: facts of the graph and of other histories, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Evidence", "Kind", "Reason", "Step"]

#: From the strongest to the weakest. `link`: a triple joins the item and one of the history.
#: `shared`: both have the same relation to one entity. `through`: both touch one entity, by
#: different relations. `path`: two linked entities lie between them. `listeners`: no path, but
#: other users have both. `model`: none of these; the score is all there is.
Kind = Literal["link", "shared", "through", "path", "listeners", "model"]


@dataclass(frozen=True)
class Step:
    """One triple as seen from an item: its relation, whether the item is the head, the far end."""

    relation: int
    forward: bool
    entity: int


@dataclass(frozen=True)
class Evidence:
    """One argument.

    Attributes:
        kind: see `Kind`.
        items: items of the user's history that it rests on, the best-known first; all of them.
        steps: triples on the recommended item's side. `link`: the triples to ``items``, one each.
            `shared`: one for every entity that all of ``items`` share. `through` and `path`: one.
        ends: the triple on the history's side, seen from ``items[0]`` (`through` and `path`).
        weight: informativeness in nats, summed over ``steps``: ln(items / items that have it).
        together, audience: of `listeners`: other users with both items; with ``items[0]``.
    """

    kind: Kind
    items: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()
    ends: tuple[Step, ...] = ()
    weight: float = 0.0
    together: int = 0
    audience: int = 0


@dataclass(frozen=True)
class Reason:
    """Why an item was recommended to a user: one or two arguments, the strongest first."""

    evidence: tuple[Evidence, ...]

    @property
    def kind(self) -> Kind:
        """Kind of the strongest argument."""
        return self.evidence[0].kind
