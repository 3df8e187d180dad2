"""Guess what a column holds (id, name, date, link, …) by its heading and values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import compress, islice, pairwise
from typing import Any, Final

from kg_builder.databases import MUSICBRAINZ, WIKIDATA, address_id, is_id
from kg_builder.extraction.tabular.list_cells import OPENING, list_in
from kg_builder.extraction.values.dates import parse_date
from kg_builder.schema_inference.samples import (
    Column,
    Sample,
    is_number,
    number_in,
    without_placeholders,
)
from kg_builder.schema_inference.words import CLASSES, WORKS, meaning, owner_of

_ANY: Final = frozenset({"item", "subject", "entity", "thing", "s", "x"})
"""Names of variables that tell no class."""

_TEXT_LENGTH: Final = 60
_WORDS: Final = 8
_MOST_TRACKS: Final = 200
_MOST: Final = 0.8
_LOOKED_AT: Final = 300
_MILLISECONDS: Final = 10_000
"""Least usual number that is no number of plays, but milliseconds."""

_SECONDS: Final = 15
_PERCENT: Final = 100
_SHORT_LENGTH: Final = re.compile(r"\d:[0-5]\d")
"""A length below ten minutes; times of day are written with two digits."""

SEPARATORS: Final = ("|", ";", " / ", ",", "/")
_LEAST_LISTS: Final = 3
"""Least different lists in a column of works, whose titles may have any sign."""

_LISTS_OF_WORKS: Final = 0.1
"""Least share of lists among the different cells of such a column."""

_FEW_CELLS: Final = 20
"""Different cells of a small file, in which one list of names is evidence."""

_TOPIC: Final = " - (?:Topic|Thema|Thème|Tema|Argomento|Tópico|Temat|Тема)"
_CHANNEL: Final = re.compile(f"{_TOPIC}$")
CODE: Final = re.compile(r"(?=\S*\d)\S+")
"""What has a digit and no space, as ids have."""

_MUSIC_APP: Final = "YouTube Music"
_LEAST: Final = 0.05
"""Least share of channels of artists in a log of watched films."""

_DONE_BEFORE: Final = re.compile(
    "^(?:Watched|Listened to|Played|Vous avez (?:regardé|écouté)|Has (?:visto|escuchado)|"
    "Hai (?:guardato|ascoltato)|Assistiu a|Ouviu|Gekeken naar|Obejrzano:?|Вы посмотрели) "
    "(?!https?://)(.+)$"
)
_DONE_AFTER: Final = re.compile("^(?!https?://)(.+) (?:angesehen|angehört|bekeken|beluisterd)$")
"""What a log of acts writes around the titles, in several languages; removed videos have none."""

_FORMATS: Final[dict[str, Callable[[str], object]]] = {
    "isrc": partial(is_id, "isrc"),
    "iswc": re.compile(r"(?:ISWC:? ?)?T-?\d{3}[.-]?\d{3}[.-]?\d{3}-?\d", re.I).fullmatch,
    "upc": re.compile(r"\d[\d -]{6,15}\d").fullmatch,
    "isni": re.compile(r"(?:\d{4} ?){3}\d{3}[\dX]").fullmatch,
    "spotify": partial(is_id, "spotify"),
}
"""Tests of the ids of databases and of standards."""

_TRUTHS: Final = frozenset({"true", "false", "yes", "no", "wahr", "falsch", "ja", "nein"})
_COMMA_LISTS: Final = frozenset({"genre", "tag", "instrument", "language", "country"})
"""Kinds of entities whose names contain no comma."""


@dataclass(frozen=True)
class Guess:
    """Guess about a column.

    Attributes:
        about: the kind of entity (`artist`, `user`, ...), empty for that of the row.
        role: the property (`id`, `name`, `begin`, ...), empty if the heading does not show it.
        why: the reason of the guess.
        pattern: regular expression of the value in a cell; all of it if empty.
        performer: that of the performer's name, if the cell holds "Artist - Title".
        of: the kind of entity that has the property or `about`, if the name tells it
            ("artistCountry") and it need not be that of the row.
    """

    column: Column
    about: str
    role: str
    why: str
    pattern: str = ""
    performer: str = ""
    of: str = ""

    @property
    def name(self) -> str:
        """The column's name in the file."""
        return self.column.name


