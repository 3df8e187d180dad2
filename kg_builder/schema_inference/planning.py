"""Guess how several files relate: tables of entities, interaction logs, and their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kg_builder.schema_inference.acts import add_acts, add_own_acts, is_events, user_of, worth
from kg_builder.schema_inference.columns import Guess, guesses, mostly, only_music
from kg_builder.schema_inference.facts import fact_table
from kg_builder.schema_inference.plan import Plan, table_key
from kg_builder.schema_inference.references import link_nameless, refer
from kg_builder.schema_inference.samples import Sample
from kg_builder.schema_inference.things import Mapped, add_columns, main_subject, things_table
from kg_builder.schema_inference.words import CLASSES

_USER_RELATIONS: Final = ("gender", "age", "occupation", "country", "language")


def make_plan(samples: list[Sample]) -> Plan:
    """Guess the role of every file and column; unused ones are listed in `left_out`."""
    plan = Plan()
    samples = list(map(only_music, samples))
    found = {sample.path: guesses(sample) for sample in samples}
    events = [s for s in samples if is_events(found[s.path])]
    if any(user_of(found[sample.path]) is not None for sample in events):
        events = [s for s in events if user_of(found[s.path]) is not None]
    people = [s for s in samples if s not in events and user_of(found[s.path]) is not None]
    for sample in samples:
        if sample not in events and sample not in people:
            _add_things(plan, sample, found[sample.path])
    link_nameless(plan, found)
    for table in [one for one in plan.tables if not one.is_fact]:
        refer(plan, table, found[table.sample.path])
    events.sort(key=lambda one: -worth(found[one.path]))
    for sample in events:
        add_acts(plan, sample, found[sample.path])
    if not plan.acts:
        add_own_acts(plan, found)
    for sample in people:
        _add_users(plan, sample, found[sample.path])
    for table in plan.tables:
        add_columns(table, found[table.sample.path])
    _note_the_rest(plan, samples, found)
    return plan


# ------------------------------------------------------------------------------ things


def _add_things(plan: Plan, sample: Sample, found: list[Guess]) -> None:
    kind, facts = fact_table(sample, found)
    if kind:
        if facts is not None:
            plan.tables.append(replace(facts, key=table_key(plan, kind)))
        return
    about, why = main_subject(sample, found)
    table = things_table(table_key(plan, about), sample, found, about, why) if about else None
    if table is not None:
        plan.tables.append(table)


# ------------------------------------------------------------------------------ users, the rest


def _add_users(plan: Plan, sample: Sample, found: list[Guess]) -> None:
    user = user_of(found)
    if user is None:
        return
    columns = []
    for one in found:
        role = one.role if one.role in _USER_RELATIONS else one.about
        if one is user or not one.column.values:
            continue
        if one.about == "friend" and one.role in {"", "id"}:
            keys: dict[str, Any] = {"relation": "friend", "user": True, "undirected": True}
            columns.append(Mapped(one.name, keys, one.why))
        elif role in _USER_RELATIONS:
            columns.append(Mapped(one.name, {"relation": role}, one.why))
    if columns and plan.acts:
        plan.users.append((sample, user.name, columns))


def _used(plan: Plan, sample: Sample) -> set[str]:
    used: set[str] = set()
    for table in plan.tables:
        if table.sample is sample:
            used |= {table.name, *table.aliases, *table.external} | {m.name for m in table.columns}
            used |= {table.id} if table.id else set()
            used |= {table.kinds["column"]} if table.kinds else set()
            used |= {
                m.settings[key]
                for m in table.columns
                for key in ("labels", "before")
                if key in m.settings
            }
    for acts in plan.acts[:1]:
        if acts.sample is sample:
            used |= {v for v in acts.settings.values() if isinstance(v, str)}
            used |= {condition["column"] for condition in acts.settings.get("where", ())}
    for one, keys, _ in plan.links:
        if one is sample:
            used |= {keys["subject"]["column"], keys["object"]["column"], keys.get("user", "")}
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
        if sample.further:
            why = f"of {len(sample.columns) + sample.further:,} columns, the others are looked at"
            plan.left_out.append((sample, f"the last {sample.further:,}", why))


def _why_not(one: Guess) -> str:
    values = one.column.values
    if not values:
        return "empty in the rows looked at"
    if one.role == "other":
        return "a measure or a remark that the data model has no predicate for"
    if one.role in {"plays", "rating", "time"}:
        return "about listening, not about the thing"
    if one.about and one.about in CLASSES:
        return f"about {one.about}s, but already told by another column, or ids of no table"
    kind = "numbers" if mostly(one.column, lambda t: t.replace(".", "").isdigit()) else "texts"
    return f"{kind} such as {values[0][:30]!r}, whose meaning the name does not tell"
