"""Format the ablation's figures for its pages: means, deviations, differences, p values."""

from __future__ import annotations

from recommender.metrics.significance.contrast import Contrast


def number(value: float | None) -> str:
    """Format with three decimals, or as a dash."""
    return "–" if value is None else f"{value:.3f}"


def spread(mean: float | None, sd: float | None) -> str:
    """Format as mean ± standard deviation."""
    return number(mean) + ("" if mean is None or sd is None else f" ± {sd:.3f}")


def p_value(contrast: Contrast) -> str:
    """Format the corrected p value; '' if there is none."""
    if contrast.p_holm is None:
        return ""
    return "p < 0.001" if contrast.p_holm < 0.001 else f"p = {contrast.p_holm:.3f}"


def difference(contrast: Contrast | None) -> str:
    """`+0.012 (+0.010 to +0.014, p = 0.003)`: the difference, its 95% interval, corrected p."""
    if contrast is None or contrast.difference is None:
        return "–"
    if contrast.low is None or contrast.high is None:
        return f"{contrast.difference:+.4f}"
    parts = [f"{contrast.low:+.4f} to {contrast.high:+.4f}", p_value(contrast)]
    return f"{contrast.difference:+.4f} ({', '.join(part for part in parts if part)})"
