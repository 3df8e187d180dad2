"""Command `evaluate graph`: compare facts per item in a built graph and a published one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.table import Table

from kg_builder.errors import DataError
from kg_builder.evaluation.comparison import (
    FACTS,
    FAMILIES,
    MUSIC,
    GraphView,
    read_stock,
    report,
    view,
)
from kg_builder.ontology import expand
from kg_builder.tables import STATEMENTS
from pipeline.artefacts import read_table, write_tsv
from pipeline.console import terminal
from pipeline.folders import DataFolder, built_data_set
from safe_io.atomic import replacing

_out = terminal()
_MOST = 15


def graph_command(
    stock: Annotated[
        Path,
        typer.Option(help="Folder of the other graph: kg.txt and item_index2entity_id.txt."),
    ],
    dataset: Annotated[
        str | None,
        typer.Option(help="Name of a built data set.", show_default="lastfm, or DIR's name"),
    ] = None,
    data: DataFolder = None,
    out: Annotated[Path | None, typer.Option(help="Write the table to this TSV.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Plot it to this SVG or PNG.")] = None,
) -> None:
    """Compare a built and a stock graph's facts about the stock graph's items."""
    folder, name, _ = built_data_set(dataset, data, default="lastfm")
    views = _views(folder, stock, name)
    table = report(views)
    shown = Table(box=None, padding=(0, 2, 0, 0), title=f"{name}: the items of {stock}")
    for heading in table.columns:
        shown.add_column(heading, justify="left" if heading == "measure" else "right")
    for row in table.itertuples(index=False, name=None):
        shown.add_row(str(row[0]), *(_cell(str(row[0]), value) for value in row[1:]))
    _out.print(shown)
    if out is not None:
        write_tsv(table, out)
        _out.print(f"table: {out}", highlight=False, soft_wrap=True)
    if plot is not None:
        _draw(views, plot)
        _out.print(f"plot: {plot}", highlight=False, soft_wrap=True)


def _views(folder: Path, stock: Path, dataset: str) -> list[GraphView]:
    """Views of the stock graph, of our stated facts, and of our stated and derived facts."""
    facts, entity_of = read_stock(stock)
    path = folder / "alignment.tsv"
    if not path.is_file():
        raise DataError(
            "no such file",
            where=str(path),
            remedy=f"build first: python -m pipeline build --dataset {dataset}",
        )
    ours = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, quoting=3)
    iri_of = dict(zip(ours["raw_id"], ours["iri"], strict=True))
    items = [raw for raw in entity_of if raw in iri_of]
    if not items:
        raise DataError(f"none of its items is one of {dataset}", where=str(stock))
    statements = read_table(STATEMENTS, folder / "statements.parquet")
    statements = statements[statements["object_kind"] == "entity"]
    short = {expand(name): name for name in statements["subject"].unique()}
    short |= {expand(name): name for name in statements["object"].unique()}
    own = [str(short.get(iri_of[raw], iri_of[raw])) for raw in items]
    not_inferred = statements[~statements["inferred"].astype(bool)]
    return [
        view("stock", facts, [entity_of[raw] for raw in items]),
        view("built, stated facts", not_inferred.loc[:, list(FACTS)], own),
        view("built", statements.loc[:, list(FACTS)], own),
    ]


def _cell(measure: str, value: float) -> str:
    if measure.startswith("items with"):
        return f"{value:.1%}"
    return f"{value:.1f}" if "per item" in measure else f"{int(value):,}"


def _draw(views: Sequence[GraphView], path: Path) -> None:
    """Plot: left, share of the items by number of music facts; right, by family."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    families = [family for family in FAMILIES if family in MUSIC] + ["film and television"]
    with rc_context({"svg.hashsalt": "graph", "svg.fonttype": "none"}):
        figure = Figure(figsize=(11, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
        levels = list(range(_MOST + 1))
        for view in views:
            left.plot(
                levels, [100 * view.share(level) for level in levels], marker="o", label=view.name
            )
        left.axvline(3, color="0.8", zorder=0)
        left.set_xlabel("at least so many music facts")
        left.set_ylabel("% of the items")
        left.set_ylim(0, 102)
        left.legend(frameon=False)
        height = 0.8 / len(views)
        for index, view in enumerate(views):
            right.barh(
                [row + index * height for row in range(len(families))],
                [100 * view.share(1, family) for family in families],
                height=height,
                label=view.name,
            )
        right.set_yticks([row + 0.4 - height / 2 for row in range(len(families))], families)
        right.invert_yaxis()
        right.set_xlabel("% of the items with such a fact")
        for axes in (left, right):
            axes.spines[["top", "right"]].set_visible(False)
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = path.suffix.removeprefix(".") or "png"
        undated = {"Date": None} if kind == "svg" else None
        with replacing(path) as temporary:
            figure.savefig(temporary, format=kind, metadata=undated, dpi=120)
