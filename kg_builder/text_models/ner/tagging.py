"""Sentences whose names are marked: words, spans, BIO tags, and the file format that has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from kg_builder.errors import DataError

OUTSIDE: Final = "O"


class Span(NamedTuple):
    """Words `start` to `end` (exclusive) name a thing of class `label`."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class TaggedWords:
    """A sentence and the names in it; spans are in order and do not overlap."""

    words: tuple[str, ...]
    spans: tuple[Span, ...]

    def text(self, span: Span) -> str:
        """The words of a span, joined by spaces."""
        return " ".join(self.words[span.start : span.end])


def tags_of(sentence: TaggedWords) -> list[str]:
    """One BIO tag for each word."""
    tags = [OUTSIDE] * len(sentence.words)
    for start, end, label in sentence.spans:
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tags


def spans_of(tags: Sequence[str]) -> tuple[Span, ...]:
    """The spans that tags mark; an I that continues nothing begins a span, as in IOB1 files."""
    found: list[Span] = []
    start, open_label = 0, ""
    for place, tag in enumerate([*tags, OUTSIDE]):
        prefix, _, label = tag.partition("-")
        if open_label and (prefix != "I" or label != open_label):
            found.append(Span(start, place, open_label))
            open_label = ""
        if prefix != OUTSIDE and not open_label:
            start, open_label = place, label
    return tuple(found)


def labels_of(sentences: Iterable[TaggedWords]) -> list[str]:
    """The classes of a collection, sorted."""
    return sorted({span.label for sentence in sentences for span in sentence.spans})


def read_bio(path: Path) -> list[TaggedWords]:
    """Read sentences of a file with one word and its tag in a line, and blank lines between.

    The word is the first column and the tag the last; columns are parted by tabs or, where a line
    has none, by spaces. Lines that begin with `-DOCSTART-` are passed over.

    Raises:
        DataError: no such file, not UTF-8, a line without a tag, a tag that is not BIO, no
            sentence at all.
    """
    sentences: list[TaggedWords] = []
    words: list[str] = []
    tags: list[str] = []
    for number, line in enumerate([*_lines(path), ""], 1):
        if not line.strip():
            if words:
                sentences.append(TaggedWords(tuple(words), spans_of(tags)))
                words, tags = [], []
            continue
        if line.startswith("-DOCSTART-"):
            continue
        word, tag = _columns(line, f"{path}, line {number}")
        words.append(word)
        tags.append(tag)
    if not sentences:
        raise DataError("no sentence", where=str(path))
    return sentences


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").split("\n")
    except OSError as fault:
        raise DataError(f"cannot be read: {fault.strerror}", where=str(path)) from None
    except UnicodeDecodeError as fault:
        raise DataError(f"not UTF-8 at byte {fault.start}", where=str(path)) from None


def _columns(line: str, where: str) -> tuple[str, str]:
    line = line.rstrip("\r")
    cells = line.split("\t") if "\t" in line else line.split()
    if len(cells) < 2 or not cells[0].strip():
        raise DataError("a word without a tag", where=where, remedy="word<TAB>tag")
    word, tag = cells[0].strip(), cells[-1].strip()
    prefix, dash, label = tag.partition("-")
    if tag != OUTSIDE and not (prefix in {"B", "I"} and dash and label):
        raise DataError(f"{tag!r} is not a BIO tag", where=where, remedy="O, B-CLASS or I-CLASS")
    return word, tag
