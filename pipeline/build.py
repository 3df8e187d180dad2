"""Build a data set: run those stages of a recipe whose inputs, settings or code changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from kg_builder.errors import DataError
from kg_builder.garbage_collection import rare_garbage_collection
from kg_builder.progress import Progress, silent
from pipeline.artefacts import Staging, digest
from pipeline.code_version import code_version
from pipeline.confinement import check_paths
from pipeline.folders import default_raw, processed_folder
from pipeline.manifest import Manifest, stage_key
from pipeline.peak_memory import forget_peak, peak_mb
from pipeline.recipe import Recipe, load_recipe
from pipeline.stages.registry import STAGES
from pipeline.stages.stage import Job, Stage, StageContext, StageReport
from pipeline.units import FOLDER, MEMORY, LocalWorkers, UnitRunner, Workers
from safe_io.locks import folder_lock

_STAGE_LOCK: Final = ".stage.lock"
SEED: Final = 555
"""Seed of the sampled negatives, as in the public preparation of the data sets."""


class BuildReport(BaseModel):
    """Report of a build, stage by stage."""

    dataset: str
    out: Path
    stages: tuple[StageReport, ...]

    @property
    def seconds(self) -> float:
        """Time spent in stages that ran."""
        return sum(stage.seconds for stage in self.stages if not stage.skipped)


class Build:
    """A recipe with its raw files and processed folder; stages can be run one by one.

    Args:
        recipe: the recipe.
        raw: folder that the recipe's paths are relative to; by default `data/raw`, and for a data
            set that ships with the project (the sample) the project's own.
        out: processed folder; by default `data/processed/<name>`.
        seed: seed of the sampled negatives.
        without_pairs: file of user<TAB>item lines with the publisher's ids; the graph is built
            without these users' interactions with these items.
        with_users: also write the facts about users as Turtle.
        allow_outside: let the recipe read files from anywhere.
        workers: executes the units of stages; by default sequentially in this process.
        memory: for the queries and buffers of a stage, in megabytes; the result does not depend
            on it.

    Raises:
        DataError: a path of the recipe leads outside, or `without_pairs` or `with_users` does not
            apply to the recipe.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        raw: Path | None = None,
        out: Path | None = None,
        seed: int = SEED,
        without_pairs: Path | None = None,
        with_users: bool = False,
        allow_outside: bool = False,
        workers: Workers | None = None,
        memory: int = MEMORY,
    ) -> None:
        if without_pairs is not None and not (recipe.tables_of_acts and recipe.interactions):
            raise DataError(
                "--without-pairs: no table holds the acts of users",
                where=f"recipe {recipe.name}",
                remedy='name the column with the user in a table of links: user = "userID"',
            )
        if without_pairs is not None and not without_pairs.is_file():
            raise DataError(
                "no such file",
                where=f"--without-pairs {without_pairs}",
                remedy="write user<TAB>item lines, or let `python -m recommender.held_out_pairs` "
                "write those of a split",
            )
        if with_users and not recipe.users:
            raise DataError(
                "--with-users: there are no facts about users",
                where=f"recipe {recipe.name}",
                remedy="state it with [[users]]",
            )
        if seed < 0:
            raise DataError(f"--seed {seed}", remedy="give a number of at least 0")
        self.job = Job(
            recipe=recipe,
            raw=raw if raw is not None else default_raw(recipe),
            out=processed_folder(recipe.name, out),
            seed=seed,
            without_pairs=without_pairs,
            with_users=with_users,
        )
        self.workers, self.memory = workers, memory
        check_paths(recipe, self.job.raw, allow_outside=allow_outside)

    def lock(self) -> AbstractContextManager[None]:
        """Lock the processed folder against other builds, from the first stage to the last.

        Interleaved stages of two builds would mix artefacts of both. `run_stage` itself only
        prevents two stages from running at the same time, since it may run in a process other than
        the build's: that of a Prefect task, which may outlive a killed build.

        Raises:
            InUseError: another build is running in the folder.
        """
        return folder_lock(self.job.out, "build")

    def run_stage(
        self, name: str, *, force: bool = False, progress: Progress = silent
    ) -> StageReport:
        """Run one stage, unless its manifest entry is still valid; see `lock` for whole builds.

        Raises:
            DataError: no such stage, a missing raw file, an earlier stage that has not run, or an
                error of the stage.
            InUseError: another stage is running in the same folder.
        """
        stage = stage_named(name)
        with folder_lock(self.job.out, "build", name=_STAGE_LOCK):
            return self._run(stage, force=force, progress=progress)

    def _run(self, stage: Stage, *, force: bool, progress: Progress) -> StageReport:
        job, manifest = self.job, Manifest(self.job.out)
        manifest.name(job.recipe.name, job.recipe.origin)
        inputs = {str(path): manifest.sha256(path) for path in stage.raw(job)}
        reads = (*stage.reads, *stage.also_reads(job))
        for name in reads:
            path = job.out / name
            if not path.is_file():
                raise DataError(
                    f"stage {stage.name!r} needs {name}",
                    where=str(job.out),
                    remedy=f"build from the beginning: python -m pipeline build --dataset "
                    f"{job.recipe.name}",
                )
            inputs[name] = manifest.sha256(path)
        key = stage_key(
            {name: sha for name, sha in inputs.items() if name in reads}
            | {  # by name as well, since evidence names the files
                f"raw {os.path.relpath(path, job.raw)}": inputs[str(path)]
                for path in stage.raw(job)
            },
            stage.settings(job),
            code_version(stage.run.__module__),
        )
        entry = manifest.current(stage.name, key)
        if entry is not None and not force and not stage.reads_a_server(job):
            with suppress(OSError):
                manifest.save()
            return _report(
                stage,
                entry.outputs,
                skipped=True,
                seconds=entry.seconds,
                counts=entry.counts,
                peak_mb=entry.peak_mb,
            )
        for name in reads:
            if digest(job.out / name) != inputs[name]:
                raise DataError(
                    "damaged: its bytes have changed since it was written, its time has not",
                    where=str(job.out / name),
                    remedy="rebuild everything with --force",
                )
        manifest.forget(stage.name)
        started = time.perf_counter()
        forget_peak()
        staging = Staging(job.out, stage.name)
        units = UnitRunner(
            job.out / FOLDER / stage.name,
            workers=self.workers,
            progress=progress,
            force=force,
            memory=self.memory,
        )
        try:
            with rare_garbage_collection():
                context = StageContext(job=job, staging=staging, progress=progress, run_units=units)
                counts = stage.run(context)
            outputs = staging.publish(stage.writes, stage.may_write)
            units.forget_unused()
        except BaseException:
            staging.discard()
            raise
        seconds = time.perf_counter() - started
        manifest.record(
            stage.name,
            key=key,
            inputs=inputs,
            outputs=outputs,
            counts=counts,
            seconds=seconds,
            peak_mb=(peak := peak_mb()),
            worker_mb=units.worker_mb,
            units=units.done + units.reused,
            units_reused=units.reused,
        )
        return _report(stage, outputs, skipped=False, seconds=seconds, counts=counts, peak_mb=peak)


