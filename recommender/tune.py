"""Command to tune hyperparameters on validation rows with Optuna: `python -m recommender.tune`.

Needs the extra `tune`. The test rows are never used; the best settings are written as a TOML file
for `python -m recommender.train --config`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from recommender.cli import (
    DEFAULT_DATA,
    OneLineParser,
    add_settings,
    check_table,
    main_guard,
    make_folder,
    positive,
    read_toml,
    settings_of,
)
from recommender.data import Split, load, split
from recommender.errors import ConfigError, RunError
from recommender.models.registry import Preset, create_model, resolve
from recommender.training.config import TrainConfig
from recommender.training.loop import Trainer
from safe_io.atomic import write_atomically
from safe_io.locks import folder_lock

if TYPE_CHECKING:
    import optuna

__all__ = ["main", "search", "suggest"]

#: setting → its search distribution; unlisted settings are not searched
SPACE: dict[str, tuple[str, tuple[Any, ...]]] = {
    "dim": ("choice", (16, 32, 64, 128)),
    "low_layers": ("choice", (1, 2)),
    "high_layers": ("choice", (1, 2, 4)),
    "lr_rs": ("log", (5e-5, 2e-3)),
    "lr_kge": ("log", (2e-5, 2e-3)),
    "lambda2": ("log", (1e-8, 1e-4)),
    "lr": ("log", (2e-4, 2e-2)),
    "l2_weight": ("log", (1e-7, 1e-1)),
    "kge_interval": ("choice", (1, 2, 4, 16)),
    "batch_size": ("choice", (128, 256, 512, 1024)),
}


#: metrics recorded for every trial besides its objective
_SHOWN = ("auc", "acc", "ndcg@10", "recall@20", "distinct_items@10")


def suggest(trial: optuna.Trial, preset: Preset, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Sample the model's settings in `SPACE` that are not fixed.

    A setting of the same name on a different scale (the penalty of least squares is 100) is kept.
    """
    drawn = dict(fixed)
    for name, (kind, values) in SPACE.items():
        if name in preset.model.Config.model_fields and name not in fixed:
            if kind == "log":
                if values[0] <= getattr(preset.config, name) <= values[-1]:
                    drawn[name] = trial.suggest_float(name, *values, log=True)
            else:
                drawn[name] = trial.suggest_categorical(name, values)
    return drawn


def study_name(preset: Preset, config: TrainConfig) -> str:
    """Name of the study in its store, which separates trials of different objectives."""
    usual = config.monitor == TrainConfig.model_fields["monitor"].default
    return preset.name if usual else f"{preset.name}, {config.monitor}"


