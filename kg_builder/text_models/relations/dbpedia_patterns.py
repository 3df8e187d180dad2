"""Extract DBpedia relations without training examples, by rules over the wording of sentences.

The rules (`dbpedia_patterns.toml`) need no training and no parse: mentions of a text's topic are
replaced by ⟨X⟩, and the names beside a rule's words are its objects. The precision of a rule is
measured on training texts with its relation; `RulesOfRelations.fit` uses the mean for other
relations.
"""

from __future__ import annotations

import re
import tomllib
from calendar import month_name
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from kg_builder.errors import DataError
from kg_builder.extraction.text import lexicon
from kg_builder.extraction.text.mentions import sentences_of
from kg_builder.extraction.values import country_name
from kg_builder.text_models.corpora import AnnotatedText, Slot, Triple
from kg_builder.text_models.relations.parsed_text import squash
from kg_builder.text_models.relations.surface_forms import (
    dates_in,
    demonyms,
    duration_in_minutes,
    plain,
)
from kg_builder.text_models.relations.text_topics import NAME, TITLE, has_date
from kg_builder.text_models.relations.training_statistics import Namer

RULES: Final = Path(__file__).with_name("dbpedia_patterns.toml")
TOPIC: Final = "⟨X⟩"
About = Literal["work", "person"]

_MIN_GROUPS: Final = 3
"""Minimum number of training topics with a relation for the rules not to be used for it"""

_PRIOR_RIGHT, _PRIOR_WRONG = 2.0, 2.0
"""Pseudo-count of a rule's statements, for smoothing"""

