"""Toy data with known right answers, in the processed folder's format."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from recommender import Trainer, create_model, load, split
from recommender.data import Interactions, KnowledgeGraph, TrainingSplit

N_USERS, N_ITEMS, N_ENTITIES = 40, 30, 50
RELATIONS = ("genre", "recordLabel", "locatedIn")


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tastes: even users like even items, odd users odd ones; the graph has the two genres.

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
    # heads that are not items: with and without a neighbouring item
    triples += [f"{N_ITEMS}\t2\t{N_ENTITIES - 1}\n", f"{N_ENTITIES - 2}\t2\t{N_ENTITIES - 1}\n"]
    (folder / "kg_final.txt").write_text("".join(triples))
    return folder


@pytest.fixture(scope="session")
def named_toy_data(toy_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with names as written by the pipeline; users' raw ids are 100, 101, …"""
    folder = tmp_path_factory.mktemp("named") / "toy"
    shutil.copytree(toy_data, folder)
    names = [f"Artist {n}" for n in range(N_ITEMS)] + ["Trip hop", "Shoegaze"]
    names += [f"Label {n}" for n in range(len(names), N_ENTITIES)]
    kinds = ["Artist"] * N_ITEMS + ["Genre"] * 2 + ["Label"] * (N_ENTITIES - N_ITEMS - 2)
    iris = [f"https://example.org/{name.replace(' ', '_')}" for name in names]
    tables = {
        "entities": (
            "id\tiri\tname\ttype",
            zip(range(N_ENTITIES), iris, names, kinds, strict=True),
        ),
        "items": (
            "id\tiri\tname\traw_id",
            ((n, iris[n], names[n], f"a{n}") for n in range(N_ITEMS)),
        ),
        "relations": ("id\tiri\tname", ((n, f"r{n}", w) for n, w in enumerate(RELATIONS))),
        "users": ("id\traw_id", ((n, 100 + n) for n in range(N_USERS))),
    }
    for name, (header, rows) in tables.items():
        lines = [header, *("\t".join(map(str, row)) for row in rows)]
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def toy_runs(named_toy_data: Path) -> dict[tuple[str, int], Path]:
    """Trained runs on the toy data, by model and split seed: two models on two splits."""
    runs = {}
    dataset = load(named_toy_data)
    for seed in (1, 2):
        parts = split(dataset, seed)
        for name in ("mkr", "mmss_mkr"):
            out = named_toy_data / "models" / f"{name}-{seed}"
            model = create_model(name, parts.train, seed=seed, dim=4, lr_rs=0.02, batch_size=64)
            Trainer(epochs=6, split_seed=seed, seed=seed, device="cpu", out=out).fit(model, parts)
            runs[name, seed] = out
    return runs


@pytest.fixture(scope="session")
def odd_train() -> TrainingSplit:
    """Random rows, facts and friendships with all edge cases a model must handle.

    14 users, 10 items, 18 entities, 4 attributes of users. User 13 has no history, item 9 no
    listener, item 8 no fact; triples repeat, run both ways, join two items, lead from an entity to
    itself; friendships repeat, and user 5 is his own friend.
    """
    rng = np.random.default_rng(5)
    n_users, n_items, n_entities = 14, 10, 18
    rows = [(user, item, 1) for user in range(13) for item in range(9) if rng.random() < 0.4]
    rows += [(user, item, 1) for user, item in ((0, 0), (12, 8)) if (user, item, 1) not in rows]
    heads = rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 9], size=40)
    tails = rng.integers(n_items, n_entities, size=40)
    triples = [(int(h), int(rng.integers(3)), int(t)) for h, t in zip(heads, tails, strict=True)]
    triples += [(12, 0, 3), (3, 1, 12), (1, 2, 4), (4, 2, 1), (5, 0, 1), (11, 0, 12), (17, 1, 17)]
    friends = [(int(a), 0, int(b)) for a, b in rng.integers(n_users, size=(12, 2))]
    friends += [(1, 0, 2), (2, 0, 1), (1, 0, 2), (5, 0, 5), (13, 0, 0)]
    known = [(int(u), 1, int(a)) for u, a in rng.integers((0, 14), (14, 18), size=(10, 2))]
    return TrainingSplit(
        Interactions(*np.array(rows, dtype=np.int64).T),
        KnowledgeGraph(*np.array(triples, dtype=np.int64).T, n_entities, 3),
        n_users,
        n_items,
        user_graph=KnowledgeGraph(*np.array(friends + known, dtype=np.int64).T, n_users + 4, 2),
    )
