"""Attribute an MMSS_MKR-G score to the graph triples at the item, for explanations."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from recommender.models.base import TripleContributions
from recommender.models.mmss_mkr_g_network import GraphNetwork

__all__ = ["contributions"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def contributions(model: GraphNetwork, users: Tensor, items: Tensor) -> TripleContributions:
    """Contributions of the triples at the items to the scores; see `TripleContributions`.

    The inner product of the final vectors is a sum over the edges that leave the item, as each
    x(k+1) of the item is: an edge to entity n adds z_u · A_in Σ x(k)_n / (K + 1). The cosine of
    facts is a sum over the entities that item and history share. The head is linearised at the
    pair. The contribution of several triples between the same two is split equally.
    """
    asked_users, asked_items = users.cpu().numpy(), items.cpu().numpy()
    with torch.no_grad():
        layers = model.layers()
        final = model.final()
    graph = model.graph
    pairs, triples, entities = graph.triples_at(asked_items)
    slope = _slopes(model, final, users, items)
    values = np.zeros(len(pairs))
    if len(layers) > 1:
        degrees = np.maximum(model.knowledge_degrees, 1)
        both = degrees[asked_items[pairs]] * degrees[entities]
        weight = model.config.knowledge_weight / np.sqrt(both)
        nodes = torch.as_tensor(entities + model.n_users, device=final.device)
        owner = users[torch.as_tensor(pairs, device=users.device)]
        # only the entities at the items: summing the layers of the whole graph takes much longer
        with torch.no_grad():
            steps = torch.stack([layer[nodes] for layer in layers[:-1]]).sum(dim=0) / len(layers)
        along = (final[owner] * steps).sum(dim=1).double().cpu().numpy()
        values += slope[pairs, 0] * weight * along
    values += _shared(model, asked_users, asked_items, slope, pairs, entities)
    keys = pairs * graph.n_entities + entities
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return TripleContributions(pairs, triples, values / counts[inverse])


def _slopes(model: GraphNetwork, final: Tensor, users: Tensor, items: Tensor) -> Floats:
    """Derivatives of the scores with respect to the head's inputs, [b, 1 + n_features]."""
    product = (final[users] * final[model.n_users + items]).sum(dim=1, keepdim=True)
    features = model.features.pairs(users.cpu().numpy(), items.cpu().numpy(), left_out=False)
    with torch.inference_mode(False), torch.enable_grad():
        x = torch.cat([product, model.used(features)], dim=1).detach().clone().requires_grad_()
        (slope,) = torch.autograd.grad(model.head(x).sum(), x)
    slopes: Floats = slope.double().cpu().numpy()
    return slopes


def _shared(
    model: GraphNetwork,
    users: Ints,
    items: Ints,
    slope: Floats,
    pairs: Ints,
    entities: Ints,
) -> Floats:
    """Contributions of entities by the cosines of facts (`PairFeatures`, features 2 and 3)."""
    if not model.config.path_features:
        return np.zeros(len(pairs))
    features = model.features
    scale = features.scale.double().cpu().numpy()
    by_item = slope[:, 3] / scale[2], slope[:, 4] / scale[3]
    histories = features.members.histories
    found = np.zeros(len(pairs))
    starts = np.searchsorted(pairs, np.arange(len(users) + 1))
    for pair, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
        mine = slice(starts[pair], starts[pair + 1])
        row = slice(features.alike.indptr[item], features.alike.indptr[item + 1])
        near = np.isin(features.alike.indices[row], histories.of(user))
        if not near.any():
            continue
        cosines = features.alike.data[row][near].astype(np.float64)
        length = np.sqrt(len(histories.of(user)) + 1)
        # d score / d cosine of each history item that is among the nearest
        by_cosine = by_item[0][pair] / length + by_item[1][pair] * cosines / np.sqrt(
            cosines @ cosines
        )
        near_items = features.alike.indices[row][near]
        found[mine] = _by_entity(features.vectors, item, near_items, by_cosine)[entities[mine]]
    return found


def _by_entity(vectors: csr_matrix, item: int, others: Ints, weights: Floats) -> Floats:
    """What each entity adds to the weighted sum of an item's cosines to others, [columns].

    On the arrays of the matrix: to take rows and columns out of it costs twenty times as much.
    """
    indptr, columns, data = vectors.indptr, vectors.indices, vectors.data
    starts, counts = indptr[others], indptr[others + 1] - indptr[others]
    owner = np.repeat(np.arange(len(others)), counts)
    at = np.repeat(starts - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    entity, terms = columns[at], weights[owner] * data[at]
    joined = np.bincount(entity, weights=terms, minlength=vectors.shape[1])
    own = np.zeros(vectors.shape[1])
    mine = slice(indptr[item], indptr[item + 1])
    own[columns[mine]] = data[mine]
    shares: Floats = own * joined
    # what a triple joins to the item has the item itself among its entities, too
    meets = np.flatnonzero(entity == item)
    shares[others[owner[meets]]] += own[item] * terms[meets]
    return shares
