"""Group vocabulary records (genres, tags, countries, labels …) by equal normalised name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.config import FusionConfig
from kg_builder.fusion.normalize import ABBREVIATIONS, ENDINGS, name_key, squeeze
from kg_builder.fusion.profiles import Profiles
from kg_builder.ontology import Schema

_ENDINGS: Final = {
    type_: re.compile(rf" (?:{'|'.join(map(re.escape, words))})$")
    for type_, words in ENDINGS.items()
}
_SAME_NAME: Final = ({"Genre", "Tag"},)
"""Classes that are separate in the data model, but whose terms match by equal name."""


def vocabulary_key(text: str, type_: str) -> str:
    """Matching key of a vocabulary term.

    >>> vocabulary_key("Hip-Hop", "Tag") == vocabulary_key("hip hop music", "Genre")
    True
    >>> vocabulary_key("R&B", "Genre") == vocabulary_key("rnb", "Tag")
    True
    """
    key = name_key(text)
    if ending := _ENDINGS.get(type_):
        key = ending.sub("", key) or key
    tight = squeeze(key)
    return ABBREVIATIONS.get(tight, tight)


def same_kind(one: str, other: str, schema: Schema) -> bool:
    """Whether terms of two classes with an equal name are the same."""
    return any(one in kinds and other in kinds for kinds in _SAME_NAME) or schema.compatible(
        one, other
    )


def group_vocabularies(
    profiles: Profiles, schema: Schema, config: FusionConfig
) -> list[tuple[int, NDArray[np.int64]]]:
    """Cluster vocabulary records; yields the smallest index and all indices of each cluster.

    Terms match if they share a `vocabulary_key` and their classes are of the same kind.
    """
    blocks: dict[str, list[int]] = defaultdict(list)
    for index, type_ in enumerate(profiles.type):
        if config.is_vocabulary(type_):
            blocks[vocabulary_key(profiles.name[index], type_)].append(index)
    found: list[tuple[int, NDArray[np.int64]]] = []
    for _, block in sorted(blocks.items()):
        found += [
            (members[0], np.array(members, dtype=np.int64))
            for members in _kinds(block, profiles, schema)
        ]
    return found


def _kinds(block: Sequence[int], profiles: Profiles, schema: Schema) -> list[list[int]]:
    if len(block) == 1:
        return [list(block)]
    groups: list[tuple[set[str], list[int]]] = []
    # the most specific classes first, so that a Place joins the Country and not the reverse
    for index in sorted(
        block, key=lambda i: (-len(schema.ancestors(profiles.type[i])), profiles.type[i], i)
    ):
        type_ = profiles.type[index]
        for types, members in groups:
            if all(same_kind(type_, other, schema) for other in types):
                types.add(type_)
                members.append(index)
                break
        else:
            groups.append(({type_}, [index]))
    return [sorted(members) for _, members in groups]