_AND: Final = r"(?:,? (?:and|&) (?:by )?|, (?:and )?| along with | together with | as well as )"
_DURATION: Final = (
    r"\d+(?:[.:]\d+)*(?: ?(?:minutes?|mins?)(?:,? (?:and )?\d+ ?(?:seconds?|secs?))?| ?seconds?)|"
    r"\d+:\d\d(?::\d\d)?"
)
_MONTH: Final = "|".join(month_name[1:])
_MACROS: Final = {
    "ys": rf"(?P<y>{NAME}(?:{_AND}(?:the )?{NAME})*)",
    "lys": rf"(?P<y>{NAME}(?:(?:,? and |, ){NAME})*)",
    "y": rf"(?P<y>{NAME})",
    "w": rf"(?P<y>{TITLE})",
    "after_label": rf"(?!(?:the )?(?:\d|{_MONTH}))",
    "d": r"(?P<y>\w+\.?(?:[ ,./-]+\w+){0,5}?[ ,./-]+\d{4}|\d{4}(?:-\d\d-\d\d)?)",
    "t": rf"(?P<y>{_DURATION}|\d+\.\d+)",
    "g": r"(?P<y>[\w&'’/-]+(?:,? (?:and |or )?[\w&'’/-]+){0,7}?)",
    "r": r"(?P<y>[a-z][\w-]+(?: [a-z][\w-]+)?)(?=[.,;]|$| (?:and|who|which|from|in|for|by) )",
}
_MACRO: Final = re.compile(rf"\{{({'|'.join(_MACROS)})\}}")
_PRONOUNS: Final = {
    "work": r"\b(?:[Ii]t|[Tt]he (?:[a-z]+ )?(?:song|album|single|EP|record|track|work|recording)|"
    r"[Tt]his (?:song|album|single|EP|record|track|work))\b(?! (?:of|by|label|company)\b| [“\"A-Z])"
    r"|\b[Ii]ts\b",
    "person": r"\b(?:[Hh]e|[Ss]he|[Hh]is|[Hh]er|[Tt]hey|[Tt]heir|[Tt]he (?:artist|singer|musician|"
    r"performer))\b",
}
_NAMED_AS_COLLECTED: Final = frozenset({"name", "country", "date", "genre", "genre phrase"})
_POSSESSIVE: Final = frozenset({"its", "his", "their", "her"})
_CIRCA: Final = re.compile(r"^(?:around|circa|c\.) ", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """A rule of the rule file: relation, kind of topic, kind of object, pattern."""

    relation: str
    about: About
    object: str
    match: tuple[re.Pattern[str], ...]


@lru_cache(maxsize=2)
def load_rules(path: Path = RULES) -> tuple[Rule, ...]:
    """Read a rule file.

    Raises:
        DataError: it is missing or not TOML, or a rule lacks a key or holds no valid expression.
    """
    try:
        rules = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
        return tuple(
            Rule(
                rule["relation"],
                rule["about"],
                rule["object"],
                tuple(
                    re.compile(_MACRO.sub(lambda found: _MACROS[found[1]], source))
                    for source in rule["match"]
                ),
            )
            for rule in rules
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, re.error) as fault:
        raise DataError(f"not a valid rule file: {fault!r}", where=str(path)) from None


@dataclass(frozen=True)
class RulesOfRelations:
    """The rules with a confidence for each relation.

    Attributes:
        rules: the rules.
        confidences: relation → probability that a statement of its rules is correct.
        trained: relations with several training topics; rules skip them in texts about persons.
        expected: mean measured confidence, used for other rules.
    """

    rules: Sequence[Rule] = ()
    confidences: Mapping[str, float] = field(default_factory=dict)
    trained: frozenset[str] = frozenset()
    expected: float = 1.0

    @classmethod
    def fit(cls, texts: Sequence[AnnotatedText]) -> RulesOfRelations:
        """Measure the rules on texts with triples; a text's topic is its group.

        A relation without texts gets the mean of the measured ones.
        """
        groups: dict[str, set[str]] = defaultdict(set)
        for text in texts:
            for triple in text.triples:
                groups[triple.relation].add(text.group)
        rules = load_rules()
        persons = [rule for rule in rules if rule.about == "person" and rule.relation in groups]
        right: dict[str, int] = defaultdict(int)
        stated: dict[str, int] = defaultdict(int)
        for text in texts:
            gold = {(item.relation, squash(plain(item.object))) for item in text.triples}
            dates = {(name, value[:4]) for name, value in gold}
            for rule, surface in _matches(persons, text.text, plain(text.group)):
                key = rule.relation, squash(surface)
                stated[rule.relation] += 1
                right[rule.relation] += key in gold or (
                    rule.object == "date" and (rule.relation, surface[-4:]) in dates
                )
        weight = _PRIOR_RIGHT + _PRIOR_WRONG
        mean = (sum(right.values()) + _PRIOR_RIGHT) / (sum(stated.values()) + weight)
        confidences = {
            rule.relation: (right[rule.relation] + weight * mean) / (stated[rule.relation] + weight)
            for rule in rules
        }
        trained = frozenset(name for name, topics in groups.items() if len(topics) >= _MIN_GROUPS)
        return cls(rules, confidences, trained, mean)

    def read(
        self, text: str, topic: str, about: About, namer: Namer
    ) -> Iterator[tuple[Triple, float]]:
        """Yield the distinct triples about a text's topic, with confidences.

        Args:
            text: the text.
            topic: the name of the topic.
            about: kind of the topic. For a person, relations in `trained` are skipped.
            namer: converts mentions to the collection's names.
        """
        rules = [
            rule
            for rule in self.rules
            if rule.about == about and (about == "work" or rule.relation not in self.trained)
        ]
        seen: set[tuple[str, str]] = set()
        for rule, surface in _matches(rules, text, topic):
            name = surface
            if rule.object in _NAMED_AS_COLLECTED:
                name = namer.name(surface, Slot(rule.relation, "object"))
            key = rule.relation, squash(name)
            if key[1] and key not in seen and key[1] != squash(topic):
                seen.add(key)
                yield Triple(topic, rule.relation, name), self.confidences[rule.relation]


def _matches(rules: Sequence[Rule], text: str, topic: str) -> Iterator[tuple[Rule, str]]:
    """Yield the objects matched by rules for one kind of topic, sentence by sentence."""
    if not topic or not rules:
        return
    for sentence in sentences_of(text):
        about = rules[0].about
        marked = _marked(text[sentence.start : sentence.end], topic, about)
        if about == "work" or TOPIC in marked:
            for rule in rules:
                for surface in _objects(rule, marked):
                    yield rule, surface


def _marked(sentence: str, topic: str, about: About) -> str:
    """Replace the topic's name and its pronouns in a sentence by ⟨X⟩."""
    bare = re.sub(r" \([^()]*\)$", "", topic)
    names = "|".join(re.escape(name) for name in dict.fromkeys((topic, bare)))
    sentence = re.sub(rf"[\"“']?(?<!\w)(?:{names})(?!\w)[\"”']?", TOPIC, sentence)
    kinds = r"(?:[Tt]he )?(?:song|album|single|EP|record|track|artist|singer|musician)s?,? "
    sentence = re.sub(rf"\b{kinds}{TOPIC}", TOPIC, sentence)

    def stand_in(found: re.Match[str]) -> str:
        return f"{TOPIC}'s" if found[0].lower() in _POSSESSIVE else TOPIC

    return re.sub(_PRONOUNS[about], stand_in, sentence)


def _objects(rule: Rule, sentence: str) -> Iterator[str]:
    for expression in rule.match:
        for found in expression.finditer(sentence):
            surface = found["y"].strip(" ,.;")
            yield from _SPLIT.get(rule.object, _whole)(surface)


def _whole(surface: str) -> Iterable[str]:
    return [surface]


def _names(surface: str) -> Iterable[str]:
    pieces = (re.sub(r"^[Tt]he ", "", piece) for piece in re.split(_AND, surface))
    return [piece.strip(" .,'’\"") for piece in pieces if piece and not has_date(piece)]


def _dates(surface: str) -> Iterable[str]:
    found = [surface[start:end] for start, end, _ in dates_in(surface)]
    if _CIRCA.match(surface) and found:
        return [f"c. {found[0]}"]
    return found[:1]


def _genres(surface: str) -> Iterable[str]:
    """Genres of the word list within a phrase, longest first."""
    phrase = surface.lower().removesuffix(" music")
    listed, at, words = [], 0, re.findall(r"[\w&'’/-]+", phrase)
    while at < len(words):
        for end in range(len(words), at, -1):
            name = " ".join(words[at:end])
            if name in lexicon.genres():
                listed.append(name)
                at = end - 1
                break
        at += 1
    return listed


def _genre_phrases(surface: str) -> Iterable[str]:
    """Phrases explicitly called a genre, in a word list or not."""
    pieces = re.split(r",? (?:and|or|&) |, ", surface)
    return [re.sub(r"^(?:an?|the) ", "", piece).strip() for piece in pieces]


def _durations(surface: str) -> Iterable[str]:
    minutes = duration_in_minutes(surface)
    return [minutes] if minutes else []


def _countries(surface: str) -> Iterable[str]:
    name = demonyms().get(squash(surface)) or country_name(surface)
    return [name] if name else []


def _titles(surface: str) -> Iterable[str]:
    title = re.sub(r"[\"“”]", "", surface).strip(" ,.;")
    return [] if not title or (title[0].isdigit() and len(title) == 4) else [title]


_SPLIT: Final = {
    "name": _names,
    "date": _dates,
    "genre": _genres,
    "genre phrase": _genre_phrases,
    "duration": _durations,
    "country": _countries,
    "title": _titles,
}
