"""Gathering from the Freebase RDF dump: a stream, two passes, memory for what is ours alone.

The first pass finds candidates by name and notes the compound values ("mediators") and objects
that their facts point to; the second takes the facts of candidates in both directions, joins the
compound values, and reads the names of the objects. The dump may come as published (lines of one
subject together, compound facts split over a mediator) or with compound facts joined already
(`a.b..c.d`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kg_builder.alignment.config import FreebaseRdf
from kg_builder.alignment.dump import FREEBASE, Faults, freebase_lines, literal
from kg_builder.alignment.things import Fact, Gathered, NameTest, Thing, keys_of
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent

NAME: Final = "type.object.name"
ALIAS: Final = "common.topic.alias"
TYPE: Final = "type.object.type"
DESCRIPTION: Final = "common.topic.description"


@dataclass(frozen=True)
class _Mapping:
    """The data model's view of Freebase predicates, with the common namespace taken off."""

    direct: dict[str, tuple[str, bool]]
    first: frozenset[str]
    joined: dict[tuple[str, str], str]
    classes: dict[str, str]

    @classmethod
    def of(cls, schema: Schema, wanted: tuple[str, ...] | None) -> _Mapping:
        cut = len(FREEBASE)
        direct = {
            iri[cut:]: target
            for iri, target in schema.predicate_of.items()
            if iri.startswith(FREEBASE) and (wanted is None or target[0] in wanted)
        }
        compound = [name for name in direct if ".." in name]
        halves = {name: tuple(name.split("..", 1)) for name in compound}
        return cls(
            direct=direct,
            first=frozenset(pair[0] for pair in halves.values()),
            joined={(pair[0], pair[1]): name for name, pair in halves.items()},
            classes={
                iri[cut:]: name for iri, name in schema.class_of.items() if iri.startswith(FREEBASE)
            },
        )


def gather_freebase(
    database: FreebaseRdf,
    path: Path,
    ours: NameTest,
    schema: Schema,
    *,
    second_hop: frozenset[str] = frozenset(),
    progress: Progress = silent,
) -> Gathered:
    """Read a dump twice and keep what concerns things with one of our names.

    Raises:
        DataError: there is no such file.
    """
    faults = Faults()
    mapping = _Mapping.of(schema, database.predicates)
    first = _FirstPass(database, path, ours, mapping, faults)
    number = first.run(progress)
    second = _SecondPass(first, mapping, second_hop)
    # the faults were counted in the first pass already
    for line in freebase_lines(path, Faults()):
        if line[0] % 50_000 == 0:
            progress(number + line[0], 2 * number)
        second.take(*line)
    facts = second.finish()
    things = {thing.id: thing for thing in first.things.values() if thing.name}
    known = {thing.id for key, thing in first.things.items() if key in first.candidates}
    facts = [
        fact for fact in facts if fact.subject in things and (fact.literal or fact.object in things)
    ]
    return Gathered(things, known & set(things), facts, number, faults)


class _FirstPass:
    """Candidates by name; what their facts point to."""

    def __init__(
        self, database: FreebaseRdf, path: Path, ours: NameTest, mapping: _Mapping, faults: Faults
    ) -> None:
        self.database, self.path, self.ours = database, path, ours
        self.mapping, self.faults = mapping, faults
        self.languages = frozenset((*database.languages, ""))
        self.things: dict[str, Thing] = {}
        self.candidates: set[str] = set()
        self.mediators: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.per_name: dict[str, int] = defaultdict(int)

    def run(self, progress: Progress) -> int:
        """Read the dump; returns the number of lines."""
        current = ""
        names: list[tuple[str, str]] = []
        others: list[tuple[str, str]] = []
        number = 0
        for number, subject, predicate, target in freebase_lines(self.path, self.faults):
            if number % 50_000 == 0:
                progress(number)
            if subject != current:
                self._flush(current, names, others)
                current, names, others = subject, [], []
            if predicate in (NAME, ALIAS):
                value = literal(target)
                if value and value[1] in self.languages:
                    names.append((predicate, value[0]))
            elif predicate in self.mapping.direct or predicate in self.mapping.first:
                others.append((predicate, target))
        self._flush(current, names, others)
        return number

    def _flush(
        self, subject: str, names: list[tuple[str, str]], others: list[tuple[str, str]]
    ) -> None:
        texts = [text for _, text in names]
        if texts and subject not in self.candidates:
            keys = {key for text in texts for key in keys_of(text)}
            if self.ours(keys):
                crowded = [k for k in keys if self.per_name[k] >= self.database.max_namesakes]
                if crowded:
                    self.faults.add("too many namesakes", self.path.name, f"{subject} {texts[0]}")
                else:
                    self.candidates.add(subject)
                    for key in keys:
                        self.per_name[key] += 1
        if subject not in self.candidates:
            # a genre that lists one of our artists is the object of a fact turned round
            if any(target[1:-1] in self.candidates for _, target in others):
                self.thing(subject)
            return
        thing = self.thing(subject)
        for predicate, text in names:
            if predicate == NAME and text and not thing.name:
                thing.name = text
            elif text:
                thing.aliases.add(text)
        for predicate, target in others:
            if target[:1] != "<":
                continue
            if predicate in self.mapping.first:
                self.mediators[target[1:-1]].append((subject, predicate))
            if predicate in self.mapping.direct:
                self.thing(target[1:-1])

    def thing(self, key: str) -> Thing:
        """The thing of an id, made where it is new."""
        found = self.things.get(key)
        if found is None:
            found = self.things[key] = Thing(f"freebase:{key}")
        return found


