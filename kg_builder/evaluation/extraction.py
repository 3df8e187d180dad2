"""Score extracted triples against gold triples: micro precision, recall, F1; Text2KGBench's way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from unidecode import unidecode

from kg_builder.text_models.corpora import Triple

_QUOTES: Final = re.compile("[\"“”„«»]|(?<!\\w)['‘’]|['‘’](?!\\w)")
_APOSTROPHES: Final = re.compile("[‘’`´]")
_SPACE: Final = re.compile(r"\s+")
_BRACKETS: Final = re.compile(r"(?<=\S)\s*\([^()]*\)\s*$")
_NO_LETTER: Final = re.compile(r"[^\w]+")

Fold = Literal["as written", "diacritics", "spelling"]
"""Differences ignored between two names: only case, underscores and quotes; diacritics as well; or
also brackets at the end ("(song)"), spaces and punctuation."""

FOLDS: Final[tuple[Fold, ...]] = ("as written", "diacritics", "spelling")


@dataclass(frozen=True)
class Counts:
    """Numbers of correct, extracted and gold triples."""

    right: int = 0
    stated: int = 0
    gold: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.right + other.right, self.stated + other.stated, self.gold + other.gold)

    @property
    def precision(self) -> float:
        """Share of the extracted triples that are correct; 0 if none are extracted."""
        return self.right / self.stated if self.stated else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold triples that are extracted; 0 if there are none."""
        return self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.stated + self.gold
        return 2 * self.right / total if total else 0.0


@dataclass(frozen=True)
class TripleScore:
    """Scores over a collection of texts.

    Attributes:
        micro: over all triples.
        by_relation: relation → counts, by falling number of gold triples.
    """

    micro: Counts
    by_relation: dict[str, Counts]


def normal(name: str, *, fold: Fold = "as written") -> str:
    """Normalise a name for comparison: lower case, no underscores or quotes, further folding.

    >>> normal('"Chișinău,_Moldova"'), normal("Chișinău", fold="diacritics")
    ('chișinău, moldova', 'chisinau')
    >>> normal("Ca n't_Go ( Flip )_(song)", fold="spelling")
    'cantgoflip'
    """
    text = _APOSTROPHES.sub("'", _QUOTES.sub("", name.replace("_", " ")))
    text = text if fold == "as written" else unidecode(text)
    plain = _SPACE.sub(" ", text).strip().lower()
    if fold != "spelling":
        return plain
    return _NO_LETTER.sub("", _BRACKETS.sub("", plain)) or plain


def normal_triple(triple: Triple, *, fold: Fold = "as written") -> Triple:
    """Normalise a triple for comparison."""
    return Triple(*(normal(part, fold=fold) for part in triple))


def score(
    extracted: Sequence[Collection[Triple]],
    gold: Sequence[Collection[Triple]],
    *,
    fold: Fold = "as written",
) -> TripleScore:
    """Compare the extracted triples of each text with its gold triples, ignoring order.

    Args:
        extracted, gold: triples of each text, in the same order of texts.
        fold: differences ignored between names.
    """
    counts: dict[str, Counts] = {}
    for found, wanted in zip(extracted, gold, strict=True):
        ours = {normal_triple(triple, fold=fold) for triple in found}
        theirs = {normal_triple(triple, fold=fold) for triple in wanted}
        for group, part in (("right", ours & theirs), ("stated", ours), ("gold", theirs)):
            for relation, number in Counter(triple.relation for triple in part).items():
                counts[relation] = counts.get(relation, Counts()) + Counts(**{group: number})
    ordered = sorted(counts.items(), key=lambda item: (-item[1].gold, item[0]))
    return TripleScore(sum(counts.values(), Counts()), dict(ordered))


@dataclass(frozen=True)
class BenchmarkScore:
    """Scores as computed by Text2KGBench's own script.

    It ignores extracted triples whose relation is not among the sentence's gold triples, and
    compares triples without white space.

    Attributes:
        micro: over the triples that remain.
        mean_precision, mean_recall, mean_f1: means over the sentences.
    """

    micro: Counts
    mean_precision: float
    mean_recall: float
    mean_f1: float


def benchmark_score(
    extracted: Sequence[Collection[Triple]], gold: Sequence[Collection[Triple]]
) -> BenchmarkScore:
    """Score as Text2KGBench does. See `BenchmarkScore`."""
    each = []
    for found, wanted in zip(extracted, gold, strict=True):
        theirs = {_spaceless(triple) for triple in wanted}
        relations = {triple.relation for triple in theirs}
        ours = {_spaceless(triple) for triple in found}
        ours = {triple for triple in ours if triple.relation in relations}
        each.append(Counts(len(ours & theirs), len(ours), len(theirs)))
    number = max(len(each), 1)
    return BenchmarkScore(
        micro=sum(each, Counts()),
        mean_precision=sum(counts.precision for counts in each) / number,
        mean_recall=sum(counts.recall for counts in each) / number,
        mean_f1=sum(counts.f1 for counts in each) / number,
    )


def _spaceless(triple: Triple) -> Triple:
    return Triple(*(re.sub(r"[_\s]+", "", part).lower() for part in triple))
