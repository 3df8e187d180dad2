"""Options of the commands that build a data set, with or without Prefect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.folders import PROCESSED_HELP

DatasetOption = Annotated[str, typer.Option(help="Name of a recipe, or path of a recipe file.")]
RawOption = Annotated[
    Path | None, typer.Option(help="Folder of the raw files.  [default: data/raw]")
]
OutOption = Annotated[Path | None, typer.Option(help=PROCESSED_HELP)]
StartOption = Annotated[
    str | None, typer.Option("--from", help="Run this stage and all later ones.")
]
ForceOption = Annotated[bool, typer.Option(help="Run all stages, even if unchanged.")]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option(help="Exclude a source or database of the recipe; may be repeated."),
]
MineOption = Annotated[
    bool, typer.Option("--mine", help="Fill gaps (genre, label, country) by learned models.")
]
WithoutPairsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Exclude users' data about the items of these user<TAB>item pairs (written by "
        "python -m recommender.held_out_pairs).",
    ),
]
WithUsersOption = Annotated[
    bool, typer.Option("--with-users", help="Write the facts about users as users.ttl.")
]
SeedOption = Annotated[int, typer.Option(help="Seed of the sampled negatives.")]
MemoryOption = Annotated[
    str,
    typer.Option(
        metavar="SIZE",
        help="Memory for queries and buffers of a stage, beyond which files are used "
        "(docs/scale.md); the result does not depend on it.",
    ),
]
AllowOutsideOption = Annotated[
    bool, typer.Option("--allow-outside", help="Allow the recipe to read files anywhere.")
]
