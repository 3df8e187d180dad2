"""Guess how several files relate: tables of entities, interaction logs, and their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from kg_builder.extraction.interactions import read_times
from kg_builder.schema_inference.columns import Guess, guesses, mostly, numbers
from kg_builder.schema_inference.samples import Sample
from kg_builder.schema_inference.things import (
    Mapped,
    Things,
    add_columns,
    main_subject,
    things_table,
)
from kg_builder.schema_inference.words import CLASSES, WORKS

_ITEM_IDS: Final = ("id", "mbid", "address", "spotify")
_FINEST: Final = ("item", "song", "album", "movie", "book", "artist")
_REFERENCES: Final = {
    "artist": "performer", "album": "onAlbum", "label": "recordLabel", "genre": "genre",
}  # fmt: skip
_SECONDS_HEARD: Final = 30_000
_USER_RELATIONS: Final = ("gender", "age", "occupation", "country", "language")


@dataclass
class Acts:
    """A file of interactions; `settings` as in the recipe, `why` for each of its keys."""

    sample: Sample
    settings: dict[str, Any]
    why: dict[str, str]
    table: Things


@dataclass
class Plan:
    """The contents of the recipe."""

    tables: list[Things] = field(default_factory=list)
    acts: list[Acts] = field(default_factory=list)
    links: list[tuple[Sample, dict[str, Any], str]] = field(default_factory=list)
    users: list[tuple[Sample, str, list[Mapped]]] = field(default_factory=list)
    left_out: list[tuple[Sample, str, str]] = field(default_factory=list)


def make_plan(samples: list[Sample]) -> Plan:
    """Guess the role of every file and column; unused ones are listed in `left_out`."""
    plan = Plan()
    found = {sample.path: guesses(sample) for sample in samples}
    events = [s for s in samples if _is_events(s, found[s.path])]
    people = [s for s in samples if s not in events and _user(found[s.path]) is not None]
    for sample in samples:
        if sample not in events and sample not in people:
            _add_things(plan, sample, found[sample.path])
    for table in list(plan.tables):
        _refer(plan, table, found[table.sample.path])
    events.sort(key=lambda one: -_worth(found[one.path]))
    for sample in events:
        _add_acts(plan, sample, found[sample.path])
    for sample in people:
        _add_users(plan, sample, found[sample.path])
    for table in plan.tables:
        add_columns(table, found[table.sample.path])
    _note_the_rest(plan, samples, found)
    return plan


# ------------------------------------------------------------------------------ kinds of files


def _user(found: list[Guess]) -> Guess | None:
    users = [g for g in found if g.about == "user" and g.says in {"", "id", "name"}]
    return min(users, key=lambda g: ("id", "", "name").index(g.says), default=None)


def _is_events(sample: Sample, found: list[Guess]) -> bool:
    """Whether a file is a log: each row has a user and an item, or an item and a time."""
    things = [g for g in found if g.about in _FINEST and g.says in {"", "name", *_ITEM_IDS}]
    if not things:
        return False
    if _user(found) is not None:
        return True
    return any(g.says in {"time", "played"} for g in found)


def _worth(found: list[Guess]) -> int:
    says = {g.says for g in found}
    return (
        4 * ("rating" in says) + 3 * ("plays" in says) + 2 * ("tag" not in {g.about for g in found})
    )


# ------------------------------------------------------------------------------ things


def _key(plan: Plan, about: str) -> str:
    keys = {table.key for table in plan.tables}
    key, number = f"{about}s", 2
    while key in keys:
        key, number = f"{about}s{number}", number + 1
    return key


def _add_things(plan: Plan, sample: Sample, found: list[Guess]) -> None:
    about, why = main_subject(sample, found)
    table = things_table(_key(plan, about), sample, found, about, why) if about else None
    if table is not None:
        plan.tables.append(table)


def _overlap(one: Guess, table: Things) -> bool:
    """Whether the values of a column are ids of a table, judging by the sampled rows."""
    if table.id is None:
        return False
    ids = table.sample.columns[table.id].distinct
    shared = len(one.column.distinct & ids)
    same_name = one.name.casefold() == table.id.casefold() and table.sample.rows >= 1000
    return shared * 2 >= min(len(one.column.distinct), len(ids)) > 0 or same_name


def _refer(plan: Plan, table: Things, found: list[Guess]) -> None:
    """Find columns with ids of another table's rows; that table is derived if names are beside."""
    for one in found:
        predicate = _REFERENCES.get(one.about)
        if (
            predicate is None
            or one.about == table.about
            or one.says not in {"id", "mbid", "address"}
        ):
            continue
        if table.about not in WORKS or one.name in table.taken or not one.column.values:
            continue
        if one.about == "album" and table.about != "song":
            continue
        other = next((t for t in plan.tables if t.about == one.about and _overlap(one, t)), None)
        why = (
            f"its values are ids of table {other.key!r}" if other else "ids with names beside them"
        )
        other = other or _beside(plan, table.sample, found, one)
        if other is not None:
            table.columns.append(Mapped(one.name, {"predicate": predicate, "ref": other.key}, why))
            table.taken |= {one.name} | (other.taken if other.sample is table.sample else set())


