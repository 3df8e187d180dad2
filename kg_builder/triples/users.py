"""Map facts about users to integer triples; users are 0..n_users-1, attribute values follow."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from kg_builder.extraction.user_facts import SOURCE, USER
from kg_builder.tables import REJECTS
from kg_builder.triples.graph import rows_of

_NOT_PLAIN: Final = re.compile(r"[^\w -]|_")


@dataclass(frozen=True)
class UserNumbering:
    """The integer graph of facts about users.

    Attributes:
        triples: `[n, 3]` head, relation, tail; distinct and sorted. The head is a user; an
            undirected relation is written once per pair, its head the smaller id.
        entities: columns id, iri (CURIE), name, type; row i has id i. A user's name is the
            publisher's id.
        relations: columns id, iri (CURIE), name, direction; row i has id i.
        rejects: `tables.REJECTS`: facts about people who are not users, and relations of a user
            with themselves.
        counts: triples by relation, users with a triple, repeated facts.
    """

    triples: npt.NDArray[np.int64]
    entities: pd.DataFrame
    relations: pd.DataFrame
    rejects: pd.DataFrame
    counts: dict[str, int]


def number_users(facts: pd.DataFrame, users: Sequence[str]) -> UserNumbering:
    """Encode the facts about users as integer triples.

    Args:
        facts: `tables.USER_FACTS`.
        users: the publisher's user ids; position = integer id.
    """
    user_id = {user: number for number, user in enumerate(users)}
    relations = facts[["relation", "undirected"]].drop_duplicates("relation")
    relation_id = {name: number for number, name in enumerate(relations["relation"].tolist())}
    kept: list[tuple[int, str, str, str, bool]] = []
    rejects: list[dict[str, str]] = []
    for user, relation, thing, type_, undirected, evidence in rows_of(
        facts, "user", "relation", "object", "type", "undirected", "evidence"
    ):
        unknown = user not in user_id or (type_ == USER and thing not in user_id)
        if unknown or (type_ == USER and thing == user):
            rejects.append(
                {
                    "stage": "triples",
                    "source": SOURCE,
                    "reason": "no user of the ratings" if unknown else "a user with himself",
                    "evidence": evidence,
                    "detail": f"{user} {relation} {thing}",
                }
            )
        else:
            kept.append((user_id[user], relation, type_, thing, undirected))
    values = sorted({(type_, thing) for _, _, type_, thing, _ in kept if type_ != USER})
    value_id = {value: number for number, value in enumerate(values, start=len(users))}
    triples = set()
    for head, relation, type_, thing, undirected in kept:
        tail = user_id[thing] if type_ == USER else value_id[type_, thing]
        if undirected:
            head, tail = min(head, tail), max(head, tail)
        triples.add((head, relation_id[relation], tail))
    rows = np.array(sorted(triples), dtype=np.int64).reshape(-1, 3)
    return UserNumbering(
        triples=rows,
        entities=_entities(users, values),
        relations=pd.DataFrame(
            {
                "id": range(len(relations)),
                "iri": [f"user-relation:{_local(name)}" for name in relation_id],
                "name": list(relation_id),
                "direction": [
                    "undirected" if flag else "directed" for flag in relations["undirected"]
                ],
            }
        ),
        rejects=REJECTS.frame(rejects),
        counts=_counts(rows, list(relation_id), len(users), len(kept)),
    )


def _entities(users: Sequence[str], values: Sequence[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": range(len(users) + len(values)),
            "iri": [f"user:{_local(user)}" for user in users]
            + [f"user-value:{_local(type_)}.{_local(value)}" for type_, value in values],
            "name": [*users, *(value for _, value in values)],
            "type": [USER] * len(users) + [type_ for type_, _ in values],
        }
    )


def _counts(
    rows: npt.NDArray[np.int64], relations: Sequence[str], n_users: int, n_kept: int
) -> dict[str, int]:
    by_relation = Counter(rows[:, 1].tolist())
    ends = np.unique(rows[:, [0, 2]])
    return {
        "triples": len(rows),
        "users with a triple": int((ends < n_users).sum()),
        "values": int((ends >= n_users).sum()),
        **{f"{name}: triples": by_relation[number] for number, name in enumerate(relations)},
        "repeated facts": n_kept - len(rows),
    }


def _local(name: str) -> str:
    """Convert a name to an IRI part, injectively: a space becomes '_'."""
    encoded = _NOT_PLAIN.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), name
    )
    return encoded.replace(" ", "_")
