"""Read and write published results: a JSON line per training, in a file per model below the pages.

Pages can be written, and completed, from them on any machine, and the figures of single seeds read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recommender.errors import ConfigError
from recommender.experiments.cells import CellKey
from safe_io.atomic import write_atomically

__all__ = ["publish", "read_published"]

_FOLDER = "cells"


def read_published(out: Path) -> dict[CellKey, dict[str, Any]]:
    """Published results by their keys.

    Args:
        out: folder of the pages.

    Raises:
        ConfigError: a line is damaged.
    """
    found = {}
    for file in sorted((out / _FOLDER).glob("*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                result = json.loads(line)
                found[CellKey(**result.pop("key"))] = result
            except (ValueError, KeyError, TypeError, AttributeError):
                raise ConfigError(
                    f"{file}:{number}: not a result; restore the file, or remove the line"
                ) from None
    return found


def publish(out: Path, results: Mapping[CellKey, Mapping[str, Any]]) -> None:
    """Add results to the published ones, or replace those with the same keys."""
    lines: dict[str, list[str]] = {}
    merged = read_published(out) | dict(results)
    for key in sorted(merged, key=lambda key: (key.model, key.config, key.data, key.seed)):
        line = json.dumps({"key": vars(key), **merged[key]}, sort_keys=True)
        lines.setdefault(key.model, []).append(f"{line}\n")
    for model in {key.model for key in results}:
        (out / _FOLDER).mkdir(parents=True, exist_ok=True)
        write_atomically(out / _FOLDER / f"{model}.jsonl", "".join(lines[model]).encode())
