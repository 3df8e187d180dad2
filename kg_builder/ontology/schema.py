"""Load classes and predicates of the data model from `music.ttl` and a recipe's additions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

import rdflib
from rdflib.namespace import OWL, RDF, RDFS, XSD

from kg_builder.errors import DataError
from kg_builder.ontology.iris import ONTOLOGY

MUSIC_TTL: Final = Path(__file__).with_name("music.ttl")
_MKG: Final = rdflib.Namespace(ONTOLOGY)


@dataclass(frozen=True)
class ClassDef:
    """A class of the data model.

    `reifies` is the predicate whose facts its entities describe further, such as `memberOf` with
    dates; '' for a class of things. `subject_by` and `object_by` lead to the ends of such a fact.
    `details` are predicates allowed although the class is not in their domains, from which the
    classes of entities are inferred. `identified_by` and `distinguished_by` tell apart entities
    that are not identified by a name. `expects` are predicates without which an entity is
    incomplete.
    """

    name: str
    label: str
    prefix: str
    parents: tuple[str, ...]
    maps_from: tuple[str, ...]
    comment: str = ""
    reifies: str = ""
    subject_by: str = ""
    object_by: str = ""
    details: tuple[str, ...] = ()
    identified_by: tuple[str, ...] = ()
    distinguished_by: tuple[str, ...] = ()
    expects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Predicate:
    """A relation between entities, or an attribute when `datatype` is set.

    `domain` and `range` hold the allowed classes (any of them); an attribute's range is empty.
    `maps_from` are predicates of other vocabularies with the same meaning and direction,
    `maps_from_inverse` those from object to subject. Of a predicate and its `inverse` one is
    `canonical`: cleaned facts use it.
    """

    name: str
    label: str
    phrase: str
    domain: tuple[str, ...]
    range: tuple[str, ...]
    datatype: str | None
    functional: bool
    symmetric: bool
    transitive: bool
    inverse: str | None
    canonical: bool
    parents: tuple[str, ...]
    maps_from: tuple[str, ...]
    maps_from_inverse: tuple[str, ...]
    comment: str = ""

    @property
    def is_attribute(self) -> bool:
        """Whether the object is a literal."""
        return self.datatype is not None


@dataclass(frozen=True)
class Schema:
    """All classes and predicates, with the queries that the stages need."""

    classes: dict[str, ClassDef]
    predicates: dict[str, Predicate]
    units: dict[str, str] = field(default_factory=dict)
    """IRI of another vocabulary's predicate → unit of its numbers, for durations."""

    def is_a(self, name: str, ancestor: str) -> bool:
        """Whether a class is the ancestor or one of its subclasses."""
        return ancestor in self.ancestors(name)

    def ancestors(self, name: str) -> frozenset[str]:
        """A class with all its superclasses; an unknown class counts as a plain entity."""
        return self._ancestors.get(name, frozenset({name, "Entity"}))

    def compatible(self, one: str, other: str) -> bool:
        """Whether an entity can have both classes: one subsumes the other or a subclass is shared.

        A `Person` and an `Artist` are (a `SoloArtist` is both), a `Band` and a `Person` are not.
        """
        return other in self._compatible(one) or one in self._compatible(other)

    def _compatible(self, name: str) -> frozenset[str]:
        return self._with_shared_subclass.get(name, self.ancestors(name))

    def most_specific(self, names: Iterable[str]) -> str:
        """The deepest of the classes; ties in alphabetical order."""
        return min(names, key=lambda name: (-len(self.ancestors(name)), name))

    def prefix(self, name: str) -> str:
        """CURIE prefix of a class's entities."""
        declared = self.classes.get(name)
        return declared.prefix if declared else "entity"

    def predicate(self, name: str, *, where: str = MUSIC_TTL.name) -> Predicate:
        """Look up a predicate; `where` is the location given in the error.

        Raises:
            DataError: the data model has none of that name.
        """
        try:
            return self.predicates[name]
        except KeyError:
            near = get_close_matches(name, self.predicates, n=1)
            raise DataError(
                f"the data model has no predicate {name!r}",
                where=where,
                remedy=f"did you mean {near[0]!r}?"
                if near
                else f"one of: {', '.join(sorted(self.predicates))}",
            ) from None

    def class_named(self, name: str, *, where: str = MUSIC_TTL.name) -> ClassDef:
        """Look up a class; `where` is the location given in the error.

        Raises:
            DataError: the data model has none of that name.
        """
        try:
            return self.classes[name]
        except KeyError:
            near = get_close_matches(name, self.classes, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise DataError(
                f"the data model has no class {name!r}",
                where=where,
                remedy=f"{hint}one of: {', '.join(self.classes)}",
            ) from None

    @cached_property
    def class_of(self) -> dict[str, str]:
        """IRI of another vocabulary's class → class of the data model."""
        return {iri: item.name for item in self.classes.values() for iri in item.maps_from}

    @cached_property
    def predicate_of(self) -> dict[str, tuple[str, bool]]:
        """IRI of another vocabulary's predicate → (predicate, whether it is inverted)."""
        found: dict[str, tuple[str, bool]] = {}
        for item in self.predicates.values():
            found.update(dict.fromkeys(item.maps_from, (item.name, False)))
            found.update(dict.fromkeys(item.maps_from_inverse, (item.name, True)))
        return found

    @cached_property
    def canonical(self) -> dict[str, str]:
        """Predicate that is the inverse of a canonical one → the canonical one."""
        return {
            item.name: item.inverse
            for item in self.predicates.values()
            if item.inverse and not item.canonical
        }

    def has_detail(self, class_: str, predicate: str) -> bool:
        """Whether a class or a superclass has a predicate besides those with it in the domain."""
        classes = (self.classes.get(name) for name in self.ancestors(class_))
        return any(item is not None and predicate in item.details for item in classes)

    def identity(self, class_: str) -> ClassDef | None:
        """The class, or nearest superclass, that tells what identifies entities; None for names."""
        return self._identities.get(class_)

    def expected(self, class_: str) -> set[str]:
        """What a complete entity has: its class and superclasses expect it or identify it by it."""
        identity = self.identity(class_)
        classes = (self.classes.get(name) for name in self.ancestors(class_))
        found = {predicate for item in classes if item is not None for predicate in item.expects}
        return found.union(identity.identified_by if identity else ())

    def reification(self, predicate: str) -> tuple[ClassDef, bool] | None:
        """The class that reifies a predicate, and whether it does so by the inverse predicate."""
        for name, swapped in ((predicate, False), (self.predicates[predicate].inverse, True)):
            for item in self.classes.values():
                if name and item.reifies == name:
                    return item, swapped
        return None

    @cached_property
    def _identities(self) -> dict[str, ClassDef]:
        own = [item for item in self.classes.values() if item.identified_by]
        own.sort(key=lambda item: len(self.ancestors(item.name)))  # the nearest class last
        return {name: item for item in own for name in self.classes if self.is_a(name, item.name)}

    @cached_property
    def _with_shared_subclass(self) -> dict[str, frozenset[str]]:
        """Per class, those that one of its subclasses, or itself, is too."""
        every = self._ancestors.values()
        return {
            name: frozenset().union(*(above for above in every if name in above))
            for name in self._ancestors
        }

    @cached_property
    def _ancestors(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}

        def climb(name: str, path: tuple[str, ...]) -> frozenset[str]:
            if name in path:
                raise DataError(f"class {name!r} is its own ancestor", where=MUSIC_TTL.name)
            if name not in found:
                item = self.classes.get(name)
                above = [climb(parent, (*path, name)) for parent in item.parents] if item else []
                found[name] = frozenset({name}).union(*above)
            return found[name]

        for name in self.classes:
            climb(name, ())
        return found


def load_schema(*additions: Path) -> Schema:
    """Read the music data model and any additional Turtle files that extend it.

    The result is cached until a file changes.

    Raises:
        DataError: a file is missing or is not valid Turtle.
    """
    return _load_schema(additions, tuple(map(_stamp, additions)))


def _stamp(path: Path) -> tuple[int, int] | None:
    """Modification time and size of a file; None if unavailable."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=8)
def _load_schema(additions: tuple[Path, ...], stamps: tuple[tuple[int, int] | None, ...]) -> Schema:
    del stamps  # change detection
    graph = rdflib.Graph()
    for path in (MUSIC_TTL, *additions):
        try:
            graph.parse(path, format="turtle")
        except FileNotFoundError:
            raise DataError(
                "no such ontology file",
                where=str(path),
                remedy="the path is relative to the recipe's folder",
            ) from None
        except OSError:
            raise
        except Exception as fault:  # rdflib's parsers raise many kinds, and quote the file in them
            line = getattr(fault, "lines", None)
            line_note = f" (line {line + 1})" if isinstance(line, int) else ""
            raise DataError(f"not Turtle{line_note}", where=str(path)) from None
    units = {str(iri): str(unit) for iri, unit in graph.subject_objects(_MKG.unit)}
    return Schema(classes=_classes(graph), predicates=_predicates(graph), units=units)


def _classes(graph: rdflib.Graph) -> dict[str, ClassDef]:
    found = {}
    for node in _own(graph.subjects(RDF.type, OWL.Class)):
        name = _name(node)
        found[name] = ClassDef(
            name=name,
            label=_text(graph, node, RDFS.label) or name,
            prefix=_text(graph, node, _MKG.prefix) or name.lower(),
            parents=_names(graph, node, RDFS.subClassOf),
            maps_from=_iris(graph, node, _MKG.mapsFrom),
            comment=_text(graph, node, RDFS.comment),
            reifies="".join(_names(graph, node, _MKG.reifies)[:1]),
            subject_by="".join(_names(graph, node, _MKG.reifiedSubject)[:1]),
            object_by="".join(_names(graph, node, _MKG.reifiedObject)[:1]),
            details=_names(graph, node, _MKG.hasDetail),
            identified_by=_names(graph, node, _MKG.identifiedBy),
            distinguished_by=_names(graph, node, _MKG.distinguishedBy),
            expects=_names(graph, node, _MKG.expects),
        )
    return dict(sorted(found.items()))


def _predicates(graph: rdflib.Graph) -> dict[str, Predicate]:
    found = {}
    for kind in (OWL.ObjectProperty, OWL.DatatypeProperty):
        for node in _own(graph.subjects(RDF.type, kind)):
            name = _name(node)
            kinds = set(graph.objects(node, RDF.type))
            datatype = next(
                (
                    str(range_)[len(str(XSD)) :]
                    for range_ in graph.objects(node, RDFS.range)
                    if str(range_).startswith(str(XSD))
                ),
                None,
            )
            inverses = _names(graph, node, OWL.inverseOf)
            inverse = inverses or tuple(
                sorted(_name(other) for other in _own(graph.subjects(OWL.inverseOf, node)))
            )
            found[name] = Predicate(
                name=name,
                label=_text(graph, node, RDFS.label) or name,
                phrase=_text(graph, node, _MKG.phrase),
                domain=_names(graph, node, RDFS.domain),
                range=() if datatype else _names(graph, node, RDFS.range),
                datatype=datatype,
                functional=OWL.FunctionalProperty in kinds,
                symmetric=OWL.SymmetricProperty in kinds,
                transitive=OWL.TransitiveProperty in kinds,
                inverse=inverse[0] if inverse else None,
                canonical=not inverses,
                parents=_names(graph, node, RDFS.subPropertyOf),
                maps_from=_iris(graph, node, _MKG.mapsFrom),
                maps_from_inverse=_iris(graph, node, _MKG.mapsFromInverse),
                comment=_text(graph, node, RDFS.comment),
            )
    return dict(sorted(found.items()))


def _own(nodes: Iterable[rdflib.term.Node]) -> list[rdflib.URIRef]:
    return sorted(
        node for node in nodes if isinstance(node, rdflib.URIRef) and node.startswith(ONTOLOGY)
    )


def _name(node: rdflib.term.Node) -> str:
    return str(node)[len(ONTOLOGY) :]


def _names(graph: rdflib.Graph, node: rdflib.URIRef, predicate: rdflib.URIRef) -> tuple[str, ...]:
    return tuple(
        sorted(_name(o) for o in graph.objects(node, predicate) if str(o).startswith(ONTOLOGY))
    )


def _iris(graph: rdflib.Graph, node: rdflib.URIRef, predicate: rdflib.URIRef) -> tuple[str, ...]:
    return tuple(sorted(str(o) for o in graph.objects(node, predicate)))


def _text(graph: rdflib.Graph, node: rdflib.URIRef, predicate: rdflib.URIRef) -> str:
    return str(graph.value(node, predicate) or "")
