"""Guess which columns hold ids of another table's rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Any, Final

from kg_builder.extraction.collector import plain_id
from kg_builder.extraction.tabular import Cell
from kg_builder.extraction.tabular.list_cells import values_in
from kg_builder.schema_inference.columns import SEPARATORS, Guess
from kg_builder.schema_inference.plan import Plan, table_key
from kg_builder.schema_inference.samples import Column, Sample, without_placeholders
from kg_builder.schema_inference.things import (
    EXTERNAL_ROLES,
    RELATIONS,
    Mapped,
    Things,
    relation,
    things_table,
)
from kg_builder.schema_inference.words import WORKS, meaning, plain_words

_REFERENCES: Final = {
    "artist": ("performer", "artist"), "album": ("onAlbum", "album"),
    "label": ("recordLabel", "label"), "genre": ("genre", "genre"),
    "composer": ("composer", "artist"), "writer": ("writer", "artist"),
    "producer": ("producer", "artist"),
}  # fmt: skip
"""By what columns hold ids of: predicate, and kind of the entities."""

_MOST: Final = 0.9
"""Least share of rows in which a column repeats another one."""

_MOST_IDS: Final = 0.8
"""Least share of a column's cells that are ids of a table."""

_LEAST: Final = 0.01
"""The same where not all ids of a very large table are known."""

_SHOWN: Final = 8
"""Names to list in a comment."""

_SHARED: Final = 3
"""Least number of shared values there."""

ID_ROLES: Final = frozenset({"id", "mbid", "isrc", "isbn", "address"})
_KEYS: Final = EXTERNAL_ROLES | {"id", "address"}
_EDITIONS: Final = (
    "release releases edition editions pressing pressings version versions ausgabe ausgaben "
    "edicion ediciones edicao edicoes"
)
_FIRST: Final = frozenset({"original", "first", "first edition", "standard", "original release"})
_OF_ALBUMS: Final = frozenset(
    {"artist", "genre", "tag", "composer", "writer", "producer", "language"}
)
_PARENTS: Final = {"genre": "subgenreOf", "label": "parentLabel"}


def overlap(one: Guess, table: Things) -> bool:
    """Whether the values of a column are ids of a table."""
    if table.id is None:
        return False
    same_name = one.name.casefold() == table.id.casefold() and table.sample.rows >= 1000
    return (
        same_name
        or _are_among(one, table.sample, table.id)
        or has_ids(one, table)
        or 2 * _lists_of_ids(one, table)[1] > len(one.column.ids)
    )


def _lists_of_ids(one: Guess, table: Things) -> tuple[str, int]:
    """The separator of several ids of a table in a cell, or "", and the number of such values."""
    if table.id is None:
        return "", 0
    known, _ = table.sample.all_ids(table.id)
    others = one.column.ids - known
    for sign in SEPARATORS:
        several = [value.split(sign) for value in others if sign in value]
        lists = sum(all(plain_id(part.strip()) in known for part in parts) for parts in several)
        if 2 * lists > len(several):
            return sign, lists
    return "", 0


def _are_among(one: Guess, sample: Sample, name: str) -> bool:
    """Whether half of a column's values are those of a column of another file, or the reverse."""
    values, ids = one.column.ids, sample.columns[name].ids
    known, is_all = sample.all_ids(name)
    shared = len(values & known)
    if shared * 2 >= len(values) > 0 or (0 < len(ids) <= 2 * len(values & ids)):
        return True
    return not is_all and shared >= _SHARED and shared >= _LEAST * len(values)


def has_ids(one: Guess, table: Things) -> bool:
    """Whether most of a column's cells are ids of a table."""
    if table.id is None:
        return False
    _, is_all = table.sample.all_ids(table.id)
    share = shared_with(one, table)
    return share >= (_MOST_IDS if is_all else _LEAST)


def shared_with(one: Guess, table: Things) -> float:
    """The share of a column's cells that are ids of a table."""
    values, (ids, _) = one.column.values, table.sample.all_ids(str(table.id))
    return sum(plain_id(value) in ids for value in values) / len(values) if values else 0.0


def table_of(plan: Plan, id_: Guess, kinds: Iterable[str]) -> Things | None:
    """The table of entities of some kinds whose ids a column holds."""
    tables = [t for kind in kinds for t in plan.tables if t.about == kind and not t.is_fact]
    for table in tables:
        if overlap(id_, table):
            return table
        column = _keyed_by(table, id_) if id_.role in ID_ROLES else None
        if column is not None and table.name != table.id and meaning(column)[1] in _KEYS:
            return keyed(plan, table, id_)
    return None


