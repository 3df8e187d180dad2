"""Read a text source into statements: sentences, mentions, coreference, relations."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from kg_builder.errors import DataError
from kg_builder.extraction.arrow_batches import read_segment, write_segment
from kg_builder.extraction.collector import Collector, id_key
from kg_builder.extraction.objects import Assertions
from kg_builder.extraction.text import lexicon
from kg_builder.extraction.text.config import UnstructuredSource
from kg_builder.extraction.text.coreference import Resolver
from kg_builder.extraction.text.documents import (
    TextDocument,
    check_titles,
    read_documents,
    topic_type,
)
from kg_builder.extraction.text.gazetteer import NO_NAMES, Gazetteer, KnownNames, common_words
from kg_builder.extraction.text.mentions import (
    Entity,
    load_pipeline,
    sentences_of,
    with_dashes,
)
from kg_builder.extraction.text.model_interface import (
    LoadModels,
    ModelReading,
    TextModel,
    mentions_of_model,
    most_confident,
    relations_of_model,
)
from kg_builder.extraction.text.patterns import PatternExtractor
from kg_builder.extraction.text.recognition import Recogniser
from kg_builder.extraction.text.relations import (
    Reading,
    ReadText,
    Relation,
    RelationExtractor,
    between_named,
    divide_unasserted,
)
from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema, load_schema
from kg_builder.progress import Progress, silent
from kg_builder.units import RunUnits, Unit

if TYPE_CHECKING:
    from spacy.tokens import Doc

_TEXTS_READ: Final = "texts read"
_UNASSERTED: Final = "not asserted by the sentence (denied, planned, rumoured)"
_WITHOUT_MODEL: Final = "texts read without a statistical model"


class TextReader:
    """Text-reading pipeline: sentences, mentions, coreference and relations.

    Args:
        source: the source's settings.
        schema: the data model.
        known: the names to match.
        extractor: the relation extractor; patterns by default.
        models: models used beside the rules; those named by the source are not loaded here.
    """

    def __init__(
        self,
        source: UnstructuredSource,
        schema: Schema,
        *,
        known: KnownNames = NO_NAMES,
        extractor: RelationExtractor | None = None,
        models: Sequence[TextModel] = (),
    ) -> None:
        self._source, self._schema, self._known = source, schema, known
        self.models = list(models)
        self._nlp, self.has_model = load_pipeline(source.model)
        self._resolver = Resolver(schema, anaphora=source.coreference)
        self._extractor = extractor or PatternExtractor(schema)

    def read(
        self, documents: Iterable[TextDocument], known: KnownNames | None = None
    ) -> Iterator[tuple[ReadText, list[Relation]]]:
        """Yield each text with its analysis and relations; `known` replaces the reader's own."""
        for text, stated, _ in self._analysed(documents, known):
            yield text, between_named(stated)

    def readings(
        self, documents: Iterable[TextDocument], known: KnownNames | None = None
    ) -> Iterator[Reading]:
        """Yield the reading of each text, without its parse."""
        for text, stated, others in self._analysed(documents, known):
            relations, unasserted = between_named(stated), between_named(others)
            unnamed = len(stated) - len(relations)
            yield Reading(
                text.document,
                text.sentences,
                text.mentions,
                text.topic,
                relations,
                unasserted,
                unnamed,
            )

    def _analysed(
        self, documents: Iterable[TextDocument], known: KnownNames | None
    ) -> Iterator[tuple[ReadText, list[Relation], list[Relation]]]:
        """Yield each text with its analysis, its relations, and those that it does not assert."""
        known = self._known if known is None else known
        iterator = iter(documents)
        while batch := list(islice(iterator, self._source.batch_size)):
            names = Gazetteer(self._nlp, known.within(_words_of(batch)), self._schema)
            docs = self._nlp.pipe(
                (with_dashes(document.text) for document in batch),
                batch_size=self._source.batch_size,
            )
            texts = [document.text for document in batch]
            by_model = [model.read(texts) for model in self.models]
            for number, (document, doc) in enumerate(zip(batch, docs, strict=True)):
                readings = [of_texts[number] for of_texts in by_model]
                text = self._read(document, doc, readings, names)
                yield text, *divide_unasserted(text, self._relations(text, readings), self._schema)

    def _read(
        self,
        document: TextDocument,
        doc: Doc,
        readings: Sequence[ModelReading],
        names: Gazetteer,
    ) -> ReadText:
        sentences = sentences_of(document.text)
        named = [
            mention
            for reading in readings
            for mention in mentions_of_model(reading, document.text, self._schema)
        ]
        type_ = topic_type(
            document.title,
            document.text,
            declared=_declared(document, self._source),
            known=names.types(document.title),
            schema=self._schema,
        )
        recogniser = Recogniser(names, self._schema)
        mentions = recogniser.find(doc, document, sentences, named, topic_type=type_)
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
    known: KnownNames = NO_NAMES,
    extractor: RelationExtractor | None = None,
    models: Sequence[TextModel] = (),
    load_models: LoadModels | None,
) -> TextReader:
    """Create a reader with the source's models, loaded in the process that uses them."""
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
        known=known,
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
    ontology: tuple[Path, ...] = (),
    run_units: RunUnits | None = None,
    progress: Progress = silent,
) -> None:
    """Read all texts of a source.

    A text's topic has the record key `<source>/<document id>`; other entities are keyed by name.
    Progress counts texts. Model output that is not in the text is counted.

    Args:
        source: the source's settings.
        root: folder of the raw files.
        out: collects records and statements.
        gazetteer: names to match, as for `TextReader`.
        extractor: as for `TextReader`.
        models: models used beside the rules and those named by the source.
        load_models: loads the source's models; called in each process, so it must be picklable.
        ontology: Turtle files that `out.schema` was read from besides the built-in data model.
        run_units: executes batches of texts; by default texts are read in this process.
        progress: called with the number of texts read and their total.

    Raises:
        DataError: no such file, a field that the texts do not have, a broken rule file, a model
            that cannot be loaded or reached, or models are named without `load_models`.
    """
    check_titles(source)
    # A separate pass over all texts: common words must be known before the first text is read, and
    # a corpus may be larger than memory. Rejects are added in the second pass.
    total = 0

    def texts() -> Iterator[str]:
        nonlocal total
        for document in read_documents(source, root):
            total += 1
            yield document.text

    known = KnownNames.of(gazetteer, common_words(texts()))
    # a model server is called by one process, which counts its unusable output
    if run_units is not None and not (extractor or models or source.external):
        # the order of rejects must not depend on how far texts are read ahead of the units
        unreadable = Collector(source.name, out.schema, hold=sys.maxsize)
        documents = read_documents(source, root, unreadable)
        units = _units(source, root, documents, known, load_models, ontology)
        done = 0
        progress(done, total)
        for folder in run_units(units):
            segment = read_segment(folder)
            out.add_segment(segment)
            done += out.counts.pop(_TEXTS_READ)
            progress(done, total)
        out.take_rejects(unreadable.rejects)
        out.counts.update(unreadable.counts)
        return
    documents = read_documents(source, root, out)
    reader = _make_reader(
        source,
        out.schema,
        root,
        known=known,
        extractor=extractor,
        models=models,
        load_models=load_models,
    )
    if source.model and not reader.has_model:
        out.counts[_WITHOUT_MODEL] = total
    for done, reading in enumerate(reader.readings(documents), 1):
        _Writer(out, source, reading).write()
        progress(done, total)
    for model in reader.models:
        for reason, count in model.refused.items():
            out.counts[f"{model.name}: {reason}"] += count


