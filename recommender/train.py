"""Command to train a recommender: `python -m recommender.train --data data/processed/lastfm`."""

from __future__ import annotations

import argparse
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
    check_table,
    is_first_process,
    main_guard,
    make_folder,
    read_toml,
    settings_of,
)
from recommender.data import load, split
from recommender.display import print_ranking, wide_console
from recommender.errors import ConfigError
from recommender.models.base import Recommender
from recommender.models.registry import Preset, create_model, model_names, resolve
from recommender.training.config import TrainConfig
from recommender.training.loop import Trainer, pick_device
from recommender.training.runs import Run, replacement

__all__ = ["DEFAULT_MODEL", "TrainingProgress", "main", "run_name"]

DEFAULT_MODEL = "mmss_mkr"


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, train, print."""
    preset, from_file = _choose_model(argv)
    arguments = _parser(preset, from_file).parse_args(argv)
    config = TrainConfig.parse(
        {**from_file.get("training", {}), **settings_of(arguments, TrainConfig)}
    )
    if config.split == "all":
        raise ConfigError(
            "--split all: no rows are left to choose the epoch on; train on another split, then "
            "train the result on all rows with `python -m recommender.refit`"
        )
    settings = {**from_file.get("settings", {}), **settings_of(arguments, preset.model.Config)}
    preset.configure(settings)  # report errors in settings before reading data
    dataset = load(arguments.data)
    parts = split(dataset, config.split_seed, by=config.split)
    out = arguments.out or dataset.folder / "models" / run_name(preset.name, config)
    model = create_model(preset.name, parts.train, seed=config.seed, **settings)
    make_folder(out)
    console = Console(stderr=True, quiet=not is_first_process())
    if replaced := replacement(out, resume=arguments.resume):
        console.print(replaced, highlight=False, markup=False, soft_wrap=True)
    progress = TrainingProgress(console, config)
    with progress.bar:
        trainer = Trainer(config, out=out, resume=arguments.resume, loggers=[progress])
        _tell_device(console, trainer, model)
        run = trainer.fit(model, parts)
    if progress.is_main:
        _print_result(run, config.monitor)
    return 0


def _tell_device(console: Console, trainer: Trainer, model: Recommender) -> None:
    """Say which device `auto` means where there is a choice."""
    fastest = pick_device("auto")
    if trainer.config.device != "auto" or fastest.type == "cpu":
        return
    chosen = trainer.device_for(model)
    why = "" if chosen == fastest else f": for steps this short faster than {fastest}, by estimate"
    console.print(f"training on {chosen}{why}", highlight=False)


def run_name(model: str, config: TrainConfig) -> str:
    """Default name of a training's run folder."""
    kind = "split" if config.split == "random" else f"{config.split}-split"
    return f"{model}-{config.negatives}-{kind}{config.split_seed}-seed{config.seed}"


def _choose_model(argv: list[str] | None) -> tuple[Preset, dict[str, Any]]:
    """The model and the settings file; the model determines the available flags."""
    first = OneLineParser(prog="python -m recommender.train", add_help=False, allow_abbrev=False)
    first.add_argument("--model")
    first.add_argument("--config", type=Path)
    parsed, _ = first.parse_known_args(argv)
    from_file = read_toml(parsed.config) if parsed.config else {}
    preset = resolve(parsed.model or from_file.get("model", DEFAULT_MODEL))
    if parsed.config:
        check_table(parsed.config, from_file, "training", TrainConfig)
        check_table(parsed.config, from_file, "settings", preset.model.Config)
    return preset, from_file


def _parser(preset: Preset, from_file: Mapping[str, Any]) -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m recommender.train",
        usage="%(prog)s [--data DIR] [--model NAME] [--config FILE.toml] [--out DIR] [settings]",
        description="Train a recommender on a processed data folder. Settings come from the "
        "model's preset, then --config, then the flags.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, help="data folder (default: %(default)s)"
    )
    parser.add_argument(
        "--model",
        default=preset.name,
        metavar="NAME",
        help=f"one of {', '.join(model_names())} (default: {DEFAULT_MODEL})",
    )
    parser.add_argument("--config", type=Path, metavar="FILE.toml", help="settings file")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="run folder (default: DATA/models/MODEL-…)"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="resume bit-identically from the run folder's checkpoint",
    )
    add_settings(parser, TrainConfig, title="training", defaults=from_file.get("training"))
    shown = {**preset.config.model_dump(), **from_file.get("settings", {})}
    title = f"model {preset.name} ({preset.summary})"
    add_settings(parser, preset.model.Config, title=title, defaults=shown)
    return parser


class TrainingProgress:
    """A progress bar, used as a logger of the loop.

    Args:
        console: for the bar.
        config: of the training.

    Attributes:
        is_main: whether this is the main process; known once the training has started.
    """

    def __init__(self, console: Console, config: TrainConfig) -> None:
        self._monitor = config.monitor
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("epochs"),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[figures]}"),
            console=console,
        )
        self._task = self.bar.add_task("training", total=config.epochs, figures="")
        self.is_main = False

    def start(self, settings: Mapping[str, Any], epochs_done: int) -> None:
        """Show the epochs already done; loggers are only called in the main process."""
        self.is_main = True
        self.bar.update(self._task, completed=epochs_done)

    def epoch(self, record: Mapping[str, float]) -> None:
        """Advance and show the latest figures."""
        loss = record.get("loss_recommendation")  # closed-form models have none
        figures = "" if loss is None else f"loss {loss:.4f}"
        if "valid_auc" in record:
            figures += f"  valid AUC {record['valid_auc']:.4f} ACC {record['valid_acc']:.4f}"
            for name in (name for name in self._monitor.split("+") if "@" in name):
                figures += f" {name} {record[f'valid_{name}']:.4f}"
        self.bar.update(self._task, completed=int(record["epoch"]), figures=figures)

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Complete the bar, also after early stopping."""
        self.bar.update(self._task, total=self.bar.tasks[self._task].completed)


def _print_result(run: Run, monitor: str) -> None:
    table = Table(
        title=f"best epoch {run.best_epoch} of {run.epochs}, chosen on validation ({monitor})"
    )
    table.add_column("rows")
    columns = ("auc", "acc", "f1", "log_loss", "auc_warm", "auc_cold")
    for column in columns:
        table.add_column(column, justify="right")
    for part in ("valid", "test"):
        values = [run.metrics[part][column] for column in columns]
        table.add_row(part, *("–" if v is None else f"{v:.4f}" for v in values))
    console = wide_console()
    console.print(table)
    print_ranking(console, run.metrics["ranking"])
    console.print(f"run folder: {run.folder}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main_guard(main))
