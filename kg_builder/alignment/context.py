"""Score a link's context: overlap of words and topics, as log-odds learnt without labels.

The log-odds of a similarity are learnt from the current data, without labels: pairs whose names are
nearly unambiguous give the distribution for true links, random pairs that for false ones.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from kg_builder.alignment.dump_contents import Gathered
from kg_builder.fusion.normalize import name_key, nation_of
from kg_builder.fusion.profiles import values

TOPICS: Final = 20
_MIN_BAGS: Final = 3
"""Minimum number of bags with a word for it to get topics."""
_MIN_CORPUS: Final = 10 * TOPICS
"""Minimum number of bags for topics to be learnt."""

Bag = Mapping[str, float]

CONTEXT: Final = frozenset(
    {
        "genre", "tag", "country", "origin", "recordLabel", "memberOf", "hasMember", "instrument",
        "role", "birthPlace", "language", "associatedWith", "similarTo", "subgenreOf", "locatedIn",
    }
)  # fmt: skip
"""Predicates whose objects' names describe an entity."""

BANDS: Final = (0.0, 0.02, 0.06, 0.12, 0.18, 0.25, 0.35, 0.5)
_PRIOR_RIGHT: Final = (0.03, 0.04, 0.07, 0.11, 0.14, 0.18, 0.22, 0.21)
_PRIOR_WRONG: Final = (0.40, 0.18, 0.16, 0.11, 0.08, 0.045, 0.02, 0.005)


@lru_cache(maxsize=1 << 17)
def words_of(text: str) -> tuple[str, ...]:
    """Split a phrase into the phrase and its words: 'indie rock', 'indie', 'rock'."""
    key = name_key(text)
    words = dict.fromkeys((key, *(word for word in key.split() if len(word) > 2)))
    return tuple(word for word in words if word)


@dataclass(frozen=True)
class TopicSpace:
    """Word vectors by latent semantic analysis (SVD), in which "dance" is close to "electropop".

    Attributes:
        positions: word → its vector, shape (topics,), already weighted.
    """

    positions: Mapping[str, NDArray[np.float64]]

    @classmethod
    def learn(cls, bags: Sequence[Collection[str]], weight: Mapping[str, float]) -> TopicSpace:
        """Learn word vectors from bags of words; none if there are too few bags.

        Args:
            bags: words of each entity.
            weight: word → its weight.
        """
        counts = Counter(word for bag in bags for word in set(bag))
        words = sorted(word for word, n in counts.items() if n >= _MIN_BAGS and weight[word] > 0)
        if len(bags) < _MIN_CORPUS or len(words) <= 2 * TOPICS:
            return cls({})
        column = {word: index for index, word in enumerate(words)}
        of = np.array([weight[word] for word in words])
        indices: list[int] = []
        ends = [0]
        for bag in bags:
            indices += sorted({column[word] for word in bag if word in column})
            ends.append(len(indices))
        values = of[np.array(indices, dtype=np.int64)]
        owner = np.repeat(np.arange(len(bags)), np.diff(ends))
        length = np.sqrt(np.bincount(owner, weights=values**2, minlength=len(bags)))
        matrix = csr_array(
            (values / length[owner], np.array(indices), np.array(ends)),
            shape=(len(bags), len(words)),
        )
        # a fixed start vector makes the topics reproducible up to sign, which cancels in products
        start = np.ones(min(matrix.shape))
        _, _, topics = svds(matrix, k=TOPICS, v0=start)
        return cls(dict(zip(words, topics.T * of[:, None], strict=True)))

    def direction(self, bag: Collection[str]) -> NDArray[np.float64] | None:
        """Unit vector of a bag; None if none of its words has a vector."""
        vectors = [self.positions[word] for word in sorted(bag) if word in self.positions]
        if not vectors:
            return None
        total = np.sum(vectors, axis=0)
        length = float(np.linalg.norm(total))
        return total / length if length > 0 else None


def nations_of(bag: Bag) -> frozenset[str]:
    """Countries named in a bag of words."""
    return frozenset(nation for word in bag if (nation := nation_of(word)))


def own_bags(entities: pd.DataFrame, statements: pd.DataFrame) -> dict[str, Counter[str]]:
    """Count the context words of each entity (by CURIE) over its statements and attributes."""
    names = dict(zip(values(entities, "entity"), values(entities, "name"), strict=True))
    bags: dict[str, Counter[str]] = defaultdict(Counter)
    chosen = statements[statements["predicate"].isin(CONTEXT)]
    for subject, target in zip(values(chosen, "subject"), values(chosen, "object"), strict=True):
        bag = bags[subject]  # Counter.update would take as long as everything else here
        for word in words_of(names.get(target, target)):
            bag[word] += 1
    for entity, text in zip(
        values(entities, "entity"), values(entities, "attributes"), strict=True
    ):
        if text != "{}":
            for predicate, attribute in json.loads(text).items():
                if predicate in CONTEXT:
                    for value in attribute if isinstance(attribute, list) else [attribute]:
                        bags[entity].update(words_of(str(value)))
    return bags


def most_frequent(bag: Counter[str], count: int) -> dict[str, float]:
    """The most frequent words of a bag; ties in alphabetical order."""
    return dict(sorted(bag.items(), key=lambda entry: (-entry[1], entry[0]))[:count])