def link_nameless(plan: Plan, found: Mapping[str, list[Guess]]) -> None:
    """Turn tables that have no names, but ids of another table's rows, into links of these."""
    for table in [table for table in plan.tables if table.name == table.id]:
        id_ = next(g for g in found[table.sample.key] if g.name == table.id)
        other = next(
            (one for one in plan.tables if one.about == table.about and described(one, id_)), None
        )
        if other is None:
            continue
        plan.tables.remove(table)
        for one in found[table.sample.key]:
            predicate, type_ = RELATIONS.get(one.about, ("", None))
            if predicate and one.role in {"", "name"} and one.column.values:
                end = {"column": one.name} | ({"type": type_} if type_ else {})
                subject = {"column": id_.name, "ref": keyed(plan, other, id_).key}
                keys = {"subject": subject, "predicate": predicate, "object": end}
                plan.links.append((table.sample, keys, f"ids of table {other.key!r}; {one.why}"))


def described(table: Things, id_: Guess) -> bool:
    """Whether a table names the entities that another file has ids of."""
    return table.name != table.id and _keyed_by(table, id_) is not None


def _keyed_by(table: Things, id_: Guess) -> str | None:
    """The column of a table's file whose values are unique and those of another file's ids."""
    wanted = id_.column.ids
    for name, column in table.sample.columns.items():
        if column.is_unique and wanted & column.ids and _are_among(id_, table.sample, name):
            return name
    return None


def keyed(plan: Plan, table: Things, id_: Guess) -> Things:
    """The table, or another one of the same rows if its id is another column."""
    column = _keyed_by(table, id_)
    if column in {None, table.id}:
        return table
    for one in plan.tables:
        if one.sample is table.sample and one.id == column:
            return one
    why = f"the same rows by {column!r}"
    other = Things(table_key(plan, table.about), table.sample, table.about, why, column, table.name)
    other.taken |= {table.name, *filter(None, [column, table.id])}
    plan.tables.append(other)
    return other


def refer(plan: Plan, table: Things, found: list[Guess]) -> None:
    """Find columns with ids of another table's rows; that table is derived if names are beside."""
    told: list[Guess] = []
    for one in found:
        predicate, kind = _REFERENCES.get(one.about, (None, ""))
        own = one.about == table.about
        if own and one.name != table.id and "parent" in plain_words(one.name):
            predicate = _PARENTS.get(one.about)
        elif own or not _may_refer(table, kind):
            continue
        keys = [t for t in plan.tables if t.called == kind and t.id != t.name]
        given = any(overlap(one, t) for t in keys)
        derivable = one.role in ID_ROLES and table.about != "artist"
        if predicate is None or not (derivable or (given and one.role in {"", *ID_ROLES})):
            continue
        if one.name in table.taken or not one.column.values:
            continue
        same = next((g for g in told if g.about == one.about and _is_told_by(one, g)), None)
        if same is not None:
            table.left_out[one.name] = f"refers to what {same.name!r} refers to"
            table.taken.add(one.name)
            continue
        other = table if own else None
        other = other or next(
            (t for t in plan.tables if t.called == kind and overlap(one, t)), None
        )
        if other is not None and other.about == "release":
            if _has_albums(plan, found):
                continue
            predicate, table.class_ = "onRelease", "Track"
        why = (
            f"its values are ids of table {other.key!r}" if other else "ids with names beside them"
        )
        other = other or _beside(plan, table, found, one, kind)
        if other is not None:
            settings = {"predicate": predicate, "ref": other.key}
            separator, lists = _lists_of_ids(one, other)
            if separator:
                settings["split"] = separator
                why += f"; {separator!r} separates ids in {lists} of its values"
            table.columns.append(Mapped(one.name, settings, why))
            table.taken |= {one.name} | (other.taken if other.sample is table.sample else set())
            told.append(one)


def _may_refer(table: Things, kind: str) -> bool:
    """Whether entities of a table have predicates to those of a kind."""
    if kind == "album":
        return table.about == "song"
    return table.about in WORKS or (table.about == "artist" and kind in {"label", "genre"})


def _is_told_by(one: Guess, other: Guess) -> bool:
    """Whether a column of ids refers to the same rows as another one."""
    return one.column.ids <= other.column.ids


# ------------------------------------------------------------------------------ repeated names