def _beside(plan: Plan, sample: Sample, found: list[Guess], id_: Guess) -> Things | None:
    """Derive a table of the entities whose ids and names are in another table's rows."""
    own = [g for g in found if g.about == id_.about]
    others = [g for g in own if g is id_ or g.says in {"", "name"}]
    names = [g for g in others if g is not id_ and _in_step(g, id_)]
    if not names:
        return None
    table = things_table(
        _key(plan, id_.about), sample, [id_, names[0]], id_.about, "ids and names in the same rows"
    )
    if table is not None:
        plan.tables.append(table)
    return table


def _in_step(name: Guess, id_: Guess) -> bool:
    return all(
        name_cell is None
        or id_cell is None
        or (len(name_cell) if isinstance(name_cell, tuple) else 1)
        == (len(id_cell) if isinstance(id_cell, tuple) else 1)
        for name_cell, id_cell in zip(name.column.cells, id_.column.cells, strict=True)
    )


# ------------------------------------------------------------------------------ interactions


def _add_acts(plan: Plan, sample: Sample, found: list[Guess]) -> None:
    item, table = _item(plan, sample, found)
    user = _user(found)
    if item is None or table is None:
        return
    tag = next((g for g in found if g.about == "tag" and g.says in {"", "name"}), None)
    if tag is not None and user is not None and not any(g.says == "rating" for g in found):
        subject = {"column": item.name, "ref": table.key}
        what = {"column": tag.name, "type": "Tag"}
        keys = {"subject": subject, "predicate": "tag", "object": what, "user": user.name}
        plan.links.append((sample, keys, "a user, a thing and a tag in each row"))
        return
    settings: dict[str, Any] = {"user": user.name if user else {"value": "me"}}
    why = {"user": user.why if user else "no column names one: all rows are of one listener"}
    settings |= {"item": item.name}
    why["item"] = f"{item.why}; rows of table {table.key!r}"
    _weigh(sample, found, settings, why)
    _date(found, settings, why)
    plan.acts.append(Acts(sample, settings, why, table))


def _item(plan: Plan, sample: Sample, found: list[Guess]) -> tuple[Guess | None, Things | None]:
    """The column of the items, and the table that describes them."""
    things = [g for g in found if g.about in _FINEST and g.column.values]
    ids = [g for g in things if g.says in _ITEM_IDS]
    for one in sorted([*ids, *things], key=lambda g: (g not in ids, _FINEST.index(g.about))):
        for table in plan.tables:
            if one.about in {"item", table.about} and _overlap(one, table):
                return one, table
            if one.about == table.about and _by_name(one, table):
                return one, table
    filled = [g for g in ids if len(g.column.values) * 2 >= sample.rows]
    for about in _FINEST:
        for one in filled:
            if one.about == about:
                return one, _from_events(plan, sample, found, one)
    for about in ("artist", "album", "song", "movie", "book", "item"):
        for one in things:
            if one.about == about and one.says in {"", "name"}:
                return one, _from_events(plan, sample, found, one)
    return None, None


def _by_name(one: Guess, table: Things) -> bool:
    """Whether a column holds names of the entities of a table without ids, which serve as ids."""
    if table.id is not None or one.says not in {"", "name"}:
        return False
    names = table.sample.columns[table.name].distinct
    if not one.column.distinct & names:
        return False
    table.id = table.name
    return True


