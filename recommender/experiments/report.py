"""Assemble the results page of the reproduced paper: tables, findings, figures, method."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from recommender.experiments.counts import count
from recommender.experiments.figures import FIGURES, histogram
from recommender.experiments.findings import read_table
from recommender.experiments.page import (
    Page,
    Section,
    counts_section,
    lists_section,
    table_section,
    write_page,
)
from recommender.experiments.results import COVERAGE, gather
from recommender.experiments.rows import TITLES, Row, read_counts

__all__ = ["Study", "write_report"]


# Data sets whose files lack the items that a user rated below the threshold.
_RATED_LOW = ("movielens-1m",)


@dataclass(frozen=True)
class Study:
    """A requested study with its results.

    Attributes:
        tables: names of the tables.
        rows: by table.
        results, problems: arguments of `gather`.
        command: the command to repeat it.
        seeds, negatives, epochs: its settings; None for each row's own.
    """

    tables: Sequence[str]
    rows: Mapping[str, Sequence[Row]]
    results: Mapping[str, Mapping[int, Mapping[str, Any]]]
    problems: Mapping[str, str]
    command: str
    seeds: Sequence[int]
    negatives: str | None
    epochs: int | None
    data_root: Path
    rows_folder: Path


def write_report(study: Study, out: Path, name: str) -> list[Path]:
    """Write `name`.md, `name`.html and the figures to `out`; returns the paths, pages first."""
    out.mkdir(parents=True, exist_ok=True)
    sections: list[Section] = []
    pictures: list[Path] = []
    for table in study.tables:
        title = TITLES[table]
        if table == "table3":
            counted = count(read_counts(study.rows_folder), study.data_root)
            sections.append(counts_section(title, counted))
            continue
        results = gather(study.rows[table], study.results, study.problems)
        for one in results:
            picture = ""
            if table in FIGURES and any(row.measured for row in one.rows):
                file = f"{name}-{FIGURES[table].lower().replace('. ', '')}.png"
                pictures.append(histogram(one, out / file))
                picture = file
            heading = title if len(results) == 1 else f"{title}, {one.dataset}"
            section = table_section(heading, one, picture)
            sections.append(replace(section, reading=read_table(one)))
            if (lists := lists_section(heading, one)) is not None:
                sections.append(lists)
    page = Page("The paper's tables, measured", study.command, _facts(study), sections)
    return [*write_page(page, out, name), *pictures]


def _facts(study: Study) -> list[str]:
    negatives = (
        f"training negatives: {study.negatives}"
        if study.negatives
        else "training negatives: as each row's file says (static unless noted)"
    )
    facts = [
        f"seeds {', '.join(map(str, study.seeds))}: each is the seed of the sampled negatives, of "
        "the 6:2:2 split and of the model; mean ± standard deviation over them",
        negatives,
        "the epoch is chosen on validation (AUC + ACC); the test rows are looked at once",
        "p: Student's paired t over the seeds against the emphasised row, after Holm's correction "
        "over the table",
        "warm: test rows whose item has a positive in train; cold: the others",
        f"new seed: where the figure of one more seed falls with probability {COVERAGE:.0%} "
        "(Student's prediction interval over the seeds of the row)",
        "negatives: what a row is trained against: the prepared ones (static), those of the run "
        "drawn anew every epoch (fresh), or, whatever the run says, uniform ones drawn anew by the "
        "model's own ranking loss (own); the rows that all are measured on are the same",
        "lists: the first 10 (20) of the whole catalogue less the training positives; relevant are "
        "the test positives; popularity, novelty, diversity and calibration as in "
        "docs/evaluation.md",
        "CPU s and seconds: one training on one core with its validations and final evaluation, "
        "the ranking of the catalogue not counted; seconds are by the clock and grow where other "
        "programs share the machine",
        f"Python {platform.python_version()}, torch {torch.__version__}",
    ]
    redrawn = sorted(
        {
            seed
            for cells in study.results.values()
            for seed, cell in cells.items()
            if cell.get("redrawn") and cell.get("dataset") in _RATED_LOW
        }
    )
    if redrawn:
        facts.append(
            f"{', '.join(_RATED_LOW)}, seeds {', '.join(map(str, redrawn))}: the negatives were "
            "drawn by this command and may be items that the user rated low, which the build never "
            "draws; that costs every model about 0.01 AUC (docs/experiments.md says how to avoid "
            "it)"
        )
    if study.epochs:
        facts.insert(0, f"A TRIAL: at most {study.epochs} epochs; no figure here is a result")
    return facts
