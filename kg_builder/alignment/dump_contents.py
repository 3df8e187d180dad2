"""Data classes of dump readers: names and ids to look for; database entries and facts found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from kg_builder.alignment.dump_lines import Faults
from kg_builder.fusion.normalize import is_qualifier, name_key, parse_name, squeeze
from kg_builder.fusion.vocabulary import vocabulary_key


@dataclass(slots=True)
class Thing:
    """A database entry: a link candidate, or the object of a fact.

    Attributes:
        id: CURIE (`freebase:m.0c_jw`, `dbpedia:Radiohead`).
        name: its main name, without a disambiguating qualifier.
        qualifier: the disambiguating part of its name ('American band'), or ''.
        aliases: other names.
        description: a short text, or ''.
        classes: classes of the data model that the database states.
        roles: how often it is the subject ('s:' + predicate) or object ('o:') of each predicate of
            the database.
        same_as: CURIEs of the same entity in other databases, as stated by this one.
    """

    id: str
    name: str = ""
    qualifier: str = ""
    aliases: set[str] = field(default_factory=set)
    description: str = ""
    classes: set[str] = field(default_factory=set)
    roles: Counter[str] = field(default_factory=Counter)
    same_as: tuple[str, ...] = ()

    @property
    def degree(self) -> int:
        """Number of facts that it is part of."""
        return sum(self.roles.values())


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact mapped to the data model; subject and object are ids of entries, or a literal.

    Attributes:
        literal: whether the object is a literal value.
        line: line of the dump.
        foreign: the database's predicate.
    """

    subject: str
    predicate: str
    object: str
    literal: bool
    line: int
    foreign: str


@dataclass(slots=True)
class Gathered:
    """The candidates and facts read from one database.

    Attributes:
        things: id → entry: candidates, and objects of their facts.
        candidates: ids of the entries whose name or alias is one of ours.
        facts: facts about at least one candidate, then those of the second hop.
        lines: lines read per pass.
        faults: unreadable lines.
    """

    things: dict[str, Thing]
    candidates: set[str]
    facts: list[Fact]
    lines: int
    faults: Faults


@dataclass(frozen=True)
class Wanted:
    """The names and ids to look for in a database.

    Attributes:
        keys: keys of our names (see `keys_of`); of vocabulary terms only those marked with '~'.
        ids: external ids that our entities have already, as CURIEs.
    """

    keys: Collection[str]
    ids: frozenset[str] = frozenset()

    def knows(self, keys: Iterable[str]) -> bool:
        """Whether any of these keys belongs to one of our names."""
        return any(key in self.keys for key in keys)


@lru_cache(maxsize=1 << 17)
def keys_of(name: str) -> tuple[str, ...]:
    """Keys under which a name is looked up, the key of the full name first.

    Further keys are readings within brackets, and, marked with '~', the name as a term of a
    vocabulary ('hip hop music' is the genre '~hiphop').
    """
    parsed = parse_name(name)
    terms = (term_key(name, type_) for type_ in ("Genre", "RecordLabel", ""))
    keys = (parsed.squeezed, *map(squeeze, parsed.alternatives), *terms)
    return tuple(dict.fromkeys(key for key in keys if key))


def forget_names(most: int) -> None:
    """Clear the name caches once they exceed a size.

    The names of a dump rarely repeat and do not all fit in memory.
    """
    if keys_of.cache_info().currsize > most:
        for cache in (keys_of, parse_name, name_key, squeeze):
            cache.cache_clear()


def term_key(name: str, type_: str) -> str:
    """The key of a vocabulary term, marked so that it matches no artist's name."""
    return f"~{vocabulary_key(name, type_)}"


def split_title(text: str) -> tuple[str, str]:
    """Split an encyclopedia title into the name and its disambiguating qualifier.

    >>> split_title("Nirvana (British band)"), split_title("Add N to (X)")
    (('Nirvana', 'British band'), ('Add N to (X)', ''))
    """
    if not text.endswith(")") or " (" not in text:
        return text, ""
    core, _, inside = text[:-1].rpartition(" (")
    last = inside.split()[-1] if inside.split() else ""
    if (
        core
        and name_key(core)
        and (inside[:1].islower() or is_qualifier(inside) or is_qualifier(last))
    ):
        return core, inside
    return text, ""