def _units(
    source: UnstructuredSource,
    root: Path,
    documents: Iterable[TextDocument],
    known: KnownNames,
    load_models: LoadModels | None,
    ontology: tuple[Path, ...],
) -> Iterator[Unit]:
    """Yield a unit per batch of texts."""
    trained = (root / source.trained.path).rglob("*") if source.trained else ()
    model_files = sorted(path for path in trained if path.is_file())
    files = (*ontology, *model_files)
    content = hashlib.sha256()
    for path in files:
        content.update(path.read_bytes())
    iterator = iter(documents)
    number = 0
    while batch := list(islice(iterator, source.batch_size)):
        yield Unit(
            f"{source.name}, texts {number + 1:,} to {number + len(batch):,}",
            read_batch,
            {
                "source": source,
                "root": root,
                "ontology": ontology,
                "known": known.within(_words_of(batch)),
                "load_models": load_models,
                "content": content.hexdigest(),
                "documents": batch,
            },
            files,
        )
        number += len(batch)


def _words_of(batch: Sequence[TextDocument]) -> list[str]:
    """Titles and texts of documents."""
    return [part for document in batch for part in (document.title, document.text)]


def read_batch(
    folder: Path,
    *,
    source: UnstructuredSource,
    root: Path,
    ontology: tuple[Path, ...],
    known: KnownNames,
    load_models: LoadModels | None,
    content: str,
    documents: Sequence[TextDocument],
    progress: Progress = silent,
) -> None:
    """Read a batch of texts into a segment of the source (the function of a unit).

    Args:
        folder: output folder of `arrow_batches.write_segment`.
        source, root, load_models: as for `extract_unstructured`.
        ontology: Turtle files with the recipe's additions to the data model.
        known: the names that may occur in these texts.
        content: hash of the files that determine the reader, so that a process reused by another
            build does not reuse this reader.
        documents: the texts.
        progress: called with the number of texts read and their total.
    """
    reader = _reader_of_process(source.model_dump_json(), root, ontology, load_models, content)
    # a hold that large: a segment is never staged
    out = Collector(source.name, load_schema(*ontology), hold=sys.maxsize)
    for done, reading in enumerate(reader.readings(documents, known), 1):
        _Writer(out, source, reading).write()
        progress(done, len(documents))
    out.counts[_TEXTS_READ] = len(documents)
    if source.model and not reader.has_model:
        out.counts[_WITHOUT_MODEL] = len(documents)
    write_segment(out.segment(), folder)