def guesses(sample: Sample) -> list[Guess]:
    """Guess every column of a file."""
    if sample.layout.get("header") is False and "column1" in sample.columns:
        return _nameless(sample)
    above = str(sample.layout.get("rows", "")).rpartition(".")[0]
    names = frozenset(sample.columns)
    found = [
        _of_above(column, above, sample.above)
        if column.name.startswith("../")
        else replace(guess(column, names), of=owner_of(column.name))
        for column in sample.columns.values()
    ]
    titled = any((one.about, one.role) == ("", "name") for one in found)
    found = [_numbered(one) if titled else one for one in found]
    return _of_plays([_with_pattern(one) for one in found])


def _of_plays(found: list[Guess]) -> list[Guess]:
    """Tell what a log's rows are about from the columns beside each other."""
    named = {one.about for one in found if one.role in {"", "name"} and one.column.values}
    plays = any(one.role in {"time", "played"} and not one.about for one in found)
    items = any(one.about == "item" and len(one.column.distinct) > 1 for one in found)
    if plays and {"artist", "song"} & named and not items:
        bare = {"id", "address"} if "song" in named else {"id", "address", "name"}
        found = [
            replace(one, about="song")
            if not one.about and one.role in bare and not one.column.is_unique
            else one
            for one in found
        ]
    if "artist" not in named:
        found = [_artist_and_title(one) for one in found]
    return found


def only_music(sample: Sample) -> Sample:
    """Leave out the rows of a log that are not about music, where a column tells it."""
    for column in sample.columns.values():
        values = column.values
        artists = sum(_CHANNEL.search(value) is not None for value in values)
        if _MUSIC_APP in column.distinct and len(column.distinct) > 1:
            condition: dict[str, Any] = {"column": column.name, "equals": [_MUSIC_APP]}
            kept = [cell == _MUSIC_APP for cell in column.cells]
        elif len(column.cells) > artists > _LEAST * len(values):
            condition = {"column": column.name, "pattern": _CHANNEL.pattern}
            kept = [_CHANNEL.search(str(cell)) is not None for cell in column.cells]
        else:
            continue
        columns = {
            name: Column(name, tuple(compress(one.cells, kept)))
            for name, one in sample.columns.items()
        }
        layout = {**sample.layout, "where": [condition]}
        places = list(compress(sample.places, kept))
        return replace(sample, layout=layout, columns=columns, rows=sum(kept), places=places)
    return sample


def _with_pattern(one: Guess) -> Guess:
    """Leave out what an app writes around all titles ("Watched …") and names ("… - Topic")."""
    if one.role in {"name", "other"} and mostly(one.column, _CHANNEL.search):
        why = "channels that a service made for artists"
        return Guess(one.column, "artist", "name", why, pattern=f"^(.+?)(?:{_TOPIC})?$")
    for pattern, why in ((_DONE_BEFORE, "before"), (_DONE_AFTER, "after")):
        if (one.about, one.role) == ("", "name") and mostly(one.column, pattern.match):
            why = f"what was done is written {why} the titles"
            return Guess(one.column, "song", "name", why, pattern=pattern.pattern)
    return one


def _artist_and_title(one: Guess) -> Guess:
    """A column of songs whose cells hold both "Artist - Title"."""
    named = one.about == "song" and one.role in {"", "name", "description"}
    if not named or not mostly(one.column, lambda text: " - " in text):
        return one
    why = "artists and titles with a dash between them"
    return Guess(one.column, "song", "name", why, "^.+? - (.+)$", "^(.+?) - ")


def _of_above(column: Column, above: str, about: str) -> Guess:
    """Guess a column of the object around the rows: a thing, user or playlist, by id or name."""
    if about:
        return Guess(column, about, "id", f"the {about} that the rows are in")
    role = meaning(column.name.removeprefix("../"))[1]
    role = "id" if column.name == "../pid" else role
    if meaning(above.rpartition(".")[2])[0] == "user" and role in {"id", "name"}:
        return Guess(column, "user", role, "the list that the rows are in")
    return Guess(column, "", "other", "of the list that the rows are in")


