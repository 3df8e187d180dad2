"""Serialise the graph as Turtle, N-Triples, and TriG with provenance, in a fixed order.

pyoxigraph serialises the terms that need escapes. Lines, prefix declarations (whose order
pyoxigraph does not fix), section headings and empty lines are written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
from numpy.typing import NDArray

from kg_builder.extraction.user_facts import USER
from kg_builder.ontology import PREFIXES, Schema
from kg_builder.ontology.iris import RESOURCE
from kg_builder.tables import LITERAL_KINDS
from kg_builder.triples.graph import described, large, node, rows_of, term
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


def block_of_graph(things: pa.Table, facts: pa.Table, used: dict[str, str]) -> Piece:
    """Serialise the triples of some entities; see `described` for the tables.

    Args:
        things, facts: the entities and their facts.
        used: prefixes of the file, with their namespaces.
    """
    triples = described(things, facts)
    rows = np.searchsorted(things["position"].to_numpy(), triples["position"].to_numpy())
    lines = _Lines(things["entity"].take(pa.array(rows)), triples, used)
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

    def __init__(self, subjects: pa.ChunkedArray, triples: pa.Table, used: dict[str, str]) -> None:
        self._subjects, names = _distinct(subjects)
        self._predicates, predicates = _distinct(triples["predicate"])
        objects, values = _distinct(triples["object"])
        kinds, kind_names = _distinct(triples["object_kind"])
        n_kinds = max(len(kind_names), 1)
        pairs, distinct = pd.factorize(objects.astype(np.int64) * n_kinds + kinds)
        value, kind = (pa.array(codes) for codes in np.divmod(distinct, n_kinds))
        valued = zip(values.take(value).to_pylist(), kind_names.take(kind).to_pylist(), strict=True)
        things = _texts(valued, used)
        self._dotted = pc.ends_with(things.ntriples, ".>").to_numpy(zero_copy_only=False)[pairs]
        verbs = _texts(_entities(predicates), used)
        self._is_type = pc.equal(verbs.ntriples, _TYPE).take(pa.array(self._predicates))
        self._terms = [
            _texts(_entities(names), used).take(self._subjects),
            verbs.take(self._predicates),
            things.take(pairs),
        ]

    def write_out_dotted(self, used: dict[str, str]) -> None:
        """Write IRIs in full where an object of the entity ends in a dot, as dbpedia:R.E.M. does.

        Turtle writes it with an escape, `R.E.M\\.`, which rdflib cannot parse. All IRIs of the
        entity that share its prefix are written in full.
        """
        in_full = np.zeros((len(self._terms), len(self._subjects)), np.bool_)
        for subject in dict.fromkeys(self._subjects[self._dotted].tolist()):
            rows = np.flatnonzero(self._subjects == subject)
            texts = [terms.ntriples.take(pa.array(rows)).to_pylist() for terms in self._terms]
            dotted = [text for text in texts[-1] if text.endswith(".>")]
            spaces = tuple(
                f"<{iri}" for iri in used.values() if any(t.startswith(f"<{iri}") for t in dotted)
            )
            for mask, own in zip(in_full, texts, strict=True):
                mask[rows] = [text.startswith(spaces) for text in own]
        if in_full.any():
            self._terms = [
                _Texts(pc.if_else(pa.array(mask), terms.ntriples, terms.turtle), terms.ntriples)
                for mask, terms in zip(in_full, self._terms, strict=True)
            ]

    def turtle(self, *, indent: str = "", blank: str = "") -> bytes:
        """Turtle, with objects of one subject and predicate in a list.

        Args:
            indent: before each line.
            blank: before each subject.
        """
        subjects, predicates, objects = (terms.turtle for terms in self._terms)
        verbs = pc.if_else(self._is_type, large("a"), predicates)
        new_subject = np.append(True, self._subjects[1:] != self._subjects[:-1])
        new = np.append(True, self._predicates[1:] != self._predicates[:-1]) & ~new_subject
        first, later = np.flatnonzero(new_subject), np.flatnonzero(new)
        leads = [
            _joined(f" .\n{blank}{indent}", subjects.take(first), " ", verbs.take(first), " "),
            _joined(f" ;\n{indent}\t", verbs.take(later), " "),
            pa.array([" , "], pa.large_string()),
        ]
        lead = np.full(len(objects), len(first) + len(later))
        lead[first] = np.arange(len(first))
        lead[later] = np.arange(len(first), len(first) + len(later))
        return _together(_joined(pa.concat_arrays(leads).take(lead), objects))[3:] + b" .\n"

    def ntriples(self) -> bytes:
        """N-Triples, a line for each triple."""
        subjects, predicates, objects = (terms.ntriples for terms in self._terms)
        return _together(_joined(subjects, " ", predicates, " ", objects, " .\n"))


def _entities(names: pa.Array) -> Iterator[tuple[str, str]]:
    return ((name, "entity") for name in names.to_pylist())


def _distinct(texts: pa.ChunkedArray) -> tuple[NDArray[np.int32], pa.Array]:
    """The number of each text, and the distinct texts."""
    coded = texts.cast(pa.large_string()).combine_chunks().dictionary_encode()
    return coded.indices.to_numpy(), coded.dictionary


def _joined(*texts: str | pa.Array) -> pa.Array:
    """Join texts row by row."""
    columns = (large(text) if isinstance(text, str) else text for text in texts)
    return pc.binary_join_element_wise(*columns, large(""))


def _together(texts: pa.Array) -> bytes:
    """The texts of all rows, without anything in between."""
    _, offsets, characters = texts.buffers()
    end = np.frombuffer(offsets, np.int64)[texts.offset + len(texts)]
    return bytes(memoryview(characters)[:end])


class _Texts(NamedTuple):
    """Terms in both syntaxes."""

    turtle: pa.Array
    ntriples: pa.Array

    def take(self, codes: NDArray[np.integer]) -> _Texts:
        """The texts of the terms with these numbers."""
        return _Texts(self.turtle.take(pa.array(codes)), self.ntriples.take(pa.array(codes)))


def _texts(terms: Iterable[tuple[str, str]], used: dict[str, str]) -> _Texts:
    """Write terms in both syntaxes: simple names and values directly, others by pyoxigraph.

    Args:
        terms: value and kind of each, as of `term`.
        used: prefixes of the file, with their namespaces.
    """
    turtle: list[str] = []
    plain: list[str] = []
    others = []
    for value, kind in terms:
        if kind not in LITERAL_KINDS:
            simple = _SIMPLE_NAME.fullmatch(value)
            if simple and simple[1] in used:
                turtle.append(value)
                plain.append(f"<{used[simple[1]]}{simple[2]}>")
                continue
        elif kind not in _ABBREVIATED and value.isprintable() and not _ESCAPED.search(value):
            xsd = ("", "") if kind == "string" else (f"^^xsd:{kind}", f"^^<{_XSD}{kind}>")
            turtle.append(f'"{value}"{xsd[0]}')
            plain.append(f'"{value}"{xsd[1]}')
            continue
        others.append((len(turtle), term(value, kind)))
        turtle.append("")
        plain.append("")
    verb = ox.NamedNode("x:p")
    triples = [ox.Triple(ox.NamedNode(f"x:{n}"), verb, one) for n, one in others]
    text = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=used) or b""
    lines = (line for line in text.decode().split("\n") if line.startswith("<x:"))
    for (number, one), line in zip(others, lines, strict=True):
        turtle[number], plain[number] = line.split(" ", 2)[2].removesuffix(" ."), str(one)
    return _Texts(pa.array(turtle, pa.large_string()), pa.array(plain, pa.large_string()))


def block_of_provenance(
    source: str, method: str, facts: pa.Table, used: dict[str, str], *, first: bool
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
    [name] = _texts([(f"source:{source}/{method}", "entity")], used).turtle.to_pylist()
    lines = _Lines(facts["subject"], facts, used)
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
