"""Load inference rules (premises, conclusion, confidence) from TOML; check them with the schema."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from kg_builder.errors import DataError
from kg_builder.ontology import Schema

RULES_TOML: Final = Path(__file__).with_name("rules.toml")

_KEYS: Final = ("name", "because", "when", "then", "unless", "earliest", "confidence", "recursive")
_CALL: Final = re.compile(r"^(\w+)\((\?\w+)\)$")
_YEAR: Final = re.compile(r"^(-?\d{4})(?:-|$)")


@dataclass(frozen=True)
class NamedThing:
    """An entity that a function creates: its class and its name."""

    type: str
    name: str


def decade(date: str) -> NamedThing | None:
    """The decade of a date of any precision: `1991-09-24` → the 1990s; `None` if not a date."""
    found = _YEAR.match(date)
    if not found:
        return None
    year = int(found[1])
    return NamedThing("Decade", f"{year - year % 10}s")


FUNCTIONS: Final[dict[str, Callable[[str], NamedThing | None]]] = {"decade": decade}
"""Functions that conclusions may call: of a date, the entity of its decade."""


@dataclass(frozen=True)
class Atom:
    """`subject predicate object` with variables; predicate `a` tests (or assigns) a class."""

    subject: str
    predicate: str
    object: str

    @property
    def variables(self) -> tuple[str, ...]:
        """Its variables, subject first."""
        return tuple(term for term in (self.subject, self.object) if term.startswith("?"))


@dataclass(frozen=True)
class Rule:
    """An inference rule: premises, a conclusion and its confidence.

    `function` is applied to the conclusion's object variable, which then names a new entity. A rule
    that is not `recursive` ignores inferred facts. It does not apply if a stated fact matches one
    of the `unless` atoms, whose unbound variables match anything. Of several values of the variable
    `earliest` that one subject has, only the first in alphabetical order counts.
    """

    name: str
    because: str
    premises: tuple[Atom, ...]
    conclusion: Atom
    confidence: float
    function: str | None = None
    recursive: bool = True
    unless: tuple[Atom, ...] = ()
    earliest: str | None = None

    @property
    def facts(self) -> tuple[Atom, ...]:
        """The premises that match statements."""
        return tuple(atom for atom in self.premises if atom.predicate != "a")

    @property
    def classes(self) -> tuple[Atom, ...]:
        """The premises that test a class."""
        return tuple(atom for atom in self.premises if atom.predicate == "a")


def load_rules(schema: Schema, *paths: Path, only: Sequence[str] | None = None) -> list[Rule]:
    """Read rules from the given TOML files (by default the project's own).

    Args:
        schema: the data model whose predicates and classes the rules may use.
        paths: rule files; a later rule replaces an earlier one of the same name.
        only: names of the rules to keep; all when `None`.

    Raises:
        DataError: a file is missing or malformed, a rule has an unknown key, predicate, class,
            function or variable, or `only` names a rule that does not exist.
    """
    rules: dict[str, Rule] = {}
    for path in paths or (RULES_TOML,):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError("no such rule file", where=str(path)) from None
        except (ValueError, RecursionError) as fault:
            raise DataError(f"not TOML: {fault}", where=str(path)) from None
        _refuse_unknown(document, ["rule"], str(path))
        for number, entry in enumerate(document.get("rule", []), start=1):
            rule = _rule(entry, schema, where=f"{path.name}, rule {number}")
            rules[rule.name] = rule
    if only is None:
        return list(rules.values())
    unknown = sorted(set(only) - rules.keys())
    if unknown:
        raise DataError(f"no rules named {unknown}", remedy=f"there are: {', '.join(rules)}")
    return [rules[name] for name in only]


def _rule(entry: dict[str, Any], schema: Schema, *, where: str) -> Rule:
    missing = [key for key in ("name", "when", "then") if key not in entry]
    if missing:
        raise DataError(f"the rule lacks {missing}", where=where)
    where = f"{where} ({entry['name']})"
    _refuse_unknown(entry, _KEYS, where)
    subject, predicate, object_ = _words(entry["then"], where)
    call = _CALL.match(object_)
    if call and call[1] not in FUNCTIONS:
        raise DataError(
            f"no function {call[1]!r}", where=where, remedy=f"one of: {', '.join(FUNCTIONS)}"
        )
    rule = Rule(
        name=entry["name"],
        because=entry.get("because", ""),
        premises=tuple(Atom(*_words(text, where)) for text in entry["when"]),
        conclusion=Atom(subject, predicate, call[2] if call else object_),
        confidence=float(entry.get("confidence", 1.0)),
        function=call[1] if call else None,
        recursive=bool(entry.get("recursive", True)),
        unless=tuple(Atom(*_words(text, where)) for text in entry.get("unless", ())),
        earliest=entry.get("earliest"),
    )
    _check(rule, schema, where)
    return rule


def _refuse_unknown(table: dict[str, Any], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            keys = ", ".join(known)
            raise DataError(f"no such key: {key!r}", where=where, remedy=f"{hint}keys: {keys}")


def _words(text: str, where: str) -> tuple[str, str, str]:
    words = text.split()
    if len(words) != 3:
        raise DataError(
            f"{text!r} is not 'subject predicate object'",
            where=where,
            remedy="write for instance '?artist origin ?place'",
        )
    return words[0], words[1], words[2]


def _check(rule: Rule, schema: Schema, where: str) -> None:
    if not 0 < rule.confidence <= 1:
        raise DataError(f"confidence {rule.confidence} is not in (0, 1]", where=where)
    if not rule.facts:
        raise DataError("no premise is a statement", where=where)
    for atom in (*rule.premises, *rule.unless, rule.conclusion):
        if atom.predicate == "a":
            schema.class_named(atom.object, where=where)
        else:
            schema.predicate(atom.predicate, where=where)
    if rule.earliest is not None and rule.earliest not in {atom.object for atom in rule.facts}:
        raise DataError(f"'earliest' {rule.earliest} is no object of a premise", where=where)
    bound = {variable for atom in rule.facts for variable in atom.variables}
    used = {v for atom in (*rule.classes, rule.conclusion) for v in atom.variables}
    for atom in rule.unless:
        if not bound & set(atom.variables):
            raise DataError(
                f"'unless' {atom.subject} {atom.predicate} {atom.object}: must be a statement "
                "about something that the premises name",
                where=where,
            )
    if used - bound:
        raise DataError(f"no statement binds {sorted(used - bound)}", where=where)
