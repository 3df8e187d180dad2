"""Parse texts with spaCy into words and spans, the input of the trained relation extractors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from spacy.tokens import Doc
from unidecode import unidecode

from kg_builder.extraction.text.mentions import Sentence, load_pipeline
from kg_builder.text_models.corpora import Triple

_WINDOW_SENTENCES: Final = 3
_WINDOW_CHARACTERS: Final = 1200


class WordSpan(NamedTuple):
    """A span of words, `end` exclusive."""

    start: int
    end: int

    def overlaps(self, other: WordSpan) -> bool:
        """Whether two spans share a word."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class ParsedText:
    """Words of a text, in order, and one value per word for everything else.

    Without a statistical model `dependency` and `entity` are empty strings, and every word is its
    own head.
    """

    text: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    heads: tuple[int, ...]
    dependencies: tuple[str, ...]
    entities: tuple[str, ...]
    sentences: tuple[int, ...]
    """Index of the word's sentence."""

    def __len__(self) -> int:
        return len(self.words)

    def end(self, word: int) -> int:
        """End offset of a word."""
        return self.starts[word] + len(self.words[word])

    def span_text(self, start: int, end: int) -> str:
        """The text from word `start` to word `end` (exclusive)."""
        return self.text[self.starts[start] : self.end(end - 1)]

    @cached_property
    def lowered(self) -> tuple[str, ...]:
        """The words in lower case."""
        return tuple(word.lower() for word in self.words)

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """The words in lower case without diacritics and punctuation."""
        return tuple(squash(word) for word in self.words)

    def words_at(self, start: int, end: int) -> tuple[int, int] | None:
        """The words that overlap characters `start` to `end`, or none."""
        first = next((i for i in range(len(self)) if self.end(i) > start), None)
        if first is None:
            return None
        last = first
        while last < len(self) and self.starts[last] < end:
            last += 1
        return (first, last) if last > first else None


@lru_cache(maxsize=1 << 16)
def squash(text: str) -> str:
    """Squash a text: lower case without diacritics, punctuation and white space.

    >>> squash("Aleksandra_Kovač (singer)")
    'aleksandrakovacsinger'
    """
    return "".join(sign for sign in unidecode(text).lower() if sign.isalnum())


def parsed_text_of(doc: Doc) -> ParsedText:
    """Convert a spaCy document to a `ParsedText`."""
    tokens = [token for token in doc if not token.is_space]
    position = {token.i: index for index, token in enumerate(tokens)}
    parsed = doc.has_annotation("DEP")
    number, sentences = 0, []
    for index, token in enumerate(tokens):
        ended = token.is_sent_start if parsed else tokens[index - 1].text in {".", "!", "?"}
        number += bool(index and ended)
        sentences.append(number)
    return ParsedText(
        text=doc.text,
        words=tuple(token.text for token in tokens),
        starts=tuple(token.idx for token in tokens),
        heads=tuple(
            position.get(token.head.i, index) if parsed else index
            for index, token in enumerate(tokens)
        ),
        dependencies=tuple(token.dep_ if parsed else "" for token in tokens),
        entities=tuple(token.ent_type_ for token in tokens),
        sentences=tuple(sentences),
    )


def parse_texts(texts: Iterable[str], model: str | None) -> Iterator[ParsedText]:
    """Parse texts with a spaCy pipeline, or a blank one if it is not installed."""
    nlp, _ = load_pipeline(model)
    for doc in nlp.pipe(texts, batch_size=64):
        yield parsed_text_of(doc)


def sentence_windows(sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """Yield windows of up to three sentences of a long text."""
    for first in range(0, len(sentences), _WINDOW_SENTENCES):
        window = sentences[first : first + _WINDOW_SENTENCES]
        if window[-1].end - window[0].start <= _WINDOW_CHARACTERS:
            yield Sentence(window[0].start, window[-1].end)
        else:
            yield from window


@dataclass(frozen=True)
class FoundTriple:
    """An extracted triple, with the spans of its subject and object."""

    triple: Triple
    confidence: float
    subject: WordSpan
    object: WordSpan
    logit: float = 0.0
