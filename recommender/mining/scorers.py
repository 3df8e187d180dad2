"""Models that score the allowed tails of a head: graph embeddings, texts and facts, users."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from recommender.data.tables import IntArray
from recommender.kge.base import TripleModel
from recommender.kge.registry import EMBEDDINGS
from recommender.kge.training import KGETrainConfig, TripleData, train_on_triples
from recommender.mining.features import entity_features
from recommender.mining.inductive import InductiveModel, train_inductive
from recommender.mining.problem import HeldOut, MiningProblem
from recommender.mining.users import UserModel, train_users

__all__ = ["INDUCTIVE", "MODELS", "USERS", "Scorer", "train_scorer"]

INDUCTIVE: Final = "inductive"
USERS: Final = "users"
MODELS: Final = (INDUCTIVE, USERS, *EMBEDDINGS)
"""Names of the models that can mine."""

Scorer = Callable[[IntArray, int], np.ndarray]
"""Heads [b] and a relation → ln p of its tails, float64 [b, n_tails]."""

_AGAINST_ALL: Final[Mapping[str, Any]] = {
    "against": "all",
    "optimizer": "adagrad",
    "lr": 0.1,
    "batch_size": 1024,
    "candidates": 1000,
    "dim": 64,
}
_SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "complex": _AGAINST_ALL,
    "rotate": _AGAINST_ALL,
    "semantic_matching": _AGAINST_ALL,
    "transe": {**_AGAINST_ALL, "norm": 2},
}


def train_scorer(
    name: str, problem: MiningProblem, held_out: HeldOut, *, epochs: int, seed: int
) -> Scorer:
    """Train a named model on the visible facts.

    Args:
        name: one of `MODELS`.
        problem: the targets, with their tails.
        held_out: the split with hidden facts.
        epochs: training epochs.
        seed: of initial values and batches.
    """
    if name in {INDUCTIVE, USERS}:
        reader: UserModel | InductiveModel
        if name == USERS:
            reader = train_users(problem, held_out, epochs=epochs, seed=seed)
        else:
            heads = np.unique(np.concatenate([t.heads for t in problem.targets.values()]))
            features = entity_features(held_out.train, problem.names, held_out.descriptions, heads)
            reader = train_inductive(problem, held_out, features, epochs=epochs, seed=seed)

        def read(heads: IntArray, relation: int) -> np.ndarray:
            with torch.inference_mode():
                found: np.ndarray = reader(heads, relation).double().numpy()
            return found

        return read
    data = TripleData(held_out.train, None, None, problem.graph, Path(), {})
    config = KGETrainConfig(
        epochs=epochs, evaluate_every=epochs, patience=0, seed=seed, schedule="linear", device="cpu"
    )
    model = train_on_triples(name, data, config, settings=_SETTINGS.get(name)).model.eval()
    seen = np.zeros(problem.graph.n_entities, dtype=bool)
    seen[held_out.train.head] = seen[held_out.train.tail] = True

    def compare(heads: IntArray, relation: int) -> np.ndarray:
        scores = _scores(model, heads, relation, problem.targets[relation].tails)
        scores[~seen[heads]] = 0.0  # no information on these heads: uniform over tails
        log_p: np.ndarray = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        return log_p

    return compare


@torch.inference_mode()
def _scores(model: TripleModel, heads: IntArray, relation: int, tails: IntArray) -> np.ndarray:
    from_heads, at_tails = model.views(relation)
    chosen, candidates = torch.from_numpy(heads), torch.from_numpy(tails)
    scores: np.ndarray = model.compare(from_heads[chosen], at_tails[candidates]).double().numpy()
    return scores
