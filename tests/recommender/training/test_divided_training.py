"""A model partitioned over two processes: no conflicting rows, the result of one process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from recommender import Trainer, create_model, load, split
from recommender.data import Split
from recommender.layers.embedding import EmbeddingTable
from recommender.training.adam import Adam
from recommender.training.checkpoint import read_checkpoint
from recommender.training.distributed import Group, process_group
from recommender.training.division import every_nth, interleaved
from recommender.training.runs import load_run, read_metrics
from tests.recommender.processes import in_two_processes

SETTINGS = {"dim": 8, "batch_size": 16, "lr_rs": 0.02, "kge_interval": 2}


def train(parts: Split, out: Path, *, epochs: int = 20, resume: bool = False) -> None:
    model = create_model("mmss_mkr", parts.train, seed=1, **SETTINGS)
    trainer = Trainer(
        epochs=epochs, patience=0, monitor="auc", device="cpu", out=out, resume=resume
    )
    trainer.fit(model, parts)


@pytest.fixture(scope="module")
def parts(toy_data: Path) -> Split:
    return split(load(toy_data), 1)


@pytest.fixture(scope="module")
def by_two(parts: Split, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of twenty epochs in two processes."""
    out = tmp_path_factory.mktemp("runs") / "two"
    in_two_processes(lambda: train(parts, out))
    return out


def test_rows_are_dealt_out_and_put_together_again() -> None:
    for n in (1, 4, 5, 7):
        rows = torch.arange(3.0 * n).view(n, 3)
        dealt = [every_nth(rows, rank, 3) for rank in range(3)]
        assert len({part.shape for part in dealt}) == 1
        torch.testing.assert_close(interleaved(dealt, n), rows, rtol=0, atol=0)


def test_steps_taken_in_turns_are_those_of_one_process() -> None:
    """Two processes on disjoint rows against one that takes all steps, the other's first.

    Every process assumes that the others' turns follow its own, which shifts a row's steps by less
    than one round: Adam's moments differ by that decay, the values slightly.
    """
    rng = np.random.default_rng(0)
    batches = [torch.from_numpy(rng.integers(0, 10, size=6)) * 2 + n % 2 for n in range(40)]
    start = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))

    def trained(mine: list[torch.Tensor], turns: int) -> torch.Tensor:
        table = EmbeddingTable(20, 4)
        with torch.no_grad():
            table.weight.copy_(start)
        optimizer = Adam([table.weight], [table], learning_rate=0.01, rowwise=True)
        optimizer.turns = turns
        with optimizer.stepping():
            for batch in mine:
                optimizer.zero_grad()
                (table(batch) - 1).square().sum().backward()
                optimizer.step()
        assert optimizer.steps == 40
        return table.weight.detach()

    together = trained(batches, 1)
    even, odd = trained(batches[::2], 2), trained(batches[1::2], 2)
    torch.testing.assert_close(even[::2], together[::2], rtol=0, atol=1e-6)
    moved = (together - start).abs().max()
    torch.testing.assert_close(odd[1::2], together[1::2], rtol=0, atol=float(0.1 * moved))


def test_a_run_by_two_processes_is_as_good_and_complete(
    parts: Split, by_two: Path, tmp_path: Path
) -> None:
    train(parts, tmp_path)
    one, two = load_run(tmp_path).model.state_dict(), load_run(by_two).model.state_dict()
    untrained = create_model("mmss_mkr", parts.train, seed=1, **SETTINGS).state_dict()
    assert two.keys() == one.keys()
    for name, value in two.items():
        assert value.shape == one[name].shape
        assert not torch.equal(value, untrained[name]), name
    metrics = [read_metrics(folder) for folder in (tmp_path, by_two)]
    assert metrics[1]["test"]["auc"] > metrics[0]["test"]["auc"] - 0.03 > 0.7
    assert metrics[0]["parameters"] == metrics[1]["parameters"]


def test_the_same_number_of_processes_gives_the_same_bytes(
    parts: Split, by_two: Path, tmp_path: Path
) -> None:
    in_two_processes(lambda: train(parts, tmp_path))
    expected = (by_two / "checkpoint.pt").read_bytes()
    assert (tmp_path / "checkpoint.pt").read_bytes() == expected


def test_a_resumed_run_by_two_ends_as_the_unbroken_one(
    parts: Split, by_two: Path, tmp_path: Path
) -> None:
    in_two_processes(lambda: train(parts, tmp_path, epochs=3))
    assert read_checkpoint(tmp_path / "checkpoint.pt").epoch == 3
    in_two_processes(lambda: train(parts, tmp_path, resume=True))
    expected = (by_two / "checkpoint.pt").read_bytes()
    assert (tmp_path / "checkpoint.pt").read_bytes() == expected


def test_one_process_goes_on_where_two_have_stopped(parts: Split, tmp_path: Path) -> None:
    in_two_processes(lambda: train(parts, tmp_path, epochs=3))
    train(parts, tmp_path, resume=True)
    assert read_metrics(tmp_path)["epochs"] == 20
    assert read_metrics(tmp_path)["test"]["auc"] > 0.7


def test_every_process_holds_its_rows_alone(parts: Split) -> None:
    def look() -> None:
        with process_group(torch.device("cpu")) as group:
            assert isinstance(group, Group)
            model = create_model("mmss_mkr", parts.train, seed=1, **SETTINGS)
            division = model.divide(group, parts.train, "fresh")
            n_users, n_items = -(-parts.train.n_users // 2), -(-parts.train.n_items // 2)
            assert len(model.users.weight) == n_users
            sizes = [len(s.exp_avg) for s in division.optimizers["recommendation"].tables]
            assert sizes == [n_users, n_items, n_items]
            users, _, _, _ = division.tasks[0].samples(np.random.default_rng(0))
            assert set(users % 2) == {group.rank}

    in_two_processes(look)
