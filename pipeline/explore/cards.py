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
    """A source's statement of a fact.

    Attributes:
        source: name of the source in the recipe, or `inference`.
        method: extraction method: mapping, json-ld, pattern:<name>, rule:<name>, …
        confidence: probability in (0, 1] that the source states the fact.
        evidence: location: `file#line=12`, `file#/json/pointer`; for a rule its premises.
        inferred: whether it is inferred rather than stated.
    """

    source: str
    method: str
    confidence: float
    evidence: str
    inferred: bool


@dataclass(frozen=True)
class Thing:
    """An entity's id, label and class."""

    id: str
    label: str
    type: str


@dataclass(frozen=True)
class Fact:
    """A fact about a card's entity.

    Attributes:
        predicate: local name in the data model.
        label: label of the predicate.
        phrase: readable phrase for the predicate, or ''.
        direction: `out` if the entity is the subject, `in` if the object.
        value: the literal, or the CURIE of the other entity.
        kind: `entity`, or the literal's datatype.
        thing: the other entity of a relation.
        sources: statements of the fact, the most confident first.
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
        """The value as readable text."""
        return self.thing.label if self.thing is not None else self.value

    @property
    def confidence(self) -> float:
        """Probability that at least one source is right, assuming independence."""
        doubt = 1.0
        for source in self.sources:
            doubt *= 1.0 - source.confidence
        return 1.0 - doubt

    @property
    def inferred(self) -> bool:
        """Whether all its statements are inferred."""
        return all(source.inferred for source in self.sources)


@dataclass(frozen=True)
class Record:
    """A source record or database entry of an entity: the origin of its name and class.

    Attributes:
        record: key, `<source>/<record id>`, or the CURIE in the database.
        source: name of the source or database.
        name, type: as stated by it.
        evidence: its location; for a database, the first fact with the entity.
        method: `record`, or the method of the link to the database.
        score: probability that the record or entry is this entity.
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
    """A value dropped by cleaning, with the reason."""

    predicate: str
    value: str
    source: str
    reason: str
    evidence: str


@dataclass(frozen=True)
class Hit:
    """An entity found by a search.

    Attributes:
        id, label, type: of the entity.
        name: the matching name or alias.
        degree: number of distinct facts with the entity.
        score: similarity of that name to the text, 0 to 100; 100 for the same name.
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
        iri: full IRI.
        label, type: name and class.
        classes: the class and its superclasses, most specific first.
        aliases: other names.
        external_ids: CURIE in another database → web address.
        facts: those with the entity as subject, then as object; at most `most` per predicate and
            direction, those with the best connected entities.
        totals: (predicate, direction) → number of distinct facts.
        records: the records it was fused from, and its links to databases.
        lost: values dropped by cleaning.
        same_name: other entities with the requested name.
        degree: number of distinct facts with the entity.
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
        """Group the facts by predicate and direction: key, facts shown, total."""
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
        """The card as JSON-compatible values."""
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
