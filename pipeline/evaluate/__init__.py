"""Commands `python -m pipeline evaluate …`: score a construction stage against gold annotations.

One module per command; each reads its formats, calls `kg_builder.evaluation`, prints the scores,
and writes the errors for inspection.
"""

from __future__ import annotations

import typer

from pipeline.lazy_commands import LazyGroup, add_lazily

app = typer.Typer(
    help="Measure a construction stage against gold data.",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _name, _help in (
    ("alignment", "Measure the links of a built data set against gold links."),
    (
        "extraction",
        "Train an extractor on some texts and score the triples that it extracts from others.",
    ),
    ("graph", "Compare a built and a stock graph's facts about the stock graph's items."),
    (
        "matching",
        "Measure entity resolution: pairwise and B-cubed scores, blocking, time, worst errors.",
    ),
    (
        "mining",
        "Measure mined facts on held-out ones: precision against recall, by predicate.",
    ),
    (
        "ner",
        "Train an NER model on one file and score it on another, or by cross-validation.",
    ),
    (
        "texts",
        "Score relations with coreference on and off, coreference itself, and the confidences.",
    ),
):
    add_lazily(app, _name, f"pipeline.evaluate.{_name}:{_name}_command", _help)
