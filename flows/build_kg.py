"""Prefect flow `build-kg`: raw files → knowledge graph, a task per stage and per unit of work.

    python -m flows.build_kg --dataset sample
    prefect deployment run build-kg --param dataset=lastfm

The pipeline's manifest decides which stages to run; Prefect's result caching is disabled, so that
there is a single source of truth.
"""

# No `from __future__ import annotations` here: Prefect evaluates the types of a flow's parameters
# in the decorator's module.
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from prefect import flow, get_run_logger, task

from flows.command import run_flow
from flows.faults import USER_FAULTS, one_line_failure
from flows.names import BUILD_KG
from flows.options import FLOW, SETTINGS, TASK, AddressOption, RunnerOption
from flows.reports import LoggedProgress, publish_facts
from flows.units import TaskWorkers
from kg_builder.sql import megabytes
from pipeline.build import SEED, Build, stages_from
from pipeline.build_options import (
    AllowOutsideOption,
    DatasetOption,
    ForceOption,
    MemoryOption,
    MineOption,
    OutOption,
    RawOption,
    SeedOption,
    StartOption,
    WithoutOption,
    WithoutPairsOption,
    WithUsersOption,
)
from pipeline.recipe import load_recipe
from pipeline.stages.registry import STAGES
from pipeline.stages.stage import StageReport
from pipeline.unit_store import UnitStore
from safe_io.guard import exit_status

__all__ = ["build_kg"]


@task(task_run_name="{stage}", **TASK)
@one_line_failure
def run_stage(build: Build, stage: str, force: bool) -> StageReport:
    """Run one stage if needed, and show its results."""
    log = get_run_logger()
    report = build.run_stage(stage, force=force, progress=LoggedProgress(log, stage))
    done = "unchanged, skipped" if report.skipped else f"done in {report.seconds:.1f} s"
    log.info("%s: %s%s", report.title, done, "".join(_clauses(report.counts)))
    name = build.job.recipe.name
    publish_facts(
        f"{name}-{stage}",
        f"{name}: {stage}: {report.title}",
        {
            "unchanged, skipped": report.skipped,
            "seconds": report.seconds,
            "peak of memory in MB": report.peak_mb or "unknown",
            **report.counts,
            "written": ", ".join(report.outputs),
        },
    )
    return report


def _clauses(counts: Mapping[str, int]) -> list[str]:
    """Format the first counts, which are the stage's main ones; the table has all."""
    return [f", {count:,} {what}" for what, count in islice(counts.items(), 4)]


STAGE_TASKS = {
    stage.name: run_stage.with_options(name=stage.name, tags=["knowledge-graph", stage.name])
    for stage in STAGES
}


@flow(name=BUILD_KG, **FLOW)
@one_line_failure
def build_kg(
    dataset: str = "sample",
    raw: Path | None = None,
    out: Path | None = None,
    start: str | None = None,
    force: bool = False,
    seed: int = SEED,
    without: list[str] = [],  # noqa: B006 Prefect shows the default; nobody changes it
    without_pairs: Path | None = None,
    with_users: bool = False,
    allow_outside: bool = False,
    mine: bool = False,
    store: str | None = SETTINGS.store,
    memory: str = "2GB",
) -> list[StageReport]:
    """Build the knowledge graph of one data set.

    Args:
        dataset: name of a recipe, or path of a recipe file.
        raw: folder with the publishers' files; by default the recipe's.
        out: processed folder; by default data/processed/NAME.
        start: rerun this stage and all later ones, regardless of the manifest.
        force: rerun all stages.
        seed: seed of the sampled negatives.
        without: sources and databases of the recipe to exclude.
        without_pairs: file of user<TAB>item pairs; the graph is built without these users'
            interactions with these items.
        with_users: also write the facts about users as users.ttl.
        allow_outside: let the recipe read files from anywhere.
        mine: mine facts with learned models, even if the recipe does not.
        store: location (`s3://…`, or a folder) through which workers without a shared file system
            get the files of units and return their results.
        memory: for the queries and buffers of a stage; the result does not depend on it.
    """
    recipe = load_recipe(dataset).without(without)
    shared = UnitStore(store) if store and store.strip() else None
    if shared is not None:
        shared.check()
    build = Build(
        recipe.with_mining() if mine else recipe,
        raw=raw,
        out=out,
        seed=seed,
        without_pairs=without_pairs,
        with_users=with_users,
        allow_outside=allow_outside,
        workers=TaskWorkers(shared),
        memory=megabytes(memory),
    )
    again = force or start is not None
    with build.lock():
        # called, not submitted: a stage runs in this process, its units on the task runner
        return [
            STAGE_TASKS[stage.name](build, stage.name, again, return_state=True).result()
            for stage in stages_from(start)
        ]


def main(
    dataset: DatasetOption = "sample",
    raw: RawOption = None,
    out: OutOption = None,
    start: StartOption = None,
    force: ForceOption = False,
    seed: SeedOption = SEED,
    without: WithoutOption = None,
    without_pairs: WithoutPairsOption = None,
    with_users: WithUsersOption = False,
    allow_outside: AllowOutsideOption = False,
    mine: MineOption = False,
    memory: MemoryOption = "2GB",
    runner: RunnerOption = SETTINGS.task_runner,
    address: AddressOption = SETTINGS.address,
    store: Annotated[
        str | None,
        typer.Option(metavar="URL", help="object store or folder for the files of units"),
    ] = SETTINGS.store,
) -> None:
    """Build the knowledge graph of one data set as a Prefect flow."""
    run_flow(
        build_kg,
        runner,
        address,
        dataset=dataset,
        raw=raw,
        out=out,
        start=start,
        force=force,
        seed=seed,
        without=without or [],
        without_pairs=without_pairs,
        with_users=with_users,
        allow_outside=allow_outside,
        mine=mine,
        store=store,
        memory=memory,
    )


if __name__ == "__main__":
    sys.exit(exit_status(lambda: typer.run(main), faults=USER_FAULTS))