def _numbered(one: Guess) -> Guess:
    """Where rows have titles, small numbers of songs are their places on an album."""
    if (one.about, one.role) != ("song", "") or not mostly(one.column, str.isdigit):
        return one
    small = max(numbers(one.column), default=0) <= _MOST_TRACKS
    return Guess(one.column, "", "tracknumber", "its name; small numbers") if small else one


def guess(column: Column, names: frozenset[str] = frozenset()) -> Guess:
    """Guess a column from its name, corrected by its values.

    Args:
        column: the column.
        names: all columns of the file; in those of SPARQL's results `itemLabel` names `item`.
    """
    about, role = meaning(column.name)
    why = "its name"
    named, labelled = _of_sparql(column.name, names)
    if labelled:
        about = "" if named in _ANY else meaning(named)[0]
        if named != column.name.removesuffix(".value"):
            role, why = "name", f"the label of {named!r}"
    if role == "other":
        return Guess(column, about, role, why)
    if mostly(column, lambda text: text.casefold() in _TRUTHS):
        return Guess(column, "", "other", "true or false")
    if mostly(column, MUSICBRAINZ.ids.fullmatch) and "msid" in column.name.casefold():
        return Guess(column, about, role, why)
    if mostly(column, MUSICBRAINZ.ids.fullmatch) and role in {"", "id", "mbid"}:
        return Guess(column, about, "mbid" if role == "mbid" else "id", "its name; MBIDs")
    if role in _FORMATS and column.values and not mostly(column, _FORMATS[role]):
        return Guess(column, about, "id" if role == "isrc" else "other", why)
    if role in {"", "id"} and (standard := _standard(column)):
        of = "" if role == "id" or standard == "spotify" else "song"
        why = f"its values: {standard} ids"
        return Guess(column, about or of, "id" if role == "id" else standard, why)
    if mostly(column, WIKIDATA.ids.fullmatch) and role != "id":
        return Guess(column, about, "wikidata", "values such as Q5")
    if mostly(column, external_id_of) and role != "id":
        return Guess(column, about, "address", "addresses of things in public databases")
    titled = column.name.removesuffix("Url").removesuffix("Uri")
    if titled != column.name and titled in names and meaning(titled) == ("", "name"):
        return Guess(column, about, "address", f"the addresses of what {titled!r} names")
    web = "." not in column.name or role in {"homepage", "image", "address"}
    if web and mostly(column, lambda text: text.startswith(("http://", "https://"))):
        kept = role in {"image", "id"}
        return Guess(column, about, role if kept else "homepage", "web addresses")
    if role == "time" and mostly(column, _SHORT_LENGTH.fullmatch):
        return Guess(column, about, "duration", "its name; minutes and seconds")
    if role == "date" and mostly(column, _has_time):
        return Guess(column, about, "time", "its name; dates with a time of day")
    return Guess(column, about, role, why)


def _standard(column: Column) -> str:
    """The database whose ids a column holds, if their form tells it; empty if it does not.

    Ids of one's own may look like ISRCs, but then all begin with the same letters.
    """
    if mostly(column, _FORMATS["isrc"]):
        return "isrc" if len({value[:5] for value in column.values}) > 1 else ""
    return next((one for one in ("iswc", "spotify") if mostly(column, _FORMATS[one])), "")


def _of_sparql(name: str, names: frozenset[str]) -> tuple[str, bool]:
    """The variable that a column of SPARQL's results is about, and whether it has a label."""
    plain, value = name.removesuffix(".value"), ".value" if name.endswith(".value") else ""
    variable = plain.removesuffix("Label")
    if variable not in {plain, ""} and _any_labelled(names, value):
        return variable, True
    return plain, f"{plain}Label{value}" in names


@lru_cache(maxsize=8)
def _any_labelled(names: frozenset[str], value: str) -> bool:
    """Whether a variable of SPARQL's results has a label, in columns that end with `value`."""
    labels = (one for one in names if one.endswith(f"Label{value}"))
    return any(f"{one.removesuffix(f'Label{value}')}{value}" in names for one in labels)


def external_id_of(text: str) -> str | None:
    """The CURIE of a complete address in a registered database."""
    return address_id(text) if "://" in text else None


