"""Divide tables into catalogues, and judge whether each has one record per thing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, Final

from kg_builder.extraction.collector import plain_id
from kg_builder.extraction.tabular.list_cells import values_in
from kg_builder.extraction.values import is_placeholder
from kg_builder.fusion.config import FusionConfig
from kg_builder.fusion.measures import Lengths, Years
from kg_builder.fusion.normalize import name_key
from kg_builder.schema_inference.plan import Plan
from kg_builder.schema_inference.samples import Sample
from kg_builder.schema_inference.things import Things

Cell = str | tuple[str, ...] | None

_ROWS: Final = 100_000
"""Most rows of a table to compare."""

_HARDLY_ANY: Final = 50
"""One row in so many may look like another one: there are namesakes."""

_EXAMPLES: Final = 3
_NAMESAKES: Final = 50
"""Most rows of one name that a row is compared with."""

_UNTOLD: Final = frozenset({"description", "homepage", "image", "score"})
"""What may differ in two records of one thing."""

_OF_ALBUMS: Final = frozenset({"onAlbum", "releaseDate", "recordLabel", "trackNumber"})
"""What differs in two records of one song on two albums."""

_OF_EDITIONS: Final = frozenset({"medium", "catalogueNumber"})
"""What differs in two records of one album."""

_AUTHORITIES: Final = frozenset({"musicbrainz", "wikidata"})
"""Databases in which a thing has one id; one song has several ISRCs."""


@dataclass
class Catalogue:
    """Tables and links that become one source."""

    name: str
    tables: list[Things]
    links: list[tuple[Sample, dict[str, Any], str]]


@dataclass(frozen=True)
class Verdict:
    """Whether a catalogue has at most one record per thing, and how this was judged."""

    clean: bool
    why: tuple[str, ...]


# ------------------------------------------------------------------------------ division


def catalogues(plan: Plan, name: str) -> list[Catalogue]:
    """Divide the tables of a plan into catalogues.

    Tables of one file, and those that refer to one another, belong together. If several such groups
    describe the same kind of thing, and one by ids of its own, each is a catalogue: ids of one say
    nothing about those of another. The rest belongs to the first one.

    Args:
        plan: tables and links.
        name: of the source if there is but one.
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
    with_ids = {table.about for table in plan.tables if _has_ids(table)}
    kinds = Counter(kind for group in groups for kind in _kinds(group))
    divided = [g for g in groups if any(kinds[kind] > 1 for kind in _kinds(g) & with_ids)]
    if len(divided) < 2:
        return [Catalogue(name, plan.tables, plan.links)] if plan.tables else []
    found: list[Catalogue] = []
    for group in divided:
        keys = {table.key for table in group}
        links = [one for one, refs in zip(plan.links, ends, strict=True) if refs & keys]
        source = re.sub(r"[^\w-]+", "-", group[0].sample.stem).strip("-") or name
        others = {one.name for one in found}
        free = (f"{source}-{number}" for number in count(2))
        found.append(Catalogue(next(free) if source in others else source, group, links))
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


def _kinds(tables: Iterable[Things]) -> set[str]:
    """The kinds of things that tables list, rather than mention or tell facts about."""
    listed = [t for t in tables if not (t.is_derived or t.is_fact or t.is_of_log)]
    return {table.about for table in listed if not _is_vocabulary(table)}


def _has_ids(table: Things) -> bool:
    return table.id not in {None, table.name} and not table.is_derived


def _is_vocabulary(table: Things) -> bool:
    """Whether things are identified by their names, whatever their ids: genres, tags."""
    return FusionConfig().is_vocabulary(table.type)


# ------------------------------------------------------------------------------ judgement


def judge(catalogue: Catalogue) -> Verdict | None:
    """Judge whether a catalogue has at most one record per thing; `None` if it has no ids.

    It has if every row has its own id and hardly any looks like another one: the same name, and
    nothing that tells the two apart.
    """
    own = [t for t in catalogue.tables if _has_ids(t) and not _is_vocabulary(t)]
    if not any(table.sample.columns[str(table.id)].is_unique for table in own):
        return None
    kinds = Counter(table.about for table in catalogue.tables if not _is_vocabulary(table))
    against = [f"{n} tables tell of {kind}s." for kind, n in kinds.items() if n > 1]
    few: list[str] = []
    rows = 0
    for table in own:
        found = _compared(table)
        rows += found.rows
        if found.repeated:
            repeat = "row repeats" if found.repeated == 1 else "rows repeat"
            against.append(f"{found.repeated:,} {repeat} an id in {table.id!r}.")
        elif found.alike:
            look = "looks" if found.alike == 1 else "look"
            text = f"{found.alike:,} of {found.rows:,} rows {look} like another one"
            text = f"{text}: {'; '.join(found.examples)}."
            (against if found.alike * _HARDLY_ANY > found.rows else few).append(text)
    if against:
        return Verdict(False, (*against, *few))
    each = f"Each of {rows:,} rows has an id of its own"
    if few:
        return Verdict(True, (f"{each}.", *few, "So few are taken for namesakes."))
    return Verdict(True, (f"{each}, and no two of one name agree in all that they tell.",))


