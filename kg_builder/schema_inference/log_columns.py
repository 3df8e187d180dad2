"""Tell the columns of logs by their values: users, items, plays, ratings and other opinions."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from kg_builder.extraction.values import without_accents
from kg_builder.schema_inference.columns import (
    Guess,
    is_day,
    is_moment,
    mostly,
    numbers,
)
from kg_builder.schema_inference.references import (
    determines,
    has_ids,
    overlap,
    shared_with,
)
from kg_builder.schema_inference.samples import Column, Sample, is_number
from kg_builder.schema_inference.things import Things, main_subject, things_table
from kg_builder.schema_inference.words import OPINIONS, WORKS, plain_words

ITEM_IDS: Final = ("id", "mbid", "isrc", "isbn", "address", "spotify")
"""Roles of columns that can identify an item."""

FINEST: Final = ("item", "song", "album", "movie", "book", "artist")
"""What items may be, the finest first."""

FILLED: Final = 0.98
"""Least share of filled cells in a column of ids beside one of names."""

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

YES: Final = frozenset({"true", "yes", "wahr", "ja", "1", "y", "t", "oui", "si", "sim"})

NO: Final = frozenset({"false", "no", "falsch", "nein", "0", "n", "f", "non", "nao"})

OF_ACTS: Final = frozenset({"", "user", "song", "item"})
"""What a rating or a number of plays is about by its name."""

_SCALES: Final = frozenset({5, 10})
"""The best ratings of usual scales, which tell a column of ratings by its values."""

MOST_MARKS: Final = 21
"""Most different ratings: half points from 0 to 10."""


def user_of(found: list[Guess]) -> Guess | None:
    """The column of the users, if any."""
    users = [g for g in found if g.about == "user" and g.role in {"", "id", "name"}]
    return min(users, key=lambda g: ("id", "", "name").index(g.role), default=None)


def is_events(found: list[Guess]) -> bool:
    """Whether a file is a log: each row has a user and an item, or an item and a time."""
    things = [g for g in found if g.about in FINEST and g.role in {"", "name", *ITEM_IDS}]
    if not things:
        return False
    if user_of(found) is not None:
        return True
    repeated = not any(g.column.is_unique for g in things)
    if repeated and any(g.role == "last time" for g in found):
        return True
    return any(g.role in {"time", "played"} and g.about in {"", "song", "user"} for g in found)


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
    table = things_table("", sample, found, about, why) if about in FINEST else None
    if table is None or table.id in {None, table.name} or user_of(found) is not None:
        return None
    return table if sample.columns[str(table.id)].is_unique else None


def _with_item(found: list[Guess], catalogues: list[Things]) -> list[Guess]:
    """The guesses with the column of ids of a catalogue's rows, and a time beside it."""
    things = [g for g in found if g.about in FINEST and g.role in {"", *ITEM_IDS}]
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
                -FINEST.index(pair[1].called),
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
    if one.about in {"user", "friend"} or one.role not in {"", "name", "catalog", *ITEM_IDS}:
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
    if user_of(found) is not None or not dated or not (is_events(found) or _is_rated(found)):
        return found
    users = [one for one in found if _may_be_user(one)]
    best = min(users, key=lambda g: is_called(g, _LESS_USERS), default=None)
    why = "opaque values that recur beside items and times"
    return [replace(g, about="user", role="id", why=why) if g is best else g for g in found]


def _is_rated(found: list[Guess]) -> bool:
    """Whether ids of items recur beside ratings."""
    ids = [g for g in found if g.about in FINEST and g.role in ITEM_IDS]
    rated = any(g.role == "rating" for g in found)
    return rated and any(not g.column.is_unique for g in ids)


