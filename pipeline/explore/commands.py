"""Commands `query`, `show` and `diff`: query a graph, show an entity, compare two builds."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from kg_builder.errors import DataError
from kg_builder.ontology import load_schema
from pipeline.console import terminal
from pipeline.explore.graph import Graph
from pipeline.folders import DataFolder, processed_folder

if TYPE_CHECKING:  # not needed for a query: readers of raw files
    from pipeline.explore.cards import Card, Fact
    from pipeline.explore.places import Place
    from pipeline.explore.premises import Why
    from pipeline.explore.sparql import QueryResult

_out = terminal()
_err = terminal(stderr=True)
_Dataset = Annotated[str, typer.Option(help="Name of a processed data set.")]
_Cache = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of the index.  [default: .index in the data folder]"),
]
_SHOWN: Final = 25


class TableFormat(StrEnum):
    """Output format of an answer."""

    table = "table"
    json = "json"
    csv = "csv"
    turtle = "turtle"


def query_command(
    sparql: Annotated[str, typer.Argument(help="The query, @FILE, or - for standard input.")],
    dataset: _Dataset = "sample",
    data: DataFolder = None,
    style: Annotated[TableFormat, typer.Option("--format", help="Output format.")] = (
        TableFormat.table
    ),
    timeout: Annotated[float, typer.Option(min=0.01, help="Time limit in seconds.")] = 10.0,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of rows.")] = 10_000,
    cache: _Cache = None,
) -> None:
    """Query a built graph in SPARQL: read-only, with a time limit.

    The prefixes of kg.ttl (mkg:, artist:, genre:, …) need not be declared.
    """
    with Graph.open(processed_folder(dataset, data), cache=cache) as graph:
        found = graph.query(_text_of(sparql), timeout=timeout, limit=limit)
    match style:
        case TableFormat.json:
            sys.stdout.write(found.json() + "\n")
        case TableFormat.csv:
            sys.stdout.write(found.csv())
        case TableFormat.turtle:
            sys.stdout.write(found.turtle())
        case TableFormat.table:
            _show_answer(found)
    if found.truncated:
        _err.print(f"more than {limit:,} rows; --limit shows more", highlight=False)
    if not len(found):
        for note in _unknown_terms(_text_of(sparql)) if sparql != "-" else ():
            _err.print(note, highlight=False)


def show_command(
    name: Annotated[str, typer.Argument(help="A name in any spelling, a CURIE, or an IRI.")],
    dataset: _Dataset = "sample",
    data: DataFolder = None,
    most: Annotated[
        int, typer.Option(min=1, help="Maximum number of facts per predicate and direction.")
    ] = 10,
    sources: Annotated[
        bool,
        typer.Option(
            "--sources/--no-sources", help="Show the source row or sentence of each fact."
        ),
    ] = True,
    premises: Annotated[
        bool, typer.Option("--why", help="Show the premises of inferred facts down to the sources.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the entity as JSON.")] = False,
    cache: _Cache = None,
) -> None:
    """Show a built graph's facts about one entity, with the evidence of each."""
    with Graph.open(processed_folder(dataset, data), cache=cache) as graph:
        card = graph.show(name, most=most)
        if as_json:
            sys.stdout.write(json.dumps(card.as_dict(), ensure_ascii=False, indent=1) + "\n")
            return
        _show_head(card)
        places = graph.places(_evidence(card)) if sources else {}
        _show_facts(card, places, sources=sources)
        if premises:
            for fact in card.facts:
                if fact.inferred:
                    _show_why(graph.why(card.id, fact), graph)
        _show_rest(card, places)


def diff_command(
    old: Annotated[Path, typer.Argument(help="Processed folder of the older build.")],
    new: Annotated[Path, typer.Argument(help="Processed folder of the newer build.")],
    facts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every changed fact to this CSV.")
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="Maximum number of facts per change.")] = 5,
) -> None:
    """Count the facts that a build gained and lost relative to another, with reasons."""
    from pipeline.explore.changes import CHANGED, diff

    changes = diff(old, new)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("change", "source", "reason"):
        table.add_column(heading)
    table.add_column("facts", justify="right")
    for row in changes.summary().to_dict("records"):
        table.add_row(row["change"], escape(row["source"]), row["reason"], f"{row['facts']:,}")
    _out.print(table)
    gained, lost = changes.gained, changes.lost
    _line(f"{changes.kept:,} facts kept, {len(gained):,} gained, {len(lost):,} lost")
    key = ["subject", "predicate"]
    new_values = gained[gained["reason"] == CHANGED]
    values = new_values.merge(lost[lost["reason"] == CHANGED], on=key, suffixes=("", "_old"))
    for row in values.head(examples).to_dict("records"):
        text = f"{row['subject']} {row['predicate']} {row['object_old']} → {row['object']}"
        _line(f"~ {escape(text)}  [dim]{escape(row['source'])}[/]")
    _say_how_many("~", len(values), examples)
    for word, frame in (("+", gained), ("-", lost)):
        others = frame[frame["reason"] != CHANGED]
        for row in others.head(examples).to_dict("records"):
            text = f"{row['subject']} {row['predicate']} {row['object']}"
            _line(f"{word} {escape(text)}  [dim]{escape(row['source'])}: {row['reason']}[/]")
        _say_how_many(word, len(others), examples)
    for change, some in changes.things.groupby("change"):
        of_all = f"{examples:,} of " if 0 < examples < len(some) else ""
        _line(f"{change}: {of_all}{len(some):,}")
        for row in some.head(examples).to_dict("records"):
            text = " → ".join(filter(None, (row["old"], row["new"])))
            of = "" if change in {"id", "merged"} else f"{row['entity']} "
            _line(f"  {escape(of + text)}")
    if facts is not None:
        import pandas as pd

        both = pd.concat([gained.assign(change="gained"), lost.assign(change="lost")])
        both.to_csv(facts, index=False, lineterminator="\n")
        _line(f"[dim]every changed fact: {escape(str(facts))}[/]")


