"""Label user–item pairs: interactions as positives, as many sampled negatives per user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from kg_builder.errors import DataError
from kg_builder.ontology import Schema
from kg_builder.triples.config import RatingsConfig
from kg_builder.triples.listed_items import ItemList, listed_items

_IntArray = npt.NDArray[np.int64]
_ROWS_AT_A_TIME = 2_000_000


@dataclass(frozen=True)
class Ratings:
    """Labelled user–item pairs.

    Attributes:
        rows: `[n, 3]` user, item, label (1 positive, 0 sampled), grouped by user, positives first.
        users: the publisher's user ids; position = integer id, in order of first appearance.
        unliked: `[n, 2]` user, item, sorted: pairs whose ratings are all below the threshold.
        counts: interactions used, and those left out by reason.
    """

    rows: npt.NDArray[np.int32]
    users: list[str]
    unliked: npt.NDArray[np.int32]
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
    """CURIEs of the items: in the order of a file, by name, or in the order of the entities.

    Args:
        interactions: `tables.INTERACTIONS` with entities as items.
        entities: `tables.ENTITIES`.
        links: `tables.LINKS`, for the ids of a file that lists the items.
        config: which entities are items.
        order: "name", or "source" for the order of the entities table.
        root: raw folder.
        schema: the data model, for the subclasses of the items' class.

    Raises:
        DataError: see `listed_items`; the data model has no such class, or it has no entities.
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
    schema.class_named(wanted, where="[ratings] item_type")
    return [name for name in schema.classes if schema.is_a(name, wanted)]


