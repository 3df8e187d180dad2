"""Embed entity names: a learnt projection of sentence vectors, added to the entities' vectors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recommender.data import text_encoder
from recommender.data.catalogue import Catalogue
from recommender.errors import ConfigError

__all__ = ["TextEmbeddings"]


class TextEmbeddings(nn.Module):
    """P t of each entity, with t the encoded text `name (type)` and P learnt; 0 without a name.

    t is centred over the entities, to remove what all names share, and normalised to unit length. P
    is initialised as N(0, `init_scale`²), so that P t has the distribution of an embedding table
    with this standard deviation.

    Args:
        catalogue: names and types.
        n_entities: number of rows.
        dim: length of P t.
        init_scale: standard deviation of P's entries.

    Raises:
        ConfigError: no entity has a name, or the encoder is not installed.
    """

    texts: Tensor

    def __init__(
        self, catalogue: Catalogue | None, n_entities: int, dim: int, init_scale: float
    ) -> None:
        super().__init__()
        names = {} if catalogue is None else catalogue.entity_names()
        named = sorted(entity for entity in names if entity < n_entities)
        if catalogue is None or not named:
            raise ConfigError(
                "text embeddings need names of the entities (entities.tsv), and the data folder "
                "has none; build it with the pipeline, or train without --text-embeddings"
            )
        texts = [f"{names[n]} ({catalogue.entity_type(n) or 'entity'})" for n in named]
        vectors = torch.from_numpy(text_encoder.encode(texts).astype(np.float32))
        vectors = functional.normalize(vectors - vectors.mean(dim=0), dim=1)
        table = torch.zeros(n_entities, vectors.shape[1])
        table[named] = vectors
        # Saved with the run, so that changed names in the folder do not change the model.
        self.register_buffer("texts", table.half())
        self.projection = nn.Linear(vectors.shape[1], dim, bias=False)
        nn.init.normal_(self.projection.weight, std=init_scale)

    def forward(self) -> Tensor:
        """P t of all entities, ``[n_entities, dim]``."""
        projected: Tensor = self.projection(self.texts.to(self.projection.weight.dtype))
        return projected