def _may_be_user(one: Guess) -> bool:
    """Whether a column has opaque values that recur: "u1", "9a3f", ids in digits."""
    values = one.column.values
    unknown = one.about in {"", "member"} and one.role in {"", "id"}
    if not unknown or not 1 < len(one.column.distinct) < len(values) or is_called(one, _NO_USERS):
        return False
    if mostly(one.column, is_number):
        long = mostly(one.column, lambda text: text.isdigit() and len(text) >= _DIGITS)
        return one.role == "id" or (long and not mostly(one.column, is_moment))
    return mostly(one.column, lambda text: _OPAQUE.fullmatch(text) and not is_day(text))


def is_called(one: Guess, words: frozenset[str]) -> bool:
    """Whether a column's name has one of the words."""
    return not words.isdisjoint(plain_words(one.name))


# ------------------------------------------------------------------------------ opinions


def _with_opinion(found: list[Guess]) -> list[Guess]:
    """The guesses with the column that tells what users like, if one does.

    Its role is a rating, or "liked" if it has words instead of numbers.
    """
    user = user_of(found)
    ratings = [g for g in found if g.role == "rating"]
    if user is None or not is_events(found) or any(g.about in OF_ACTS for g in ratings):
        return found
    told = replace(ratings[0], about="") if ratings else _opinion(found, user)
    return [told if told is not None and g.name == told.name else g for g in found]


def _opinion(found: list[Guess], user: Guess) -> Guess | None:
    others = [g for g in found if g is not user and len(g.column.distinct) > 1]
    others = [g for g in others if g.about in {*OF_ACTS, *WORKS} and g.role not in ITEM_IDS]
    if (said := next((g for g in others if _is_in_words(g)), None)) is not None:
        return replace(said, about="", role="liked", why="words of feedback")
    if _are_plays(found, user):
        return None
    others = [g for g in others if g.role in {"", "other", "type"}]
    for one in filter(_is_named_opinion, others):
        if _marks(one) and not is_called(one, OPINIONS["dislike"]):
            return replace(one, about="", role="rating", why="its name")
        if {*map(folded_opinion, one.column.distinct)} <= YES | NO:
            return replace(one, about="", role="liked", why=f"{one.name!r} is yes or no")
    keys = [g.column for g in found if g is user or (g.about in FINEST and g.role in ITEM_IDS)]
    marks = [g for g in others if _is_like_ratings(g, user, timed=_is_timed(found))]
    marks = [g for g in marks if not any(_is_of(key, g.column) for key in keys)]
    why = "few numbers beside users and items"
    return next((replace(g, about="", role="rating", why=why) for g in marks), None)


def folded_opinion(text: str) -> str:
    """A word of feedback without case, accents, and signs between its parts ("Thumbs-up")."""
    return re.sub(r"[\s_-]+", "", without_accents(text))


def _is_in_words(one: Guess) -> bool:
    said = {*map(folded_opinion, one.column.distinct)}
    known = OPINIONS["like"] | OPINIONS["act"] | OPINIONS["dislike"] | OPINIONS["neither"]
    tells = not said.isdisjoint(OPINIONS["like"]) and not said.isdisjoint(known - OPINIONS["like"])
    return tells and mostly(one.column, lambda text: folded_opinion(text) in known)


def _is_named_opinion(one: Guess) -> bool:
    return is_called(one, OPINIONS["like"] | OPINIONS["dislike"] | OPINIONS["feedback"])


def _are_plays(found: list[Guess], user: Guess) -> bool:
    """Whether rows are plays: they have a number or length, or users have several of an item."""
    if any(g.role in {"plays", "played"} for g in found):
        return True
    items = [g for g in found if g.about in FINEST and g.role in {"", "name", *ITEM_IDS}]
    rows = list(zip(*(g.column.cells for g in [user, *items]), strict=True))
    return _is_timed(found) and len({*rows}) < FILLED * len(rows)


def _marks(one: Guess) -> set[float]:
    """The different ratings of a column; empty if they are too many, or no numbers."""
    marks = {*numbers(one.column)} if all(map(is_number, one.column.distinct)) else set()
    return marks if len(marks) <= MOST_MARKS and max(marks, default=0) <= max(_SCALES) else set()


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
