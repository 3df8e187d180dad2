"""Read a text source into statements: sentences, mentions, coreference, relations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final, Protocol

import pandas as pd
from spacy.tokens import Doc

from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector, id_key
from kg_builder.extraction.objects import Assertions
from kg_builder.extraction.text.config import UnstructuredSource
from kg_builder.extraction.text.coreference import Resolver
from kg_builder.extraction.text.documents import (
    TextDocument,
    check_titles,
    read_documents,
    topic_type,
)
from kg_builder.extraction.text.mentions import Entity, load_pipeline, sentences_of
from kg_builder.extraction.text.model_interface import (
    LoadModels,
    ModelReading,
    TextModel,
    mentions_of_model,
    most_confident,
    relations_of_model,
)
from kg_builder.extraction.text.names import Gazetteer, common_words
from kg_builder.extraction.text.patterns import PatternExtractor
from kg_builder.extraction.text.recognition import Recogniser
from kg_builder.extraction.text.relations import (
    Reading,
    ReadText,
    Relation,
    RelationExtractor,
)
from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema
from kg_builder.ordered_pool import cores, in_order
from kg_builder.progress import Progress, silent


class TextReader:
    """Reads texts up to their relations.

    Args:
        source: how the texts are read.
        schema: the data model.
        gazetteer: table `records` with the names to look for.
        common: words that the corpus writes in lower case (see `common_words`).
        extractor: what reads the relations; patterns by default.
        models: what reads beside the rules; those that the source names are not loaded here.
    """

    def __init__(
        self,
        source: UnstructuredSource,
        schema: Schema,
        *,
        gazetteer: pd.DataFrame | None = None,
        common: frozenset[str] = frozenset(),
        extractor: RelationExtractor | None = None,
        models: Sequence[TextModel] = (),
    ) -> None:
        self._source, self._schema = source, schema
        self.models = list(models)
        self._nlp, self.has_model = load_pipeline(source.model)
        self._names = Gazetteer(self._nlp, gazetteer, schema, common)
        self._recogniser = Recogniser(self._names, schema)
        self._resolver = Resolver(schema, anaphora=source.coreference)
        self._extractor = extractor or PatternExtractor(schema)

    def read(self, documents: Iterable[TextDocument]) -> Iterator[tuple[ReadText, list[Relation]]]:
        """Yield each text as it was read, with its relations."""
        iterator = iter(documents)
        while batch := list(islice(iterator, self._source.batch_size)):
            docs = self._nlp.pipe(
                (document.text for document in batch), batch_size=self._source.batch_size
            )
            texts = [document.text for document in batch]
            by_model = [model.read(texts) for model in self.models]
            for number, (document, doc) in enumerate(zip(batch, docs, strict=True)):
                readings = [of_texts[number] for of_texts in by_model]
                text = self._read(document, doc, readings)
                yield text, self._relations(text, readings)

    def readings(self, documents: Iterable[TextDocument]) -> Iterator[Reading]:
        """Yield what was read of each text, without its parse."""
        for text, relations in self.read(documents):
            yield Reading(text.document, text.sentences, text.mentions, text.topic, relations)

    def _read(self, document: TextDocument, doc: Doc, readings: Sequence[ModelReading]) -> ReadText:
        sentences = sentences_of(document.text)
        named = [
            mention
            for reading in readings
            for mention in mentions_of_model(reading, document.text, self._schema)
        ]
        type_ = topic_type(
            document.title,
            document.text,
            declared=self._source.topic_type,
            known=self._names.types(document.title),
            schema=self._schema,
        )
        mentions = self._recogniser.find(doc, document, sentences, named, topic_type=type_)
        resolved, topic = self._resolver.resolve(
            document.text, document.title, mentions, sentences, topic_type=type_
        )
        return ReadText(document, doc, sentences, resolved, topic)

    def _relations(self, text: ReadText, readings: Sequence[ModelReading]) -> list[Relation]:
        relations = list(self._extractor.extract(text))
        if not self.models:
            return relations
        for model, reading in zip(self.models, readings, strict=True):
            relations += relations_of_model(model.name, reading, text, self._schema)
        return most_confident(relations)


def _make_reader(
    source: UnstructuredSource,
    schema: Schema,
    root: Path,
    *,
    gazetteer: pd.DataFrame | None,
    common: frozenset[str],
    extractor: RelationExtractor | None,
    models: Sequence[TextModel],
    load_models: LoadModels | None,
) -> TextReader:
    """A reader with the models that the source names, loaded in the process that uses them."""
    named: Sequence[TextModel] = ()
    if source.trained is not None or source.external:
        if load_models is None:
            raise DataError(
                "names models, and nothing was given that loads them",
                where=f"source {source.name!r}",
                remedy="load_models=kg_builder.text_models.load.load_models",
            )
        named = load_models(source, root)
    return TextReader(
        source,
        schema,
        gazetteer=gazetteer,
        common=common,
        extractor=extractor,
        models=[*named, *models],
    )


def extract_unstructured(
    source: UnstructuredSource,
    root: Path,
    out: Collector,
    *,
    gazetteer: pd.DataFrame | None = None,
    extractor: RelationExtractor | None = None,
    models: Sequence[TextModel] = (),
    load_models: LoadModels | None = None,
    progress: Progress = silent,
) -> None:
    """Read all texts of a source.

    A text's topic has the record key `<source>/<document id>`; what else it names is known by
    name. Progress counts texts. Model output that is not in the text is counted.

    Args:
        source: what is read.
        root: folder of the raw files.
        out: takes records and statements.
        gazetteer: names to look for, as for `TextReader`.
        extractor: as for `TextReader`.
        models: what reads beside the rules, besides the models that the source names.
        load_models: loads those; called in each process that reads, so it must be picklable.
        progress: called with the texts read and their number.

    Raises:
        DataError: no such file, a field that the texts do not have, a broken rule file, a model
            that cannot be loaded or reached, models named with nothing to load them.
    """
    check_titles(source)
    schema = out.schema
    # A pass of its own over all texts: which words are common must be known before the first text
    # is read, and a corpus may be larger than memory. Rejects are noted in the second pass.
    total = 0

    def texts() -> Iterator[str]:
        nonlocal total
        for document in read_documents(source, root):
            total += 1
            yield document.text

    common = common_words(texts())
    make = partial(
        _make_reader,
        source,
        schema,
        root,
        gazetteer=gazetteer,
        common=common,
        extractor=extractor,
        models=models,
        load_models=load_models,
    )
    if source.model and not load_pipeline(source.model)[1]:
        out.counts["texts read without a statistical model"] = total
    alone = make() if extractor or models or source.external else None
    readings = read_all(
        (lambda: alone) if alone else make,
        read_documents(source, root, out),
        processes=1 if alone else processes_for(source.processes, total),
        batch_size=source.batch_size,
    )
    for done, reading in enumerate(readings, 1):
        _Writer(out, source, reading).write()
        progress(done, total)
    for model in alone.models if alone else ():
        for reason, count in model.refused.items():
            out.counts[f"{model.name}: {reason}"] += count


class _Writer:
    """Turns the relations of one text into records and statements."""

    def __init__(self, out: Collector, source: UnstructuredSource, text: Reading) -> None:
        self._out, self._source, self._text = out, source, text
        self._keys: dict[Entity, str] = {}

    def write(self) -> None:
        document, out = self._text.document, self._out
        out.counts["sentences read"] += len(self._text.sentences)
        out.counts["mentions found"] += len(self._text.mentions)
        topic = self._text.topic
        type_ = topic.type
        if type_ == "Artist":
            type_ = self._source.topic_type
        key = id_key(out.source, "", document.id)
        whole = document.evidence(0, len(document.text))
        others = [item.text for item in self._text.mentions if item.origin == "title"]
        out.record(
            key,
            type_,
            document.title,
            record_id=document.id,
            aliases=[name for name in others if fold(name) != fold(document.title)],
            evidence=whole,
        )
        self._keys[topic] = key
        used: set[int] = set()
        for relation in self._text.relations:
            if relation.confidence < self._source.min_confidence:
                out.counts["relations below the least confidence"] += 1
                continue
            used.add(relation.sentence.start)
            self._write_relation(relation)
        out.counts["sentences used"] += len(used)

    def _write_relation(self, relation: Relation) -> None:
        sentence = relation.sentence
        evidence = self._text.document.evidence(sentence.start, sentence.end)
        assertions = Assertions(self._out, relation.method, relation.confidence)
        ends = (relation.subject, relation.object.entity)
        if any(end is not None and end.type == "Name" for end in ends):
            self._out.counts["relations with a name of unknown class"] += 1
            return
        subject = self._key(relation.subject, evidence)
        mention = relation.object
        if self._out.schema.predicates[relation.predicate].is_attribute:
            assertions.say(subject, relation.predicate, mention.name, evidence)
        elif mention.entity is not None:
            # what a work refers to belongs to the text's topic, as the topic's own relations do
            of_work = self._out.schema.is_a(relation.subject.type, "Work")
            other = self._key(mention.entity, evidence, owner="" if of_work else subject)
            if other != subject:
                assertions.link(subject, relation.predicate, other, evidence)

    def _key(self, entity: Entity, evidence: str, owner: str = "") -> str:
        key = self._keys.get(entity)
        if key is None:
            owner = owner or self._keys[self._text.topic]
            key = self._out.mention(entity.type, entity.name, evidence=evidence, owner=owner)
            self._keys[entity] = key
        return key


_MIN_TEXTS: Final = 3000
"""Fewer texts are read sooner than a second process has loaded the model."""

_AHEAD: Final = 3
"""Batches per process that are under way, so that memory does not grow with the corpus."""


class Reader(Protocol):
    """What a process runs on each batch."""

    def readings(self, documents: Iterable[TextDocument]) -> Iterator[Reading]:
        """Yield what was read of each text, in order."""


def processes_for(wanted: int, texts: int) -> int:
    """How many processes read a corpus.

    Args:
        wanted: the setting; 0 leaves the choice to the size of the corpus.
        texts: how many texts there are.
    """
    if wanted:
        return wanted
    return cores() if texts >= _MIN_TEXTS else 1


def read_all(
    make: Callable[[], Reader],
    documents: Iterable[TextDocument],
    *,
    processes: int,
    batch_size: int,
) -> Iterator[Reading]:
    """Yield what was read of each text, in order.

    Args:
        make: builds the reader; called once in each process, so it must be picklable.
        documents: the texts.
        processes: how many read at a time.
        batch_size: texts handed over at a time.
    """
    if processes == 1:
        yield from make().readings(documents)
        return
    # A fresh interpreter: to fork one whose numeric libraries have started threads can hang it.
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_start, initargs=(make,)
    ) as pool:
        iterator = iter(documents)
        batches = iter(lambda: list(islice(iterator, batch_size)), [])
        for readings in in_order(pool, _read, batches, ahead=_AHEAD * processes):
            yield from readings


_reader: Reader


def _start(make: Callable[[], Reader]) -> None:
    global _reader
    _reader = make()


def _read(batch: list[TextDocument]) -> list[Reading]:
    return list(_reader.readings(batch))
