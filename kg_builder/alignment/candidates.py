"""Generate link candidates: entries of an external database that share a name with an entity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from kg_builder.alignment.dump_contents import Gathered, Thing, keys_of, term_key
from kg_builder.alignment.spelling_variants import VariantKind, umlauts_written_out, variant_keys
from kg_builder.fusion.config import FusionConfig
from kg_builder.fusion.normalize import name_key, parse_name, squeeze
from kg_builder.fusion.profiles import values
from kg_builder.ontology import Schema

NameMatch = Literal[
    "identical", "equal", "variant", "reading", "respelled", "near", "alias", "term", "stated"
]
"""How two names match: exactly; case-folded; without spaces or in Latin letters; the text in
brackets; with numbers spelled out or another transcription; up to a letter or a word; by an alias;
as vocabulary terms; by an id that a source states."""

_ORDER: tuple[NameMatch, ...] = (
    "stated", "identical", "equal", "term", "variant", "reading", "respelled", "alias", "near",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnEntity:
    """The fields of one of our entities that alignment reads.

    Attributes:
        qualifier: what distinguishes it from namesakes ('UK'), or ''.
        term: whether its class is a vocabulary, whose entities are identified by name alone.
        native: whether one of our sources describes it, as opposed to an earlier database.
        popularity: number of its interactions.
    """

    curie: str
    type: str
    name: str
    aliases: tuple[str, ...]
    external_ids: tuple[str, ...]
    qualifier: str
    term: bool
    native: bool
    popularity: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair of an entity and a database entry with the same name."""

    entity: int
    thing: str
    name_match: NameMatch
    name: str


class NameIndex:
    """Index of our entities by every key of every name."""

    def __init__(self, entities: list[OwnEntity]) -> None:
        self.entities = entities
        self._by_key: dict[str, list[tuple[int, bool]]] = defaultdict(list)
        self._by_id: dict[str, list[int]] = defaultdict(list)
        for position, item in enumerate(entities):
            seen: set[str] = set()
            for rank, text in enumerate((item.name, *item.aliases)):
                keys = (term_key(text, item.type),) if item.term else self._own_keys(text)
                for key in keys:
                    if key and key not in seen:
                        seen.add(key)
                        self._by_key[key].append((position, rank == 0))
            for external in item.external_ids:
                self._by_id[external].append(position)
        self._by_variant: dict[str, list[tuple[int, VariantKind]]] = defaultdict(list)
        for position, item in enumerate(entities):
            if item.native and not item.term:
                for key, kind in variant_keys(item.name):
                    self._by_variant[key].append((position, kind))

    @staticmethod
    def _own_keys(text: str) -> tuple[str, ...]:
        parsed = parse_name(text)
        return (parsed.squeezed, *map(squeeze, parsed.alternatives))

    @property
    def keys(self) -> Set[str]:
        """All keys of our names, spelling variants included."""
        return self._by_key.keys() | self._by_variant.keys()

    def candidates(self, gathered: Gathered) -> list[Candidate]:
        """All pairs of an entity and an entry that share a name, with the most exact match."""
        best: dict[tuple[int, str], Candidate] = {}
        for key in sorted(gathered.candidates):
            for found in self._of(gathered.things[key]):
                pair = (found.entity, found.thing)
                earlier = best.get(pair)
                if earlier is None or _ORDER.index(found.name_match) < _ORDER.index(
                    earlier.name_match
                ):
                    best[pair] = found
        return [best[pair] for pair in sorted(best)]

    def _of(self, thing: Thing) -> Iterable[Candidate]:
        for external in (thing.id, *thing.same_as):
            for position in self._by_id.get(external, ()):
                yield Candidate(position, thing.id, "stated", thing.name)
        for text in (thing.name, *sorted(thing.aliases)):
            main = text == thing.name
            for rank, key in enumerate(keys_of(text)):
                for position, own_name in self._by_key.get(key, ()):
                    name_match = _name_match(self.entities[position], text, rank, main and own_name)
                    yield Candidate(position, thing.id, name_match, text)
        for key in keys_of(thing.name):
            for position, kind in self._by_variant.get(key, ()):
                same = umlauts_written_out(thing.name) == squeeze(
                    name_key(self.entities[position].name)
                )
                yield Candidate(position, thing.id, "respelled" if same else kind, thing.name)


def _name_match(entity: OwnEntity, text: str, rank: int, main: bool) -> NameMatch:
    if not main:
        return "alias"
    if entity.term:
        return "term"
    if entity.name.casefold() == text.casefold():
        return "identical"
    one, other = parse_name(entity.name), parse_name(text)
    if one.key == other.key:
        # initials are read as a word ('R.E.M.' is 'REM'), but 'A.C.T' need not be 'Act'
        dotted = "." in entity.name[1:-1], "." in text[1:-1]
        return "variant" if len(one.key) <= 5 and dotted[0] != dotted[1] else "equal"
    if one.squeezed == other.squeezed and rank == 0:
        return "variant"
    return "reading"


def our_entities(
    entities: pd.DataFrame,
    schema: Schema,
    types: tuple[str, ...],
    popularity: Mapping[str, int] | None = None,
) -> list[OwnEntity]:
    """Convert the table to `OwnEntity` rows; those of classes not aligned get no names."""
    terms = FusionConfig()
    found = []
    for curie, type_, name, aliases, external, records in zip(
        values(entities, "entity"),
        values(entities, "type"),
        values(entities, "name"),
        values(entities, "aliases"),
        values(entities, "external_ids"),
        values(entities, "records"),
        strict=True,
    ):
        if not any(schema.is_a(type_, wanted) for wanted in types):
            continue
        found.append(
            OwnEntity(
                curie=curie,
                type=type_,
                name=name,
                aliases=tuple(aliases),
                external_ids=tuple(external),
                qualifier=_qualifier((name, *aliases)),
                term=terms.is_vocabulary(type_),
                native=records > 0,
                popularity=(popularity or {}).get(curie, 0),
            )
        )
    return found


def _qualifier(names: tuple[str, ...]) -> str:
    for text in names:
        if qualifier := parse_name(text).qualifier:
            return qualifier
    return ""
