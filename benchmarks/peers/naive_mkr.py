"""MKR as it is usually written in torch: a DataLoader, the d × d product, dense Adam."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from recommender.data import TrainingSplit


class NaiveMKR(nn.Module):
    """One layer of MKR's recommendation module, with C = v eᵀ built for every sample."""

    def __init__(self, n_users: int, n_items: int, n_entities: int, dim: int) -> None:
        super().__init__()
        self.users = nn.Embedding(n_users, dim)
        self.items = nn.Embedding(n_items, dim)
        self.entities = nn.Embedding(n_entities, dim)
        self.user_layer = nn.Linear(dim, dim)
        self.w_vv = nn.Linear(dim, 1, bias=False)
        self.w_ev = nn.Linear(dim, 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores [b], and the features in the penalty."""
        user = torch.relu(self.user_layer(self.users(users)))
        v, e = self.items(items), self.entities(items)
        product = v.unsqueeze(2) @ e.unsqueeze(1)  # [b, dim, dim]
        item = self.w_vv(product) + self.w_ev(product.transpose(1, 2))
        item = item.squeeze(2) + self.bias
        return (user * item).sum(1), user, item


def naive_epochs(
    train: TrainingSplit, dim: int, batch: int, device: torch.device, limit: int
) -> Iterator[int]:
    """Yield passes over `limit` rows, as a whole epoch would take very long at d 128."""
    model = NaiveMKR(train.n_users, train.n_items, train.n_entities, dim).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    rows = TensorDataset(*map(torch.from_numpy, (train.users, train.items, train.labels)))
    loader = DataLoader(rows, batch_size=batch, shuffle=True)
    while True:
        done = 0
        for users, items, labels in islice(loader, max(1, limit // batch)):
            scores, user, item = model(users.to(device), items.to(device))
            loss = nn.functional.binary_cross_entropy_with_logits(
                scores, labels.to(device, torch.float32)
            )
            loss = loss + 1e-6 * (user.square().sum() + item.square().sum())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            done += len(users)
        float(loss.detach())
        yield done
