"""Prefect flow `train`: train a model on a processed data folder and write its run folder.

python -m flows.train --data data/processed/sample --epochs 20
prefect deployment run train --param data=data/processed/lastfm
"""

# No `from __future__ import annotations` here: see build_kg.py.
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from prefect import flow, get_run_logger, task
from prefect.runtime import task_run

from flows.command import run_flow
from flows.faults import USER_FAULTS, one_line_failure
from flows.names import TRAIN
from flows.options import FLOW, SETTINGS, TASK, AddressOption, RunnerOption
from flows.reports import LoggedProgress, publish_facts
from recommender import TrainConfig, Trainer, create_model, load, load_run, split
from recommender.cli import DEFAULT_DATA
from recommender.evaluation import EvaluationConfig, evaluate_run
from recommender.train import DEFAULT_MODEL, run_name
from recommender.training.runs import replacement
from safe_io.guard import exit_status

__all__ = ["train"]

TRAINING = TrainConfig()
FIGURES = ("auc", "acc", "f1", "log_loss", "auc_warm", "auc_cold", "acc_warm", "acc_cold")


class LoggedTraining:
    """A logger of the training loop that writes to the log of the task's run."""

    def __init__(self, epochs: int) -> None:
        self._progress = LoggedProgress(get_run_logger(), "epoch", interval=5.0)
        self._epochs = epochs

    def start(self, settings: Mapping[str, Any], epochs_done: int) -> None:
        """Does nothing: the flow's parameters show the settings."""

    def epoch(self, record: Mapping[str, float]) -> None:
        """Log a line every few seconds."""
        valid = record.get("valid_auc")
        note = f"validation AUC {valid:.4f}" if valid is not None else ""
        self._progress(int(record["epoch"]), self._epochs, note)

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Does nothing: the next task shows the table."""


@task(name="train", task_run_name="train", tags=["recommender", "train"], **TASK)
@one_line_failure
def fit(
    data: Path,
    model: str,
    training: dict[str, Any],
    settings: dict[str, Any],
    out: Path | None,
    resume: bool,
) -> Path:
    """Train, and return the run folder; a retry continues from the checkpoint."""
    config = TrainConfig.parse(training)
    dataset = load(data)
    parts = split(dataset, config.split_seed, by=config.split)
    folder = out if out is not None else dataset.folder / "models" / run_name(model, config)
    resume = resume or (task_run.run_count or 1) > 1
    if replaced := replacement(folder, resume=resume):
        get_run_logger().warning(replaced)
    trainer = Trainer(
        config,
        out=folder,
        resume=resume,
        loggers=[LoggedTraining(config.epochs)],
    )
    run = trainer.fit(create_model(model, parts.train, seed=config.seed, **settings), parts)
    publish_facts(
        f"{dataset.name}-train",
        f"{dataset.name}: training of {model}",
        {
            "users": dataset.n_users,
            "items": dataset.n_items,
            "entities": dataset.n_entities,
            "relations": dataset.n_relations,
            "training rows": len(parts.train),
            "epochs": run.epochs,
            "best epoch, on validation": run.best_epoch,
            "run folder": folder,
        },
    )
    return folder


@task(name="evaluate", task_run_name="evaluate", tags=["recommender", "evaluate"], **TASK)
@one_line_failure
def evaluate(run: Path) -> dict[str, float | None]:
    """Evaluate the run on its test rows."""
    loaded = load_run(run)
    report = evaluate_run(loaded, EvaluationConfig())["ctr"]
    figures = {name: report[name] for name in FIGURES}
    get_run_logger().info("AUC %.4f, ACC %.4f on the test rows", figures["auc"], figures["acc"])
    publish_facts(
        f"{loaded.dataset.name}-evaluate",
        f"{loaded.dataset.name}: {loaded.config.model} on the test rows",
        {name: "none" if value is None else value for name, value in figures.items()},
    )
    return figures


@flow(name=TRAIN, **FLOW)
@one_line_failure
def train(
    data: Path = DEFAULT_DATA,
    model: str = DEFAULT_MODEL,
    negatives: str = TRAINING.negatives,
    epochs: int = TRAINING.epochs,
    split_seed: int = TRAINING.split_seed,
    seed: int = TRAINING.seed,
    out: Path | None = None,
    resume: bool = False,
    training: dict[str, Any] = {},  # noqa: B006 Prefect shows the default; nobody changes it
    settings: dict[str, Any] = {},  # noqa: B006
) -> dict[str, float | None]:
    """Train a recommender on a processed folder, and evaluate it on its test rows.

    Args:
        data: folder with kg_final.txt and ratings_final.txt.
        model: name of a model, such as mmss_mkr or mkr.
        negatives: `static`, the prepared ones, or `fresh`, resampled every epoch.
        epochs: maximum number of epochs.
        split_seed: seed of the 6:2:2 split of the rows.
        seed: seed of initial values, batches and sampling.
        out: run folder; by default one below DATA/models named after the settings.
        resume: continue from the run folder's checkpoint.
        training: further settings of the training, by name (patience, device, …).
        settings: settings of the model, by name (dim, lambda1, …).
    """
    chosen = {
        "negatives": negatives,
        "epochs": epochs,
        "split_seed": split_seed,
        "seed": seed,
        **training,
    }
    run = fit.submit(data, model, chosen, settings, out, resume).result()
    return evaluate.submit(run).result()


def main(
    data: Annotated[Path, typer.Option(help="processed folder")] = DEFAULT_DATA,
    model: Annotated[str, typer.Option(help="name of a model")] = DEFAULT_MODEL,
    negatives: Annotated[str, typer.Option(help="static or fresh")] = TRAINING.negatives,
    epochs: Annotated[int, typer.Option(help="maximum number of epochs")] = TRAINING.epochs,
    split_seed: Annotated[int, typer.Option(help="seed of the split")] = TRAINING.split_seed,
    seed: Annotated[int, typer.Option(help="seed of all other randomness")] = TRAINING.seed,
    out: Annotated[Path | None, typer.Option(help="run folder")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="resume from the checkpoint")] = False,
    runner: RunnerOption = SETTINGS.task_runner,
    address: AddressOption = SETTINGS.address,
) -> None:
    """Train a recommender as a Prefect flow."""
    run_flow(
        train,
        runner,
        address,
        data=data,
        model=model,
        negatives=negatives,
        epochs=epochs,
        split_seed=split_seed,
        seed=seed,
        out=out,
        resume=resume,
    )


if __name__ == "__main__":
    sys.exit(exit_status(lambda: typer.run(main), faults=USER_FAULTS))
