"""Artists and labels that a Discogs dump refers to by id and name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lxml import etree

from kg_builder.extraction.collector import Collector
from kg_builder.extraction.keys import id_key
from kg_builder.extraction.recent import Recent
from kg_builder.extraction.semi_structured.adapters.discogs_names import plain_name

_NOBODY: Final = frozenset({"194", "355", "118760", "151641", "967691"})
"""Discogs' stand-ins: Various, Unknown Artist, No Artist, Traditional, Anonymous."""


@dataclass(frozen=True, slots=True)
class Credit:
    """One `<artist>` in a list of performers or credits."""

    number: str
    name: str
    role: str
    tracks: str

    @property
    def is_somebody(self) -> bool:
        """Whether an artist is meant rather than "Various"."""
        return bool(self.name) and self.number not in _NOBODY


def credits_in(listing: Iterable[etree._Element]) -> list[Credit]:
    """The credits of an `<artists>` or `<extraartists>` element."""
    found = []
    for artist in listing:
        texts = {part.tag: part.text for part in artist}
        found.append(
            Credit(
                (texts.get("id") or "").strip(),
                (texts.get("name") or "").strip(),
                texts.get("role") or "",
                texts.get("tracks") or "",
            )
        )
    return found


class People:
    """Adds the artists and labels that are referred to, each of the recent ones once."""

    def __init__(self, out: Collector) -> None:
        self._out = out
        self._known: Recent[tuple[str, str, str], str] = Recent()

    def artist(self, number: str, name: str, type_: str, evidence: str) -> str:
        """Add an artist, by number where there is one (old dumps have none); returns the key."""
        key = self._known.get((number, name, type_))
        if key is None:
            key = self._add(number, plain_name(name), type_, evidence)
            self._known[number, name, type_] = key
        return key

    def label(self, number: str, name: str, evidence: str) -> str:
        """Add a label; returns the key."""
        if not number:
            return self._out.mention("RecordLabel", name, evidence=evidence)
        key = id_key(self._out.source, "labels", number)
        return self._out.record(key, "RecordLabel", name, record_id=number, evidence=evidence)

    def _add(self, number: str, name: str, type_: str, evidence: str) -> str:
        if not number:
            return self._out.mention(type_, name, evidence=evidence)
        return self._out.record(
            id_key(self._out.source, "artists", number),
            "SoloArtist" if type_ == "Person" else type_,
            name,
            record_id=number,
            evidence=evidence,
            external_ids=[f"discogs:{number}"],
        )