def ratings(
    interactions: pd.DataFrame, items: Sequence[str], config: RatingsConfig, *, seed: int
) -> Ratings:
    """Label the interactions, and sample negatives for each user among unobserved items.

    As in the public preparation of MKR, RippleNet and KGCN: an interaction at or above its source's
    threshold is a positive; an item that the user interacted with below the threshold is never
    sampled; users without a positive are left out. A user with fewer unobserved items than
    positives gets all of them.

    Args:
        interactions: `tables.INTERACTIONS` with entities as items.
        items: CURIEs in the order of their ids.
        config: number of negatives per positive.
        seed: of the sampling.
    """
    n_items = len(items)
    item = _positions(interactions["item"], items)
    listed = item >= 0
    likes = listed & interactions["liked"].to_numpy(dtype=bool)
    user_names: list[str] = interactions["user"][likes].unique().tolist()
    user = _positions(interactions["user"], user_names)
    used = listed & (user >= 0)
    everything = _pairs(user, item, used, n_items)
    positives = everything if (likes == used).all() else _pairs(user, item, likes, n_items)
    n_liked, n_met = (
        np.bincount(pairs // max(n_items, 1), minlength=len(user_names))
        for pairs in (positives, everything)
    )
    wanted = config.negatives * n_liked
    n_drawn = np.minimum(wanted, n_items - n_met)
    del user, item  # the rows below are the largest table of a build
    generator = np.random.default_rng(seed)
    n_rows = n_liked + n_drawn
    rows = np.empty((int(n_rows.sum()), 3), dtype=np.int32)
    ends = [np.append(0, np.cumsum(counts)) for counts in (n_liked, n_met, n_rows)]
    for first, last in _blocks_of_users(ends[2]):
        liked, met, block = (slice(end[first], end[last]) for end in ends)
        offset, users = first * n_items, slice(first, last)
        drawn = draw_unmet(
            everything[met] - offset, n_met[users], n_drawn[users], n_items, generator
        )
        _label(
            rows[block], positives[liked] - offset, drawn, n_liked[users], n_drawn[users], n_items
        )
        rows[block, 0] += first
    unliked = np.setdiff1d(everything, positives, assume_unique=True)
    return Ratings(
        rows=rows,
        users=user_names,
        unliked=np.column_stack(np.divmod(unliked, max(n_items, 1))).astype(np.int32),
        counts={
            "interactions": len(interactions),
            "interactions with no item": int((~listed).sum()),
            "interactions of users without a positive": int((listed & ~used).sum()),
            "repeated user-item pairs": int(used.sum()) - len(everything),
            "pairs below the threshold": len(everything) - len(positives),
            "positives": len(positives),
            "negatives drawn": int(n_drawn.sum()),
            "negatives not available": int((wanted - n_drawn).sum()),
        },
    )


def _blocks_of_users(ends: _IntArray) -> Iterator[tuple[int, int]]:
    """Ranges of users with about `_ROWS_AT_A_TIME` rows, of which `ends` [n + 1] are cumulated."""
    first = 0
    while first < len(ends) - 1:
        last = int(np.searchsorted(ends, ends[first] + _ROWS_AT_A_TIME, side="right")) - 1
        last = max(last, first + 1)
        yield first, last
        first = last


def _label(
    rows: npt.NDArray[np.int32],
    positives: _IntArray,
    negatives: _IntArray,
    n_liked: _IntArray,
    n_drawn: _IntArray,
    n_items: int,
) -> None:
    """Fill rows with pairs and labels, for each user the positives first."""
    before = (np.cumsum(n_drawn) - n_drawn, np.cumsum(n_liked))  # rows of the other label
    for pairs, label, others in ((positives, 1, before[0]), (negatives, 0, before[1])):
        of_user, of_item = np.divmod(pairs, max(n_items, 1))
        positions = np.arange(len(pairs)) + others[of_user]
        rows[positions, 0], rows[positions, 1], rows[positions, 2] = of_user, of_item, label


def draw_unmet(
    met: _IntArray,
    n_met: _IntArray,
    n_drawn: _IntArray,
    n_items: int,
    generator: np.random.Generator,
) -> _IntArray:
    """Sample distinct unobserved items for each user, as sorted pairs.

    Ranks among the unobserved items are drawn and converted to ids, so the cost does not depend on
    the catalogue's size: the id of rank r is r plus the number of observed ids at or below it.

    Args:
        met: observed pairs, sorted.
        n_met: number of observed pairs per user.
        n_drawn: number to draw per user.
        n_items: number of items.
        generator: random generator, used for the users in turn.
    """
    pairs = np.repeat(np.arange(len(n_met)) * n_items, n_drawn)
    ends = np.cumsum(n_drawn)
    for start, end, free in zip(
        (ends - n_drawn).tolist(), ends.tolist(), (n_items - n_met).tolist(), strict=True
    ):
        pairs[start:end] += generator.choice(free, size=end - start, replace=False)
    pairs.sort()
    # unobserved ids below each observed id, offset per user
    first = np.cumsum(n_met) - n_met
    shifted = met - (np.arange(len(met)) - np.repeat(first, n_met))
    below = np.searchsorted(shifted, pairs, side="right")
    return pairs + below - np.repeat(first, n_drawn)


def _positions(values: pd.Series[str], among: Sequence[str]) -> npt.NDArray[np.int32]:
    """Position of each value among others, or -1."""
    found = pd.Index(list(among), dtype="str").get_indexer(values.cat.categories)
    positions: npt.NDArray[np.int32] = np.append(found, -1).astype(np.int32)[values.cat.codes]
    return positions


def _pairs(
    user: npt.NDArray[np.int32],
    item: npt.NDArray[np.int32],
    chosen: npt.NDArray[np.bool_],
    n_items: int,
) -> _IntArray:
    """Encode the distinct (user, item) pairs of the chosen rows as sorted integers."""
    pairs = user[chosen].astype(np.int64) * n_items
    pairs += item[chosen]
    pairs.sort()
    distinct: _IntArray = pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]]
    return distinct


def times_of_positives(
    interactions: pd.DataFrame, items: Sequence[str], rated: Ratings
) -> pd.DataFrame | None:
    """The earliest time of each positive pair; None if the interactions have no times.

    Of repeated interactions, the first one counts.

    Args:
        interactions: `tables.INTERACTIONS` with entities as items.
        items: CURIEs in the order of their ids.
        rated: the labelled rows built from them.

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
