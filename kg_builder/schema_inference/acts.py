"""Guess who listened to what: logs of interactions, and the plays of a library's owner."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from kg_builder.extraction.collector import plain_id
from kg_builder.extraction.interactions import read_times
from kg_builder.extraction.values import without_accents
from kg_builder.schema_inference.columns import (
    Guess,
    is_day,
    is_moment,
    mostly,
    numbers,
    unreadable,
)
from kg_builder.schema_inference.plan import Acts, Plan, table_key
from kg_builder.schema_inference.references import (
    described,
    determines,
    has_ids,
    in_step,
    keyed,
    overlap,
    refer,
    shared_with,
)
from kg_builder.schema_inference.samples import Column, Sample, is_number
from kg_builder.schema_inference.text_samples import day_first_of
from kg_builder.schema_inference.things import EXTERNAL_ROLES, Things, main_subject, things_table
from kg_builder.schema_inference.words import OPINIONS, WORKS, plain_words

_ITEM_IDS: Final = ("id", "mbid", "isrc", "isbn", "address", "spotify")
_FINEST: Final = ("item", "song", "album", "movie", "book", "artist")
_FILLED: Final = 0.98
"""Least share of filled cells in a column of ids beside one of names."""

_MOST_UNREAD: Final = 0.05
"""Greatest share of values that are no times in a column of times."""

_MOST_UNKNOWN: Final = 0.1
"""Greatest share of rows with unknown items that is not worth a warning."""

_LINKED: Final = 0.9
"""Least share of links: what has been removed has none."""

_OPAQUE: Final = re.compile(r"(?=\S*[\d@])\S+")
_DIGITS: Final = 4
"""Least digits of numbers that are ids though the column's name does not tell it."""

_LESS_USERS: Final = frozenset({"session", "sessions", "sitzung", "sesion", "sessione", "client"})
_NO_USERS: Final = frozenset({
    "device", "platform", "ip", "addr", "address", "app", "player", "source", "browser", "version",
    "os", "host", "server", "request", "query", "reason", "context", "batch", "import", "isrc",
    "ean", "upc", "gerat", "appareil", "dispositivo",
})  # fmt: skip
"""Words in names of columns whose values recur, but are not users; the first are so at worst."""

_YES: Final = frozenset({"true", "yes", "wahr", "ja", "1", "y", "t", "oui", "si", "sim"})
_NO: Final = frozenset({"false", "no", "falsch", "nein", "0", "n", "f", "non", "nao"})

_OF_ACTS: Final = frozenset({"", "user", "song", "item"})
"""What a rating or a number of plays is about by its name."""

_SCALES: Final = frozenset({5, 10})
"""The best ratings of usual scales, which tell a column of ratings by its values."""

_MOST_MARKS: Final = 21
"""Most different ratings: half points from 0 to 10."""

_UPPER: Final = 0.7
"""Where the upper part of a scale begins."""

_SHOWN: Final = 8
"""Values to list in a comment."""

_FEW_ROWS: Final = 10
_MOST_DIFFERENT: Final = 100
_SECONDS_HEARD: Final = 30


def user_of(found: list[Guess]) -> Guess | None:
    """The column of the users, if any."""
    users = [g for g in found if g.about == "user" and g.role in {"", "id", "name"}]
    return min(users, key=lambda g: ("id", "", "name").index(g.role), default=None)


def is_events(found: list[Guess]) -> bool:
    """Whether a file is a log: each row has a user and an item, or an item and a time."""
    things = [g for g in found if g.about in _FINEST and g.role in {"", "name", *_ITEM_IDS}]
    if not things:
        return False
    if user_of(found) is not None:
        return True
    repeated = not any(g.column.is_unique for g in things)
    if repeated and any(g.role == "last time" for g in found):
        return True
    return any(g.role in {"time", "played"} and g.about in {"", "song", "user"} for g in found)


# ------------------------------------------------------------------------------ by values


def tell_logs(samples: list[Sample], found: dict[str, list[Guess]]) -> None:
    """Tell items, times, users and opinions of logs by their values, where names do not.

    The items are a column of ids of a catalogue among the files; the users one of opaque values
    that recur beside items and times. A file with ids and names of its rows is no log.
    """
    catalogues = {s.key: t for s in samples if (t := _catalogue(s, found[s.key])) is not None}
    for sample in samples:
        if sample.key in catalogues:
            continue
        told = found[sample.key]
        dated = _is_timed(told) or any(_is_time(g) or g.role == "date" for g in told)
        if dated or user_of(told) is not None:
            told = _with_user(_with_item(told, list(catalogues.values())))
        found[sample.key] = _with_opinion(told)


