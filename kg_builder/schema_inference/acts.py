"""Plan who listened to what: the table of interactions, and the plays of a library's owner."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from kg_builder.extraction.collector import plain_id
from kg_builder.extraction.interactions import read_times
from kg_builder.schema_inference.columns import (
    Guess,
    is_moment,
    mostly,
    numbers,
    unreadable,
)
from kg_builder.schema_inference.log_columns import (
    FILLED,
    FINEST,
    ITEM_IDS,
    MOST_MARKS,
    NO,
    OF_ACTS,
    YES,
    folded_opinion,
    is_called,
    user_of,
)
from kg_builder.schema_inference.plan import Acts, Plan, table_key
from kg_builder.schema_inference.references import (
    described,
    in_step,
    keyed,
    overlap,
    refer,
)
from kg_builder.schema_inference.samples import Sample, is_number
from kg_builder.schema_inference.text_samples import day_first_of
from kg_builder.schema_inference.things import EXTERNAL_ROLES, Things, things_table
from kg_builder.schema_inference.words import OPINIONS, WORKS, plain_words

_MOST_UNREAD: Final = 0.05
"""Greatest share of values that are no times in a column of times."""

_MOST_UNKNOWN: Final = 0.1
"""Greatest share of rows with unknown items that is not worth a warning."""

_LINKED: Final = 0.9
"""Least share of rows with a link in a column of addresses (removed items have none)."""

_UPPER: Final = 0.7
"""Where the upper part of a scale begins."""

_SHOWN: Final = 8
"""Values to list in a comment."""

_FEW_ROWS: Final = 10

_MOST_DIFFERENT: Final = 100

_SECONDS_HEARD: Final = 30


def worth(found: list[Guess]) -> int:
    """Rank a log: ratings before plays before what only has times, tags last."""
    roles = {g.role for g in found}
    return (
        4 * (not roles.isdisjoint({"rating", "liked"}))
        + 3 * ("plays" in roles)
        + 2 * ("tag" not in {g.about for g in found})
    )


def add_acts(plan: Plan, sample: Sample, found: list[Guess]) -> None:
    """Add a log of interactions, or of tags that users gave, with a table of its items."""
    found = [
        replace(g, role="time", why="moments")
        if g.role == "plays" and mostly(g.column, is_moment)
        else g
        for g in found
    ]
    item, table = _item(plan, sample, found)
    user = user_of(found)
    if item is None or table is None:
        return
    tag = next((g for g in found if g.about == "tag" and g.role in {"", "name"}), None)
    if tag is not None and user is not None and not any(g.role == "rating" for g in found):
        subject = {"column": item.name, "ref": table.key}
        what = {"column": tag.name, "type": "Tag"}
        keys = {"subject": subject, "predicate": "tag", "object": what, "user": user.name}
        plan.links.append((sample, keys, "a user, a thing and a tag in each row"))
        return
    settings: dict[str, Any] = {"user": user.name if user else {"value": "me"}}
    why = {"user": user.why if user else _why_no_user(found)}
    settings |= {"item": item.name}
    why["item"] = f"{item.why}; rows of table {table.key!r}"
    _weigh(sample, found, settings, why)
    _date(sample, found, settings, why)
    if not plan.acts:
        why["item"] += _note_unknown(plan, item, sample, table)
        if user is not None:
            _note_all_liked(plan, sample, found, settings)
    plan.acts.append(Acts(sample, settings, why, table))


def _why_no_user(found: list[Guess]) -> str:
    """Why all rows are of one listener, with columns that might tell several."""
    maybe = [
        repr(g.name)
        for g in found
        if (g.about, g.role) == ("", "") and 1 < len(g.column.distinct) < len(g.column.values)
    ]
    hint = f", unless it is {' or '.join(maybe[:3])}" if maybe else ""
    return f"no column names one{hint}: all rows are of one listener"


def _item(plan: Plan, sample: Sample, found: list[Guess]) -> tuple[Guess | None, Things | None]:
    """The column of the items, and the table that describes them."""
    things = [g for g in found if g.about in FINEST and g.column.values]
    things = [g for g in things if len(g.column.distinct) > 1 or sample.rows < _FEW_ROWS]
    ids = [g for g in things if g.role in ITEM_IDS]
    for one in sorted([*ids, *things], key=lambda g: (g not in ids, FINEST.index(g.about))):
        for table in plan.tables:
            if one.about in {"item", table.called} and overlap(one, table):
                return one, table
            if one in ids and one.about == table.called and described(table, one):
                return one, keyed(plan, table, one)
            if one.about == table.called and _by_name(one, table):
                return one, table
    filled = [
        g
        for g in ids
        if len(g.column.values) >= (_LINKED if g.role == "address" else FILLED) * sample.rows
    ]
    named = {g.about for g in things if g.role in {"", "name"}}
    filled += [g for g in ids if g not in filled and g.about not in named]
    for about in FINEST:
        for one in filled:
            if one.about == about:
                return one, _from_events(plan, sample, found, one)
    names = [one for one in things if one.role in {"", "name"}]
    full = [one for one in names if len(one.column.values) >= FILLED * sample.rows]
    partly = any(one.about == "artist" and one not in full for one in names)
    order = ("song", "album") if full and partly else ("artist", "album", "song")
    for about in (*order, "movie", "book", "item"):
        for one in full or names:
            if one.about == about:
                return one, _from_events(plan, sample, found, one)
    return None, None


def _by_name(one: Guess, table: Things) -> bool:
    """Whether a column holds names of the entities of a table without ids, which serve as ids."""
    if table.id is not None or one.role not in {"", "name"}:
        return False
    names, _ = table.sample.all_values(table.name)
    if not one.column.distinct & names:
        return False
    table.id = table.name
    return True


def _from_events(plan: Plan, sample: Sample, found: list[Guess], item: Guess) -> Things | None:
    """Derive a table of items that only the log describes."""
    about = "song" if item.about == "item" else item.about
    own = [g for g in found if g.about == item.about and g.role in {"", "name"} and g is not item]
    own = [g for g in own if g.column.values]
    key, why = (
        table_key(plan, about),
        "the interactions name them; no other file describes them",
    )
    name = own[0] if own and item.role in ITEM_IDS else item
    known = [g for g in found if g.about == about and g.role in EXTERNAL_ROLES]
    known = [g for g in known if in_step(g, item) and g not in {name, item}]
    table = things_table(key, sample, [name, item, *known], about, why)
    if table is None:
        table = Things(key, sample, about, why, None, name.name)
    table.id, table.name, table.is_of_log = item.name, name.name, True
    table.name_pattern = name.pattern
    user = user_of(found)
    events = {"time", "plays", "rating", "played", "liked"}
    table.taken |= {item.name, name.name} | ({user.name} if user else set())
    table.taken |= {g.name for g in found if g.role in events}
    plan.tables.append(table)
    if item.role in ITEM_IDS:
        refer(plan, table, found)
    return table


def _weigh(
    sample: Sample, found: list[Guess], settings: dict[str, Any], why: dict[str, str]
) -> None:
    by = {g.role: g for g in reversed(found) if g.about in OF_ACTS}
    if (rating := by.get("rating")) is not None and numbers(rating.column):
        settings["weight"] = rating.name
        marks = numbers(rating.column)
        why["weight"] = f"{rating.why}; ratings up to {max(marks):g}{_no_numbers(rating)}"
        if (least := _threshold(marks)) is not None:
            settings["threshold"], why["threshold"] = least
    elif (plays := by.get("plays")) is not None and numbers(plays.column):
        settings["weight"] = plays.name
        why["weight"] = f"{plays.why}; numbers of plays{_no_numbers(plays)}"
    elif (liked := by.get("liked")) is not None:
        _keep_liked(sample, liked, settings, why)
    elif "time" in by or "played" in by:
        settings["weight"], why["weight"] = "@count", "a row is one play: they are counted"
    if (heard := by.get("played")) is not None and numbers(heard.column):
        largest = max(numbers(heard.column))
        unit = 1000 if largest >= _SECONDS_HEARD * 1000 else 1
        if largest >= _SECONDS_HEARD:
            heard_enough = {"column": heard.name, "min": _SECONDS_HEARD * unit}
            seen = f"{'milliseconds' if unit > 1 else 'seconds'}; shorter is no play"
            _keep(sample, heard_enough, seen, settings, why)


def _threshold(marks: list[float]) -> tuple[float, str] | None:
    """The least rating of what is liked, with the reason; none if the scale is unknown."""
    top, whole = max(marks), all(mark == int(mark) for mark in marks)
    positive = [mark for mark in marks if mark > 0]
    if not positive:
        return None
    if min(marks) * 2 <= -top:  # a single -1 beside 0 to 5 is no rating
        return 1 if whole else min(positive), "a rating above 0 is liked"
    if top <= 1:
        return 1 if whole else _UPPER, "the rating of what is liked"
    if top <= 3 and whole and len({*marks}) > 1:
        return int(top), "the best rating is liked"
    scale = next((limit for limit in (5, 10, 100) if top <= limit), None)
    if scale is None:
        return None
    why = f"a rating from here on is liked: the upper part of 0 to {scale}"
    return math.ceil(_UPPER * scale), why


def _keep_liked(sample: Sample, one: Guess, settings: dict[str, Any], why: dict[str, str]) -> None:
    """Keep the rows of what is liked, if a column tells it in words."""
    values, _ = sample.all_values(one.name)
    kept = sorted(value for value in values if _is_liked(one, value))
    others = sorted(values.difference(kept))
    shown = ", ".join(map(repr, others[:_SHOWN]))
    seen = f"{one.why}: what is liked; rows with {shown} are left out"
    _keep(sample, {"column": one.name, "equals": kept}, seen, settings, why)


def _is_liked(one: Guess, value: str) -> bool:
    said = folded_opinion(value)
    if said in YES | NO:
        return (said in NO) is is_called(one, OPINIONS["dislike"])
    return said in OPINIONS["like"] | OPINIONS["act"]


def _keep(
    sample: Sample,
    condition: dict[str, Any],
    seen: str,
    settings: dict[str, Any],
    why: dict[str, str],
) -> None:
    """Add a condition on the rows to those of the file and of other columns."""
    before = settings.get("where", [*sample.layout.get("where", ())])
    settings["where"] = [*before, condition]
    why["where"] = "; ".join(filter(None, [why.get("where", ""), seen]))


def _note_unknown(plan: Plan, item: Guess, sample: Sample, table: Things) -> str:
    """What a comment says about items that no table describes; a warning if they are many."""
    if table.is_of_log:
        return _note_none_known(plan, item, sample, table)
    known, is_all = table.sample.all_ids(str(table.id))
    unknown = [value for value in item.column.values if plain_id(value) not in known]
    if not unknown or not is_all:
        return ""
    share = f"{len(unknown):,} of {len(item.column.values):,} values looked at"
    text = f"{share}, such as {unknown[0][:30]!r}, are not in {table.id!r} of "
    text += f"{table.sample.shown}: rejects"
    if len(unknown) > _MOST_UNKNOWN * len(item.column.values):
        plan.warnings.append((sample.shown, f"of {item.name!r}, {text}"))
    return f"; {text}"


def _note_none_known(plan: Plan, item: Guess, sample: Sample, derived: Things) -> str:
    """Warn if a table describes such things as the items, but hardly any of these by its id."""
    for table in plan.tables:
        same = table is not derived and table.about == derived.about and table.id is not None
        if same and table.sample is not sample and item.role in ITEM_IDS:
            ids, (known, _) = item.column.ids, table.sample.all_ids(str(table.id))
            share = f"only {len(ids & known):,}" if ids & known else "none"
            text = f"{share} of the {len(ids):,} values of {item.name!r} looked at"
            text += f" are in {table.id!r} of {table.sample.shown}"
            warning = f"{text}: the items have none of the facts of the others"
            plan.warnings.append((sample.shown, warning))
            return f"; {text}"
    return ""


def _note_all_liked(
    plan: Plan, sample: Sample, found: list[Guess], settings: dict[str, Any]
) -> None:
    """Say that every row counts as liked, where a column might tell otherwise."""
    if not {"threshold", "where"}.isdisjoint(settings) or settings.get("weight") == "@count":
        return
    rated = any(g.name == settings.get("weight") and g.role == "rating" for g in found)
    if "weight" in settings and not rated:
        return
    maybe = [g for g in found if g.name == settings.get("weight") or _may_be_opinion(g)]
    if maybe:
        one = maybe[0]
        values = ", ".join(map(repr, sorted(one.column.distinct)[:_SHOWN]))
        text = (
            f"every row counts as liked, unless {one.name!r} tells otherwise (it has {values}): "
            "set 'weight' and 'threshold', or 'where', in [[interactions]]"
        )
        plan.warnings.append((sample.shown, text))


def _may_be_opinion(one: Guess) -> bool:
    """Whether a column has few values that recur, of an unknown meaning."""
    unknown = (one.about, one.role) == ("", "") or one.why == "true or false"
    return unknown and 1 < len(one.column.distinct) <= min(MOST_MARKS, len(one.column.values) / 2)


def _no_numbers(one: Guess) -> str:
    bad = [value for value in one.column.values if not is_number(value)]
    return unreadable(one.column, bad, "number")


def _date(
    sample: Sample, found: list[Guess], settings: dict[str, Any], why: dict[str, str]
) -> None:
    """Add the column of times, if nearly all can be read; the others are rejects of a build."""
    for one in sorted(found, key=lambda one: "start" not in plain_words(one.name)):
        if one.role in {"time", "date", "last time"} and one.column.values:
            bad = unread_times(sample, one)
            if len(bad) <= _MOST_UNREAD * len(one.column.values):
                empty = sum(not cell for cell in one.column.cells)
                none = f"; {empty:,} of {sample.rows:,} rows have none: rejects" if empty else ""
                settings["time"] = one.name
                why["time"] = one.why + unreadable(one.column, bad, "time") + none
                return


def unread_times(sample: Sample, one: Guess) -> list[str]:
    """The values of a column of times that a build cannot read."""
    cells = pd.Series(one.column.values, dtype="string")
    read = read_times(cells.to_frame(), day_first_of(sample)[0])
    return cells[read.isna()].tolist()


def add_own_acts(plan: Plan, found: Mapping[str, list[Guess]]) -> None:
    """If no other file names the listeners: a library or collection with its owner's plays."""
    for table in plan.tables:
        acts = [
            g
            for g in found[table.sample.key]
            if g.role in {"plays", "rating"} and _is_ones_own(g, table)
        ]
        if not acts or table.is_derived or table.about not in WORKS:
            continue
        if table.id is None and table.sample.columns[table.name].is_unique:
            table.id = table.name
        if table.id is None:
            continue
        acts.sort(key=lambda g: -sum(number > 0 for number in numbers(g.column)))
        settings: dict[str, Any] = {"user": {"value": "me"}, "item": table.id}
        why = {"user": f"no column names one: {acts[0].name!r} is of the owner of the file"}
        _weigh(table.sample, acts[:1], settings, why)
        settings.setdefault("threshold", 1)
        plan.acts.append(Acts(table.sample, settings, why, table))
        return


def _is_ones_own(one: Guess, table: Things) -> bool:
    """Whether numbers are of one listener: whole, few, and not below another thing."""
    found = numbers(one.column)
    whole = bool(found) and all(number == int(number) for number in found)
    return whole and "." not in one.name and len(set(found)) <= _MOST_DIFFERENT and max(found) > 1
