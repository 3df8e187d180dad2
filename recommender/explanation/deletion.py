"""Test reasons by deletion: remove the named facts, and measure the change of the score.

For a sampled recommendation, the facts named in its reason are removed from the training split, the
model's derived data are rebuilt with the trained parameters unchanged, and the pair is scored.
Removing as many random facts of the same item is the control. If the reason is based on other
listeners, the named interaction is deleted, with a random one of the same user as control.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from recommender.data import Interactions, KnowledgeGraph, TrainingSplit
from recommender.errors import RunError
from recommender.explanation.evidence import Reason
from recommender.metrics.significance import sign_flip_test, wilcoxon_test
from recommender.models.base import Recommender
from recommender.models.registry import create_model
from recommender.recommendations import Recommendations, recommendations_for
from recommender.training.runs import LoadedRun

__all__ = ["DeletionConfig", "Rebuilder", "deletion_test"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

#: Kind of deletion: triples of the graph, or rows of the training interactions.
What = Literal["facts", "interactions"]

_PROBE = 10  # unchanged scores of this many pairs stop the test early
_SCALE_ITEMS = 200  # random items used to estimate the spread of a user's scores


class DeletionConfig(BaseModel):
    """Settings of the deletion test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    users: int = Field(200, ge=2, description="users to sample, one recommendation each")
    top: int = Field(
        10, ge=1, description="length of the list from which the recommendation is sampled"
    )
    draws: int = Field(1, ge=1, description="random deletions per recommendation, averaged")
    together: int = Field(
        1,
        ge=1,
        description="recommendations whose facts are deleted in one rebuild; above 1 the "
        "report includes their interference",
    )
    seed: int = Field(0, ge=0, description="seed of the sampling and of the random deletions")
    device: str = Field("auto", description="`auto`, `cpu`, `cuda`, `cuda:1`, `mps`")


class Rebuilder:
    """Builds a run's model on a reduced training split, without training it again.

    Learned state is copied: parameters, and buffers changed by training. Buffers that are equal in
    a new and the trained model are derived from the split, and are recomputed.

    Args:
        run: the run; its model is not modified.
    """

    def __init__(self, run: LoadedRun) -> None:
        self._config = run.config
        self._train = run.split.train
        self._device = run.model.device
        trained, fresh = run.model.state_dict(), self._create(self._train).state_dict()
        parameters = {name for name, _ in run.model.named_parameters()}
        self._learned = {
            name: value
            for name, value in trained.items()
            if name in parameters or not torch.equal(value.cpu(), fresh[name].cpu())
        }

    def without_triples(self, triples: Sequence[int] | IntArray) -> Recommender:
        """The model rebuilt without these triples of the graph."""
        graph = self._train.graph
        keep = np.delete(np.arange(len(graph)), np.asarray(triples, dtype=np.int64))
        reduced = KnowledgeGraph(
            graph.head[keep],
            graph.relation[keep],
            graph.tail[keep],
            graph.n_entities,
            graph.n_relations,
        )
        return self._build(replace(self._train, graph=reduced))

    def without_interactions(self, rows: Sequence[int] | IntArray) -> Recommender:
        """The model rebuilt without these rows of the training interactions."""
        played = self._train.interactions
        keep = np.delete(np.arange(len(played)), np.asarray(rows, dtype=np.int64))
        reduced = Interactions(played.users[keep], played.items[keep], played.labels[keep])
        return self._build(replace(self._train, interactions=reduced))

    def _create(self, train: TrainingSplit) -> Recommender:
        config = self._config
        return create_model(config.model, train, seed=config.training.seed, **config.model_settings)

    def _build(self, train: TrainingSplit) -> Recommender:
        model = self._create(train)
        try:
            model.load_state_dict({**model.state_dict(), **self._learned})
        except RuntimeError as error:
            problem = " ".join(str(error).split())
            raise RunError(
                f"model {self._config.model} cannot be rebuilt on a reduced graph: {problem}"
            ) from None
        return model.to(self._device).eval()


@dataclass(frozen=True)
class _Case:
    """A recommendation and the deletions to try."""

    user: int
    item: int
    what: What
    basis: str
    named: tuple[int, ...]
    controls: tuple[tuple[int, ...], ...]


