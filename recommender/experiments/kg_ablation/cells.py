"""Train one model on one seed's rows with one of the ablation's graphs; cache the result."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recommender.data import Split
from recommender.data.dataset import USER_GRAPH_FILE
from recommender.data.resampled_negatives import FILE_SEED
from recommender.errors import ConfigError
from recommender.experiments.cells import Cell, load_folder, make_cell
from recommender.experiments.kg_ablation.graphs import Graph
from recommender.experiments.rows import Row

__all__ = ["AblationCell", "make_ablation_cell"]


@dataclass(frozen=True)
class AblationCell(Cell):
    """A training on one of the compared graphs.

    Attributes:
        graph: the model's `train.graph`.
        users_from: data folder with the facts about users given to the model, independent of the
            graph; None for none.
    """

    graph: Graph
    users_from: Path | None

    def inputs(self) -> dict[str, Any]:
        """As for any cell, and the change of the graph and the facts about users."""
        digest = None
        if self.users_from is not None:
            digest = hashlib.sha256((self.users_from / USER_GRAPH_FILE).read_bytes()).hexdigest()
        graph = self.graph.inputs(self.data)
        return {**super().inputs(), "graph": graph, "user_graph": digest}

    def split(self) -> Split:
        """The folder's rows with the graph of this cell."""
        parts = super().split()
        graph = self.graph.make(parts.dataset, self.seed)
        user_graph = load_folder(self.users_from).user_graph if self.users_from else None
        return replace(
            parts,
            train=replace(parts.train, graph=graph, user_graph=user_graph),
            dataset=replace(parts.dataset, graph=graph, user_graph=user_graph),
        )


def make_ablation_cell(
    row: Row,
    graph: Graph,
    seed: int,
    root: Path,
    *,
    users_from: Path | None = None,
    epochs: int | None = None,
) -> AblationCell:
    """Create the cell of a model, a graph and a seed.

    The negatives of a seed other than the files' are always resampled, so that all graphs are
    evaluated on the same rows.

    Args:
        users_from: data folder with the facts about users used with every graph.
        epochs: maximum number of epochs, for a trial.

    Raises:
        ConfigError: the row's model or settings do not exist, or there are no facts about users.
    """
    if users_from is not None and not (users_from / USER_GRAPH_FILE).is_file():
        raise ConfigError(f"{users_from}: no {USER_GRAPH_FILE}; take --user-knowledge off")
    folder = graph.data(root, seed)
    named = row.model_copy(update={"dataset": folder.name, "label": f"{row.label} · {graph.label}"})
    plain = make_cell(named, seed, root, None, epochs)
    return AblationCell(
        named, seed, folder, seed != FILE_SEED, plain.training, plain.settings, graph, users_from
    )
