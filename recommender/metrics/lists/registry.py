"""Find list metrics by name: every subclass in this folder registers itself."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from recommender.metrics.lists.base import ListMetric

__all__ = ["list_metrics"]


@cache
def list_metrics() -> dict[str, type[ListMetric]]:
    """All list metrics by name, sorted."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{__package__}.{module.name}")
    found: dict[str, type[ListMetric]] = {}
    waiting = list(ListMetric.__subclasses__())
    while waiting:
        metric = waiting.pop()
        waiting.extend(metric.__subclasses__())
        if "name" not in metric.__dict__:
            continue  # an intermediate base class
        if metric.name in found:
            raise RuntimeError(f"two list metrics call themselves {metric.name}")
        found[metric.name] = metric
    return dict(sorted(found.items()))