def mostly(column: Column, test: Any) -> bool:
    """Whether a test holds for most values, of those that do not stand for nothing."""
    values = without_placeholders(islice(column.values, _LOOKED_AT))
    return bool(values) and sum(bool(test(value)) for value in values) >= _MOST * len(values)


def unreadable(column: Column, bad: Sequence[str], what: str) -> str:
    """What a comment says about values that a build rejects; empty if there are none.

    >>> unreadable(Column("n", ("1", "2", "x")), ["x"], "number")
    "; 1 of 3 values looked at, such as 'x', is no number: a reject"
    """
    if not bad:
        return ""
    end = f"is no {what}: a reject" if len(bad) == 1 else f"are no {what}s: rejects"
    number = len(column.values)
    return f"; {len(bad):,} of {number:,} values looked at, such as {bad[0][:30]!r}, {end}"


def is_text(one: Guess) -> bool:
    """Whether a column holds texts of sentences."""
    return mostly(one.column, lambda text: len(text) >= _TEXT_LENGTH and text.count(" ") > _WORDS)


def numbers(column: Column) -> list[float]:
    """Parse the column's numbers."""
    return [found for value in column.values if (found := number_in(value)) is not None]


def is_moment(text: str) -> bool:
    """Whether a text is seconds (or a fraction's) since 1970, or a date with a time of day."""
    if (number := re.fullmatch(r"(\d+)(?:\.\d+)?", text)) is not None:
        return any(6e8 < int(number[1]) / unit < 4e9 for unit in (1, 1e3, 1e6, 1e9))
    return _has_time(text)


def is_day(text: str) -> bool:
    """Whether a text is a date with its day, but no time of day."""
    found = parse_date(text, True)
    return found is not None and found.kind == "date" and ":" not in text


def _has_time(text: str) -> bool:
    return re.search(r"\d:\d\d", text) is not None and parse_date(text) is not None


# ------------------------------------------------------------------------- without a heading


def _nameless(sample: Sample) -> list[Guess]:
    """Guess columns without headings: the first text column is the user, the last the item."""
    columns = list(sample.columns.values())
    found: dict[str, Guess] = {}
    for column in columns:
        if mostly(column, is_moment):
            found[column.name] = Guess(column, "", "time", "moments")
        elif mostly(column, MUSICBRAINZ.ids.fullmatch):
            found[column.name] = Guess(column, "artist", "id", "MBIDs")
    numeric = [c for c in columns if c.name not in found and mostly(c, is_number)]
    texts = [c for c in columns if c.name not in found and c not in numeric]
    if not texts and len(numeric) >= 2:
        found[numeric[0].name] = Guess(numeric[0], "user", "id", "numbers in the first column")
        found[numeric[1].name] = Guess(numeric[1], "item", "id", "numbers in the second column")
        numeric = numeric[2:]
    elif numeric and numeric[0] is columns[0] and len(set(numeric[0].values)) < sample.rows:
        found[numeric[0].name] = Guess(numeric[0], "user", "id", "repeated numbers, first column")
        numeric = numeric[1:]
    elif texts and len(texts) > 1 and _looks_like_user(texts, found):
        found[texts[0].name] = Guess(texts[0], "user", "id", "texts without spaces, first column")
        texts = texts[1:]
    code, named = next(_codes([c for c in columns if c.name not in found], texts), (None, None))
    texts, numeric = ([c for c in some if c is not code] for some in (texts, numeric))
    timed = any(one.role == "time" for one in found.values())
    one = ("song" if code is not None and timed else "artist",)
    order = {1: one, 2: ("artist", "song"), 3: ("artist", "album", "song")}
    for column, about in zip(texts, order.get(len(texts), ()), strict=False):
        found[column.name] = Guess(column, about, "name", "texts, by their order")
    if code is not None and named is not None and named.name in found:
        about = found[named.name].about
        found[code.name] = Guess(code, about, "id", "codes, with one text beside each")
    for column in numeric[:1]:
        found[column.name] = _weight(column, list(found.values()), rated=not texts)
    return [found.get(c.name, Guess(c, "", "", "")) for c in columns]


