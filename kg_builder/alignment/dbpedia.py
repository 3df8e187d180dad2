"""Gathering from DBpedia: names come from the IRIs, so one pass tells candidates and facts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from kg_builder.alignment.dump_lines import Faults, literal, ntriples_lines, title
from kg_builder.alignment.dump_reader import DumpReader
from kg_builder.alignment.things import Fact, Gathered, Thing, Wanted, keys_of, split_title
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
    """N-Triples of DBpedia; names are read from the IRIs where there are no labels."""

    format: Literal["dbpedia-nt"] = "dbpedia-nt"
    namespace: str = Field(DBPEDIA.namespace, description="What the IRIs of its things start with.")

    def gather(
        self,
        path: Path,
        wanted: Wanted,
        schema: Schema,
        *,
        second_hop: frozenset[str] = frozenset(),
        progress: Progress = silent,
    ) -> Gathered:
        """Read the dump once; see `gather_dbpedia`."""
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
    """Read an N-Triples dump and keep what concerns things with one of our names.

    A fact of the second hop (one of the predicates in `second_hop`)
    is kept where its subject is a thing that the first hop knows.

    Raises:
        DataError: there is no such file.
    """
    faults = Faults()
    things: dict[str, Thing] = {}
    candidates: set[str] = set()
    facts: list[Fact] = []
    later: list[tuple[str, str, str, int, str]] = []
    space = database.namespace
    mapping = {
        iri: target
        for iri, target in schema.predicate_of.items()
        if database.predicates is None or target[0] in database.predicates
    }

    @lru_cache(maxsize=1 << 18)
    def is_candidate(iri: str) -> bool:
        if not iri.startswith(space):
            return False
        if wanted.ids and curie(iri) in wanted.ids:
            return True
        text = title(iri[len(space) :])
        core, qualifier = split_title(text)
        return wanted.knows(keys_of(core) if qualifier else keys_of(text))

    def thing(iri: str) -> Thing:
        found = things.get(iri)
        if found is None:
            core, qualifier = split_title(title(iri[len(space) :]))
            found = things[iri] = Thing(curie(iri), core, qualifier)
        return found

    number = 0
    for number, subject, predicate, target in ntriples_lines(path, faults):
        if number % 50_000 == 0:
            progress(number)
        known = is_candidate(subject)
        if target[:1] != "<":
            if known and (value := literal(target)):
                _literal(thing(subject), predicate, value, mapping, facts, number)
                candidates.add(thing(subject).id)
            continue
        other = target[1:-1]
        if predicate == SAME_AS:
            if known and (elsewhere := _elsewhere(other)):
                about = thing(subject)
                about.same_as = tuple(dict.fromkeys((*about.same_as, elsewhere)))
                candidates.add(about.id)
            continue
        if predicate == TYPE:
            if known and other in schema.class_of:
                thing(subject).classes.add(schema.class_of[other])
            continue
        if known:
            thing(subject).roles[f"s:{predicate}"] += 1
        known_too = is_candidate(other)
        if known_too:
            thing(other).roles[f"o:{predicate}"] += 1
        if predicate not in mapping or not (subject.startswith(space) and other.startswith(space)):
            continue
        local, inverse = mapping[predicate]
        one, two = (other, subject) if inverse else (subject, other)
        if known or known_too:
            for iri, is_ours, place in ((subject, known, "s"), (other, known_too, "o")):
                if is_ours:
                    candidates.add(thing(iri).id)
                else:
                    thing(iri).roles[f"{place}:{predicate}"] += 1
            facts.append(Fact(thing(one).id, local, thing(two).id, False, number, predicate))
        elif local in second_hop:
            later.append((one, local, two, number, predicate))
    for one, local, two, number_, predicate in later:
        if one in things:
            facts.append(Fact(things[one].id, local, thing(two).id, False, number_, predicate))
    by_id = {found.id: found for found in things.values()}
    return Gathered(by_id, candidates, facts, number, faults)


def _elsewhere(iri: str) -> str:
    """The CURIE of a thing in another database that we know; '' for any other."""
    found = external_id(iri) or ""
    return "" if found.startswith(f"{DBPEDIA.name}:") else found


def _literal(
    about: Thing,
    predicate: str,
    value: tuple[str, str],
    mapping: dict[str, tuple[str, bool]],
    facts: list[Fact],
    number: int,
) -> None:
    text, language = value
    if predicate == LABEL:
        about.aliases.add(split_title(text)[0])
    elif predicate in ABOUT and language in {"", "en"}:
        about.description = about.description or text
    if predicate in mapping and language in {"", "en"}:
        facts.append(Fact(about.id, mapping[predicate][0], text, True, number, predicate))
