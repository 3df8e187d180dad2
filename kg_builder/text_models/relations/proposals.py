"""Runs of words that look like mentions, by rule, beside those that a tagger finds.

A tagger learns the names' contexts; where training marked only some of a text's names it learns to
leave the others unmarked. What it does not find is proposed by form: quoted words, dates, spaCy's
entities, capitals, names and words that are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kg_builder.text_models.relations.alignment import Words, closed
from kg_builder.text_models.relations.dates import dates_in
from kg_builder.text_models.relations.knowledge import Knowledge, WordLists
from kg_builder.text_models.relations.reading import Reading

_QUOTES: Final = {'"': '"', "“": "”", "«": "»"}
_LONGEST_QUOTE: Final = 12
_INSIDE: Final = frozenset(
    {"of", "the", "in", "a", "an", "to", "for", "on", "at", "from", "with", "&", "de", "del", "la"}
    | {"le", "les", "el", "los", "du", "von", "van", "der", "my", "your", "'s", "’s", "n", "'", "-"}
    | {"!", "?", "/"}
)
_ENTITIES: Final = frozenset(
    {"PERSON", "ORG", "GPE", "LOC", "WORK_OF_ART", "NORP", "FAC", "PRODUCT", "LANGUAGE", "EVENT"}
)
_ENDS: Final = frozenset(
    {
        "of",
        "the",
        "in",
        "a",
        "an",
        "to",
        "for",
        "on",
        "at",
        "from",
        "with",
        "-",
        "/",
        "'",
        "'s",
        "’s",
    }
    | {"&", ".", ","}
)
_BETWEEN: Final = frozenset({"for", "to", "from", "at", "with", "on", "in", "and", "by", "&", "("})
"""Small words that join two names more often than they stand within one"""

_LEADING: Final = frozenset(
    ["the", "a", "an", "in", "on", "it", "his", "her", "their", "this", "he", "she", "they", "at"]
)


def propose(
    reading: Reading, knowledge: Knowledge, lists: WordLists, group: str, taken: Sequence[Words]
) -> list[Words]:
    """Runs that do not overlap what is taken or each other; surer kinds come first."""
    kept: list[Words] = []
    covered = {word for place in taken for word in range(*place)}
    for place in _all(reading, knowledge, lists, group):
        if place.start < place.end and covered.isdisjoint(range(*place)):
            covered.update(range(*place))
            kept.append(place)
    return sorted(kept)


def parts(reading: Reading) -> set[Words]:
    """Quotes, entities, runs of capitals, and the pieces of these between small words.

    They overlap: "Walden for Carey" comes whole and as its two names. None opens a bracket that
    it does not close.
    """
    runs = {*_quoted(reading), *_entities(reading), *_capitals(reading)}
    found = {closed(reading, piece) for run in runs for piece in (run, *_pieces(reading, run))}
    return {
        place
        for place in found
        if place.start < place.end
        and (inside := reading.words[place.start : place.end]).count("(") == inside.count(")")
    }


def _pieces(reading: Reading, run: Words) -> Iterator[Words]:
    cuts = [at for at in range(run.start + 1, run.end - 1) if reading.lowered[at] in _BETWEEN]
    for start, end in zip([run.start, *(at + 1 for at in cuts)], [*cuts, run.end], strict=True):
        yield _trimmed(reading, start, end)


def _all(reading: Reading, knowledge: Knowledge, lists: WordLists, group: str) -> Iterator[Words]:
    yield from _quoted(reading)
    for start, end, _ in dates_in(reading.text):
        words = reading.words_at(start, end)
        if words:
            yield Words(*words)
    for place, _ in knowledge.find(reading, group):
        yield place
    yield from _capitals(reading)
    yield from _entities(reading)
    for place, kind in lists.find(reading):
        if kind in {"genre", "instrument"}:
            yield place


def _quoted(reading: Reading) -> Iterator[Words]:
    start = 0
    while start < len(reading):
        closing = _QUOTES.get(reading.words[start])
        if closing is not None:
            for end in range(start + 1, min(start + _LONGEST_QUOTE, len(reading))):
                if reading.words[end] == closing:
                    inner = Words(start + 1, end)
                    while inner.end > inner.start and reading.words[inner.end - 1] == ",":
                        inner = Words(inner.start, inner.end - 1)
                    yield inner
                    start = end
                    break
        start += 1


def _entities(reading: Reading) -> Iterator[Words]:
    start = 0
    while start < len(reading):
        kind = reading.entities[start]
        end = start + 1
        if kind in _ENTITIES:
            while end < len(reading) and reading.entities[end] == kind:
                end += 1
            yield _trimmed(reading, start, end)
        start = end


def _capitals(reading: Reading) -> Iterator[Words]:
    """Capitalised words with small ones between them: "Never Mind the Bollocks"."""
    words, start = reading.words, 0
    while start < len(words):
        if not words[start][:1].isupper():
            start += 1
            continue
        end = last = start + 1
        while end < len(words) and end - last < 3:
            if words[end][:1].isupper() or words[end][:1].isdigit():
                last = end + 1
            elif reading.lowered[end] not in _INSIDE:
                break
            end += 1
        run = _trimmed(reading, start, last)
        if run.end - run.start > 1 or not _begins(reading, run.start):
            yield run
        start = max(end, last)


def _trimmed(reading: Reading, start: int, end: int) -> Words:
    """Without an article or pronoun at the sentence's beginning, loose words and open brackets."""
    begins = _begins(reading, start)
    while start < end and (begins or not reading.words[start][:1].isupper()):
        if reading.lowered[start] not in _LEADING:
            break
        start += 1
    inside = reading.words[start:end]
    if inside.count("(") > inside.count(")") and reading.words[end : end + 1] != (")",):
        end = start + inside.index("(")
    while end > start and reading.lowered[end - 1] in _ENDS:
        end -= 1
    return Words(start, end)


def _begins(reading: Reading, at: int) -> bool:
    """Whether a word is its sentence's first, so that its capital tells nothing."""
    return at == 0 or reading.sentences[at] != reading.sentences[at - 1]
