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
_WHICH = ", which "
_PEOPLE = ("person", "artist", "band", "group", "musician", "agent")


@dataclass(frozen=True)
class _Audience:
    """Wording for a kind of item: relation to the user, and the interaction."""

    yours: str
    person: str
    do: str
    does: str

    def whose(self, works: str, *, several: bool) -> str:
        """Continue "…, whose": *Roads is in your library*, *Kindred you read*."""
        if self.yours.startswith(_WHICH):
            return f"{works} {self.yours.removeprefix(_WHICH)}"
        return f"{works} {'are' if several else 'is'}{self.yours}"


_AUDIENCES = (
    (("artist", "band", "group", "musician", "person", "collaboration", "album", "song", "track",
      "recording"),
     _Audience(" in your library", "listener", "play it", "plays it")),
    (("film", "movie"), _Audience(", which you liked", "viewer", "liked it", "liked it")),
    (("book",), _Audience(", which you read", "reader", "read it", "read it")),
)  # fmt: skip
_ANYBODY = _Audience(" in your history", "user", "have it", "has it")

_NO_REASON = (
    "the model's score alone: no other user ties it to your history, nor any specific fact that "
    "speaks for it"
)
_OF_ONE = ("through", "path")  # kinds of arguments that name one item of the history

# Wording differs by kind: a film is watched, a song is played.
_ON_SCREEN = {"performed": "appears in", "composed": "composed the music of"}
_SCREENS = ("movie", "film", "program", "series")


