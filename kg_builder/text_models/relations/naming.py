"""From the words of a mention to the name under which the collection knows the thing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from kg_builder.extraction.values import country_name
from kg_builder.text_models.relations.alignment import LabelledText
from kg_builder.text_models.relations.annotation import Slot, slots_of
from kg_builder.text_models.relations.dates import (
    YEAR_OF,
    notation_of,
    precision,
    whole_date,
    write,
)
from kg_builder.text_models.relations.forms import demonyms, joined, plain
from kg_builder.text_models.relations.reading import squash

_AS_IT_IS: Final = ""
_COUNTRY: Final = "=country"
_NO_ARTICLE: Final = "-article"
_SINGULAR: Final = "-s"
_LEAST: Final = 3


@dataclass
class Namer:
    """Names of mentions by what they fill.

    A surface that training has seen gets the name that it most often stood for. For others a
    habit of the slot is followed, learnt from how its names differ from their surfaces: "pop" is
    *Pop music* as a genre, "French" is *France* as a birthplace and *French language* as a
    language, dates come in the collection's notation.
    """

    names: dict[str, dict[Slot, dict[str, Counter[str]]]] = field(default_factory=dict)
    """Surface, squashed → slot → name → group → times"""

    habits: dict[tuple[Slot, str], Counter[str]] = field(default_factory=dict)
    """Slot and kind of surface → change that makes the name → number of different names"""

    @classmethod
    def of(cls, texts: Iterable[LabelledText]) -> Namer:
        """Learn from labelled texts."""
        names: dict[str, dict[Slot, dict[str, Counter[str]]]]
        names = defaultdict(lambda: defaultdict(lambda: defaultdict(Counter)))
        changes: dict[tuple[Slot, str], set[tuple[str, str]]] = defaultdict(set)
        dated: dict[tuple[Slot, str], Counter[str]] = defaultdict(Counter)
        for text in texts:
            for triple in text.source.triples:
                for slot, name in slots_of(triple):
                    for place in text.places[name]:
                        surface = text.reading.span_text(*place)
                        date = whole_date(surface)
                        if date:
                            notation = notation_of(date, name)
                            dated[slot, precision(date)][notation or ""] += 1
                            continue
                        names[squash(surface)][slot][plain(name)][text.source.group] += 1
                        change = _change(surface, plain(name))
                        if change is not None:
                            changes[slot, _kind(surface)].add((change, name))
        habits = {
            key: Counter(change for change, _ in sorted(found)) for key, found in changes.items()
        }
        habits.update(
            {key: Counter({n: t for n, t in found.items() if n}) for key, found in dated.items()}
        )
        return cls(
            {s: {slot: dict(n) for slot, n in by.items()} for s, by in names.items()}, habits
        )

    def name(self, surface: str, slot: Slot, group: str = "") -> str:
        """The name of a mention that fills a slot.

        Args:
            surface: the mention's text.
            slot: what it fills.
            group: what the text is about; nothing is known from texts of the same group.
        """
        date = whole_date(surface)
        if date:
            habits = self.habits.get((slot, precision(date)), Counter())
            notation = _chief(habits) or (YEAR_OF if len(date) == 4 else "")
            return write(date, notation) if notation else date
        known = self.names.get(squash(surface), {})
        name = _known(known.get(slot, {}), group) or _known(_merged(known), group)
        if name:
            return name
        habits = self.habits.get((slot, _kind(surface)), Counter())
        change = _chief(habits) if habits.total() >= _LEAST else _AS_IT_IS
        return _changed(joined(surface), change)


def _chief(counts: Counter[str]) -> str:
    return max(counts, key=lambda key: (counts[key], key), default="")


def _known(names: dict[str, Counter[str]], group: str) -> str:
    times = {name: groups.total() - groups.get(group, 0) for name, groups in names.items()}
    best = max(times, key=lambda name: (times[name], name), default="")
    return best if best and times[best] > 0 else ""


def _merged(known: dict[Slot, dict[str, Counter[str]]]) -> dict[str, Counter[str]]:
    merged: dict[str, Counter[str]] = defaultdict(Counter)
    for names in known.values():
        for name, groups in names.items():
            merged[name].update(groups)
    return merged


def _kind(surface: str) -> str:
    if squash(surface) in demonyms():
        return "demonym"
    if country_name(surface):
        return "country"
    if surface[:4].lower() == "the ":
        return "article"
    return "plural" if surface.islower() and surface.endswith("s") else "other"


def _change(surface: str, name: str) -> str | None:
    """What makes the name out of the surface, or none if that is particular to the name."""
    text, wanted = joined(surface).casefold(), name.casefold()
    if squash(text) == squash(wanted):
        return _AS_IT_IS
    if wanted.startswith(text + " ") and name[len(text) + 1 :].islower():
        return "+" + name[len(text) :]
    for change in (_COUNTRY, _NO_ARTICLE, _SINGULAR):
        if squash(_changed(joined(surface), change)) == squash(wanted):
            return change
    return None


def _changed(surface: str, change: str) -> str:
    if change.startswith("+"):
        return surface + change[1:]
    if change == _COUNTRY:
        return demonyms().get(squash(surface)) or country_name(surface) or surface
    if change == _NO_ARTICLE and surface[:4].lower() == "the ":
        return surface[4:]
    if change == _SINGULAR and surface.endswith("s"):
        return surface[:-1]
    return surface
