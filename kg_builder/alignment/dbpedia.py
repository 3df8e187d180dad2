"""Read DBpedia's N-Triples dumps in one pass: link candidates by name, and their facts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from kg_builder.alignment.dump_contents import Fact, Gathered, Thing, Wanted, keys_of, split_title
from kg_builder.alignment.dump_lines import Faults, literal, ntriples_lines, title
from kg_builder.alignment.dump_reader import DumpReader
from kg_builder.databases import DBPEDIA, external_id
from kg_builder.ontology import Schema, curie
from kg_builder.progress import Progress, silent

TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
SAME_AS: Final = "http://www.w3.org/2002/07/owl#sameAs"
LABEL: Final = "http://www.w3.org/2000/01/rdf-schema#label"
ABOUT: Final = frozenset(
    {"http://dbpedia.org/ontology/abstract", "http://www.w3.org/2000/01/rdf-schema#comment"}
)


class DbpediaNt(DumpReader):
    """A DBpedia dump in N-Triples; names come from the IRIs if there are no labels."""

    format: Literal["dbpedia-nt"] = "dbpedia-nt"
    namespace: str = Field(DBPEDIA.namespace, description="Prefix of its resource IRIs.")

    def gather(
        self,
        path: Path,
        wanted: Wanted,
        schema: Schema,
        *,
        second_hop: frozenset[str] = frozenset(),
        progress: Progress = silent,
    ) -> Gathered:
        """Read the dump in one pass; see `gather_dbpedia`."""
        return gather_dbpedia(self, path, wanted, schema, second_hop=second_hop, progress=progress)


def gather_dbpedia(
    database: DbpediaNt,
    path: Path,
    wanted: Wanted,
    schema: Schema,
    *,
    second_hop: frozenset[str] = frozenset(),
    progress: Progress = silent,
) -> Gathered:
    """Read an N-Triples dump and keep the entries with one of our names, and their facts.

    A fact of the second hop (with a predicate in `second_hop`) is kept if its subject is an entry
    found in the first hop.

    Raises:
        DataError: there is no such file.
    """
    faults = Faults()
    gathering = _Gathering(database, wanted, schema, second_hop)
    number = 0
    for number, subject, predicate, target in ntriples_lines(path, faults):
        if number % 50_000 == 0:
            progress(number)
        if target[:1] == "<":
            gathering.add_link(subject, predicate, target[1:-1], number)
        else:
            gathering.add_literal(subject, predicate, target, number)
    gathering.add_second_hop()
    by_id = {found.id: found for found in gathering.things.values()}
    return Gathered(by_id, gathering.candidates, gathering.facts, number, faults)


class _Gathering:
    """Collect entries, candidates and facts while a dump is read triple by triple.

    Attributes:
        things: entries with one of our names and entries related to them, by IRI.
        candidates: ids of the entries that share a name with an entity.
        facts: in the order of the dump, those of the second hop last.
    """

    def __init__(
        self, database: DbpediaNt, wanted: Wanted, schema: Schema, second_hop: frozenset[str]
    ) -> None:
        self.things: dict[str, Thing] = {}
        self.candidates: set[str] = set()
        self.facts: list[Fact] = []
        self._space, self._wanted = database.namespace, wanted
        self._class_of, self._second_hop = schema.class_of, second_hop
        self._mapping = {
            iri: target
            for iri, target in schema.predicate_of.items()
            if database.predicates is None or target[0] in database.predicates
        }
        self._later: list[tuple[str, str, str, int, str]] = []
        self._is_candidate = lru_cache(maxsize=1 << 18)(self._has_our_name)

    def add_literal(self, subject: str, predicate: str, target: str, number: int) -> None:
        """Add a label, or a candidate's description or fact; other literals are not parsed."""
        if not self._is_candidate(subject) or not (value := literal(target)):
            return
        about, (text, language) = self._thing(subject), value
        if predicate == LABEL:
            about.aliases.add(split_title(text)[0])
        elif predicate in ABOUT and language in {"", "en"}:
            about.description = about.description or text
        if predicate in self._mapping and language in {"", "en"}:
            local = self._mapping[predicate][0]
            self.facts.append(Fact(about.id, local, text, True, number, predicate))
        self.candidates.add(about.id)

    def add_link(self, subject: str, predicate: str, other: str, number: int) -> None:
        """Add a class, an id in another database, or a fact that involves a candidate."""
        is_candidate = self._is_candidate(subject)
        if predicate == SAME_AS:
            if is_candidate and (elsewhere := _elsewhere(other)):
                about = self._thing(subject)
                about.same_as = tuple(dict.fromkeys((*about.same_as, elsewhere)))
                self.candidates.add(about.id)
        elif predicate == TYPE:
            if is_candidate and other in self._class_of:
                self._thing(subject).classes.add(self._class_of[other])
        else:
            is_other = self._is_candidate(other)
            if is_candidate:
                self._thing(subject).roles[f"s:{predicate}"] += 1
            if is_other:
                self._thing(other).roles[f"o:{predicate}"] += 1
            mapped = self._mapping.get(predicate)
            if mapped and subject.startswith(self._space) and other.startswith(self._space):
                local, inverse = mapped
                one, two = (other, subject) if inverse else (subject, other)
                if is_candidate or is_other:
                    about, around = self._thing(subject), self._thing(other)
                    if is_candidate:
                        self.candidates.add(about.id)
                    else:
                        about.roles[f"s:{predicate}"] += 1
                    if is_other:
                        self.candidates.add(around.id)
                    else:
                        around.roles[f"o:{predicate}"] += 1
                    first, second = (around.id, about.id) if inverse else (about.id, around.id)
                    self.facts.append(Fact(first, local, second, False, number, predicate))
                elif local in self._second_hop:
                    self._later.append((one, local, two, number, predicate))

    def add_second_hop(self) -> None:
        """Keep the facts of the second hop whose subjects were found."""
        for one, local, two, number, predicate in self._later:
            if one in self.things:
                first, second = self.things[one].id, self._thing(two).id
                self.facts.append(Fact(first, local, second, False, number, predicate))

    def _has_our_name(self, iri: str) -> bool:
        if not iri.startswith(self._space):
            return False
        if self._wanted.ids and curie(iri) in self._wanted.ids:
            return True
        text = title(iri[len(self._space) :])
        core, qualifier = split_title(text)
        return self._wanted.knows(keys_of(core) if qualifier else keys_of(text))

    def _thing(self, iri: str) -> Thing:
        found = self.things.get(iri)
        if found is None:
            core, qualifier = split_title(title(iri[len(self._space) :]))
            found = self.things[iri] = Thing(curie(iri), core, qualifier)
        return found


def _elsewhere(iri: str) -> str:
    """The CURIE of an entry in another registered database; '' for any other IRI."""
    found = external_id(iri) or ""
    return "" if found.startswith(f"{DBPEDIA.name}:") else found
