"""Data classes of an entity's card: its facts in both directions, each with all its sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Card", "Fact", "Hit", "LostValue", "Record", "Source", "Thing"]

Direction = Literal["out", "in"]


@dataclass(frozen=True)
class Source:
    """One statement of a fact.

    Attributes:
        source: name of the source in the recipe, or `inference`.
        method: how it was read: mapping, json-ld, pattern:<name>, rule:<name>, …
        confidence: probability in (0, 1] that the source says so.
        evidence: the place: `file#line=12`, `file#/json/pointer`; of a rule its premises.
        inferred: whether no source states it.
    """

    source: str
    method: str
    confidence: float
    evidence: str
    inferred: bool


@dataclass(frozen=True)
class Thing:
    """An entity by name."""

    id: str
    label: str
    type: str


@dataclass(frozen=True)
class Fact:
    """A fact of a card's thing.

    Attributes:
        predicate: local name in the data model.
        label: how the predicate is called.
        phrase: how a person reads it aloud; empty where the data model has none.
        direction: `out` where the thing is the subject, `in` where it is the object.
        value: the literal, or the CURIE of the other thing.
        kind: `entity`, or the literal's datatype.
        thing: the other thing, of a fact that links two.
        sources: who says so, the most confident first.
    """

    predicate: str
    label: str
    phrase: str
    direction: Direction
    value: str
    kind: str
    thing: Thing | None
    sources: tuple[Source, ...]

    @property
    def text(self) -> str:
        """The value as a person reads it."""
        return self.thing.label if self.thing is not None else self.value

    @property
    def confidence(self) -> float:
        """Probability that at least one source is right, were they independent."""
        doubt = 1.0
        for source in self.sources:
            doubt *= 1.0 - source.confidence
        return 1.0 - doubt

    @property
    def inferred(self) -> bool:
        """Whether no source states it."""
        return all(source.inferred for source in self.sources)


@dataclass(frozen=True)
class Record:
    """One source's description of an entity: where its name and class come from.

    Attributes:
        record: key, `<source>/<record id>`; of a thing that a database alone describes its CURIE
            there.
        source: name of the source or database.
        name, type: what it says.
        evidence: where it stands; of a database the first fact that names the thing.
        method: `record`, or how the thing was linked with the database.
        score: probability that the record or the database's thing is this one.
    """

    record: str
    source: str
    name: str
    type: str
    evidence: str
    method: str
    score: float


@dataclass(frozen=True)
class LostValue:
    """A value that cleaning dropped, and why."""

    predicate: str
    value: str
    source: str
    reason: str
    evidence: str


@dataclass(frozen=True)
class Hit:
    """A thing that a search found.

    Attributes:
        id, label, type: of the thing.
        name: the name or other name that was found.
        degree: distinct facts in which the thing stands.
        score: likeness of that name to the text, 0 to 100; 100 for the same name.
    """

    id: str
    label: str
    type: str
    name: str
    degree: int
    score: float


@dataclass(frozen=True)
class Card:
    """All facts about one entity.

    Attributes:
        id: CURIE.
        iri: the same in full.
        label, type: name and class.
        classes: the class and those above it, the most specific first.
        aliases: other names.
        external_ids: CURIE in another database → web address.
        facts: those in which the thing is the subject, then those in which it is the object; of a
            predicate and direction the `most` best connected.
        totals: (predicate, direction) → how many distinct facts there are.
        records: the records that it was fused from, and its links with other databases.
        lost: values that cleaning dropped.
        same_name: other things with the name that was asked for.
        degree: distinct facts in which the thing stands.
    """

    id: str
    iri: str
    label: str
    type: str
    classes: tuple[str, ...]
    aliases: tuple[str, ...]
    external_ids: dict[str, str]
    facts: tuple[Fact, ...]
    totals: dict[tuple[str, Direction], int] = field(repr=False)
    records: tuple[Record, ...] = ()
    lost: tuple[LostValue, ...] = ()
    same_name: tuple[Hit, ...] = ()
    degree: int = 0

    def grouped(self) -> Iterator[tuple[tuple[str, Direction], list[Fact], int]]:
        """The facts by predicate and direction: key, facts shown, facts in all."""
        groups: dict[tuple[str, Direction], list[Fact]] = {}
        for fact in self.facts:
            groups.setdefault((fact.predicate, fact.direction), []).append(fact)
        for key, facts in groups.items():
            yield key, facts, self.totals.get(key, len(facts))

    def frame(self) -> pd.DataFrame:
        """One row per fact and source: predicate, direction, value, id, source, …, evidence."""
        import pandas as pd

        columns = ["predicate", "direction", "value", "id", "source", "method", "confidence",
                   "inferred", "evidence"]  # fmt: skip
        rows = [
            (
                fact.predicate,
                fact.direction,
                fact.text,
                fact.thing.id if fact.thing else None,
                source.source,
                source.method,
                source.confidence,
                source.inferred,
                source.evidence,
            )
            for fact in self.facts
            for source in fact.sources
        ]
        return pd.DataFrame(rows, columns=columns)

    def as_dict(self) -> dict[str, Any]:
        """The card as plain values, for JSON."""
        plain = asdict(self)
        plain["totals"] = [
            {"predicate": predicate, "direction": direction, "facts": count}
            for (predicate, direction), count in self.totals.items()
        ]
        for shown, fact in zip(plain["facts"], self.facts, strict=True):
            shown["text"] = fact.text
            shown["confidence"] = round(fact.confidence, 4)
        return plain

    def _repr_html_(self) -> str:
        return f"<b>{self.label}</b> ({self.type}, {self.id})" + str(
            self.frame().to_html(max_rows=60)
        )
