"""Prefect flow `refresh`: rebuild, retrain, and wait until a running service serves the new run.

    python -m flows.refresh --dataset sample --service http://127.0.0.1:8000
    prefect deployment run refresh --param dataset=lastfm --param model=mmss_mkr_g

It runs `build-kg` and `train`. Each training writes a new run folder, so that the run being served
stays intact until the service, which watches the data folder, has loaded the new one.
"""

# No `from __future__ import annotations` here: see build_kg.py.
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from prefect import flow, get_run_logger, task
from prefect.runtime import flow_run

from flows.build_kg import build_kg
from flows.command import run_flow
from flows.faults import USER_FAULTS, FlowError, one_line_failure
from flows.names import REFRESH
from flows.options import FLOW, SETTINGS, TASK, AddressOption, RunnerOption
from flows.train import LoggedTraining, train
from pipeline.folders import processed_folder
from recommender import TrainConfig, load_run
from recommender.refit import refit as refit_run
from recommender.train import DEFAULT_MODEL, run_name
from safe_io.guard import exit_status

__all__ = ["refresh"]

PATIENCE = 900.0
PAUSE = 1.0


@task(name="hand-over", tags=["service"], **TASK)
@one_line_failure
def see_served(service: str, run: str, patience: float) -> None:
    """Wait until the service reports that it serves the run.

    Raises:
        FlowError: it does not within `patience` seconds.
    """
    deadline = time.monotonic() + patience
    answer = "nothing"
    while time.monotonic() < deadline:
        try:
            found = httpx.get(f"{service.rstrip('/')}/readyz", timeout=30, trust_env=False)
            answer = found.text
            if found.is_success and run in found.json().get("runs", ()):
                get_run_logger().info("%s serves %s", service, run)
                return
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as fault:
            answer = str(fault)
        time.sleep(PAUSE)
    raise FlowError(
        f"{service} does not serve {run} after {patience:g} s; its last answer: {answer[:200]}; "
        "look at its log, and whether it watches the same folder"
    )


@task(name="refit", tags=["recommender", "train"], **TASK)
@one_line_failure
def refitted(run: Path) -> Path:
    """Train the run's model on all rows, and return the new run's folder."""
    loaded, out = load_run(run), run.with_name(f"{run.name}-refit")
    loggers = [LoggedTraining(loaded.config.training.epochs)]
    refit_run(run, loaded, out, device=loaded.config.training.device, loggers=loggers)
    return out


@flow(name=REFRESH, **FLOW)
@one_line_failure
def refresh(
    dataset: str = "sample",
    raw: Path | None = None,
    out: Path | None = None,
    model: str = DEFAULT_MODEL,
    training: dict[str, Any] = {},  # noqa: B006 Prefect shows the default; nobody changes it
    settings: dict[str, Any] = {},  # noqa: B006
    refit: bool = False,
    service: str | None = None,
    patience: float = PATIENCE,
) -> Path:
    """Rebuild a data set, train a model on it, and wait until a service serves the new run.

    Args:
        dataset: name of a recipe, or path of a recipe file.
        raw: folder with the publishers' files; by default the recipe's.
        out: folder for everything derived; by default data/processed/NAME.
        model: name of a model, such as mmss_mkr_g or ials.
        training: settings of the training, by name (epochs, patience, device, …).
        settings: settings of the model, by name (dim, lambda1, …).
        refit: whether to train the model a second time on all rows, also those held out to measure
            it, for as many epochs as were best; this run is then the new one.
        service: address of a running service that watches the folder; None ends after training.
        patience: timeout in seconds until the service serves the run.
    """
    config = TrainConfig.parse(training)  # a mistake here is known before the build
    data = processed_folder(dataset, out)
    start = flow_run.scheduled_start_time or datetime.now(UTC)
    run = data / "models" / f"{run_name(model, config)}-{start:%Y%m%dT%H%M%S}"
    build_kg(dataset=dataset, raw=raw, out=out)
    train(data=data, model=model, out=run, training=training, settings=settings)
    if refit:
        run = refitted.submit(run).result()
    if service is not None:
        see_served.submit(service, run.name, patience).result()
    return run


def main(
    dataset: Annotated[str, typer.Option(help="recipe: a name or a file")] = "sample",
    raw: Annotated[Path | None, typer.Option(help="folder with the publishers' files")] = None,
    out: Annotated[Path | None, typer.Option(help="folder of the processed data")] = None,
    model: Annotated[str, typer.Option(help="name of a model")] = DEFAULT_MODEL,
    epochs: Annotated[int | None, typer.Option(help="maximum number of training epochs")] = None,
    refit: Annotated[
        bool, typer.Option("--refit", help="train again on all rows for the best number of epochs")
    ] = False,
    service: Annotated[
        str | None, typer.Option(metavar="URL", help="service that must serve the new run")
    ] = None,
    patience: Annotated[float, typer.Option(help="timeout in seconds for the service")] = PATIENCE,
    runner: RunnerOption = SETTINGS.task_runner,
    address: AddressOption = SETTINGS.address,
) -> None:
    """Rebuild, retrain and hand the new run to a service, as a Prefect flow."""
    run_flow(
        refresh,
        runner,
        address,
        dataset=dataset,
        raw=raw,
        out=out,
        model=model,
        training={} if epochs is None else {"epochs": epochs},
        refit=refit,
        service=service,
        patience=patience,
    )


if __name__ == "__main__":
    sys.exit(exit_status(lambda: typer.run(main), faults=USER_FAULTS))
