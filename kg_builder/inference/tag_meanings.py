"""Derive genre, country, decade and instrument of artists from the words of their tags."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import pandas as pd

from kg_builder.fusion.normalize import name_key, nation_of, squeeze
from kg_builder.fusion.vocabulary import vocabulary_key
from kg_builder.ontology import Schema, local_name
from kg_builder.tables import ENTITIES, STATEMENTS

_GENRE_WORDS: Final[dict[str, Any]] = tomllib.loads(
    resources.files("kg_builder.inference").joinpath("genre_words.toml").read_text(encoding="utf-8")
)
_NAMES: Final = frozenset(squeeze(name_key(name)) for name in _GENRE_WORDS["names"].split(","))
_ENDINGS: Final = frozenset(word.strip() for word in _GENRE_WORDS["endings"].split(","))
_SUFFIXES: Final = tuple(_GENRE_WORDS["suffixes"])
_NEVER: Final = frozenset(_GENRE_WORDS["never"].split())


def is_genre(tag: str) -> bool:
    """Whether a tag is a genre by its words alone.

    >>> is_genre("Brutal Death Metal"), is_genre("emocore"), is_genre("good rock"), is_genre("sad")
    (True, True, False, False)
    """
    key = name_key(tag)
    words = key.split()
    if squeeze(key) in _NAMES:
        return True
    if len(words) < 2:
        return key.isalpha() and key.endswith(_SUFFIXES) and len(key) > 6
    return (
        len(words) <= 3
        and words[-1] in _ENDINGS
        and all(word.isalpha() and word not in _NEVER for word in words)
    )


_TABLES: Final[dict[str, Any]] = tomllib.loads(
    resources.files("kg_builder.inference")
    .joinpath("tag_meanings.toml")
    .read_text(encoding="utf-8")
)
_INSTRUMENT_OF: Final = {
    squeeze(name_key(word)): name
    for name, words in _TABLES["instruments"].items()
    for word in words
}
PREDICATES: Final = ("tag", "genre", "country", "origin", "decade", "instrument")
"""Predicates of the statements that are read: tags, and what may be stated already."""

_DECADE = re.compile(r"^(?:(?:19)?([2-9])0|(20[012])0|(00))'?s$")
CONFIDENCE: Final = 0.8
"""Probability that a tag has its literal meaning, multiplied with the tag's confidence."""


FEWEST: Final = 3
"""Minimum number of artists with a tag for its words to make it a genre."""


@dataclass(frozen=True)
class Meaning:
    """The meaning of a tag of an artist: predicate, and class and name of the object."""

    predicate: str
    type: str
    name: str


def meaning_of(tag: str) -> Meaning | None:
    """Parse the meaning of a tag; None if it has none of the known kinds.

    >>> meaning_of("80s"), meaning_of("seen live")
    (Meaning(predicate='decade', type='Decade', name='1980s'), None)
    """
    if found := _DECADE.match(tag.strip().casefold()):
        last, this, _ = found.groups()
        return Meaning("decade", "Decade", f"19{last}0s" if last else f"{this or '200'}0s")
    if nation := nation_of(tag):
        name = _TABLES["countries"].get(nation, nation.replace("_", " ").title())
        return Meaning("country", "Country", name)
    if is_genre(tag):
        return Meaning("genre", "Genre", tag)
    if instrument := _INSTRUMENT_OF.get(squeeze(name_key(tag))):
        return Meaning("instrument", "Instrument", instrument)
    return None