def deletion_test(
    run: LoadedRun,
    config: DeletionConfig,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Run the test on a trained run.

    Args:
        run: the run; `run.model` in eval mode.
        config: sample and seed.
        progress: called with the number of rebuilds done and the total.

    Returns:
        Counts, and under "facts" and "interactions" the figures of `_figures`, for ``json.dumps``.
    """
    rng = np.random.default_rng(config.seed)
    cases, skipped = _sample(run, config, rng)
    rebuilder = Rebuilder(run)
    report: dict[str, Any] = {
        "model": run.config.model,
        "dataset": run.dataset.name,
        "settings": config.model_dump(mode="json", exclude={"device"}),
        "sampled": len(cases) + sum(skipped.values()),
        "skipped": skipped,
    }
    total = -(-len(cases) // config.together) * (1 + config.draws)
    counter = _Counter(progress, total)
    kinds: tuple[What, ...] = ("facts", "interactions")
    for what in kinds:
        mine = [case for case in cases if case.what == what]
        report[what] = _measure(run, rebuilder, mine, what, config, rng, counter) if mine else None
    return report


def _sample(
    run: LoadedRun, config: DeletionConfig, rng: np.random.Generator
) -> tuple[list[_Case], dict[str, int]]:
    """Sample one recommendation for random users with a history; and why others were left out."""
    train = run.split.train
    with_history = np.flatnonzero(np.diff(train.history[0]))
    size = min(config.users, len(with_history))
    users = np.sort(rng.choice(with_history, size=size, replace=False))
    found = recommendations_for(run.model, run.split, users, config.top)
    cases: list[_Case] = []
    skipped: dict[str, int] = {}
    for row, user in enumerate(users.tolist()):
        column = int(rng.integers(max(1, int((found.items[row] >= 0).sum()))))
        case = _case(train, found, row, column, user, config.draws, rng)
        if isinstance(case, str):
            skipped[case] = skipped.get(case, 0) + 1
        else:
            cases.append(case)
    return cases, skipped


def _case(
    train: TrainingSplit,
    found: Recommendations,
    row: int,
    column: int,
    user: int,
    draws: int,
    rng: np.random.Generator,
) -> _Case | str:
    """The deletions for a recommendation, or why it cannot be tested."""
    item, reason = int(found.items[row, column]), found.reasons[row][column]
    if reason is None or reason.kind == "model":
        return "the reason names nothing"
    named, pool, what = _named(train, user, item, reason)
    if len(pool) < len(named):
        return "too few other facts to delete at random"
    controls = tuple(
        tuple(rng.choice(pool, size=len(named), replace=False).tolist()) for _ in range(draws)
    )
    return _Case(user, item, what, reason.evidence[0].basis, named, controls)


def _named(
    train: TrainingSplit, user: int, item: int, reason: Reason
) -> tuple[tuple[int, ...], IntArray, What]:
    """The triples or rows named in the reason, and the alternatives."""
    if reason.triples:
        graph = train.graph
        at_item = np.flatnonzero((graph.head == item) | (graph.tail == item))
        return reason.triples, np.setdiff1d(at_item, reason.triples), "facts"
    own = np.flatnonzero((train.users == user) & (train.labels == 1))
    named = own[train.items[own] == reason.evidence[0].items[0]]
    return tuple(named.tolist()), np.setdiff1d(own, named), "interactions"


def _measure(
    run: LoadedRun,
    rebuilder: Rebuilder,
    cases: Sequence[_Case],
    what: What,
    config: DeletionConfig,
    rng: np.random.Generator,
    counter: _Counter,
) -> dict[str, Any]:
    build = rebuilder.without_triples if what == "facts" else rebuilder.without_interactions
    whole = build([])
    scale = _scales(whole, cases, run.split.train.n_items, rng)

    def drops(some: Sequence[_Case], deleted: Sequence[tuple[int, ...]]) -> FloatArray:
        counter.add()
        return _scores(whole, some) - _scores(build(sorted(set().union(*deleted))), some)

    named, random = np.zeros(len(cases)), np.zeros(len(cases))
    interference = None
    done = 0
    for first in range(0, len(cases), config.together):
        group = slice(first, first + config.together)
        some = cases[group]
        named[group] = drops(some, [case.named for case in some])
        if first == 0 and config.together > 1:
            alone = np.array([drops([case], [case.named])[0] for case in some])
            interference = float(np.abs(named[group] - alone).mean() / _positive(np.abs(alone)))
        for draw in range(config.draws):
            random[group] += drops(some, [case.controls[draw] for case in some]) / config.draws
        done = first + len(some)
        if done >= _PROBE and not named.any() and not random.any():
            break
    figures = _figures(named[:done], random[:done], scale[:done], config.seed)
    bases = [case.basis for case in cases[:done]]
    figures["weights_from_model"] = bases.count("model")
    if interference is not None:
        figures["interference"] = interference
    return figures


def _figures(named: FloatArray, random: FloatArray, scale: FloatArray, seed: int) -> dict[str, Any]:
    """Summary of ``[n]`` drops; `_sd`: in standard deviations of the user's scores."""
    gap = (named - random) / scale
    moved = bool(named.any() or random.any())
    return {
        "pairs": len(named),
        "moved": moved,
        "named_drop": float(named.mean()),
        "random_drop": float(random.mean()),
        "named_drop_sd": float((named / scale).mean()),
        "random_drop_sd": float((random / scale).mean()),
        "named_positive": float((named > 0).mean()),
        "random_positive": float((random > 0).mean()),
        "named_larger": float((gap > 0).mean()),
        "p_sign_flip": sign_flip_test({"drop": gap}, seed=seed)["drop"] if moved else None,
        "p_wilcoxon": wilcoxon_test(gap),
    }


def _scores(model: Recommender, cases: Sequence[_Case]) -> FloatArray:
    users = torch.tensor([case.user for case in cases], device=model.device)
    items = torch.tensor([case.item for case in cases], device=model.device)
    with torch.inference_mode():
        return model.score(users, items).double().cpu().numpy()


def _scales(
    model: Recommender, cases: Sequence[_Case], n_items: int, rng: np.random.Generator
) -> FloatArray:
    """Standard deviation of each user's scores over random items, ``[n]``."""
    items = torch.from_numpy(rng.choice(n_items, min(n_items, _SCALE_ITEMS), replace=False))
    items = items.to(model.device)
    spread = []
    with torch.inference_mode():
        for case in cases:
            scores = model.score(torch.full_like(items, case.user), items)
            spread.append(float(scores.double().std()))
    return np.array([value if value > 0 else 1.0 for value in spread])


def _positive(values: FloatArray) -> float:
    return float(values.mean()) or 1.0


class _Counter:
    """Counts rebuilds for a progress bar."""

    def __init__(self, report: Callable[[int, int], None] | None, total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    def add(self) -> None:
        self._done += 1
        if self._report is not None:
            self._report(self._done, self._total)