@dataclass
class _Compared:
    """The rows of a table, those with an id of one before, and those that look like one."""

    rows: int = 0
    repeated: int = 0
    alike: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Row:
    id: str
    name: str
    told: Mapping[str, frozenset[str]]
    """By predicates, or databases."""


def _compared(table: Things) -> _Compared:
    """Compare the rows of one name in a table."""
    # a path with a condition ("artists[id=].name") is no column of the sample
    known = table.sample.columns.keys() - {table.id, table.name}
    columns = [one for one in table.columns if one.name in known]
    columns = [one for one in columns if one.settings["predicate"] not in _UNTOLD]
    told = [(one.name, one.settings["predicate"], one.settings.get("split")) for one in columns]
    told += [(name, of, None) for name, of in table.external.items() if of in _AUTHORITIES]
    told += [(table.kinds["column"], "type", None)] if table.kinds else []
    names = [str(table.id), table.name, *(name for name, _, _ in told)]
    # a table of a part of the rows tells that part by a column's values
    wanted = [(one["column"], {*one["equals"]}) for one in table.where if "equals" in one]
    names += [name for name, _ in wanted]
    found, ids, rows_of = _Compared(), set[str](), dict[str, list[_Row]]()
    for cells in islice(table.sample.rows_of(*names), _ROWS):
        if any(
            cell not in ok for cell, (_, ok) in zip(cells[2 + len(told) :], wanted, strict=True)
        ):
            continue
        row = _row(cells, told)
        found.rows += 1
        found.repeated += row.id in ids
        ids.add(row.id)
        if not row.name or is_placeholder(row.name, table.type):
            continue
        before = rows_of.setdefault(name_key(row.name), [])
        like = next((one for one in before if not _are_apart(one, row, table.about)), None)
        if like is not None:
            found.alike += 1
            if len(found.examples) < _EXAMPLES:
                found.examples.append(f"{like.id} and {row.id}, {row.name[:60]!r}")
        if len(before) < _NAMESAKES:
            before.append(row)
    return found


def _row(cells: Sequence[Cell], told: Sequence[tuple[str, str, str | None]]) -> _Row:
    id_, name = (next(iter(values_in(cell)), "") for cell in cells[:2])
    values: dict[str, frozenset[str]] = {}
    for cell, (_, predicate, split) in zip(cells[2:], told, strict=False):
        one = frozenset(filter(None, values_in(cell, split=split, words="several")))
        one = frozenset(value for value in one if not is_placeholder(value, "Entity"))
        if one:
            values[predicate] = values.get(predicate, frozenset()) | one
    return _Row(plain_id(id_), name, values)


def _are_apart(one: _Row, other: _Row, about: str) -> bool:
    """Whether what two rows of one name tell shows that they are about different things."""
    both = {key: (one.told[key], other.told[key]) for key in one.told if key in other.told}
    differ = {key for key, pair in both.items() if _differ(key, *pair)}
    if about == "album":
        differ -= _OF_EDITIONS
    if about == "song" and "performer" in both and "performer" not in differ:
        of_one_album = "onAlbum" in both and "onAlbum" not in differ
        differ -= _OF_ALBUMS - ({"trackNumber"} if of_one_album else set())
    return bool(differ)


def _differ(predicate: str, one: Collection[str], other: Collection[str]) -> bool:
    """Whether two records have no value in common."""
    if predicate == "duration":
        return Lengths().level(tuple(one), tuple(other)) == 0
    if predicate in {"releaseDate", "beginDate", "endDate"}:
        return 0 <= Years().level(tuple(one), tuple(other)) < len(Years.prior[0]) - 1
    return {*map(_folded, one)}.isdisjoint(map(_folded, other))


def _folded(text: str) -> str:
    return name_key(plain_id(text)) or text.casefold()
