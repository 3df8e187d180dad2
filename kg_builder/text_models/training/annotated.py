"""Convert annotated texts (sample biographies, WebNLG, Text2KGBench) to training texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from kg_builder.errors import DataError
from kg_builder.extraction.text.model_interface import CharSpan
from kg_builder.ontology import Schema
from kg_builder.text_models.corpora import (
    AnnotatedText,
    Triple,
    lacking_relations,
    of_ontology,
    read_ontology,
    read_text2kgbench,
    read_webnlg,
    readable,
)
from kg_builder.text_models.ner.bio_tags import tag_sentence
from kg_builder.text_models.training.distant_supervision import NamedSentence, TrainingTexts

_DBPEDIA: Final = ("http://dbpedia.org/ontology/", "http://dbpedia.org/property/")
DATA_MODEL_NAME: Final = {
    "foundingDate": "beginDate",
    "birthDate": "beginDate",
    "released": "performed",
    "collaboratedWith": "associatedWith",
}
"""Annotated predicate → the data model's, if the names differ."""

_SPECIFIC: Final = {"Agent": "", "Artist": "", "Work": "", "Entity": "", "Person": "Person"}
"""Unspecific classes of a predicate's domain or range → the class used instead."""

ClassOf = Callable[[str], str]
"""Name → its class in the graph, or ''."""


def read_annotated(
    path: Path,
    *,
    texts: Mapping[str, str],
    class_of: ClassOf,
    schema: Schema,
    ontology: Path | None = None,
) -> TrainingTexts:
    """Read annotated texts; the format is recognised by content.

    Args:
        path: annotated biographies (JSON lines with `id`, `sentences`, `chains`, `triples`);
            WebNLG (an `.xml` file, or a folder of them); Text2KGBench (JSON lines).
        texts: id → text of the annotated biographies.
        class_of: returns the class of a name.
        schema: the data model; relations outside it are counted.
        ontology: Text2KGBench's ontology.

    Raises:
        DataError: no such file, or one of another form.
    """
    if path.is_dir() or path.suffix.casefold() == ".xml":
        return _of_triples(read_webnlg(path), class_of, schema)
    rows = _json_lines(path)
    if "chains" in rows[0]:
        return _biographies(path, rows, texts, class_of, schema)
    if ontology is None:
        raise DataError(
            "its relations are an ontology's", where=str(path), remedy="give it with --ontology"
        )
    declared = read_ontology(ontology)
    sentences = [readable(text) for text in read_text2kgbench([path], declared)]
    result = _of_triples(of_ontology(sentences, declared), class_of, schema)
    if lacking := lacking_relations(sentences, declared).total():
        result.counts["annotated relations not in the ontology"] += lacking
    return result


def _biographies(
    path: Path,
    rows: Sequence[dict[str, Any]],
    texts: Mapping[str, str],
    class_of: ClassOf,
    schema: Schema,
) -> TrainingTexts:
    result = TrainingTexts()
    for number, row in enumerate(rows, 1):
        where = f"{path}, line {number}"
        text = texts.get(row["id"])
        if text is None:
            raise DataError(
                f"annotates text {row['id']!r}, which is not among the texts", where=where
            )
        try:
            triples = [
                (item["sentence"], mapped)
                for item in row["triples"]
                if (mapped := _mapped(Triple(item["subject"], item["predicate"], item["object"]),
                                      schema)) is not None
            ]  # fmt: skip
            result.counts["annotated relations not in the data model"] += len(row["triples"]) - len(
                triples
            )
            classes = _classes([item for _, item in triples], class_of, schema)
            chains = [
                (chain["entity"], mention["start"], mention["end"], mention["kind"])
                for chain in row["chains"]
                for mention in chain["mentions"]
            ]
            for index, sentence in enumerate(row["sentences"]):
                start, end = sentence["start"], sentence["end"]
                inside = [item for item in chains if start <= item[1] and item[2] <= end]
                stated = tuple(sorted({item for at, item in triples if at == index}))
                names = [
                    (CharSpan(at, to), classes.get(entity) or class_of(entity))
                    for entity, at, to, kind in inside
                    if kind == "name"
                ]
                names += _literals(text, CharSpan(start, end), stated, schema)
                _add_names(result, row["id"], text, CharSpan(start, end), names)
                result.texts.append(
                    AnnotatedText(
                        id=f"{row['id']}#{index:04d}",
                        text=text[start:end],
                        triples=stated,
                        group=row["id"],
                        mentions=tuple(
                            sorted(
                                {(name, at - start, to - start) for name, at, to, _ in inside}
                                | {
                                    (item.object, span.start - start, span.end - start)
                                    for item in stated
                                    for span, _ in _literals(
                                        text, CharSpan(start, end), [item], schema
                                    )
                                }
                            )
                        ),
                    )
                )
        except (KeyError, TypeError) as fault:
            raise DataError(f"not an annotation: {fault} is missing", where=where) from None
    return result