class Narrator:
    """Verbalises reasons with the names of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._names = Names(catalogue)
        self._wordings: dict[tuple[int, bool], Wording] = {}
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
            case "makers":
                return self._makers(evidence)
            case "link":
                # items are named without quotation marks, including works
                text = self._link(evidence.steps[0], self._items(evidence) + yours)
            case "shared":
                text = self._shared(evidence, self._items(evidence) + yours)
            case "through" | "path":
                text = self._meeting(evidence, self._items(evidence, 1) + yours)
            case "listeners":
                return self._listeners(evidence, yours)
            case "model":
                return _NO_REASON
        return _also(text) if again else text

    def _link(self, step: Step, items: str, works: bool | None = None) -> str:
        phrase = self._words(step, works).phrase(step.forward)
        inside = "{}" in phrase and not phrase.endswith("{}")
        return fill(phrase, _closed(items) if inside else items)

    def _shared(self, evidence: Evidence, items: str, works: bool | None = None) -> str:
        facts = self._facts(evidence.steps, works)
        if facts:
            return f"{facts}, like {items}"
        if len(evidence.steps) == 1:
            return f"{self._same(evidence.steps[0], works)} as {items}"
        counts: dict[str, int] = {}
        for step in evidence.steps:
            noun = self._words(step).name_of_other(step.forward)
            counts[noun] = counts.get(noun, 0) + 1
        listed = _listed([f"{n} {_counted(noun, n)}" for noun, n in counts.items()])
        return f"has {listed} in common with {items}"

    def _makers(self, evidence: Evidence) -> str:
        """*was performed by a, who plays b, like c, whose d is in your library*."""
        about, made = evidence.makers, evidence.steps[0]
        assert about is not None
        theirs = self._theirs(evidence, about)
        match about.kind:
            case "link":
                text = self._link(about.steps[0], theirs, works=False)
            case "shared":
                text = self._shared(about, theirs, works=False)
            case _:
                text = self._meeting(about, theirs, works=False)
        maker = self._fact(made)
        return f"{maker}, who {text}" if maker else f"has a {self._noun(made)} who {text}"

    def _theirs(self, evidence: Evidence, about: Evidence) -> str:
        """Name makers of the history, with works of theirs: one of each of several."""
        audience = self._audience(evidence.items[0])
        makers = about.items[: 1 if about.kind in _OF_ONE else _NAMED]
        names = [self._names.spoken(maker) for maker in makers]
        if not all(names):
            return f"the {self._noun(evidence.ends[0])} of {self._items(evidence)}{audience.yours}"
        by: dict[int, list[int]] = {maker: [] for maker in makers}
        for item, end in zip(evidence.items, evidence.ends, strict=True):
            by.setdefault(end.entity, []).append(item)
        most = _NAMED if len(makers) == 1 else 1
        works = [item for maker in makers for item in by[maker][:most]]
        total = len(works) if about.kind in _OF_ONE else len(evidence.items)
        titles = _with_rest([self._catalogue.item_name(item) for item in works], total)
        who = _with_rest(names, len(makers) if about.kind in _OF_ONE else len(about.items))
        return f"{who}, whose {audience.whose(titles, several=total > 1)}"

    def _facts(self, steps: Sequence[Step], works: bool | None = None) -> str:
        """Verbalise the facts with a name, grouped by wording: *plays a and b and is on c*."""
        named: dict[str, list[str]] = {}
        for step in steps:
            if name := self._entity(step):
                named.setdefault(self._words(step, works).phrase(step.forward), []).append(name)
        return " and ".join(fill(phrase, _listed(names)) for phrase, names in named.items())

    def _fact(self, step: Step, works: bool | None = None) -> str:
        name = self._entity(step)
        return fill(self._words(step, works).phrase(step.forward), name) if name else ""

    def _noun(self, step: Step) -> str:
        return self._words(step).name_of_other(step.forward)

    def _same(self, step: Step, works: bool | None = None) -> str:
        return self._words(step, works).same_as(step.forward)

    def _meeting(self, evidence: Evidence, item: str, works: bool | None = None) -> str:
        near, far = evidence.steps[0], evidence.ends[0]
        first, last = self._fact(near, works), self._fact(far, works)
        if evidence.kind == "through":
            if first and first == last:
                return f"{first}, like {item}"
            if first and last:
                return f"{first}; {_closed(item)} {last}"
            thing = self._names.kind(near.entity)
            thing = thing or self._noun(near)
            return f"has a {thing} in common with {item}"
        middle = evidence.middle[0]
        described = near.entity if middle.forward else middle.entity
        between = self._fact(middle, self._of_works and self._names.is_work(described))
        if first and between and last:
            who = "who" if self._names.kind(near.entity).endswith(_PEOPLE) else "which"
            if between == last:
                return f"{first}, {who} {between}, like {item}"
            return f"{first}, {who} {between}; {_closed(item)} {last}"
        nouns = [self._noun(step) for step in (near, far)]
        return f"its {nouns[0]} is linked to the {nouns[1]} of {item}"

    def _listeners(self, evidence: Evidence, yours: str) -> str:
        item, others = evidence.items[0], evidence.audience
        words, name = self._audience(item), self._items(evidence, 1)
        if others == 1:
            return f"the only other {words.person} of {name}{yours} {words.does} too"
        does = words.does if evidence.together == 1 else words.do
        people = f"{evidence.together} of the {others} other {words.person}s"
        return f"{people} of {name}{yours} {does} too"

    def _words(self, step: Step, works: bool | None = None) -> Wording:
        """Wording of a fact about works, by default if the items are works."""
        key = step.relation, self._of_works if works is None else works
        if key not in self._wordings:
            relation = self._catalogue.relation_name(step.relation)
            self._wordings[key] = wording_of(relation, of_work=key[1])
        words = self._wordings[key]
        if words.link == "won" and self._names.name(step.entity).endswith("Hall of Fame"):
            return replace(words, link="was inducted into")
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
        return _with_rest(parts[::-1], len(evidence.items) if most > 1 else len(parts))

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


def _closed(items: str) -> str:
    """Close a relative clause before the sentence goes on: *Kindred, which you read, …*."""
    return f"{items}," if re.search(r", (which|whose) ", items) else items


def _indefinite(name: str) -> str:
    """Add *a* or *an* to a person's occupation, but not to a field such as *activism*."""
    if re.search(r"(ism|ing|y|ics)$", name):
        return name
    return f"{'an' if name[:1].casefold() in 'aeiou' else 'a'} {name}"


def _with_rest(names: Sequence[str], total: int) -> str:
    """*a, b and 3 more* of five."""
    rest = total - len(names)
    return _listed([*names, *([f"{rest} more"] if rest > 0 else [])])


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
