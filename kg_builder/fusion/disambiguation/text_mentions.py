"""Collect artist and person mentions in texts, with sentences and facts, from extraction tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from kg_builder.fusion.profiles import turned, values
from kg_builder.ontology import Schema

Texts = Mapping[str, str]
"""Location of a text (evidence without offsets) → the text."""

_PLACE: Final = re.compile(r"^(?P<document>.*?);?char=(?P<start>\d+),(?P<end>\d+)$")


@dataclass(frozen=True)
class Mention:
    """A name in a text.

    Attributes:
        key: identifies the decision.
        name: as the text writes it.
        type: class of the data model, or '' if unknown.
        sentence: the sentence around it, or several.
        facts: facts extracted from the text, as (predicate, name of the other entity).
    """

    key: str
    name: str
    type: str = ""
    sentence: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TextMentions:
    """A text with its mentions.

    Attributes:
        text: the full text.
        mentions: names to link.
        anchors: entities (CURIEs) that it certainly is about, such as its topic.
    """

    text: str
    mentions: tuple[Mention, ...]
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """Mentions of agents in texts.

    Attributes:
        documents: record key → the texts that mention it, in order.
        texts: per text, its mentions with keys `key_in(record, text)`.
    """

    documents: dict[str, list[str]]
    texts: dict[str, TextMentions]


def key_in(record: str, document: str) -> str:
    """Key of the mentions of a record in one text."""
    return f"{record}@{document}"


def is_mention(record_id: str, type_: str, schema: Schema) -> bool:
    """Whether a record is an artist or a person of whom its source states only a name."""
    head, slash, _ = record_id.partition("/")
    individual = schema.is_a(type_, "Artist") or schema.is_a(type_, "Person")
    return bool(slash) and head == schema.prefix(type_) and individual


def document_of(evidence: str) -> tuple[str, int, int]:
    """Text location, start and end offsets of a piece of evidence; ('', 0, 0) if not in a text."""
    match = _PLACE.match(evidence)
    return (match["document"], int(match["start"]), int(match["end"])) if match else ("", 0, 0)


def mentions_in(
    records: pd.DataFrame,
    statements: pd.DataFrame,
    texts: Texts,
    schema: Schema,
    linked: Callable[[str], str],
) -> Found:
    """Collect mentions with their sentences, extracted facts and co-occurring mentions.

    Args:
        records, statements: as extracted.
        texts: the texts by location.
        schema: the data model.
        linked: the entity of a record that is not a mention, or ''.
    """
    columns = ("record", "record_id", "type", "name", "evidence")
    rows = {
        row[0]: row for row in zip(*(values(records, column) for column in columns), strict=True)
    }
    chosen = {key for key, row in rows.items() if is_mention(row[1], row[2], schema)}
    sentences: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    facts: dict[tuple[str, str], dict[tuple[str, str], None]] = defaultdict(dict)
    beside: dict[str, dict[str, None]] = defaultdict(dict)

    def seen(key: str, evidence: str) -> str:
        document, start, end = document_of(evidence)
        if document not in texts:
            return ""
        if key in chosen:
            sentences[key, document][texts[document][start:end]] = None
        elif entity := linked(key):
            beside[document][entity] = None
        return document

    for key in sorted(chosen):
        seen(key, rows[key][4])
    for subject, predicate, target, kind, evidence in zip(
        *(
            values(statements, column)
            for column in ("subject", "predicate", "object", "object_kind", "evidence")
        ),
        strict=True,
    ):
        if not (document := seen(subject, evidence)):
            continue
        other = rows[target][3] if kind == "record" and target in rows else target
        if subject in chosen:
            facts[subject, document][predicate, other] = None
        if kind == "record" and target in rows:
            seen(target, evidence)
            if target in chosen and subject in rows:
                facts[target, document][turned(predicate, schema), rows[subject][3]] = None
    documents: dict[str, list[str]] = defaultdict(list)
    inside: dict[str, list[Mention]] = defaultdict(list)
    for key, document in sorted(sentences):
        documents[key].append(document)
        inside[document].append(
            Mention(
                key=key_in(key, document),
                name=rows[key][3],
                type=rows[key][2],
                sentence=" ".join(sentences[key, document]),
                facts=tuple(facts[key, document]),
            )
        )
    return Found(
        dict(documents),
        {
            document: TextMentions(texts[document], tuple(several), tuple(sorted(beside[document])))
            for document, several in sorted(inside.items())
        },
    )