def _from_events(plan: Plan, sample: Sample, found: list[Guess], item: Guess) -> Things | None:
    """Derive a table of items that only the log describes."""
    about = "song" if item.about == "item" else item.about
    own = [g for g in found if g.about == item.about and g.says in {"", "name"} and g is not item]
    key, why = _key(plan, about), "the interactions name them, and no other file describes them"
    name = own[0] if own and item.says in _ITEM_IDS else item
    table = things_table(key, sample, [name, item], about, why)
    if table is None:
        table = Things(key, sample, about, why, None, name.name)
    table.id, table.name = item.name, name.name
    user = _user(found)
    events = {"time", "plays", "rating", "played"}
    table.taken |= {item.name, name.name} | ({user.name} if user else set())
    table.taken |= {g.name for g in found if g.says in events}
    plan.tables.append(table)
    if item.says in _ITEM_IDS:
        _refer(plan, table, found)
    return table


def _weigh(
    sample: Sample, found: list[Guess], settings: dict[str, Any], why: dict[str, str]
) -> None:
    by = {g.says: g for g in reversed(found)}
    if (rating := by.get("rating")) is not None and numbers(rating.column):
        top = max(numbers(rating.column))
        scale = next((limit for limit in (1, 5, 10, 100) if top <= limit), None)
        settings["weight"] = rating.name
        why["weight"] = f"{rating.why}; ratings up to {top:g}"
        if scale is not None and scale > 1:
            settings["threshold"] = {5: 4, 10: 7, 100: 70}[scale]
            why["threshold"] = f"a rating from here on is liked: the upper part of 0 to {scale}"
    elif (plays := by.get("plays")) is not None and numbers(plays.column):
        settings["weight"], why["weight"] = plays.name, f"{plays.why}; numbers of plays"
    elif "time" in by or "played" in by:
        settings["weight"], why["weight"] = "@count", "a row is one play: they are counted"
    if (heard := by.get("played")) is not None and max(numbers(heard.column), default=0) >= (
        _SECONDS_HEARD
    ):
        settings["where"] = [{"column": heard.name, "min": _SECONDS_HEARD}]
        why["where"] = "milliseconds; shorter is no play"


def _date(found: list[Guess], settings: dict[str, Any], why: dict[str, str]) -> None:
    for one in found:
        if one.says in {"time", "date"} and one.column.values:
            cells = pd.Series(one.column.values, dtype="string")
            if read_times(cells.to_frame()).notna().all():
                settings["time"], why["time"] = one.name, one.why
                return


# ------------------------------------------------------------------------------ users, the rest


def _add_users(plan: Plan, sample: Sample, found: list[Guess]) -> None:
    user = _user(found)
    if user is None:
        return
    columns = []
    for one in found:
        says = one.says if one.says in _USER_RELATIONS else one.about
        if one is user or not one.column.values:
            continue
        if one.about == "friend" and one.says in {"", "id"}:
            keys: dict[str, Any] = {"relation": "friend", "user": True, "undirected": True}
            columns.append(Mapped(one.name, keys, one.why))
        elif says in _USER_RELATIONS:
            columns.append(Mapped(one.name, {"relation": says}, one.why))
    if columns and plan.acts:
        plan.users.append((sample, user.name, columns))


def _used(plan: Plan, sample: Sample) -> set[str]:
    used: set[str] = set()
    for table in plan.tables:
        if table.sample is sample:
            used |= {table.name, *table.aliases, *table.external} | {m.name for m in table.columns}
            used |= {table.id} if table.id else set()
    for acts in plan.acts[:1]:
        if acts.sample is sample:
            used |= {v for v in acts.settings.values() if isinstance(v, str)}
            used |= {condition["column"] for condition in acts.settings.get("where", ())}
    for one, keys, _ in plan.links:
        if one is sample:
            used |= {keys["subject"]["column"], keys["object"]["column"], keys["user"]}
    for one, user, columns in plan.users:
        if one is sample:
            used |= {user} | {m.name for m in columns}
    return used


def _note_the_rest(plan: Plan, samples: list[Sample], found: Mapping[str, list[Guess]]) -> None:
    for sample in samples:
        used = _used(plan, sample)
        for one in found[sample.path]:
            if one.name not in used:
                plan.left_out.append((sample, one.name, _why_not(one)))


def _why_not(one: Guess) -> str:
    values = one.column.values
    if not values:
        return "empty in the rows looked at"
    if one.says == "other":
        return "a measure or a remark that the data model has no predicate for"
    if one.says in {"plays", "rating", "time"}:
        return "about listening, not about the thing"
    if one.about and one.about in CLASSES:
        return f"about {one.about}s, but already told by another column, or ids of no table"
    kind = "numbers" if mostly(one.column, lambda t: t.replace(".", "").isdigit()) else "texts"
    return f"{kind} such as {values[0][:30]!r}, whose meaning the name does not tell"
