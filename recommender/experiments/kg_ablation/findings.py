"""Generate sentences on the ablation's findings and their limits."""

from __future__ import annotations

from recommender.experiments.kg_ablation.number_formats import difference, number
from recommender.experiments.kg_ablation.results import METRICS, Ablation
from recommender.experiments.rows import Row
from recommender.metrics.significance.contrast import Contrast

LEVEL = 0.05
_TOLD = ("auc", "auc_cold", "ndcg@10")

ARGUABLE = (
    "The splits of the seeds part the same interactions: their figures are not independent, and a "
    "t-test over seeds takes them for it. Its p values are therefore too small; the size and the "
    "sign of a difference on every seed say more.",
    "Each model has one set of settings for all graphs. Those of the older models were chosen for "
    "the stock graph, which is to its advantage; those of a model that was developed on our graph "
    "are to the advantage of ours.",
    "Our graph has more triples, entities and relations than the stock graph. The shuffled and "
    "the corrupted graphs have as many as ours, so that size and degrees alone explain nothing "
    "that they do not show; but how good the stock graph would be at our graph's size is unknown.",
    "Part of our graph are tags, given by the same community whose listening is predicted. The "
    "graph without held-out pairs leaves out what the tested users said of the tested items, not "
    "what other users said of them: this is knowledge about the items that any system could use.",
    "A cold item (no positive in train) has its positives among the held-out rows by construction "
    "of the protocol. Both graphs of a comparison profit by that alike; the level of AUC on cold "
    "rows means little.",
)


def read_short(ablation: Ablation) -> list[str]:
    """Summary for the model shown in the per-graph chart."""
    model = ablation.shown
    if model is None:
        return ["Nothing has been measured yet."]
    sentences = []
    for graph, text in (
        ("stock", "our graph in place of the stock graph"),
        ("ours-shuffled", "our graph instead of the same graph with shuffled tails"),
        ("none", "our graph instead of none"),
    ):
        found = [_gain(ablation, model, graph, "ours", m) for m in _TOLD]
        if found[0]:
            differences = "; ".join(part for part in found if part)
            sentences.append(f"{model.label}, {text}: {differences}.")
    if not sentences:
        sentences.append(f"{model.label} has not been measured on our graph and a control yet.")
    return [*sentences, *read_leak(ablation, model), *_few_seeds(ablation)]


def read_leak(ablation: Ablation, model: Row) -> list[str]:
    """State whether the gain over the stock graph remains without held-out pairs."""
    clean = ablation.contrast(model.model, "stock", "without-pairs", "auc")
    if clean is None or clean.difference is None:
        return []
    seeds = len(ablation.seeds(model.model, "without-pairs"))
    if clean.difference <= 0:
        verdict = "does not survive"
    elif _sure(clean):
        verdict = "survives"
    else:
        verdict = f"has the same sign, which {seeds} seed{'s' if seeds > 1 else ''} leave uncertain"
    differences = [
        part
        for part in (_gain(ablation, model, "stock", "without-pairs", metric) for metric in _TOLD)
        if part
    ]
    cost = _gain(ablation, model, "without-pairs", "ours", "auc")
    return [
        f"{model.label}, our graph built without what users said of items in their held-out rows, "
        f"in place of the stock graph: {'; '.join(differences)}. The effect {verdict}."
        + (f" What the left out pairs had added: {cost}." if cost else "")
    ]


def read_models(ablation: Ablation) -> list[str]:
    """Count the models for which our graph beats the stock graph and its own shuffled version."""
    if len(ablation.measured) < 2:
        return []
    sentences = []
    for graph, text in (("stock", "the stock graph"), ("ours-shuffled", "its own shuffle")):
        for metric in _TOLD:
            compared = [
                (row, contrast)
                for row in ablation.models
                if (contrast := ablation.contrast(row.model, graph, "ours", metric)) is not None
                and contrast.difference is not None
            ]
            if not compared:
                continue
            better = [(row, c) for row, c in compared if (c.difference or 0) > 0]
            sure = [row.label for row, c in better if _sure(c)]
            worse = [row.label for row, c in compared if (c.difference or 0) < 0 and _sure(c)]
            sentences.append(
                f"{METRICS[metric]}: our graph is above {text} in {len(better)} of {len(compared)} "
                f"models"
                + (f", surely in {', '.join(sure)}" if sure else "")
                + (f"; surely below in {', '.join(worse)}" if worse else "")
                + "."
            )
    return sentences


def read_parts(ablation: Ablation, model: Row) -> list[str]:
    """State the contribution of each source and of inferred facts to the model."""
    losses = []
    for graph in ablation.graphs:
        source = graph.without
        contrast = ablation.contrast(model.model, graph.name, "ours", "auc") if source else None
        if contrast is not None and contrast.difference is not None:
            losses.append((contrast.difference, f"{source} {difference(contrast)}"))
    sentences = []
    if losses:
        listed = "; ".join(text for _, text in sorted(losses, reverse=True))
        sentences.append(f"AUC that {model.label} owes to each source, left out in turn: {listed}.")
    inferred = _gain(ablation, model, "without-inference", "ours", "auc")
    if inferred:
        sentences.append(f"What the inferred facts add to {model.label}: {inferred}.")
    return sentences


def read_corruption(ablation: Ablation) -> list[str]:
    """State how much of the gain remains as triples are corrupted."""
    model = ablation.shown
    curve = [graph for graph in ablation.graphs if graph.change == "corrupted"]
    if model is None:
        return []
    differences = []
    for graph in curve:
        contrast = ablation.contrast(model.model, graph.name, "ours", "auc")
        if contrast is not None and contrast.difference is not None:
            differences.append(f"{-contrast.difference:+.4f} at {graph.share:.0%}")
    floor = ablation.contrast(model.model, "ours-shuffled", "ours", "auc")
    if not differences:
        return []
    end = ""
    if floor is not None and floor.difference is not None:
        end = f"; all tails shuffled: {-floor.difference:+.4f}"
    return [f"AUC of {model.label} as triples become false: {', '.join(differences)}{end}."]


def _few_seeds(ablation: Ablation) -> list[str]:
    counts = [len(seeds) for seeds in ablation.cells.values() if seeds]
    if counts and min(counts) < 5:
        return [
            f"Some figures have {min(counts)} seed{'s' if min(counts) > 1 else ''} only: "
            + ("no interval and no test." if min(counts) < 2 else "tests have little power.")
        ]
    return []


def _gain(ablation: Ablation, model: Row, first: str, second: str, metric: str) -> str:
    contrast = ablation.contrast(model.model, first, second, metric)
    if contrast is None or contrast.difference is None:
        return ""
    levels = f"{number(contrast.first)} → {number(contrast.second)}"
    return f"{METRICS[metric]} {difference(contrast)}, {levels}"


def _sure(contrast: Contrast) -> bool:
    return contrast.p_holm is not None and contrast.p_holm < LEVEL
