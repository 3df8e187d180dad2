"""MKR over several processes: each owns rows of users, and gets blocks of items in turn.

Each of p processes trains on the rows of every p-th user, and holds one of p blocks of the items
and their entities. After processing its rows with these items, it passes the block on, including
moments, and receives the next one: no two processes ever share a row. Within a block, steps equal
those of one process, by the same kernel. Blocks are random: consecutive ids may be similar, and a
block must be representative of the catalogue for every user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recommender.data.splits import HeldOut
from recommender.layers.embedding import EmbeddingTable
from recommender.models.base import Recommender
from recommender.models.mkr_native import NativeRecommendationSteps, RecommendationLayers
from recommender.training.adam import Adam, TableState
from recommender.training.distributed import Group
from recommender.training.division import MergedSteps, add_up, every_nth, interleaved
from recommender.training.evaluation import score_rows
from recommender.training.tasks import Steps, TrainingTask

__all__ = ["DividedMKR"]

_STEPS_ALONE = 32  # steps with local layers between merges
_ROUNDS = 4  # passes through all blocks per epoch; with fewer, a user's last block dominates
_KG_STEPS_ALONE = 256  # steps of the knowledge-graph task between merges, which cover whole tables
_USERS = "users.weight"


class DividedMKR:
    """This process's part of an `MKR` under torchrun; see `Division`.

    The user table is divided, values and moments. For items and entities, only the moments of the
    recommendation task are divided; the values are in every process, for validation and for the
    knowledge-graph task, whose triples may link any two of them.

    Args:
        model: the whole model; its user table is reduced to this process's rows.
        layers: the layers trained by the recommendation task.
        task: the recommendation task, with samples of only this process's users.
        knowledge: the task of the knowledge graph, with this process's triples; None without one.
        group: the processes.
    """

    own_samples = True

    def __init__(
        self,
        model: Recommender,
        layers: RecommendationLayers,
        task: TrainingTask,
        knowledge: TrainingTask | None,
        group: Group,
    ) -> None:
        self.model, self.group, self._layers = model, group, layers
        users = every_nth(layers.users.weight.detach(), group.rank, group.size)
        layers.users.weight = nn.Parameter(users)
        self._order = _random_order(model.n_items)
        n, dim = -(-model.n_items // group.size), layers.config.dim
        items, entities = (EmbeddingTable(n, dim).to(users.dtype) for _ in range(2))
        held = replace(layers, items=items, entities=entities)
        optimizer = _adam(task, held.parameters(), [layers.users, items, entities], group)
        self.tasks: list[TrainingTask] = [task]
        self.optimizers = {task.name: optimizer}
        self._stratified = _StratifiedSteps(layers, held, optimizer, group)
        self.steps: dict[str, Steps] = {task.name: self._stratified}
        if knowledge is not None:
            parameters = knowledge.parameters()
            optimizer = _adam(knowledge, parameters, [layers.items, layers.entities], group)
            self.tasks.append(knowledge)
            self.optimizers[knowledge.name] = optimizer
            steps = MergedSteps(knowledge, optimizer, group, _KG_STEPS_ALONE)
            self.steps[knowledge.name] = steps

    def score(self, rows: HeldOut) -> tuple[np.ndarray, np.ndarray]:
        """See `Division.score`."""
        size, owner = self.group.size, rows.users % self.group.size
        places = [np.flatnonzero(owner == rank) for rank in range(size)]
        mine = places[self.group.rank]
        own = HeldOut(rows.users[mine] // size, rows.items[mine], rows.labels[mine])
        values = torch.from_numpy(np.stack(score_rows(self.model, own)))
        found = self.group.gather_columns(values, [len(place) for place in places])
        scores = np.empty((2, len(rows)))
        for place, part in zip(places, found, strict=True):
            scores[:, place] = part.numpy()
        return scores[0], scores[1]

    @contextmanager
    def whole(self) -> Iterator[None]:
        """See `Division.whole`."""
        own = self._layers.users.weight
        users = self._all_users(own.detach())
        if users is not None:
            self._layers.users.weight = nn.Parameter(users)
        self.model.forget()
        try:
            yield
        finally:
            self._layers.users.weight = own
            self.model.forget()

    def complete(self, state: Mapping[str, Tensor] | None) -> dict[str, Tensor] | None:
        """See `Division.complete`."""
        if state is None:
            return None
        users = self._all_users(state[_USERS])
        return {} if users is None else {**state, _USERS: users}

    def optimizer_states(self) -> dict[str, Any]:
        """See `Division.optimizer_states`."""
        states = {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()}
        state = states[self.tasks[0].name]
        users, items, entities, *layers = state["moments"]
        whole = [self._all_rows(users, self.model.n_users)]
        n_entities = len(self._layers.entities.weight)
        for block in (items, entities):
            first, second, taken = self._all_rows(block, self.model.n_items)
            first[self._order], second[self._order] = first.clone(), second.clone()
            rows = self.model.n_items if block is items else n_entities
            # entities that are not items are not used in this task
            pad = first.new_zeros(rows - self.model.n_items, first.shape[1])
            whole.append((torch.cat([first, pad]), torch.cat([second, pad]), taken))
        state["moments"] = [*whole, *layers]
        return states if self.group.is_main else {}

    def load(
        self,
        model: Mapping[str, Tensor],
        best: Mapping[str, Tensor] | None,
        optimizers: Mapping[str, Any],
    ) -> dict[str, Tensor] | None:
        """See `Division.load`."""
        rank, size = self.group.rank, self.group.size

        def own(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {**state, _USERS: every_nth(state[_USERS], rank, size)}

        self.model.load_state_dict(own(model))
        self._stratified.block = rank
        for name, state in optimizers.items():
            moments = list(state["moments"])
            if name == self.tasks[0].name:
                for place, order in enumerate((slice(None), self._order, self._order)):
                    first, second, taken = moments[place]
                    first, second = (every_nth(x[order], rank, size) for x in (first, second))
                    moments[place] = first, second, taken
            self.optimizers[name].load_state_dict({**state, "moments": moments})
        return None if best is None else own(best)

    def _all_users(self, own: Tensor) -> Tensor | None:
        """All processes' rows of the user table; None except in the main process."""
        parts = self.group.gather_equal(own)
        return interleaved(parts, self.model.n_users) if self.group.is_main else None

    def _all_rows(
        self, moments: tuple[Tensor, Tensor, float], n: int
    ) -> tuple[Tensor, Tensor, float]:
        """Both moments of all processes' rows."""
        first, second, taken = moments
        gather = self.group.gather_equal
        return interleaved(gather(first), n), interleaved(gather(second), n), taken


