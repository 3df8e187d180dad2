"""A small world whose right answers are known, written in the processed folder's format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

N_USERS, N_ITEMS, N_ENTITIES = 40, 30, 50


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tastes: even users like even items, odd users odd ones; the graph knows the two genres.

    40 users, 30 items, 50 entities, 3 relations; as many sampled negatives as positives per user.
    """
    folder = tmp_path_factory.mktemp("toy")
    rng = np.random.default_rng(0)
    rows = []
    for user in range(N_USERS):
        mine = np.arange(user % 2, N_ITEMS, 2)
        liked = rng.choice(mine, size=9, replace=False)
        unseen = np.setdiff1d(np.arange(N_ITEMS), liked)
        others = unseen[unseen % 2 != user % 2]
        rows += [f"{user}\t{item}\t1\n" for item in liked]
        rows += [f"{user}\t{item}\t0\n" for item in rng.choice(others, size=9, replace=False)]
    (folder / "ratings_final.txt").write_text("".join(rows))
    triples = [f"{item}\t0\t{N_ITEMS + item % 2}\n" for item in range(N_ITEMS)]
    triples += [f"{item}\t1\t{N_ITEMS + 2 + item % 9}\n" for item in range(N_ITEMS)]
    # heads that are no items: next to one, and next to none
    triples += [f"{N_ITEMS}\t2\t{N_ENTITIES - 1}\n", f"{N_ENTITIES - 2}\t2\t{N_ENTITIES - 1}\n"]
    (folder / "kg_final.txt").write_text("".join(triples))
    return folder
