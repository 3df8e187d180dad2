"""Fuse a cluster's records into one entity: most trusted value first, alternatives kept."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from kg_builder.credits import is_featuring, swapped
from kg_builder.fusion.config import SourceTraits
from kg_builder.fusion.normalize import name_key, natural_order, parse_name, without_edition
from kg_builder.ontology import Schema


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a record that fusion reads.

    Attributes:
        named: number of statements about others that name it.
    """

    key: str
    source: str
    type: str
    name: str
    aliases: tuple[str, ...]
    external_ids: tuple[str, ...]
    attributes: Mapping[str, Sequence[str]]
    named: int = 1


@dataclass(frozen=True, slots=True)
class Fused:
    """An entity before it has a CURIE.

    Attributes:
        qualifiers: qualifiers that distinguish it from namesakes, best first.
        rank: sort key of namesakes by how much the sources state of them; unique.
    """

    type: str
    name: str
    aliases: tuple[str, ...]
    external_ids: tuple[str, ...]
    attributes: str
    qualifiers: tuple[str, ...]
    rank: tuple[int | float | str, ...]


def fuse(
    records: Sequence[Record],
    schema: Schema,
    traits: Mapping[str, SourceTraits],
    spelling: Callable[[Record], tuple[object, ...]] = lambda record: (),
) -> Fused:
    """Fuse the records of one cluster.

    The class is the most specific one; the name is the most trusted source's, in natural order,
    without the remark of an edition if there is one without, and of equally trusted spellings of
    an agent or a work the most frequent one, then the first by `spelling`. An attribute's values
    are ordered by total trust (a more specific date before its year); the first is used, the others
    are kept as alternatives.
    """
    default = SourceTraits()
    type_ = schema.most_specific({record.type for record in records})
    agent, work = schema.is_a(type_, "Agent"), schema.is_a(type_, "Work")
    ordered = list(records)
    if len(records) > 1:
        prefixes = {item.prefix for item in schema.classes.values()}
        spelt: Counter[str] = Counter()
        for record in records if agent or work else ():
            spelt[record.name] += record.named
        judge = spelling if agent or work else (lambda record: ())
        ordered.sort(
            key=lambda record: _preference(record, traits, default, prefixes, spelt, judge)
        )
    best = ordered[0]
    if type_ == "Artist" and is_featuring(best.name) and "Collaboration" in schema.classes:
        type_ = "Collaboration"
    name = display_name(best.name, type_, schema)
    others: dict[str, None] = {}
    for record in ordered:
        others.update(dict.fromkeys((record.name, *record.aliases)))
    aliases = sorted(set(others) - {name} - {""})
    attributes = _attributes(ordered, traits, default)
    primary = any(traits.get(r.source, default).primary for r in records)
    return Fused(
        type=type_,
        name=name,
        aliases=tuple(aliases),
        external_ids=tuple(sorted({each for r in records for each in r.external_ids})),
        attributes=json.dumps(attributes, ensure_ascii=False, sort_keys=True),
        qualifiers=_qualifiers(ordered, attributes, type_, schema, agent=agent),
        rank=(not primary, -len(records), best.source, *natural(best.key)),
    )


def display_name(name: str, type_: str, schema: Schema) -> str:
    """The name in natural order, without a disambiguating qualifier."""
    if not schema.is_a(type_, "Agent"):
        return natural_order(" ".join(name.split()))
    shown = parse_name(name).display
    if schema.is_a(type_, "Person") and (turned := swapped(shown)):
        return turned
    return shown or name


def natural(key: str) -> tuple[int | str, ...]:
    """A key that sorts 'lastfm/9' before 'lastfm/10'."""
    head = key.rstrip("0123456789")
    digits = key[len(head) :]
    return (head, int(digits) if digits else -1)


def _preference(
    record: Record,
    traits: Mapping[str, SourceTraits],
    default: SourceTraits,
    prefixes: Container[str],
    spelt: Mapping[str, int],
    spelling: Callable[[Record], tuple[object, ...]],
) -> tuple[object, ...]:
    """Sort key; a source's record comes before what the source only names, such as a guest."""
    about = traits.get(record.source, default)
    inverted = natural_order(record.name) != record.name
    of_edition = without_edition(record.name) != record.name
    named = record.key.removeprefix(f"{record.source}/").partition("/")[0] in prefixes
    best = (named, -spelt[record.name], *spelling(record), record.source, natural(record.key))
    return (not about.primary, -about.trust, inverted, of_edition, *best)


def _attributes(
    records: Sequence[Record], traits: Mapping[str, SourceTraits], default: SourceTraits
) -> dict[str, list[str]]:
    stated: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for record in records:
        trust = traits.get(record.source, default).trust
        for predicate, several in record.attributes.items():
            stated[predicate] += [(value, trust) for value in several]
    found = {}
    for predicate, trusted in sorted(stated.items()):
        if len(trusted) == 1:
            found[predicate] = [trusted[0][0]]
            continue
        values: dict[str, float] = defaultdict(float)
        for value, trust in trusted:
            values[value] += trust
        # A year supports every date in it; so the more specific of two agreeing dates wins.
        support = {
            value: sum(w for other, w in values.items() if value.startswith(other))
            for value in values
        }
        found[predicate] = sorted(values, key=lambda v: (-support[v], -len(v), v))
    return found


def _qualifiers(
    records: Sequence[Record],
    attributes: Mapping[str, Sequence[str]],
    type_: str,
    schema: Schema,
    *,
    agent: bool,
) -> tuple[str, ...]:
    found: list[str] = []
    if agent:
        found += [q for r in records if (q := parse_name(r.name).qualifier) and not q.isdigit()]
    if (rule := schema.identity(type_)) and not rule.reifies:
        for predicate in rule.identified_by:
            found += attributes.get(predicate, ())[:1]
    found += _first_performer(records)
    for predicate in ("country", "origin", "birthPlace", "locatedIn"):
        found += attributes.get(predicate, ())[:1]
    for predicate in ("beginDate", "releaseDate", "eventDate"):
        found += [value[:4] for value in attributes.get(predicate, ())[:1]]
    label = schema.classes[type_].label if type_ in schema.classes else type_
    if label != schema.prefix(type_):  # 'artist:Air_(artist)' would be redundant
        found.append(label)
    own = {name_key(record.name) for record in records}
    return tuple(dict.fromkeys(text for text in found if name_key(text) not in own))


def _first_performer(records: Sequence[Record]) -> list[str]:
    """The performer that most records list first; guests follow."""
    first = Counter(r.attributes["performer"][0] for r in records if r.attributes.get("performer"))
    return [performer for performer, _ in first.most_common(1)]
