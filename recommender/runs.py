"""Find and load a trained run by a command's flags: `--run DIR`, or the newest run."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from recommender.cli import DEFAULT_DATA
from recommender.errors import DataError, RunError
from recommender.models.registry import names_with
from recommender.training.loop import pick_device
from recommender.training.runs import METRICS_FILE, LoadedRun, load_run, read_config, read_metrics

__all__ = ["add_run_flags", "newest_run", "open_run"]


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Add `--run` and `--data`."""
    parser.add_argument(
        "--run", type=Path, metavar="DIR", help="run folder (default: the newest one of --data)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help=f"data folder (default: {DEFAULT_DATA}, or with --run the one it was trained on)",
    )


def open_run(
    run: Path | None,
    data: Path | None,
    device: str = "auto",
    *,
    ability: str = "",
    held_out: bool = False,
) -> tuple[Path, LoadedRun]:
    """Load the run given by the flags; returns its folder and contents, model in eval mode.

    Args:
        run: the run folder; None for the newest one of `data`.
        data: the data folder.
        device: device of the model.
        ability: `fold_in` or `fold_in_items`: choose the newest run whose model supports this.
        held_out: whether rows must have been held out from the training.

    Raises:
        RunError: there is no such run, it is unfinished or damaged, or no rows were held out.
        DataError: the data folder is missing or malformed.
        ConfigError: no such device.
    """
    chosen = pick_device(device)
    folder = (
        run
        if run is not None
        else newest_run(DEFAULT_DATA if data is None else data, ability, held_out=held_out)
    )
    loaded = load_run(folder, data=data)
    if held_out and not len(loaded.split.test):
        source = read_metrics(folder).get("refit_of", "it was refitted from")
        raise RunError(f"{folder}: trained on all rows, none are held out; take the run {source}")
    loaded.model.to(torch.device(chosen)).eval()
    return folder, loaded


def newest_run(data: Path, ability: str = "", *, held_out: bool = False) -> Path:
    """Find the last finished run under `data`/models that has the ability, and rows held out.

    If no run has them, the newest run of all, which raises an error later.

    Raises:
        DataError: no such data folder.
        RunError: no finished run in it.
    """
    flag = "" if data == DEFAULT_DATA else f" --data {data}"
    train = f"`python -m recommender.train{flag}`"
    if not data.is_dir():
        build = f"`python -m pipeline build --dataset {data.name or 'sample'}`"
        raise DataError(f"{data}: no such data folder; build it with {build}, then run {train}")
    finished = list((data / "models").glob(f"*/{METRICS_FILE}"))
    if not finished:
        raise RunError(f"{data / 'models'}: no finished run there; make one with {train}")
    if ability:
        models = set(names_with(ability))
        able = [file for file in finished if read_config(file.parent).model in models]
        finished = able or finished
    if held_out:
        measurable = [f for f in finished if read_config(f.parent).training.split != "all"]
        finished = measurable or finished
    # The name breaks ties between runs that ended in the same clock tick.
    return max(finished, key=lambda file: (file.stat().st_mtime_ns, file.parent.name)).parent
