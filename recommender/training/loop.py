"""Training loop for all models: alternate their tasks, validate, stop early, keep the best."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recommender.data import Split, make_sampler
from recommender.data.dataset import RATINGS_FILE
from recommender.errors import ConfigError, DataError, RunError
from recommender.layers.embedding import EmbeddingTable
from recommender.models.base import Recommender
from recommender.training.adam import Adam
from recommender.training.checkpoint import Checkpoint, fitting, read_checkpoint
from recommender.training.config import TrainConfig
from recommender.training.distributed import Group, process_group
from recommender.training.division import Division
from recommender.training.evaluation import (
    evaluate_split,
    rank_split,
    score_shared_rows,
    validation_value,
)
from recommender.training.loggers import Logger
from recommender.training.recorded_steps import CudaRecorder, RecordedSteps
from recommender.training.runs import CHECKPOINT_FILE, Run, RunFolder
from recommender.training.seeds import epoch_generator, seed_torch
from recommender.training.steps import TorchSteps
from recommender.training.stopping import EarlyStopping
from recommender.training.tasks import Steps, TrainingTask
from safe_io.locks import folder_lock

__all__ = ["Trainer", "pick_device"]


class Trainer:
    """Trains any model: `Trainer(config).fit(model, split)`, or `Trainer(epochs=50).fit(…)`.

    Args:
        config: the settings; by default the defaults.
        out: run folder; nothing is written without one.
        resume: continue from the folder's checkpoint, if any.
        loggers: further receivers of the epochs' numbers.
        test: whether to evaluate on the test rows at the end; a hyperparameter search must not.
        rank: whether to rank the catalogue at the end.
        notes: further entries of `metrics.json`.
        settings: single settings that override `config`.

    Raises:
        ConfigError: an unknown or unsupported setting.
    """

    def __init__(
        self,
        config: TrainConfig | None = None,
        *,
        out: str | Path | None = None,
        resume: bool = False,
        loggers: Sequence[Logger] = (),
        test: bool = True,
        rank: bool = True,
        notes: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        base = (config or TrainConfig()).model_dump()
        self.config = TrainConfig.parse({**base, **settings})
        self.out = None if out is None else Path(out)
        self.resume = resume
        self.loggers = list(loggers)
        self.test = test
        self.rank = rank
        self.notes = dict(notes or {})

    def fit(self, model: Recommender, split: Split) -> Run:
        """Train until the stopping rule or the last epoch; the model ends at its best epoch.

        The epoch is chosen on validation; the test rows are evaluated once, after that. The metrics
        are `valid` and `test` (`evaluate_split`), `valid_ranking` and `ranking` (`rank_split`). If
        no rows are held out (split "all"), there are none, and the last epoch is chosen.

        Raises:
            ConfigError: settings unsupported on this machine.
            RunError: a checkpoint of something else in the folder to resume from.
            InUseError: another training is running in the folder.
        """
        config = self.config
        _check_labels(split, config)
        device = self.device_for(model)
        if config.threads:
            torch.set_num_threads(config.threads)
        if config.precision == "float64":
            model.double()
        model.to(device)
        with process_group(device) as group, self._locked(group):
            return _Training(self, model, split, device, group).run()

    def device_for(self, model: Recommender) -> torch.device:
        """The device that `fit` uses: with `auto` a GPU, unless a CPU is faster for this model.

        Raises:
            ConfigError: the device is unavailable, or not one that the kernel needs.
        """
        config = self.config
        if config.kernel == "cuda-graph":
            device = pick_device(config.device)
            if device.type != "cuda" or config.compile or config.precision == "bf16":
                raise ConfigError(
                    "--kernel cuda-graph: only on a CUDA GPU, without --compile and bf16"
                )
            return device
        may_choose = config.device == "auto" and config.kernel != "torch" and not config.compile
        if may_choose and config.precision != "bf16" and model.faster_on_cpu():
            return torch.device("cpu")
        return pick_device(config.device)

    def _locked(self, group: Group) -> AbstractContextManager[None]:
        """Lock the run folder against other trainings."""
        if self.out is None or not group.is_main:
            return nullcontext()
        return folder_lock(self.out, "training")


def _check_labels(split: Split, config: TrainConfig) -> None:
    """Check before training that the monitor is defined on the validation rows."""
    if not len(split.valid):
        return
    if "auc" in config.monitor.split("+") and len(np.unique(split.valid.labels)) < 2:
        kind = "positive" if split.valid.labels.all() else "negative"
        raise DataError(
            f"{split.dataset.folder / RATINGS_FILE}: the validation rows are all {kind}, so the "
            "AUC that chooses the epoch is undefined; add rows of the other label (0: not liked, "
            "1: liked), or choose another --monitor, such as recall@20"
        )


class _Training:
    """State and loop of one call of `Trainer.fit`."""

    def __init__(
        self, trainer: Trainer, model: Recommender, split: Split, device: torch.device, group: Group
    ) -> None:
        self.config, self.model, self.split = trainer.config, model, split
        self.device, self.group = device, group
        self.test, self.rank, self.notes = trainer.test, trainer.rank, trainer.notes
        self.folder = (
            RunFolder(trainer.out, self.config, model, split) if trainer.out is not None else None
        )
        group.broadcast([*model.parameters(), *model.buffers()])
        self.division = self._divide()
        if self.division is not None:
            self.tasks = list(self.division.tasks)
            self.optimizers, self.steps = dict(self.division.optimizers), dict(self.division.steps)
        else:
            self.tasks = list(model.tasks(make_sampler(self.config.negatives, split.train)))
            self.optimizers = {task.name: self._optimizer(task) for task in self.tasks}
            self.steps = {task.name: self._steps(task) for task in self.tasks}
        self.stopping = EarlyStopping(self.config.patience)
        self.epoch = 0
        self.finished = False
        self.best_model: dict[str, Tensor] | None = None
        self.loggers = [*trainer.loggers]
        if self.folder is not None and group.is_main:
            self.loggers = [*self.folder.loggers(), *self.loggers]
        if trainer.resume:
            self._resume(trainer.out)

    def run(self) -> Run:
        """Algorithm 1 around the tasks, then the final evaluation."""
        if self.folder is not None and self.group.is_main:
            self.folder.open(keep=self.epoch > 0)
        self._tell("start", self._settings(), self.epoch)
        if not self.tasks and not self.epoch:
            self._fit_at_once()
        saved = time.monotonic()
        while self.tasks and not self.finished:
            self._train_epoch()
            waited = self.group.agree(time.monotonic() - saved)
            if self.finished or waited >= self.config.checkpoint_seconds:
                self._save()
                saved = time.monotonic()
        return self._finish()

    @property
    def _most_epochs(self) -> int:
        """Maximum number of epochs: as configured, or less if a task's schedule ends earlier."""
        return min([self.config.epochs, *(t.epochs for t in self.tasks if t.epochs is not None)])

    @property
    def _own_samples(self) -> bool:
        """Whether each process draws its own samples."""
        return self.division is not None and self.division.own_samples

    def _train_epoch(self) -> None:
        """Lines 2–11 of Algorithm 1: each task in turn, the KG one every kge_interval epochs."""
        began, worked = time.perf_counter(), time.process_time()
        self.model.train()
        record: dict[str, float] = {"epoch": self.epoch + 1}
        n_samples = 0.0
        for task in self.tasks:
            if self.epoch % task.interval == 0:
                columns = self._shuffled_samples(task)
                n_samples += len(columns[0])
                self.optimizers[task.name].set_learning_rate(task.learning_rate_at(self.epoch))
                with self.optimizers[task.name].stepping():
                    record[f"loss_{task.name}"] = self.steps[task.name].run(columns)
        self.epoch += 1
        record["train_seconds"] = time.perf_counter() - began
        if not self._own_samples:  # every process has drawn them all
            n_samples /= self.group.size
        sums = torch.tensor([n_samples, time.process_time() - worked], device=self.device)
        self.group.sum_dense([sums])
        n_samples, record["cpu_seconds"] = sums.tolist()
        record["samples_per_second"] = n_samples / record["train_seconds"]
        last = self.epoch >= self._most_epochs
        if last or self.epoch % self.config.evaluate_every == 0:
            self._validate(record)
        self.finished = last or self.stopping.exhausted
        self._tell("epoch", record)

    def _shuffled_samples(self, task: TrainingTask) -> tuple[Tensor, ...]:
        rank = self.group.rank if self._own_samples else None
        rng = epoch_generator(self.config.seed, task.name, self.epoch, rank)
        seed_torch(self.config.seed, task.name, self.epoch, self.group.rank)
        columns = task.samples(rng)
        order = rng.permutation(len(columns[0]))
        return tuple(
            torch.from_numpy(np.ascontiguousarray(column[order])).to(self.device)
            for column in columns
        )

    def _validate(self, record: dict[str, float]) -> None:
        if len(self.split.valid):
            values = self._validation_values()
            record.update({f"valid_{name}": value for name, value in values.items()})
            value = self.config.monitored(values)
        else:
            value = 0.0 if self.epoch >= self._most_epochs else float("nan")
        if self.stopping.update(self.epoch, value):
            state = self.model.state_dict()
            self.best_model = {name: tensor.detach().clone() for name, tensor in state.items()}

    def _validation_values(self) -> dict[str, float]:
        """Validation metrics, equal in all processes, which share the rows."""
        config, division, group = self.config, self.division, self.group
        ks, limit = config.monitored_lengths, config.rank_users
        if division is None:
            score = partial(score_shared_rows, self.model, group=group)
            return group.agree(validation_value(self.model, self.split, ks, limit, score))
        if not ks:
            return validation_value(self.model, self.split, score=division.score)
        with division.whole():  # the main process ranks whole catalogues
            values = {}
            if group.is_main:
                values = validation_value(self.model, self.split, ks, limit)
            return group.agree(values)

    def _fit_at_once(self) -> None:
        """Fit a model without gradients."""
        began = time.perf_counter()
        seed_torch(self.config.seed, "fit", 0)
        self.model.fit()
        self.epoch, self.finished = 1, True
        record: dict[str, float] = {"epoch": 1, "train_seconds": time.perf_counter() - began}
        self._validate(record)
        self._tell("epoch", record)
        self._save()

    def _finish(self) -> Run:
        if self.best_model is None or self.stopping.best is None:
            rates = [
                f"--{name.replace('_', '-')}"
                for name in type(self.model.config).model_fields
                if name.split("_")[0] == "lr"
            ]
            remedy = f"lower the learning rate ({', '.join(rates)})" if rates else "change settings"
            raise RunError(f"training diverged: no epoch had a defined validation metric; {remedy}")
        with nullcontext() if self.division is None else self.division.whole():
            best = self._whole_model(self.best_model)
            metrics: dict[str, Any] = {}
            if self.group.is_main:
                self.model.load_state_dict(best or {})
                metrics = self._final_metrics()
                self._tell("finish", metrics)
            metrics = self.group.agree(metrics)
        path = None if self.folder is None else self.folder.path
        return Run(path, metrics, self.stopping.best_epoch, self.epoch, self.stopping.best)

    def _final_metrics(self) -> dict[str, Any]:
        """Evaluate the best epoch's model, and complete the run folder."""
        self.model.eval()
        metrics: dict[str, Any] = {
            "best_epoch": self.stopping.best_epoch,
            "epochs": self.epoch,
            "parameters": sum(weight.numel() for weight in self.model.parameters()),
            **self.notes,
        }
        held_out = len(self.split.valid) > 0
        if held_out:
            metrics |= evaluate_split(self.model, self.split, test=self.test)
        if held_out and self.rank:
            lengths, limit = self.config.lengths, self.config.rank_users
            metrics |= rank_split(self.model, self.split, lengths, limit=limit, test=self.test)
        if self.folder is not None:
            self.folder.close(metrics)
            if held_out:
                from recommender.plots import learning_curve  # lazy: matplotlib is slow to load

                learning_curve(self.folder.path)
        return metrics

    def _divide(self) -> Division | None:
        """This process's part of the model, if several CPU processes can divide it."""
        config = self.config
        if self.group.size == 1 or self.device.type != "cpu" or config.compile:
            return None
        if config.kernel == "torch" or config.optimizer == "dense" or config.precision == "bf16":
            return None
        return self.model.divide(self.group, self.split.train, config.negatives)

    def _whole_model(self, state: dict[str, Tensor] | None) -> dict[str, Tensor] | None:
        return state if self.division is None else self.division.complete(state)

    def _optimizer(self, task: TrainingTask) -> Adam:
        wanted = self.config.optimizer
        possible = self.device.type == "cpu" and not self.config.compile
        if wanted == "rowwise" and not possible:
            raise ConfigError("--optimizer rowwise: only on the CPU and without --compile")
        return Adam(
            task.parameters(),
            [module for module in self.model.modules() if isinstance(module, EmbeddingTable)],
            learning_rate=task.learning_rate,
            rowwise=possible and wanted != "dense",
            fused=self.device.type in ("cpu", "cuda"),
            capturable=self.config.kernel == "cuda-graph",
        )

    def _steps(self, task: TrainingTask) -> Steps:
        config, optimizer = self.config, self.optimizers[task.name]
        if config.kernel == "cuda-graph":
            if self.group.size > 1 or not task.recordable:
                raise ConfigError("--kernel cuda-graph: only for MKR and its variants, one process")
            return RecordedSteps(task, optimizer, CudaRecorder(self.device))
        possible = self.group.size == 1 and not config.compile and config.precision != "bf16"
        native = task.native_steps(optimizer) if possible and config.kernel != "torch" else None
        if native is not None:
            return native
        return TorchSteps(
            task,
            optimizer,
            group=self.group,
            bf16=config.precision == "bf16",
            compiled=config.compile,
        )

    def _settings(self) -> dict[str, Any]:
        return {
            "model": self.model.preset,
            **self.model.config.model_dump(),
            **self.config.model_dump(),
        }

    def _tell(self, event: str, *content: Any) -> None:
        if self.group.is_main:
            for logger in self.loggers:
                getattr(logger, event)(*content)

    def _save(self) -> None:
        if self.folder is None or (self.division is None and not self.group.is_main):
            return
        # Without tasks the only state is the best one: write it once.
        model = self._whole_model(self.model.state_dict()) if self.tasks else {}
        best = self._whole_model(self.best_model)
        if self.division is None:
            optimizers = {name: opt.state_dict() for name, opt in self.optimizers.items()}
        else:
            optimizers = self.division.optimizer_states()
        if self.group.is_main:
            self.folder.save(
                Checkpoint(
                    epoch=self.epoch,
                    fingerprint=self.folder.fingerprint,
                    model=model or {},
                    optimizers=optimizers,
                    stopping=self.stopping.state_dict(),
                    best_model=best,
                    finished=self.finished,
                )
            )

    def _resume(self, out: Path | None) -> None:
        if self.folder is None or out is None:
            raise ConfigError("--resume needs the run folder to resume from")
        if not (out / CHECKPOINT_FILE).is_file():
            return  # killed before the first checkpoint: start again
        path = out / CHECKPOINT_FILE
        checkpoint = read_checkpoint(path)
        if checkpoint.fingerprint != self.folder.fingerprint:
            raise RunError(
                f"{out}: its checkpoint belongs to other settings, data or model; repeat the "
                "command that started it, or train into another --out"
            )
        with fitting(path):
            for moments in checkpoint.optimizers.values():
                if "moments" not in moments:
                    raise RunError(
                        f"{out}: its checkpoint was written by an earlier version, which cannot be "
                        "resumed; retrain into another --out"
                    )
            self._take_state(checkpoint)
            self.stopping.load_state_dict(checkpoint.stopping)
        self.epoch = checkpoint.epoch
        # With more --epochs than before, a run that ended by their number continues.
        ended = self.epoch >= self._most_epochs or self.stopping.exhausted
        self.finished = checkpoint.finished and ended

    def _take_state(self, checkpoint: Checkpoint) -> None:
        """Load model, optimisers and best parameters of a checkpoint, or this process's part."""
        state = checkpoint.model or checkpoint.best_model
        best = checkpoint.best_model
        if self.division is not None and state:
            best = self.division.load(state, best, checkpoint.optimizers)
        elif state:
            self.model.load_state_dict(state)
        if self.division is None:
            for name, moments in checkpoint.optimizers.items():
                self.optimizers[name].load_state_dict(moments)
        self.best_model = best


def pick_device(name: str) -> torch.device:
    """`auto`: a GPU if there is one, else the CPU; other values as in torch.

    Raises:
        ConfigError: the device is unavailable.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise ConfigError(f"--device {name}: no such device here; try auto or cpu") from None
    return device
