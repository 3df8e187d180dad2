"""Data classes of training data: sentences with names, texts with triples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from kg_builder.text_models.corpora import AnnotatedText
from kg_builder.text_models.ner.bio_tags import TaggedWords


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