class _SecondPass:
    """Facts in both directions, compound values joined, names of objects."""

    def __init__(self, first: _FirstPass, mapping: _Mapping, second_hop: frozenset[str]) -> None:
        self.first, self.mapping, self.second_hop = first, mapping, second_hop
        self.candidates, self.things = first.candidates, first.things
        self.facts: list[Fact] = []
        self.later: list[Fact] = []
        self.current = ""
        self.run_names: list[tuple[str, str, str]] = []

    def take(self, number: int, subject: str, predicate: str, target: str) -> None:
        """Take one line."""
        if subject != self.current:
            self.current, self.run_names = subject, []
        if target[:1] != "<":
            self._literal(number, subject, predicate, target)
            return
        other = target[1:-1]
        known, wanted = subject in self.candidates, other in self.candidates
        if predicate == TYPE:
            if known:
                thing = self.things[subject]
                thing.roles[f"t:{other}"] += 1
                if other in self.mapping.classes:
                    thing.classes.add(self.mapping.classes[other])
            return
        if known:
            self.things[subject].roles[f"s:{predicate}"] += 1
        if wanted:
            self.things[other].roles[f"o:{predicate}"] += 1
        for owner, start in self.first.mediators.get(subject, ()):
            self._fact(number, owner, self.mapping.joined.get((start, predicate)), other)
        if predicate in self.mapping.direct:
            if known or wanted:
                self._fact(number, subject, predicate, other)
            elif self.mapping.direct[predicate][0] in self.second_hop:
                self._later(number, subject, predicate, other)

    def finish(self) -> list[Fact]:
        """All facts, those of the second hop last."""
        touched = {fact.object for fact in self.facts} | {fact.subject for fact in self.facts}
        return self.facts + [fact for fact in self.later if fact.subject in touched]

    def _fact(self, number: int, subject: str, foreign: str | None, other: str) -> None:
        if foreign is None or subject == other:
            return
        for key in (subject, other):
            if key not in self.things:
                self._adopt(key)
        self.facts.append(self._mapped(number, subject, foreign, other))

    def _later(self, number: int, subject: str, predicate: str, other: str) -> None:
        inverse = self.mapping.direct[predicate][1]
        if (other if inverse else subject) not in self.things:
            return
        for key in (subject, other):
            if key not in self.things:
                self._adopt(key)
        self.later.append(self._mapped(number, subject, predicate, other))

    def _mapped(self, number: int, subject: str, foreign: str, other: str) -> Fact:
        local, inverse = self.mapping.direct[foreign]
        one, two = (other, subject) if inverse else (subject, other)
        return Fact(f"freebase:{one}", local, f"freebase:{two}", False, number, foreign)

    def _adopt(self, key: str) -> None:
        """Make a thing for an object; the names read in the current run are already its own."""
        thing = self.first.thing(key)
        if key == self.current:
            for _, predicate, text in self.run_names:
                _name(thing, predicate, text)

    def _literal(self, number: int, subject: str, predicate: str, target: str) -> None:
        if predicate in {NAME, ALIAS, DESCRIPTION}:
            value = literal(target)
            if value is None or value[1] not in self.first.languages:
                return
            thing = self.things.get(subject)
            if thing is None:
                self.run_names.append((subject, predicate, value[0]))
                return
            _name(thing, predicate, value[0])
        if subject in self.candidates and predicate in self.mapping.direct:
            value = literal(target)
            if value and value[1] in self.first.languages:
                local = self.mapping.direct[predicate][0]
                self.facts.append(
                    Fact(f"freebase:{subject}", local, value[0], True, number, predicate)
                )


def _name(thing: Thing, predicate: str, text: str) -> None:
    if predicate == NAME and not thing.name:
        thing.name = text
    elif predicate == DESCRIPTION:
        thing.description = thing.description or text
    elif text != thing.name:
        thing.aliases.add(text)
