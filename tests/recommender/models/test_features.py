"""Feature-based models (user, item, item attributes) against their papers' formulas."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from recommender import create_model
from recommender.data import Split
from recommender.data.matrices import attribute_shares, item_attributes
from recommender.models.cke import CKE
from recommender.models.libfm import LibFM
from recommender.models.wide_deep import WideDeep


@pytest.mark.parametrize("attributes", [True, False])
def test_libfm_agrees_with_the_sum_over_pairs(attributes: bool, checkerboard: Split) -> None:
    """w₀ + Σ w_i x_i + Σ_{i<j} ⟨v_i, v_j⟩ x_i x_j, one pair after the other."""
    train = checkerboard.train
    model = create_model("libfm", train, dim=3, attributes=attributes).double().eval()
    assert isinstance(model, LibFM)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight))
        scores = model.score_items(torch.arange(4), 0, train.n_items).numpy()
    bias = model.bias.item()
    users, items = model.users.weight.detach().numpy(), model.items.weight.detach().numpy()
    entities = model.entities.detach().numpy()
    known = attribute_shares(train.graph, train.n_items).toarray()
    for user in range(4):
        for item in range(0, train.n_items, 5):
            features = [(1.0, users[user]), (1.0, items[item])]
            if attributes:
                chosen = np.flatnonzero(known[item])
                features += [(float(known[item, e]), entities[e]) for e in chosen]
                assert len(features) == 4
            expected = bias + sum(x * row[0] for x, row in features)
            expected += sum(x * y * (a[1:] @ b[1:]) for (x, a), (y, b) in combinations(features, 2))
            assert scores[user, item] == pytest.approx(expected, abs=1e-6)


def test_wide_and_deep_adds_its_parts(checkerboard: Split) -> None:
    """Eq. 3 of Cheng et al. with the crossed features written out one by one."""
    train = checkerboard.train
    model = create_model("wide_deep", train, dim=3, hidden=(4,), cross_buckets=7).double().eval()
    assert isinstance(model, WideDeep)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight))
        users, items = torch.tensor([0, 3, 3]), torch.tensor([5, 6, 23])
        actual = model.score(users, items)
        for n, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
            own = [24 + item % 2, 26]
            expected = model.bias + model.wide_users[user] + model.wide_items[item]
            for entity in own:
                bucket = (user * 2_654_435_761 + entity * 40_503_001) % 2_147_483_647 % 7
                weight = model.wide_entities[entity, 0] + model.wide_crosses[bucket]
                expected = expected + weight / 2
            mean = model.entities[own].mean(dim=0)
            a = torch.cat([model.users.weight[user], model.items.weight[item], mean])
            expected = expected + model.deep(a[None])[0, 0]
            assert actual[n].item() == pytest.approx(expected.item(), abs=1e-6)


def test_cke_adds_offset_and_entity(checkerboard: Split) -> None:
    """e_j = η_j + v_j, v_j within the unit ball of TransR."""
    model = create_model("cke", checkerboard.train, dim=4, relation_dim=3).double()
    assert isinstance(model, CKE)
    with torch.no_grad():
        model.structure.entities.weight.mul_(5)
        entity = model.structure.entities.weight[7]
        vector = model.items.weight[7] + entity / max(1.0, entity.norm().item())
        actual = model.score(torch.tensor([2]), torch.tensor([7]))
    torch.testing.assert_close(actual[0], model.users.weight[2].detach() @ vector)


def test_attributes_are_neighbours_in_the_graph(checkerboard: Split) -> None:
    graph, n_items = checkerboard.train.graph, checkerboard.train.n_items
    matrix = item_attributes(graph, n_items)
    for item in range(n_items):
        assert matrix[[item]].indices.tolist() == [24 + item % 2, 26]
    assert item_attributes(graph, n_items, relation=1).sum() == n_items
    np.testing.assert_allclose(attribute_shares(graph, n_items).sum(axis=1), 1)
