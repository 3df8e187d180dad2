"""Training data of the text models; labels by distant supervision: names and facts of a graph."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import pandas as pd

from kg_builder.extraction.text.mentions import ANAPHOR, Mention, Sentence
from kg_builder.extraction.text.model_interface import CharSpan
from kg_builder.extraction.text.relations import ReadText
from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema
from kg_builder.text_models.corpora import AnnotatedText, Triple
from kg_builder.text_models.ner.bio_tags import TaggedWords, tag_sentence
from kg_builder.text_models.relations.parsed_text import sentence_windows

_TRUSTED: Final = frozenset({"gazetteer", "title", "lexicon", "pattern", "quoted", "demonym"})
_VAGUE: Final = frozenset({"Name", "Artist"})
"""Classes too general to label a name with."""


@dataclass(frozen=True)
class NamedSentence:
    """A sentence with its names, and the id of its text."""

    group: str
    sentence: TaggedWords


@dataclass
class TrainingTexts:
    """Training data of the text models.

    Attributes:
        sentences: training sentences of NER.
        texts: training texts of the relation extractor; predicates are the data model's.
        counts: skipped data, by reason.
    """

    sentences: list[NamedSentence] = field(default_factory=list)
    texts: list[AnnotatedText] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def groups(self) -> list[str]:
        """Ids of the texts, sorted."""
        return sorted({item.group for item in self.sentences} | {t.group for t in self.texts})

    def classes(self) -> Counter[str]:
        """Class → number of annotated names."""
        return Counter(span.label for item in self.sentences for span in item.sentence.spans)

    def predicates(self) -> Counter[str]:
        """Predicate → number of triples."""
        return Counter(triple.relation for text in self.texts for triple in text.triples)

    def only(self, groups: Collection[str]) -> TrainingTexts:
        """Restrict to some of the texts."""
        chosen = set(groups)
        return TrainingTexts(
            [item for item in self.sentences if item.group in chosen],
            [text for text in self.texts if text.group in chosen],
        )

    @classmethod
    def merged(cls, parts: Iterable[TrainingTexts]) -> TrainingTexts:
        """Merge training data; for texts in several, the first one counts."""
        whole = cls()
        for part in parts:
            groups = set(whole.groups)
            whole.sentences += [item for item in part.sentences if item.group not in groups]
            whole.texts += [text for text in part.texts if text.group not in groups]
            whole.counts += part.counts
        return whole


def facts_of(
    statements: pd.DataFrame, records: pd.DataFrame, *, texts: Collection[str]
) -> list[tuple[str, str, str]]:
    """Facts of the structured sources, by entity names.

    Args:
        statements: table of the extraction stage; subjects and objects are keys of records.
        records: the records.
        texts: names of the sources of running text, whose statements are skipped, as a model would
            learn the rules' output.
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


def label_with_graph(
    texts: Iterable[ReadText], facts: Collection[tuple[str, str, str]], schema: Schema
) -> TrainingTexts:
    """Label texts with names and facts of structured sources.

    A sentence is used for NER only if everything in it that looks like a name is known; otherwise a
    model would learn that unknown names are not names. Texts must have been read by rules and
    gazetteer.
    """
    result = TrainingTexts()
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
                result.counts["sentences without a name"] += 1
            elif not all(_is_certain(item) for item in inside):
                result.counts["sentences with a name of unknown kind"] += 1
            else:
                tagged = tag_sentence(
                    text.document.text, CharSpan(sentence.start, sentence.end), _char_spans(inside)
                )
                result.sentences.append(NamedSentence(text.document.id, tagged))
    canonical = canonical_facts(facts, schema)
    for labelled in label_texts(read, canonical):
        document = labelled.id.partition("#")[0]
        result.texts.append(replace(labelled, group=document))
    return result


def canonical_facts(
    facts: Iterable[tuple[str, str, str]], schema: Schema
) -> list[tuple[str, str, str]]:
    """Convert facts to their canonical direction: `hasMember` to `memberOf`."""
    found = set()
    for subject, name, object_ in facts:
        predicate = schema.predicates.get(name)
        if predicate is not None and predicate.inverse and not predicate.canonical:
            found.add((object_, predicate.inverse, subject))
        else:
            found.add((subject, name, object_))
    return sorted(found)


def _is_certain(mention: Mention) -> bool:
    return mention.origin in _TRUSTED and mention.type not in _VAGUE


def _char_spans(mentions: Iterable[Mention]) -> Iterator[tuple[CharSpan, str]]:
    for item in mentions:
        yield CharSpan(item.start, item.end), item.type


def label_texts(
    texts: Iterable[ReadText], facts: Iterable[tuple[str, str, str]]
) -> list[AnnotatedText]:
    """Extract passages that mention both entities of a fact, with these facts as triples.

    Mintz et al., "Distant supervision for relation extraction without labeled data" (2009): a
    passage that mentions both entities of a known fact is assumed to state it. This may be wrong,
    and other statements are unknown, so the labels are incomplete. Pronouns and short names count
    as the entities that they were resolved to.

    Args:
        texts: texts with their mentions.
        facts: (name of subject, predicate, name or value of object).
    """
    predicates_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for subject, predicate, object_ in facts:
        predicates_of[fold(subject), fold(object_)].add(predicate)
    return [
        labelled
        for text in texts
        for number, passage in enumerate(sentence_windows(text.sentences))
        for labelled in _labelled(text, passage, predicates_of, number)
    ]


def _labelled(
    text: ReadText, passage: Sentence, predicates_of: dict[tuple[str, str], set[str]], number: int
) -> Iterator[AnnotatedText]:
    inside = [m for m in text.mentions if passage.start <= m.start and m.end <= passage.end]
    names = sorted({_name(mention) for mention in inside})
    triples = tuple(
        Triple(subject, predicate, object_)
        for subject in names
        for object_ in names
        if subject != object_
        for predicate in sorted(predicates_of.get((fold(subject), fold(object_)), ()))
    )
    if not triples:
        return
    wanted = {name for triple in triples for name in (triple.subject, triple.object)}
    yield AnnotatedText(
        id=f"{text.document.id}#{number:04d}",
        text=text.document.text[passage.start : passage.end],
        triples=triples,
        group=text.document.title,
        complete=False,
        mentions=tuple(
            (_name(mention), mention.start - passage.start, mention.end - passage.start)
            for mention in inside
            if _name(mention) in wanted
        ),
    )


def _name(mention: Mention) -> str:
    return mention.entity.name if mention.entity is not None else mention.name
