"""Metrics of predictions, rankings and lists, and significance tests.

`auc` and the other scalars take numpy arrays; `evaluate_ctr` combines them to a report. An
undefined metric (an AUC over one class) is NaN as a scalar and ``None`` in a report, so that every
report is valid JSON.
"""

from recommender.metrics.ctr import evaluate_ctr
from recommender.metrics.roc import auc

__all__ = ["auc", "evaluate_ctr"]
