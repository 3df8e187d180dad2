"""Command to train a KGE model: `python -m recommender.train_kge --data DIR --model transe`."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from recommender.cli import (
    DEFAULT_DATA,
    OneLineParser,
    add_settings,
    is_first_process,
    main_guard,
    settings_of,
)
from recommender.data import load
from recommender.display import wide_console
from recommender.errors import ConfigError
from recommender.kge.registry import EMBEDDINGS, PRESETS, Preset, configure
from recommender.kge.training import KGETrainConfig, TripleData, train_on_triples
from recommender.kge.triple_files import read_named_triples
from recommender.kge.triples import hold_out_unlinked, split_triples
from recommender.training.runs import replacement

__all__ = ["main"]

DEFAULT_MODEL = "transe"


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, train, print."""
    first = OneLineParser(prog="python -m recommender.train_kge", add_help=False)
    first.add_argument("--model")
    first.add_argument("--preset")
    chosen = first.parse_known_args(argv)[0]
    preset = _preset(chosen.preset, chosen.model)
    name = preset.model
    configure(name, {})  # check the name before the flags, which depend on it
    arguments = _parser(preset).parse_args(argv)
    config = KGETrainConfig.parse({**preset.training, **settings_of(arguments, KGETrainConfig)})
    settings = {**preset.settings, **settings_of(arguments, EMBEDDINGS[name].Config)}
    configure(name, settings)  # and the settings before reading data
    data, folder = _data(arguments, config)
    run_name = f"{name}-split{config.split_seed}-seed{config.seed}"
    out = arguments.out or folder / "embeddings" / run_name
    console = Console(stderr=True, quiet=not is_first_process())
    if replaced := replacement(out, resume=arguments.resume):
        console.print(replaced, highlight=False, markup=False, soft_wrap=True)
    bar = Progress(
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("epochs"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[figures]}"),
        console=console,
    )
    with bar:
        task = bar.add_task("training", total=config.epochs, figures="")
        figures = {"loss": float("nan"), "valid_mrr": float("nan")}

        def show(record: Mapping[str, float]) -> None:
            figures.update(record)
            text = f"loss {figures['loss']:.4f}  valid MRR {figures['valid_mrr']:.4f}"
            bar.update(task, completed=int(record["epoch"]), figures=text)

        run = train_on_triples(
            name,
            data,
            config,
            settings=settings,
            out=out,
            resume=arguments.resume,
            progress=show,
        )
        bar.update(task, total=bar.tasks[task].completed)  # the training may have stopped early
    if run.folder is not None:  # None in all but the main process of torchrun
        _print_result(run.metrics, out)
    return 0


def _preset(preset: str | None, model: str | None) -> Preset:
    """Look up a preset, or a model with its defaults."""
    if preset is None:
        return Preset(model or DEFAULT_MODEL, {}, {})
    if preset not in PRESETS:
        raise ConfigError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    if model not in (None, PRESETS[preset].model):
        raise ConfigError(f"preset {preset!r} is one of {PRESETS[preset].model}, not of {model}")
    return PRESETS[preset]


def _data(arguments: argparse.Namespace, config: KGETrainConfig) -> tuple[TripleData, Path]:
    """The training data, and the default parent folder of runs."""
    if arguments.triples is None:
        if arguments.test is not None or arguments.known:
            raise ConfigError("--test and --known need --triples; --data is split automatically")
        dataset = load(arguments.data or DEFAULT_DATA)
        parts = split_triples(dataset.graph, config.split_seed)
        return (
            TripleData(
                parts.train,
                parts.valid,
                parts.test,
                dataset.graph,
                dataset.folder,
                dataset.hashes(),
            ),
            dataset.folder,
        )
    if arguments.data is not None:
        raise ConfigError("give --data or --triples, not both")
    named = read_named_triples(arguments.triples, arguments.test, tuple(arguments.known))
    train, valid = named.train, None
    if arguments.valid_share:
        train, valid = hold_out_unlinked(train, config.split_seed, arguments.valid_share)
    Console(stderr=True, soft_wrap=True, quiet=not is_first_process()).print(
        f"{len(named.train):,} triples, {len(named.entities):,} entities, "
        f"{len(named.relations):,} relations; {len(train):,} to train on, "
        f"{0 if valid is None else len(valid):,} to choose the epoch by, "
        f"{0 if named.test is None else len(named.test):,} to test; "
        f"{named.literals:,} lines with a value in place of an entity",
        highlight=False,
    )
    files = [arguments.triples, *([arguments.test] if arguments.test else []), *arguments.known]
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    data = TripleData(train, valid, named.test, named.known, arguments.triples, hashes)
    return data, Path("data/processed")


def _parser(preset: Preset) -> argparse.ArgumentParser:
    name = preset.model
    parser = OneLineParser(
        prog="python -m recommender.train_kge",
        usage="%(prog)s [--data DIR | --triples FILE [--test FILE]] [--model NAME | --preset NAME] "
        "[--out DIR] [settings]",
        description="Train a knowledge-graph embedding on the graph of a processed data "
        "folder, or on a file of triples, and evaluate it by filtered link prediction.",
        allow_abbrev=False,
    )
    parser.add_argument("--data", type=Path, help=f"data folder (default: {DEFAULT_DATA})")
    parser.add_argument(
        "--triples",
        type=Path,
        metavar="FILE",
        help="triples instead of a data folder: three tab-separated names per line, or a "
        "Freebase dump; gzipped or not",
    )
    parser.add_argument(
        "--test", type=Path, metavar="FILE", help="triples to evaluate on, in either format"
    )
    parser.add_argument(
        "--known",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="further true triples for the filter (such as a published validation file); may "
        "be repeated",
    )
    parser.add_argument(
        "--valid-share",
        type=_share,
        default=0.02,
        metavar="X",
        help="share of --triples held out to choose the epoch: triples whose two entities have "
        "no other link; 0: train on all, keep the last epoch (default: %(default)s)",
    )
    parser.add_argument(
        "--preset", metavar="NAME", help=f"model and settings: one of {', '.join(PRESETS)}"
    )
    parser.add_argument(
        "--model",
        default=name,
        metavar="NAME",
        help=f"one of {', '.join(EMBEDDINGS)} (default: {DEFAULT_MODEL})",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="run folder (default: DATA/embeddings/MODEL-…)"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="resume bit-identically from the run folder's checkpoint",
    )
    add_settings(parser, KGETrainConfig, title="training", defaults=preset.training)
    add_settings(
        parser, EMBEDDINGS[name].Config, title=f"embedding {name}", defaults=preset.settings
    )
    return parser


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0 to below 1")
    return share


def _print_result(metrics: Mapping[str, Any], folder: Path) -> None:
    table = Table(title=f"best epoch {metrics['best_epoch']} of {metrics['epochs']}, by MRR")
    table.add_column("triples")
    columns = ("mrr", "hits@1", "hits@3", "hits@10", "mean_rank", "mrr_head", "mrr_tail")
    for column in columns:
        table.add_column(column, justify="right")
    for part in metrics["triples"]:
        if part == "train":
            continue
        values = metrics[part]
        cells = (f"{values[c]:.0f}" if c == "mean_rank" else f"{values[c]:.4f}" for c in columns)
        table.add_row(f"{part} ({metrics['triples'][part]:,})", *cells)
    console = wide_console()
    console.print(table)
    console.print(f"run folder: {folder}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main_guard(main))
