"""Metrics of predictions, rankings and lists, and significance tests.

`auc` and the other scalars take numpy arrays; `evaluate_ctr` gathers them into one report. A
metric that the data leave undefined (an AUC over one class) is NaN as a scalar and ``None`` in a
report, so that every report is valid JSON.
"""

from recommender.metrics.ctr import evaluate_ctr
from recommender.metrics.roc import auc

__all__ = ["auc", "evaluate_ctr"]