def _codes(columns: list[Column], texts: list[Column]) -> Iterator[tuple[Column, Column]]:
    """Yield (codes, texts): columns in which the same code recurs with the same text beside it."""
    for code, text in pairwise(columns):
        pairs = {*zip(code.cells, text.cells, strict=True)}
        recurs = len(pairs) == len({*code.cells}) < len(code.cells)
        if text in texts and recurs and mostly(code, CODE.fullmatch):
            yield code, text


def _weight(column: Column, others: list[Guess], *, rated: bool) -> Guess:
    """Guess numbers beside users and items: ratings, plays, or how long something was heard.

    Large numbers are milliseconds. Seconds are told from plays by the rows: where there are times
    and a user has several rows of an item, each row is one play.
    """
    found = sorted(numbers(column))
    largest, middle = found[-1], found[len(found) // 2]
    if rated and largest <= 10 and len(column.distinct) <= 20:
        return Guess(column, "", "rating", f"numbers up to {largest:g}")
    keys = [one.column.cells for one in others if one.role in {"id", "name"}]
    timed = any(one.role == "time" for one in others)
    single = timed and len(set(zip(*keys, strict=True))) < len(column.cells)
    if middle < _MILLISECONDS and not (single and largest > _PERCENT and middle > _SECONDS):
        return Guess(column, "", "plays", f"numbers up to {largest:g}")
    unit = "milliseconds" if middle >= _MILLISECONDS else "seconds"
    items = [one.column.cells for one in others if one.about not in {"", "user"}]
    pairs = len(set(zip(*items, column.cells, strict=True)))
    same = pairs == len(set(zip(*items, strict=True))) < len(column.cells)
    why = f"numbers up to {largest:g}, as {unit}"
    return Guess(column, "", "duration" if same else "played", why)


def _looks_like_user(texts: list[Column], found: dict[str, Guess]) -> bool:
    """Whether the first text column looks like users: no spaces, or one of two without times."""
    timed = any(one.role == "time" for one in found.values())
    return len(texts) == 2 if not timed else mostly(texts[0], lambda text: " " not in text)


# ------------------------------------------------------------------------- notations


def split_of(guess: Guess) -> tuple[str | None, str]:
    """Guess the separator of several values in a cell, if any, with the reason."""
    cells = [cell for cell in guess.column.cells if isinstance(cell, str)]
    if guess.role == "address":
        return None, ""
    if sum(
        cell.startswith(OPENING) and list_in(cell, words="several") is not None for cell in cells
    ) * 2 > len(cells):
        return None, "lists in the notation of a program"
    if guess.about == "label" and (seen := _parts_alone(cells)):
        return ", ", seen
    for sign in SEPARATORS:
        if sign in {",", "/"} and guess.about not in _COMMA_LISTS:
            continue
        several = [cell for cell in cells if sign in cell]
        if several and _separates(sign, {*several}, {*cells}, guess.about):
            return sign, f"{sign!r} in {len(several)} of {len(cells)} cells"
    return None, ""


def _separates(sign: str, several: set[str], cells: set[str], about: str) -> bool:
    """Whether a sign in some different cells separates names: those of works may have it."""
    if about in WORKS:
        enough = len(several) >= _LEAST_LISTS and len(several) >= _LISTS_OF_WORKS * len(cells)
    elif about in _COMMA_LISTS:
        enough = len(several) > 1 or sign in "|;"
    else:
        enough = len(several) > 1 or (sign in "|;" and len(cells) < _FEW_CELLS)
    lettered = all(len(part) == 1 for cell in several for part in cell.split(sign))
    return enough and not lettered and _are_short(several, sign)


def _parts_alone(cells: list[str]) -> str:
    """Why ", " separates names that might have it: in most cells, a part is in others, too."""
    several = [cell.split(", ") for cell in cells if ", " in cell]
    times = Counter(part for cell in set(cells) for part in cell.split(", "))
    known = sum(any(times[part] > 1 for part in parts) for parts in several)
    return (
        f"', ' in {len(several)} of {len(cells)} cells, whose parts are in others"
        if known * 2 > len(several)
        else ""
    )


def _are_short(cells: Iterable[str], sign: str) -> bool:
    return all(len(part) < 60 for cell in cells for part in cell.split(sign))


def subject_of(stem: str) -> str:
    """The kind of entity in a file's name ("my_songs" → song), or ''."""
    about = meaning(stem)[0]
    return about if about in CLASSES else ""
