"""Sampled products: entries of A Bᵀ and their gradients, with both implementations."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from recommender.layers.sampled_products import sampled_products


@given(st.data())
def test_they_are_entries_of_the_full_product(data: st.DataObject) -> None:
    n, m, d = (data.draw(st.integers(1, 5)) for _ in range(3))
    places = data.draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(-1, m - 1))))
    row = torch.tensor([i for i, _ in places], dtype=torch.int64)
    column = torch.tensor([j for _, j in places], dtype=torch.int64)
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
    a, b = (torch.randn(k, d, generator=generator, dtype=torch.float64) for k in (n, m))
    a.requires_grad_()
    b.requires_grad_()
    values = sampled_products(a, b, row, column)
    full = (a @ b.T)[row, column.clamp_min(0)] * (column >= 0)
    torch.testing.assert_close(values, full)

    weights = torch.arange(1.0, len(row) + 1, dtype=torch.float64)
    ours = torch.autograd.grad((values * weights).sum(), (a, b), retain_graph=True)
    theirs = torch.autograd.grad((full * weights).sum(), (a, b))
    torch.testing.assert_close(ours, theirs)


def test_both_ways_agree() -> None:
    generator = torch.Generator().manual_seed(3)
    a, b = (torch.randn(n, 48, generator=generator) for n in (7, 9))
    row = torch.randint(0, 7, (60,), generator=generator)
    column = torch.randint(-1, 9, (60,), generator=generator)
    native = sampled_products(a, b, row, column)
    torchs = sampled_products(a.bfloat16(), b.bfloat16(), row, column)  # no kernel for bfloat16
    torch.testing.assert_close(native, torchs.float(), atol=0.2, rtol=0.05)
    assert (native[column < 0] == 0).all()


def test_a_sick_number_stays_one() -> None:
    a = torch.tensor([[float("nan"), 1.0]])
    value = sampled_products(a, torch.ones(1, 2), torch.tensor([0]), torch.tensor([0]))
    assert torch.isnan(value).all()
