"""Read the Freebase RDF dump in two passes: link candidates by name, then their facts.

The first pass (`freebase_names`) finds candidates by name; the second takes the facts of candidates
in both directions, joins compound facts, and reads the names of the objects. The dump may come as
published (lines grouped by subject, compound facts split over a mediator node) or with compound
facts already joined (`a.b..c.d`).
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kg_builder.alignment.dump_contents import Fact, Gathered, Thing, Wanted, forget_names
from kg_builder.alignment.dump_lines import Faults, literal
from kg_builder.alignment.dump_reader import DumpReader
from kg_builder.alignment.freebase_blocks import Block, Hashes, Sieve, blocks, hash_ids
from kg_builder.alignment.freebase_names import ALIAS, NAME, FirstPass, Mapping
from kg_builder.databases import dbpedia_id
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent

TYPE: Final = "type.object.type"
DESCRIPTION: Final = "common.topic.description"
KEY: Final = "type.object.key"
_PAGE: Final = "/wikipedia/en_title/"
_SIGN: Final = re.compile(r"\$([0-9A-F]{4})")
# bits of the sieves: candidates; candidates and objects of their facts; mapped predicates;
# predicates of the second hop
_CANDIDATE, _REACHED = 1, 2
_READ, _SECOND_HOP = 1, 2


class FreebaseRdf(DumpReader):
    """The Freebase RDF dump: four tab-separated columns per line."""

    format: Literal["freebase-rdf"] = "freebase-rdf"
    languages: tuple[str, ...] = Field(
        ("en",),
        description="Languages of names; names in other languages count as aliases of a match.",
    )
    max_namesakes: int = Field(
        10,
        ge=1,
        description="Entries kept per name, those with the most mapped facts; the others are "
        "counted as rejected.",
    )

    def gather(
        self,
        path: Path,
        wanted: Wanted,
        schema: Schema,
        *,
        second_hop: frozenset[str] = frozenset(),
        progress: Progress = silent,
    ) -> Gathered:
        """Read the dump in two passes; see `gather_freebase`."""
        return gather_freebase(self, path, wanted, schema, second_hop=second_hop, progress=progress)


def gather_freebase(
    database: FreebaseRdf,
    path: Path,
    wanted: Wanted,
    schema: Schema,
    *,
    second_hop: frozenset[str] = frozenset(),
    progress: Progress = silent,
) -> Gathered:
    """Read a dump in two passes; keep the entries with one of our names or ids, and their facts.

    Raises:
        DataError: there is no such file.
    """
    faults = Faults()
    mapping = Mapping.of(schema, database.predicates, second_hop)
    first = FirstPass(
        wanted,
        mapping,
        faults,
        file=path.name,
        languages=database.languages,
        max_namesakes=database.max_namesakes,
    )
    forget_names(20_000)
    lines = 0
    for block in blocks(path, faults):
        first.take(block)
        lines = int(block.numbers[-1])
        progress(lines)
    second = _SecondPass(first, mapping)
    del first  # free the tables of the first pass before the second builds its own
    forget_names(0)
    # faults were already counted in the first pass
    for block in blocks(path, Faults()):
        second.take(block)
        progress(lines + int(block.numbers[-1]), 2 * lines)
    facts = second.finish()
    candidates = {second.things[key].id for key in second.candidates if second.things[key].name}
    facts = [
        fact
        for fact in facts
        if second.has_name(fact.subject) and (fact.literal or second.has_name(fact.object))
    ]
    used = {one for fact in facts for one in (fact.subject, fact.object)} | candidates
    things = {thing.id: thing for thing in second.things.values() if thing.id in used}
    return Gathered(things, candidates, facts, lines, faults)


class _SecondPass:
    """Second pass: collect facts in both directions, join compound values, name the objects."""

    def __init__(self, first: FirstPass, mapping: Mapping) -> None:
        self._mapping = mapping
        self._languages = first.languages
        self._to_be_named = first.to_be_named()
        self.candidates = {key.decode(): bearer.term for key, bearer in first.bearers.items()}
        """Id → whether it is found as a term of a vocabulary alone."""
        self._mediators: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for key, bearer in first.bearers.items():
            for node, predicate in sorted(bearer.mediators):
                self._mediators[node.decode()].append((key.decode(), predicate))
        self.things = {key: Thing(f"freebase:{key}") for key in self.candidates}
        self._ids = Sieve()
        self._ids.add(self.candidates, _CANDIDATE | _REACHED)
        self._ids.add(self._mediators, _REACHED)
        self._ids.add_hashes(np.array(sorted(self._to_be_named), dtype=np.uint64), _REACHED)
        halves = {half for _, half in mapping.joined}
        self._predicates = Sieve(bits=16)
        self._predicates.add({*mapping.direct, *halves, NAME, ALIAS, DESCRIPTION, TYPE, KEY}, _READ)
        self._predicates.add(mapping.further, _SECOND_HOP)
        self._texts = hash_ids([NAME, ALIAS, DESCRIPTION])
        self._facts: list[Fact] = []
        self._later: list[Fact] = []
        self._block: Block
        self._earlier: list[tuple[str, str]] = []
        self._earlier_subject = ""

    def take(self, block: Block) -> None:
        """Process the relevant lines of a block."""
        self._block = block
        subjects, objects = self._ids.bits(block.subjects), self._ids.bits(block.objects)
        objects[block.literals] = 0
        self._count_roles("o", block.objects, objects)
        self._count_roles("s", block.subjects, subjects * ~block.literals)
        predicates = self._predicates.bits(block.predicates)
        marks = ((predicates & _READ) != 0) & ((subjects & _REACHED) | (objects & _CANDIDATE) != 0)
        # the object of a second-hop fact may also be known
        marks |= ((predicates & _SECOND_HOP) != 0) & ((objects & _REACHED) != 0)
        for index in np.flatnonzero(marks).tolist():
            self._line(index)
        if block.goes_on:  # the names of a subject that spans several blocks
            subject = _text(block.subject(len(block) - 1))
            texts = self._texts_of(len(block) - 1)
            texts_before = self._earlier if subject == self._earlier_subject else []
            self._earlier, self._earlier_subject = texts_before + texts, subject

    def finish(self) -> list[Fact]:
        """All facts, those of the second hop last."""
        touched = {fact.object for fact in self._facts} | {fact.subject for fact in self._facts}
        return self._facts + [fact for fact in self._later if fact.subject in touched]

    def has_name(self, curie: str) -> bool:
        """Whether an entry with this id and a name was found."""
        thing = self.things.get(curie.partition(":")[2])
        return thing is not None and bool(thing.name)

    def _count_roles(self, role: str, sides: Hashes, bits: NDArray[np.uint8]) -> None:
        """Count the roles of candidates, grouping equal lines."""
        block = self._block
        lines = np.flatnonzero(bits & _CANDIDATE)
        pairs = sides[lines] ^ block.whole_predicates(lines)
        _, heads, counts = np.unique(pairs, return_index=True, return_counts=True)
        for index, count in zip(lines[heads].tolist(), counts.tolist(), strict=True):
            key = _text(block.subject(index) if role == "s" else block.object(index)[1:-1])
            thing = self.things.get(key) if key in self.candidates else None
            if thing and (predicate := _text(block.predicate(index))) and predicate != TYPE:
                thing.roles[sys.intern(f"{role}:{predicate}")] += count

    def _line(self, index: int) -> None:
        block = self._block
        subject, predicate = _text(block.subject(index)), _text(block.predicate(index))
        if not subject or not predicate:
            return
        target = _text(block.object(index))
        if not target.startswith("<"):
            self._literal(index, subject, predicate, target)
            return
        other = target[1:-1]
        is_subject_ours, is_object_ours = subject in self.candidates, other in self.candidates
        if predicate == TYPE:
            if is_subject_ours:
                thing = self.things[subject]
                thing.roles[sys.intern(f"t:{other}")] += 1
                if other in self._mapping.classes:
                    thing.classes.add(self._mapping.classes[other])
            return
        for owner, start in self._mediators.get(subject, ()):
            self._fact(index, owner, self._mapping.joined.get((start, predicate)), other)
        if predicate in self._mapping.direct:
            further = predicate in self._mapping.further
            # a genre's other artists are not needed
            own = not self.candidates.get(subject, True) or not self.candidates.get(other, True)
            if own or (further and (is_subject_ours or is_object_ours)):
                self._fact(index, subject, predicate, other)
            elif further:
                self._hop(index, subject, predicate, other)

    def _fact(self, index: int, subject: str, foreign: str | None, other: str) -> None:
        if foreign is None or subject == other:
            return
        self._facts.append(self._mapped(index, subject, foreign, other))

    def _hop(self, index: int, subject: str, predicate: str, other: str) -> None:
        inverse = self._mapping.direct[predicate][1]
        key, side = (other, self._block.objects) if inverse else (subject, self._block.subjects)
        if key in self.things or int(side[index]) in self._to_be_named:
            self._later.append(self._mapped(index, subject, predicate, other))

    def _mapped(self, index: int, subject: str, foreign: str, other: str) -> Fact:
        local, inverse = self._mapping.direct[foreign]
        pair = self._thing(subject, index), self._thing(other, index)
        one, two = pair[::-1] if inverse else pair
        number = int(self._block.numbers[index])
        return Fact(one.id, local, two.id, False, number, sys.intern(foreign))

    def _thing(self, key: str, index: int) -> Thing:
        """Get or create the entry of an id, with the names read in the current run."""
        found = self.things.get(key)
        if found is None:
            found = self.things[key] = Thing(f"freebase:{key}")
            is_subject = key == _text(self._block.subject(index))
            side = self._block.subjects if is_subject else self._block.objects
            self._ids.add_hashes(side[index : index + 1], _REACHED)
            if is_subject:
                earlier = self._earlier if key == self._earlier_subject else []
                for predicate, text in [*earlier, *self._texts_of(index)]:
                    self._name(found, predicate, text)
        return found

    def _texts_of(self, index: int) -> list[tuple[str, str]]:
        """Names and descriptions of a subject in the block."""
        block = self._block
        start, end = block.run(index)
        marks = (block.predicates[start:end, None] == self._texts).any(axis=1)
        return [
            (_text(block.predicate(line)), _text(block.object(line)))
            for line in (np.flatnonzero(marks) + start).tolist()
        ]

    def _literal(self, index: int, subject: str, predicate: str, target: str) -> None:
        if predicate in {NAME, ALIAS, DESCRIPTION}:
            thing = self.things.get(subject)
            if thing is None:
                if int(self._block.subjects[index]) not in self._to_be_named:
                    return
                thing = self.things[subject] = Thing(f"freebase:{subject}")
            self._name(thing, predicate, target)
        elif predicate == KEY and subject in self.candidates:
            value = literal(target)
            if value and value[0].startswith(_PAGE):
                self.things[subject].same_as = (_page(value[0]),)
        if not self.candidates.get(subject, True) and predicate in self._mapping.direct:
            value = literal(target)
            if value and value[1] in self._languages:
                local = self._mapping.direct[predicate][0]
                number = int(self._block.numbers[index])
                key = self.things[subject].id
                self._facts.append(Fact(key, local, value[0], True, number, sys.intern(predicate)))

    def _name(self, thing: Thing, predicate: str, shown: str) -> None:
        value = literal(shown)
        if value is None or value[1] not in self._languages:
            return
        text = value[0]
        if predicate == NAME and not thing.name:
            thing.name = text
        elif predicate == DESCRIPTION:
            thing.description = thing.description or text
        elif text and text != thing.name:
            thing.aliases.add(text)


def _page(key: str) -> str:
    """The DBpedia id of a Wikipedia page key, in which signs are escaped as `$0028`."""
    page = _SIGN.sub(lambda found: chr(int(found[1], 16)), key.removeprefix(_PAGE))
    return dbpedia_id(page)


def _text(raw: bytes | None) -> str:
    return raw.decode("utf-8", "replace") if raw else ""
