"""Significance of metrics: bootstrap intervals, paired tests, correction for many tests.

Rows of one user are dependent: they share the user's taste and vector in the model. Intervals and
tests therefore resample or flip whole users, for ranking as for click-through prediction; treating
rows as independent makes intervals too narrow. DeLong's test, the standard for AUC, does so and is
therefore reported besides the bootstrap, not instead of it.
"""

from recommender.metrics.significance.bootstrap import (
    bootstrap_p_value,
    percentile_interval,
    resample_users,
    resampled_auc,
    resampled_mean,
)
from recommender.metrics.significance.delong import DeLong, delong_test
from recommender.metrics.significance.paired import (
    holm,
    paired_t_test,
    sign_flip_test,
    wilcoxon_test,
)

__all__ = [
    "DeLong",
    "bootstrap_p_value",
    "delong_test",
    "holm",
    "paired_t_test",
    "percentile_interval",
    "resample_users",
    "resampled_auc",
    "resampled_mean",
    "sign_flip_test",
    "wilcoxon_test",
]
