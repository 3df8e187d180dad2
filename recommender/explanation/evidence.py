"""Data classes of a recommendation's reason: its arguments, and the facts or users behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Basis", "Evidence", "Kind", "Reason", "Step"]

#: From the strongest to the weakest. `link`: a triple joins the item and one of the history.
#: `shared`: both have the same relation to an entity. `through`: both are related to an entity, by
#: different relations. `path`: two linked entities are between them. `makers`: one of the first
#: three is true of who made them. `listeners`: other users have both. `model`: none of these, only
#: the score.
Kind = Literal["link", "shared", "through", "path", "makers", "listeners", "model"]

#: Origin of a weight. `model`: contribution of the triples to the score, in its units.
#: `rarity`: informativeness of the fact, in nats, times the relevance of its relation.
Basis = Literal["model", "rarity"]


@dataclass(frozen=True)
class Step:
    """A fact seen from one of its ends: relation, whether that end is the head, other end.

    Attributes:
        relation, forward, entity: the relation, its direction, and the entity at the other end.
        triples: positions in `train.graph` of the triples that state it; more than one if the graph
            has it in both directions or under two equivalent relations.
        weight: see `Basis`.
    """

    relation: int
    forward: bool
    entity: int
    triples: tuple[int, ...] = field(default=(), compare=False)
    weight: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Evidence:
    """An argument of a reason.

    Attributes:
        kind: see `Kind`.
        items: all items of the user's history that it is based on, the best-known first.
        steps: facts on the recommended item's side. `link`: those that lead to ``items``, one each.
            `shared`: one for every entity that all of ``items`` share. `through` and `path`: one.
            `makers`: who made it.
        middle: for `path`: the fact between the two entities, seen from the recommended item's.
        ends: the fact on the history's side, seen from ``items[0]`` (`through` and `path`); for
            `makers`: who made each of ``items``.
        makers: for `makers`: the argument about the entity of ``steps``, its ``items`` being the
            makers of items of the history.
        weight: of the argument; for `link` and `shared` the sum over ``steps``.
        basis: origin of the weights.
        together, audience: for `listeners`: number of other users with both items; with
            ``items[0]``.
    """

    kind: Kind
    items: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()
    middle: tuple[Step, ...] = ()
    ends: tuple[Step, ...] = ()
    makers: Evidence | None = None
    weight: float = 0.0
    basis: Basis = "rarity"
    together: int = 0
    audience: int = 0

    @property
    def is_weak(self) -> bool:
        """Whether the graph has only a loose connection, which other listeners should support."""
        return self.kind in ("through", "path") or (self.makers is not None and self.makers.is_weak)


@dataclass(frozen=True)
class Reason:
    """Why an item was recommended to a user: one or two arguments, the strongest first."""

    evidence: tuple[Evidence, ...]

    @property
    def kind(self) -> Kind:
        """Kind of the strongest argument."""
        return self.evidence[0].kind

    @property
    def triples(self) -> tuple[int, ...]:
        """Triples of the recommended item that the arguments name, ascending."""
        return tuple(sorted({t for e in self.evidence for s in e.steps for t in s.triples}))
