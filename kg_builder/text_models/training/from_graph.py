"""Distant supervision: texts in which the names and facts of structured sources are marked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Final

import pandas as pd

from kg_builder.extraction.text.mentions import ANAPHOR, Mention
from kg_builder.extraction.text.model_interface import CharSpan
from kg_builder.extraction.text.relations import ReadText
from kg_builder.ontology import Schema
from kg_builder.text_models.ner.in_text import tagged
from kg_builder.text_models.relations.distant import label_texts
from kg_builder.text_models.training.material import Material, NamedSentence

_TRUSTED: Final = frozenset({"gazetteer", "title", "lexicon", "pattern", "quoted", "demonym"})
_UNSURE: Final = frozenset({"Name", "Artist"})
"""Classes that do not tell what a thing is."""


def facts_of(
    statements: pd.DataFrame, records: pd.DataFrame, *, texts: Collection[str]
) -> list[tuple[str, str, str]]:
    """What the structured sources state, by name.

    Args:
        statements: table of the extraction stage; subjects and objects are keys of records.
        records: the records.
        texts: names of the sources of running text, whose statements are not taken: a model
            would learn the rules' own readings.
    """
    names = dict(zip(records["record"], records["name"], strict=True))
    chosen = statements[~statements["source"].isin(list(texts))]
    found = {
        (str(names[subject]), str(predicate), str(names.get(object_, object_)))
        for subject, predicate, object_ in zip(
            chosen["subject"], chosen["predicate"], chosen["object"], strict=True
        )
        if subject in names
    }
    return sorted(found)


def from_graph(
    texts: Iterable[ReadText], facts: Collection[tuple[str, str, str]], schema: Schema
) -> Material:
    """Mark texts with names and facts that structured sources have.

    A sentence is taken for the recogniser of names where everything in it that looks like a name
    is known: what is not known may be a name all the same, and a model would learn that it is
    none. Texts are expected as rules and gazetteer read them.
    """
    material = Material()
    read = list(texts)
    for text in read:
        for sentence in text.sentences:
            inside = [
                item
                for item in text.mentions
                if sentence.start <= item.start and item.end <= sentence.end
                and item.origin != ANAPHOR
            ]  # fmt: skip
            if not inside:
                material.counts["sentences without a name"] += 1
            elif not all(_is_sure(item) for item in inside):
                material.counts["sentences with a name of unknown kind"] += 1
            else:
                marked = tagged(
                    text.document.text, CharSpan(sentence.start, sentence.end), _marks(inside)
                )
                material.sentences.append(NamedSentence(text.document.id, marked))
    known = both_ways(facts, schema)
    for labelled in label_texts(read, known):
        document = labelled.id.partition("#")[0]
        material.texts.append(replace(labelled, group=document))
    return material


def both_ways(facts: Iterable[tuple[str, str, str]], schema: Schema) -> list[tuple[str, str, str]]:
    """Facts in the form in which the data model writes them: `hasMember` as `memberOf`."""
    found = set()
    for subject, name, object_ in facts:
        predicate = schema.predicates.get(name)
        if predicate is not None and predicate.inverse and not predicate.canonical:
            found.add((object_, predicate.inverse, subject))
        else:
            found.add((subject, name, object_))
    return sorted(found)


def _is_sure(mention: Mention) -> bool:
    return mention.origin in _TRUSTED and mention.type not in _UNSURE


def _marks(mentions: Iterable[Mention]) -> Iterator[tuple[CharSpan, str]]:
    for item in mentions:
        yield CharSpan(item.start, item.end), item.type
