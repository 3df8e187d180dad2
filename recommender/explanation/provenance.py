"""Print the provenance of a reason's facts, down to the row or sentence that states each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from recommender.explanation.relations import WORKS, fill, wording_of

__all__ = ["fact_lines"]

_PLACE: Final = re.compile(r"(?P<file>[^#]+)#(?P<rest>.*)")
_MOST_SOURCES: Final = 3  # maximum shown per fact; the others are counted


def fact_lines(fact: Mapping[str, Any]) -> Iterator[str]:
    """Format a triple of `ReasonPaths.triple`, with its sources on the lines below."""
    head, tail = fact["head"]["name"], fact["tail"]["name"]
    yield _sentence(head, fact["relation"], tail, fact["head"].get("type", ""))
    sources = fact.get("sources")
    if sources is None:
        return
    if not sources:
        yield "  no statement in the data folder names its source"
    for source in sources[:_MOST_SOURCES]:
        yield from (f"  {line}" for line in _source_lines(source))
    if len(sources) > _MOST_SOURCES:
        yield f"  and {len(sources) - _MOST_SOURCES} more"


def _source_lines(source: Mapping[str, Any]) -> Iterator[str]:
    confidence = f"confidence {source['confidence']:.2f}"
    if source.get("inferred"):
        rule = source["method"].removeprefix("rule:")
        premises = source["premises"]
        origin = "" if premises else f" from {source['place']}"
        yield f"inferred by the rule {rule}{origin} ({confidence})" + (
            ", because" if premises else ""
        )
        for premise in premises:
            subject, target = _readable(premise["subject"]), _readable(premise["object"])
            relation = premise["predicate"].rpartition(":")[2]
            kind = premise["subject"].partition(":")[0]
            yield f"  {_sentence(subject, relation, target, kind)}"
            yield from (f"    {line}" for line in _source_lines(premise))
        return
    yield f"{source['source']} ({source['method']}, {confidence}): {_location(source['place'])}"
    if text := source.get("text"):
        yield f"  “{text}”"


def _sentence(head: str, relation: str, tail: str, kind: str) -> str:
    wording = wording_of(relation, of_work=kind.lower() in WORKS)
    return f"{head} {fill(wording.link, tail)}"


def _readable(curie: str) -> str:
    """`artist:Dave_Grohl` → *Dave Grohl*."""
    return curie.partition(":")[2].replace("_", " ") or curie


def _location(evidence: str) -> str:
    """`lastfm/tags.dat#line=2;votes=10` → *lastfm/tags.dat, line 2, 10 votes*."""
    match = _PLACE.fullmatch(evidence)
    if not match:
        return evidence
    words = [match["file"]]
    for part in match["rest"].split(";"):
        name, equals, value = part.partition("=")
        if not equals:
            words.append(f"at {part}")
        elif name == "votes":
            words.append(f"{value} vote{'s' * (value != '1')}")
        elif name == "char":
            words.append(f"characters {value.replace(',', '–')}")
        else:
            words.append(f"{name} {value}")
    return ", ".join(words)