def _catalogue(sample: Sample, found: list[Guess]) -> Things | None:
    """The table of entities with ids and names that a file describes, if it does."""
    about, why = main_subject(sample, found)
    table = things_table("", sample, found, about, why) if about in _FINEST else None
    if table is None or table.id in {None, table.name} or user_of(found) is not None:
        return None
    return table if sample.columns[str(table.id)].is_unique else None


def _with_item(found: list[Guess], catalogues: list[Things]) -> list[Guess]:
    """The guesses with the column of ids of a catalogue's rows, and a time beside it."""
    things = [g for g in found if g.about in _FINEST and g.role in {"", *_ITEM_IDS}]
    days: list[Guess] = []
    if not any(g.about in {"item", t.called} and overlap(g, t) for g in things for t in catalogues):
        pairs = [(g, t) for g in found for t in catalogues if _may_be_item(g) and has_ids(g, t)]
        if not pairs:
            return found
        best, table = max(
            pairs,
            key=lambda pair: (
                not pair[0].column.is_unique,
                shared_with(*pair),
                -_FINEST.index(pair[1].called),
            ),
        )
        why = f"its values are ids of {table.sample.shown}"
        found = [
            replace(g, about=table.called, role="id", why=why) if g is best else g for g in found
        ]
        days = [g for g in found if g.role == "date"]
    if not _is_timed(found):
        time = next(iter([*filter(_is_time, found), *days]), None)
        found = [replace(g, role="time", why="dates") if g is time else g for g in found]
    return found


def _may_be_item(one: Guess) -> bool:
    """Whether a column may hold ids of items: numbers only if they recur, and by its name."""
    if one.about in {"user", "friend"} or one.role not in {"", "name", *_ITEM_IDS}:
        return False
    if not mostly(one.column, is_number):
        return True
    named = one.about == "item" or (not one.about and one.role != "")
    return named and not one.column.is_unique


def _is_timed(found: list[Guess]) -> bool:
    return any(g.role in {"time", "played", "last time", "plays", "rating"} for g in found)


def _is_time(one: Guess) -> bool:
    return (one.about, one.role) == ("", "") and mostly(one.column, is_moment)


def _with_user(found: list[Guess]) -> list[Guess]:
    """The guesses with the column of the users, if there are items and times but no users."""
    dated = _is_timed(found) or any(g.role == "date" for g in found)
    if user_of(found) is not None or not dated or not is_events(found):
        return found
    users = [one for one in found if _may_be_user(one)]
    best = min(users, key=lambda g: _is_called(g, _LESS_USERS), default=None)
    why = "opaque values that recur beside items and times"
    return [replace(g, about="user", role="id", why=why) if g is best else g for g in found]


def _may_be_user(one: Guess) -> bool:
    """Whether a column has opaque values that recur: "u1", "9a3f", ids in digits."""
    values = one.column.values
    unknown = one.about in {"", "member"} and one.role in {"", "id"}
    if not unknown or not 1 < len(one.column.distinct) < len(values) or _is_called(one, _NO_USERS):
        return False
    if mostly(one.column, is_number):
        long = mostly(one.column, lambda text: text.isdigit() and len(text) >= _DIGITS)
        return one.role == "id" or (long and not mostly(one.column, is_moment))
    return mostly(one.column, lambda text: _OPAQUE.fullmatch(text) and not is_day(text))


def _is_called(one: Guess, words: frozenset[str]) -> bool:
    return not words.isdisjoint(plain_words(one.name))


# ------------------------------------------------------------------------------ opinions


def _with_opinion(found: list[Guess]) -> list[Guess]:
    """The guesses with the column that tells what users like, if one does.

    Its role is a rating, or "liked" if it has words instead of numbers.
    """
    user = user_of(found)
    ratings = [g for g in found if g.role == "rating"]
    if user is None or not is_events(found) or any(g.about in _OF_ACTS for g in ratings):
        return found
    told = replace(ratings[0], about="") if ratings else _opinion(found, user)
    return [told if told is not None and g.name == told.name else g for g in found]


def _opinion(found: list[Guess], user: Guess) -> Guess | None:
    others = [g for g in found if g is not user and len(g.column.distinct) > 1]
    others = [g for g in others if g.about in {*_OF_ACTS, *WORKS} and g.role not in _ITEM_IDS]
    if (said := next((g for g in others if _is_in_words(g)), None)) is not None:
        return replace(said, about="", role="liked", why="words of feedback")
    if _are_plays(found, user):
        return None
    others = [g for g in others if g.role in {"", "other", "type"}]
    for one in filter(_is_named_opinion, others):
        if _marks(one) and not _is_called(one, OPINIONS["dislike"]):
            return replace(one, about="", role="rating", why="its name")
        if {*map(_said, one.column.distinct)} <= _YES | _NO:
            return replace(one, about="", role="liked", why=f"{one.name!r} is yes or no")
    keys = [g.column for g in found if g is user or (g.about in _FINEST and g.role in _ITEM_IDS)]
    marks = [g for g in others if _is_like_ratings(g, user, timed=_is_timed(found))]
    marks = [g for g in marks if not any(_is_of(key, g.column) for key in keys)]
    why = "few numbers beside users and items"
    return next((replace(g, about="", role="rating", why=why) for g in marks), None)


