"""Command to evaluate cold-start users and items: `python -m recommender.newcomers`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from rich.console import Console

from recommender.cli import (
    DEFAULT_DATA,
    OneLineParser,
    add_settings,
    check_table,
    main_guard,
    make_folder,
    read_toml,
    settings_of,
)
from recommender.data import Split, load, split
from recommender.errors import ConfigError
from recommender.models.base import Recommender
from recommender.models.registry import Preset, create_model, names_with, resolve
from recommender.newcomers.held_out import (
    choose_items,
    choose_users,
    first_likes,
    without_items,
    without_users,
)
from recommender.newcomers.protocols import Point, items_left_out, users_left_out
from recommender.newcomers.report import averaged, draw, markdown
from recommender.scoring import ItemSets, top_k
from recommender.training.config import TrainConfig
from recommender.training.loop import Trainer
from safe_io.atomic import write_atomically
from safe_io.locks import folder_lock

__all__ = ["main"]

_ABILITIES = {"users": "fold_in", "items": "fold_in_items"}
_LIKES = 5  # people whose fold-in time is measured
_PEOPLE = 50  # maximum history length of these


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, train, evaluate, write, print."""
    arguments = _parser().parse_args(argv)
    trainers = [_trainer(name, arguments) for name in arguments.models]
    named = {"models": [t.label for t in trainers], "seeds": arguments.seeds}
    for flag, given in named.items():
        if len(set(given)) < len(given):  # duplicates would be averaged as further measurements
            raise ConfigError(f"--{flag}: give each once, not {', '.join(map(str, given))}")
    plan = {
        kind: [t for t in trainers if t.name in names_with(ability)]
        for kind, ability in _ABILITIES.items()
        if kind in arguments.protocols
    }
    for trainer in trainers:
        if not any(trainer in able for able in plan.values()):
            supported = "; ".join(
                f"new {kind}: {', '.join(names_with(_ABILITIES[kind])) or 'none'}" for kind in plan
            )
            raise ConfigError(
                f"model {trainer.name} cannot serve newcomers; those that can serve {supported}"
            )
    dataset = load(arguments.data)
    kind_of_split = TrainConfig.parse(settings_of(arguments, TrainConfig)).split
    out = arguments.out or dataset.folder / "newcomers"
    make_folder(out)
    with folder_lock(out, "command"):
        console = Console(stderr=True)
        measured: dict[str, dict[str, list[list[Point]]]] = {kind: {} for kind in plan}
        for seed in arguments.seeds:
            parts = split(dataset, seed, by=kind_of_split)
            for trainer in trainers:
                console.print(f"split {seed}: {trainer.label}", markup=False)
                for kind, points in _measure(trainer, parts, plan, arguments, seed).items():
                    measured[kind].setdefault(trainer.label, []).append(points)
        curves = {
            kind: {name: averaged(runs) for name, runs in by_model.items()}
            for kind, by_model in measured.items()
            if by_model
        }
        title = f"# Newcomers on {dataset.name}\n\n{_protocol(arguments)}\n\n"
        text = title + "\n".join(markdown(kind, found) for kind, found in curves.items())
        write_atomically(out / "newcomers.md", text)
        report = {
            "data": dataset.name,
            "seeds": arguments.seeds,
            "share": arguments.share,
            **{
                kind: {
                    name: [[asdict(p) for p in run] for run in runs] for name, runs in found.items()
                }
                for kind, found in measured.items()
            },
        }
        write_atomically(out / "newcomers.json", json.dumps(report, indent=2) + "\n")
        draw(curves, out / "newcomers.png")
    sys.stdout.write(text)
    console.print(f"written to {out}", soft_wrap=True)
    return 0


class _ModelTrainer:
    """Trains a model with the settings of flags or a file, on any split."""

    def __init__(
        self, preset: Preset, settings: dict[str, Any], config: TrainConfig, label: str
    ) -> None:
        self.name, self.label = preset.name, label
        self._preset, self._settings, self._config = preset, settings, config
        preset.configure(settings)  # report errors in settings before reading data

    def train(self, parts: Split) -> Recommender:
        model = create_model(
            self._preset.name, parts.train, seed=self._config.seed, **self._settings
        )
        Trainer(self._config, test=False).fit(model, parts)
        return model