def _say_how_many(word: str, number: int, shown: int) -> None:
    """Say so if only some of the facts of a change are shown."""
    if number > shown:
        remedy = "--examples shows more, --facts FILE writes all"
        _line(f"{word} [dim]({shown:,} of {number:,}: {remedy})[/]")


def _text_of(sparql: str) -> str:
    if sparql == "-":
        return sys.stdin.read()
    if not sparql.startswith("@"):
        return sparql
    path = Path(sparql[1:])
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError("no such file", where=str(path), remedy="@FILE names a query") from None
    except UnicodeDecodeError:
        raise DataError("not UTF-8", where=str(path), remedy="save the query as UTF-8") from None


def _unknown_terms(sparql: str) -> list[str]:
    """Notes on terms of the data model that a query misspells."""
    schema = load_schema()
    known = {*schema.classes, *schema.predicates}
    notes = []
    for name in dict.fromkeys(re.findall(r"\bmkg:([A-Za-z]\w*)", sparql)):
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f": did you mean mkg:{near[0]}?" if near else ""
            notes.append(f"mkg:{name} is not in the data model{hint}")
    return notes


def _show_answer(found: QueryResult) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in found.columns:
        table.add_column(escape(name), overflow="fold")
    for row in found.values():
        table.add_row(*("" if value is None else escape(str(value)) for value in row))
    _out.print(table, highlight=False)
    rows = "row" if len(found) == 1 else "rows"
    _err.print(f"{len(found):,} {rows} in {found.seconds:.3f} s", highlight=False, style="dim")


def _evidence(card: Card) -> list[str]:
    return [
        *(source.evidence for fact in card.facts for source in fact.sources),
        *(record.evidence for record in card.records),
        *(lost.evidence for lost in card.lost),
    ]


def _show_head(card: Card) -> None:
    _line(f"[bold]{escape(card.label)}[/]  {' < '.join(card.classes)}  [dim]{escape(card.iri)}[/]")
    if card.aliases:
        _line(f"  also called  {escape('; '.join(card.aliases))}")
    for name, address in card.external_ids.items():
        _line(f"  same as  {escape(name)}  [dim]{escape(address)}[/]")
    if card.same_name:
        others = ", ".join(f"{hit.id} ({hit.type})" for hit in card.same_name[:5])
        _line(f"  [yellow]others of that name[/]  {escape(others)}")


def _show_facts(card: Card, places: Mapping[str, Place], *, sources: bool) -> None:
    for (_, direction), facts, total in card.grouped():
        arrow = "" if direction == "out" else "← "
        shown = f" [dim]({len(facts)} of {total:,})[/]" if total > len(facts) else ""
        _line(f"\n[bold]{arrow}{escape(facts[0].label)}[/]{shown}")
        if not sources:
            _line(f"  {escape('; '.join(fact.text for fact in facts))}")
            continue
        for fact in facts:
            _line(f"  {escape(fact.text)}{_identity(fact)}  [dim]{fact.confidence:.2f}[/]")
            for source in fact.sources:
                _source(f"{source.source}, {source.method}", source.evidence, places)


def _identity(fact: Fact) -> str:
    return f"  [dim]{escape(fact.thing.id)}[/]" if fact.thing is not None else ""


def _source(who: str, evidence: str, places: Mapping[str, Place]) -> None:
    quote = places.get(evidence)
    where = evidence if quote is None or quote.file is None else (
        f"{quote.file}#{evidence.partition('#')[2]}"
    )  # fmt: skip
    _line(f"    [dim]{escape(who)}: {escape(where)}[/]")
    if quote is not None and quote.text:
        _line(f"      [italic]{escape(quote.text)}[/]")


def _show_why(why: Why, graph: Graph, depth: int = 0) -> None:
    indent = "  " * depth
    text = f"{why.subject} {why.predicate} {why.value}"
    _line(f"\n{indent}why {escape(text)}" if depth == 0 else f"{indent}{escape(text)}")
    places = graph.places(source.evidence for source in why.sources if not source.inferred)
    for source in why.sources:
        found = places.get(source.evidence)
        quoted = f"  [italic]{escape(found.text)}[/]" if found and found.text else ""
        where = source.method if source.inferred else source.evidence
        _line(f"{indent}  [dim]{escape(f'{source.source}: {where}')}[/]{quoted}")
    for premise in why.premises:
        _show_why(premise, graph, depth + 1)


def _show_rest(card: Card, places: Mapping[str, Place]) -> None:
    if card.lost:
        _line("\n[bold]dropped by cleaning[/]")
        for lost in card.lost:
            _line(f"  {lost.predicate} {escape(lost.value)}: {lost.reason}")
            _source(lost.source, lost.evidence, places)
    if card.records:
        _line("\n[bold]name and class come from[/]")
        for record in card.records:
            _line(f"  {escape(record.record)}  {record.type}  {escape(record.name)}")
            _source(f"{record.source}, {record.method} {record.score:.2f}", record.evidence, places)


def _line(text: str = "") -> None:
    _out.print(text, highlight=False, soft_wrap=True)
