"""Run a function in two processes of a gloo group, as torchrun does."""

from __future__ import annotations

import multiprocessing
import os
import socket
from collections.abc import Callable

import torch

__all__ = ["in_two_processes"]


def in_two_processes(work: Callable[[], None]) -> None:
    """Run `work` in two processes as torchrun would, and check that both succeed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def process(rank: int) -> None:
        names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_PORT": port}
        os.environ.update({name: str(value) for name, value in names.items()})
        os.environ["MASTER_ADDR"] = "127.0.0.1"
        work()

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # they do not survive a fork
    try:
        context = multiprocessing.get_context("fork")
        processes = [context.Process(target=process, args=(rank,)) for rank in range(2)]
        for started in processes:
            started.start()
        for started in processes:
            started.join(60)
            if started.is_alive():
                started.kill()
        assert [started.exitcode for started in processes] == [0, 0]
    finally:
        torch.set_num_threads(threads)
