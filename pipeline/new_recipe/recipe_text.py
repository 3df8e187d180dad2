"""Render guesses about files as the text of a recipe (TOML) with comments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from textwrap import wrap
from typing import Any, Final

from kg_builder.schema_inference.catalogues import Catalogue, catalogues, judge
from kg_builder.schema_inference.plan import Plan
from kg_builder.schema_inference.samples import Sample
from kg_builder.schema_inference.text_samples import day_first_of, decimal_of
from kg_builder.schema_inference.things import FINEST, RELATIONS, Things

NO_GRAPH = (
    "no column links two things: the build will end with an empty graph; add a file with "
    "genres, albums, labels or countries of the items, or a third-party database"
)
"""Warning for files with interactions only."""
_BETWEEN = frozenset({predicate for predicate, _ in RELATIONS.values()} | {"origin", "onAlbum"})
"""Predicates between entities, whatever the settings of the column."""

"""Predicates that only lead to what performed or contains an item."""

_WIDTH: Final = 98

_DATABASE = (
    "# A dump of an encyclopaedia finds the items by their names, and adds facts: download one",
    '# (see docs/third-party-databases.md), and remove the "#" of these lines.',
    "# [[databases]]",
    '# name = "dbpedia"',
    '# format = "dbpedia-nt"',
    '# path = "mappingbased-objects_lang=en.ttl.bz2"',
)


def recipe_text(plan: Plan, name: str, pages: list[tuple[str, dict[str, Any], str]]) -> str:
    """Render a recipe's text.

    Args:
        plan: tables, interactions, users and unused columns.
        name: name of the recipe, and of the source of its tables, unless they are of several
            catalogues.
        pages: (name, keys, reason) of the other sources, such as pages and RDF.
    """
    lines = [
        "# Written by `python -m pipeline new-recipe`, from the first rows of each file. Every",
        "# line is a guess: read the comments, correct what is wrong, and build with",
        "#   python -m pipeline build --dataset THIS_FILE --raw FOLDER_OF_THE_FILES",
        f"name = {toml(name)}",
        f"title = {toml(name)}",
        *_warnings(plan),
    ]
    no_graph = (
        plan.acts
        and not (pages or plan.texts or plan.links)
        and not any(t.columns for t in plan.tables)
    )
    if no_graph:
        lines.append(f"# {NO_GRAPH}")
    sources = catalogues(plan, name)
    for source in sources:
        lines += ["", "[[sources]]", 'kind = "structured"', f"name = {toml(source.name)}"]
        lines += _clean(source)
        for table in source.tables:
            lines += _things(table)
        for number, (sample, keys, why) in enumerate(source.links, start=1):
            head = f"[sources.tables.links{number}]"
            lines += ["", head, f"# {why}", 'reads = "links"', *_layout(sample), *_keys(keys, {})]
    texts = [(f"{name}-texts{n}", one.keys, one.why) for n, one in enumerate(plan.texts, start=1)]
    for called, keys, why in [*texts, *pages]:
        lines += ["", "[[sources]]", f"# {why}", f"name = {toml(called)}", *_keys(keys, {})]
    if no_graph:
        lines += ["", *_DATABASE]
    lines += _acts(plan, sources) + _users(plan) + _ratings(plan) + _triples(plan)
    lines += _left_out(plan)
    return "\n".join(lines) + "\n"


def _warnings(plan: Plan) -> list[str]:
    lines = ["", "# Check this first:"] if plan.warnings else []
    return lines + [f"#   {_comment(what)}: {_comment(text)}" for what, text in plan.warnings]


def toml(value: Any) -> str:
    """Format a value in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_toml_key(key)} = {toml(one)}" for key, one in value.items())
        return "{ " + inner + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value)


def _toml_key(key: str) -> str:
    plain = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if plain else toml(key)


