"""Row-wise Adam against torch's Adam over the whole table."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recommender.layers.embedding import EmbeddingTable
from recommender.training.adam import Adam


def train(optimizer: Adam | torch.optim.Adam, table: EmbeddingTable, scale: float, steps: int):
    noise = torch.Generator().manual_seed(1)
    for _ in range(steps):
        ids = torch.randint(len(table.weight), (4,), generator=noise)
        pull = scale * torch.randn(4, table.weight.shape[1], generator=noise, dtype=torch.float64)
        optimizer.zero_grad()
        (table(ids) * pull + scale * table(ids) ** 2).sum().backward()
        optimizer.step()


def two_tables() -> tuple[EmbeddingTable, EmbeddingTable]:
    torch.manual_seed(0)
    first, second = EmbeddingTable(60, 5).double(), EmbeddingTable(60, 5).double()
    second.load_state_dict(first.state_dict())
    return first, second


@pytest.mark.parametrize(("scale", "tolerance"), [(1.0, 1e-12), (1e-3, 1e-6), (1e-6, 2e-3)])
def test_equals_dense_adam(scale: float, tolerance: float) -> None:
    """Equal up to rounding; with gradients near Adam's ε, up to a small part of the step."""
    dense, rowwise = two_tables()
    start = dense.weight.detach().clone()
    train(torch.optim.Adam(dense.parameters(), lr=0.01), dense, scale, 500)
    optimizer = Adam([rowwise.weight], [rowwise], learning_rate=0.01, rowwise=True)
    with optimizer.stepping():
        train(optimizer, rowwise, scale, 500)
    moved = (dense.weight - start).abs().max().item()
    assert moved > 0.3
    assert (dense.weight - rowwise.weight).abs().max().item() < tolerance * moved


def test_rows_that_no_batch_reads_arrive_too() -> None:
    """One gradient, then many steps on other rows: the row ends where dense Adam moves it."""
    dense, rowwise = two_tables()
    tables = ((dense, False), (rowwise, True))
    for table, by_row in tables:
        optimizer = Adam([table.weight], [table], learning_rate=0.01, rowwise=by_row)
        with optimizer.stepping():
            for step in range(700):
                optimizer.zero_grad()
                table(torch.tensor([7 if step == 0 else 8])).sum().backward()
                optimizer.step()
    torch.testing.assert_close(rowwise.weight, dense.weight, rtol=0, atol=1e-9)


def test_state_goes_on_bit_by_bit() -> None:
    first, second = two_tables()
    whole = Adam([first.weight], [first], learning_rate=0.01, rowwise=True)
    for _ in range(2):
        with whole.stepping():
            train(whole, first, 1.0, 40)
    half = Adam([second.weight], [second], learning_rate=0.01, rowwise=True)
    with half.stepping():
        train(half, second, 1.0, 40)
    resumed = Adam([second.weight], [second], learning_rate=0.01, rowwise=True)
    resumed.load_state_dict(half.state_dict())
    with resumed.stepping():
        train(resumed, second, 1.0, 40)
    assert torch.equal(first.weight, second.weight)


def test_tables_are_ordinary_outside_stepping() -> None:
    table, _ = two_tables()
    optimizer = Adam([table.weight], [table], learning_rate=0.01, rowwise=True)
    with optimizer.stepping():
        assert table.sparse
    table(torch.tensor([1])).sum().backward()
    assert table.weight.grad is not None and not table.weight.grad.is_sparse
    assert (optimizer.tables[0].last == optimizer.steps).all()


def test_carried_sums_survive_growing() -> None:
    """The table of carried movements doubles at 1,024 steps."""
    dense, rowwise = two_tables()
    for table, by_row in ((dense, False), (rowwise, True)):
        optimizer = Adam([table.weight], [table], learning_rate=0.01, rowwise=by_row)
        with optimizer.stepping():
            train(optimizer, table, 1.0, 1100)
    np.testing.assert_allclose(rowwise.weight.detach(), dense.weight.detach(), atol=1e-10)


@pytest.mark.parametrize("begun_by_row", [False, True])
def test_state_goes_on_in_the_other_way(begun_by_row: bool) -> None:
    """A run can switch between dense steps (GPU) and row-wise steps (CPU)."""
    whole, parts = two_tables()
    dense = Adam([whole.weight], [whole], learning_rate=0.01, rowwise=False)
    train(dense, whole, 1.0, 50)
    train(dense, whole, 1.0, 50)
    first, second = (
        Adam([parts.weight], [parts], learning_rate=0.01, rowwise=by_row)
        for by_row in (begun_by_row, not begun_by_row)
    )
    with first.stepping():
        train(first, parts, 1.0, 50)
    second.load_state_dict(first.state_dict())
    with second.stepping():
        train(second, parts, 1.0, 50)
    torch.testing.assert_close(parts.weight, whole.weight, rtol=0, atol=1e-9)
