"""Extract triples by patterns where training lacks the relations: of works, of some of persons.

Texts about artists do not state who produced a record or how long it is. Patterns need no training:
the rules of `dbpedia_patterns`, and those of the data model, with predicates converted to DBpedia's
names.
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
    """Whether all relations are DBpedia's and none applies only to works."""
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
    """Pattern-based extractor for texts about works, in place of a trained one.

    Args:
        schema: the data model.
        model: name of the spaCy model, `None` for none.
        namer: converts mentions to the collection's names.
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
        """Merge an extractor's triples with the patterns' triples about the works.

        In a text about a work, the extractor's triples about other entities are kept.
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
            # the extractor was trained on texts whose first name is the topic
            taken = {squash(titles[number]), *self._artists(reading)}
            others = [
                item
                for item in joined[number]
                if taken.isdisjoint((squash(item.triple.subject), squash(item.triple.object)))
            ]
            joined[number] = [*self._of_work(texts[number], titles[number], reading), *others]
        return joined

    def _of_work(self, text: str, title: str, reading: Reading) -> list[FoundTriple]:
        """Triples of the DBpedia rules, and of the data model's rules for other relations."""
        by_rule = [
            FoundTriple(triple, confidence, _NO_SPAN, _NO_SPAN)
            for triple, confidence in self._rules.read(text, title, "work", self._namer)
        ]
        found = {item.triple.relation for item in by_rule}
        others = [
            # wording and names of the collection differ from those the patterns were measured on
            replace(item, confidence=min(item.confidence, self._rules.expected))
            for item in self._triples(reading.relations)
        ]
        return by_rule + [item for item in others if item.triple.relation not in found]

    def _artists(self, reading: Reading) -> Iterator[str]:
        """Squashed names of the artists in a text."""
        for mention in reading.mentions:
            type_ = mention.type
            if type_ == "Name" or any(self._schema.is_a(type_, one) for one in _ARTISTS):
                yield squash(mention.name)

    def _triples(self, relations: Iterable[Relation]) -> Iterator[FoundTriple]:
        """Relations of works as distinct triples."""
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
    """Add relations missing from training to an extractor's triples in texts about persons.

    A classifier can only choose among its relations: if a rule finds another relation of the same
    entities, the classifier's is dropped ("studied at X" does not make X a band).
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
    """DBpedia's name of a predicate: the same name if possible, else the first."""
    names = [iri.removeprefix(_DBPEDIA) for iri in predicate.maps_from if iri.startswith(_DBPEDIA)]
    return predicate.name if predicate.name in names else next(iter(names), "")
