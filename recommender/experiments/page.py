"""Render the results page of the experiments as Markdown and as HTML, from one content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from recommender.experiments.counts import SIZES, Counted
from recommender.experiments.results import LISTS, METRICS, Figure, RowResult, TableResult
from safe_io.atomic import write_atomically

__all__ = ["Page", "Section", "counts_section", "lists_section", "table_section", "write_page"]

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Section:
    """A table with its caption and findings."""

    title: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    emphasised: Sequence[bool] = ()
    reading: Sequence[str] = ()
    notes: Sequence[str] = ()
    picture: str = ""


@dataclass(frozen=True)
class Page:
    """The contents of the page."""

    title: str
    command: str
    facts: Sequence[str]
    sections: Sequence[Section] = field(default_factory=list)


def table_section(title: str, table: TableResult, picture: str = "") -> Section:
    """Section of one of Tables 5 to 9 on one data set."""
    columns = ["model"]
    for metric in METRICS:
        columns += [metric.upper(), "new seed", "paper", "difference", "p"]
    columns += ["AUC warm", "AUC cold", "negatives", "parameters", "CPU s", "seconds", "seeds"]
    rows = [_cells(row) for row in table.rows]
    notes = [f"{r.row.label}: {r.row.note}" for r in table.rows if r.row.note]
    notes += [f"{r.row.label}: {r.problem}" for r in table.rows if r.problem]
    return Section(
        title, columns, rows, [r.row.reference for r in table.rows], notes=notes, picture=picture
    )


_LIST_COLUMNS = {
    "ndcg@10": ("NDCG@10", 3),
    "recall@20": ("Recall@20", 3),
    "hit@10": ("Hit@10", 3),
    "mrr@10": ("MRR@10", 3),
    "distinct_items@10": ("different items", 0),
    "popularity_share@10": ("share of the 100 most popular", 3),
    "novelty@10": ("novelty, bits", 2),
    "diversity@10": ("diversity", 3),
    "calibration@10": ("miscalibration, nats", 3),
}


def lists_section(title: str, table: TableResult) -> Section | None:
    """Section of list metrics for the same rows; None if nothing was ranked.

    Results from before rankings were measured have dashes.
    """
    ranked = [row for row in table.rows if row.measured and row.value(LISTS[0]) is not None]
    if not ranked:
        return None
    columns = ["model"]
    for name in LISTS:
        columns += [_LIST_COLUMNS[name][0], *(["p"] if name == LISTS[0] else [])]
    rows = []
    for row in table.rows:
        cells = [_label(row)]
        for name in LISTS:
            figure = row.figures.get(name) or Figure([])
            cells.append(_spread(figure, _LIST_COLUMNS[name][1]))
            cells += [_p(figure)] if name == LISTS[0] else []
        rows.append(cells)
    measured = dict.fromkeys(row.lists for row in table.rows if row.lists)
    reading = [f"Measured on {lists}." for lists in measured]
    earlier = [row.row.label for row in table.rows if row.measured and row not in ranked]
    notes = [f"results without lists, from before these were measured: {', '.join(earlier)}"]
    emphasised = [row.row.reference for row in table.rows]
    return Section(f"Lists: {title}", columns, rows, emphasised, reading, notes if earlier else ())


def counts_section(title: str, counted: Sequence[Counted]) -> Section:
    """Section of Table 3."""
    rows, wrong = [], 0
    for one in counted:
        cells = [one.row.label]
        for size in SIZES:
            paper = getattr(one.row, size)
            ours = None if one.sizes is None else one.sizes[size]
            wrong += ours is not None and paper is not None and ours != paper
            cells += ["–" if ours is None else f"{ours:,}", "–" if paper is None else f"{paper:,}"]
        rows.append(cells)
    columns = ["data set"]
    for size in SIZES:
        columns += [size, "paper"]
    compared = [c for c in counted if c.sizes is not None and c.row.users is not None]
    reading = []
    if compared:
        verdict = "equal the paper's" if not wrong else f"differ from the paper's in {wrong} places"
        reading.append(f"The counts of {len(compared)} data sets {verdict}.")
    reading.append(
        "What the paper calls interactions are rows: the positives, and as many sampled negatives."
    )
    notes = [f"{c.row.label}: {c.row.note}" for c in counted if c.row.note]
    return Section(title, columns, rows, [False] * len(rows), reading, notes)


def _cells(row: RowResult) -> list[str]:
    cells = [_label(row)]
    for metric in METRICS:
        figure = row.figures.get(metric) or Figure([], getattr(row.row, metric))
        cells += [
            _spread(figure),
            _interval(figure),
            _number(figure.paper),
            "–" if figure.difference is None else f"{figure.difference:+.3f}",
            _p(figure),
        ]
    cells += [_spread(row.figures.get(name) or Figure([])) for name in ("auc_warm", "auc_cold")]
    cells.append(row.negatives or "–")
    cells.append("–" if row.parameters is None else f"{row.parameters:,}")
    cells += ["–" if s is None else f"{s:.1f}" for s in (row.cpu_seconds, row.seconds)]
    cells.append(str(len(row.seeds)))
    return cells


def _label(row: RowResult) -> str:
    return row.row.label + (" (control)" if row.row.kind == "control" else "")


def _spread(figure: Figure, digits: int = 3) -> str:
    if figure.mean is None:
        return "–"
    sd = "" if figure.sd is None else f" ± {figure.sd:,.{digits}f}"
    return f"{figure.mean:,.{digits}f}{sd}"


def _interval(figure: Figure) -> str:
    bounds = figure.new_seed
    return "–" if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _p(figure: Figure) -> str:
    contrast = figure.contrast
    if contrast is None or contrast.p_holm is None:
        return "–"
    return "< 0.001" if contrast.p_holm < 0.001 else f"{contrast.p_holm:.3f}"


def write_page(page: Page, folder: Path, name: str) -> list[Path]:
    """Write `name`.md and `name`.html; the same page gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("page.html").render(page=page)
    paths = [folder / f"{name}.md", folder / f"{name}.html"]
    write_atomically(paths[0], _markdown(page).encode())
    write_atomically(paths[1], html.encode())
    return paths


def _markdown(page: Page) -> str:
    lines = [f"# {page.title}", "", "Generated; do not edit. Made by", ""]
    lines += ["```", page.command, "```", ""]
    lines += [f"- {fact}" for fact in page.facts]
    for section in page.sections:
        lines += ["", f"## {section.title}", ""]
        if section.rows:
            right = ["---:"] * (len(section.columns) - 1)
            lines += [_line(section.columns), _line(["---", *right])]
            for cells, strong in zip(section.rows, section.emphasised, strict=True):
                lines.append(_line([f"**{cells[0]}**", *cells[1:]] if strong else cells))
            lines.append("")
        lines += [f"- {sentence}" for sentence in section.reading]
        if section.notes:
            lines += ["", "Settings and remarks:", "", *(f"- {note}" for note in section.notes)]
        if section.picture:
            lines += ["", f"![{section.title}]({section.picture})"]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
