"""When each positive of the labelled rows came about, where the source tells."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kg_builder.triples.ratings import Ratings


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
    liked = interactions[interactions["liked"]]
    pairs = pd.DataFrame(
        {
            "user": liked["user"].map({name: number for number, name in enumerate(rated.users)}),
            "item": liked["item"].map({item: number for number, item in enumerate(items)}),
            "time": liked["time"],
        }
    )
    earliest = pairs.dropna().astype("int64").groupby(["user", "item"])["time"].min()
    positives = rated.rows[rated.rows[:, 2] == 1, :2]
    of_row = pd.MultiIndex.from_arrays([positives[:, 0], positives[:, 1]], names=["user", "item"])
    return earliest.reindex(of_row).reset_index()
