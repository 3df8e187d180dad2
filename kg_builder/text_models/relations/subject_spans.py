"""Propose spans that may name a text's subject, featurise them, and tag subjects with a CRF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kg_builder.errors import DataError
from kg_builder.text_models.crf import Crf, CrfConfig
from kg_builder.text_models.relations.labelling import LabelledText
from kg_builder.text_models.relations.mentions import shown_words, word_features
from kg_builder.text_models.relations.parsed_text import ParsedText, WordSpan
from kg_builder.text_models.relations.training_statistics import TrainingStatistics, WordLists

_OUTSIDE, _BEGIN, _INSIDE = "O", "B", "I"
_CRF: Final = CrfConfig(l1=0.1, l2=0.1, iterations=60)
QUOTES: Final = frozenset('"“”«»')
_MAX_WORDS: Final = 13
_MAX_QUOTED_WORDS: Final = 14
_MAX_SMALL_WORDS: Final = 6
_NO_EDGE: Final = frozenset({",", ".", ";", ":", "(", "[", "-", "–", "—", "'s", "’s"}) | QUOTES
_OPENERS: Final = ("'", "’", ".", "…", "#")
_IN_NAMES: Final = frozenset(
    {"of", "the", "in", "a", "an", "to", "for", "on", "at", "from", "with", "&", "and", "or", "by"}
    | {"de", "del", "la", "le", "les", "el", "los", "du", "un", "une", "et", "en", "dans", "y", "e"}
    | {"von", "van", "der", "und", "die", "das", "den", "il", "di", "da", "my", "your", "me", "i"}
    | {"is", "it", "be", "that", "no", "not", "like", "as", "n"}
)
"""Lower-case words that occur within names"""


def quoted(parsed: ParsedText) -> list[WordSpan]:
    """Spans in quotation marks."""
    found, opened = [], None
    for at, word in enumerate(parsed.words):
        if word in QUOTES:
            if opened is None:
                opened = at
            else:
                if 1 < at - opened <= _MAX_QUOTED_WORDS + 1:
                    found.append(WordSpan(opened + 1, at))
                opened = None
    return found


def candidate_spans(parsed: ParsedText) -> list[WordSpan]:
    """Spans that begin like a name with few consecutive lower-case words; they may overlap."""
    return sorted({*quoted(parsed), *_like_names(parsed)})


def _like_names(parsed: ParsedText) -> Iterator[WordSpan]:
    words = parsed.words
    for start, first in enumerate(words):
        # "(You Drive Me) Crazy": a bracket closed within the name
        bracketed = first == "(" and words[start + 1 : start + 2] != ()
        first = words[start + 1] if bracketed else first
        begins = (
            start == 0
            or first[0].isupper()
            or first[0].isdigit()
            or words[start - 1] in QUOTES
            or first.startswith(_OPENERS)
        )
        if not begins or first in _NO_EDGE:
            continue
        small = 0
        for end in range(start + 1, min(len(words), start + _MAX_WORDS) + 1):
            last = words[end - 1]
            if last in QUOTES:
                break
            small = small + 1 if end - 1 > start and last[0].isalpha() and last[0].islower() else 0
            if small > _MAX_SMALL_WORDS:
                break
            is_cut = bracketed and words[start:end].count(")") != 1
            if last not in _NO_EDGE and not is_cut:
                yield WordSpan(start, end)


@dataclass(frozen=True)
class SubjectTags:
    """The CRF's output for a text.

    Attributes:
        spans: the spans of the best tag sequence.
        outside: for each word, the probability that it is not part of the subject's name.
    """

    spans: frozenset[WordSpan]
    outside: tuple[float, ...]


class SubjectCrf:
    """CRF that tags the words naming a text's subject.

    Its features are those of `mentions.word_features`, and the quotation marks and brackets around
    a word. It is trained only on texts that name their subject, as others may still mention it.
    """

    def __init__(self, statistics: TrainingStatistics, word_lists: WordLists, crf: Crf) -> None:
        self.statistics, self._word_lists, self.crf = statistics, word_lists, crf
        self._outside = crf.tags.index(_OUTSIDE) if _OUTSIDE in crf.tags else None

    @classmethod
    def fit(
        cls,
        texts: Sequence[LabelledText],
        subjects: Sequence[Sequence[WordSpan]],
        statistics: TrainingStatistics,
        word_lists: WordLists,
    ) -> SubjectCrf:
        """Train on texts.

        Args:
            texts: the texts.
            subjects: the spans that name the subject of each.
            statistics, word_lists: word statistics and word lists.

        Raises:
            DataError: no text names its subject.
        """
        named = [(text, set_) for text, set_ in zip(texts, subjects, strict=True) if set_]
        if not named:
            raise DataError(
                "no text has both names of one of its triples",
                where="training texts",
                remedy="check that texts and triples belong together",
            )
        features = (
            _subject_features(text.parsed, statistics, word_lists, text.source.group)
            for text, _ in named
        )
        tags = (_tags(len(text.parsed), spans) for text, spans in named)
        return cls(statistics, word_lists, Crf.fit(features, tags, config=_CRF))

    def predict(self, parsed: ParsedText, group: str = "") -> SubjectTags:
        """Tag a text; statistics leave out texts of its own group."""
        best, marginals = self.crf.predict(
            _subject_features(parsed, self.statistics, self._word_lists, group)
        )
        spans = []
        for start, tag in enumerate(best):
            if tag == _BEGIN:
                end = start + 1
                while end < len(best) and best[end] == _INSIDE:
                    end += 1
                spans.append(WordSpan(start, end))
        outside = [0.0] * len(best) if self._outside is None else marginals[:, self._outside]
        return SubjectTags(frozenset(spans), tuple(float(share) for share in outside))


def _tags(length: int, subject: Sequence[WordSpan]) -> list[str]:
    tags = [_OUTSIDE] * length
    for start, end in subject:
        tags[start:end] = [_BEGIN, *[_INSIDE] * (end - start - 1)]
    return tags


def _subject_features(
    parsed: ParsedText, statistics: TrainingStatistics, word_lists: WordLists, group: str
) -> list[list[str]]:
    found = [list(own) for own in word_features(parsed, statistics, word_lists, group)]
    shown = shown_words(parsed, statistics, group)
    capitals = [word[0].isupper() for word in parsed.words]
    times = Counter(
        folded for folded, capital in zip(parsed.folded, capitals, strict=True) if capital
    )
    in_quotes, depth = False, 0
    for at, word in enumerate(parsed.words):
        if word in {'"', "“", "”"}:
            in_quotes = not in_quotes
        depth += (word == "(") - (word == ")" and depth > 0)
        behind = at + 1
        while behind < len(parsed) and (capitals[behind] or parsed.words[behind] in '"()'):
            behind += 1
        before = at - 1
        while before >= 0 and capitals[before]:
            before -= 1
        found[at] += [
            f"quotes={in_quotes}",
            f"brackets={min(depth, 1)}",
            f"place={min(at, 3)}",
            f"dep={parsed.dependencies[at]}|{in_quotes}",
            f"times={min(times[parsed.folded[at]], 2)}",
            f"behind={' '.join(shown[behind : behind + 2]) or '>'}",
            f"behind1={shown[behind] if behind < len(parsed) else '>'}",
            f"before={shown[before] if before >= 0 else '<'}",
        ]
    return found


class SpanFeatures:
    """Feature extractor for the spans of one text.

    Args:
        parsed: the text.
        tags: the CRF's output.
        statistics: the words used in texts about several topics.
        group: the text's topic, if in training.
    """

    def __init__(
        self, parsed: ParsedText, tags: SubjectTags, statistics: TrainingStatistics, group: str
    ) -> None:
        self._parsed, self._tags = parsed, tags
        self._shown = shown_words(parsed, statistics, group)
        self._common = [statistics.is_common(word, group) for word in parsed.lowered]
        self._quoted = frozenset(quoted(parsed))
        self._folded = f" {' '.join(filter(None, parsed.folded))} "

    def of(self, span: WordSpan) -> list[str]:
        """Features of a span: edges, inside, syntax, CRF tags."""
        return [
            *self._edges(span),
            *self._inside(span),
            *self._grammar(span),
            *self._crf_view(span),
        ]

    def _edges(self, span: WordSpan) -> Iterator[str]:
        start, end = span
        words = self._parsed.words
        before = ["<", "<", *self._shown[max(0, start - 2) : start]][-2:]
        behind = [*self._shown[end : end + 3], ">", ">", ">"][:3]
        is_quoted = span in self._quoted
        yield f"before {before[1]}"
        yield f"before {' '.join(before)}"
        for length in (1, 2, 3):
            yield f"behind {' '.join(behind[:length])}"
        for length in (1, 2):
            yield f"quoted {is_quoted} behind {' '.join(behind[:length])}"
        yield f"quoted {is_quoted} first {start == 0}"
        within = any(q.start <= start and end <= q.end and q != span for q in self._quoted)
        yield f"within quotes {within}"
        yield f"capital before {start > 0 and words[start - 1][0].isupper()} {start == 1}"
        yield f"capital behind {end < len(words) and words[end][0].isupper()}"

    def _inside(self, span: WordSpan) -> Iterator[str]:
        start, end = span
        words, lowered = self._parsed.words[start:end], self._parsed.lowered[start:end]
        is_quoted = span in self._quoted
        yield f"length {min(end - start, 7)}"
        yield f"begins {self._shown[start]}"
        yield f"begins {lowered[0] if lowered[0] in _IN_NAMES else ''} {start == 0}"
        yield f"ends {self._shown[end - 1]} {words[-1][0].isupper()}"
        small = [low for word, low in zip(words, lowered, strict=True) if word[0].islower()]
        odd = [word for word in small if word not in _IN_NAMES]
        yield f"small {min(4, len(small))} {is_quoted}"
        yield f"odd {min(3, len(odd))} {is_quoted}"
        for at in range(start, end):
            if self._parsed.lowered[at] in odd and self._common[at]:
                yield f"has {self._parsed.lowered[at]}"
        behind = self._parsed.words[end : end + 1]
        opened, shut = words.count("("), words.count(")")
        yield f"brackets {opened} {shut} {behind == (')',)} {behind == ('(',)}"
        yield f"commas {min(3, words.count(','))} {is_quoted}"
        yield f"and {'and' in lowered} {is_quoted}"
        yield f"genitive {not {'’s', chr(39) + 's'}.isdisjoint(words)}"
        spelt = " ".join(filter(None, self._parsed.folded[start:end]))
        times = self._folded.count(f" {spelt} ") if spelt else 0
        yield f"times {min(times, 3)} {end - start > 1}"

    def _grammar(self, span: WordSpan) -> Iterator[str]:
        start, end = span
        parsed = self._parsed
        heads = [at for at in range(start, end) if not start <= parsed.heads[at] < end]
        head = heads[0] if heads else end - 1
        yield f"dep {parsed.dependencies[head]}"
        yield f"governor {self._shown[parsed.heads[head]]}"
        yield f"heads {min(3, len(heads))}"
        yield f"entities {'|'.join(sorted(set(parsed.entities[start:end])))}"
        before = parsed.entities[start - 1] if start else ""
        behind = parsed.entities[end] if end < len(parsed) else ""
        first, last = parsed.entities[start], parsed.entities[end - 1]
        yield f"entity edges {before}={first} {last}={behind}"

    def _crf_view(self, span: WordSpan) -> Iterator[str]:
        start, end = span
        outside = self._tags.outside
        within = int(5 * (1 - max(outside[start:end])))
        around = [outside[at] for at in (start - 1, end) if 0 <= at < len(outside)]
        beyond = int(5 * (1 - min(around, default=1.0)))
        tagged = span in self._tags.spans
        yield f"within {within}"
        yield f"beyond {beyond}"
        yield f"within {within} beyond {beyond}"
        yield f"tagged {tagged} {bool(self._tags.spans)}"
