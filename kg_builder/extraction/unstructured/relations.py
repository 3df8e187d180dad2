"""What a relation extractor is: the seam at which a trained one, or a user's own, is put in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from spacy.tokens import Doc

from kg_builder.extraction.unstructured.documents import TextDocument
from kg_builder.extraction.unstructured.mentions import Entity, Mention
from kg_builder.extraction.unstructured.sentences import Sentence


@dataclass(frozen=True)
class ReadText:
    """A text with everything that was found before relations: the extractor's input."""

    document: TextDocument
    doc: Doc
    """spaCy's reading; it has a dependency parse only where a model is installed."""

    sentences: list[Sentence]
    mentions: list[Mention]
    """In order, anaphors included; `mention.entity` says what each one is a mention of."""

    topic: Entity
    """The thing that the text is about; it need not be mentioned by name."""

    @cached_property
    def is_parsed(self) -> bool:
        """Whether the text has a dependency parse."""
        return bool(self.doc.has_annotation("DEP"))


@dataclass(frozen=True)
class Relation:
    """`subject –predicate→ object` as one sentence says it."""

    subject: Entity
    predicate: str
    object: Mention
    sentence: Sentence
    method: str
    confidence: float


@dataclass(frozen=True)
class Reading:
    """What one text says: all that is kept of it, and all that travels between processes."""

    document: TextDocument
    sentences: list[Sentence]
    mentions: list[Mention]
    topic: Entity
    relations: list[Relation]


class RelationExtractor(Protocol):
    """Reads relations out of texts whose mentions are known."""

    def extract(self, text: ReadText) -> Iterable[Relation]:
        """Yield relations whose predicates are the data model's, in the order of the text."""
