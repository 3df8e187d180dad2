"""Command that trains a KGE model: `python -m recommender.train_kge --data DIR --model transe`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from recommender.cli import DEFAULT_DATA, OneLineParser, add_settings, main_guard, settings_of
from recommender.data import load
from recommender.display import wide_console
from recommender.kge.registry import EMBEDDINGS, configure
from recommender.kge.training import KGETrainConfig, train_embedding

__all__ = ["main"]

DEFAULT_MODEL = "transe"


def main(argv: list[str] | None = None) -> int:
    """Parse, train, print."""
    first = OneLineParser(prog="python -m recommender.train_kge", add_help=False)
    first.add_argument("--model", default=DEFAULT_MODEL)
    name: str = first.parse_known_args(argv)[0].model
    configure(name, {})  # complain about the name before the flags, which depend on it
    arguments = _parser(name).parse_args(argv)
    config = KGETrainConfig.parse(settings_of(arguments, KGETrainConfig))
    settings = settings_of(arguments, EMBEDDINGS[name].Config)
    configure(name, settings)  # and about settings before reading data
    dataset = load(arguments.data)
    run_name = f"{name}-split{config.split_seed}-seed{config.seed}"
    out = arguments.out or dataset.folder / "embeddings" / run_name
    bar = Progress(
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("epochs"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[figures]}"),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task("training", total=config.epochs, figures="")
        figures = {"loss": float("nan"), "valid_mrr": float("nan")}

        def show(record: Mapping[str, float]) -> None:
            figures.update(record)
            text = f"loss {figures['loss']:.4f}  valid MRR {figures['valid_mrr']:.4f}"
            bar.update(task, completed=int(record["epoch"]), figures=text)

        run = train_embedding(
            name,
            dataset,
            config,
            settings=settings,
            out=out,
            resume=arguments.resume,
            progress=show,
        )
        bar.update(task, total=bar.tasks[task].completed)  # it may have stopped early
    _print_result(run.metrics, out)
    return 0


def _parser(name: str) -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m recommender.train_kge",
        usage="%(prog)s [--data DIR] [--model NAME] [--out DIR] [settings]",
        description="Train a knowledge-graph embedding on the graph of a processed data folder "
        "and measure it by filtered link prediction.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, help="data folder (default: %(default)s)"
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
        "--resume", action="store_true", help="go on from the run folder's checkpoint, bit by bit"
    )
    add_settings(parser, KGETrainConfig, title="training")
    add_settings(parser, EMBEDDINGS[name].Config, title=f"embedding {name}")
    return parser


def _print_result(metrics: Mapping[str, Any], folder: Path) -> None:
    table = Table(title=f"best epoch {metrics['best_epoch']} of {metrics['epochs']}, by MRR")
    table.add_column("triples")
    columns = ("mrr", "hits@1", "hits@3", "hits@10", "mean_rank", "mrr_head", "mrr_tail")
    for column in columns:
        table.add_column(column, justify="right")
    for part in ("valid", "test"):
        values = metrics[part]
        cells = (f"{values[c]:.0f}" if c == "mean_rank" else f"{values[c]:.4f}" for c in columns)
        table.add_row(f"{part} ({metrics['triples'][part]:,})", *cells)
    console = wide_console()
    console.print(table)
    console.print(f"run folder: {folder}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main_guard(main))
