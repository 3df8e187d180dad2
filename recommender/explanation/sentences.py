"""Verbalise reasons as short English sentences, limited to the evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from recommender.data import Catalogue
from recommender.explanation.evidence import Evidence, Reason, Step
from recommender.explanation.names import Names
from recommender.explanation.relations import Wording, fill, wording_of

__all__ = ["Narrator"]

_NAMED = 2  # maximum items of the history named per argument; others are counted
_PEOPLE = ("person", "artist", "band", "group", "musician", "agent")


@dataclass(frozen=True)
class _Audience:
    """Wording for a kind of item: relation to the user, and the interaction."""

    yours: str
    person: str
    do: str
    does: str


_AUDIENCES = (
    (("artist", "band", "group", "musician", "person", "collaboration", "album", "song", "track",
      "recording"),
     _Audience(" in your library", "listener", "play it", "plays it")),
    (("film", "movie"), _Audience(", which you liked", "viewer", "liked it", "liked it")),
    (("book",), _Audience(", which you read", "reader", "read it", "read it")),
)  # fmt: skip
_ANYBODY = _Audience(" in your history", "user", "have it", "has it")

# Wording differs by kind: a film is watched, a song is played.
_ON_SCREEN = {"performed": "appears in", "composed": "composed the music of"}
_SCREENS = ("movie", "film", "program", "series")


class Narrator:
    """Verbalises reasons with the names of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._names = Names(catalogue)
        self._wordings: dict[int, Wording] = {}
        self._audiences: dict[int, _Audience] = {}
        self._of_works = self._names.is_work(0)  # catalogues rarely mix artists and works

    def tell(self, reason: Reason) -> str:
        """Verbalise a reason in one line; names at most two history items per argument."""
        clauses: list[str] = []
        introduced = False  # "… in your library" once, with the first item of the history
        for index, evidence in enumerate(reason.evidence):
            yours = "" if introduced else self._yours(evidence)
            clauses.append(self._argument(evidence, yours, again=index > 0))
            introduced = introduced or evidence.kind != "model"
        return "; ".join(clauses)

    def fact(self, step: Step) -> str:
        """The phrase for the near end of a step: *plays trip hop*, *has the same director*."""
        return self._fact(step) or self._same(step)

    def _argument(self, evidence: Evidence, yours: str, *, again: bool) -> str:
        match evidence.kind:
            case "link":
                # items are named without quotation marks, including works
                text = self._link(evidence.steps[0], self._items(evidence) + yours)
            case "shared":
                text = self._shared(evidence, yours)
            case "through" | "path":
                text = self._meeting(evidence, yours)
            case "listeners":
                return self._listeners(evidence, yours)
            case "model":
                return "the model's score alone: neither the graph nor other users tie it to you"
        return _also(text) if again else text

    def _link(self, step: Step, items: str) -> str:
        return fill(self._words(step).phrase(step.forward), items)

    def _shared(self, evidence: Evidence, yours: str) -> str:
        items = self._items(evidence) + yours
        facts = self._facts(evidence.steps)
        if facts:
            return f"{facts}, like {items}"
        if len(evidence.steps) == 1:
            return f"{self._same(evidence.steps[0])} as {items}"
        counts: dict[str, int] = {}
        for step in evidence.steps:
            noun = self._words(step).name_of_other(step.forward)
            counts[noun] = counts.get(noun, 0) + 1
        listed = _listed([f"{n} {_counted(noun, n)}" for noun, n in counts.items()])
        return f"has {listed} in common with {items}"

    def _facts(self, steps: Sequence[Step]) -> str:
        """Verbalise the facts with a name, grouped by wording: *plays a and b and is on c*."""
        named: dict[str, list[str]] = {}
        for step in steps:
            if name := self._entity(step):
                named.setdefault(self._words(step).phrase(step.forward), []).append(name)
        return " and ".join(fill(phrase, _listed(names)) for phrase, names in named.items())

    def _fact(self, step: Step) -> str:
        name = self._entity(step)
        return fill(self._words(step).phrase(step.forward), name) if name else ""

    def _same(self, step: Step) -> str:
        return self._words(step).same_as(step.forward)

    def _meeting(self, evidence: Evidence, yours: str) -> str:
        near, far = evidence.steps[0], evidence.ends[0]
        item = self._items(evidence, 1) + yours
        first, last = self._fact(near), self._fact(far)
        if evidence.kind == "through":
            if first and first == last:
                return f"{first}, like {item}"
            if first and last:
                return f"{first}; {item} {last}"
            thing = self._names.kind(near.entity)
            thing = thing or self._words(near).name_of_other(near.forward)
            return f"has a {thing} in common with {item}"
        between = self._fact(evidence.middle[0])
        if first and between and last:
            who = "who" if self._names.kind(near.entity).endswith(_PEOPLE) else "which"
            if between == last:
                return f"{first}, {who} {between}, like {item}"
            return f"{first}, {who} {between}; {item} {last}"
        nouns = [self._words(step).name_of_other(step.forward) for step in (near, far)]
        return f"its {nouns[0]} is linked to the {nouns[1]} of {item}"

    def _listeners(self, evidence: Evidence, yours: str) -> str:
        item, others = evidence.items[0], evidence.audience
        words, name = self._audience(item), self._items(evidence, 1)
        if others == 1:
            return f"the only other {words.person} of {name}{yours} {words.does} too"
        does = words.does if evidence.together == 1 else words.do
        people = f"{evidence.together} of the {others} other {words.person}s"
        return f"{people} of {name}{yours} {does} too"

    def _words(self, step: Step) -> Wording:
        if step.relation not in self._wordings:
            relation = self._catalogue.relation_name(step.relation)
            self._wordings[step.relation] = wording_of(relation, of_work=self._of_works)
        words = self._wordings[step.relation]
        on_screen = _ON_SCREEN.get(words.phrase(step.forward))
        if on_screen and self._names.kind(step.entity).endswith(_SCREENS):
            if step.forward:
                return replace(words, link=on_screen)
            return replace(words, inverse_link=on_screen)
        return words

    def _entity(self, step: Step) -> str:
        """The name at the far end of a step as used in a sentence, or ''."""
        name = self._names.spoken(step.entity)
        if name and self._words(step).name_of_other(step.forward) == "role":
            return _indefinite(name)
        return name

    def _items(self, evidence: Evidence, most: int = _NAMED) -> str:
        """Name the items of the history; a performer once, and not if a fact names it already."""
        said = {self._names.name(s.entity) for s in (*evidence.steps, *evidence.ends)}
        parts: list[str] = []
        for item in reversed(evidence.items[:most]):
            by = self._catalogue.item_by(item)
            name = self._catalogue.item_name(item)
            parts.append(f"{name} by {by}" if by and by not in said else name)
            said.add(by)
        others = len(evidence.items) - len(parts) if most > 1 else 0
        return _listed([*reversed(parts), *([f"{others} more"] if others else [])])

    def _yours(self, evidence: Evidence) -> str:
        return self._audience(evidence.items[0]).yours if evidence.items else ""

    def _audience(self, item: int) -> _Audience:
        if item not in self._audiences:
            kind = self._catalogue.entity_type(item).lower()
            self._audiences[item] = next(
                (words for names, words in _AUDIENCES if any(n in kind for n in names)), _ANYBODY
            )
        return self._audiences[item]


def _also(text: str) -> str:
    """Insert *also* for a second argument: *also plays …*, *is also on …*."""
    verb, _, complement = text.partition(" ")
    return f"{verb} also {complement}" if verb in ("is", "was") else f"also {text}"


def _indefinite(name: str) -> str:
    """Add *a* or *an* to a person's occupation, but not to a field such as *activism*."""
    if re.search(r"(ism|ing|y|ics)$", name):
        return name
    return f"{'an' if name[:1].casefold() in 'aeiou' else 'a'} {name}"


def _listed(parts: Sequence[str]) -> str:
    """Join as ``a``, ``a and b``, ``a, b and c``; '' if empty."""
    if not parts:
        return ""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _counted(noun: str, n: int) -> str:
    """The noun in singular or regular plural."""
    if n == 1:
        return noun
    if noun.startswith(("place of", "composer of")):
        return noun.replace(" of", "s of", 1)
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return noun if noun.endswith("s") else f"{noun}s"