def build(
    dataset: str | Path,
    *,
    raw: Path | None = None,
    out: Path | None = None,
    start: str | None = None,
    force: bool = False,
    without: Iterable[str] = (),
    mine: bool = False,
    seed: int = SEED,
    without_pairs: Path | None = None,
    with_users: bool = False,
    allow_outside: bool = False,
    workers: int = 1,
    memory: int = MEMORY,
    on_start: Callable[[Stage], Progress] = lambda stage: silent,
    on_end: Callable[[StageReport], None] = lambda report: None,
) -> BuildReport:
    """Build a data set: every stage in order, or from one of them on.

    Args:
        dataset: name of a recipe, or path of a recipe file.
        raw: folder of the raw files.
        out: processed folder.
        start: run this stage and those after it, even if nothing has changed; the earlier ones must
            have run before.
        force: run every stage, even if nothing has changed.
        without: sources and databases of the recipe to exclude.
        mine: mine facts with learned models, even if the recipe does not.
        seed: seed of the sampled negatives.
        without_pairs: file of user–item pairs whose interactions are excluded from the graph.
        with_users: also write the facts about users as Turtle.
        allow_outside: let the recipe read files from anywhere.
        workers: number of processes; the result does not depend on it.
        memory: see `Build`.
        on_start: called before each stage; returns the stage's progress callback.
        on_end: called after each stage.

    Raises:
        DataError: see `Build`, `Build.run_stage` and `load_recipe`.
        InUseError: another build is running in the processed folder.
    """
    recipe = load_recipe(dataset).without(without)
    processes = LocalWorkers(workers) if workers > 1 else None
    whole = Build(
        recipe.with_mining() if mine else recipe,
        raw=raw,
        out=out,
        seed=seed,
        without_pairs=without_pairs,
        with_users=with_users,
        allow_outside=allow_outside,
        workers=processes,
        memory=memory,
    )
    stages = stages_from(start)
    reports = []
    with whole.lock(), processes or nullcontext():
        for stage in stages:
            report = whole.run_stage(
                stage.name, force=force or start is not None, progress=on_start(stage)
            )
            on_end(report)
            reports.append(report)
    return BuildReport(dataset=whole.job.recipe.name, out=whole.job.out, stages=tuple(reports))


def stages_from(start: str | None) -> Sequence[Stage]:
    """The stages from the named one on; all of them if `None`.

    Raises:
        DataError: there is no such stage.
    """
    return STAGES if start is None else STAGES[STAGES.index(stage_named(start)) :]


def stage_named(name: str) -> Stage:
    """Look up a stage by name.

    Raises:
        DataError: there is no such stage.
    """
    for stage in STAGES:
        if stage.name == name:
            return stage
    raise DataError(
        f"there is no stage {name!r}", remedy=f"stages: {', '.join(s.name for s in STAGES)}"
    )


def _report(
    stage: Stage,
    outputs: Iterable[str],
    *,
    skipped: bool,
    seconds: float,
    counts: dict[str, int],
    peak_mb: int | None,
) -> StageReport:
    return StageReport(
        name=stage.name,
        title=stage.title,
        skipped=skipped,
        seconds=seconds,
        counts=counts,
        peak_mb=peak_mb,
        outputs=tuple(outputs),
    )
