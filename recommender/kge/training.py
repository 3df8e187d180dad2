"""Train a KGE model, choose the epoch by validation MRR, measure it on test triples."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from recommender.data.dataset import Dataset
from recommender.data.graph import KnowledgeGraph
from recommender.errors import ConfigError, RunError, explain
from recommender.kge.all_entities import Precision
from recommender.kge.base import TripleModel
from recommender.kge.division import EntityDivision
from recommender.kge.query_task import QueryTask
from recommender.kge.ranking import filtered_ranks, ranking_metrics
from recommender.kge.registry import create_embedding
from recommender.kge.runs import EmbeddingFolder
from recommender.kge.task import TripleTask
from recommender.kge.triples import TripleData, Triples, split_triples
from recommender.layers.columns import Columns
from recommender.layers.embedding import EmbeddingTable
from recommender.training.adagrad import Adagrad
from recommender.training.adam import Adam
from recommender.training.checkpoint import fitting
from recommender.training.distributed import Group, process_group
from recommender.training.loop import pick_device
from recommender.training.runs import CHECKPOINT_FILE
from recommender.training.seeds import epoch_generator
from recommender.training.steps import TorchSteps, WholeBatchSteps
from recommender.training.stopping import EarlyStopping
from recommender.training.tasks import TrainingTask
from safe_io.locks import folder_lock

__all__ = [
    "EmbeddingRun",
    "KGETrainConfig",
    "TripleData",
    "train_embedding",
    "train_on_triples",
]


class KGETrainConfig(BaseModel):
    """Training settings common to all embeddings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split_seed: int = Field(555, ge=0, description="seed of the 8:1:1 split of the triples")
    seed: int = Field(555, ge=0, description="seed of initial values, batches and false triples")
    epochs: int = Field(500, ge=1, description="maximum number of epochs")
    patience: int = Field(
        50,
        ge=0,
        description="stop after this many epochs without a better validation MRR; 0: never",
    )
    evaluate_every: int = Field(
        10, ge=1, description="epochs between rankings of the validation triples"
    )
    device: str = Field("auto", description="`auto`, `cpu`, `cuda`, `cuda:1`, `mps`")
    schedule: Literal["constant", "linear"] = Field(
        "constant", description="learning rate schedule: constant, or decaying to 0 at the end"
    )
    precision: Precision = Field(
        "float32", description="of products of matrices against all entities; sums are of float32"
    )
    threads: int = Field(0, ge=0, description="CPU threads; 0: leave torch's choice")

    @classmethod
    def parse(cls, settings: Mapping[str, Any]) -> KGETrainConfig:
        """Check settings by name.

        Raises:
            ConfigError: an unknown name or a value out of range, each named.
        """
        try:
            return cls.model_validate(dict(settings))
        except ValidationError as error:
            raise ConfigError(f"training: {explain(error)}") from None


@dataclass(frozen=True)
class EmbeddingRun:
    """A trained embedding (at its best epoch), its metrics and, if written, its folder.

    Under torchrun only the main process writes; the others have no folder.
    """

    model: TripleModel
    metrics: dict[str, Any]
    folder: Path | None


def train_embedding(
    name: str,
    dataset: Dataset,
    config: KGETrainConfig,
    *,
    settings: Mapping[str, Any] | None = None,
    out: Path | None = None,
    resume: bool = False,
    progress: Callable[[Mapping[str, float]], None] | None = None,
) -> EmbeddingRun:
    """Train a named embedding on a data set's graph.

    Args:
        name: in `recommender.kge.registry.EMBEDDINGS`.
        dataset: whose graph is split into training, validation and test triples.
        config: how to train.
        settings: the embedding's own settings.
        out: folder for `config.json`, `checkpoint.pt`, `metrics.jsonl`, `metrics.json` and
            `model.pt`.
        resume: continue from the folder's checkpoint, if any, with the same result as without a
            stop.
        progress: called with each epoch's numbers.

    Raises:
        ConfigError: unknown name or setting, or an unavailable device.
        RunError: no validation was finite, or the folder has a checkpoint of something else.
        InUseError: another training is running in the folder.
    """
    parts = split_triples(dataset.graph, config.split_seed)
    hashes = {} if out is None else dataset.hashes()
    data = TripleData(parts.train, parts.valid, parts.test, dataset.graph, dataset.folder, hashes)
    return train_on_triples(
        name, data, config, settings=settings, out=out, resume=resume, progress=progress
    )


def train_on_triples(
    name: str,
    data: TripleData,
    config: KGETrainConfig,
    *,
    settings: Mapping[str, Any] | None = None,
    out: Path | None = None,
    resume: bool = False,
    progress: Callable[[Mapping[str, float]], None] | None = None,
) -> EmbeddingRun:
    """`train_embedding` on given splits; without `valid` the last epoch is used.

    Raises:
        ConfigError, RunError, InUseError: see `train_embedding`.
    """
    device = pick_device(config.device)
    with process_group(device) as group, _locked(out, group):
        return _train(name, data, config, settings or {}, out, resume, progress, device, group)


def _locked(out: Path | None, group: Group) -> AbstractContextManager[None]:
    if out is None or not group.is_main:
        return nullcontext()
    return folder_lock(out, "training")


