"""Propose spans that look like mentions by form: quotes, dates, capitals, entities, known names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kg_builder.text_models.relations.labelling import closed
from kg_builder.text_models.relations.parsed_text import ParsedText, WordSpan
from kg_builder.text_models.relations.surface_forms import dates_in
from kg_builder.text_models.relations.training_statistics import TrainingStatistics, WordLists

_QUOTES: Final = {'"': '"', "“": "”", "«": "»"}
_MAX_QUOTED_WORDS: Final = 12
_INSIDE: Final = frozenset(
    {"of", "the", "in", "a", "an", "to", "for", "on", "at", "from", "with", "&", "de", "del", "la"}
    | {"le", "les", "el", "los", "du", "von", "van", "der", "my", "your", "'s", "’s", "n", "'", "-"}
    | {"!", "?", "/"}
)
"""Lower-case words that occur within capitalised names"""

_ENTITIES: Final = frozenset(
    {"PERSON", "ORG", "GPE", "LOC", "WORK_OF_ART", "NORP", "FAC", "PRODUCT", "LANGUAGE", "EVENT"}
)
_NOT_LAST: Final = frozenset(
    {"of", "the", "in", "a", "an", "to", "for", "on", "at", "from", "with", "-", "/", "'", "'s"}
    | {"’s", "&", ".", ","}
)
_BETWEEN: Final = frozenset({"for", "to", "from", "at", "with", "on", "in", "and", "by", "&", "("})
"""Lower-case words that more often join two names than occur within one"""

_LEADING: Final = frozenset(
    ["the", "a", "an", "in", "on", "it", "his", "her", "their", "this", "he", "she", "they", "at"]
)


def propose(
    parsed: ParsedText,
    statistics: TrainingStatistics,
    word_lists: WordLists,
    group: str,
    taken: Sequence[WordSpan],
) -> list[WordSpan]:
    """Propose spans that look like mentions, besides those of a tagger.

    If training texts mark only some of their names, a tagger learns to skip the others. These are
    proposed by form: quoted words, dates, spaCy's entities, capitals, known names and words. Spans
    do not overlap taken ones or each other; more reliable kinds come first.
    """
    kept: list[WordSpan] = []
    covered = {word for span in taken for word in range(*span)}
    for span in _by_rule(parsed, statistics, word_lists, group):
        if span.start < span.end and covered.isdisjoint(range(*span)):
            covered.update(range(*span))
            kept.append(span)
    return sorted(kept)


def parts(parsed: ParsedText) -> set[WordSpan]:
    """Quotes, entities, capitalised spans, and their pieces between lower-case words.

    They overlap: "Walden for Carey" and both names in it. Brackets are balanced.
    """
    runs = {*_quoted(parsed), *_entities(parsed), *_capitals(parsed)}
    found = {closed(parsed, piece) for run in runs for piece in (run, *_pieces(parsed, run))}
    found |= {undated for span in found if (undated := _without_date(parsed, span)) != span}
    return {
        span
        for span in found
        if span.start < span.end
        and (inside := parsed.words[span.start : span.end]).count("(") == inside.count(")")
    }


def _without_date(parsed: ParsedText, span: WordSpan) -> WordSpan:
    """Strip a final date from a span: "Blue Sea (2005)", "Blue Sea in March 1979"."""
    start, end = span
    first = parsed.starts[start] if start < end else 0
    text = parsed.span_text(start, end) if start < end else ""
    for begins, _, _ in dates_in(text):
        words = parsed.words_at(first + begins, first + begins + 1)
        if words and words[0] > start:
            return _trimmed(parsed, start, words[0])
    return span


def _pieces(parsed: ParsedText, run: WordSpan) -> Iterator[WordSpan]:
    cuts = [at for at in range(run.start + 1, run.end - 1) if parsed.lowered[at] in _BETWEEN]
    for start, end in zip([run.start, *(at + 1 for at in cuts)], [*cuts, run.end], strict=True):
        yield _trimmed(parsed, start, end)


def _by_rule(
    parsed: ParsedText, statistics: TrainingStatistics, word_lists: WordLists, group: str
) -> Iterator[WordSpan]:
    yield from _quoted(parsed)
    for start, end, _ in dates_in(parsed.text):
        words = parsed.words_at(start, end)
        if words:
            yield WordSpan(*words)
    for span, _ in statistics.find(parsed, group):
        yield span
    yield from _capitals(parsed)
    yield from _entities(parsed)
    for span, kind in word_lists.find(parsed):
        if kind in {"genre", "instrument"}:
            yield span


def _quoted(parsed: ParsedText) -> Iterator[WordSpan]:
    start = 0
    while start < len(parsed):
        closing = _QUOTES.get(parsed.words[start])
        if closing is not None:
            for end in range(start + 1, min(start + _MAX_QUOTED_WORDS, len(parsed))):
                if parsed.words[end] == closing:
                    inner = WordSpan(start + 1, end)
                    while inner.end > inner.start and parsed.words[inner.end - 1] == ",":
                        inner = WordSpan(inner.start, inner.end - 1)
                    yield inner
                    start = end
                    break
        start += 1


def _entities(parsed: ParsedText) -> Iterator[WordSpan]:
    start = 0
    while start < len(parsed):
        kind = parsed.entities[start]
        end = start + 1
        if kind in _ENTITIES:
            while end < len(parsed) and parsed.entities[end] == kind:
                end += 1
            yield _trimmed(parsed, start, end)
        start = end


def _capitals(parsed: ParsedText) -> Iterator[WordSpan]:
    """Capitalised words with lower-case ones between them: "Never Mind the Bollocks"."""
    words, start = parsed.words, 0
    while start < len(words):
        if not words[start][:1].isupper():
            start += 1
            continue
        end = last = start + 1
        while end < len(words) and end - last < 3:
            if words[end][:1].isupper() or words[end][:1].isdigit():
                last = end + 1
            elif parsed.lowered[end] not in _INSIDE:
                break
            end += 1
        run = _trimmed(parsed, start, last)
        if run.end - run.start > 1 or not _begins(parsed, run.start):
            yield run
        start = max(end, last)


def _trimmed(parsed: ParsedText, start: int, end: int) -> WordSpan:
    """Strip a sentence-initial article or pronoun, dangling words and open brackets."""
    begins = _begins(parsed, start)
    while start < end and (begins or not parsed.words[start][:1].isupper()):
        if parsed.lowered[start] not in _LEADING:
            break
        start += 1
    inside = parsed.words[start:end]
    if inside.count("(") > inside.count(")") and parsed.words[end : end + 1] != (")",):
        end = start + inside.index("(")
    while end > start and parsed.lowered[end - 1] in _NOT_LAST:
        end -= 1
    return WordSpan(start, end)


def _begins(parsed: ParsedText, at: int) -> bool:
    """Whether a word is the first of its sentence, so that its capital is uninformative."""
    return at == 0 or parsed.sentences[at] != parsed.sentences[at - 1]
