"""List the graphs that the ablation compares: a data folder, shuffled, corrupted or reduced."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from recommender.data import Dataset, KnowledgeGraph
from recommender.data.dataset import RATINGS_FILE
from recommender.data.graph_variants import (
    SWAP_ROUNDS,
    corrupt_share,
    keep_triples,
    shuffle_tails,
    without_triples,
)
from recommender.data.provenance import inferred_triples
from recommender.data.statements import STATEMENTS_FILE
from recommender.errors import DataError
from recommender.experiments.cells import load_folder
from recommender.experiments.kg_ablation.study import AblationStudy

__all__ = ["Graph", "check_same_rows", "graphs_of"]

Change = Literal["none", "shuffled", "corrupted", "stated"]


@dataclass(frozen=True)
class Graph:
    """A graph of the comparison.

    Attributes:
        name: name on the command line.
        label: display label.
        folder: name of its data folder; `{seed}` is replaced by the seed.
        change: the change made to the folder's graph, or None.
        share: share of corrupted triples.
        without: the source that it was built without.
        build: commands that build the folder.
    """

    name: str
    label: str
    folder: str
    build: tuple[str, ...]
    change: Change | None = None
    share: float = 0.0
    without: str = ""

    def data(self, root: Path, seed: int) -> Path:
        """Its data folder for a seed."""
        return root / self.folder.format(seed=seed)

    def inputs(self, folder: Path) -> dict[str, Any]:
        """Inputs of the change besides the folder's graph and the seed."""
        inputs: dict[str, Any] = {"change": self.change}
        if self.change == "shuffled":
            inputs["rounds"] = SWAP_ROUNDS
        if self.change == "corrupted":
            inputs["share"] = self.share
        if self.change == "stated":
            content = (folder / STATEMENTS_FILE).read_bytes()
            inputs["statements"] = hashlib.sha256(content).hexdigest()
        return inputs

    def make(self, dataset: Dataset, seed: int) -> KnowledgeGraph:
        """Create the graph to train on, from the data set of its folder.

        Raises:
            DataError: the folder does not mark inferred triples.
        """
        rng = np.random.default_rng(seed)
        match self.change:
            case None:
                return dataset.graph
            case "none":
                return without_triples(dataset.graph, dataset.n_items)
            case "shuffled":
                return shuffle_tails(dataset.graph, rng)
            case "corrupted":
                return corrupt_share(dataset.graph, self.share, rng)[0]
            case "stated":
                inferred = inferred_triples(dataset.folder, dataset.graph)
                return keep_triples(dataset.graph, ~inferred)

    def missing(self, root: Path, seeds: Sequence[int]) -> str:
        """Why it is unavailable, with the commands that build it; '' if it is available."""
        # A folder without rows is from an unfinished build.
        absent = [s for s in seeds if not (self.data(root, s) / RATINGS_FILE).is_file()]
        if not absent:
            return ""
        each = "{seed}" in self.folder
        names = {"seed": "N", "folder": root / self.folder.format(seed="N"), "data_root": root}
        commands = [
            command.format(**names, pairs=root / "held-out-pairs") for command in self.build
        ]
        which = f" for N = {', '.join(map(str, absent))}" if each else ""
        build = f"build {'each' if each else 'it'} with `{'`, then `'.join(commands)}`"
        return f"no finished data folder {names['folder']}{which}; {build}"


def graphs_of(study: AblationStudy) -> list[Graph]:
    """All graphs of a study, in the order of the page."""
    plain = "python -m pipeline build --dataset {name} --out {{folder}}"
    stock, ours = study.stock, study.ours
    build_stock, build_ours = ((plain.format(name=name),) for name in (stock, ours))
    graphs = [
        Graph("none", "no graph", stock, build_stock, "none"),
        Graph("stock", "stock", stock, build_stock),
        Graph("stock-shuffled", "stock, shuffled", stock, build_stock, "shuffled"),
        Graph("ours", "ours", ours, build_ours),
        Graph("ours-shuffled", "ours, shuffled", ours, build_ours, "shuffled"),
        Graph(
            "without-pairs",
            "ours, without held-out pairs",
            f"{ours}-without-pairs-split{{seed}}",
            (
                "python -m recommender.experiments kg-ablation --data-root {data_root} "
                "--write-pairs {pairs} --seeds {seed}",
                f"python -m pipeline build --dataset {ours} "
                "--without-pairs {pairs}/split{seed}.tsv --out {folder}",
            ),
        ),
    ]
    graphs += [
        Graph(
            f"without-{source}",
            f"ours, without {source}",
            f"{ours}-without-{source}",
            (build,),
            without=source,
        )
        for source, build in study.without.items()
    ]
    graphs.append(
        Graph("without-inference", "ours, without inferred facts", ours, build_ours, "stated")
    )
    return graphs + [
        Graph(
            f"corrupted-{share * 100:g}",
            f"ours, {share:.0%} corrupted",
            ours,
            build_ours,
            "corrupted",
            share,
        )
        for share in study.corruption
    ]


def check_same_rows(folder: Path, reference: Path) -> None:
    """Check that two data folders have the same users, items and rows in the same order.

    Raises:
        DataError: they differ, so that figures on them cannot be paired.
    """
    own, other = load_folder(folder), load_folder(reference)
    pairs = [
        (np.array([own.n_users, own.n_items]), np.array([other.n_users, other.n_items])),
        (own.interactions.users, other.interactions.users),
        (own.interactions.items, other.interactions.items),
        (own.interactions.labels, other.interactions.labels),
    ]
    if not all(np.array_equal(first, second) for first, second in pairs):
        raise DataError(
            f"{folder}: its users, items or rows are not those of {reference}; build both with "
            "the same --seed"
        )
