"""Generate sentences on whether the MMSS_MKR paper's claims hold in the measured tables."""

from __future__ import annotations

from collections.abc import Sequence

from recommender.experiments.results import METRICS, RowResult, TableResult

LEVEL = 0.05
_NAMES = {"auc": "AUC", "acc": "ACC"}


def read_table(table: TableResult) -> list[str]:
    """Generate sentences about a table: the paper's claims and whether they hold here."""
    measured = [row for row in table.rows if row.measured]
    if not measured:
        return ["Nothing of this table has been run yet."]
    sentences = [*_in_short(table, measured), *_agreement(measured), *_best(table, measured)]
    sentences += _samplings(table, measured)
    claims = {"table5": _table5, "table7": _table7, "table8": _table8, "table9": _table9}
    if table.table in claims:
        sentences += claims[table.table](table)
    single = [row for row in measured if len(row.seeds) < 2]
    several = min((len(row.seeds) for row in measured if len(row.seeds) > 1), default=5)
    if single:
        whose = "" if len(single) == len(measured) else f" ({_labels(single)})"
        sentences.append(
            f"With a single seed{whose} there is no spread and no test: an order of rows means "
            "little."
        )
    if several < 5:
        sentences.append(
            f"With {several} seeds tests have little power and the intervals for a new seed are "
            "wide: undecided says nothing for either side."
        )
    return sentences


def _in_short(table: TableResult, rows: Sequence[RowResult]) -> list[str]:
    """State whether the paper's best row is the best here, in one sentence."""
    reference = table.reference
    rivals = [r for r in rows if r is not reference and r.row.kind == "paper"]
    if reference is None or not rivals:
        return []
    parts = []
    for metric in METRICS:
        own = reference.value(metric)
        above = [r for r in rivals if own is not None and (r.value(metric) or 0) > own]
        surely = [r for r in above if _surely(r, metric)]
        count = f"{len(above)} of {len(rivals)}" if above else "none"
        sure = f" ({len(surely)} surely)" if above else ""
        parts.append((bool(above), f"{count} higher in {_NAMES[metric]}{sure}"))
    verdict = "does not hold here" if any(above for above, _ in parts) else "holds here"
    counts = " and ".join(text for _, text in parts)
    return [
        f"In short: that {reference.row.label} is the best of the paper's rows {verdict}: {counts}."
    ]


def _agreement(rows: Sequence[RowResult]) -> list[str]:
    sentences = []
    for metric in METRICS:
        gaps = [
            (row.figures[metric].difference, row.row.label)
            for row in rows
            if row.figures[metric].difference is not None
        ]
        measured = [(round(gap, 3), label) for gap, label in gaps if gap is not None]
        if not measured:
            continue
        within = [label for gap, label in measured if abs(gap) <= 0.01]
        low = [f"{label} ({gap:+.3f})" for gap, label in measured if gap < -0.01]
        high = [f"{label} ({gap:+.3f})" for gap, label in measured if gap > 0.01]
        agreeing = f"{len(within)} of {len(measured)} rows"
        text = f"{_NAMES[metric]}: {agreeing} are within 0.01 of the paper's"
        text += f"; below it: {', '.join(low)}" if low else ""
        text += f"; above it: {', '.join(high)}" if high else ""
        sentences.append(text + ".")
    return sentences


def _best(table: TableResult, rows: Sequence[RowResult]) -> list[str]:
    """State whether the paper's row, the best of every table there, is the best here."""
    reference = table.reference
    if reference is None:
        return ["The reference row has not been run: nothing can be tested against it."]
    sentences = []
    for metric in METRICS:
        own = reference.value(metric)
        if own is None:
            continue
        rivals = [r for r in rows if r is not reference and r.row.kind == "paper"]
        above = [r for r in rivals if (r.value(metric) or 0) > own]
        surely = [r for r in above if _surely(r, metric)]
        beaten = [
            r
            for r in rivals
            if r not in above and r.value(metric) is not None and _surely(r, metric)
        ]
        name, label = _NAMES[metric], reference.row.label
        claim = f"The paper's best {name} is that of {label}."
        if not rivals:
            continue
        if not above:
            verdict = f"Here too none of the other {len(rivals)} is higher"
        else:
            verdict = f"Here {_list(above, metric)} {_is(above)} higher"
        ours = f"{_number(own)} for {label}"
        sure = (
            f"surely so (p < {LEVEL} after Holm's correction) for {_labels(surely)}"
            if surely
            else ""
        )
        worse = f"{label} is surely better than {_labels(beaten)}" if beaten else ""
        unsure = len(rivals) - len(surely) - len(beaten)
        undecided = f"{unsure} of {len(rivals)} comparisons are undecided" if unsure else ""
        sentences.append(
            " ".join(
                [claim, "; ".join(x for x in (f"{verdict} ({ours})", sure, worse, undecided) if x)]
            )
            + "."
        )
        controls = [r for r in rows if r.row.kind == "control" and (r.value(metric) or 0) > own]
        if controls and metric == "auc":
            sentences.append(
                f"Of the controls, which the paper lacks, {_list(controls, metric)} "
                f"{_is(controls)} above {label}"
                + (f", surely {_labels([r for r in controls if _surely(r, metric)])}"
                   if any(_surely(r, metric) for r in controls) else "")
                + "."
            )  # fmt: skip
    return sentences


