"""Process group of a training under torchrun: sums, gathers, broadcasts.

If a model can be divided (`Recommender.divide`), every process holds a part of its tables, by rows
or by columns. Otherwise all processes draw the same batches from the same seed and process a slice
of each; the gradients of the slices are summed, so that a step equals that of a single process up
to rounding. Inactive outside torchrun.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from recommender.errors import ConfigError

__all__ = ["Group", "process_group"]

Value = TypeVar("Value")
_LONGEST_WAIT = timedelta(days=1)  # while the main process evaluates or writes


class Group:
    """A group of training processes; with a single process all methods are no-ops."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @property
    def is_main(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def slice(self, n: int) -> slice:
        """This process's part of a batch of n."""
        return slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)

    def sum_dense(self, tensors: list[Tensor]) -> None:
        """Replace each tensor by its sum over the processes, in one all-reduce."""
        if self.size == 1 or not tensors:
            return
        if len(tensors) == 1 and tensors[0].is_contiguous():
            dist.all_reduce(tensors[0])
            return
        joined = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(joined)
        parts = torch.split(joined, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def gather_rows(self, ids: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Gather all processes' rows, by rank: ids [k], values [k, dim]."""
        if self.size == 1:
            return ids, values
        count = torch.tensor([len(ids)], device=ids.device)
        counts = [torch.empty_like(count) for _ in range(self.size)]
        dist.all_gather(counts, count)
        longest = int(max(int(c) for c in counts))
        padded_ids, padded = _pad(ids, longest), _pad(values, longest)
        all_ids = [torch.empty_like(padded_ids) for _ in counts]
        all_values = [torch.empty_like(padded) for _ in counts]
        dist.all_gather(all_ids, padded_ids)
        dist.all_gather(all_values, padded)
        return (
            torch.cat([a[: int(c)] for a, c in zip(all_ids, counts, strict=True)]),
            torch.cat([a[: int(c)] for a, c in zip(all_values, counts, strict=True)]),
        )

    def exchange(self, tensors: list[Tensor]) -> None:
        """Send each tensor to the previous process, and receive that of the next."""
        if self.size == 1:
            return
        before, after = (self.rank - 1) % self.size, (self.rank + 1) % self.size
        received = [torch.empty_like(tensor) for tensor in tensors]
        messages = [dist.isend(tensor, before) for tensor in tensors]
        messages += [dist.irecv(tensor, after) for tensor in received]
        for message in messages:
            if message is not None:
                message.wait()
        for tensor, other in zip(tensors, received, strict=True):
            tensor.copy_(other)

    def gather_equal(self, tensor: Tensor) -> list[Tensor]:
        """Gather tensors of equal shape from all processes, by rank."""
        if self.size == 1:
            return [tensor]
        found = [torch.empty_like(tensor) for _ in range(self.size)]
        dist.all_gather(found, tensor.contiguous())
        return found

    def gather_columns(self, values: Tensor, counts: list[int]) -> list[Tensor]:
        """Gather the [k, count] of all processes with the given counts, by rank."""
        padded = values.new_zeros(values.shape[0], max(counts))
        padded[:, : values.shape[1]] = values
        return [f[:, :n] for f, n in zip(self.gather_equal(padded), counts, strict=True)]

    def largest(self, value: int) -> int:
        """The maximum of the processes' values."""
        return max(int(v) for v in self.gather_equal(torch.tensor([value])))

    def broadcast(self, tensors: list[Tensor]) -> None:
        """Broadcast the main process's values."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor, src=0)

    def agree(self, value: Value) -> Value:
        """Return the main process's value in every process."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def wait(self) -> None:
        """Wait until all processes have reached this point."""
        if self.size > 1:
            dist.barrier()


def _pad(rows: Tensor, length: int) -> Tensor:
    missing = length - len(rows)
    if not missing:
        return rows.contiguous()
    return torch.cat([rows, rows.new_zeros((missing, *rows.shape[1:]))])


@contextmanager
def process_group(device: torch.device) -> Iterator[Group]:
    """Join the other processes if torchrun started this one; nccl on GPUs, gloo otherwise.

    Raises:
        ConfigError: torchrun's variables are set but the group cannot be formed.
    """
    if not os.environ.get("LOCAL_RANK") or dist.is_initialized():
        yield Group(*((dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else ()))
        return
    try:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_LONGEST_WAIT)
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"torchrun: no process group ({error})") from None
    try:
        yield Group(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
