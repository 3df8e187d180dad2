"""Recognise tables whose rows are facts with details: memberships with dates, awards with years."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from kg_builder.extraction.values import without_accents
from kg_builder.extraction.values.dates import is_open_end, parse_date
from kg_builder.schema_inference.columns import Guess, mostly, split_of
from kg_builder.schema_inference.plan import Plan, table_key
from kg_builder.schema_inference.references import ID_ROLES, table_of
from kg_builder.schema_inference.samples import Sample, is_number, without_placeholders
from kg_builder.schema_inference.things import KINDS_OF_ARTISTS, Mapped, Things
from kg_builder.schema_inference.words import CLASSES, WORKS, plain_words, words_of

_CALLED: Final = {
    "person": "person member musician singer player mitglied musiker membre musicien miembro "
    "musico membro lid czlonek",
    "someone": "who name " + words_of("artist"),
    "group": "band group ensemble gruppe groupe grupo gruppo groep zespol orchestra",
    "recipient": "recipient winner laureate who name person member band group "
    + words_of("artist"),
    "begin": "from joined von ab dal van " + words_of("begin"),
    "end": "to till left jusqu al " + words_of("end"),
    "played": "plays instrument instruments instrumente instrumentos role",
    "result": "result outcome status statut won win winner ergebnis resultat resultado risultato "
    "resultaat uitslag esito wynik estado stato",
    "won": "won win winner",
    "members": "member members membership memberships lineup mitglieder membres miembros membri",
    "awards": "honour honours " + words_of("award"),
}
_WORDS: Final = {
    kind: frozenset(map(without_accents, words.split())) for kind, words in _CALLED.items()
}
"""Words in names of columns and, the last two, of files."""

_OUTCOMES: Final = {
    "won": "won win wins winner gewonnen gewinner gewinnerin sieger siegerin preisträger gagnant "
    "gagnante gagné lauréat lauréate vainqueur remporté ganador ganado ganadora ganó vincitore "
    "vincitrice vinto vencedor vencedora venceu winnaar laureat laureatka",
    "nominated": "nominated nominee nomination shortlisted shortlist finalist lost nominiert "
    "nominierung nommé nommée nominé nominée nominado nominada nominación nominato nominata "
    "candidato candidata nomeado nomeada indicado indicada genomineerd nominowany nominowana",
    "yes": "yes true 1 ja wahr y oui vrai si sim tak да",
    "no": "no false 0 nein falsch n non faux não nee nie нет",
}
"""Values that tell whether an award was won; the last two if the column's name asks for it, or if
it has no other values."""


@dataclass(frozen=True)
class FactRows:
    """The columns of a file whose rows are facts.

    Attributes:
        about: "membership" or "honour".
        why: the reason.
        ends: per end its predicate, the class of what is named, and the columns that may tell it.
        details: column and predicate.
        result: the column that tells whether an award was won.
    """

    about: str
    why: str
    ends: tuple[tuple[str, str, tuple[Guess, ...]], ...]
    details: tuple[tuple[Guess, str], ...]
    result: Guess | None = None


def fact_rows(sample: Sample, found: list[Guess]) -> FactRows | None:
    """What a file's rows tell if they are memberships or honours, `None` for anything else."""
    filled = [one for one in found if one.column.values]
    return _honours(sample, filled) or _memberships(sample, filled)


def _memberships(sample: Sample, found: list[Guess]) -> FactRows | None:
    begin = next(_dates(found, "begin"), None)
    end = next((one for one in _dates(found, "end", is_open_end) if one is not begin), None)
    rest = [one for one in found if one not in (begin, end)]
    persons = _called(rest, "person")
    groups = [one for one in _called(rest, "group") if not mostly(one.column, _is_kind)]
    if not groups and persons:
        groups = [one for one in rest if one.about == "artist" and one not in persons]
    persons = [one for one in (*persons, *_called(rest, "someone")) if one not in groups]
    others = [one for one in rest if one not in (*persons, *groups)]
    played = next(iter(_called(others, "played")), None)
    told = [*persons, *groups, *filter(None, (begin, end, played))]
    if not persons or not groups or not (begin or end or played):
        return None
    if not _is_all(sample, found, told, "members"):
        return None
    ends = (("member", "SoloArtist", tuple(persons)), ("group", "Band", tuple(groups)))
    named = ((begin, "beginDate"), (end, "endDate"), (played, "instrument"))
    why = "each row has a person and a band, with dates or what the person plays"
    details = tuple((one, predicate) for one, predicate in named if one is not None)
    return FactRows("membership", why, ends, details)


def _honours(sample: Sample, found: list[Guess]) -> FactRows | None:
    awards = [one for one in found if one.about == "award" and one.role in {"", "name"}]
    result = next((one for one in _called(found, "result") if any(_outcomes(one))), None)
    dates = [one for one in _dates(found) if one.role not in {"begin", "end"}]
    rest = [one for one in found if one is not result and one not in (*awards, *dates)]
    who = _called(rest, "recipient")
    if not who and _is_called(sample.stem, "awards"):
        who = [one for one in rest if one.about in WORKS]
    if not awards or not who or not dates:
        return None
    told = [*awards, *who, dates[0], *([result] if result else [])]
    if not _is_all(sample, found, told, "awards"):
        return None
    type_ = CLASSES[who[0].about] if who[0].about in WORKS else "Artist"
    ends = (("recipient", type_, tuple(who)), ("award", "", tuple(awards)))
    why = "each row has an artist, an award and a year"
    return FactRows("honour", why, ends, ((dates[0], "eventDate"),), result)