def _train(
    name: str,
    data: TripleData,
    config: KGETrainConfig,
    settings: Mapping[str, Any],
    out: Path | None,
    resume: bool,
    progress: Callable[[Mapping[str, float]], None] | None,
    device: torch.device,
    group: Group,
) -> EmbeddingRun:
    graph = data.train
    if config.threads:
        torch.set_num_threads(config.threads)
    model = create_embedding(
        name, graph.n_entities, graph.n_relations, seed=config.seed, **settings
    ).to(device)
    folder = None
    if out is not None:
        folder = EmbeddingFolder(
            out, name, model, config, data.folder, data.hashes, writes=group.is_main
        )
    division = EntityDivision(model, group)
    task = _task(model, graph, config.precision)
    optimizer = _optimizer(model, task, device)
    steps = (
        WholeBatchSteps(task, optimizer, group, {id(model.entities.weight)})
        if division.active
        else TorchSteps(task, optimizer, group=group)
    )
    stopping = EarlyStopping(config.patience)
    best: dict[str, Tensor] = {}
    seconds, epoch = 0.0, 0
    left = folder.read() if folder is not None and resume else None
    if folder is not None and left is not None:
        with fitting(folder.path / CHECKPOINT_FILE):
            model.load_state_dict(division.own(left.model))
            optimizer.load_state_dict(division.own_optimizer(left.optimizers["triples"]))
            stopping.load_state_dict(left.stopping)
            best, epoch = division.own(left.best_model or {}), left.epoch
            seconds = left.stopping["seconds"]
    if folder is not None:
        folder.open(epoch)
    while epoch < config.epochs and not stopping.exhausted:
        began = time.perf_counter()
        rng = epoch_generator(config.seed, task.name, epoch)
        columns = task.samples(rng)
        order = rng.permutation(len(columns[0]))
        if config.schedule == "linear":
            optimizer.set_learning_rate(task.learning_rate * (1 - epoch / config.epochs))
        with optimizer.stepping():
            batch = tuple(torch.from_numpy(column[order]).to(device) for column in columns)
            record = {"epoch": epoch + 1, "loss": steps.run(batch)}
        epoch += 1
        record["train_seconds"] = time.perf_counter() - began
        seconds += record["train_seconds"]
        if epoch % config.evaluate_every == 0 or epoch == config.epochs:
            measured = {"mrr": float(epoch)}  # without validation the last epoch is used
            if data.valid is not None:
                with division.whole():
                    measured = _measure(model, data.valid, data.known, group)
                record.update({f"valid_{key}": value for key, value in measured.items()})
            if stopping.update(epoch, measured["mrr"]):
                best = {key: value.detach().clone() for key, value in model.state_dict().items()}
        if folder is not None:
            folder.epoch(record)
            state = {**stopping.state_dict(), "seconds": seconds}
            last = epoch >= config.epochs or stopping.exhausted
            if last or not group.agree(folder.saved_recently):
                _save(folder, division, optimizer, epoch, state, best, finished=last)
        if progress is not None and group.is_main:
            progress(record)
    if not best:
        raise RunError(
            "training diverged: no validation was finite; lower the learning rate (--lr)"
        )
    model.load_state_dict(best)
    division.join()
    metrics = {
        "best_epoch": stopping.best_epoch,
        "epochs": epoch,
        "train_seconds": seconds,
        **_final_metrics(model, data, group),
    }
    if folder is not None:
        folder.finish(metrics, model.state_dict())
    return EmbeddingRun(model, metrics, out if group.is_main else None)


def _final_metrics(model: TripleModel, data: TripleData, group: Group) -> dict[str, Any]:
    metrics: dict[str, Any] = {
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "triples": {"train": len(data.train)},
    }
    for part, triples in (("valid", data.valid), ("test", data.test)):
        if triples is not None and len(triples):
            metrics["triples"][part] = len(triples)
            metrics[part] = _measure(model, triples, data.known, group)
    return metrics


def _save(
    folder: EmbeddingFolder,
    division: EntityDivision,
    optimizer: Adam | Adagrad,
    epoch: int,
    stopping: Mapping[str, Any],
    best: dict[str, Tensor],
    *,
    finished: bool,
) -> None:
    """Write a checkpoint of the whole model."""
    states = [division.complete(state) for state in (division.model.state_dict(), best)]
    moments = division.complete_optimizer(optimizer.state_dict())
    folder.save(epoch, states[0], moments, stopping, states[1], finished=finished)


def _task(model: TripleModel, graph: KnowledgeGraph, precision: Precision) -> TrainingTask:
    if model.reciprocal:
        return QueryTask(model, graph, precision)
    return TripleTask(
        model, graph, learning_rate=model.config.lr, batch_size=model.config.batch_size
    )


def _optimizer(model: TripleModel, task: TrainingTask, device: torch.device) -> Adam | Adagrad:
    if model.config.optimizer == "adagrad":
        few = device.type == "cpu" and (not model.reciprocal or model.config.candidates > 0)
        return Adagrad(
            task.parameters(),
            learning_rate=task.learning_rate,
            tables=[model.entities] if few else (),
        )
    # Against all entities every row has a gradient in each step.
    rowwise = device.type == "cpu" and not model.reciprocal
    tables = [module for module in model.modules() if isinstance(module, EmbeddingTable)]
    return Adam(
        task.parameters(),
        tables,
        learning_rate=task.learning_rate,
        rowwise=rowwise,
        fused=device.type in ("cpu", "cuda"),
    )


def _measure(
    model: TripleModel, triples: Triples, known: KnowledgeGraph, group: Group
) -> dict[str, float]:
    """Ranking metrics, equal in all processes, which share the triples."""
    own = group.slice(len(triples))
    some = Triples(triples.head[own], triples.relation[own], triples.tail[own])
    found = torch.from_numpy(filtered_ranks(model, some, known))
    ranks = Columns(group).whole(found, len(triples)).numpy()
    if not all(bool(torch.isfinite(weight).all()) for weight in model.parameters()):
        ranks = np.full_like(ranks, np.nan)
    return ranking_metrics(ranks)
