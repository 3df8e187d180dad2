"""Saying something of a thing in plain text: the data model decides what the text becomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kg_builder.extraction.collector import Collector
from kg_builder.extraction.objects import read_literal, read_name, read_place


@dataclass(frozen=True)
class Assertions:
    """Statements by one method, made through the data model.

    A literal predicate reads its value; a place written "Liverpool, England" becomes the place and
    the country that it lies in; countries and languages get their usual names; everything else is
    a thing known by its name.
    """

    out: Collector
    method: str
    confidence: float

    def say(
        self,
        subject: str,
        predicate: str,
        text: str,
        evidence: str,
        *,
        type_: str | None = None,
        unit: str | None = None,
        external_ids: Iterable[str] = (),
        factor: float = 1.0,
    ) -> str | None:
        """State one value; returns the object (a record key or a literal), `None` for a reject."""
        item = self.out.schema.predicate(predicate)
        if item.is_attribute:
            return self._literal(subject, predicate, text, evidence, unit, factor)
        type_ = type_ or (item.range[0] if item.range else "Entity")
        if type_ == "Place":
            key = self.place(text, evidence, external_ids=external_ids)
        else:
            name = read_name(text, type_)
            key = (
                self.out.mention(
                    type_, name, evidence=evidence, owner=subject, external_ids=external_ids
                )
                if name
                else None
            )
        if key is None:
            if text.strip():
                self.out.reject(f"not a {type_.lower()}", evidence, f"{predicate}={text}")
            return None
        self.link(subject, predicate, key, evidence, factor=factor)
        return key

    def link(
        self, subject: str, predicate: str, object_: str, evidence: str, *, factor: float = 1.0
    ) -> None:
        """State that two records are related."""
        sure = self.confidence * factor
        self.out.add((subject, predicate, object_, "record", self.method, sure, evidence))

    def place(self, text: str, evidence: str, *, external_ids: Iterable[str] = ()) -> str | None:
        """Add a place; "Town, Region, Country" also tells the country that the town lies in."""
        place = read_place(text)
        if place is None:
            return None
        key = self.out.mention(place.type, place.name, evidence=evidence, external_ids=external_ids)
        if place.country:
            other = self.out.mention("Country", place.country, evidence=evidence)
            if other != key:
                self.link(key, "locatedIn", other, evidence)
        return key

    def _literal(
        self,
        subject: str,
        predicate: str,
        text: str,
        evidence: str,
        unit: str | None,
        factor: float,
    ) -> str | None:
        datatype = str(self.out.schema.predicate(predicate).datatype)
        literal = read_literal(text, datatype, unit)
        if literal is None:
            if text.strip():
                self.out.reject(f"not a {datatype}", evidence, f"{predicate}={text[:80]}")
            return None
        sure = self.confidence * literal.factor * factor
        self.out.add((subject, predicate, literal.text, literal.kind, self.method, sure, evidence))
        return literal.text
