"""An embedding whose entities are divided over processes by rows, with the optimiser's state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from recommender.kge.base import TripleModel
from recommender.layers.columns import Columns
from recommender.layers.embedding import EmbeddingTable
from recommender.training.distributed import Group
from recommender.training.division import every_nth, interleaved

__all__ = ["DividedTable", "EntityDivision"]

_ENTITIES = "entities.weight"


class DividedTable(EmbeddingTable):
    """The rows of every n-th id; `forward` returns the rows of any ids, `own` those held here.

    Args:
        weight: all rows.
        group: the processes, which must all call `forward` with the same ids.
    """

    def __init__(self, weight: Tensor, group: Group) -> None:
        super().__init__(1, 1)
        self.group, self._columns = group, Columns(group)
        self._last: tuple[Tensor, Tensor] | None = None
        self.weight = nn.Parameter(every_nth(weight.detach(), group.rank, group.size).clone())

    def forward(self, ids: Tensor) -> Tensor:
        """Rows of `ids` (int64 [b]): [b, dim]; gradients are summed over the processes.

        The same tensor of ids twice in a row, as in one loss, is looked up once.
        """
        if self._last is not None and self._last[0] is ids:
            return self._last[1]
        mine = (ids % self.group.size == self.group.rank).nonzero().squeeze(1)
        found = self.own(ids[mine] // self.group.size)
        rows = found.new_zeros(len(ids), self.weight.shape[1]).index_copy(0, mine, found)
        self._last = ids, self._columns.sum(rows)
        return self._last[1]

    def own(self, places: Tensor) -> Tensor:
        """Rows of this process by their place."""
        return super().forward(places)


class EntityDivision:
    """Divides a model trained against all entities; does nothing in a single process.

    Args:
        model: whose table of entities is reduced to this process's rows.
        group: the processes.
    """

    def __init__(self, model: TripleModel, group: Group) -> None:
        self.model, self.group = model, group
        self.active = group.size > 1 and model.reciprocal
        if self.active:
            self._whole = model.entities
            model.entities = DividedTable(self._whole.weight, group)
            self._whole.weight = nn.Parameter(self._whole.weight.new_empty(0, 0))

    def join(self) -> None:
        """Make the model whole in every process."""
        if self.active:
            whole = self.complete(self.model.state_dict())[_ENTITIES]
            self.model.entities = self._whole
            self._whole.weight = nn.Parameter(whole)
            self.active = False

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Context in which the model is whole in every process."""
        own, active = self.model.entities, self.active
        self.join()
        try:
            yield
        finally:
            self.model.entities, self.active = own, active
            if active:
                self._whole.weight = nn.Parameter(own.weight.new_empty(0, 0))

    def complete(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """All rows of parameters from the processes' own; must be called in all of them."""
        return self._changed(state, self._gathered)

    def own(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """This process's rows of whole parameters."""
        return self._changed(state, self._dealt)

    def complete_optimizer(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """An optimiser's state for all rows."""
        return self._changed_moments(state, self._gathered)

    def own_optimizer(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """An optimiser's state for this process's rows."""
        return self._changed_moments(state, self._dealt)

    def _gathered(self, rows: Tensor) -> Tensor:
        return interleaved(self.group.gather_equal(rows), self.model.n_entities)

    def _dealt(self, rows: Tensor) -> Tensor:
        return every_nth(rows, self.group.rank, self.group.size)

    def _changed(
        self, state: Mapping[str, Tensor], change: Callable[[Tensor], Tensor]
    ) -> dict[str, Tensor]:
        if not self.active or not state:
            return dict(state)
        return {**state, _ENTITIES: change(state[_ENTITIES])}

    def _changed_moments(
        self, state: Mapping[str, Any], change: Callable[[Tensor], Tensor]
    ) -> dict[str, Any]:
        """Change the entities' moments, of Adam or Adagrad."""
        if not self.active:
            return dict(state)
        place = [name for name, _ in self.model.named_parameters()].index(_ENTITIES)
        if "moments" in state:
            moments = list(state["moments"])
            first, second, taken = moments[place]
            moments[place] = change(first), change(second), taken
            return {**state, "moments": moments}
        sums = dict(state["state"])
        sums[place] = {**sums[place], "sum": change(sums[place]["sum"])}
        return {**state, "state": sums}
