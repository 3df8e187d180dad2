"""Serialise the graph as Turtle, N-Triples, and TriG with provenance, in a fixed order.

pyoxigraph serialises the terms that need escapes. Lines, prefix declarations (whose order
pyoxigraph does not fix), section headings and empty lines are written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyoxigraph as ox
from numpy.typing import NDArray

from kg_builder.extraction.user_facts import USER
from kg_builder.ontology import PREFIXES, Schema
from kg_builder.ontology.iris import RESOURCE
from kg_builder.tables import LITERAL_KINDS
from kg_builder.triples.graph import described, node, rows_of, term
from kg_builder.triples.users import UserNumbering

_ALWAYS = ("mkg", "rdfs", "owl", "xsd", "skos")
_TYPE: Final = str(node("rdf:type"))
_XSD: Final = PREFIXES["xsd"]
_SIMPLE_NAME: Final = re.compile(r"([a-z-]+):([A-Za-z0-9_][A-Za-z0-9_-]*)")
_ESCAPED: Final = re.compile(r'["\\]')
_ABBREVIATED: Final = frozenset({"integer", "decimal", "boolean"})
"""Kinds of literals that Turtle may write without quotes."""


def prefixes(used: Iterable[str]) -> dict[str, str]:
    """The given prefixes and those that every file needs: vocabularies first, then entities."""
    found = {*_ALWAYS, *used}
    own = sorted(found - PREFIXES.keys())
    return {prefix: iri for prefix, iri in PREFIXES.items() if prefix in found} | {
        prefix: f"{RESOURCE}{prefix}/" for prefix in own
    }


@dataclass(frozen=True)
class Piece:
    """A block of triples, in both serialisations."""

    turtle: bytes
    ntriples: bytes


def block_of_graph(things: pd.DataFrame, facts: pd.DataFrame, used: dict[str, str]) -> Piece:
    """Serialise the triples of some entities; see `described` for the tables.

    Args:
        things, facts: the entities and their facts.
        used: prefixes of the file, with their namespaces.
    """
    triples = described(things, facts)
    subjects = things["entity"].to_numpy(dtype=object)[
        np.searchsorted(things["position"].to_numpy(), triples["position"].to_numpy())
    ]
    lines = _Lines(subjects, triples, used)
    lines.write_out_dotted(used)
    return Piece(lines.turtle(blank="\n"), lines.ntriples())


def heading(type_: str, size: int, schema: Schema) -> str:
    """The heading line of a class."""
    label = schema.classes[type_].label if type_ in schema.classes else type_
    text = f"# {label} ({size:,}) "
    return f"\n{text}{'-' * (99 - len(text))}\n"


class _Lines:
    """Writes triples as text; each distinct term is serialised once.

    Args:
        subjects: CURIE of each triple's subject; triples of a subject stand together.
        triples: `predicate`, `object`, `object_kind`.
        used: prefixes of the file, with their namespaces.
    """

    def __init__(
        self, subjects: NDArray[np.object_], triples: pd.DataFrame, used: dict[str, str]
    ) -> None:
        objects, values = pd.factorize(triples["object"].to_numpy(dtype=object))
        kinds, kind_names = pd.factorize(triples["object_kind"].to_numpy(dtype=object))
        pairs, distinct = pd.factorize(objects * len(kind_names) + kinds)
        own = np.divmod(distinct, max(len(kind_names), 1))
        self._subjects, names = pd.factorize(subjects)
        self._predicates, predicates = pd.factorize(triples["predicate"].to_numpy(dtype=object))
        things = _texts(values[own[0]].tolist(), kind_names[own[1]].tolist(), used)
        ends = np.array([text.endswith(".>") for text in things.ntriples.tolist()], np.bool_)
        self._dotted = ends[pairs]
        self._terms = (
            _texts(names.tolist(), ["entity"] * len(names), used).take(self._subjects),
            _texts(list(predicates), ["entity"] * len(predicates), used).take(self._predicates),
            things.take(pairs),
        )

    def write_out_dotted(self, used: dict[str, str]) -> None:
        """Write IRIs in full where an object of the entity ends in a dot, as dbpedia:R.E.M. does.

        Turtle writes it with an escape, `R.E.M\\.`, which rdflib cannot parse. All IRIs of the
        entity that share its prefix are written in full.
        """
        plain = self._terms[2].ntriples
        ends = np.flatnonzero(self._dotted)
        for subject in dict.fromkeys(self._subjects[ends].tolist()):
            rows = np.flatnonzero(self._subjects == subject)
            dotted = [text[1:] for text in plain[rows].tolist() if text.endswith(".>")]
            spaces = tuple(
                f"<{iri}" for iri in used.values() if any(t.startswith(iri) for t in dotted)
            )
            for terms in self._terms:
                for row in rows:
                    if spaces and terms.ntriples[row].startswith(spaces):
                        terms.turtle[row] = terms.ntriples[row]

    def turtle(self, *, indent: str = "", blank: str = "") -> bytes:
        """Turtle, with objects of one subject and predicate in a list.

        Args:
            indent: before each line.
            blank: before each subject.
        """
        subjects, predicates, objects = (terms.turtle for terms in self._terms)
        new_subject = np.append(True, self._subjects[1:] != self._subjects[:-1])
        new = np.append(True, self._predicates[1:] != self._predicates[:-1]) | new_subject
        words = np.full(2 * len(objects), " , ", object)
        verbs = np.where(self._terms[1].ntriples == _TYPE, "a", predicates)[new].tolist()
        words[::2][new] = [f" ;\n{indent}\t{verb} " for verb in verbs]
        first = new_subject[new]
        words[::2][new_subject] = [
            f" .\n{blank}{indent}{subject} {verb} "
            for subject, verb in zip(
                subjects[new_subject].tolist(), compress(verbs, first), strict=True
            )
        ]
        words[1::2] = objects
        return ("".join(words.tolist())[3:] + " .\n").encode()

    def ntriples(self) -> bytes:
        """N-Triples, a line for each triple."""
        words = np.full(6 * len(self._subjects), " ", object)
        for place, terms in enumerate(self._terms):
            words[2 * place :: 6] = terms.ntriples
        words[5::6] = " .\n"
        return "".join(words.tolist()).encode()


class _Texts(NamedTuple):
    """Terms in both syntaxes."""

    turtle: NDArray[np.object_]
    ntriples: NDArray[np.object_]

    def take(self, codes: NDArray[np.intp]) -> _Texts:
        """The texts of the terms with these numbers."""
        return _Texts(self.turtle[codes], self.ntriples[codes])


def _texts(values: Sequence[str], kinds: Sequence[str], used: dict[str, str]) -> _Texts:
    """Write terms in both syntaxes: simple names and values directly, others by pyoxigraph.

    Args:
        values, kinds: as of `term`.
        used: prefixes of the file, with their namespaces.
    """
    turtle, plain = [""] * len(values), [""] * len(values)
    others = []
    for number, (value, kind) in enumerate(zip(values, kinds, strict=True)):
        if kind not in LITERAL_KINDS:
            simple = _SIMPLE_NAME.fullmatch(value)
            if simple and simple[1] in used:
                turtle[number], plain[number] = value, f"<{used[simple[1]]}{simple[2]}>"
                continue
        elif kind not in _ABBREVIATED and value.isprintable() and not _ESCAPED.search(value):
            xsd = ("", "") if kind == "string" else (f"^^xsd:{kind}", f"^^<{_XSD}{kind}>")
            turtle[number], plain[number] = f'"{value}"{xsd[0]}', f'"{value}"{xsd[1]}'
            continue
        others.append(number)
    verb = ox.NamedNode("x:p")
    terms = [term(values[number], kinds[number]) for number in others]
    triples = [ox.Triple(ox.NamedNode(f"x:{n}"), verb, one) for n, one in enumerate(terms)]
    text = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=used) or b""
    lines = (line for line in text.decode().split("\n") if line.startswith("<x:"))
    for number, one, line in zip(others, terms, lines, strict=True):
        turtle[number], plain[number] = line.split(" ", 2)[2].removesuffix(" ."), str(one)
    return _Texts(np.array(turtle, object), np.array(plain, object))


def block_of_provenance(
    source: str, method: str, facts: pd.DataFrame, used: dict[str, str], *, first: bool
) -> bytes:
    """Serialise some facts in the named graph of their source and method.

    Args:
        source, method: provenance of the facts.
        facts: `subject`, `predicate`, `object`, `object_kind`.
        used: prefixes of the file, with their namespaces.
        first: whether the graph itself is described before its facts.
    """
    graph = node(f"source:{source}/{method}")
    about = [
        ox.Triple(graph, node("prov:wasDerivedFrom"), node(f"source:{source}")),
        ox.Triple(graph, node("prov:wasGeneratedBy"), ox.Literal(method)),
    ]
    head = turtle_body(about, ox.RdfFormat.TURTLE, used) if first else b""
    [name] = _texts([f"source:{source}/{method}"], ["entity"], used).turtle
    lines = _Lines(facts["subject"].to_numpy(dtype=object), facts, used)
    return b"\n%b\n%b {\n%b}\n" % (head, name.encode(), lines.turtle(indent="\t"))


def users_turtle(numbering: UserNumbering, *, title: str) -> Iterator[bytes]:
    """Serialise the facts about users as Turtle, by user; the same input gives the same bytes.

    Args:
        numbering: the triples with their names.
        title: first line of the file.
    """
    relations, entities = (
        [node(name) for name in table["iri"]] for table in (numbering.relations, numbering.entities)
    )
    label, type_ = node("rdfs:label"), node("rdf:type")
    about: list[ox.Triple] = []
    for relation, (name, direction) in zip(
        relations, rows_of(numbering.relations, "name", "direction"), strict=True
    ):
        kind = "owl:SymmetricProperty" if direction == "undirected" else "rdf:Property"
        about += [
            ox.Triple(relation, type_, node(kind)),
            ox.Triple(relation, label, ox.Literal(name)),
        ]
    for entity, (name, kind) in zip(
        entities, rows_of(numbering.entities, "name", "type"), strict=True
    ):
        if kind != USER:
            about.append(ox.Triple(entity, label, ox.Literal(name)))
    facts = [
        ox.Triple(entities[head], relations[relation], entities[tail])
        for head, relation, tail in numbering.triples.tolist()
    ]
    used = {name: PREFIXES[name] for name in ("rdf", "rdfs", "owl")} | {
        name: f"{RESOURCE}{name}/" for name in ("user", "user-relation", "user-value")
    }
    yield f"# {title}: what is known of the users\n".encode()
    yield turtle_head(used)
    yield turtle_body(about, ox.RdfFormat.TURTLE, used)
    yield b"\n" + turtle_body(facts, ox.RdfFormat.TURTLE, used)


def turtle_body(
    quads: Iterable[ox.Triple] | Iterable[ox.Quad], format_: ox.RdfFormat, used: dict[str, str]
) -> bytes:
    """The serialised triples without their prefixes, an empty line before each subject."""
    text = ox.serialize(quads, format=format_, prefixes=used) or b""
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith(b"@prefix")]
    return b"".join(b"\n" + line if not line.startswith((b"\t", b"}")) else line for line in lines)


def turtle_head(used: dict[str, str]) -> bytes:
    """The lines that declare prefixes, in their order."""
    width = max(map(len, used)) + 1
    return "".join(
        f"@prefix {prefix + ':':<{width}} <{iri}> .\n" for prefix, iri in used.items()
    ).encode()