def _trainer(name: str, arguments: argparse.Namespace) -> _ModelTrainer:
    path = Path(name)
    content: dict[str, Any] = read_toml(path) if path.suffix == ".toml" else {"model": name}
    if "model" not in content:
        raise ConfigError(f'{path}: names no model; write model = "…" at its top')
    preset = resolve(content["model"])
    check_table(path, content, "training", TrainConfig)
    check_table(path, content, "settings", preset.model.Config)
    training = {**content.get("training", {}), **settings_of(arguments, TrainConfig)}
    # A model and a settings file for it are separate rows of the report.
    label = f"{preset.name} ({path.name})" if path.suffix == ".toml" else preset.name
    return _ModelTrainer(preset, content.get("settings", {}), TrainConfig.parse(training), label)


def _measure(
    trainer: _ModelTrainer,
    parts: Split,
    plan: dict[str, list[_ModelTrainer]],
    arguments: argparse.Namespace,
    seed: int,
) -> dict[str, list[Point]]:
    retrained = trainer.train(parts)
    found: dict[str, list[Point]] = {}
    steps: dict[
        str, tuple[Callable[..., Any], Callable[..., Split], Callable[..., list[Point]]]
    ] = {
        "users": (choose_users, without_users, users_left_out),
        "items": (choose_items, without_items, items_left_out),
    }
    for kind, able in plan.items():
        if trainer in able:
            choose, without, measure = steps[kind]
            chosen = choose(parts, arguments.share, seed)
            folding = trainer.train(without(parts, chosen))
            found[kind] = measure(folding, retrained, parts, chosen, seed=seed)
            if kind == "users":
                _print_speed(trainer.label, folding, parts, seed)
    return found


def _print_speed(name: str, model: Recommender, parts: Split, seed: int) -> None:
    """Print timings to the terminal only, so that the report's files are reproducible."""
    likes = first_likes(ItemSets(*parts.train.history), _LIKES, seed)
    milliseconds = _fold_in_milliseconds(model, likes)
    Console(stderr=True).print(
        f"{name}: {milliseconds:.1f} ms to fold in one person with {_LIKES} likes and rank the "
        "catalogue (median)",
        soft_wrap=True,
    )


def _fold_in_milliseconds(model: Recommender, histories: ItemSets, k: int = 10) -> float:
    """Median wall time to fold in one person and find the `k` best items, in ms.

    People are processed one at a time, at most 50, after one warm-up person, for whom the shared
    item side is computed.

    Args:
        model: a trained model with `fold_in`.
        histories: histories of at least one person.
        k: length of the list.
    """
    model.eval()
    waits = []
    for person in [0, *range(min(_PEOPLE, histories.n_users))]:
        own = ItemSets.of_lists([histories.of(person)])
        began = time.perf_counter()
        with torch.inference_mode():
            top_k(model.fold_in(own), np.zeros(1, dtype=np.int64), k, own)
        waits.append(time.perf_counter() - began)
    return 1000 * median(waits[1:])


def _protocol(arguments: argparse.Namespace) -> str:
    splits = ", ".join(map(str, arguments.seeds))
    return (
        f"{arguments.share:.0%} of the users, and in a training of its own of the items, were "
        f"left out at random; splits {splits}. Lists are judged on the test positives; what a user "
        "plays in train never competes, in any row. `retrained` is the model trained with them."
    )


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="python -m recommender.newcomers",
        usage="%(prog)s [--data DIR] --models NAME … [training settings]",
        description="Evaluate recommendations for new users and items: trains without some of "
        "them, folds each in with 0 to 10 likes or facts, and evaluates the lists beside "
        "those of the model trained with them.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, help="data folder (default: %(default)s)"
    )
    parser.add_argument(
        "--models",
        nargs="+",
        required=True,
        metavar="NAME",
        help="models, or settings files (TOML)",
    )
    parser.add_argument(
        "--protocols",
        nargs="+",
        choices=tuple(_ABILITIES),
        default=list(_ABILITIES),
        help="what to hold out (default: users items)",
    )
    parser.add_argument(
        "--share", type=_share, default=0.2, metavar="X", help="share held out (default: 0.2)"
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[555], metavar="N", help="splits (default: 555)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the report (default: DATA/newcomers)"
    )
    add_settings(parser, TrainConfig, title="training")
    return parser


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return value


if __name__ == "__main__":
    sys.exit(main_guard(main))