def tag_facts(
    statements: pd.DataFrame, entities: pd.DataFrame, schema: Schema
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Derive facts from tags.

    A country is derived only if no other is stated and all tags that name a country agree.

    Args:
        statements: table `STATEMENTS`, at least those of `PREDICATES`; tags are objects of `tag`,
            and of `genre` if a database states them so.
        entities: columns entity, type, name of table `ENTITIES`.
        schema: the data model.

    Returns:
        The new statements (source `inference`, method `rule:tag-<predicate>`, evidence the
        tagging), sorted; and new entities, such as a country not in the graph.
    """
    names = dict(zip(entities["entity"], entities["name"], strict=True))
    tagged = statements[statements["predicate"].isin(["tag", "genre"]) & ~statements["inferred"]]
    subjects_with_country = set(
        statements.loc[statements["predicate"].isin(["country", "origin"]), "subject"]
    )
    uses = tagged["object"].value_counts()
    meanings = {target: meaning_of(names.get(target, "")) for target in uses.index}
    meanings_of: dict[tuple[str, Meaning], tuple[float, str]] = {}
    for subject, predicate, target, confidence in zip(
        tagged["subject"], tagged["predicate"], tagged["object"], tagged["confidence"], strict=True
    ):
        meaning = meanings[target]
        if (
            meaning
            and meaning.predicate == "genre"
            and (predicate == "genre" or uses[target] < FEWEST)
        ):
            continue  # already stated, or used by too few
        if meaning:
            row = (confidence, f"{subject} {predicate} {target}")
            meanings_of[subject, meaning] = max(meanings_of.get((subject, meaning), row), row)
    nations: dict[str, set[str]] = defaultdict(set)
    for subject, meaning in meanings_of:
        if meaning.predicate == "country":
            nations[subject].add(meaning.name)
    curies = _Curies(entities, schema)
    types = dict(zip(entities["entity"], entities["type"], strict=True))
    rows = []
    for (subject, meaning), (confidence, evidence) in sorted(
        meanings_of.items(), key=lambda item: (item[0][0], item[0][1].predicate, item[0][1].name)
    ):
        if not schema.is_a(types.get(subject, ""), "Agent"):
            continue
        if meaning.predicate == "country" and (
            subject in subjects_with_country or len(nations[subject]) > 1
        ):
            continue
        rows.append(
            {
                "subject": subject,
                "predicate": meaning.predicate,
                "object": curies.of(meaning),
                "object_kind": "entity",
                "source": "inference",
                "method": f"rule:tag-{meaning.predicate}",
                "confidence": round(confidence * CONFIDENCE, 4),
                "evidence": evidence,
                "inferred": True,
            }
        )
    found = STATEMENTS.frame(rows)
    existing = pd.MultiIndex.from_frame(statements[["subject", "predicate", "object"]])
    new = ~pd.MultiIndex.from_frame(found[["subject", "predicate", "object"]]).isin(existing)
    return found[new].reset_index(drop=True), ENTITIES.frame(curies.made())


class _Curies:
    """Entities of tag meanings: found by class and name, or created."""

    def __init__(self, entities: pd.DataFrame, schema: Schema) -> None:
        self._schema = schema
        self._taken = set(entities["entity"])
        self._new: dict[tuple[str, str], tuple[str, Meaning]] = {}
        self._named: dict[tuple[str, str], str] = {}
        self._by_name: dict[tuple[str, str], str] = {}
        for curie, type_, name in zip(
            entities["entity"], entities["type"], entities["name"], strict=True
        ):
            for wanted in ("Genre", "Country", "Instrument", "Decade"):
                if schema.is_a(type_, wanted):
                    self._named.setdefault((wanted, name_key(name)), curie)
                    self._by_name.setdefault((wanted, _key(wanted, name)), curie)

    def of(self, meaning: Meaning) -> str:
        """The CURIE of a tag's object: by its name, else by an alias."""
        key = (meaning.type, _key(meaning.type, meaning.name))
        entity = self._named.get((meaning.type, name_key(meaning.name))) or self._by_name.get(key)
        if entity is None and key not in self._new:
            curie = f"{self._schema.prefix(meaning.type)}:{local_name(meaning.name)}"
            self._new[key] = (curie, meaning)
        return entity or self._new[key][0]

    def made(self) -> Iterator[Mapping[str, Any]]:
        """Rows of `ENTITIES` for the created entities."""
        for curie, meaning in sorted(self._new.values(), key=lambda item: item[0]):
            if curie not in self._taken:
                yield {
                    "entity": curie,
                    "type": meaning.type,
                    "name": meaning.name,
                    "aliases": [],
                    "external_ids": [],
                    "attributes": "{}",
                    "records": 0,
                }


def _key(type_: str, name: str) -> str:
    """Matching key of a name; for countries the nation ('USA', 'United States')."""
    if type_ == "Country" and (nation := nation_of(name)):
        return nation
    return vocabulary_key(name, type_)
