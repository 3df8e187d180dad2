"""Plot a run's learning curve (losses and validation metrics by epoch) from its log files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recommender.errors import RunError
from recommender.training.runs import CONFIG_FILE, LOG_FILE, METRICS_FILE, read_config, read_metrics
from safe_io.atomic import replacing

__all__ = ["CURVE_FILE", "learning_curve"]

CURVE_FILE = "learning_curve.png"

_BLUE, _ORANGE, _GREY = "#1f5f8b", "#c8641b", "#555555"


def learning_curve(run_folder: str | Path) -> Path:
    """Plot validation metrics (including ranking) and losses by epoch, marking the chosen epoch.

    Reads `metrics.jsonl`, and `metrics.json` for the chosen epoch (for an unfinished run the best
    AUC so far); the same files give the same bytes.

    Returns:
        `learning_curve.png` in the run folder.

    Raises:
        RunError: the log is missing or empty.
    """
    folder = Path(run_folder)
    records = _read_log(folder / LOG_FILE)
    chosen = _chosen_epoch(folder, records)
    # A dict keeps the order in which the loop's tasks appear; a set would not.
    losses = list(dict.fromkeys(n for r in records for n in r if n.startswith("loss_")))
    rankings = list(dict.fromkeys(n for r in records for n in r if "@" in n))
    heights = [1.6, *(1.6 for _ in rankings[:1]), *(1.0 for _ in losses)]
    height = 2.6 * (2 if rankings else 1) + 1.7 * len(losses)
    figure = Figure(figsize=(7.5, height), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)
    axes: list[Axes] = list(grid[:, 0])
    _draw_validation(axes[0], records, chosen)
    if rankings:
        _draw_rankings(axes[1], records, rankings)
    for axis, name in zip(axes[len(axes) - len(losses) :], losses, strict=True):
        epochs, values = _series(records, name)
        axis.plot(epochs, values, color=_GREY, linewidth=1.4, marker=_marker(epochs))
        axis.set_ylabel(f"{name.removeprefix('loss_').replace('_', ' ')}\nloss")
    for axis in axes:
        if chosen is not None:
            axis.axvline(chosen, color=_ORANGE, linewidth=1, linestyle="--", zorder=0)
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel("epoch")
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.suptitle(folder.resolve().name + _criterion(folder), x=0.02, ha="left", fontsize=10)
    path = folder / CURVE_FILE
    # Without default metadata (matplotlib's version) the file depends only on the data.
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})
    return path


def _draw_validation(axis: Axes, records: Sequence[Mapping[str, Any]], chosen: int | None) -> None:
    for name, label, colour in (("valid_auc", "AUC", _BLUE), ("valid_acc", "ACC at 0.5", _GREY)):
        epochs, values = _series(records, name)
        axis.plot(epochs, values, color=colour, linewidth=1.6, marker=_marker(epochs), label=label)
        if name == "valid_auc" and chosen in epochs:
            value = values[epochs.index(chosen)]
            label = f"epoch {chosen}: AUC {value:.4f}"
            axis.plot([chosen], [value], "o", color=_ORANGE, markersize=6, zorder=3, label=label)
    axis.set_ylabel("validation")
    # Above the curves: in any corner it would cover some run's curve.
    above = (1.0, 1.0)
    axis.legend(frameon=False, fontsize=9, ncols=3, loc="lower right", bbox_to_anchor=above)


def _draw_rankings(axis: Axes, records: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Plot ranking metrics used by the monitor on a separate axis, as they are far below AUC."""
    for name in names:
        epochs, values = _series(records, name)
        label = name.removeprefix("valid_")
        axis.plot(epochs, values, linewidth=1.6, marker=_marker(epochs), label=label)
    axis.set_ylabel("validation,\nranking")
    above = (1.0, 1.0)
    axis.legend(frameon=False, fontsize=9, ncols=5, loc="lower right", bbox_to_anchor=above)


def _series(records: Sequence[Mapping[str, Any]], name: str) -> tuple[list[int], list[float]]:
    """Epochs in which `name` was recorded, and its values; NaN (divergence) leaves a gap."""
    points = [(int(r["epoch"]), float(r[name])) for r in records if r.get(name) is not None]
    return [epoch for epoch, _ in points], [value for _, value in points]


def _marker(epochs: Sequence[int]) -> str:
    """Marker for series too short for a visible line."""
    return "o" if len(epochs) <= 3 else ""


def _read_log(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise RunError(f"{path}: no such file; is {path.parent} a run folder?")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        records = [dict(json.loads(line)) for line in lines if line.strip()]
    except (TypeError, ValueError) as error:
        raise RunError(f"{path}: not JSON lines: {error}; train again") from None
    if not records:
        raise RunError(f"{path}: no epoch in it yet; nothing to draw")
    return records


def _criterion(folder: Path) -> str:
    """Label of the criterion that chose the epoch, if not AUC."""
    if not (folder / CONFIG_FILE).is_file():
        return ""
    monitor = read_config(folder).training.monitor
    return f" · epoch chosen by validation {monitor.upper().replace('+', ' + ')}"


def _chosen_epoch(folder: Path, records: Sequence[Mapping[str, Any]]) -> int | None:
    if (folder / METRICS_FILE).is_file():
        return int(read_metrics(folder)["best_epoch"])
    epochs, values = _series(records, "valid_auc")
    defined = [
        (value, -epoch) for epoch, value in zip(epochs, values, strict=True) if value == value
    ]
    return -max(defined)[1] if defined else None
