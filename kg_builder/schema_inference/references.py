"""Guess which columns hold ids of another table's rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Any, Final

from kg_builder.extraction.tabular import Cell
from kg_builder.extraction.tabular.list_cells import values_in
from kg_builder.schema_inference.columns import Guess
from kg_builder.schema_inference.plan import Plan, table_key
from kg_builder.schema_inference.samples import Sample
from kg_builder.schema_inference.things import RELATIONS, Mapped, Things, things_table
from kg_builder.schema_inference.words import WORKS, meaning, plain_words

_REFERENCES: Final = {
    "artist": "performer", "album": "onAlbum", "label": "recordLabel", "genre": "genre",
}  # fmt: skip
ID_ROLES: Final = frozenset({"id", "mbid", "address"})
_KEYS: Final = frozenset({"id", "mbid", "wikidata", "discogs", "spotify", "address"})
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
    """Whether the values of a column are ids of a table, judging by the sampled rows."""
    if table.id is None:
        return False
    ids = table.sample.columns[table.id].distinct
    shared = len(one.column.distinct & ids)
    same_name = one.name.casefold() == table.id.casefold() and table.sample.rows >= 1000
    return shared * 2 >= min(len(one.column.distinct), len(ids)) > 0 or same_name


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
        id_ = next(g for g in found[table.sample.path] if g.name == table.id)
        other = next(
            (one for one in plan.tables if one.about == table.about and described(one, id_)), None
        )
        if other is None:
            continue
        plan.tables.remove(table)
        for one in found[table.sample.path]:
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
    wanted = id_.column.distinct
    for name, column in table.sample.columns.items():
        shared = len(wanted & column.distinct)
        if column.is_unique and shared * 2 >= min(len(wanted), len(column.distinct)) > 0:
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
    told: list[tuple[str, set[str]]] = []
    for one in found:
        predicate = _REFERENCES.get(one.about)
        own = one.about == table.about
        if own and one.name != table.id and "parent" in plain_words(one.name):
            predicate = _PARENTS.get(one.about)
        elif own or table.about not in WORKS or (one.about == "album" and table.about != "song"):
            continue
        keys = [t for t in plan.tables if t.called == one.about and t.id != t.name]
        if predicate is None or not (
            one.role in ID_ROLES or (not one.role and any(overlap(one, table) for table in keys))
        ):
            continue
        if one.name in table.taken or not one.column.values:
            continue
        if any(one.about == about and one.column.distinct <= ids for about, ids in told):
            table.taken.add(one.name)  # told by another column
            continue
        other = table if own else None
        other = other or next(
            (t for t in plan.tables if t.called == one.about and overlap(one, t)), None
        )
        if other is not None and other.about == "release":
            if _has_albums(plan, found):
                continue
            predicate, table.class_ = "onRelease", "Track"
        why = (
            f"its values are ids of table {other.key!r}" if other else "ids with names beside them"
        )
        other = other or _beside(plan, table, found, one)
        if other is not None:
            table.columns.append(Mapped(one.name, {"predicate": predicate, "ref": other.key}, why))
            table.taken |= {one.name} | (other.taken if other.sample is table.sample else set())
            told.append((one.about, one.column.distinct))


def _has_albums(plan: Plan, found: list[Guess]) -> bool:
    """Whether a file has ids of albums besides those of releases."""
    tables = [table for table in plan.tables if table.about == "album"]
    return any(one.about == "album" and overlap(one, t) for one in found for t in tables)


def _beside(plan: Plan, table: Things, found: list[Guess], id_: Guess) -> Things | None:
    """Derive a table of the entities whose ids (and names, if any) are in another table's rows."""
    own = [g for g in found if g.about == id_.about and g is not id_]
    names = [g for g in own if g.role in {"", "name"} and in_step(g, id_)]
    if not names and table.name != table.id:
        return None
    names.sort(key=lambda g: -_shared_steps(g.name, id_.name))
    why = "ids and names in the same rows" if names else "ids in the same rows, without names"
    sample, key = table.sample, table_key(plan, id_.about)
    derived = things_table(key, sample, [id_, *names[:1]], id_.about, why)
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
