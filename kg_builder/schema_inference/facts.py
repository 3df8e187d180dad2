"""Recognise tables whose rows are facts with details: memberships with dates, awards with years."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kg_builder.extraction.values.dates import parse_date
from kg_builder.schema_inference.columns import Guess, mostly, split_of
from kg_builder.schema_inference.samples import Sample, is_number
from kg_builder.schema_inference.things import KINDS_OF_ARTISTS, Mapped, Things
from kg_builder.schema_inference.words import plain_words

_WORDS: Final = {
    "person": "person member musician singer player who name artist mitglied musiker membre "
    "musicien miembro musico membro lid czlonek",
    "group": "band group ensemble gruppe groupe grupo gruppo groep zespol orchestra",
    "recipient": "recipient winner laureate who name artist person member band group",
    "begin": "from begin beginning start started joined since von ab seit desde depuis dal van",
    "end": "to end ended until till left bis hasta jusqu al tot",
    "played": "plays instrument instruments instrumente instrumentos role",
    "members": "member members membership memberships lineup mitglieder membres miembros membri",
    "awards": "award awards honour honours preise prix premios premi",
}
"""Words in names of columns and, the last two, of files."""


def fact_table(sample: Sample, found: list[Guess]) -> tuple[str, Things | None]:
    """The table of memberships or honours that a file's rows are.

    Returns:
        What its rows are ("membership", "honour", or '' for anything else), and the table, with an
        empty key; none if the two ends are not named.
    """
    filled = [one for one in found if one.column.values]
    return _honours(sample, filled) or _memberships(sample, filled) or ("", None)


def _memberships(sample: Sample, found: list[Guess]) -> tuple[str, Things | None] | None:
    group = _with_words(found, "group")
    if group is None or mostly(group.column, lambda text: text.casefold() in KINDS_OF_ARTISTS):
        return None
    rest = [one for one in found if one is not group]
    person, begin, end = _with_words(rest, "person"), _dates(rest, "begin"), _dates(rest, "end")
    played = _with_words((one for one in rest if one is not person), "played")
    if person is None or not (begin or end or played):
        return None
    told = [one for one in (person, group, begin, end, played) if one is not None]
    if not _is_all(sample, found, told, "members"):
        return None
    details = [(begin, "beginDate"), (end, "endDate"), (played, "instrument")]
    period = "–".join(f"{{{one.name}}}" if one else "" for one in (begin, end))
    name = f"{{{person.name}}}, member of {{{group.name}}}"
    columns = [
        Mapped(person.name, {"predicate": "member", "type": "SoloArtist"}, person.why),
        Mapped(group.name, {"predicate": "group", "type": "Band"}, group.why),
    ]
    why = "each row has a person and a band, with dates or what the person plays"
    name += f" ({period})" if begin or end else ""
    return "membership", _table(sample, "membership", why, name, (person, group), columns, details)


def _honours(sample: Sample, found: list[Guess]) -> tuple[str, Things | None] | None:
    award = next((one for one in found if one.about == "award" and one.role in {"", "name"}), None)
    rest = [one for one in found if one is not award]
    who, year = _with_words(rest, "recipient"), _dates(rest, "")
    if award is None or who is None or year is None:
        return None
    if not _is_all(sample, found, [award, who, year], "awards"):
        return None
    name = f"{{{who.name}}}, {{{award.name}}} ({{{year.name}}})"
    columns = [
        Mapped(who.name, {"predicate": "recipient", "type": "Artist"}, who.why),
        Mapped(award.name, {"predicate": "award"}, award.why),
    ]
    why = "each row has an artist, an award and a year"
    details = [(year, "eventDate")]
    return "honour", _table(sample, "honour", why, name, (who, award), columns, details)


def _table(
    sample: Sample,
    about: str,
    why: str,
    name: str,
    ends: tuple[Guess, Guess],
    columns: list[Mapped],
    details: Sequence[tuple[Guess | None, str]],
) -> Things | None:
    """The table; none if the ends are told by numbers or ids, which are no names."""
    if any(one.role == "id" or mostly(one.column, is_number) for one in ends):
        return None
    for one, predicate in details:
        if one is not None:
            separator = split_of(one)[0] if predicate == "instrument" else None
            settings = {"predicate": predicate, **({"split": separator} if separator else {})}
            columns.append(Mapped(one.name, settings, one.why))
    taken = {one.name for one in columns}
    return Things("", sample, about, why, None, name, columns=columns, taken=taken, is_fact=True)


def _with_words(found: Iterable[Guess], words: str) -> Guess | None:
    """The first column of texts that is called by one of some words (see `_WORDS`)."""
    return next(
        (
            one
            for one in found
            if _is_called(one.name, words)
            and not mostly(one.column, lambda text: parse_date(text) is not None)
        ),
        None,
    )


def _dates(found: Iterable[Guess], words: str) -> Guess | None:
    """The first column of dates, called by one of some words, if given."""
    return next(
        (
            one
            for one in found
            if (not words or _is_called(one.name, words))
            and mostly(one.column, lambda text: parse_date(text) is not None)
        ),
        None,
    )


def _is_all(sample: Sample, found: list[Guess], told: list[Guess], words: str) -> bool:
    """Whether the rows tell nothing else than these columns, or the file is called by the facts."""
    others = [one for one in found if one not in told and one.role not in {"id", "other"}]
    return not others or _is_called(sample.stem, words)


def _is_called(name: str, words: str) -> bool:
    return not set(_WORDS[words].split()).isdisjoint(plain_words(name))
