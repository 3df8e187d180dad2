"""Define a stage: name, inputs, outputs, the settings it depends on, and its function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import BaseModel

from kg_builder.ontology import Schema, load_schema
from kg_builder.progress import Progress
from kg_builder.tables import Table
from kg_builder.units import RunUnits
from pipeline.artefacts import Staging, read_table, write_table

if TYPE_CHECKING:  # types only: a stage must not depend on the code that reads recipes
    from pipeline.recipe import Recipe

Settings = Mapping[str, object]


@dataclass(frozen=True)
class Job:
    """Parameters of a build.

    Attributes:
        recipe: the recipe.
        raw: folder of the raw files.
        out: processed folder.
        seed: of the sampled negatives.
        without_pairs: file with user–item pairs whose interactions are excluded from the graph.
        with_users: whether to write the facts about users as Turtle, too.
    """

    recipe: Recipe
    raw: Path
    out: Path
    seed: int
    without_pairs: Path | None = None
    with_users: bool = False

    @property
    def schema(self) -> Schema:
        """The data model with the recipe's additions."""
        return load_schema(*self.recipe.ontology)


@dataclass(frozen=True)
class StageContext:
    """Context of a running stage: reads and writes artefacts by name, runs units."""

    job: Job
    staging: Staging
    progress: Progress
    run_units: RunUnits

    def read(self, table: Table, name: str) -> pd.DataFrame:
        """Read a table written by an earlier stage."""
        return read_table(table, self.artefact(name))

    def artefact(self, name: str) -> Path:
        """Path of an earlier stage's artefact."""
        return self.job.out / name

    def write(self, table: Table, name: str, frame: pd.DataFrame) -> None:
        """Write a table as an artefact of this stage."""
        write_table(frame, table, self.staging.path(name))

    def path(self, name: str) -> Path:
        """Path for an artefact other than a table."""
        return self.staging.path(name)


@dataclass(frozen=True)
class Stage:
    """One step of the construction.

    Attributes:
        name: name on the command line.
        title: description for display.
        reads: artefacts of earlier stages.
        raw: returns the raw files that it reads, given the job.
        settings: the part of the recipe (and the seed) that its output depends on.
        writes: artefacts, relative to the processed folder.
        may_write: optional artefacts.
        also_reads: returns further artefacts of earlier stages that a recipe makes it read.
        reads_a_server: whether a job makes it read a database server, whose changes do not show in
            files: it is then run by every build.
        run: runs the stage and returns counts for the summary.
    """

    name: str
    title: str
    reads: tuple[str, ...]
    raw: Callable[[Job], list[Path]]
    settings: Callable[[Job], Settings]
    writes: tuple[str, ...]
    may_write: tuple[str, ...] = field(default=(), kw_only=True)
    also_reads: Callable[[Job], tuple[str, ...]] = field(default=lambda job: (), kw_only=True)
    reads_a_server: Callable[[Job], bool] = field(default=lambda job: False, kw_only=True)
    run: Callable[[StageContext], dict[str, int]]


class StageReport(BaseModel):
    """Report of a stage that ran or was skipped.

    `peak_mb` is the peak memory of the process in megabytes, None if unknown.
    """

    name: str
    title: str
    skipped: bool
    seconds: float
    counts: dict[str, int]
    peak_mb: int | None
    outputs: tuple[str, ...]
