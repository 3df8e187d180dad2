"""Semantic-matching KGE head of MKR and MMSS_MKR: predict a triple's tail, score the match."""

from __future__ import annotations

from torch import Tensor, nn

from recommender.layers.activations import Mixture
from recommender.layers.embedding import EmbeddingTable
from recommender.layers.mlp import Dense, mlp

__all__ = ["SemanticMatching"]


class SemanticMatching(nn.Module):
    """score(h, r, t) from the head's features h_L (Eq. 8–15).

    Args:
        n_relations: number of relations.
        dim: d.
        low_layers: L, layers over the relation (if `relation_mlp`) and over the tail.
        high_layers: H (K in Eq. 9), layers of the tail's prediction.
        relation_mlp: Eq. 8; without it r_L = r, as in the public MKR code.
        activation: σ of M(x) = σ(Wx + b).
        tail_activation: that of Eq. 9's last layer.
        score: the activations whose mean scores a triple, such as `S1+T+S2+S3`.
    """

    def __init__(
        self,
        *,
        n_relations: int,
        dim: int,
        low_layers: int,
        high_layers: int,
        relation_mlp: bool,
        activation: str,
        tail_activation: str,
        score: str,
    ) -> None:
        super().__init__()
        self.relations = EmbeddingTable(n_relations, dim)
        low = [dim] * (low_layers + 1)
        self.relation_layers = mlp(low if relation_mlp else [dim], hidden=activation)
        self.tail_layers = mlp(low, hidden=activation)
        high = [2 * dim] * high_layers + [dim]
        self.prediction_layers = mlp(high, hidden=activation, last=tail_activation)
        self.mixture = Mixture(score)

    def relation(self, relation: Tensor) -> Tensor:
        """r_L = M^L(r) (Eq. 8); int64 [b] → [b, dim]."""
        features: Tensor = self.relation_layers(self.relations(relation))
        return features

    def tail(self, tail: Tensor) -> Tensor:
        """The real tail's features, an L-layer MLP over its embedding; [b, dim] → [b, dim]."""
        features: Tensor = self.tail_layers(tail)
        return features

    def predicted_tail(self, head: Tensor, relation: Tensor) -> Tensor:
        """t̂ = M^K([h_L; r_L]) (Eq. 9); both [b, dim] → [b, dim].

        The first layer's matrix is applied to both halves separately, which avoids a concatenation.
        """
        first = self.prediction_layers[0]
        assert isinstance(first, Dense)
        half = head.shape[1]
        from_head = nn.functional.linear(head, first.weight[:, :half], first.bias)
        from_relation = nn.functional.linear(relation, first.weight[:, half:])
        x = first.activate(from_head + from_relation)
        for layer in list(self.prediction_layers)[1:]:
            x = layer(x)
        return x

    def match(self, tail: Tensor, predicted: Tensor) -> Tensor:
        """f_KG = tᵀ t̂, the inner product of Eq. 11; both [b, dim] → [b]."""
        return (tail * predicted).sum(dim=1)

    def forward(self, match: Tensor) -> Tensor:
        """score(h, r, t) of f_KG: the mean of the activations (Eq. 10–15); [b] → [b]."""
        return self.mixture(match)

    def weights(self) -> list[nn.Parameter]:
        """Parameters with L2 penalty: the layers' matrices, not their biases."""
        layers = [*self.relation_layers, *self.tail_layers, *self.prediction_layers]
        return [layer.weight for layer in layers if isinstance(layer, Dense)]