def _of_triples(read: Sequence[AnnotatedText], class_of: ClassOf, schema: Schema) -> TrainingTexts:
    result = TrainingTexts()
    for item in read:
        mapped = [_mapped(triple, schema) for triple in item.triples]
        triples = tuple(triple for triple in mapped if triple is not None)
        result.counts["annotated relations not in the data model"] += len(mapped) - len(triples)
        if not triples:
            continue
        complete = item.complete and len(triples) == len(mapped)
        result.texts.append(
            AnnotatedText(item.id, item.text, triples, item.group, complete=complete)
        )
        whole = CharSpan(0, len(item.text))
        classes = _classes(triples, class_of, schema)
        starts = {name: item.text.find(name.replace("_", " ")) for name in classes}
        if complete and min(starts.values()) >= 0:
            names = [
                (CharSpan(start, start + len(name)), classes[name])
                for name, start in starts.items()
            ]
            _add_names(result, item.group, item.text, whole, names)
    return result


def _mapped(triple: Triple, schema: Schema) -> Triple | None:
    """Map a triple to the data model; None if there is no predicate for it."""
    name = DATA_MODEL_NAME.get(triple.relation, triple.relation)
    known, turned = (name, False) if name in schema.predicates else ("", False)
    for prefix in _DBPEDIA:
        if not known and (mapped := schema.predicate_of.get(prefix + name)):
            known, turned = mapped
    if not known:
        return None
    one, other = triple.subject, triple.object
    if turned:
        one, other = other, one
    predicate = schema.predicates[known]
    if predicate.inverse and not predicate.canonical:
        return Triple(other, predicate.inverse, one)
    return Triple(one, known, other)


def _classes(triples: Sequence[Triple], class_of: ClassOf, schema: Schema) -> dict[str, str]:
    """Name → class, from the graph or from the domain or range of its relations."""
    found: dict[str, str] = {}
    for triple in triples:
        predicate = schema.predicates[triple.relation]
        sides = ((triple.subject, predicate.domain), (triple.object, predicate.range))
        for name, allowed in sides:
            if predicate.is_attribute and name == triple.object:
                continue
            if not found.get(name):
                only = allowed[0] if len(allowed) == 1 else ""
                found[name] = class_of(name) or _SPECIFIC.get(only, only)
    return found


def _literals(
    text: str, sentence: CharSpan, triples: Sequence[Triple], schema: Schema
) -> Iterator[tuple[CharSpan, str]]:
    """Dates in a sentence's triples that occur in the sentence verbatim."""
    for triple in triples:
        if schema.predicates[triple.relation].datatype == "date":
            start = text.find(triple.object, sentence.start, sentence.end)
            if start >= 0:
                yield CharSpan(start, start + len(triple.object)), "Date"


def _add_names(
    result: TrainingTexts,
    group: str,
    text: str,
    sentence: CharSpan,
    names: Sequence[tuple[CharSpan, str]],
) -> None:
    if any(not label for _, label in names):
        result.counts["sentences with a name of unknown kind"] += 1
    else:
        result.sentences.append(NamedSentence(group, tag_sentence(text, sentence, set(names))))


def _json_lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    try:
        for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
            if line.strip():
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise DataError("not an object", where=f"{path}, line {number}")
                rows.append(row)
    except OSError as fault:
        raise DataError(f"cannot be read: {fault.strerror}", where=str(path)) from None
    except ValueError:
        raise DataError("not JSON lines in UTF-8", where=str(path)) from None
    if not rows:
        raise DataError("nothing annotated in it", where=str(path))
    return rows
