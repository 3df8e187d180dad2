"""Reasons as short English, with nothing in them that the evidence does not hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from recommender.data import Catalogue
from recommender.explanation.evidence import Evidence, Reason, Step
from recommender.explanation.relations import Wording, wording_of

__all__ = ["Narrator"]

_NAMED = 2  # items of the history that one argument names; the others are counted


@dataclass(frozen=True)
class _Audience:
    """Words for a kind of item: what people did with it, and what they are called."""

    known: str
    person: str
    do: str
    does: str


_AUDIENCES = (
    (("artist", "band", "group", "musician", "person", "album", "song", "track", "recording"),
     _Audience(", whom you play", "listener", "play it", "plays it")),
    (("film", "movie"), _Audience(", which you liked", "viewer", "liked it", "liked it")),
    (("book",), _Audience(", which you read", "reader", "read it", "read it")),
)  # fmt: skip
_ANYBODY = _Audience(" from your history", "user", "have it", "has it")

# Names that are no names: integers, Freebase ids, the catalogue's own stopgap, bare IRIs.
_NO_NAME = re.compile(r"\d+|(ns:|/)?[mg][./][0-9a-z_]+|(entity|item) \d+|\w+://\S*|")


class Narrator:
    """Turns reasons into text with the names of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._wordings: dict[int, Wording] = {}
        self._names: dict[int, str] = {}
        self._item_names: dict[int, str] = {}
        self._known: dict[int, _Audience] = {}

    def tell(self, reason: Reason) -> str:
        """One line; names at most two items of the history per argument and counts the rest."""
        said: list[str] = []
        for evidence, before in zip(reason.evidence, (None, *reason.evidence), strict=False):
            again = before is not None and evidence.kind == before.kind == "shared"
            said.append(self._also(evidence) if again else self._argument(evidence))
        # "…, whom you play" once, after the last item of the history that the graph led to.
        for place in reversed(range(len(said))):
            if reason.evidence[place].kind not in ("listeners", "model"):
                said[place] += self._audience(reason.evidence[place].items[0]).known
                break
        return "; ".join(said)

    def _argument(self, evidence: Evidence) -> str:
        match evidence.kind:
            case "link":
                return self._link(evidence.steps[0], self._items(evidence.items))
            case "shared":
                return f"{self._shared(evidence.steps)} {self._items(evidence.items)}"
            case "through":
                return self._through(evidence)
            case "path":
                return self._path(evidence)
            case "listeners":
                return self._listeners(evidence)
            case "model":
                return "the model's score alone: neither the graph nor other users tie it to you"

    def _link(self, step: Step, items: str) -> str:
        words = self._words(step.relation)
        link = words.link if step.forward else words.inverse_link
        return link.replace("{}", items) if "{}" in link else f"{link} {items}"

    def _shared(self, steps: Sequence[Step]) -> str:
        named, same = self._common(steps)
        parts = [f"shares {named}"] if named else []
        parts += [f"{verb} the same {nouns}" for verb, nouns in same.items()]
        return " and ".join(parts) + (" as" if same else " with")

    def _also(self, evidence: Evidence) -> str:
        """A second `shared` argument, told without saying "shares" or "has" again."""
        named, same = self._common(evidence.steps)
        parts = [named] if named else []
        parts += [f"{verb} the same {n}".removeprefix("has ") for verb, n in same.items()]
        joined = " and ".join(parts) + (" as" if same else " with")
        return f"also {joined} {self._items(evidence.items)}"

    def _common(self, steps: Sequence[Step]) -> tuple[str, dict[str, str]]:
        """What is shared, gathered by kind; and by verb, what has no name of its own."""
        named: dict[str, list[str]] = {}
        unnamed: dict[str, dict[str, int]] = {}
        for step in steps:
            noun, name = self._noun(step), self._name(step.entity)
            if name:
                named.setdefault(noun, []).append(name)
            else:
                verb = self._words(step.relation).having if step.forward else "has"
                counts = unnamed.setdefault(verb, {})
                counts[noun] = counts.get(noun, 0) + 1
        return (
            _listed([f"{_counted(noun, len(n))} {_listed(n)}" for noun, n in named.items()]),
            {
                verb: _listed(
                    [f"{n} {_counted(noun, n)}" if n > 1 else noun for noun, n in c.items()]
                )
                for verb, c in unnamed.items()
            },
        )

    def _through(self, evidence: Evidence) -> str:
        near, far = evidence.steps[0], evidence.ends[0]
        middle = self._name(near.entity) or f"the same {self._noun(near)}"
        roles = f"{self._noun(near)}; for the other {self._noun(far)}"
        return f"is connected through {middle} ({roles}) with {self._items(evidence.items)}"

    def _path(self, evidence: Evidence) -> str:
        near, far = evidence.steps[0], evidence.ends[0]
        first = " ".join(filter(None, (self._noun(near), self._name(near.entity))))
        second = self._name(far.entity)
        of = f"{self._noun(far)} of {self._items(evidence.items)}"
        return f"its {first} is linked to " + (f"{second}, {of}" if second else f"the {of}")

    def _listeners(self, evidence: Evidence) -> str:
        item, others = evidence.items[0], evidence.audience
        words = self._audience(item)
        if others == 1:
            return f"the only other {words.person} of {self._item(item)} {words.does} too"
        does = words.does if evidence.together == 1 else words.do
        people = f"{evidence.together} of the {others} other {words.person}s"
        return f"{people} of {self._item(item)} {does} too"

    def _noun(self, step: Step) -> str:
        words = self._words(step.relation)
        return words.noun if step.forward else words.inverse

    def _words(self, relation: int) -> Wording:
        if relation not in self._wordings:
            self._wordings[relation] = wording_of(self._catalogue.relation_name(relation))
        return self._wordings[relation]

    def _name(self, entity: int) -> str:
        """The entity's name, or nothing where it has none that a person can read."""
        if entity not in self._names:
            name = self._catalogue.entity_name(entity)
            self._names[entity] = "" if _NO_NAME.fullmatch(name) else name
        return self._names[entity]

    def _item(self, item: int) -> str:
        if item not in self._item_names:
            self._item_names[item] = self._catalogue.item_name(item)
        return self._item_names[item]

    def _items(self, items: Sequence[int]) -> str:
        named = [self._item(item) for item in items[:_NAMED]]
        others = len(items) - len(named)
        return _listed([*named, f"{others} other{'s' * (others > 1)}"] if others else named)

    def _audience(self, item: int) -> _Audience:
        if item not in self._known:
            kind = self._catalogue.entity_type(item).lower()
            self._known[item] = next(
                (words for names, words in _AUDIENCES if any(n in kind for n in names)), _ANYBODY
            )
        return self._known[item]


def _listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; nothing of nothing."""
    if not parts:
        return ""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _counted(noun: str, n: int) -> str:
    """The noun, or its regular plural."""
    if n == 1:
        return noun
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return noun if noun.endswith("s") else f"{noun}s"
