"""Train MKR's recommendation task on the CPU by numba kernels, with autograd's results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from recommender.kernels import adam_rows, mkr_step
from recommender.layers.cross_compress import CrossCompress, UnitStack
from recommender.layers.embedding import EmbeddingTable
from recommender.layers.mlp import Dense
from recommender.models.mkr_config import MKRConfig
from recommender.training.adam import BETA1, BETA2, EPSILON, Adam, TableState

__all__ = ["NativeRecommendationSteps", "RecommendationLayers"]

_BITS = {"S1": 1, "T": 2, "S2": 4}


@dataclass(frozen=True, eq=False)
class RecommendationLayers:
    """Parameters of MKR's recommendation task, with the model's settings.

    Attributes:
        config: the settings.
        users, items, entities: tables of vectors, ``[n, dim]`` each.
        user_layers: M^L of Eq. 1.
        units: C^L of Eq. 2.
    """

    config: MKRConfig
    users: EmbeddingTable
    items: EmbeddingTable
    entities: EmbeddingTable
    user_layers: nn.Sequential
    units: UnitStack

    def parameters(self) -> list[nn.Parameter]:
        """All of them: users, items, entities, then the layers."""
        parts = (self.users, self.items, self.entities, self.user_layers, self.units)
        return [parameter for part in parts for parameter in part.parameters()]


class NativeRecommendationSteps:
    """Runs the steps of an epoch with `recommender.kernels.mkr_step`.

    During a run, the layers' parameters and moments are in flat working arrays, which are copied
    back at the end.
    """

    def __init__(self, layers: RecommendationLayers, optimizer: Adam) -> None:
        self.config, self.optimizer = layers.config, optimizer
        of = {state.table: state for state in optimizer.tables}
        self.tables = [_Rows(of[t]) for t in (layers.users, layers.items, layers.entities)]
        self.flat = _FlatWeights(layers, optimizer)
        config = self.config
        plain = config.rs_loss == "score" or config.prediction == "plain"
        self.mixture = 0 if plain else sum(_BITS[name] for name in config.prediction.split("+"))

    @staticmethod
    def computes(layers: RecommendationLayers) -> bool:
        """Whether the kernel supports the settings."""
        config = layers.config
        return (
            config.f_rs == "dot"
            and config.unit == "cross_compress"
            and config.activation == "relu"
            and config.low_layers >= 1
            and layers.users.weight.dtype in (torch.float32, torch.float64)
        )

    @torch.no_grad()
    def run(self, columns: tuple[Tensor, ...]) -> float:
        """See `recommender.training.tasks.Steps.run`."""
        size, n = self.config.batch_size, len(columns[0])
        arrays = [column.numpy() for column in columns]
        self.flat.take()
        self.before_first_step()
        for rows in self.tables:
            rows.reserve(min(size, n))
        work = _Buffers(self.flat, min(size, n))
        total = 0.0
        for start in range(0, n, size):
            total += self._step([array[start : start + size] for array in arrays], work)
            self.after_step(start // size + 1)
        self.flat.give_back()
        return total / max(1, -(-n // size))

    def before_first_step(self) -> None:
        """Called at the start of a run, after filling the working arrays."""

    def after_step(self, taken: int) -> None:
        """Called after each step of a run, with the number of steps so far."""

    def _step(self, batch: list[np.ndarray], work: _Buffers) -> float:
        users, items, entities, labels = batch
        optimizer, flat, b = self.optimizer, self.flat, len(users)
        config = self.config
        adam = (optimizer.learning_rate, BETA1, BETA2, EPSILON)
        for rows, ids in zip(self.tables, (users, items, entities), strict=True):
            rows.gather(ids, optimizer.carry, optimizer.steps, adam)
        # Eq. 1 up to the last ReLU
        layers = [layer[:b] for layer in work.layers]
        user_table, item_table, entity_table = self.tables
        torch.index_select(user_table.weight, 0, torch.from_numpy(users), out=layers[0])
        last = len(flat.matrices) - 1
        for i, (matrix, bias) in enumerate(zip(flat.matrices, flat.biases, strict=True)):
            torch.addmm(bias, layers[i], matrix.t(), out=layers[i + 1])
            if i < last:
                layers[i + 1].relu_()
        gradient = work.gradient[:b]
        scale = 1.0 / b if config.rs_reduction == "mean" else 1.0
        loss = mkr_step.item_tower(
            layers[-1].numpy(), labels, items, entities,
            item_table.slots, entity_table.slots, item_table.count, entity_table.count,
            item_table.theta, entity_table.theta, flat.unit_weights, flat.unit_biases,
            self.mixture, scale, config.lambda2,
            gradient.numpy(), item_table.total, entity_table.total,
            flat.unit_weight_gradients, flat.unit_bias_gradients,
            work.vs, work.es, work.coefficients,
        )  # fmt: skip
        # Back through Eq. 1
        for i in range(last, -1, -1):
            if i < last:
                mkr_step.relu_backward(gradient.numpy(), layers[i + 1].numpy(), flat.bias_sums[i])
            else:
                torch.sum(gradient, dim=0, out=flat.bias_gradients[i])
            torch.mm(gradient.t(), layers[i], out=flat.matrix_gradients[i])
            before = work.spare[:b]
            torch.mm(gradient, flat.matrices[i], out=before)
            work.gradient, work.spare = work.spare, work.gradient
            gradient = before
        optimizer.begin_step()
        user_table.scatter(gradient.numpy(), optimizer.steps, adam)
        item_table.step(optimizer.steps, adam)
        entity_table.step(optimizer.steps, adam)
        loss += mkr_step.adam_dense(
            *flat.arrays, flat.n_decay, config.lambda2, optimizer.own_steps, *adam
        )
        optimizer.end_step()
        return float(loss)


class _Rows:
    """The rows of one table used by a batch."""

    def __init__(self, state: TableState) -> None:
        self.state = state
        self.weight = state.table.weight.detach()
        self.theta, self.m, self.v = state.arrays()
        self.count = 0
        self.reserve(0)

    def reserve(self, size: int) -> None:
        """Allocate buffers for batches of `size`."""
        self.rows = np.empty(size, dtype=np.int64)
        self.slots = np.empty(size, dtype=np.int64)
        self.total = np.empty((size, self.theta.shape[1]), dtype=self.theta.dtype)

    def gather(self, ids: np.ndarray, carry: np.ndarray, t: int, adam: tuple[float, ...]) -> None:
        """Index the distinct ids and update their rows."""
        if len(self.slots) != len(ids):
            self.reserve(len(ids))
        self.count = mkr_step.gather_rows(
            ids, self.state.slot, self.rows, self.slots,
            self.theta, self.m, self.v, self.state.last, carry, t, *adam,
        )  # fmt: skip

    def scatter(self, gradient: np.ndarray, t: int, adam: tuple[float, ...]) -> None:
        """Sum the samples' gradients by row, then step."""
        mkr_step.scatter_rows(
            gradient, self.slots, self.total, self.rows, self.count,
            self.theta, self.m, self.v, self.state.last, t, *adam,
        )  # fmt: skip

    def step(self, t: int, adam: tuple[float, ...]) -> None:
        """Step with the gradients in `total`."""
        adam_rows.step_rows(
            self.theta, self.m, self.v, self.state.last, self.rows[: self.count], self.total,
            t, *adam,
        )  # fmt: skip


