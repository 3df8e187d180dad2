"""Turn an external database's facts about linked entities into statements and new entities."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kg_builder.alignment.dump_contents import Fact, Gathered, Thing
from kg_builder.alignment.type_evidence import best_class, class_weights, weights_for_and_against
from kg_builder.fusion.entity_names import Naming, assign_curies
from kg_builder.ontology import Schema

_DATES: Final = (
    (re.compile(r"^-?\d{4,}$"), "gYear"),
    (re.compile(r"^-?\d{4,}-\d\d$"), "gYearMonth"),
    (re.compile(r"^-?\d{4,}-\d\d-\d\d"), "date"),
)


@dataclass(slots=True)
class ImportedFacts:
    """The statements and entities imported from one database.

    Attributes:
        statements: rows of `STATEMENTS`.
        minted: rows of `ENTITIES` for database entries linked to none of our entities.
        curies: entry id → CURIE of the minted entity.
        rejects: (reason, evidence, detail) of facts that were not used.
    """

    statements: list[dict[str, Any]] = field(default_factory=list)
    minted: list[dict[str, Any]] = field(default_factory=list)
    curies: dict[str, str] = field(default_factory=dict)
    rejects: list[tuple[str, str, str]] = field(default_factory=list)


def import_facts(
    gathered: Gathered,
    linked: Mapping[str, tuple[str, float]],
    focus: Collection[str],
    *,
    schema: Schema,
    source: str,
    method: str,
    file: str,
    trust: float,
    taken: Iterable[str],
    second_hop: frozenset[str],
) -> ImportedFacts:
    """Convert facts to statements; mint entities for objects that are not linked.

    Args:
        gathered: entries and facts of the database.
        linked: entry id → our CURIE and the probability of the link.
        focus: linked entries whose facts are imported (artists and works); a genre or a country
            must not bring in all its artists.
        schema: the data model.
        source, method, file, trust: provenance of the statements.
        taken: CURIEs in use.
        second_hop: predicates imported for the objects of the first hop as well.
    """
    found = ImportedFacts()
    first = [
        f for f in gathered.facts if f.subject in focus or (not f.literal and f.object in focus)
    ]
    reached = {key for f in first if not f.literal for key in (f.subject, f.object)} | set(linked)
    chosen = set(map(id, first))
    second = [
        f
        for f in gathered.facts
        if id(f) not in chosen
        and not f.literal
        and f.predicate in second_hop
        and f.subject in reached
    ]
    kept: list[Fact] = []
    types: dict[str, str] = {}
    fits: dict[tuple[str, tuple[str, ...]], str] = {}
    seen: set[tuple[str, str, str]] = set()
    for fact in [*first, *second]:
        # two predicates of the database may map to the same fact
        key = (fact.subject, fact.predicate, fact.object)
        if key in seen:
            continue
        seen.add(key)
        evidence = f"{file}#line={fact.line}"
        fault = _fault(fact, gathered, linked, types, fits, schema)
        if fault:
            found.rejects.append(
                (fault, evidence, f"{fact.subject} {fact.predicate} {fact.object}")
            )
        else:
            kept.append(fact)
    needed = {key for f in kept for key in (f.subject, *(() if f.literal else (f.object,)))}
    _mint(sorted(needed - set(linked)), gathered.things, types, schema, taken, found)
    for fact in kept:
        subject, subject_score = _entity(fact.subject, linked, found.curies)
        if fact.literal:
            target, kind, object_score = fact.object, literal_kind(fact, schema), 1.0
        else:
            target, object_score = _entity(fact.object, linked, found.curies)
            kind = "entity"
        evidence = f"{file}#line={fact.line}"
        if subject == target and kind == "entity":
            found.rejects.append(
                ("subject and object are one entity", evidence, f"{fact.predicate} {subject}")
            )
            continue
        found.statements.append(
            {
                "subject": subject,
                "predicate": fact.predicate,
                "object": target,
                "object_kind": kind,
                "source": source,
                "method": method,
                "confidence": round(trust * min(subject_score, object_score), 4),
                "evidence": evidence,
                "inferred": False,
            }
        )
    return found


def literal_kind(fact: Fact, schema: Schema) -> str:
    """Kind of a literal by the predicate's datatype, a date's by its precision; '' if none fits."""
    datatype = schema.predicate(fact.predicate).datatype or "string"
    if datatype not in {"date", "gYear", "gYearMonth"}:
        return datatype
    return next((kind for pattern, kind in _DATES if pattern.match(fact.object)), "")


def _fault(
    fact: Fact,
    gathered: Gathered,
    linked: Mapping[str, tuple[str, float]],
    types: dict[str, str],
    fits: dict[tuple[str, tuple[str, ...]], str],
    schema: Schema,
) -> str:
    predicate = schema.predicate(fact.predicate)
    if fact.literal:
        if not predicate.is_attribute:
            return "a literal where a thing belongs"
        return "" if literal_kind(fact, schema) else "not a date"
    if predicate.is_attribute:
        return "a thing where a literal belongs"
    for key, allowed in ((fact.subject, predicate.domain), (fact.object, predicate.range)):
        if key in linked:
            continue
        thing = gathered.things[key]
        if not thing.name:
            return "the other side has no name"
        # cached: a label occurs in thousands of facts, always in the same role
        if (key, allowed) not in fits:
            fits[key, allowed] = thing_type(thing, allowed, schema)
        type_ = fits[key, allowed]
        if not type_:
            return "the other side is of another class"
        earlier = types.get(key)
        types[key] = (
            schema.most_specific((earlier, type_))
            if earlier and schema.compatible(earlier, type_)
            else earlier or type_
        )
    return ""


def thing_type(thing: Thing, allowed: Sequence[str], schema: Schema) -> str:
    """The class of an entry among the allowed classes; '' if it has none of them."""
    weights = class_weights(thing, schema)
    allowed = tuple(allowed) or ("Entity",)
    chances = [weights_for_and_against(weights, one, schema) for one in allowed]
    if weights and all(contra > 2 * pro + 2 for pro, contra in chances):
        return ""
    if best := best_class(weights, allowed, schema):
        return best
    pros = [pro for pro, _ in chances]
    return allowed[pros.index(max(pros))]


def _mint(
    keys: Sequence[str],
    things: Mapping[str, Thing],
    types: Mapping[str, str],
    schema: Schema,
    taken: Iterable[str],
    found: ImportedFacts,
) -> None:
    items = []
    for key in keys:
        thing, type_ = things[key], types[key]
        label = schema.classes[type_].label
        hints = tuple(text for text in (thing.qualifier, label) if text)
        rank = (-thing.degree, bool(thing.qualifier), key)
        items.append(
            Naming(schema.prefix(type_), thing.name, hints, tuple(sorted(thing.aliases)), rank)
        )
    for key, curie in zip(keys, assign_curies(items, taken=taken), strict=True):
        thing = things[key]
        found.curies[key] = curie
        found.minted.append(
            {
                "entity": curie,
                "type": types[key],
                "name": thing.name,
                "aliases": sorted(thing.aliases - {thing.name}),
                "external_ids": sorted({key, *thing.same_as}),
                "attributes": "{}",
                "records": 0,
            }
        )


def _entity(
    key: str, linked: Mapping[str, tuple[str, float]], minted: Mapping[str, str]
) -> tuple[str, float]:
    return linked[key] if key in linked else (minted[key], 1.0)
