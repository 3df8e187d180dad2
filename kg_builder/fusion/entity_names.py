"""Assign entities readable, unique and stable CURIEs from their names and qualifiers."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from kg_builder.ontology import local_name


@dataclass(frozen=True, slots=True)
class Naming:
    """The parts from which an entity's CURIE is built.

    Attributes:
        prefix: CURIE prefix of its class.
        name: display name.
        hints: possible qualifiers, best first: qualifier, country, year, class.
        fallbacks: other names, used if the name has no letters ('!!!').
        rank: sort key of namesakes; the first keeps the unqualified name. Must be unique.
    """

    prefix: str
    name: str
    hints: tuple[str, ...]
    fallbacks: tuple[str, ...]
    rank: tuple[int | float | str, ...]


def assign_curies(items: Sequence[Naming], *, taken: Iterable[str] = ()) -> list[str]:
    """Assign a unique CURIE to each item, independent of the order of the items.

    Names that differ only in case count as equal, so that no two IRIs look the same.

    Args:
        items: the entities to name.
        taken: CURIEs already in use, which are kept.
    """
    used = {curie.casefold() for curie in taken}
    groups: dict[tuple[str, str], list[tuple[Naming, str, int]]] = defaultdict(list)
    for index, item in enumerate(items):
        local = readable(item.name, item.fallbacks)
        groups[item.prefix, local.casefold()].append((item, local, index))
    found = [""] * len(items)
    for _, group in sorted(groups.items()):
        group.sort(key=lambda entry: entry[0].rank)
        for item, local, index in group:
            for name in _variants(local, item.hints):
                curie = f"{item.prefix}:{name}"
                if curie.casefold() not in used:
                    used.add(curie.casefold())
                    found[index] = curie
                    break
    return found


def readable(name: str, fallbacks: Iterable[str] = ()) -> str:
    """A readable local name; if the name has no letters, another name or its signs spelled out.

    >>> readable("!!!"), readable("!!!", ["Chk Chk Chk"]), readable("†‡†")
    ('exclamation_mark_x3', 'Chk_Chk_Chk', 'dagger_double_dagger_dagger')
    """
    for text in (name, *fallbacks):
        if local := local_name(text):
            return local
    spelled = []
    for char, run in groupby(name.strip()):
        count = len(list(run))
        word = local_name(unicodedata.name(char, f"u{ord(char):04x}").lower())
        spelled.append(f"{word}_x{count}" if count > 1 else word)
    return "_".join(spelled) or "unnamed"


def _variants(local: str, hints: Sequence[str]) -> Iterator[str]:
    yield local
    useful = [text for hint in hints if (text := local_name(hint)) and text != local]
    for hint in dict.fromkeys(useful):
        yield f"{local}_({hint})"
    number = 2
    while True:
        yield f"{local}_{number}"
        number += 1