def their_bags(
    gathered: Gathered, linked_context: Mapping[str, Bag] | None = None
) -> dict[str, Counter[str]]:
    """Count the context words of each candidate (by id): neighbours, description, qualifier.

    Args:
        gathered: the database.
        linked_context: id → our context words of entries linked with certainty; their neighbours in
            the database inherit these words.
    """
    bags: dict[str, Counter[str]] = defaultdict(Counter)
    linked = linked_context or {}
    for fact in gathered.facts:
        if fact.literal or fact.predicate not in CONTEXT:
            continue
        if fact.subject in gathered.candidates:
            bag = bags[fact.subject]
            for word in words_of(gathered.things[fact.object].name):
                bag[word] += 1
        for one, other in ((fact.subject, fact.object), (fact.object, fact.subject)):
            if other in linked and one in gathered.candidates:
                bags[one].update(linked[other].keys())
    for key in gathered.candidates:
        thing = gathered.things[key]
        for text in (thing.qualifier, thing.description[:200]):
            if text:
                bags[key].update(phrases(text))
    return bags


def phrases(text: str) -> tuple[str, ...]:
    """Words and word bigrams of a text."""
    words = name_key(text).split()
    pairs = [" ".join(pair) for pair in pairwise(words)]
    return tuple(dict.fromkeys([*pairs, *(word for word in words if len(word) > 1)]))


class BagSimilarity:
    """Similarity of bags of words, weighted by inverse document frequency among our entities.

    Attributes:
        idf: word → its weight.
    """

    def __init__(self, bags: Iterable[Bag]) -> None:
        """Learn word weights and topics from all of our bags."""
        listed = [bag for bag in bags if bag]
        counts = Counter(word for bag in listed for word in bag)
        total = len(listed)
        self.idf = {word: math.log((1 + total) / (1 + n)) for word, n in counts.items()}
        self._topics = TopicSpace.learn(listed, self.idf)
        self._square = {word: weight**2 for word, weight in self.idf.items()}
        # keyed by identity, as a bag is looked up often; the bag is kept so that its id is not
        # reused
        self._profiles: dict[int, _Profile] = {}

    def shared_vocabulary(self, bag: Bag) -> int:
        """Number of words of a bag that also occur in our bags."""
        return sum(word in self.idf for word in bag)

    def similarity(self, one: Bag, other: Bag) -> float:
        """Similarity of two bags, 0..1, by their words and by the topics of their words.

        Weighted mean of the cosine over words (weight 2) and over topics (weight 1). Unknown words
        are ignored.
        """
        left, right = self._profile(one), self._profile(other)
        square = self._square
        dot = math.fsum(square.get(word, 0.0) for word in one if word in other)
        words = dot / math.sqrt(left.length * right.length) if dot else 0.0
        if left.direction is None or right.direction is None:
            return words
        return max(0.0, (2 * words + float(left.direction @ right.direction)) / 3)

    def _profile(self, bag: Bag) -> _Profile:
        found = self._profiles.get(id(bag))
        if found is None:
            length = math.fsum(self._square.get(word, 0.0) for word in bag)
            found = _Profile(bag, length, self._topics.direction(bag.keys()))
            self._profiles[id(bag)] = found
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Profile:
    """A bag with its squared length over words, and its unit vector over topics."""

    bag: Bag
    length: float
    direction: NDArray[np.float64] | None


@dataclass(frozen=True)
class SimilarityLogOdds:
    """Log-odds of a link by context similarity, in nats; positive values favour the link."""

    weights: tuple[float, ...]

    @classmethod
    def learn(
        cls, right: Sequence[float], wrong: Sequence[float], *, strength: float = 60.0
    ) -> SimilarityLogOdds:
        """Estimate log-odds from similarities of true and of random pairs, smoothed by a prior."""
        ones = _frequencies(right, _PRIOR_RIGHT, strength)
        others = _frequencies(wrong, _PRIOR_WRONG, strength)
        raw = [math.log(a / b) for a, b in zip(ones, others, strict=True)]
        rising = [max(raw[: i + 1]) for i in range(len(raw))]
        return cls(tuple(max(-2.5, min(3.0, weight)) for weight in rising))

    def of(self, similarity: float) -> float:
        """The log-odds of the bin that a similarity falls into."""
        return self.weights[_band(similarity)]


def shuffled(pairs: Sequence[tuple[str, str]], *, seed: int) -> list[tuple[str, str]]:
    """Shuffle the entries among the entities: pairs that are certainly wrong."""
    others = [right for _, right in pairs]
    random.Random(seed).shuffle(others)
    return [
        (left, other) for (left, right), other in zip(pairs, others, strict=True) if other != right
    ]


def _band(similarity: float) -> int:
    band = 0
    for index, start in enumerate(BANDS):
        if similarity >= start and (index == 0 or similarity > 0):
            band = index
    return band


def _frequencies(values: Sequence[float], prior: Sequence[float], strength: float) -> list[float]:
    counts = Counter(_band(value) for value in values)
    total = len(values) + strength
    return [(counts[i] + strength * p / sum(prior)) / total for i, p in enumerate(prior)]
