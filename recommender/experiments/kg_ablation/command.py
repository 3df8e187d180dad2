"""Command `kg-ablation`: train models with different graphs, paired by seed, and report."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from recommender.cli import OneLineParser
from recommender.data import split
from recommender.data.resampled_negatives import redraw_negatives
from recommender.errors import ConfigError, RecommenderError
from recommender.experiments.cells import CellKey, load_folder
from recommender.experiments.command import (
    add_flags,
    check_numbers,
    common_words,
    measure,
    output_locks,
)
from recommender.experiments.kg_ablation.cells import AblationCell, make_ablation_cell
from recommender.experiments.kg_ablation.graphs import Graph, check_same_rows, graphs_of
from recommender.experiments.kg_ablation.page import Method, Sizes, sizes_of, write_ablation
from recommender.experiments.kg_ablation.results import Ablation
from recommender.experiments.kg_ablation.study import (
    STUDY_FILE,
    AblationStudy,
    read_models,
    read_study,
)
from recommender.experiments.rows import Row
from recommender.held_out_pairs import held_out_pairs, write_pairs
from recommender.models.registry import resolve

__all__ = ["NAME", "main"]

_Entry = TypeVar("_Entry")

NAME = "kg-ablation"


@dataclass
class _Planned:
    """The cells by model and graph, and what is left out with the reasons."""

    cells: dict[tuple[str, str], list[AblationCell]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[AblationCell]:
        return [cell for group in self.cells.values() for cell in group]


def main(argv: list[str] | None = None) -> int:
    """Plan, estimate the time, run missing cells, write the page."""
    arguments = _parser().parse_args(argv)
    check_numbers(arguments)
    study = read_study(arguments.study)
    console = Console(stderr=True)
    if arguments.write_pairs:
        dataset = load_folder(arguments.data_root / study.stock)
        for seed in arguments.seeds:
            parts = split(redraw_negatives(dataset, seed), seed)
            path = arguments.write_pairs / f"split{seed}.tsv"
            write_pairs(held_out_pairs(parts, negatives=True), path)
            console.print(f"written: {path}", soft_wrap=True)
        return 0
    with output_locks(arguments):
        return _run(study, arguments, console)


def _run(study: AblationStudy, arguments: argparse.Namespace, console: Console) -> int:
    models = _chosen(read_models(study, arguments.rows), arguments.models, "models", "model")
    graphs = _chosen(graphs_of(study), arguments.graphs, "graphs", "name")
    planned = _plan(study, models, graphs, arguments)
    for problem in planned.problems:
        console.print(f"left out: {problem}", style="yellow", soft_wrap=True, highlight=False)
    if not planned.cells:
        raise ConfigError("nothing is left to be measured; see above what is missing")
    measured = measure(console, planned.all, arguments)
    if measured.status is not None:
        return measured.status
    planned.problems += [
        f"{o.cell.row.label}, seed {o.cell.seed}: {o.problem}" for o in measured.failed
    ]
    ablation = Ablation(models, graphs, _results(planned.cells, measured.done), study.lead)
    method = Method(
        command=_command(arguments),
        rows=f"those of {study.stock}",
        seeds=arguments.seeds,
        user_knowledge=arguments.user_knowledge == "same",
        epochs=arguments.epochs,
        problems=planned.problems,
    )
    sizes = _sizes(planned.all, graphs)
    for path in write_ablation(ablation, sizes, method, arguments.out, NAME):
        console.print(f"written: {path}", soft_wrap=True)
    return 1 if measured.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=f"python -m recommender.experiments {NAME}",
        description="Train the same models on the same rows with different graphs (none, the "
        "published one, the one built here, shuffled, without a source, corrupted …) and "
        "report the effect of the graph. Finished trainings are cached: a killed run "
        "resumes, a repeated one ends at once.",
        allow_abbrev=False,
    )
    add_flags(
        parser,
        seed_of="the negatives, the split, the model and the graph's chance",
        trial="no result",
        figures="plots",
    )
    parser.add_argument(
        "--models", nargs="+", metavar="NAME", help="only these models of the study"
    )
    parser.add_argument(
        "--graphs", nargs="+", metavar="NAME", help="only these graphs, such as stock ours"
    )
    parser.add_argument(
        "--user-knowledge",
        choices=("off", "same"),
        default="off",
        help="facts about users: none, or the same for all graphs, those of the folder with "
        "our graph (default: %(default)s)",
    )
    parser.add_argument(
        "--write-pairs",
        type=Path,
        metavar="DIR",
        help="write the held-out pairs of each seed's split to this folder, for `pipeline "
        "build --without-pairs`, and exit",
    )
    parser.add_argument(
        "--study", type=Path, default=STUDY_FILE, metavar="FILE", help="another study's TOML file"
    )
    return parser


def _chosen(
    entries: Sequence[_Entry], names: Sequence[str] | None, flag: str, key: str
) -> list[_Entry]:
    """The requested entries; all if none is named."""
    available = [getattr(entry, key) for entry in entries]
    wrong = [name for name in names or () if name not in available]
    if wrong:
        raise ConfigError(
            f"--{flag}: no {wrong[0]!r} in this study; there are {', '.join(available)}"
        )
    return [entry for entry in entries if names is None or getattr(entry, key) in names]


def _plan(
    study: AblationStudy,
    models: Sequence[Row],
    graphs: Sequence[Graph],
    arguments: argparse.Namespace,
) -> _Planned:
    planned = _Planned()
    root = arguments.data_root
    users_from = root / study.ours if arguments.user_knowledge == "same" else None
    usable = []
    for row in models:
        try:
            resolve(row.model).configure(row.settings)
        except ConfigError as error:
            planned.problems.append(f"{row.label}: {str(error).split('; there are ')[0]}")
            continue
        usable.append(row)
    for graph in graphs:
        seeds = [seed for seed in arguments.seeds if not graph.missing(root, [seed])]
        absent = [seed for seed in arguments.seeds if seed not in seeds]
        if absent:
            planned.problems.append(f"{graph.label}: {graph.missing(root, absent)}")
        for folder in dict.fromkeys(graph.data(root, seed) for seed in seeds):
            try:
                check_same_rows(folder, root / study.stock)
            except RecommenderError as error:
                planned.problems.append(f"{graph.label}: {error}")
                seeds = [seed for seed in seeds if graph.data(root, seed) != folder]
        for row in usable:
            if graph.change == "none" and row.model in study.needs_graph:
                planned.problems.append(
                    f"{row.label} without a graph: it represents a user by triples only"
                )
                continue
            cells = [
                make_ablation_cell(
                    row, graph, seed, root, users_from=users_from, epochs=arguments.epochs
                )
                for seed in seeds
            ]
            for cell in cells:
                _ = cell.key  # reads the data: report errors now
            if cells:
                planned.cells[row.model, graph.name] = cells
    return planned


def _results(
    cells: Mapping[tuple[str, str], Sequence[AblationCell]],
    done: Mapping[CellKey, Mapping[str, Any]],
) -> dict[tuple[str, str], dict[int, Mapping[str, Any]]]:
    return {
        name: {cell.seed: done[cell.key] for cell in group if cell.key in done}
        for name, group in cells.items()
    }


def _sizes(cells: Sequence[AblationCell], graphs: Sequence[Graph]) -> dict[str, Sizes]:
    """The sizes of each graph, for its first seed."""
    sizes = {}
    for graph in graphs:
        cell = next((cell for cell in cells if cell.graph.name == graph.name), None)
        if cell is not None:
            dataset = load_folder(cell.data)
            made = graph.make(dataset, cell.seed)
            origin = dataset.graph if graph.change else None
            sizes[graph.name] = sizes_of(made, dataset.n_items, origin)
    return sizes


def _command(arguments: argparse.Namespace) -> str:
    words = ["python -m recommender.experiments", NAME]
    words += ["--seeds", *map(str, arguments.seeds)]
    for name in ("models", "graphs"):
        if getattr(arguments, name):
            words += [f"--{name}", *getattr(arguments, name)]
    if arguments.user_knowledge != "off":
        words += ["--user-knowledge", arguments.user_knowledge]
    return " ".join(words + common_words(arguments))
