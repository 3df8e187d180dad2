"""Commands `explain-match A B` and `judge A B VERDICT`: show or override a record match."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from kg_builder.fusion import Explanation, explain, read_judgements
from kg_builder.fusion.judgements import append_judgement
from kg_builder.ontology import load_schema
from pipeline.built_matching import Built, load_built
from pipeline.confinement import check_paths
from pipeline.console import terminal
from pipeline.folders import PROCESSED_HELP, built_data_set, default_raw
from pipeline.judgement_files import judged, judgement_file

_out = terminal()
_Dataset = Annotated[
    str | None,
    typer.Option(
        help="Name of a recipe, or path of a recipe file.", show_default="sample, or DIR's recipe"
    ),
]
_Data = Annotated[Path | None, typer.Option("--data", "--out", metavar="DIR", help=PROCESSED_HELP)]
_LONGEST = 160


class Verdict(StrEnum):
    """A person's verdict on two records."""

    same = "same"
    different = "different"
    unsure = "unsure"


def explain_match_command(
    left: Annotated[str, typer.Argument(help="Key of a record, CURIE of an entity, or a name.")],
    right: Annotated[str, typer.Argument(help="The other record or entity.")],
    dataset: _Dataset = None,
    data: _Data = None,
) -> None:
    """Explain why two records were merged into one entity, or why not."""
    built = _built(dataset, data)
    one, other = built.pair(left, right)
    for key, text in ((one, left), (other, right)):
        _show_record(built, key, text)
    mentions = [(k, link) for k in (one, other) if (link := built.mention(k)) is not None]
    if mentions:
        together = built.entity(one) == built.entity(other)
        _verdict(together, "the context of the mention decides")
        for key, link in mentions:
            _show_mention(key, link)
        return
    config = judged(built.recipe)
    explanation = explain(
        built.matching(aside=[(one, other)]),
        one,
        other,
        config=config,
        schema=built.schema,
        judgements=read_judgements(config.judgements) if config.judgements else {},
    )
    _show(explanation)


def judge_command(
    left: Annotated[str, typer.Argument(help="Key of a record, or a name that one record has.")],
    right: Annotated[str, typer.Argument(help="The other record.")],
    verdict: Annotated[Verdict, typer.Argument(help="Your decision.")],
    dataset: _Dataset = None,
    data: _Data = None,
) -> None:
    """Record whether two records are the same entity; the next build uses it."""
    built = _built(dataset, data)
    one, other = built.pair(left, right)
    path = judgement_file(built.recipe)
    append_judgement(path, one, other, verdict.value)
    _line(f"{escape(one)}  {escape(other)}  [bold]{verdict.value}[/]")
    origin = escape(built.recipe.origin)
    _line(f"[dim]in {path}; python -m pipeline build --dataset {origin} applies it[/]")


def _built(dataset: str | None, data: Path | None) -> Built:
    found = built_data_set(dataset, data)
    recipe = found.recipe()
    check_paths(recipe, default_raw(recipe))
    return load_built(recipe, load_schema(*recipe.ontology), found.folder)


def _line(text: str = "") -> None:
    _out.print(text, highlight=False, soft_wrap=True)


def _show_record(built: Built, key: str, asked: str) -> None:
    row = built.records.loc[built.records["record"] == key].iloc[0]
    _line(f"[bold]{escape(key)}[/]  {row['type']}  {escape(repr(row['name']))}")
    for predicate, values in json.loads(row["attributes"]).items():
        text = "; ".join(map(str, values))
        shown = text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
        _line(f"  [dim]{predicate}[/]  {escape(shown)}")
    _line(f"  [dim]entity[/]  {escape(built.entity(key))}")
    if asked != key and (others := [k for k in built.keys_of(asked) if k != key]):
        _line(f"  [dim]{len(others)} more of that name: {escape(', '.join(others[:5]))}[/]")


def _verdict(same: bool, reason: str) -> None:
    colour, word = ("green", "one entity") if same else ("red", "not one entity")
    _line(f"\n[{colour}]{word}[/]: {escape(reason)}")


def _show_mention(key: str, link: Mapping[str, Any]) -> None:
    """Print the candidates of a mention with their evidence."""
    _line(f"{escape(key)}  {link['decision']}  [dim]score {link['score']:.3f}[/]")
    table = Table(box=None, padding=(0, 2, 0, 0))
    listed = json.loads(link["candidates"])
    table.add_column("feature")
    for candidate in listed:
        table.add_column(escape(candidate["id"]), justify="right")
    for feature in listed[0]["features"] if listed else ():
        table.add_row(feature, *(f"{c['features'][feature]:+.2f}" for c in listed))
    table.add_row("probability", *(f"{c['score']:.4f}" for c in listed), style="bold")
    _out.print(table if listed else "  no entity has the name", highlight=False)


def _show(explanation: Explanation) -> None:
    _verdict(explanation.same, explanation.reason)
    if explanation.contributions:
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("feature")
        table.add_column("agreement")
        table.add_column("log-odds", justify="right")
        total = sum(item.weight for item in explanation.contributions)
        for item in explanation.contributions:
            table.add_row(escape(item.feature), escape(item.level), f"{item.weight:+.2f}")
        table.add_row("sum", "", f"{total:+.2f}", style="bold")
        _out.print(table)
    if explanation.probability is not None:
        seen = "" if explanation.compared else ", had they been compared"
        threshold = explanation.threshold
        limit = "" if threshold is None else f"; records merge from {threshold:.2f} on"
        _line(f"probability {explanation.probability:.4f}{seen}{limit}")
    for before, after, mean in explanation.path:
        _line(f"  {escape(before)} — {escape(after)}  [dim]mean probability {mean:.4f}[/]")
