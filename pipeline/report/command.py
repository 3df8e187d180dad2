"""Command `report`: write the report of a finished build as one self-contained HTML file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline.console import terminal
from pipeline.folders import DataFolder, ProcessedDataset, built_data_set
from pipeline.quality import TEMPLATES
from pipeline.report.collect import collect
from pipeline.report.judge import facts_file
from safe_io.atomic import write_atomically

_out = terminal()


def report_command(
    dataset: ProcessedDataset = None,
    data: DataFolder = None,
    previous: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Processed folder of an earlier build.")
    ] = None,
    judgements: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Judged facts.  [default: those of judge-facts]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="[default: report.html in the folder]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sampled facts.")] = 555,
) -> None:
    """Report a build's content and quality: report.html and report.json."""
    folder, name, _ = built_data_set(dataset, data)
    judged = judgements if judgements is not None else facts_file(name)
    report = collect(folder, judgements=judged, previous=previous, seed=seed)
    page = out if out is not None else folder / "report.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(page, TEMPLATES.get_template("report.html").render(report=report))
    text = json.dumps(report, indent=1, ensure_ascii=False, default=str)
    write_atomically(page.with_suffix(".json"), text + "\n")
    _out.print(str(page), highlight=False, soft_wrap=True, markup=False)
