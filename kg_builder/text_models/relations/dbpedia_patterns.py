"""Extract DBpedia relations without training examples, by rules over the wording of sentences.

The rules (`dbpedia_patterns.toml`) need no training and no parse: a text's topic is written ⟨X⟩
wherever a sentence mentions it, and the names beside the words of a rule are its objects. How far
a rule's statements can be trusted is measured on training texts, for relations that they have;
`RulesOfRelations.fit` carries the mean over to relations that they lack.
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
    whole_date,
)
from kg_builder.text_models.relations.training_statistics import Namer

RULES: Final = Path(__file__).with_name("dbpedia_patterns.toml")
TOPIC: Final = "⟨X⟩"
About = Literal["work", "person"]

_MIN_GROUPS: Final = 3
"""Topics that a relation needs in training before the extractor is left alone with it"""

_PRIOR_RIGHT, _PRIOR_WRONG = 2.0, 2.0
"""Imagined statements of a rule, so that few cases do not make it certain"""

_WORD: Final = (
    r"(?:[^\W\d_a-zß-öø-ÿ](?:[\w'’&!?*/-]|\.(?=[\w.]))*\.?(?<!['’]s)|\d[\w'’-]*|&|"
    r"[^\W\d_a-zß-öø-ÿ]\.)"
)
_TITLE_WORD: Final = _WORD.replace(r"(?<!['’]s)", "")
"""In titles a genitive does not end a name: "Mira's Song" """

_SMALL: Final = r"(?:of|the|de|la|le|del|da|do|du|von|van|der|den|y|e|af|al|bin)"
_TITLE_SMALL: Final = (
    r"(?:of|the|a|an|in|on|at|to|for|from|with|and|or|de|la|le|les|el|del|du|my|your|me|is|it|n)"
)
_TITLE_WORDS: Final = rf"{_TITLE_WORD}(?::? (?:{_TITLE_SMALL} ){{0,3}}{_TITLE_WORD}){{0,10}}"
_BRACKET: Final = r"(?: \([^()]{1,40}\))?"
_NAME: Final = rf"(?:{_WORD}(?: (?:{_SMALL} ){{0,2}}{_WORD}){{0,7}}{_BRACKET})"
_TITLE: Final = (
    rf"(?:[\"“]([^\"“”]{{1,80}})[\"”]{_BRACKET}|"
    rf"{_TITLE_WORD}(?::? (?:{_TITLE_SMALL} ){{0,3}}{_TITLE_WORD}){{0,10}}[!?]?{_BRACKET})"
)
_AND: Final = r"(?:,? (?:and|&) (?:by )?|, (?:and )?| along with | together with | as well as )"
_DURATION: Final = (
    r"\d+(?:[.:]\d+)*(?: ?(?:minutes?|mins?)(?:,? (?:and )?\d+ ?(?:seconds?|secs?))?| ?seconds?)|"
    r"\d+:\d\d(?::\d\d)?"
)
_MONTH: Final = "|".join(month_name[1:])
_MACROS: Final = {
    "ys": rf"(?P<y>{_NAME}(?:{_AND}(?:the )?{_NAME})*)",
    "lys": rf"(?P<y>{_NAME}(?:(?:,? and |, ){_NAME})*)",
    "y": rf"(?P<y>{_NAME})",
    "ws": rf"(?P<y>{_TITLE})",
    "w": rf"(?P<y>{_TITLE})",
    "after_label": rf"(?!(?:the )?(?:\d|{_MONTH}))",
    "d": r"(?P<y>\w+\.?(?:[ ,./-]+\w+){0,5}?[ ,./-]+\d{4}|\d{4}(?:-\d\d-\d\d)?)",
    "t": rf"(?P<y>{_DURATION}|\d+\.\d+)",
    "g": r"(?P<y>[\w&'’/-]+(?:,? (?:and |or )?[\w&'’/-]+){0,7}?)",
    "r": r"(?P<y>[a-z][\w-]+(?: [a-z][\w-]+)?)(?=[.,;]|$| (?:and|who|which|from|in|for|by) )",
    "c": rf"(?P<y>{_NAME})",
}
_MACRO: Final = re.compile(r"\{(after_label|ys|lys|y|ws|w|d|t|g|r|c)\}")
_PRONOUNS: Final = {
    "work": r"\b(?:[Ii]t|[Tt]he (?:[a-z]+ )?(?:song|album|single|EP|record|track|work|recording)|"
    r"[Tt]his (?:song|album|single|EP|record|track|work))\b(?! (?:of|by|label|company)\b| [“\"A-Z])"
    r"|\b[Ii]ts\b",
    "person": r"\b(?:[Hh]e|[Ss]he|[Hh]is|[Hh]er|[Tt]hey|[Tt]heir|[Tt]he (?:artist|singer|musician|"
    r"performer))\b",
}
_NAMED_AS_COLLECTED: Final = frozenset({"name", "country", "date", "genre", "genre phrase"})
_POSSESSIVE: Final = frozenset({"its", "his", "their", "her"})
_FIRST_NAME: Final = re.compile(rf"{_WORD}(?: (?:{_SMALL} ){{0,2}}{_WORD}){{1,4}}")
_CIRCA: Final = re.compile(r"^(?:around|circa|c\.) ", re.IGNORECASE)
_KIND: Final = r"[^()]*\b(?:song|album|single|EP|soundtrack|mixtape|musical|opera|suite|record)"


_WORK: Final = r"(?:song|album|single|EP|record(?! (?:label|company|deal))|track|compilation)"
_MADE: Final = (
    r"(?:released|written|recorded|produced|composed|performed|sung|issued|followed|preceded|"
    r"succeeded|published|put out)"
)
_OF: Final = (
    r"(?:run ?time|running time|length|duration|release date|producers?|(?:song)?writers?|"
    r"predecessor|successor|follow-up)"
)
_Y: Final = rf"(?P<y>{_TITLE})"
_TITLES: Final = tuple(
    (re.compile(source), is_sure)
    for source, is_sure in (
        (rf"(?P<y>{_TITLE_WORDS}[!?]? \({_KIND}\))", True),
        (rf"\b{_WORK},? (?:called |titled |entitled |named )?{_Y}", True),
        (rf"\b{_OF} (?:of|for|to) (?:the )?(?:{_WORK},? )?{_Y}", True),
        (rf"(?:^|[.!?] ){_Y},? (?:(?:which|that) )?(?:was|is|were) (?:\w+ )?{_MADE}\b", True),
        (rf"(?:^|[.!?] ){_Y},? (?:is|was),? (?:an?|the) (?:[\w&'’-]+ ){{0,6}}?{_WORK}\b", True),
        (rf"(?:^|[.!?] ){_Y},? (?:an?|the) (?:[\w&'’-]+ ){{0,6}}?{_WORK}\b", True),
        (rf"(?:^|[.!?] ){_Y} (?:runs|lasts|has a (?:run|total|length|duration))\b", True),
        (rf"(?:^|[.!?] ){_Y},? (?:which |that )?(?:follows|followed|precedes|preceded) ", True),
        (rf"\b(?:genres?|(?:record )?label) (?:of|for|that released) (?:the )?{_Y}", False),
        (rf"(?:^|[.!?,] ){_Y},? (?:by\b|was|is) ", False),
        (rf"(?:^|[.!?,] ){_Y}[\"”]?,? (?:lasting|by|with a (?:run|total|length))\b", False),
        (rf"\b(?:recorded|performed|produced|wrote|sang|released) {_Y}", False),
    )
)
_OF_WORKS: Final = re.compile(
    r"\b(?:songs?|albums?|singles?|EPs?|lasting|runtime|runs for|predecessor|successor|"
    r"(?:produced|written|preceded|followed) by)\b"
)
_NO_TITLES: Final = frozenset(["It", "The", "A", "An", "He", "She", "They", "His", "Her", "Its"])


@dataclass(frozen=True)
class Rule:
    """One rule of the rule file: what it states, in texts about what, of which kind of object."""

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
    """The rules with the confidence of each relation's statements.

    Attributes:
        rules: the rules that are applied.
        confidences: relation → probability that a statement of its rule is right.
        trained: relations that the extractor has seen about several topics; rules leave them alone
            in texts about persons.
    """

    rules: Sequence[Rule] = ()
    confidences: Mapping[str, float] = field(default_factory=dict)
    trained: frozenset[str] = frozenset()
    expected: float = 1.0
    """Mean confidence of the rules that have been measured: what to expect of any other pattern"""

    @classmethod
    def fit(cls, texts: Sequence[AnnotatedText]) -> RulesOfRelations:
        """Measure rules on texts with triples, each text's topic being its group.

        A relation that no text has gets the mean of those that have been measured.
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
        whole = sum(right.values()) + _PRIOR_RIGHT, sum(stated.values())
        mean = whole[0] / (whole[1] + _PRIOR_RIGHT + _PRIOR_WRONG)
        weight = _PRIOR_RIGHT + _PRIOR_WRONG
        confidences = {
            rule.relation: (right[rule.relation] + weight * mean) / (stated[rule.relation] + weight)
            for rule in rules
        }
        trained = frozenset(name for name, topics in groups.items() if len(topics) >= _MIN_GROUPS)
        return cls(rules, confidences, trained, mean)

    def read(
        self, text: str, topic: str, about: About, namer: Namer
    ) -> Iterator[tuple[Triple, float]]:
        """Yield what a text states of its topic, each triple once, with its confidence.

        Args:
            text: the text.
            topic: the name of what it is about.
            about: what that is. Of a person, relations that training has are left to training.
            namer: how the collection names what texts mention.
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


def title_of_work(text: str) -> str:
    """The title of the song or record that a text without a title is about; empty if there is none.

    >>> title_of_work("The runtime of Blue: One (Mira Holt song) is 3.16.")
    'Blue: One (Mira Holt song)'
    >>> title_of_work("Tin Roof, which was released in May 2012, is a song.")
    'Tin Roof'
    >>> title_of_work("Ada sings.")
    ''
    """
    sentences = [text[sentence.start : sentence.end] for sentence in sentences_of(text)]
    has_kind = _OF_WORKS.search(text) is not None
    for pattern, is_sure in _TITLES:
        for sentence in sentences if is_sure or has_kind else ():
            for found in pattern.finditer(sentence):
                title = _bare_title(found["y"])
                if title and not _has_date(title):
                    return title
    return ""


def _bare_title(surface: str) -> str:
    title = re.sub(r"[\"“”]", "", surface).strip(" ,.;:")
    title = re.sub(rf"^(?:[Tt]he |[Aa]n? )?{_WORK},? (?:called |titled )?(?=\S)", "", title)
    title = re.sub(r"^(?:In|On|After|Before|With|By|For|And|But|At) ", "", title)
    is_name = title not in _NO_TITLES and any(map(str.isalpha, title))
    return title if is_name else ""


def first_name(text: str) -> str:
    """The first run of capitalised words of a text: of a text about a person mostly who it is."""
    found = _FIRST_NAME.search(text)
    return found[0] if found else ""


def _matches(rules: Sequence[Rule], text: str, topic: str) -> Iterator[tuple[Rule, str]]:
    """Yield the objects of rules about one kind of topic, as they stand, sentence by sentence."""
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
    """A sentence with ⟨X⟩ for the topic's name and the pronouns that can stand for it."""
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
    return [piece.strip(" .,'’\"") for piece in pieces if piece and not _has_date(piece)]


def _has_date(name: str) -> bool:
    """Whether a run of capitalised words is a month, or has a date in it."""
    return whole_date(f"{name} 2000") is not None or any(True for _ in dates_in(name))


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
    """What is called a genre outright, whether a list has it or not."""
    pieces = re.split(r",? (?:and|or|&) |, ", surface)
    return [re.sub(r"^(?:an?|the) ", "", piece).strip() for piece in pieces]


def _durations(surface: str) -> Iterable[str]:
    minutes = duration_in_minutes(surface)
    return [minutes] if minutes else []


def _countries(surface: str) -> Iterable[str]:
    name = demonyms().get(squash(surface)) or country_name(surface)
    return [name] if name else []


def _titles(surface: str) -> Iterable[str]:
    title = surface.replace('"', "").replace("“", "").replace("”", "").strip(" ,.;")
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
