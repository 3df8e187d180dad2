"""Estimate the class of a database entry by its stated classes, roles in facts and key words."""

from __future__ import annotations

import math
import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from kg_builder.alignment.dump_contents import Thing
from kg_builder.databases import FREEBASE
from kg_builder.ontology import Schema

FOREIGN: Final = "Foreign"
"""Pseudo-class of entries outside the data model."""

_TABLES: Final[dict[str, Any]] = tomllib.loads(
    resources.files("kg_builder.alignment").joinpath("roles.toml").read_text(encoding="utf-8")
)
_NEUTRAL: Final = tuple(_TABLES["freebase"]["neutral"])
_WORD_CLASS: Final = {word: class_ for class_, words in _TABLES["words"].items() for word in words}
_WORD = re.compile(r"[a-z][a-z\-]*")
_CLAUSE = re.compile(r"[,;(]|(?<=[a-z]{2})\.|\b(?:known|by|from the film)\b")
_VAGUE: Final = frozenset({"Agent", "Work", "Entity"})


def class_weights(thing: Thing, schema: Schema) -> dict[str, float]:
    """Weigh the evidence for each class of the data model (or `Foreign`); weights are positive.

    A stated class weighs 3, a key word in a qualifier 6 (editors write it for this purpose), in a
    description 2; roles in facts weigh the logarithm of their number, so that one stray fact never
    outweighs many.
    """
    counts: dict[str, int] = defaultdict(int)
    for role, count in thing.roles.items():
        if class_ := role_class(role, schema):
            counts[class_] += count
    weights: dict[str, float] = {}
    for class_, count in counts.items():
        bare, hint = class_.rstrip("?"), class_.endswith("?")
        weights[bare] = weights.get(bare, 0.0) + math.log2(1 + count) / (3 if hint else 1)
    for class_ in thing.classes:
        weights[class_] = weights.get(class_, 0.0) + 3
    for text, weight in ((thing.qualifier, 6.0), (thing.description, 2.0)):
        for class_ in word_classes(text):
            weights[class_] = weights.get(class_, 0.0) + weight
    return dict(sorted(weights.items()))


def weights_for_and_against(
    weights: Mapping[str, float], type_: str, schema: Schema
) -> tuple[float, float]:
    """Sum the evidence for and against an entry having a class.

    A compatible class counts in favour, half if it is only broader (a Person may be an Artist); any
    other counts against it.
    """
    pro = contra = 0.0
    for class_, weight in weights.items():
        if class_ in _VAGUE:
            continue
        if class_ == FOREIGN or not schema.compatible(class_, type_):
            contra += weight
        elif schema.is_a(class_, type_) or schema.is_a(type_, class_):
            pro += weight
        else:
            pro += weight / 2
    return pro, contra


def best_class(weights: Mapping[str, float], within: tuple[str, ...], schema: Schema) -> str:
    """The class with the most evidence that is compatible with a given one; '' for none."""
    fitting = {
        class_: weight
        for class_, weight in weights.items()
        if class_ != FOREIGN
        and class_ in schema.classes
        and any(schema.is_a(class_, one) for one in within)
    }
    if not fitting:
        return ""
    totals = {
        class_: sum(w for other, w in fitting.items() if schema.compatible(class_, other))
        for class_ in fitting
    }
    top = max(totals.values())
    return schema.most_specific(class_ for class_, total in totals.items() if total == top)


@lru_cache(maxsize=65_536)
def _role(role: str) -> str:
    side, _, predicate = role.partition(":")
    if predicate.startswith("http"):
        table = _TABLES["dbpedia"]["subject" if side == "s" else "object"]
        return str(table.get(predicate, ""))
    if side == "o":
        return str(_TABLES["freebase"]["object"].get(predicate, ""))
    type_ = predicate if side == "t" else ".".join(predicate.split("..")[0].split(".")[:2])
    if type_ in _TABLES["freebase"]["subject"]:
        return str(_TABLES["freebase"]["subject"][type_])
    if type_.startswith(_NEUTRAL):
        return ""
    return FREEBASE.namespace + type_


def role_class(role: str, schema: Schema) -> str:
    """The class implied by a role in a fact; '' for none."""
    found = _role(role)
    if found.startswith(FREEBASE.namespace):
        return schema.class_of.get(found, FOREIGN)
    return found


@lru_cache(maxsize=65_536)
def word_classes(text: str) -> frozenset[str]:
    """Classes implied by the words of a qualifier or of a one-line description.

    Only the first clause counts: 'singer, known for the film …' implies a singer.
    """
    clause = _CLAUSE.split(text.lower(), maxsplit=1)[0]
    clause = re.sub(r"[a-z-]+ of ", "", clause)
    found = {_WORD_CLASS[word] for word in _WORD.findall(clause) if word in _WORD_CLASS}
    if found & {"Album", "Song", "Movie"}:  # 'album by a band', 'Queen album'
        found &= {"Album", "Song", "Movie", FOREIGN}
    if found & {"SoloArtist", "Band", "Artist"}:
        found -= {"Genre", "RecordLabel", FOREIGN}
    return frozenset(found)
