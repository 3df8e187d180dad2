"""Derive a random generator for each seed, purpose and epoch, so that runs resume exactly.

Every epoch of every task gets separate generators, derived from the run's seed. A run resumed at
epoch 17 therefore samples exactly as an uninterrupted one.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch

__all__ = ["epoch_generator", "seed_torch"]


def epoch_generator(
    seed: int, purpose: str, epoch: int, rank: int | None = None
) -> np.random.Generator:
    """Create the generator of a purpose (a task's name) in an epoch, optionally of a process."""
    words = [seed, zlib.crc32(purpose.encode()), epoch]
    return np.random.default_rng(words if rank is None else [*words, rank])


def seed_torch(seed: int, purpose: str, epoch: int, rank: int = 0) -> None:
    """Seed torch's own generators (dropout and the like), differently in each process."""
    words = [seed, zlib.crc32(purpose.encode()), epoch, rank]
    torch.manual_seed(int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> 1))
