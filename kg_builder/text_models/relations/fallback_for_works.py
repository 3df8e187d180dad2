"""Extract triples by patterns where training lacks the relations: of works, of some of persons.

No text about artists says who produced a record or how long it runs. Patterns need no training:
the rules of `dbpedia_patterns`, and beside them those of the data model, whose relations are
written with the names that DBpedia has for its predicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from kg_builder.extraction.objects import read_literal
from kg_builder.extraction.text.config import UnstructuredSource
from kg_builder.extraction.text.documents import TextDocument, work_named
from kg_builder.extraction.text.reader import TextReader
from kg_builder.extraction.text.relations import Reading, Relation
from kg_builder.extraction.values import without_disambiguator
from kg_builder.ontology import PREFIXES, Predicate, Schema
from kg_builder.text_models.corpora import Slot, Triple
from kg_builder.text_models.relations.dbpedia_patterns import RulesOfRelations
from kg_builder.text_models.relations.parsed_text import FoundTriple, WordSpan, squash
from kg_builder.text_models.relations.text_topics import first_name, title_of_work
from kg_builder.text_models.relations.training_statistics import Namer

_DBPEDIA: Final = PREFIXES["dbo"]
_ARTISTS: Final = ("Artist", "Person")
_NO_SPAN: Final = WordSpan(0, 0)


def lacks_works(relations: Iterable[str], schema: Schema) -> bool:
    """Whether relations are DBpedia's and none of them is one that only works have."""
    declared = [
        schema.predicates[schema.predicate_of[iri][0]]
        for name in relations
        if (iri := _DBPEDIA + name) in schema.predicate_of
    ]
    return bool(declared) and not any(
        item.domain and all(schema.is_a(class_, "Work") for class_ in item.domain)
        for item in declared
    )


class PatternsOfWorks:
    """Reads texts about works by the patterns, in the place of an extractor that cannot.

    Args:
        schema: the data model.
        model: name of the spaCy model, `None` for none.
        namer: how the collection names what the texts mention.
        rules: the rules of DBpedia's relations, with their confidences.
    """

    def __init__(
        self, schema: Schema, model: str | None, namer: Namer, rules: RulesOfRelations
    ) -> None:
        self._rules = rules
        source = UnstructuredSource(
            kind="unstructured", name="texts", path="texts.jsonl", model=model, topic_type="Work"
        )
        self._schema, self._namer = schema, namer
        self._reader = TextReader(source, schema)

    def join(
        self, texts: Sequence[str], found: Sequence[Sequence[FoundTriple]]
    ) -> list[list[FoundTriple]]:
        """What an extractor found in texts, with the patterns' triples of the works they are about.

        Of what it found in a text about a work, triples of other things stay.
        """
        joined = [list(triples) for triples in found]
        titles = {
            number: title
            for number, text in enumerate(texts)
            if (title := title_of_work(text) or work_named(text))
        }
        documents = [
            TextDocument(str(number), title, texts[number], "") for number, title in titles.items()
        ]
        for reading in self._reader.readings(documents):
            number = int(reading.document.id)
            # the extractor was trained on texts about whoever they name first
            taken = {squash(titles[number]), *self._artists(reading)}
            others = [
                item
                for item in joined[number]
                if taken.isdisjoint((squash(item.triple.subject), squash(item.triple.object)))
            ]
            joined[number] = [*self._of_work(texts[number], titles[number], reading), *others]
        return joined

    def _of_work(self, text: str, title: str, reading: Reading) -> list[FoundTriple]:
        """Triples by the rules, and in relations that these do not find by the data model's."""
        by_rule = [
            FoundTriple(triple, confidence, _NO_SPAN, _NO_SPAN)
            for triple, confidence in self._rules.read(text, title, "work", self._namer)
        ]
        found = {item.triple.relation for item in by_rule}
        others = [
            # the collection's wording and names are not those that the patterns were measured on
            replace(item, confidence=min(item.confidence, self._rules.expected))
            for item in self._triples(reading.relations)
        ]
        return by_rule + [item for item in others if item.triple.relation not in found]

    def _artists(self, reading: Reading) -> Iterator[str]:
        """Names of the artists that a text mentions, squashed."""
        for mention in reading.mentions:
            type_ = mention.type
            if type_ == "Name" or any(self._schema.is_a(type_, one) for one in _ARTISTS):
                yield squash(mention.name)

    def _triples(self, relations: Iterable[Relation]) -> Iterator[FoundTriple]:
        """Relations of works as triples, each once."""
        confidences: dict[Triple, float] = {}
        for item in relations:
            if (triple := self._triple(item)) is not None:
                confidences[triple] = max(item.confidence, confidences.get(triple, 0.0))
        for triple, confidence in confidences.items():
            yield FoundTriple(triple, confidence, _NO_SPAN, _NO_SPAN)

    def _triple(self, relation: Relation) -> Triple | None:
        predicate = self._schema.predicates[relation.predicate]
        one, other = relation.subject.name, relation.object.name
        if relation.object.entity is not None and not predicate.is_attribute:
            other = relation.object.entity.name
        type_ = relation.subject.type
        if predicate.inverse and not _dbpedia_name(predicate):
            predicate = self._schema.predicates[predicate.inverse]
            one, other = other, one
            type_ = relation.object.type
        name = _dbpedia_name(predicate)
        if not name or not self._schema.is_a(type_, "Work"):
            return None
        if predicate.is_attribute:
            value = read_literal(other, str(predicate.datatype))
            return Triple(one, name, value.text if value else other)
        return Triple(
            self._namer.name(one, Slot(name, "subject")),
            name,
            self._namer.name(other, Slot(name, "object")),
        )


def with_unseen_relations(
    texts: Sequence[str],
    found: Sequence[Sequence[FoundTriple]],
    rules: RulesOfRelations,
    namer: Namer,
) -> list[list[FoundTriple]]:
    """What an extractor found in texts about persons, with relations that its training lacked.

    A classifier has to choose among the relations that it knows: where a rule reads another one
    of two things, the classifier's is left out ("studied at X" is no band of X's).
    """
    joined = []
    for text, triples in zip(texts, found, strict=True):
        topic = _topic(text, triples)
        read = list(rules.read(text, topic, "person", namer)) if topic else []
        replaced = {_pair(triple) for triple, _ in read}
        joined.append(
            [item for item in triples if _pair(item.triple) not in replaced]
            + [FoundTriple(triple, value, _NO_SPAN, _NO_SPAN) for triple, value in read]
        )
    return joined


def _pair(triple: Triple) -> tuple[str, str]:
    return squash(triple.subject), squash(triple.object)


def _topic(text: str, triples: Sequence[FoundTriple]) -> str:
    """The subject of the most triples that is the object of none, if the text has its name."""
    objects = {item.triple.object for item in triples}
    subjects = [item.triple.subject for item in triples if item.triple.subject not in objects]
    named = [name for name in subjects if without_disambiguator(name) in text]
    return max(dict.fromkeys(named), key=named.count, default="") or first_name(text)


def _dbpedia_name(predicate: Predicate) -> str:
    """DBpedia's name of a predicate: its own one if it is among them, else the first."""
    names = [iri.removeprefix(_DBPEDIA) for iri in predicate.maps_from if iri.startswith(_DBPEDIA)]
    return predicate.name if predicate.name in names else next(iter(names), "")
