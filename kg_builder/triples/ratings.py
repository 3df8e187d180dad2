"""Label user–item pairs: interactions as positives, as many sampled negatives per user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kg_builder.errors import DataError
from kg_builder.ontology import Schema
from kg_builder.triples.config import RatingsConfig
from kg_builder.triples.listed_items import ItemList, listed_items

_IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ratings:
    """The labelled rows.

    Attributes:
        rows: `[n, 3]` user, item, label (1 positive, 0 sampled), grouped by user, positives first.
        users: the publisher's user ids; position = integer id, in order of first appearance.
        counts: interactions used, and those not used by reason.
    """

    rows: _IntArray
    users: list[str]
    counts: dict[str, int]


def items_of(
    interactions: pd.DataFrame,
    entities: pd.DataFrame,
    links: pd.DataFrame,
    config: RatingsConfig,
    *,
    order: str,
    root: Path,
    schema: Schema,
) -> list[str]:
    """CURIEs of the items: as a file lists them, or else sorted by name or as in the entities.

    Args:
        interactions: `tables.INTERACTIONS` with entities as items.
        entities: `tables.ENTITIES`.
        links: `tables.LINKS`, for the ids of a file that lists the items.
        config: which entities are items.
        order: "name", or "source" for the order of the entities table.
        root: raw folder.
        schema: the data model, for the subclasses of the items' class.

    Raises:
        DataError: see `listed_items`; the data model has no such class, or no entity is of it.
    """
    if isinstance(config.items, ItemList):
        return listed_items(config.items, root, links)
    wanted = config.item_type or ("Artist" if config.items == "all" else None)
    of_class = np.ones(len(entities), np.bool_)
    if wanted is not None:
        of_class = entities["type"].isin(_with_subclasses(wanted, schema)).to_numpy(dtype=bool)
        if not of_class.any():
            counted = entities["type"].value_counts()
            there_are = ", ".join(f"{count} {name}" for name, count in counted.items())
            raise DataError(
                f"no entity is of the items' class {wanted!r}",
                where="[ratings]",
                remedy=f"set item_type to a class that there is: {there_are}",
            )
    items: list[str] = entities.loc[of_class, "entity"].tolist()
    if config.items == "interacted":
        liked = set(interactions.loc[interactions["liked"], "item"])
        items = [entity for entity in items if entity in liked]
    return sorted(items) if order == "name" else items


def _with_subclasses(wanted: str, schema: Schema) -> list[str]:
    if wanted not in schema.classes:
        near = get_close_matches(wanted, schema.classes, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(
            f"the data model has no class {wanted!r}",
            where="[ratings] item_type",
            remedy=f"{hint}one of: {', '.join(schema.classes)}",
        )
    return [name for name in schema.classes if schema.is_a(name, wanted)]


def ratings(
    interactions: pd.DataFrame, items: Sequence[str], config: RatingsConfig, *, seed: int
) -> Ratings:
    """Label the interactions and draw each user's negatives among the items never met.

    As in the public preparation of MKR, RippleNet and KGCN: an interaction that its source counts
    as liked is a positive; an item that the user met without liking it is never drawn; users
    without a positive are left out. A user with fewer unmet items than positives gets all of them.

    Args:
        interactions: `tables.INTERACTIONS` with entities as items.
        items: CURIEs in the order of their ids.
        config: number of negatives per positive.
        seed: of the drawing.
    """
    numbers = _positions(interactions["item"], items)
    listed = numbers >= 0
    item = numbers[listed]
    likes = interactions.loc[listed, "liked"].to_numpy(dtype=bool)
    names = interactions.loc[listed, "user"]
    user_names = names[likes].unique().tolist()
    user = _positions(names, user_names)
    likes_nothing = user < 0
    everything = _pairs(user[~likes_nothing], item[~likes_nothing], len(items))
    positives = _pairs(user[likes], item[likes], len(items))
    met_only = np.setdiff1d(everything, positives, assume_unique=True)
    generator = np.random.default_rng(seed)
    parts: list[_IntArray] = []
    n_users, n_positives, short = len(user_names), len(positives), 0
    liked_of = _by_user(positives, n_users, len(items))
    met_of = _by_user(met_only, n_users, len(items))
    for number, (mine, met) in enumerate(zip(liked_of, met_of, strict=True)):
        wanted = config.negatives * len(mine)
        drawn = draw_unmet(np.union1d(mine, met), len(items), wanted, generator)
        short += wanted - len(drawn)
        parts += [_rows(number, mine, 1), _rows(number, drawn, 0)]
    return Ratings(
        rows=np.concatenate(parts) if parts else np.empty((0, 3), np.int64),
        users=user_names,
        counts={
            "interactions": len(interactions),
            "interactions with no item": int((~listed).sum()),
            "interactions of users without a positive": int(likes_nothing.sum()),
            "repeated user-item pairs": int((~likes_nothing).sum()) - len(everything),
            "pairs below the threshold": len(met_only),
            "positives": n_positives,
            "negatives drawn": config.negatives * n_positives - short,
            "negatives not to be had": short,
        },
    )


def draw_unmet(
    met: _IntArray, n_items: int, wanted: int, generator: np.random.Generator
) -> _IntArray:
    """Draw distinct items outside `met` (sorted, distinct), in ascending order.

    Ranks among the unmet items are drawn and turned into ids, so the cost does not grow with the
    catalogue: the id of rank r is r plus the number of met ids at or below it.
    """
    free = n_items - len(met)
    ranks = generator.choice(free, size=min(wanted, free), replace=False)
    shifted = met - np.arange(len(met))
    return np.sort(ranks + np.searchsorted(shifted, ranks, side="right")).astype(np.int64)


def _positions(values: pd.Series[str], among: Sequence[str]) -> _IntArray:
    """Where each value stands among others; -1 where it does not."""
    found = pc.index_in(pa.array(values), pa.array(among, type=pa.array(values).type))
    positions: _IntArray = found.fill_null(-1).to_numpy().astype(np.int64)
    return positions


def _pairs(user: _IntArray, item: _IntArray, n_items: int) -> _IntArray:
    """Distinct (user, item) pairs as single sorted numbers."""
    return np.unique(user * n_items + item)


def _by_user(pairs: _IntArray, n_users: int, n_items: int) -> list[_IntArray]:
    """The sorted items of each user."""
    bounds = np.searchsorted(pairs, np.arange(n_users + 1) * n_items)
    return [
        pairs[start:stop] - user * n_items
        for user, (start, stop) in enumerate(pairwise(bounds.tolist()))
    ]


def _rows(user: int, items: _IntArray, label: int) -> _IntArray:
    return np.column_stack([np.full_like(items, user), items, np.full_like(items, label)])


def times_of_positives(
    interactions: pd.DataFrame, items: Sequence[str], rated: Ratings
) -> pd.DataFrame | None:
    """The earliest time of each positive pair; None where the interactions have no times.

    What a user liked several times, he has known since the first of them.

    Args:
        interactions: `tables.INTERACTIONS` with entities as items.
        items: CURIEs in the order of their ids.
        rated: the labelled rows made of them.

    Returns:
        Columns user, item, time (int64), a row per positive in the order of the labelled rows. The
        unit is the publisher's, or seconds since 1970 for dates.
    """
    if not interactions["time"].notna().any():
        return None
    liked = interactions[interactions["liked"] & interactions["time"].notna()]
    pairs = pd.DataFrame(
        {
            "user": _positions(liked["user"], rated.users),
            "item": _positions(liked["item"], items),
            "time": liked["time"].to_numpy(dtype=np.int64),
        }
    )
    pairs = pairs[(pairs["user"] >= 0) & (pairs["item"] >= 0)]
    earliest = pairs.groupby(["user", "item"])["time"].min()
    positives = rated.rows[rated.rows[:, 2] == 1, :2]
    of_row = pd.MultiIndex.from_arrays([positives[:, 0], positives[:, 1]], names=["user", "item"])
    return earliest.reindex(of_row).reset_index()
