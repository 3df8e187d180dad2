"""Render guesses about files as the text of a recipe (TOML) with comments."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from kg_builder.fusion.normalize import name_key
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

_LINKS = frozenset({"performer", "performed", "onAlbum", "onRelease", "releaseOf"})
"""Predicates that only lead to what performed or contains an item."""

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
    sources = _sources(plan, name)
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


@dataclass
class _Source:
    """The tables of one catalogue."""

    name: str
    tables: list[Things]
    links: list[tuple[Sample, dict[str, Any], str]]


def _sources(plan: Plan, name: str) -> list[_Source]:
    """Divide the tables into catalogues.

    Tables of one file, and those that refer to one another, belong together. If several such groups
    have ids of the same kind of entity, they are catalogues; the rest belongs to the first one.
    """
    groups: list[list[Things]] = []
    for table in plan.tables:
        joined = [group for group in groups if any(_belong_together(table, t) for t in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([*(t for group in joined for t in group), table])
    ends = [{keys[end].get("ref") for end in ("subject", "object")} for _, keys, _ in plan.links]
    for keys in ends:
        linked = [group for group in groups if not keys.isdisjoint(t.key for t in group)]
        groups = [group for group in groups if group not in linked]
        groups.append([t for group in linked for t in group])
    groups = sorted(filter(None, groups), key=lambda g: min(plan.tables.index(t) for t in g))
    kinds = Counter(kind for group in groups for kind in {t.about for t in _with_ids(group)})
    catalogues = [g for g in groups if any(kinds[t.about] > 1 for t in _with_ids(g))]
    if len(catalogues) < 2:
        return [_Source(name, plan.tables, plan.links)] if plan.tables else []
    found: list[_Source] = []
    for group in catalogues:
        keys = {table.key for table in group}
        links = [one for one, refs in zip(plan.links, ends, strict=True) if refs & keys]
        source = re.sub(r"[^\w-]+", "-", group[0].sample.stem).strip("-") or name
        others = {one.name for one in found}
        free = (f"{source}-{number}" for number in count(2))
        found.append(_Source(next(free) if source in others else source, group, links))
    split = {table.key for source in found for table in source.tables}
    found[0].tables += [table for table in plan.tables if table.key not in split]
    found[0].links += [one for one in plan.links if not any(one in s.links for s in found)]
    return found


def _belong_together(one: Things, other: Things) -> bool:
    refers = any(
        column.settings.get("ref") == target.key
        for table, target in ((one, other), (other, one))
        for column in table.columns
    )
    return refers or one.sample.path == other.sample.path


def _with_ids(tables: Iterable[Things]) -> list[Things]:
    """The tables whose rows are entities with ids of their own."""
    return [t for t in tables if t.id not in {None, t.name} and not t.is_derived]


def _clean(source: _Source) -> list[str]:
    """The trait of a source whose rows are different things, or as a comment if it may not be."""
    own = _with_ids(source.tables)
    unique = [t.sample.columns[str(t.id)].is_unique for t in own]
    if not any(unique):
        return []
    trait = f"[traits.{_toml_key(source.name)}]"
    kinds = [table.about for table in source.tables]
    alike = [_alike(table) for table in own]
    if all(unique) and len(set(kinds)) == len(kinds) and not any(alike):
        return [
            "",
            "# Every row has its own id, and no two rows are alike: rows are merged with those of",
            "# other sources only. Without these lines, rows that look alike may be merged.",
            trait,
            "clean = true",
        ]
    return [
        "",
        *(f"# Two rows that look alike: {_comment(one)}." for one in filter(None, alike)),
        "# Records that look alike may be merged. If nothing has two records in this source (every",
        '# thing has one id), say so by removing the "#" of these lines:',
        f"# {trait}",
        "# clean = true",
    ]


def _alike(table: Things) -> str:
    """The ids and the name of the first two rows of one name whose values do not differ, or ''."""
    told = {column.name for column in table.columns} - {table.id, table.name}
    columns = [column for name, column in table.sample.columns.items() if name in told]
    values = list(zip(*([_folded(cell) for cell in c.cells] for c in columns), strict=True))
    ids, names = (table.sample.columns[str(key)].cells for key in (table.id, table.name))
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        for before in rows_of.setdefault(_folded(name), []):
            pairs = zip(values[before], values[row], strict=True) if values else ()
            if all(one == other or not one or not other for one, other in pairs):
                return f"{ids[before]} and {ids[row]}, {name!r}"
        rows_of[_folded(name)].append(row)
    return ""


def _folded(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return name_key(text) or text.casefold()


def _acts(plan: Plan, sources: Iterable[_Source]) -> list[str]:
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
    """Keep statements without an item: live where the items have hardly any of their own."""
    tables = [plan.acts[0].table] if plan.acts else _finest_first(plan)[:1]
    if not tables:
        return []
    about, by_key = tables[0].about, {table.key: table for table in plan.tables}
    own: list[str] = []
    apart: dict[str, list[str]] = {}
    for subject, settings in _relations(plan, by_key):
        other = by_key.get(settings.get("ref", ""))
        if subject.about == about:
            own.append(settings["predicate"])
        elif (other.type if other else settings.get("type")) != tables[0].type:
            apart.setdefault(f"{subject.about}s", []).append(settings["predicate"])
    if not apart:
        return []
    told = ", ".join(f"{' and '.join(dict.fromkeys(apart[kind]))} of {kind}" for kind in apart)
    lines = [f"# {told}: these statements have no item (a {about}) at either end, and are",
             '# not in kg_final.txt unless heads is "all".']  # fmt: skip
    if _LINKS.issuperset(own):
        return ["", *lines, "[triples]", 'heads = "all"']
    return ["", *lines, "# [triples]", '# heads = "all"']


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