def add_facts(plan: Plan, sample: Sample, rows: FactRows) -> None:
    """Add the table of a file's facts, and the nominations in it.

    Nothing is added if an end is neither named nor given by ids of a table of the plan.
    """
    whole = _end(plan, *rows.ends[1])
    part = _end(plan, *rows.ends[0], other=whole)
    if part is None or whole is None:
        return
    told = [part, whole]
    columns = list(told)
    for one, predicate in rows.details:
        separator = split_of(one)[0] if predicate == "instrument" else None
        settings = {"predicate": predicate, **({"split": separator} if separator else {})}
        columns.append(Mapped(one.name, settings, one.why))
    won, lost = _outcomes(rows.result) if rows.result else ([], [])
    if rows.result and lost:
        _nominations(plan, sample, told, rows.result, lost)
    if rows.result and not won:
        return
    where = []
    if rows.result and not all(cell in won for cell in rows.result.column.cells):
        where = [{"column": rows.result.name, "equals": won}]
    taken = {one.name for one in columns}
    key = table_key(plan, rows.about)
    name = _template(rows, [end.name for end in told])
    plan.tables.append(
        Things(key, sample, rows.about, rows.why, None, name, columns=columns, taken=taken,
               where=where, why_where="what was won; nominations are no honours", is_fact=True)
    )  # fmt: skip


def _template(rows: FactRows, ends: list[str]) -> str:
    """The text that composes the name of a fact."""
    braced = {predicate: f"{{{one.name}}}" for one, predicate in rows.details}
    if rows.about == "honour":
        return f"{{{ends[0]}}}, {{{ends[1]}}} ({braced['eventDate']})"
    period = "–".join(braced.get(name, "") for name in ("beginDate", "endDate"))
    name = f"{{{ends[0]}}}, member of {{{ends[1]}}}"
    return name + (f" ({period})" if period != "–" else "")


def _end(
    plan: Plan,
    predicate: str,
    type_: str,
    columns: tuple[Guess, ...],
    other: Mapped | None = None,
) -> Mapped | None:
    """The column of an end: one with ids of a table's rows, else one with names.

    Numbers that are ids of the table of the other end may be those of a table that is not given,
    unless it has persons and bands.
    """
    for one in columns if type_ else ():
        kinds = [one.about] if one.about in WORKS else ["artist"]
        kinds += sorted(WORKS) if predicate == "recipient" and not one.about else []
        table = table_of(plan, one, kinds)
        same = table is not None and other is not None and other.settings.get("ref") == table.key
        if table is None or (same and not table.kinds and mostly(one.column, is_number)):
            continue
        why = f"its values are ids of table {table.key!r}"
        return Mapped(one.name, {"predicate": predicate, "ref": table.key}, why)
    for one in columns:
        if one.role not in ID_ROLES and not mostly(one.column, is_number):
            settings = (
                {"predicate": predicate, "type": type_} if type_ else {"predicate": predicate}
            )
            return Mapped(one.name, settings, one.why)
    return None


def _nominations(
    plan: Plan, sample: Sample, ends: list[Mapped], result: Guess, values: list[str]
) -> None:
    """Add what was not won as links to the awards, which have no place for a year."""
    who, award = ends
    named = {key: who.settings[key] for key in ("ref", "type") if key in who.settings}
    keys: dict[str, Any] = {
        "where": [{"column": result.name, "equals": values}],
        "subject": {"column": who.name, **named},
        "predicate": "nominatedFor",
        "object": {"column": award.name},
    }
    why = f"nominations, by column {result.name!r}; the data model has no place for their year"
    plan.links.append((sample, keys, why))


def _outcomes(one: Guess) -> tuple[list[str], list[str]]:
    """The values of a column that say that an award was won, and those that say nominated only."""
    values = sorted(one.column.distinct)

    def among(*kinds: str) -> list[str]:
        known = {without_accents(word) for kind in kinds for word in _OUTCOMES[kind].split()}
        return [text for text in values if without_accents(text) in known]

    asked = _is_called(one.name, "won") or among("yes", "no") == values
    return (among("won", "yes"), among("nominated", "no")) if asked else (
        among("won"), among("nominated")
    )  # fmt: skip


def _called(found: Iterable[Guess], words: str) -> list[Guess]:
    """The columns of texts that are called by one of some words (see `_WORDS`)."""
    return [
        one for one in found if _is_called(one.name, words) and not mostly(one.column, _is_date)
    ]


def _dates(
    found: Iterable[Guess], words: str = "", also: Callable[[str], bool] = lambda _: False
) -> Iterator[Guess]:
    """The columns of dates, or of what may stand in their place.

    Args:
        found: the columns to look at.
        words: their names have one of these words (see `_WORDS`); if empty, any name.
        also: whether a text may stand in the place of a date.
    """

    def is_one(text: str) -> bool:
        return _is_date(text) or also(text)

    for one in found:
        values = without_placeholders(one.column.values)
        called = _is_called(one.name, words) if words else one.role in {"released", "date"}
        half = called and sum(map(is_one, values)) * 2 >= len(values) > 0  # the name says it, too
        if half or (not words and mostly(one.column, is_one)):
            yield one


def _is_date(text: str) -> bool:
    return parse_date(text) is not None


def _is_kind(text: str) -> bool:
    return without_accents(text) in KINDS_OF_ARTISTS


def _is_all(sample: Sample, found: list[Guess], told: list[Guess], words: str) -> bool:
    """Whether the rows tell nothing else than these columns, or the file is called by the facts."""
    others = [one for one in found if one not in told and one.role not in {"id", "other"}]
    return not others or _is_called(sample.stem, words)


def _is_called(name: str, words: str) -> bool:
    return not _WORDS[words].isdisjoint(plain_words(name))
