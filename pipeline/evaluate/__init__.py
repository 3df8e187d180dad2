"""`python -m pipeline evaluate …`: the quality of a stage against data that others annotated.

One module per command; each reads its format, calls `kg_builder.evaluation`, prints, and writes
what a person needs to read the errors.
"""

from __future__ import annotations

import typer

from pipeline.evaluate.alignment import alignment_command
from pipeline.evaluate.extraction import extraction_command
from pipeline.evaluate.graph import graph_command
from pipeline.evaluate.matching import matching_command
from pipeline.evaluate.ner import ner_command

app = typer.Typer(
    help="Measure a construction stage against gold data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("alignment")(alignment_command)
app.command("extraction")(extraction_command)
app.command("graph")(graph_command)
app.command("matching")(matching_command)
app.command("ner")(ner_command)
