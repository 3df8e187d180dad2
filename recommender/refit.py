"""Command to train a run's model on all rows: `python -m recommender.refit --run DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from recommender.cli import OneLineParser, is_first_process, main_guard, make_folder
from recommender.data import split
from recommender.display import wide_console
from recommender.models.registry import create_model
from recommender.runs import add_run_flags, open_run
from recommender.train import TrainingProgress, run_name
from recommender.training.config import TrainConfig
from recommender.training.loggers import Logger
from recommender.training.loop import Trainer
from recommender.training.runs import LoadedRun, Run, read_metrics, replacement

__all__ = ["main", "refit", "refit_folder"]


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, train on all rows, print."""
    arguments = _parser().parse_args(argv)
    source, run = open_run(arguments.run, arguments.data, held_out=True)
    out = arguments.out or refit_folder(source, run)
    console = Console(stderr=True, quiet=not is_first_process())
    if replaced := replacement(out, resume=arguments.resume):
        console.print(replaced, highlight=False, markup=False, soft_wrap=True)
    progress = TrainingProgress(console, _config(source, run, arguments.device))
    with progress.bar:
        done = refit(
            source,
            run,
            out,
            device=arguments.device,
            resume=arguments.resume,
            loggers=[progress],
        )
    if progress.is_main:
        likes = len(run.dataset.interactions.positives[0])
        before = len(run.split.train.positives[0])
        text = f"{run.config.model}, trained on all {likes:,} likes ({source.name}: {before:,})"
        wide_console().print(f"{text}, {done.epochs} epochs\nrun folder: {out}", soft_wrap=True)
    return 0


def refit(
    source: Path,
    run: LoadedRun,
    out: Path,
    *,
    device: str = "auto",
    resume: bool = False,
    loggers: Sequence[Logger] = (),
) -> Run:
    """Train a run's model anew on all rows, with its settings, for its best number of epochs.

    The calibration of probabilities is that of the run.

    Args:
        source: the run's folder.
        run: its content.
        out: folder of the new run, whose `metrics.json` names the source (`refit_of`).
        device, resume, loggers: as of `Trainer`.

    Raises:
        RunError: a checkpoint of something else in the folder to resume from.
        InUseError: another training is running in the folder.
    """
    config = _config(source, run, device)
    parts = split(run.dataset, config.split_seed, by="all")
    name, settings = run.config.model, run.config.model_settings
    model = create_model(name, parts.train, seed=config.seed, **settings)
    model.take_calibration(run.model)
    make_folder(out)
    notes = {"refit_of": source.name}
    return Trainer(config, out=out, resume=resume, loggers=loggers, notes=notes).fit(model, parts)


def refit_folder(source: Path, run: LoadedRun) -> Path:
    """Default folder of the new run, beside the source."""
    return source.parent / run_name(run.config.model, _config(source, run, "auto"))


def _config(source: Path, run: LoadedRun, device: str) -> TrainConfig:
    changed = {"split": "all", "epochs": read_metrics(source)["best_epoch"], "patience": 0}
    return TrainConfig.parse({**run.config.training.model_dump(), **changed, "device": device})


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m recommender.refit",
        description="Train a finished run's model anew on all rows, also those that were held out "
        "to measure it, with the same settings for as many epochs as were best on validation. "
        "The result is for recommendations: it cannot be evaluated, its quality is that of the "
        "run, or somewhat better.",
        allow_abbrev=False,
    )
    add_run_flags(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="run folder (default: MODEL-…-all-… beside the run)"
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (default: auto)")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="resume bit-identically from the run folder's checkpoint",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main_guard(main))