def leave_out_repeated(plan: Plan, table: Things, found: list[Guess]) -> None:
    """Leave out columns of names that tell again what a reference beside them tells.

    Names without ids, such as those of guests, are read nevertheless.
    """
    by_key = {one.key: one for one in plan.tables}
    for mapped in [*table.columns]:
        other = by_key.get(mapped.settings.get("ref", ""))
        id_ = next((g for g in found if g.name == mapped.name), None)
        if other is None or id_ is None or other.name == other.id or other is table:
            continue
        for one in found:
            if one.name in table.taken or one.role not in {"", "name"} or not one.column.values:
                continue
            why, alone = _repeats(one, id_, table.sample, other)
            settings = relation(table, one, found) if alone else None
            path = _path_without_id(one.name, id_.name)
            if settings is not None and path:
                seen = f"{len(alone):,} names without an id, such as {alone[0]!r}"
                table.columns.append(Mapped(path, settings, seen))
            elif alone:
                shown = ", ".join(map(repr, dict.fromkeys(alone[:_SHOWN])))
                why += f"; {len(alone):,} have no id, and are not read: {shown}"
            if why:
                table.left_out[one.name] = f"repeats {id_.name!r}: {why}"
                table.taken.add(one.name)


def _repeats(one: Guess, id_: Guess, sample: Sample, table: Things) -> tuple[str, list[str]]:
    """Why a column tells no more than ids of a table's rows beside it, and its names without ids.

    The reason is empty if the column tells more: also if no path leads to the names without ids
    alone, and all others are clearly those of the table's rows, so that none is another entity.
    """
    pairs = [
        ([*map(plain_id, _filled(id_cell))], texts)
        for id_cell, cell in sample.rows_of(id_.name, one.name)
        if (texts := _filled(cell))
    ]
    path = _path_without_id(one.name, id_.name)
    if not path and sum(bool(ids) for ids, _ in pairs) < _MOST * len(pairs):
        return "", []
    named = _names_by_id(table)
    alone = [name for ids, texts in pairs for name in _without_id(ids, texts, named)]
    known = [
        (ids, texts)
        for ids, texts in pairs
        if len(ids) >= len(texts) and all(one in named for one in ids)
    ]
    same = sum(
        [named[id_] for id_ in ids] == [text.casefold() for text in texts] for ids, texts in known
    )
    if known and same >= _MOST * len(known):
        clear = same == len(known) and len({*named.values()}) == len(named)
        if alone and clear and not path:
            return "", []
        return f"the names of the rows of table {table.key!r}", alone
    if one.about != id_.about or not determines(id_.column, one.column):
        return "", []
    repeated = len(id_.column.distinct) + 1 < len(id_.column.values)
    if _plain(one.name) == _plain(id_.name) or (repeated and determines(one.column, id_.column)):
        return f"one text for each row of table {table.key!r}", alone
    return "", []


def _filled(cell: Cell) -> list[str]:
    return [value for value in values_in(cell, words="several") if value]


def _without_id(ids: list[str], texts: list[str], named: Mapping[str, str]) -> list[str]:
    """The names of a row beside which there is no id."""
    told = {named.get(one) for one in ids}
    others = [text for text in texts if text.casefold() not in told]
    return without_placeholders(others)[: max(0, len(texts) - len(ids))]


def _path_without_id(name: str, id_: str) -> str:
    """The path of those names beside which there is no id, if both are in one object.

    >>> _path_without_id("artists.name", "artists.id"), _path_without_id("artist", "artist_id")
    ('artists[id=].name', '')
    """
    shared = _shared_steps(name, id_)
    steps, ids = name.split("."), id_.split(".")
    if not 0 < shared < min(len(steps), len(ids)) or "[" in name + id_:
        return ""
    return f"{'.'.join(steps[:shared])}[{'.'.join(ids[shared:])}=].{'.'.join(steps[shared:])}"


def _names_by_id(table: Things) -> dict[str, str]:
    """The names of a table's sampled rows by their ids."""
    columns = table.sample.columns
    if table.id is None or table.name not in columns:
        return {}
    named: dict[str, str] = {}
    for id_cell, cell in zip(columns[table.id].cells, columns[table.name].cells, strict=True):
        ids, names = values_in(id_cell, words="several"), values_in(cell, words="several")
        if len(ids) == len(names):
            named |= zip(map(plain_id, ids), map(str.casefold, names), strict=True)
    return named


def determines(key: Column, told: Column) -> bool:
    """Whether rows alike in one column are nearly always alike in another one."""
    groups: dict[Cell, Counter[Cell]] = {}
    for one, other in zip(key.cells, told.cells, strict=True):
        if one and other:
            groups.setdefault(one, Counter())[other] += 1
    usual = sum(max(group.values()) for group in groups.values())
    return usual >= _MOST * sum(group.total() for group in groups.values()) > 0


def _plain(name: str) -> list[str]:
    """The words of a column's name without those for ids and names."""
    return [one for one in plain_words(name) if meaning(one)[1] not in {"id", "name", "code"}]


def _has_albums(plan: Plan, found: list[Guess]) -> bool:
    """Whether a file has ids of albums besides those of releases."""
    tables = [table for table in plan.tables if table.about == "album"]
    return any(one.about == "album" and overlap(one, t) for one in found for t in tables)