def _said(text: str) -> str:
    """A word of feedback without case, accents, and signs between its parts ("Thumbs-up")."""
    return re.sub(r"[\s_-]+", "", without_accents(text))


def _is_in_words(one: Guess) -> bool:
    said = {*map(_said, one.column.distinct)}
    known = OPINIONS["like"] | OPINIONS["act"] | OPINIONS["dislike"] | OPINIONS["neither"]
    tells = not said.isdisjoint(OPINIONS["like"]) and not said.isdisjoint(known - OPINIONS["like"])
    return tells and mostly(one.column, lambda text: _said(text) in known)


def _is_named_opinion(one: Guess) -> bool:
    return _is_called(one, OPINIONS["like"] | OPINIONS["dislike"] | OPINIONS["feedback"])


def _are_plays(found: list[Guess], user: Guess) -> bool:
    """Whether rows are plays: they have a number or length, or users have several of an item."""
    if any(g.role in {"plays", "played"} for g in found):
        return True
    items = [g for g in found if g.about in _FINEST and g.role in {"", "name", *_ITEM_IDS}]
    rows = list(zip(*(g.column.cells for g in [user, *items]), strict=True))
    return _is_timed(found) and len({*rows}) < _FILLED * len(rows)


def _marks(one: Guess) -> set[float]:
    """The different ratings of a column; empty if they are too many, or no numbers."""
    marks = {*numbers(one.column)} if all(map(is_number, one.column.distinct)) else set()
    return marks if len(marks) <= _MOST_MARKS and max(marks, default=0) <= max(_SCALES) else set()


def _is_like_ratings(one: Guess, user: Guess, *, timed: bool) -> bool:
    """Whether numbers look like ratings whatever their name, and are not the places of a list."""
    marks = _marks(one)
    if (one.about, one.role) != ("", "") or not marks:
        return False
    if marks <= {-1, 0, 1}:
        return {-1, 1} <= marks or (marks == {0, 1} and not timed)
    rows = list(zip(user.column.cells, one.column.cells, strict=True))
    listed = len({*rows}) == len(rows) > 2 * len(user.column.distinct)
    halves = min(marks) >= 0 and all(mark * 2 == int(mark * 2) for mark in marks)
    return halves and not listed and max(marks) in _SCALES and len(marks) >= max(marks) / 2


def _is_of(key: Column, told: Column) -> bool:
    """Whether a column tells something of a user or an item, and not of both together."""
    return len(key.values) >= 2 * len(key.distinct) and determines(key, told)


# ------------------------------------------------------------------------------ in the plan


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
    things = [g for g in found if g.about in _FINEST and g.column.values]
    things = [g for g in things if len(g.column.distinct) > 1 or sample.rows < _FEW_ROWS]
    ids = [g for g in things if g.role in _ITEM_IDS]
    for one in sorted([*ids, *things], key=lambda g: (g not in ids, _FINEST.index(g.about))):
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
        if len(g.column.values) >= (_LINKED if g.role == "address" else _FILLED) * sample.rows
    ]
    named = {g.about for g in things if g.role in {"", "name"}}
    filled += [g for g in ids if g not in filled and g.about not in named]
    for about in _FINEST:
        for one in filled:
            if one.about == about:
                return one, _from_events(plan, sample, found, one)
    names = [one for one in things if one.role in {"", "name"}]
    full = [one for one in names if len(one.column.values) >= _FILLED * sample.rows]
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
    name = own[0] if own and item.role in _ITEM_IDS else item
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
    if item.role in _ITEM_IDS:
        refer(plan, table, found)
    return table


def _weigh(
    sample: Sample, found: list[Guess], settings: dict[str, Any], why: dict[str, str]
) -> None:
    by = {g.role: g for g in reversed(found) if g.about in _OF_ACTS}
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
    said = _said(value)
    if said in _YES | _NO:
        return (said in _NO) is _is_called(one, OPINIONS["dislike"])
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
        if same and table.sample is not sample and item.role in _ITEM_IDS:
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
    return unknown and 1 < len(one.column.distinct) <= min(_MOST_MARKS, len(one.column.values) / 2)


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