class _StratifiedSteps(NativeRecommendationSteps):
    """Processes this process's samples by blocks of items, in rounds.

    A round starts with the block at which the previous one ended. At the end of an epoch every
    process has its first block again.

    Args:
        whole: the model's layers, with all items and entities.
        held: the same with the current block instead.
        optimizer: of `held`; the block's tables are its second and third.
        group: the processes.
    """

    def __init__(
        self,
        whole: RecommendationLayers,
        held: RecommendationLayers,
        optimizer: Adam,
        group: Group,
    ) -> None:
        super().__init__(held, optimizer)
        self._group = group
        self._states: list[TableState] = optimizer.tables[1:]
        self._before = torch.zeros_like(self.flat.tensors[0])
        self.block, self._merges = group.rank, 0
        n_items = len(whole.items.weight)
        self._order = _random_order(n_items)
        self._places = torch.empty_like(self._order)
        self._places[self._order] = torch.arange(n_items)
        self._whole = whole.items.weight.detach(), whole.entities.weight.detach()[:n_items]

    @torch.no_grad()
    def run(self, columns: tuple[Tensor, ...]) -> float:
        """See `Steps.run`; `columns` are this process's samples."""
        group = self._group
        users, items, _, labels = columns
        places = self._places[items]
        self._take_values()
        total = torch.zeros(2)
        for part in np.array_split(np.arange(len(users)), _ROUNDS):
            chosen = slice(part[0], part[-1] + 1) if len(part) else slice(0)
            total += self._run_round(users[chosen], places[chosen], labels[chosen])
        while self.block != group.rank:
            self._hand_on()
        self._give_values()
        group.sum_dense([total])
        return float(total[0] / total[1].clamp_min(1))

    def _run_round(self, users: Tensor, places: Tensor, labels: Tensor) -> Tensor:
        """Process samples through all blocks from the current one; loss sum and steps."""
        size, total = self._group.size, torch.zeros(2)
        for turn in range(size):
            if turn:
                self._hand_on()
            mine = (places % size == self.block).nonzero().squeeze(1)
            local = places[mine] // size
            loss, taken = self._run_block((users[mine] // size, local, local, labels[mine]))
            total += torch.tensor([loss * taken, taken])
        return total

    def _run_block(self, columns: tuple[Tensor, ...]) -> tuple[float, int]:
        """Process the current block's samples, with equally many merges in all processes."""
        optimizer, size = self.optimizer, self.config.batch_size
        taken = -(-len(columns[0]) // size)
        most = self._group.largest(taken)
        self._merges = 0
        loss = super().run(columns)
        self.flat.take()
        while self._merges < -(-most // _STEPS_ALONE):
            self._merge()
        self.flat.give_back()
        optimizer.pass_by((most - taken) * optimizer.turns)
        return loss, taken

    def before_first_step(self) -> None:
        """Save the layers as of the last merge, equal in all processes."""
        self._before.copy_(self.flat.tensors[0])

    def after_step(self, taken: int) -> None:
        """Merge the processes' changes to the layers periodically."""
        if taken % _STEPS_ALONE == 0:
            self._merge()

    def _merge(self) -> None:
        """Merge: sum all changes of the layers, and average their moments."""
        theta, *moments = self.flat.tensors
        add_up(self._group, self._before, theta)
        self._group.sum_dense(moments)
        for moment in moments:
            moment /= self._group.size
        self._before.copy_(theta)
        self._merges += 1

    def _hand_on(self) -> None:
        """Pass the block to the previous process, and receive that of the next."""
        for state in self._states:
            self.optimizer.catch_up_all(state)
        arrays = [torch.from_numpy(array) for state in self._states for array in state.arrays()]
        self._group.exchange(arrays)
        self.block = (self.block + 1) % self._group.size

    def _tables(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The whole tables, each with the current block."""
        blocks = (state.table.weight.detach() for state in self._states)
        return zip(self._whole, blocks, strict=True)

    def _take_values(self) -> None:
        """Copy the block's rows from the whole tables, which other tasks also change."""
        for table, block in self._tables():
            block.copy_(every_nth(table[self._order], self.block, self._group.size))

    def _give_values(self) -> None:
        """Copy all blocks' rows to the whole tables."""
        for table, block in self._tables():
            table[self._order] = interleaved(self._group.gather_equal(block), len(table))


def _adam(
    task: TrainingTask,
    parameters: Sequence[nn.Parameter],
    tables: Sequence[EmbeddingTable],
    group: Group,
) -> Adam:
    """Create row-wise Adam that alternates with the other processes."""
    optimizer = Adam(parameters, tables, learning_rate=task.learning_rate, rowwise=True)
    optimizer.turns = group.size
    return optimizer


def _random_order(n: int) -> Tensor:
    """A fixed random order of n items, equal in every process and training."""
    return torch.from_numpy(np.random.default_rng(0).permutation(n))