def _beside(plan: Plan, table: Things, found: list[Guess], id_: Guess, kind: str) -> Things | None:
    """Derive a table of the entities whose ids (and names, if any) are in another table's rows."""
    own = [g for g in found if g.about == id_.about and g is not id_]
    names = [g for g in own if g.role in {"", "name"} and in_step(g, id_)]
    if not names and table.name != table.id:
        return None
    names.sort(
        key=lambda g: (not determines(id_.column, g.column), -_shared_steps(g.name, id_.name))
    )
    why = "ids and names in the same rows" if names else "ids in the same rows, without names"
    known = [g for g in own if g.role in EXTERNAL_ROLES and in_step(g, id_)]
    told = [replace(one, about=kind) for one in (id_, *names[:1], *known)]
    derived = things_table(table_key(plan, kind), table.sample, told, kind, why)
    if derived is not None:
        derived.is_derived, derived.id = True, id_.name
        plan.tables.append(derived)
    return derived


def _shared_steps(one: str, other: str) -> int:
    """Number of first steps that two paths share."""
    pairs = zip(one.split("."), other.split("."), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _length(cell: Cell) -> int:
    return len(values_in(cell, words="several"))


def in_step(name: Guess, id_: Guess) -> bool:
    """Whether all cells of two columns hold equally many values."""
    return all(
        name_cell is None or id_cell is None or _length(name_cell) == _length(id_cell)
        for name_cell, id_cell in zip(name.column.cells, id_.column.cells, strict=True)
    )


# ------------------------------------------------------------------------------ editions


def with_editions(sample: Sample, found: list[Guess]) -> list[Guess]:
    """Tell the ids of releases from those of the albums that they are editions of.

    A file has editions if it has ids of both, and those of the releases are unique.
    """
    if any(one.about == "song" and one.role in {"", "name", *ID_ROLES} for one in found):
        return found
    filled = [one for one in found if len(one.column.values) == sample.rows]
    albums = [one for one in filled if one.about == "album" and one.role in ID_ROLES]
    own = [one for one in albums if _is_edition(one.name)]
    if not own and _is_edition(sample.stem):
        own = [one for one in filled if (one.about, one.role) == ("", "id")]
    own = [one for one in own if one.column.is_unique]
    if not own or not any(one not in own and not _is_edition(one.name) for one in albums):
        return found
    return [
        replace(one, about="release")
        if one is own[0] or (one.about == "album" and _is_edition(one.name))
        else one
        for one in found
    ]


def _is_edition(name: str) -> bool:
    words = {*plain_words(name)}
    return not words.isdisjoint(_EDITIONS.split()) and words.isdisjoint(
        {"album", "master", "group"}
    )


def add_albums(plan: Plan, releases: Things, found: list[Guess]) -> None:
    """Refer from a table of releases to that of their albums, which is derived if there is none.

    What is the same for all editions, such as the artist, is then told of the album alone; the
    rest, too, if a column tells which edition is the first.
    """
    of_albums = [one for one in found if one.about == "album"]
    id_ = max((g for g in of_albums if g.role in ID_ROLES), key=lambda g: len(g.column.values))
    albums = next((t for t in plan.tables if t.about == "album" and overlap(id_, t)), None)
    why = "ids of albums" if albums is None else f"its values are ids of table {albums.key!r}"
    shared = {one.name for one in found if one.about in _OF_ALBUMS}
    if albums is None:
        names = [one for one in of_albums if one.role in {"", "name"}]
        names = names or [one for one in found if one.name == releases.name != releases.id] or [id_]
        albums = Things(
            table_key(plan, "album"), releases.sample, "album", why, id_.name, names[0].name
        )
        albums.where = _first_editions(found, id_)
        albums.why_where = "the first of the editions, which tells of the album"
        if not albums.where:
            albums.taken |= {one.name for one in found} - shared
        albums.taken |= {one.name for one in found if one.about in {"album", "release", "country"}}
        albums.taken |= {one.name for one in found if one.role in {"catalog", "medium"}}
        plan.tables.insert(plan.tables.index(releases), albums)
        releases.taken |= shared
    settings = {"predicate": "releaseOf", "ref": albums.key}
    releases.columns.insert(0, Mapped(id_.name, settings, why))
    releases.taken.add(id_.name)


def _first_editions(found: list[Guess], album: Guess) -> list[dict[str, Any]]:
    """The condition of the rows of first editions, if each album has one."""
    for one in found:
        for value in sorted(one.column.distinct):
            if value.casefold() in _FIRST:
                pairs = zip(album.column.cells, one.column.cells, strict=True)
                if {id_ for id_, cell in pairs if cell == value} == {*album.column.cells}:
                    return [{"column": one.name, "equals": [value]}]
    return []