def _samplings(table: TableResult, rows: Sequence[RowResult]) -> list[str]:
    """State whether either negative sampling gives the reference the paper's AUC."""
    reference = table.reference
    paper = None if reference is None else reference.row.auc
    if reference is None or paper is None:
        return []
    both = [reference]
    both += [r for r in rows if r.row.kind == "ours" and r.row.model == reference.row.model]
    if len(both) < 2:
        return []
    parts = []
    for row in both:
        value = row.value("auc") or 0
        verdict = "reached" if round(value, 3) >= paper else "not reached"
        parts.append(f"{verdict} with {row.negatives} negatives ({_number(value)})")
    return [f"The AUC of {_number(paper)} published for {reference.row.label} is {_and(parts)}."]


def _table5(table: TableResult) -> list[str]:
    dkn = table.row("DKN")
    rows = [r for r in table.rows if r.measured and r.row.kind == "paper" and r.value("auc")]
    sentences = []
    if dkn is not None and len(rows) > 1:
        least = min(rows, key=lambda r: r.value("auc") or 0)
        held = "holds" if least is dkn else f"does not hold: the lowest is {_list([least], 'auc')}"
        sentences.append(f"“DKN is the least effective” (AUC {_number(dkn.value('auc'))}) {held}.")
    sentences += _steps(table, [("MKR", "MMSS_MKR")])
    cold = [r for r in rows if r.value("auc_warm") is not None and r.value("auc_cold") is not None]
    if cold:
        top = max(cold, key=lambda r: r.value("auc_warm") or 0)
        sentences.append(
            f"On items with a training positive (warm) the best of the paper's systems is "
            f"{_list([top], 'auc_warm')}. AUC on cold items is a trait of the protocol more than "
            "of the models: such an item always has its positives among the held-out rows."
        )
    return sentences


def _table7(table: TableResult) -> list[str]:
    groups: dict[int, list[float]] = {}
    for row in table.rows:
        value = row.value("auc")
        if value is not None and row.row.kind == "paper":
            groups.setdefault(row.row.label.count("+") + 1, []).append(value)
    sentences = []
    if set(groups) == {1, 2, 3}:
        means = [sum(groups[n]) / len(groups[n]) for n in (1, 2, 3)]
        means_shown = " · ".join(_number(m) for m in means)
        held = "holds" if means[0] < means[1] < means[2] else "does not hold"
        sentences.append(
            f"“Three functions beat two, and two beat one” {held} for the mean AUC ({means_shown})."
        )
    sentences.append(
        "Every combination is increasing in the score, so at prediction none can change an AUC: "
        "differences come from training alone."
    )
    s1 = table.row("S1")
    if s1 is not None:
        sentences.append(
            f"S1 alone has ŷ = σ(σ(f)) ≥ 0.5 for every pair, so that its ACC at 0.5 is the share "
            f"of positives ({_number(s1.value('acc'))}); the paper's {s1.row.acc} cannot come from "
            "Eq. 3 as printed."
        )
    return sentences


def _table8(table: TableResult) -> list[str]:
    values = [(r.value("auc"), r.row.label) for r in table.rows if r.row.kind == "paper"]
    measured = [(value, label) for value, label in values if value is not None]
    if len(measured) < 2:
        return []
    spread = max(measured)[0] - min(measured)[0]
    paper = [r.row.auc for r in table.rows if r.row.auc is not None]
    return [
        f"The paper's AUC varies by {max(paper) - min(paper):.3f} over H, ours by {spread:.3f} "
        f"(highest at {max(measured)[1]}). With the inner product as f_RS, H is the depth of the "
        "KG tower only and never enters a prediction."
    ]


def _table9(table: TableResult) -> list[str]:
    pairs = [("MKR", label) for label in ("SM_MKR", "MS_MKR", "SS_MKR", "MMSS_MKR")]
    return _steps(table, pairs)


def _steps(table: TableResult, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Gain of the second over the first of each pair, here and in the paper."""
    parts = []
    for first, second in pairs:
        a, b = table.row(first), table.row(second)
        if a is None or b is None:
            continue
        for metric in METRICS:
            ours, papers = (_gap(a, b, metric, paper) for paper in (False, True))
            if ours is None or papers is None:
                continue
            agree = "the same direction" if ours * papers > 0 else "not the same direction"
            parts.append(
                f"{second} less {first}, {_NAMES[metric]}: {ours:+.3f} here, {papers:+.3f} in the "
                f"paper ({agree})"
            )
    return [f"{part}." for part in parts]


def _gap(a: RowResult, b: RowResult, metric: str, paper: bool) -> float | None:
    first, second = ((r.figures[metric].paper if paper else r.value(metric)) for r in (a, b))
    return None if first is None or second is None else second - first


def _surely(row: RowResult, metric: str) -> bool:
    contrast = row.figures[metric].contrast
    return contrast is not None and contrast.p_holm is not None and contrast.p_holm < LEVEL


def _and(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _labels(rows: Sequence[RowResult]) -> str:
    return ", ".join(row.row.label for row in rows)


def _list(rows: Sequence[RowResult], metric: str) -> str:
    return ", ".join(f"{row.row.label} ({_number(row.value(metric))})" for row in rows)


def _is(rows: Sequence[RowResult]) -> str:
    return "is" if len(rows) == 1 else "are"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
