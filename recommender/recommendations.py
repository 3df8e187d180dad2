"""A user's list with names and reasons, for one user or for all of them.

What a user is known to like is never recommended to him: the positives of train, validation and
test alike. (The ranking metrics, in contrast, leave the held-out ones in: finding them is the
task.) Reasons speak of the training positives, which are what the model knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from recommender.data import Catalogue, Split
from recommender.explanation import (
    Evidence,
    Explainer,
    Narrator,
    Reason,
    Step,
    Vocabulary,
    contributions_of,
)
from recommender.models.base import Recommender
from recommender.scoring import DEFAULT_BLOCK, ItemSets, top_k

__all__ = ["SCHEMA", "Recommendations", "recommendations_for"]

SCHEMA = pa.schema(
    [
        pa.field("user", pa.int64(), nullable=False),
        pa.field("user_raw_id", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("item", pa.int64(), nullable=False),
        pa.field("item_raw_id", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("iri", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, eq=False)
class Recommendations:
    """Lists of several users.

    Attributes:
        users: ``[n]``.
        items: ``[n, k]``, best first; -1 where a user has fewer than k items left.
        scores, probabilities: ``[n, k]``, raw scores and ŷ.
        reasons: ``[n][k]``; None beside a -1.
        catalogue: the names.
    """

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    scores: NDArray[np.floating]
    probabilities: NDArray[np.floating]
    reasons: Sequence[Sequence[Reason | None]]
    catalogue: Catalogue

    def to_table(self) -> pa.Table:
        """One row per recommendation, users in the order asked, ranks from 1; see `SCHEMA`."""
        rows, columns = np.nonzero(self.items >= 0)
        items, users = self.items[rows, columns], self.users[rows]
        narrator, names = Narrator(self.catalogue), self.catalogue
        reasons = [self.reasons[r][c] for r, c in zip(rows.tolist(), columns.tolist(), strict=True)]
        return pa.table(
            {
                "user": users,
                "user_raw_id": _look_up(names.user_raw_id, users),
                "rank": (columns + 1).astype(np.int32),
                "item": items,
                "item_raw_id": _look_up(names.item_raw_id, items),
                "name": _look_up(names.item_name, items),
                "iri": _look_up(names.entity_iri, items),
                "score": self.scores[rows, columns].astype(np.float64),
                "probability": self.probabilities[rows, columns].astype(np.float64),
                "reason": [narrator.tell(reason) for reason in reasons if reason is not None],
            },
            schema=SCHEMA,
        )

    def to_frame(self) -> pd.DataFrame:
        """The same as a pandas table."""
        return pd.DataFrame(self.to_table().to_pydict())

    def write_parquet(self, path: Path) -> None:
        """Write `to_table`, under a temporary name first; the same lists give the same bytes."""
        temporary = path.with_name(f".{path.name}.part")
        pq.write_table(self.to_table(), temporary, compression="zstd")
        temporary.replace(path)

    def reason(self, row: int, column: int) -> Reason:
        """Why a listed item was recommended; only of places that hold one."""
        reason = self.reasons[row][column]
        assert reason is not None
        return reason

    def evidence(self, row: int, column: int) -> list[dict[str, Any]]:
        """The arguments behind one recommendation, with names and IRIs, for ``json.dumps``."""
        reason = self.reasons[row][column]
        return [] if reason is None else [self._told(argument) for argument in reason.evidence]

    def _told(self, argument: Evidence) -> dict[str, Any]:
        told: dict[str, Any] = {"kind": argument.kind}
        if argument.items:
            told["history"] = [
                {"item": i, "name": self.catalogue.item_name(i)} for i in argument.items
            ]
        for name, steps in (
            ("steps", argument.steps),
            ("middle", argument.middle),
            ("ends", argument.ends),
        ):
            if steps:
                told[name] = [self._step(step) for step in steps]
        if argument.kind == "listeners":
            told["together"], told["audience"] = argument.together, argument.audience
        elif argument.kind != "model":
            told["weight"], told["basis"] = round(argument.weight, 6), argument.basis
        return told

    def _step(self, step: Step) -> dict[str, Any]:
        return {
            "relation": self.catalogue.relation_name(step.relation),
            "direction": "out" if step.forward else "in",
            "entity": self.catalogue.entity_name(step.entity),
            "iri": self.catalogue.entity_iri(step.entity),
        }


def recommendations_for(
    model: Recommender,
    split: Split,
    users: Sequence[int] | NDArray[np.int64] | None = None,
    top: int = 10,
    *,
    block: int = DEFAULT_BLOCK,
    progress: Callable[[str, int], None] | None = None,
) -> Recommendations:
    """Score the whole catalogue for the users, keep the best, and find the reasons.

    Args:
        model: a trained model.
        split: the split that it was trained on.
        users: user ids; all of them by default.
        top: length of each list.
        block: scores held at a time, see `recommender.scoring.top_k`.
        progress: called with "scoring" or "explaining" and the number of users done since.

    Raises:
        RunError: the model returns NaN.
    """
    dataset = split.dataset
    asked = np.arange(dataset.n_users) if users is None else np.asarray(users, dtype=np.int64)
    known = ItemSets.from_pairs(*dataset.interactions.positives, dataset.n_users)
    model.eval()
    best = top_k(
        model, asked, top, known, block=block, progress=progress and _named(progress, "scoring")
    )
    with torch.inference_mode():
        raw = torch.from_numpy(best.scores).to(model.device)
        probabilities = model.probability(raw).cpu().numpy()
    vocabulary = Vocabulary.of(dataset.catalogue, dataset.n_relations)
    reasons = Explainer(split.train, vocabulary, contributions_of(model)).explain(
        asked, best.items, progress and _named(progress, "explaining")
    )
    return Recommendations(
        asked, best.items, best.scores, probabilities, reasons, dataset.catalogue
    )


def _named(progress: Callable[[str, int], None], name: str) -> Callable[[int], None]:
    return lambda done: progress(name, done)


def _look_up(name_of: Callable[[int], str], ids: NDArray[np.int64]) -> list[str]:
    """Names of ids, each looked up once."""
    wanted, place = np.unique(ids, return_inverse=True)
    names = [name_of(i) for i in wanted.tolist()]
    return [names[p] for p in place.tolist()]