def _comment(text: str) -> str:
    """Format a reason as a comment at the end of a line, safe for any content."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _keys(keys: Mapping[str, Any], why: Mapping[str, str]) -> list[str]:
    return [
        f"{_toml_key(key)} = {toml(value)}" + (f"  # {_comment(why[key])}" if key in why else "")
        for key, value in keys.items()
    ]


def _layout(sample: Sample) -> list[str]:
    keys: dict[str, Any] = {"path": sample.path, **sample.layout}
    why = {}
    if sample.layout.get("header") is False:
        why["names"] = "the file has no heading"
    if "where" in sample.layout:
        why["where"] = "only what is music"
    for key, (value, seen) in (
        ("decimal", decimal_of(sample)),
        ("day_first", day_first_of(sample)),
    ):
        if value is not None:
            keys[key], why[key] = value, seen
    renamed = [
        f"# the heading names several columns {_comment(repr(old))}: {_comment(repr(old))} is the "
        f"first one, {_comment(repr(new))} a later one"
        for new, old in sample.renamed.items()
    ]
    return renamed + _keys(keys, why)


def _things(table: Things) -> list[str]:
    keys: dict[str, Any] = {"where": table.where} if table.where else {}
    keys["type"] = table.kinds or table.type
    why = {"type": table.why + ("; its class by a column" if table.kinds else "")}
    if table.where:
        why["where"] = table.why_where
    if table.id:
        keys["id"] = table.id
    keys["name"] = table.name
    if table.name_pattern:
        keys["name_pattern"] = table.name_pattern
    if table.id == table.name:
        why["id"] = "no column of ids: the name serves"
    if table.aliases:
        keys["aliases"] = table.aliases
    if table.aliases_split:
        keys["aliases_split"] = table.aliases_split
    if table.external:
        keys["external_ids"] = table.external
        why["external_ids"] = "ids or addresses in public databases"
    lines = ["", f"[sources.tables.{table.key}]", *_layout(table.sample), *_keys(keys, why)]
    if table.columns:
        lines += ["", f"[sources.tables.{table.key}.columns]"]
        for column in table.columns:
            lines += _keys({column.name: column.settings}, {column.name: column.why})
    return lines


def _clean(source: Catalogue) -> list[str]:
    """The trait that says whether a source has at most one record per thing, and why."""
    verdict = judge(source)
    if verdict is None:
        return []
    meaning = (
        "So rows are merged with those of other sources only. If one thing may have two ids here, "
        'write "false".'
        if verdict.clean
        else "So rows of this source that look alike may be merged. If every thing has one id "
        'only, write "true".'
    )
    lines = wrap(" ".join(map(_comment, (*verdict.why, meaning))), _WIDTH, break_long_words=False)
    return [
        "",
        *(f"# {line}" for line in lines),
        f"[traits.{_toml_key(source.name)}]",
        f"clean = {toml(verdict.clean)}",
    ]


def _acts(plan: Plan, sources: Iterable[Catalogue]) -> list[str]:
    lines: list[str] = []
    for acts in plan.acts[:1]:
        source = next(one for one in sources if acts.table in one.tables)
        tables = len(source.tables) + len(source.links)
        records = source.name if tables == 1 else f"{source.name}/{acts.table.key}"
        keys = {**acts.settings, "records": records}
        sample = acts.sample
        if "where" in keys:
            layout = {key: value for key, value in sample.layout.items() if key != "where"}
            sample = replace(sample, layout=layout)
        lines += ["", "[[interactions]]", *_layout(sample), *_keys(keys, acts.why)]
    return lines


def _users(plan: Plan) -> list[str]:
    lines: list[str] = []
    for sample, user, columns in plan.users:
        lines += ["", "[[users]]", *_layout(sample), *_keys({"user": user}, {})]
        for one in columns:
            key = f"columns.{_toml_key(one.name)}"
            lines.append(f"{key} = {toml(one.settings)}  # {_comment(one.why)}")
    return lines


def _ratings(plan: Plan) -> list[str]:
    if plan.acts:
        return ["", "[ratings]", f"item_type = {toml(plan.acts[0].table.type)}"]
    types = [table.type for table in _finest_first(plan)]
    texts = [one.keys.get("topic_type") for one in plan.texts]
    types += [type_ for type_ in texts if isinstance(type_, str)]
    type_ = types[0] if types else "Artist"
    why = "there are no interactions: all entities of the class are items"
    return ["", "[ratings]", f"# {why}", 'items = "all"', f"item_type = {toml(type_)}"]


def _finest_first(plan: Plan) -> list[Things]:
    """The tables of entities; without interactions, those of the first one are the items."""
    things = [table for table in plan.tables if not table.is_fact]
    return sorted(things, key=lambda table: FINEST.index(table.about))


def _triples(plan: Plan) -> list[str]:
    """Keep statements without an item, such as the genres of the songs' performers."""
    tables = [plan.acts[0].table] if plan.acts else _finest_first(plan)[:1]
    if not tables:
        return []
    about, by_key = tables[0].about, {table.key: table for table in plan.tables}
    apart: dict[str, list[str]] = {}
    for subject, settings in _relations(plan, by_key):
        other = by_key.get(settings.get("ref", ""))
        if subject.about != about and (
            (other.type if other else settings.get("type")) != tables[0].type
        ):
            apart.setdefault(f"{subject.about}s", []).append(settings["predicate"])
    if not apart:
        return []
    told = ", ".join(f"{' and '.join(dict.fromkeys(apart[kind]))} of {kind}" for kind in apart)
    return [
        "",
        f"# {told}: these statements have no item ({_a(about)}) at either end, and are",
        '# in kg_final.txt only if heads is "all". The public MKR program needs "items".',
        "[triples]",
        'heads = "all"',
    ]


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _relations(
    plan: Plan, by_key: Mapping[str, Things]
) -> Iterator[tuple[Things, Mapping[str, Any]]]:
    """The statements between entities: the table of the subject, and settings of the object."""
    for table in plan.tables:
        for column in [] if table.is_fact else table.columns:
            keys = column.settings
            if keys["predicate"] in _BETWEEN or not {"ref", "type", "iri"}.isdisjoint(keys):
                yield table, keys
    for _, keys, _ in plan.links:
        if (subject := by_key.get(keys["subject"].get("ref", ""))) is not None:
            yield subject, {**keys["object"], "predicate": keys["predicate"]}


def _left_out(plan: Plan) -> list[str]:
    lines = ["", "# Files that are not read, or only in part:"] if plan.unread else []
    lines += [f"#   {_comment(what)}: {_comment(why)}" for what, why in plan.unread]
    lines += ["", "# Columns that are left out:"] if plan.left_out else []
    for sample, column, why in plan.left_out:
        lines.append(f"#   {_comment(sample.shown)}, {toml(column)}: {_comment(why)}")
    return lines
