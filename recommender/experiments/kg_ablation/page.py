"""Write the ablation's results page as Markdown and HTML: findings, plots, tables, method."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from recommender.data import KnowledgeGraph
from recommender.experiments.kg_ablation.figures import (
    draw_corruption,
    draw_gains,
    draw_graphs,
)
from recommender.experiments.kg_ablation.findings import (
    ARGUABLE,
    read_corruption,
    read_models,
    read_parts,
    read_short,
)
from recommender.experiments.kg_ablation.number_formats import difference, spread
from recommender.experiments.kg_ablation.results import METRICS, Ablation
from recommender.experiments.page import Page, Section, write_page
from recommender.experiments.rows import Row

__all__ = ["Method", "Sizes", "sizes_of", "write_ablation"]

_TESTED = ("auc", "auc_cold", "ndcg@10")
_PAIRS = (
    ("none", "ours", "ours less no graph"),
    ("stock", "ours", "ours less stock"),
    ("ours-shuffled", "ours", "ours less its shuffle"),
    ("stock-shuffled", "stock", "stock less its shuffle"),
    ("stock", "without-pairs", "ours without held-out pairs less stock"),
    ("ours-shuffled", "without-pairs", "ours without held-out pairs less ours, shuffled"),
)


@dataclass(frozen=True)
class Sizes:
    """Sizes of a graph, and its overlap with the graph it was derived from.

    Attributes:
        bare_items: items without any triple.
        unchanged: share of its triples that are in the graph it was derived from; None if it is not
            derived.
    """

    triples: int
    relations: int
    entities: int
    bare_items: int
    unchanged: float | None


@dataclass(frozen=True)
class Method:
    """Method of the study, for the page.

    Attributes:
        command: the command to repeat it.
        rows: description of the rows, such as the data folder that all share.
        seeds: of the negatives, the split and the model.
        user_knowledge: whether models were given facts about users.
        epochs: the limit of a trial; None for none.
        problems: missing parts, with reasons.
    """

    command: str
    rows: str
    seeds: Sequence[int]
    user_knowledge: bool
    epochs: int | None
    problems: Sequence[str]


def sizes_of(graph: KnowledgeGraph, n_items: int, origin: KnowledgeGraph | None) -> Sizes:
    """Count a graph; `origin` is the one it was derived from."""
    ends = np.concatenate([graph.head, graph.tail])
    unchanged = None
    if origin is not None and len(graph):
        unchanged = float(origin.contains(graph.head, graph.relation, graph.tail).mean())
    return Sizes(
        triples=len(graph),
        relations=len(np.unique(graph.relation)),
        entities=len(np.union1d(ends, np.arange(n_items))),
        bare_items=n_items - len(np.unique(ends[ends < n_items])),
        unchanged=unchanged,
    )


def write_ablation(
    ablation: Ablation, sizes: Mapping[str, Sizes], method: Method, out: Path, name: str
) -> list[Path]:
    """Write `name`.md, `name`.html and the plots to `out`; returns the paths, pages first.

    Args:
        ablation: the results.
        sizes: sizes by graph name.
        method: the method.
        out: folder, created if missing.
        name: of the files.
    """
    out.mkdir(parents=True, exist_ok=True)
    drawn = {
        plot: draw(ablation, out / f"{name}-{plot}.png")
        for plot, draw in (
            ("graphs", draw_graphs),
            ("gains", draw_gains),
            ("corruption", draw_corruption),
        )
    }
    pictures = {plot: path.name if path else "" for plot, path in drawn.items()}
    shown = ablation.shown
    whose = f", {shown.label}" if shown else ""
    sections = [
        Section(f"By graph{whose}", reading=read_short(ablation), picture=pictures["graphs"]),
        _gains(ablation, pictures["gains"]),
        Section(
            f"False triples{whose}",
            reading=read_corruption(ablation),
            picture=pictures["corruption"],
        ),
        *(_model(ablation, row) for row in ablation.measured),
        _sizes(ablation, sizes),
        Section("What remains arguable", reading=ARGUABLE),
        Section("How it was measured", reading=_method(method), notes=method.problems),
    ]
    facts = [
        "The same models, settings, users, items and rows; only the graph differs.",
        "stock: the published graph; ours: the graph built here; shuffled: every fact is replaced "
        "by a random one of its kind, degrees kept; cold: test rows whose item has no positive in "
        "train",
    ]
    if method.epochs:
        facts.insert(0, f"A TRIAL: at most {method.epochs} epochs; no figure here is a result")
    page = Page("What the knowledge graph is worth", method.command, facts, sections)
    return [*write_page(page, out, name), *(path for path in drawn.values() if path)]


def _gains(ablation: Ablation, picture: str) -> Section:
    """Table of our graph against the controls, by model."""
    rows = []
    for row in ablation.measured:
        for first, second, text in _PAIRS:
            contrasts = [ablation.contrast(row.model, first, second, m) for m in _TESTED]
            if any(contrast is not None for contrast in contrasts):
                rows.append([row.label, text, *(difference(c) for c in contrasts)])
    shown = ablation.shown
    return Section(
        "By model",
        ["model", "graphs", *(METRICS[metric] for metric in _TESTED)],
        rows,
        [shown is not None and row[0] == shown.label for row in rows],
        reading=read_models(ablation),
        picture=picture,
    )


def _model(ablation: Ablation, row: Row) -> Section:
    """Table of all figures of a model, a row per graph."""
    lines, strong = [], []
    for graph in ablation.graphs:
        seeds = ablation.seeds(row.model, graph.name)
        if not seeds:
            continue
        named = row.model, graph.name
        cells = [graph.label]
        cells += [spread(ablation.mean(*named, m), ablation.sd(*named, m)) for m in METRICS]
        cells += [
            difference(ablation.contrast(row.model, graph.name, "ours", metric))
            for metric in _TESTED
        ]
        lines.append([*cells, str(len(seeds))])
        strong.append(graph.name == "ours")
    columns = ["graph", *METRICS.values()]
    columns += [f"ours less it, {METRICS[metric]}" for metric in _TESTED]
    notes = [f"{row.label}: {row.note}"] if row.note else []
    return Section(
        f"All figures, {row.label}",
        [*columns, "seeds"],
        lines,
        strong,
        reading=read_parts(ablation, row),
        notes=notes,
    )


def _sizes(ablation: Ablation, sizes: Mapping[str, Sizes]) -> Section:
    rows = [
        [
            graph.label,
            f"{size.triples:,}",
            f"{size.relations:,}",
            f"{size.entities:,}",
            f"{size.bare_items:,}",
            "–" if size.unchanged is None else f"{size.unchanged:.1%}",
        ]
        for graph in ablation.graphs
        if (size := sizes.get(graph.name)) is not None
    ]
    columns = ["graph", "triples", "relations", "entities", "items without a triple"]
    return Section(
        "The graphs",
        [*columns, "triples of the graph it is made from"],
        rows,
        [row[0] == "ours" for row in rows],
        reading=[
            "no graph: the items alone, without a triple.",
            "shuffled: within each relation the tails change places until chance alone decides "
            "who has which; each entity is head and tail of as many triples of a relation as "
            "before, and no triple occurs twice.",
            "corrupted: of so many triples the tail is replaced by that of a random other triple "
            "of the relation, such that the false triple is none of the graph's own.",
            "without inferred facts: triples that a rule inferred and no source states are taken "
            "away; nothing is inferred from them, so that this equals a graph built without rules.",
            "without a source: built anew without it, since what was linked and inferred by its "
            "help must go too.",
            "without held-out pairs: built anew for every seed without what a user said of an item "
            "that is in his validation or test rows, positive or negative.",
        ],
    )


def _method(method: Method) -> list[str]:
    user_note = (
        "what is known of the users (user_kg_final.txt) is given to the models, the same for all "
        "graphs"
        if method.user_knowledge
        else "user-side knowledge (such as friendships) is switched off for all graphs"
    )
    return [
        f"rows: {method.rows}; all graphs are measured on the same ones",
        f"seeds {', '.join(map(str, method.seeds))}: each is the seed of the sampled negatives, of "
        "the 6:2:2 split, of the model and of what is random in a graph; mean ± standard deviation "
        "over them",
        user_note,
        "the epoch is chosen on validation; the test rows are looked at once",
        "NDCG@10 and Recall@20 rank the whole catalogue without a user's training positives; his "
        "test positives are relevant",
        "differences are paired by seed: 95% interval of Student's t, p of the paired t-test after "
        "Holm's correction over all comparisons of a model in a metric",
        f"Python {platform.python_version()}, torch {torch.__version__}",
    ]