@dataclass
class _Part:
    """A parameter's slice in the flat arrays."""

    parameter: nn.Parameter
    index: int
    span: slice


class _FlatWeights:
    """The layers' parameters, moments and gradients as flat arrays; matrices before biases.

    Matrices come first, because only they are penalised (λ₂).
    """

    def __init__(self, layers: RecommendationLayers, optimizer: Adam) -> None:
        self.optimizer = optimizer
        dense = [layer for layer in layers.user_layers if isinstance(layer, Dense)]
        units = [unit for unit in layers.units.units if isinstance(unit, CrossCompress)]
        dim, n_layers = layers.config.dim, len(dense)
        ordered = [
            *(layer.weight for layer in dense),
            *(weight for unit in units for weight in unit.weights()),
            *(layer.bias for layer in dense),
            *(bias for unit in units for bias in (unit.bias_v, unit.bias_e)),
        ]
        index = {id(parameter): i for i, parameter in enumerate(optimizer.weights)}
        self.parts, end = [], 0
        for parameter in ordered:
            span = slice(end, end + parameter.numel())
            self.parts.append(_Part(parameter, index[id(parameter)], span))
            end = span.stop
        kind = dense[0].weight.dtype
        theta, m, v, gradient = (torch.zeros(end, dtype=kind) for _ in range(4))
        self.tensors = (theta, m, v)
        self.arrays = (theta.numpy(), m.numpy(), v.numpy(), gradient.numpy())
        square, stack = n_layers * dim * dim, n_layers * 4 * dim
        self.n_decay = square + stack
        ends = (square, self.n_decay, self.n_decay + n_layers * dim)

        def views(flat: Tensor) -> tuple[Tensor, ...]:
            return (
                flat[: ends[0]].view(n_layers, dim, dim),
                flat[ends[0] : ends[1]].view(n_layers, 4, dim),
                flat[ends[1] : ends[2]].view(n_layers, dim),
                flat[ends[2] :].view(n_layers, 2, dim),
            )

        matrices, unit_weights, biases, unit_biases = views(theta)
        self.matrices, self.biases = list(matrices), list(biases)
        self.unit_weights, self.unit_biases = unit_weights.numpy(), unit_biases.numpy()
        matrices, unit_weights, biases, unit_biases = views(gradient)
        self.matrix_gradients, self.bias_gradients = list(matrices), list(biases)
        self.bias_sums = [bias.numpy() for bias in biases]
        self.unit_weight_gradients = unit_weights.numpy()
        self.unit_bias_gradients = unit_biases.numpy()

    def take(self) -> None:
        """Copy parameters and moments in."""
        for part in self.parts:
            for flat, own in zip(self.tensors, self._own(part), strict=True):
                flat[part.span] = own.reshape(-1)

    def give_back(self) -> None:
        """Copy parameters, moments and the step count out."""
        for part in self.parts:
            for flat, own in zip(self.tensors, self._own(part), strict=True):
                own.copy_(flat[part.span].view_as(own))
        self.optimizer.align_steps()

    def _own(self, part: _Part) -> tuple[Tensor, Tensor, Tensor]:
        optimizer = self.optimizer
        return part.parameter, optimizer.exp_avg[part.index], optimizer.exp_avg_sq[part.index]


class _Buffers:
    """Working memory of the steps of one epoch."""

    def __init__(self, flat: _FlatWeights, size: int) -> None:
        n_layers, dim = len(flat.matrices), flat.matrices[0].shape[0]
        like = flat.matrices[0]
        self.layers = [like.new_empty(size, dim) for _ in range(n_layers + 1)]
        self.gradient, self.spare = like.new_empty(size, dim), like.new_empty(size, dim)
        kind = flat.unit_weights.dtype
        self.vs = np.empty((n_layers + 1, dim), dtype=kind)
        self.es = np.empty((n_layers + 1, dim), dtype=kind)
        self.coefficients = np.empty((n_layers, 4), dtype=kind)