@lru_cache(maxsize=1)
def _reader_of_process(
    settings: str,
    root: Path,
    ontology: tuple[Path, ...],
    load_models: LoadModels | None,
    content: str,
) -> TextReader:
    """The reader, created once per process, as loading takes seconds.

    Settings are JSON: a source with a mapping among them (`topic_type`) cannot be a cache key.
    """
    del content  # part of the cache key
    source = UnstructuredSource.model_validate_json(settings)
    return _make_reader(source, load_schema(*ontology), root, load_models=load_models)


class _Writer:
    """Convert the relations of one text to records and statements."""

    def __init__(self, out: Collector, source: UnstructuredSource, text: Reading) -> None:
        self._out, self._source, self._text = out, source, text
        self._keys: dict[Entity, str] = {}

    def write(self) -> None:
        document, out = self._text.document, self._out
        out.counts["sentences read"] += len(self._text.sentences)
        out.counts["mentions found"] += len(self._text.mentions)
        if self._text.unnamed:
            out.counts["relations of persons without a name"] += self._text.unnamed
        topic = self._text.topic
        type_ = topic.type
        if type_ == "Artist":
            type_ = _declared(document, self._source)
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
        for relation in self._text.unasserted:
            sentence = relation.sentence
            evidence = document.evidence(sentence.start, sentence.end)
            fact = f"{relation.subject.name} {relation.predicate} {relation.object.name}"
            out.reject(_UNASSERTED, evidence, fact)

    def _write_relation(self, relation: Relation) -> None:
        sentence = relation.sentence
        evidence = self._text.document.evidence(sentence.start, sentence.end)
        assertions = Assertions(self._out, relation.method, relation.confidence)
        ends = (relation.subject, relation.object.entity)
        if any(end is not None and end.type in {"Name", lexicon.OTHER} for end in ends):
            self._out.counts["relations with a name of unknown class"] += 1
            return
        subject = self._key(relation.subject, evidence)
        mention = relation.object
        if self._out.schema.predicates[relation.predicate].is_attribute:
            assertions.say(subject, relation.predicate, mention.name, evidence)
        elif mention.entity is not None:
            # entities named in a text on a work are scoped to its topic, like the topic's relations
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


def _declared(document: TextDocument, source: UnstructuredSource) -> str:
    """Class of a text's topic by the recipe."""
    given = source.topic_type
    return document.type or (given if isinstance(given, str) else given.default or "Artist")