class _Pruner:
    """A logger that reports each validation to the trial, and prunes hopeless ones."""

    def __init__(self, trial: optuna.Trial, config: TrainConfig) -> None:
        self.trial, self.config = trial, config

    def start(self, settings: Mapping[str, Any], epochs_done: int) -> None:
        """Does nothing."""

    def epoch(self, record: Mapping[str, float]) -> None:
        """Report the value; raise optuna's signal if the trial is pruned."""
        import optuna

        values = {name.removeprefix("valid_"): value for name, value in record.items()}
        if "auc" in values:
            self.trial.report(self.config.monitored(values), int(record["epoch"]))
            if self.trial.should_prune():
                raise optuna.TrialPruned

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Does nothing."""


def search(
    parts: Split,
    preset: Preset,
    config: TrainConfig,
    *,
    fixed: Mapping[str, Any],
    trials: int,
    store: Path,
) -> optuna.Study:
    """Sample, train and validate `trials` times; continues the study in `store` (SQLite).

    The objective is the monitor of `config`, which also chooses the epoch within a trial.

    Raises:
        ConfigError: optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise ConfigError("recommender.tune needs: pip install '.[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial: optuna.Trial) -> float:
        settings = suggest(trial, preset, fixed)
        model = create_model(preset.name, parts.train, seed=config.seed, **settings)
        trainer = Trainer(config, loggers=[_Pruner(trial, config)], test=False)
        try:
            run = trainer.fit(model, parts)
        except RunError:  # diverged: the worst value, instead of ending the search
            return 0.0
        trial.set_user_attr("best_epoch", run.best_epoch)
        measured = {**run.metrics["valid"], **run.metrics["valid_ranking"]}
        trial.set_user_attr("valid", {name: measured[name] for name in _SHOWN})
        return run.validation

    study = optuna.create_study(
        study_name=study_name(preset, config),
        storage=f"sqlite:///{store}",
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=config.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=5),
    )
    study.optimize(objective, n_trials=trials, show_progress_bar=sys.stderr.isatty())
    return study


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, search, print."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--model")
    first.add_argument("--config", type=Path)
    parsed, _ = first.parse_known_args(argv)
    from_file = read_toml(parsed.config) if parsed.config else {}
    preset = resolve(parsed.model or from_file.get("model", "mmss_mkr"))
    arguments = _parser(preset).parse_args(argv)
    if arguments.config:
        check_table(arguments.config, from_file, "training", TrainConfig)
        check_table(arguments.config, from_file, "settings", preset.model.Config)
    config = TrainConfig.parse(
        {**from_file.get("training", {}), **settings_of(arguments, TrainConfig)}
    )
    fixed = {**from_file.get("settings", {}), **settings_of(arguments, preset.model.Config)}
    preset.configure(fixed)
    dataset = load(arguments.data)
    out = arguments.out or dataset.folder / "tune" / preset.name
    make_folder(out)
    with folder_lock(out, "command"):
        parts = split(dataset, config.split_seed, by=config.split)
        study = search(
            parts, preset, config, fixed=fixed, trials=arguments.trials, store=out / "study.db"
        )
        best = {**fixed, **study.best_params}
        write_atomically(out / "best.toml", _toml(preset.name, best, config))
    _print_result(study, out, config.monitor)
    return 0


def _parser(preset: Preset) -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m recommender.tune",
        usage="%(prog)s [--data DIR] [--model NAME] [--trials N] [--out DIR] [settings]",
        description="Search for settings on validation. A setting that is given is kept; of the "
        f"others, these are searched: {', '.join(SPACE)}. The objective is --monitor.",
        allow_abbrev=False,
    )
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="data folder")
    parser.add_argument("--model", default=preset.name, metavar="NAME", help="model preset")
    parser.add_argument("--config", type=Path, metavar="FILE.toml", help="settings file")
    parser.add_argument(
        "--trials", type=positive, default=30, metavar="N", help="number of trainings"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the study (default: DATA/tune/MODEL)"
    )
    add_settings(parser, TrainConfig, title="training")
    add_settings(parser, preset.model.Config, title="model", defaults=preset.config.model_dump())
    return parser


def _toml(model: str, settings: Mapping[str, Any], config: TrainConfig) -> str:
    """Format the settings as a file for `--config`; JSON's numbers and strings are valid TOML."""
    lines = [f"model = {json.dumps(model)}", "", "[settings]"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    lines += ["", "[training]", f"negatives = {json.dumps(config.negatives)}"]
    lines += [f"monitor = {json.dumps(config.monitor)}", ""]
    return "\n".join(lines)


def _print_result(study: optuna.Study, out: Path, monitor: str) -> None:
    table = Table(title=f"best of {len(study.trials)} trials, on validation")
    table.add_column("setting")
    table.add_column("value", justify="right")
    for name, value in study.best_params.items():
        table.add_row(name, f"{value:.3g}" if isinstance(value, float) else str(value))
    table.add_row(f"validation ({monitor})", f"{study.best_value:.4f}")
    for name, value in study.best_trial.user_attrs.get("valid", {}).items():
        table.add_row(f"valid {name}", "–" if value is None else f"{value:.4g}")
    console = Console()
    console.print(table)
    console.print(f"python -m recommender.train --config {out / 'best.toml'}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main_guard(main))
